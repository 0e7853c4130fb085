package kit

import (
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// arms says which sides of a cell a line leaves on; each holds its weight + 1.
type arms struct {
	left, right, up, down Weight
	net                   int
	tok                   theme.Token
}

// vertical and horizontal report whether the line goes straight through.
func (a arms) vertical() bool   { return a.up > 0 && a.down > 0 && a.left == 0 && a.right == 0 }
func (a arms) horizontal() bool { return a.left > 0 && a.right > 0 && a.up == 0 && a.down == 0 }

// join adds the arms of another line. Two lines of different nets that go
// straight through cross: the vertical one stays whole, the other goes under.
func (a arms) join(b arms) arms {
	if a.net != b.net {
		switch {
		case a.vertical() && b.horizontal():
			return a
		case a.horizontal() && b.vertical():
			return b
		}
	}
	return arms{
		left: max(a.left, b.left), right: max(a.right, b.right), up: max(a.up, b.up), down: max(a.down, b.down),
		net: b.net, tok: max(a.tok, b.tok),
	}
}

// glyph returns the character of the arms. Where light and heavy ones meet it
// is heavy.
func (a arms) glyph(g *theme.Glyphs) string {
	heavy := max(a.left, a.right, a.up, a.down) == WeightMuch+1
	pick := func(light, bold string) string {
		if heavy {
			return bold
		}
		return light
	}
	switch l, r, u, d := a.left > 0, a.right > 0, a.up > 0, a.down > 0; {
	case l && r && u && d:
		return pick(g.Cross, g.BoldCross)
	case l && r && d:
		return pick(g.TeeT, g.BoldTeeT)
	case l && r && u:
		return pick(g.TeeB, g.BoldTeeB)
	case u && d && r:
		return pick(g.TeeL, g.BoldTeeL)
	case u && d && l:
		return pick(g.TeeR, g.BoldTeeR)
	case d && r:
		return pick(g.TopL, g.BoldTopL)
	case d && l:
		return pick(g.TopR, g.BoldTopR)
	case u && r:
		return pick(g.BotL, g.BoldBotL)
	case u && l:
		return pick(g.BotR, g.BoldBotR)
	case u || d:
		return pick(g.V, g.BoldV)
	case max(a.left, a.right) == WeightNone+1:
		return g.Dashed
	default:
		return pick(g.H, g.BoldH)
	}
}

// drawWires draws the edges of a plan. On the path gives the token of an edge.
func drawWires(c *canvas, g *theme.Glyphs, wires []wire, token func(w wire) theme.Token) {
	grid := map[[2]int]arms{}
	add := func(x, y int, a arms) {
		if x < c.x0 || y < c.y0 || x >= c.x0+c.w || y >= c.y0+c.h {
			return
		}
		at := [2]int{x, y}
		if was, ok := grid[at]; ok {
			a = was.join(a)
		}
		grid[at] = a
	}
	for _, w := range wires {
		weight, tok := w.weight+1, token(w)
		for i := range w.n {
			a := arms{net: w.net, tok: tok}
			if w.down {
				if i > 0 {
					a.up = weight
				}
				if i < w.n-1 {
					a.down = weight
				}
				add(w.x, w.y+i, a)
				continue
			}
			if i > 0 || !w.bentLeft {
				a.left = weight
			}
			if i < w.n-1 || !w.bentRight {
				a.right = weight
			}
			add(w.x+i, w.y, a)
		}
	}
	for at, a := range grid {
		c.put(at[0], at[1], S(a.tok, a.glyph(g)))
	}
	for _, w := range wires {
		tok := token(w)
		if w.label != "" {
			c.put(w.x+w.labelAt, w.y, S(tok, safetext.Take(w.label, 1)))
		}
		if w.arrow {
			c.put(w.x+w.n-1, w.y, S(tok, g.Cursor))
		}
	}
}

// drawBox draws a node's box.
func drawBox(c *canvas, g *theme.Glyphs, box GraphBox, n GraphNode, loops []string, selected, onPath bool) {
	if box.Y >= c.y0+c.h || box.Y+box.H <= c.y0 {
		return
	}
	inner := box.W - 2
	edge := theme.Rule
	if selected || onPath {
		edge = theme.Accent
	}
	attr := Attr(0)
	head := Line{{Text: g.TopL, Tok: edge}}
	room := inner
	if selected {
		head = head.Add(theme.Accent, g.Cursor)
		attr = Bold
		room--
	}
	if n.Level != LevelNone {
		room--
	}
	title := safetext.Cut(n.Title, room)
	head = append(head, Span{Text: title, Attr: attr}).Add(edge, strings.Repeat(g.H, max(room-safetext.Width(title), 0)))
	if n.Level != LevelNone {
		head = append(head, n.Level.Span(*g))
	}
	c.put(box.X, box.Y, head.Add(edge, g.TopR))
	for i, l := range n.Lines {
		row := Line{{Text: g.V, Tok: edge}}
		row = put(row, l, inner, Left, true)
		c.put(box.X, box.Y+1+i, row.Add(edge, g.V))
	}
	foot := strings.Repeat(g.H, inner)
	if len(loops) > 0 {
		foot = safetext.Cut(g.Cycle+" "+strings.Join(loops, " "), inner)
		foot += strings.Repeat(g.H, inner-safetext.Width(foot))
	}
	c.put(box.X, box.Y+box.H-1, S(edge, g.BotL+foot+g.BotR))
}
