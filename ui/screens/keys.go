package screens

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
)

// listKeys are the keys that screens made of tables share.
type listKeys struct {
	enter, graph, slots, conf    key.Binding
	window, system               key.Binding
	order, columns, copyID, copy key.Binding
	table                        kit.KeyMap
}

// newListKeys names what enter opens.
func newListKeys(opens string) listKeys {
	return listKeys{
		enter: kit.Bind("enter", opens, "enter"), graph: kit.Bind("v", "graph", "v"),
		slots: kit.Bind("w", "workers", "w"), conf: kit.Bind("d", "conf", "d"),
		window: kit.Bind("tab", "window", "tab"), system: kit.Bind("S", "system parts", "S"),
		order: kit.Bind("O", "order", "O"), columns: kit.Bind("C", "columns", "C"),
		copyID: kit.Bind("y", "copy id", "y"), copy: kit.Bind("Y", "copy row", "Y"),
		table: kit.DefaultKeys(),
	}
}

// rowKeys are the keys of a table that act on its rows now: filter, order,
// columns, copy, marks, pin.
func rowKeys[R any](k *listKeys, t *kit.Table[R]) []key.Binding {
	if _, all := t.Rows(); all == 0 {
		return nil
	}
	keys := []key.Binding{k.table.Filter}
	if names, _ := t.Orders(); len(names) > 1 {
		keys = append(keys, k.order)
	}
	keys = append(keys, k.columns)
	if _, on := t.Selected(); on {
		keys = append(keys, k.copyID, k.copy, k.table.Mark, k.table.MarkRange)
	}
	if len(t.Marked()) > 0 {
		keys = append(keys, k.table.Unmark)
	}
	if _, on := t.Selected(); on {
		keys = append(keys, k.table.Pin)
	}
	return keys
}

// sortKeys are the keys that change the order of a table now.
func sortKeys[R any](k *listKeys, t *kit.Table[R]) []key.Binding {
	if _, on := t.Selected(); !on {
		return nil
	}
	var keys []key.Binding
	names, at := t.Orders()
	if at > 0 {
		keys = append(keys, k.table.SortLeft)
	}
	if at < len(names)-1 {
		keys = append(keys, k.table.SortRight)
	}
	if at > 0 || t.Order.Less != nil {
		keys = append(keys, k.table.Invert)
	}
	return keys
}

// partKeys are the keys that go to another section now; sections are those that
// a cursor can stand in.
func (k *listKeys) partKeys(active *kit.Section, sections ...*kit.Section) []key.Binding {
	var keys []key.Binding
	before, after, seen := false, false, false
	for _, section := range sections {
		shown, _ := section.Body.Rows()
		switch {
		case section == active:
			seen = true
		case section.Hide || shown == 0:
		case seen:
			after = true
		default:
			before = true
		}
	}
	if after {
		keys = append(keys, k.table.NextPart)
	}
	if before {
		keys = append(keys, k.table.PrevPart)
	}
	return keys
}

// clicked gives a click of the left button to what was drawn there.
func clicked(msg tea.Msg, click func(y int) bool) bool {
	c, ok := msg.(tea.MouseClickMsg)
	return ok && c.Button == tea.MouseLeft && click(c.Y)
}

// byHand reports whether a message comes from a person.
func byHand(msg tea.Msg) bool {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.MouseClickMsg, tea.MouseWheelMsg:
		return true
	}
	return false
}
