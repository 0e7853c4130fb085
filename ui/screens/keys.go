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

// rows are the keys of every table with rows: filter, sort, marks, pins, copy.
func (k *listKeys) rows() []key.Binding {
	return []key.Binding{
		k.table.Filter, k.order, k.columns, k.copyID, k.copy, k.table.Mark, k.table.MarkRange, k.table.Unmark,
		k.table.Pin, k.table.SortLeft, k.table.SortRight, k.table.Invert,
	}
}

// clicked gives a click of the left button to what was drawn there.
func clicked(msg tea.Msg, click func(y int) bool) bool {
	c, ok := msg.(tea.MouseClickMsg)
	return ok && c.Button == tea.MouseLeft && click(c.Y)
}
