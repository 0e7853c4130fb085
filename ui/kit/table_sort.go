package kit

import (
	"slices"
	"strings"

	"github.com/stormtop/stormtop/ui/theme"
)

// Order is an order that is no column's.
type Order[R any] struct {
	Name string
	Less func(a, b R) int
}

// sortRows sorts by the order in effect, rows that are equal in it by key.
func (t *Table[R]) sortRows() {
	less, down := t.Order.Less, false
	if t.sort >= 0 {
		less, down = t.Columns[t.sort].Less, t.Columns[t.sort].Desc
	}
	if less == nil {
		slices.Sort(t.order)
		return
	}
	slices.SortFunc(t.order, func(i, j int) int {
		c := less(t.all[i], t.all[j])
		if down != t.invert && c > -last && c < last {
			c = -c
		}
		if c == 0 {
			c = Natural(t.keys[i], t.keys[j])
		}
		return c
	})
}

// SortBy sorts by the column with the title, or by Order for its name or "". It
// reports whether there is such an order.
func (t *Table[R]) SortBy(title string, invert bool) bool {
	if title == "" || title == t.Order.Name {
		t.sort, t.invert = -1, invert
		t.sortRows()
		t.arrange()
		return true
	}
	for i := range t.Columns {
		if t.Columns[i].Title == title && t.Columns[i].Less != nil {
			t.sort, t.invert = i, invert
			t.sortRows()
			t.arrange()
			return true
		}
	}
	return false
}

// SortName returns the order in effect, such as "CAPMAX ▾".
func (t *Table[R]) SortName(g theme.Glyphs) string {
	name, down := t.Order.Name, true
	if t.sort >= 0 {
		name, down = strings.TrimSpace(t.Columns[t.sort].Title), t.Columns[t.sort].Desc
	}
	if name == "" {
		return ""
	}
	if down != t.invert {
		return name + " " + g.SortDown
	}
	return name + " " + g.SortUp
}

// Orders returns the names of all orders, Order first, and which one is in
// effect.
func (t *Table[R]) Orders() (names []string, current int) {
	names = append(names, t.Order.Name)
	for i := range t.Columns {
		if t.Columns[i].Less != nil {
			if i == t.sort {
				current = len(names)
			}
			names = append(names, t.Columns[i].Title)
		}
	}
	return names, current
}

// stepSort goes to the next or previous order.
func (t *Table[R]) stepSort(step int) {
	names, at := t.Orders()
	at += step
	if at < 0 || at >= len(names) {
		return
	}
	t.SortBy(names[at], false)
}
