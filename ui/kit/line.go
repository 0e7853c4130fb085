package kit

import (
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Attr is how a span differs from the rest of its row besides its token.
type Attr uint8

// The attributes; they may be combined.
const (
	Bold    Attr = 1 << iota
	Under        // underlined
	Reverse      // as the letter under a text cursor
)

// Span is a piece of text with one meaning. Its text may be remote.
type Span struct {
	Text string
	Tok  theme.Token
	Attr Attr
}

// Line is styled text on one line: a cell of a table as well as a whole row.
// The zero value is empty.
type Line []Span

// T returns plain text.
func T(text string) Line { return Line{{Text: text}} }

// S returns text with a meaning.
func S(tok theme.Token, text string) Line { return Line{{Text: text, Tok: tok}} }

// Cat returns the lines one after the other, on one line.
func Cat(lines ...Line) Line {
	n := 0
	for _, l := range lines {
		n += len(l)
	}
	all := make(Line, 0, n)
	for _, l := range lines {
		all = append(all, l...)
	}
	return all
}

// Add returns l with text of a meaning after it.
func (l Line) Add(tok theme.Token, text string) Line { return append(l, Span{Text: text, Tok: tok}) }

// Text returns l with plain text after it.
func (l Line) Text(text string) Line { return append(l, Span{Text: text}) }

// Then returns l with another line after it.
func (l Line) Then(next Line) Line { return append(l, next...) }

// Bold returns a copy of l in bold.
func (l Line) Bold() Line {
	bold := make(Line, len(l))
	for i, s := range l {
		s.Attr |= Bold
		bold[i] = s
	}
	return bold
}

// As returns a copy of l with every span's meaning replaced.
func (l Line) As(tok theme.Token) Line {
	as := make(Line, len(l))
	for i, s := range l {
		s.Tok = tok
		as[i] = s
	}
	return as
}

// To returns l followed by spaces up to the given column, at least one, as for
// a label before its value.
func (l Line) To(column int) Line {
	return l.Text(safetext.Spaces(max(column-l.Width(), 1)))
}

// Apart returns left and right at the two ends of w cells. When both do not
// fit, left is cut first.
func Apart(left, right Line, w int) Line {
	r := right.Width()
	if r >= w {
		return right
	}
	room := w - r
	if left.Width() >= room {
		left = left.Cut(room-1, false)
	}
	return Cat(left, T(safetext.Spaces(room-left.Width())), right)
}

// Width returns how many cells l takes.
func (l Line) Width() int {
	w := 0
	for i := range l {
		w += safetext.Width(l[i].Text)
	}
	return w
}

// Plain returns l's text without its meanings, made safe.
func (l Line) Plain() string {
	if len(l) == 1 {
		return safetext.Clean(l[0].Text)
	}
	var b strings.Builder
	for i := range l {
		b.WriteString(safetext.Clean(l[i].Text))
	}
	return b.String()
}

// Cut returns l in at most w cells. Of a longer line the end is lost, or, with
// middle and one span, its middle.
func (l Line) Cut(w int, middle bool) Line {
	if l.Width() <= w {
		return l
	}
	if w < 1 {
		return nil
	}
	if middle && len(l) == 1 {
		s := l[0]
		s.Text = safetext.Cut(s.Text, w)
		return Line{s}
	}
	cut := make(Line, 0, len(l))
	for _, s := range l {
		text, sw := safetext.Measure(s.Text)
		// One cell stays free for the mark of the cut, which the last span gets.
		if sw < w {
			s.Text = text
			cut = append(cut, s)
			w -= sw
			continue
		}
		s.Text = safetext.CutEnd(text+" ", w)
		return append(cut, s)
	}
	return cut
}

// Drop returns l without its first cells cells.
func (l Line) Drop(cells int) Line {
	for len(l) > 0 && cells > 0 {
		w := safetext.Width(l[0].Text)
		if w > cells {
			s := l[0]
			s.Text = safetext.Drop(s.Text, cells)
			return append(Line{s}, l[1:]...)
		}
		cells -= w
		l = l[1:]
	}
	return l
}

// Underline returns l with the cells from..to underlined and marked as a match.
func (l Line) Underline(from, to int) Line {
	marked := make(Line, 0, len(l)+2)
	at := 0
	for _, s := range l {
		text, w := safetext.Measure(s.Text)
		a, b := max(from-at, 0), min(to-at, w)
		at += w
		if a >= b {
			marked = append(marked, s)
			continue
		}
		head := safetext.Take(text, a)
		rest := text[len(head):]
		hit := safetext.Take(rest, b-a)
		for i, part := range []string{head, hit, rest[len(hit):]} {
			if part == "" {
				continue
			}
			piece := s
			piece.Text = part
			if i == 1 {
				piece.Attr |= Under
				if piece.Tok == theme.Text {
					piece.Tok = theme.Match
				}
			}
			marked = append(marked, piece)
		}
	}
	return marked
}

// Take returns the first cells cells of l, without a mark of the cut.
func (l Line) Take(cells int) Line {
	taken := make(Line, 0, len(l))
	for _, s := range l {
		if cells <= 0 {
			break
		}
		text, w := safetext.Measure(s.Text)
		if w > cells {
			text = safetext.Take(text, cells)
		}
		s.Text = text
		taken = append(taken, s)
		cells -= w
	}
	return taken
}
