package kit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sahilm/fuzzy"
)

// filter is what the operator typed after /: a text, !text for the rows without
// it, ~text for its letters in order, and the word @warn for rows in trouble
// only. Lower case matches both cases.
type filter struct {
	text     string
	invert   bool
	fuzzy    bool
	troubled bool
	anyCase  bool
}

func parseFilter(s string) filter {
	var f filter
	var words []string
	for word := range strings.FieldsSeq(s) {
		if word == "@warn" {
			f.troubled = true
			continue
		}
		words = append(words, word)
	}
	f.text = s
	if f.troubled {
		f.text = strings.Join(words, " ")
	}
	f.text = strings.TrimSpace(f.text)
	switch {
	case strings.HasPrefix(f.text, "!"):
		f.invert, f.text = true, f.text[1:]
	case strings.HasPrefix(f.text, "~"):
		f.fuzzy, f.text = true, f.text[1:]
	}
	f.anyCase = !strings.ContainsFunc(f.text, unicode.IsUpper)
	if f.anyCase {
		f.text = strings.ToLower(f.text)
	}
	return f
}

// active reports whether the filter can hide anything.
func (f filter) active() bool { return f.text != "" || f.troubled }

// keeps reports whether a row of the level and text stays.
func (f filter) keeps(level Level, text func() string) bool {
	if f.troubled && !level.Troubled() {
		return false
	}
	if f.text == "" {
		return true
	}
	s := text()
	if f.fuzzy {
		return len(fuzzy.FindNoSort(f.text, []string{s})) > 0
	}
	if f.anyCase {
		s = strings.ToLower(s)
	}
	return strings.Contains(s, f.text) != f.invert
}

// mark underlines the filter's hits in l.
func (f filter) mark(l Line) Line {
	if f.text == "" || f.invert || f.fuzzy || len(l) == 0 {
		return l
	}
	return underlineAll(l, f.text, f.anyCase)
}

// underlineAll underlines every occurrence of text, which is in lower case when
// anyCase is set.
func underlineAll(l Line, text string, anyCase bool) Line {
	plain := l.Plain()
	from, cells := 0, 0
	for {
		at, size := find(plain[from:], text, anyCase)
		if at < 0 {
			return l
		}
		start := cells + Line{{Text: plain[from : from+at]}}.Width()
		end := start + Line{{Text: plain[from+at : from+at+size]}}.Width()
		l = l.Underline(start, end)
		from += at + size
		cells = end
	}
}

// find returns where text begins in s and how many bytes of s it takes, or -1.
// Folding case can change the length of a text, so it is compared letter by
// letter.
func find(s, text string, anyCase bool) (at, size int) {
	if !anyCase {
		return strings.Index(s, text), len(text)
	}
	for i := range s {
		if n := prefix(s[i:], text); n > 0 {
			return i, n
		}
	}
	return -1, 0
}

// prefix returns how many bytes of s the lower-case text takes at its
// beginning, or 0 when s begins otherwise.
func prefix(s, text string) int {
	n := 0
	for _, want := range text {
		r, size := utf8.DecodeRuneInString(s[n:])
		if size == 0 || unicode.ToLower(r) != want {
			return 0
		}
		n += size
	}
	return n
}
