package ui

import (
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// clean makes remote text harmless where it leaves the widgets, as in the
// window title and in notices.
func clean(s string) string { return safetext.Clean(s) }

// seg is a piece of a row. Pieces of the highest rank leave first when the row
// is too narrow; rank 0 stays and is cut.
type seg struct {
	text string
	tok  theme.Token
	rank int
}

// row draws one line of exactly w cells: pieces on the left, pieces on the
// right.
func row(th *theme.Theme, w int, style kit.RowStyle, left, right []seg) string {
	left, right = squeeze(w, left, right)
	return kit.Paint{Theme: th, W: w, H: 1}.Styled(kit.Apart(line(left), line(right), w), style)
}

func line(list []seg) kit.Line {
	l := make(kit.Line, 0, len(list))
	for _, s := range list {
		l = l.Add(s.tok, s.text)
	}
	return l
}

// squeeze drops the pieces of the highest rank, one rank at a time, until the
// row fits or only rank 0 is left.
func squeeze(w int, left, right []seg) (l, r []seg) {
	top := 0
	for _, list := range [][]seg{left, right} {
		for _, s := range list {
			top = max(top, s.rank)
		}
	}
	l, r = left, right
	for ; top > 0 && line(l).Width()+line(r).Width() > w; top-- {
		l, r = without(l, top), without(r, top)
	}
	return l, r
}

func without(list []seg, rank int) []seg {
	var kept []seg
	for _, s := range list {
		if s.rank != rank {
			kept = append(kept, s)
		}
	}
	return kept
}
