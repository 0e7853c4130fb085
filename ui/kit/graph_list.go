package kit

import (
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// drawList draws one row for each node and one for each edge below it.
func (g *Graph) drawList(p Paint, at int) []string {
	from, to, total := 0, 0, 0
	for i, b := range g.plan.Boxes {
		if i == at {
			from = total
		}
		total += 1 + len(g.plan.Out[b.ID]) + len(g.plan.Loops[b.ID])
		if i == at {
			to = total
		}
	}
	g.top = scroll(g.top, p.H, total, from, min(to, from+p.H))
	name := 8
	for _, n := range g.shown {
		name = max(name, min(safetext.Width(n.Title), 24, p.W/3))
	}
	rows := make([]string, 0, p.H)
	line := 0
	for i, b := range g.plan.Boxes {
		edges := 1 + len(g.plan.Out[b.ID]) + len(g.plan.Loops[b.ID])
		if line+edges <= g.top {
			line += edges
			continue
		}
		style := RowStyle(0)
		if i == at && !p.Blur {
			style = RowCursor
		}
		for k, l := range g.listed(p, b, i == at, name) {
			if line >= g.top && len(rows) < p.H {
				rows = append(rows, p.Styled(l, style))
			}
			line++
			if k == 0 {
				style = 0
			}
		}
		if len(rows) == p.H {
			break
		}
	}
	return p.Fill(rows)
}

// listed returns the lines of a node in the list.
func (g *Graph) listed(p Paint, b GraphBox, selected bool, name int) []Line {
	n, glyphs := g.shown[b.Node], p.Theme.Glyphs
	cursor := pad(1)
	if selected {
		cursor = Span{Text: glyphs.Cursor, Tok: theme.Accent}
	}
	head := Line{cursor, pad(1), n.Level.Span(glyphs), pad(1)}
	head = put(head, T(n.Title), name, Left, true)
	for _, l := range n.Lines {
		head = append(head, pad(2)).Then(l)
	}
	lines := []Line{head}
	out, loops := g.plan.Out[b.ID], g.names(g.plan.Loops[b.ID])
	for i, e := range out {
		branch := glyphs.TeeL
		if i == len(out)-1 && len(loops) == 0 {
			branch = glyphs.BotL
		}
		tok := theme.Rule
		if g.path[[2]string{e.From, e.To}] {
			tok = theme.Accent
		}
		lines = append(lines, Line{pad(gutter + 1)}.Add(tok, branch+edgeLabel(e, &glyphs)+glyphs.Cursor+" ").
			Add(theme.Dim, g.names([]string{e.To})[0]))
	}
	for i, to := range loops {
		branch := glyphs.TeeL
		if i == len(loops)-1 {
			branch = glyphs.BotL
		}
		lines = append(lines, Line{pad(gutter + 1)}.Add(theme.Rule, branch+glyphs.Cycle+" ").Add(theme.Dim, to))
	}
	return lines
}

// edgeLabel is an edge's letter, or a line in its weight.
func edgeLabel(e GraphEdge, g *theme.Glyphs) string {
	switch {
	case e.Label != "":
		return safetext.Take(e.Label, 1)
	case e.Weight == WeightNone:
		return g.Dashed
	case e.Weight == WeightMuch:
		return g.BoldH
	default:
		return g.H
	}
}
