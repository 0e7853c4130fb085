// Package kit holds the widgets of the console. They know terminals, not
// Storm.
//
// Start with [Line], the styled text that everything is made of, and [Paint],
// which says where and how to draw. Then [Table] and [Sections], which most
// screens are made of; [Tree], [Viewer], [Graph], [Dialog], [Prompt] and [Menu]
// are the others. [Rule], [Spark], [Gauge] and [Heat] make lines.
//
// # Guarantees
//
//   - Every Draw returns exactly p.H rows of exactly p.W cells, for any size
//     from nothing upwards, each row complete in itself: it begins and ends
//     without a style and holds no control sequence but styles.
//   - Text from anywhere may be put into a Line: it passes safetext when it is
//     painted, and is folded to ASCII for a terminal that shows nothing else.
//   - Drawing costs what is visible, not what is held.
//   - Cursor, marks and open nodes follow the identity of a row, never its
//     position.
//   - Widgets are used from one goroutine, start none, and take the time from
//     their arguments.
package kit

import (
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Paint says where, when and how a widget draws itself.
type Paint struct {
	Theme *theme.Theme
	W, H  int
	// Now is the time that ages ("gone 12s") are counted to.
	Now time.Time
	// Stale draws values dim, for data that is older than it should be.
	Stale bool
	// Blur draws the cursor row without its background, for a pane that does
	// not have the keyboard.
	Blur bool
}

// Sized returns p for an area of another size.
func (p Paint) Sized(w, h int) Paint {
	p.W, p.H = w, h
	return p
}

// Glyphs returns the drawing characters of p's theme.
func (p Paint) Glyphs() theme.Glyphs { return p.Theme.Glyphs }

// Row paints l in exactly p.W cells.
func (p Paint) Row(l Line) string { return paint(p.Theme, l, p.W, 0) }

// RowStyle is how a whole row looks.
type RowStyle uint8

// The styles of a row; they may be combined.
const (
	RowCursor RowStyle = 1 << iota // under the cursor
	RowBold                        // changed since the last poll
	RowDim                         // old or gone
	RowHeader                      // the header bar
	RowProd                        // the header bar of a production cluster
)

// Styled paints l in exactly p.W cells as a row of the style.
func (p Paint) Styled(l Line, style RowStyle) string { return paint(p.Theme, l, p.W, style) }

// Rows paints the lines in exactly p.H rows: what does not fit is left out,
// what is missing is blank.
func (p Paint) Rows(lines ...Line) []string {
	rows := make([]string, 0, max(p.H, 0))
	for _, l := range lines {
		if len(rows) == p.H {
			break
		}
		rows = append(rows, p.Row(l))
	}
	return p.Fill(rows)
}

// Fill cuts or extends rows that are already painted, each p.W cells wide, to
// exactly p.H.
func (p Paint) Fill(rows []string) []string {
	h := max(p.H, 0)
	if len(rows) > h {
		return rows[:h]
	}
	for len(rows) < h {
		rows = append(rows, safetext.Spaces(p.W))
	}
	return rows
}

// Stack puts groups of painted rows below each other, in exactly p.H rows.
func (p Paint) Stack(groups ...[]string) []string {
	rows := make([]string, 0, max(p.H, 0))
	for _, g := range groups {
		rows = append(rows, g...)
	}
	return p.Fill(rows)
}

// Beside puts two groups of painted rows beside each other, with a vertical
// rule between them. The groups have as many rows as p.H; their widths and one
// cell for the rule make p.W.
func (p Paint) Beside(left, right []string) []string {
	bar := paint(p.Theme, S(theme.Rule, p.Theme.Glyphs.V), 1, 0)
	rows := make([]string, 0, max(p.H, 0))
	for i := range min(len(left), len(right)) {
		rows = append(rows, left[i]+bar+right[i])
	}
	return p.Fill(rows)
}

// Join makes one string of painted rows, as a View wants it.
func Join(rows []string) string { return strings.Join(rows, "\n") }
