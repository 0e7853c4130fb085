package kit

import (
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Rule returns a titled rule of p.W cells: ─ bolts (8) ─── S shows 2 more ─.
// Without a right part the rule runs to the edge; the right part is left out
// where it does not fit.
func Rule(p Paint, title, right string) string { return p.Row(RuleLine(p, T(title), T(right))) }

// RuleLine is Rule as a line, for titles of several meanings.
func RuleLine(p Paint, title, right Line) Line {
	g := p.Theme.Glyphs
	if title.Width() == 0 {
		return S(theme.Rule, strings.Repeat(g.H, max(p.W, 0)))
	}
	l := Line{{Text: g.H + " ", Tok: theme.Rule}}
	l = append(l, title.Cut(p.W-4, false)...).Add(theme.Rule, " ")
	room := p.W - l.Width()
	if w := right.Width(); w > 0 && room >= w+4 {
		l = l.Add(theme.Rule, strings.Repeat(g.H, room-w-3)+" ").Then(dimmed(right))
		return l.Add(theme.Rule, " "+g.H)
	}
	return l.Add(theme.Rule, strings.Repeat(g.H, max(room, 0)))
}

// dimmed returns l with its plain parts dim.
func dimmed(l Line) Line {
	d := make(Line, len(l))
	for i, s := range l {
		if s.Tok == theme.Text {
			s.Tok = theme.Dim
		}
		d[i] = s
	}
	return d
}

// pad returns spaces; it keeps the callers short.
func pad(n int) Span { return Span{Text: safetext.Spaces(n)} }
