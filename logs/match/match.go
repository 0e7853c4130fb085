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
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
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
	plan *plan
	// each are matchers of the single patterns, where there are several.
	each     []*Matcher
	scanners sync.Pool
}

// Compile reads the patterns. The error is an *[Error]. Without a pattern
// nothing matches.
func Compile(patterns []string, o Options) (*Matcher, error) {
	m := &Matcher{}
	all := &syntax.Regexp{Op: syntax.OpAlternate}
	var std []*regexp.Regexp
	for i, p := range patterns {
		text := p
		if o.Literal {
			text = regexp.QuoteMeta(p)
		}
		plain, flags := text, syntax.Perl
		if o.IgnoreCase {
			flags |= syntax.FoldCase
			text = "(?i)" + text
		}
		tree, err := syntax.Parse(plain, flags)
		if err != nil {
			return nil, locate(i, p, err)
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, locate(i, p, err)
		}
		if len(patterns) > 1 {
			one, err := newPlan(tree, re)
			if err != nil {
				return nil, locate(i, p, err)
			}
			m.each = append(m.each, &Matcher{plan: one})
		}
		all.Sub, std = append(all.Sub, tree), append(std, re)
	}
	switch len(all.Sub) {
	case 0:
		all = &syntax.Regexp{Op: syntax.OpNoMatch}
	case 1:
		all = all.Sub[0]
	}
	plan, err := newPlan(all, std...)
	if err != nil {
		return nil, &Error{Column: 1, Reason: err.Error()}
	}
	m.plan = plan
	return m, nil
}

// with lends a scanner to fn.
func (m *Matcher) with(fn func(*scanner)) {
	s, _ := m.scanners.Get().(*scanner)
	if s == nil {
		s = newScanner(m.plan)
	}
	fn(s)
	m.scanners.Put(s)
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
	default:
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

// Match reports whether one of the lines of text matches. An empty text is one
// empty line, and so is what stands behind a last line feed.
func (m *Matcher) Match(text []byte) bool {
	if m.plan.empty && (len(text) == 0 || text[len(text)-1] == '\n') {
		return true
	}
	found := false
	m.with(func(s *scanner) {
		s.scan(text, func(int, int) bool { found = true; return false })
	})
	return found
}

// Index gives the places of all matches in the line as [from, to), in order,
// overlapping ones joined and empty ones left out.
func (m *Matcher) Index(line []byte) [][2]int {
	var all [][2]int
	for _, re := range m.plan.std {
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
// order, until fn returns false. The chunk begins with the beginning of a line;
// its last line needs no line feed.
func (m *Matcher) Scan(chunk []byte, fn func(line []byte, offset int) bool) {
	m.with(func(s *scanner) {
		s.scan(chunk, func(from, end int) bool { return fn(trim(chunk[from:end]), from) })
	})
}

// trim leaves out the carriage return at the end of a line.
func trim(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[: n-1 : n-1]
	}
	return line
}

// Count is the number of matching lines of the chunk.
func (m *Matcher) Count(chunk []byte) int64 {
	var n int64
	m.with(func(s *scanner) { n = s.count(chunk) })
	return n
}

// CountEach adds to counts, for each pattern, how many lines of the chunk match
// it. It goes over the chunk once, a piece at a time.
func (m *Matcher) CountEach(chunk []byte, counts []int64) {
	for len(chunk) > 0 {
		end := len(chunk)
		if end > pieceSize {
			end = min(lineEnd(chunk, pieceSize)+1, end)
		}
		if len(m.each) == 0 && len(counts) > 0 {
			counts[0] += m.Count(chunk[:end])
		}
		for i, one := range m.each {
			counts[i] += one.Count(chunk[:end])
		}
		chunk = chunk[end:]
	}
}

// Literals are texts of which every matching line contains at least one; none
// when the patterns demand no text. With fold set letters of either case, ASCII
// letters only, stand for each other. They hold no line feed, so they can be
// given to grep -F.
func (m *Matcher) Literals() (texts []string, fold bool) {
	for _, way := range m.plan.ways {
		best := ""
		folds := false
		for i := range way {
			if text, f := way[i].text(); len(text) > len(best) {
				best, folds = text, f
			}
		}
		if best == "" {
			return nil, false
		}
		texts, fold = append(texts, best), fold || folds
	}
	return texts, fold
}

// text is the longest text in a needle. With fold set the letters of it are in
// lower case and either case occurs.
func (n *needle) text() (text string, fold bool) {
	var run []byte
	runFolds := false
	end := func() {
		if len(run) > len(text) && utf8.Valid(run) {
			text, fold = string(run), runFolds
		}
		run, runFolds = run[:0], false
	}
	t := newTarget(n)
	for i := range n.sets {
		if !t.single(i) {
			end()
			continue
		}
		run = append(run, t.text[i])
		runFolds = runFolds || t.fold != nil && t.fold[i] != 0
	}
	end()
	return text, fold
}
