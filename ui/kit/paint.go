package kit

import (
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// look is what the terminal is switched to.
type look struct {
	tok  theme.Token
	attr Attr
}

// painter writes one row. Styles are changed only where they differ, and each
// change starts from none, so that no terminal needs to know how to end one.
type painter struct {
	b    strings.Builder
	th   *theme.Theme
	base string // style of the whole row
	dim  bool
	now  look
}

// paint returns l in exactly w cells.
func paint(th *theme.Theme, l Line, w int, style RowStyle) string {
	if w <= 0 {
		return ""
	}
	p := painter{th: th, dim: style&RowDim != 0}
	switch {
	case style&RowCursor != 0:
		p.base = th.Cursor()
	case style&RowProd != 0:
		p.base = th.On(theme.Prod)
	case style&RowHeader != 0:
		p.base = th.On(theme.Header)
	}
	if style&RowBold != 0 {
		p.base += "\x1b[1m"
	}
	p.b.Grow(w + 16*len(l) + 16)
	p.b.WriteString(p.base)
	left := w
	for i := range l {
		if left == 0 {
			break
		}
		text, n := p.text(l[i].Text)
		more := tail(l[i+1:])
		if n > left && !more {
			text = strings.TrimRight(text, " ")
			n = safetext.Width(text)
		}
		if n > left || n == left && more {
			// CutEnd cuts only what is too long, so the text is made so.
			text = safetext.CutEnd(text+safetext.Spaces(left+1-n), left)
			if !th.Unicode {
				text = theme.Fold(text)
			}
			n = safetext.Width(text)
		}
		if n == 0 {
			continue
		}
		p.set(look{l[i].Tok, l[i].Attr})
		p.b.WriteString(text)
		left -= n
	}
	if left > 0 {
		p.set(look{})
		p.b.WriteString(safetext.Spaces(left))
	}
	if p.base != "" || p.now != (look{}) {
		p.b.WriteString(theme.Off)
	}
	return p.b.String()
}

// tail reports whether something visible is left to paint.
func tail(l Line) bool {
	for i := range l {
		if strings.TrimRight(l[i].Text, " ") != "" {
			return true
		}
	}
	return false
}

// text returns what the terminal may be sent for s, and its width.
func (p *painter) text(s string) (string, int) {
	if p.th.Unicode {
		return safetext.Measure(s)
	}
	return safetext.Measure(safetext.ASCII(theme.Fold(safetext.Clean(s))))
}

func (p *painter) set(want look) {
	if p.dim {
		want.tok = theme.Dim
	}
	if want == p.now {
		return
	}
	if p.now != (look{}) {
		p.b.WriteString(theme.Off)
		p.b.WriteString(p.base)
	}
	p.b.WriteString(p.th.On(want.tok))
	if want.attr&Bold != 0 {
		p.b.WriteString("\x1b[1m")
	}
	if want.attr&Under != 0 {
		p.b.WriteString("\x1b[4m")
	}
	if want.attr&Reverse != 0 {
		p.b.WriteString("\x1b[7m")
	}
	p.now = want
}
