package termtest

import (
	"fmt"
	"html"
	"image/color"
	"strings"
)

// The picture's measures: cells of a monospaced face at 14 px.
const (
	cellW, cellH, margin = 8.4, 18.0, 12.0
	ground, ink          = "#14171d", "#d7dae0"
)

// SVG draws the screen as a picture of a dark terminal, for documents. Runs of
// one style are one element, stretched to their cells, so that columns stand
// whatever face the reader has.
func (s *Screen) SVG() string {
	var b strings.Builder
	w, h := float64(s.W)*cellW+2*margin, float64(s.H)*cellH+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`+"\n", w, h)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", ground)
	for y := range s.H {
		for x := 0; x < s.W; {
			style, from := s.StyleAt(x, y), x
			var text strings.Builder
			for x < s.W && s.StyleAt(x, y) == style {
				c := &s.cells[y][x]
				if c.Content == "" {
					text.WriteByte(' ')
				} else {
					text.WriteString(c.Content)
				}
				x += max(c.Width, 1)
			}
			s.run(&b, style, text.String(), from, x-from, y)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// run draws one run of cells of one style.
func (*Screen) run(b *strings.Builder, style Style, text string, x, cells, y int) {
	fore, back := hex(style.Fore, ink), hex(style.Back, "")
	if style.Reverse {
		fore, back = ground, hex(style.Fore, ink)
	}
	left, top := margin+float64(x)*cellW, margin+float64(y)*cellH
	if back != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, float64(cells)*cellW, cellH, back)
	}
	trimmed := strings.TrimRight(text, " ")
	if trimmed == "" {
		return
	}
	extra := ""
	if style.Bold {
		extra += ` font-weight="bold"`
	}
	if style.Faint {
		extra += ` opacity="0.6"`
	}
	if style.Underline {
		extra += ` text-decoration="underline"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve"%s>%s</text>`+"\n",
		left, top+cellH-4.5, fore, float64(cells-(len(text)-len(trimmed)))*cellW, extra, html.EscapeString(trimmed))
}

// hex writes a colour for the picture; none for the terminal's own.
func hex(c color.Color, none string) string {
	if c == nil {
		return none
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
