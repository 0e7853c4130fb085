package screens

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// asListed is the order in which a server lists things.
const asListed = "as listed"

// picker is a small list over a screen: the order to sort by, or the columns to
// show. While it is open all keys are its own.
type picker struct {
	menu *kit.Menu
	// pick acts on the item chosen.
	pick func(i int)
	// stays says that choosing does not close it.
	stays bool
	// close is the key that opened it and closes it, too.
	close string
}

// update answers a key and reports whether the picker stays open.
func (k *picker) update(msg tea.Msg) bool {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return true
	}
	switch name := press.String(); {
	case name == "esc", name == "q", name == k.close:
		return false
	case name == "space" && k.stays:
		press = kit.Press("enter")
	}
	if i, _ := k.menu.Update(press); i >= 0 {
		k.pick(i)
		return k.stays
	}
	return true
}

// over draws the picker in the middle of painted rows.
func (k *picker) over(p kit.Paint, rows []string) []string {
	return kit.Center(rows, k.menu.Box(p))
}

// pickOrder lists the orders of a table.
func pickOrder[R any](t *kit.Table[R], by func(title string)) *picker {
	names, current := t.Orders()
	items := make([]kit.MenuItem, len(names))
	for i, name := range names {
		items[i].Label = strings.TrimSpace(name)
		if i == current {
			items[i].Note = "now"
		}
	}
	k := &picker{menu: kit.NewMenu("sort by", items...), close: "O", pick: func(i int) { by(names[i]) }}
	k.menu.MoveTo(current)
	return k
}

// pickColumns lists the columns of a table with the ones that are shown. Those
// that Wide adds come by themselves and are not listed.
func pickColumns[R any](g theme.Glyphs, t *kit.Table[R], skip ...string) *picker {
	var titles []string
	var items []kit.MenuItem
	show := func(on bool) string {
		if on {
			return g.Mark
		}
		return ""
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if strings.TrimSpace(c.Title) == "" || slices.Contains(skip, c.Title) {
			continue
		}
		titles = append(titles, c.Title)
		items = append(items, kit.MenuItem{Label: strings.TrimSpace(c.Title), Note: show(!c.Hidden)})
	}
	k := &picker{menu: kit.NewMenu("columns", items...), close: "C", stays: true}
	k.pick = func(i int) {
		t.ToggleColumn(titles[i])
		for j := range t.Columns {
			if t.Columns[j].Title == titles[i] {
				k.menu.Items[i].Note = show(!t.Columns[j].Hidden)
			}
		}
	}
	return k
}

// rowText is a row's cells as the clipboard gets them, between tabs.
func rowText[R any](t *kit.Table[R], r R) string {
	var cells []string
	for i := range t.Columns {
		if !t.Columns[i].Hidden {
			cells = append(cells, t.Columns[i].Cell(r).Plain())
		}
	}
	return strings.Join(cells, "\t")
}

// copyRow copies the row under the cursor.
func copyRow[R any](t *kit.Table[R]) tea.Cmd {
	r, ok := t.Selected()
	if !ok {
		return nil
	}
	return screen.Copy("the row", rowText(t, r))
}

// wheel turns a turn of the mouse wheel into the keys that move a cursor.
func wheel(msg tea.Msg, move func(tea.Msg) bool) bool {
	turn, ok := msg.(tea.MouseWheelMsg)
	if !ok {
		return false
	}
	name := "down"
	if turn.Button == tea.MouseWheelUp {
		name = "up"
	}
	for range 3 {
		move(kit.Press(name))
	}
	return true
}
