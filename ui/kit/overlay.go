package kit

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Overlay lays the painted rows of box over those of base, its corner at x, y.
// What would lie outside base is left out. Base keeps its number of rows, and
// each row its width and its styles.
func Overlay(base, box []string, x, y int) []string {
	out := append([]string(nil), base...)
	for i, row := range box {
		at := y + i
		if at < 0 || at >= len(out) {
			continue
		}
		out[at] = over(out[at], row, x)
	}
	return out
}

// over lays top over row from cell x on.
func over(row, top string, x int) string {
	w, tw := ansi.StringWidth(row), ansi.StringWidth(top)
	if x < 0 {
		top = cells(top, -x, tw)
		tw, x = max(tw+x, 0), 0
	}
	if x+tw > w {
		tw = max(w-x, 0)
		top = cells(top, 0, tw)
	}
	if tw == 0 {
		return row
	}
	var b strings.Builder
	for _, part := range []string{cells(row, 0, x), top, cells(row, x+tw, w)} {
		b.WriteString(part)
		b.WriteString(theme.Off)
	}
	return b.String()
}

// cells returns the cells from..to of a painted row. Half of a wide character
// becomes a space.
func cells(row string, from, to int) string {
	if from >= to {
		return ""
	}
	cut := ansi.Cut(row, from, to)
	if ansi.StringWidth(cut) > to-from {
		// Its first character begins a cell earlier.
		cut = " " + ansi.Cut(row, from+1, to)
	}
	return cut + safetext.Spaces(to-from-ansi.StringWidth(cut))
}

// Center lays box over the middle of base.
func Center(base, box []string) []string {
	if len(base) == 0 || len(box) == 0 {
		return base
	}
	w, bw := ansi.StringWidth(base[0]), ansi.StringWidth(box[0])
	return Overlay(base, box, max((w-bw)/2, 0), max((len(base)-len(box))/2, 0))
}

// Box returns a box of exactly w cells with a title in its top edge and the
// parts below each other, with rules between them. It is as high as its
// lines and at most p.H rows, of which the last part keeps its own.
func Box(p Paint, title Line, w int, parts ...[]Line) []string {
	g := p.Theme.Glyphs
	w = max(min(w, p.W), 0)
	inner := p.Sized(max(w-2, 0), 1)
	edge := func(l, r string, title Line) string {
		line := Line{{Text: l, Tok: theme.Rule}}
		line = append(line, RuleLine(inner, title, nil)...).Add(theme.Rule, r)
		return p.Sized(w, 1).Row(line)
	}
	side := paint(p.Theme, S(theme.Rule, g.V), min(w, 1), 0)
	rows := []string{edge(g.TopL, g.TopR, title)}
	for i, lines := range fitParts(parts, p.H) {
		if i > 0 {
			rows = append(rows, edge(g.TeeL, g.TeeR, nil))
		}
		for _, l := range lines {
			row := side + inner.Row(l)
			if w > 1 {
				row += side
			}
			rows = append(rows, row)
		}
	}
	rows = append(rows, edge(g.BotL, g.BotR, nil))
	if p.H < len(rows) {
		return rows[:max(p.H, 0)]
	}
	return rows
}

// fitParts shortens the parts from the first one on until the box fits h rows.
func fitParts(parts [][]Line, h int) [][]Line {
	need := len(parts) + 1
	for _, lines := range parts {
		need += len(lines)
	}
	fit := append([][]Line(nil), parts...)
	for i := range fit {
		if over := need - h; over > 0 {
			drop := min(over, len(fit[i]))
			fit[i] = fit[i][:len(fit[i])-drop]
			need -= drop
		}
	}
	return fit
}

// Indented returns the lines with n spaces before each.
func Indented(n int, lines ...Line) []Line {
	in := make([]Line, len(lines))
	for i, l := range lines {
		in[i] = Cat(Line{pad(n)}, l)
	}
	return in
}
