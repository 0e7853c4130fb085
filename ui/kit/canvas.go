package kit

import (
	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// canvas is a window of cells on a larger drawing. What is put outside it is
// left out.
type canvas struct {
	w, h   int
	x0, y0 int // of the drawing, at the window's corner
	cells  []cell
}

// cell is one cell of a canvas. A wide character's second cell has no text and
// follow set.
type cell struct {
	text   string
	look   look
	follow bool
}

func newCanvas(w, h, x0, y0 int) *canvas {
	return &canvas{w: max(w, 0), h: max(h, 0), x0: x0, y0: y0, cells: make([]cell, max(w, 0)*max(h, 0))}
}

// put draws a line from cell x, y of the drawing on.
func (c *canvas) put(x, y int, l Line) {
	if y -= c.y0; y < 0 || y >= c.h {
		return
	}
	x -= c.x0
	for _, s := range l {
		for text := safetext.Clean(s.Text); text != ""; {
			cluster, w := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
			text = text[len(cluster):]
			c.set(x, y, w, cell{text: cluster, look: look{s.Tok, s.Attr}})
			x += w
		}
	}
}

func (c *canvas) set(x, y, w int, to cell) {
	if x < 0 || x+w > c.w {
		return
	}
	c.cells[y*c.w+x] = to
	if w == 2 {
		c.cells[y*c.w+x+1] = cell{look: to.look, follow: true}
	}
}

// row returns a row of the window.
func (c *canvas) row(y int) Line {
	var l Line
	for x := range c.w {
		at := c.cells[y*c.w+x]
		if at.follow {
			continue
		}
		if at.text == "" {
			at = cell{text: " "}
		}
		if n := len(l); n > 0 && (look{l[n-1].Tok, l[n-1].Attr}) == at.look {
			l[n-1].Text += at.text
			continue
		}
		l = append(l, Span{Text: at.text, Tok: at.look.tok, Attr: at.look.attr})
	}
	return l
}

// rows paints the window.
func (c *canvas) rows(th *theme.Theme) []string {
	rows := make([]string, c.h)
	for y := range rows {
		rows[y] = paint(th, c.row(y), c.w, 0)
	}
	return rows
}
