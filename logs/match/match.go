// Package match finds the lines of logs that match patterns, fast.
//
// Start with [Compile]. Patterns are those of package regexp (RE2 syntax) and
// are matched against single lines: the bytes up to a line feed, without it and
// without one carriage return before it. A line is selected when any of the
// patterns matches in it; which lines are selected is the same as package
// regexp would decide, invalid UTF-8 included.
//
// A [Matcher] is never changed after Compile and may be used by several
// goroutines.
package match

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Options say how patterns are read.
type Options struct {
	// IgnoreCase matches letters of either case, as (?i) does.
	IgnoreCase bool
	// Literal takes the patterns as plain text.
	Literal bool
}

// An Error says which pattern cannot be read, and where.
type Error struct {
	// Pattern is the index of the pattern.
	Pattern int
	// Column is that of the first character at fault, counted from 1.
	Column int
	// Reason is what is wrong, such as "missing closing )".
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s at column %d", e.Reason, e.Column)
}

// A Matcher finds the lines that match any of its patterns.
type Matcher struct {
	patterns []*regexp.Regexp
}

// Compile reads the patterns. The error is an *[Error]. Without a pattern
// nothing matches.
func Compile(patterns []string, o Options) (*Matcher, error) {
	m := &Matcher{}
	for i, p := range patterns {
		text := p
		if o.Literal {
			text = regexp.QuoteMeta(p)
		}
		if o.IgnoreCase {
			text = "(?i:" + text + ")"
		}
		if !o.Literal {
			// Read alone first, so that a stray bracket is no part of ours.
			if _, err := syntax.Parse(p, syntax.Perl); err != nil {
				return nil, locate(i, p, err)
			}
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, locate(i, p, err)
		}
		m.patterns = append(m.patterns, re)
	}
	return m, nil
}

// locate turns the parser's error into one that names the column.
func locate(i int, pattern string, err error) error {
	e := &Error{Pattern: i, Column: 1, Reason: err.Error()}
	var se *syntax.Error
	if !errors.As(err, &se) {
		return e
	}
	e.Reason = string(se.Code)
	at := strings.Index(pattern, se.Expr)
	switch se.Code {
	case syntax.ErrMissingParen:
		at = len(pattern)
	case syntax.ErrUnexpectedParen:
		at = strings.LastIndexByte(pattern, ')')
	case syntax.ErrTrailingBackslash:
		at = len(pattern) - 1
	}
	e.Column = len([]rune(pattern[:max(at, 0)])) + 1
	return e
}

// Smart reports whether a pattern without an upper case letter should match
// either case. Letters after a backslash, as in \S or \B, do not count.
func Smart(pattern string) bool {
	escaped := false
	for _, r := range pattern {
		if !escaped && unicode.IsUpper(r) {
			return false
		}
		escaped = !escaped && r == '\\'
	}
	return true
}

// Match reports whether the line matches.
func (m *Matcher) Match(line []byte) bool {
	return slices.ContainsFunc(m.patterns, func(re *regexp.Regexp) bool { return re.Match(line) })
}

// Index gives the places of all matches in the line as [from, to), in order,
// overlapping ones joined and empty ones left out.
func (m *Matcher) Index(line []byte) [][2]int {
	var all [][2]int
	for _, re := range m.patterns {
		for _, at := range re.FindAllIndex(line, -1) {
			if at[0] < at[1] {
				all = append(all, [2]int{at[0], at[1]})
			}
		}
	}
	slices.SortFunc(all, func(a, b [2]int) int { return a[0] - b[0] })
	joined := all[:0]
	for _, at := range all {
		if n := len(joined); n > 0 && at[0] <= joined[n-1][1] {
			joined[n-1][1] = max(joined[n-1][1], at[1])
			continue
		}
		joined = append(joined, at)
	}
	return joined
}

// Scan calls fn with each matching line of the chunk and its offset there, in
// order, until fn returns false. The last line needs no line feed.
func (m *Matcher) Scan(chunk []byte, fn func(line []byte, offset int) bool) {
	for at := 0; at < len(chunk); {
		end := bytes.IndexByte(chunk[at:], '\n')
		if end < 0 {
			end = len(chunk) - at
		}
		line := bytes.TrimSuffix(chunk[at:at+end], []byte("\r"))
		if m.Match(line) && !fn(line, at) {
			return
		}
		at += end + 1
	}
}

// Count is the number of matching lines of the chunk.
func (m *Matcher) Count(chunk []byte) int64 {
	var n int64
	m.Scan(chunk, func([]byte, int) bool { n++; return true })
	return n
}

// Any reports whether one of the lines of text matches.
func (m *Matcher) Any(text []byte) bool {
	found := false
	m.Scan(text, func([]byte, int) bool { found = true; return false })
	return found
}

// CountFile is the number of matching lines of a file, read on up to cores
// cores at a time, all of them when cores is 0.
func (m *Matcher) CountFile(path string, _ int) (int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("counting the lines of a file: %w", err)
	}
	return m.Count(b), nil
}

// ScanFile calls fn with each matching line of a file and its offset, in order,
// until fn returns false. A line is only valid during the call.
func (m *Matcher) ScanFile(path string, _ int, fn func(line []byte, offset int64) bool) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("searching a file: %w", err)
	}
	m.Scan(b, func(line []byte, at int) bool { return fn(line, int64(at)) })
	return nil
}

// Literals are texts of which every matching line contains at least one; none
// when the patterns demand no text. With fold set letters of either case, ASCII
// letters only, stand for each other. They are no longer than a line and hold
// no line feed, so they can be given to grep -F.
func (m *Matcher) Literals() (texts []string, fold bool) { return nil, false }
