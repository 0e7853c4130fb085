package kit

import (
	"github.com/stormtop/stormtop/internal/safetext"
)

// Align says where a column's text stands.
type Align uint8

// Text stands left, numbers right.
const (
	Left Align = iota
	Right
)

// Column is a column of a [Table].
type Column[R any] struct {
	// Title stands above the column; a column is never narrower than it.
	Title string
	Align Align
	// Min is the width in cells. With Max or Flex the column grows into free
	// room, up to Max, or without bound when Max is 0.
	Min, Max int
	// Flex is the column's share of the free room against other growing
	// columns; 0 counts as 1 when Max is set.
	Flex int
	// Fit keeps a growing column from being wider than its widest cell.
	Fit bool
	// Priority says when the column leaves a narrow screen: 5 goes first, 1 and
	// 0 never. Of equal priorities the highest Yield goes first, then the
	// rightmost.
	Priority, Yield int
	// Gap is added to the space before the column.
	Gap int
	// CutEnd cuts what is too long at its end instead of its middle, as for
	// messages.
	CutEnd bool
	// Hidden leaves the column out until the operator asks for it.
	Hidden bool
	// Cell gives the row's text. It is called for visible rows, for all rows
	// where Fit or a filter without [Table.Text] needs it.
	Cell func(r R) Line
	// Less compares two rows as cmp.Compare does; nil for a column that cannot
	// be sorted. See [ByNumber] and [ByText].
	Less func(a, b R) int
	// Desc sorts the column's largest value first until the order is inverted.
	Desc bool
}

func (c *Column[R]) min() int { return max(c.Min, safetext.Width(c.Title), 1) }

func (c *Column[R]) priority() int { return max(c.Priority, 1) }

func (c *Column[R]) weight() int {
	if c.Flex > 0 {
		return c.Flex
	}
	if c.Max > 0 {
		return 1
	}
	return 0
}

// gutter is the room before the first column: cursor, mark, level, space.
const gutter = 4

// place is a column's place on the screen.
type place struct {
	col    int
	gap, w int
}

// layout chooses and sizes the columns for w cells. Width gives the widest cell
// of a column, for those that want to fit.
func layout[R any](cols []Column[R], w int, wide bool, skip int, width func(col int) int) (places []place, hidden int) {
	show := make([]bool, len(cols))
	for i := range cols {
		show[i] = !cols[i].Hidden
	}
	if wide {
		skipColumns(show, skip)
	} else {
		for needed(cols, show) > w {
			worst := yields(cols, show)
			if worst < 0 {
				break
			}
			show[worst] = false
			hidden++
		}
	}
	places = make([]place, 0, len(cols))
	used, number := gutter, false
	for i := range cols {
		if !show[i] {
			continue
		}
		p := place{col: i, w: cols[i].min(), gap: gap(&cols[i], len(places) == 0, &number)}
		used += p.gap + p.w
		places = append(places, p)
	}
	grow(cols, places, w-used, width)
	if !wide {
		shrink(cols, places, used-w)
	}
	return places, hidden
}

// skipColumns hides the first skip columns after the first one, which stays.
func skipColumns(show []bool, skip int) {
	first := true
	for i := range show {
		switch {
		case !show[i]:
		case first:
			first = false
		case skip > 0:
			show[i] = false
			skip--
		}
	}
}

// gap returns the space before a column: none before the first, one cell
// between columns, two before the first number.
func gap[R any](c *Column[R], first bool, number *bool) int {
	n := 1
	if c.Align == Right && !*number {
		*number = true
		n = 2
	}
	if first {
		n = 0
	}
	return n + c.Gap
}

func needed[R any](cols []Column[R], show []bool) int {
	w, first, number := gutter, true, false
	for i := range cols {
		if show[i] {
			w += gap(&cols[i], first, &number) + cols[i].min()
			first = false
		}
	}
	return w
}

// yields returns the column that leaves next, or -1 when all that are left
// stay.
func yields[R any](cols []Column[R], show []bool) int {
	worst := -1
	for i := range cols {
		if !show[i] || cols[i].priority() == 1 {
			continue
		}
		if worst < 0 {
			worst = i
			continue
		}
		a, b := &cols[i], &cols[worst]
		if a.priority() > b.priority() || a.priority() == b.priority() && a.Yield >= b.Yield {
			worst = i
		}
	}
	return worst
}

// grow shares free cells among the columns that take them.
func grow[R any](cols []Column[R], places []place, free int, width func(col int) int) {
	limit := make([]int, len(places))
	for i := range places {
		c := &cols[places[i].col]
		switch {
		case c.weight() == 0:
			limit[i] = places[i].w
			continue
		case c.Max > 0:
			limit[i] = max(c.Max, places[i].w)
		default:
			limit[i] = places[i].w + max(free, 0)
		}
		if c.Fit {
			limit[i] = min(limit[i], max(width(places[i].col), places[i].w))
		}
	}
	for free > 0 {
		weights := 0
		for i := range places {
			if places[i].w < limit[i] {
				weights += cols[places[i].col].weight()
			}
		}
		if weights == 0 {
			return
		}
		room := free
		for i := range places {
			if places[i].w >= limit[i] || free == 0 {
				continue
			}
			share := max(room*cols[places[i].col].weight()/weights, 1)
			share = min(share, limit[i]-places[i].w, free)
			places[i].w += share
			free -= share
		}
	}
}

// shrink takes missing cells from the widest texts, down to four cells each,
// when even the columns that never leave do not fit.
func shrink[R any](cols []Column[R], places []place, missing int) {
	for missing > 0 {
		widest := -1
		for i := range places {
			if cols[places[i].col].Align == Left && places[i].w > 4 && (widest < 0 || places[i].w > places[widest].w) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		places[widest].w--
		missing--
	}
}
