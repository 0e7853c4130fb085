package kit

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// moved returns how far a key moves a cursor in a list of which page rows are
// visible.
func moved(keys *KeyMap, msg tea.KeyPressMsg, page int) (step int, ok bool) {
	page = max(page, 1)
	switch {
	case key.Matches(msg, keys.Up):
		return -1, true
	case key.Matches(msg, keys.Down):
		return 1, true
	case key.Matches(msg, keys.HalfUp):
		return -max(page/2, 1), true
	case key.Matches(msg, keys.HalfDown):
		return max(page/2, 1), true
	case key.Matches(msg, keys.PageUp):
		return -page, true
	case key.Matches(msg, keys.PageDown):
		return page, true
	case key.Matches(msg, keys.Home):
		return -far, true
	case key.Matches(msg, keys.End):
		return far, true
	}
	return 0, false
}

// Typing reports whether the operator is typing a filter, so that letters are
// not keys.
func (t *Table[R]) Typing() bool { return t.prompt != nil }

// Update answers a key or a paste and reports whether it did. Enter, esc and
// what the table does not know are left to the screen, but for a filter being
// typed.
func (t *Table[R]) Update(msg tea.Msg) bool {
	if t.prompt != nil {
		return t.typeFilter(msg)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	if step, ok := moved(&t.Keys, press, t.height); ok {
		t.MoveTo(max(min(t.cursor+step, len(t.view)-1), 0))
		return true
	}
	if key.Matches(press, t.Keys.Filter) {
		t.startFilter()
		return true
	}
	return t.rowKey(press)
}

// rowKey answers the keys about rows and columns rather than movement.
func (t *Table[R]) rowKey(press tea.KeyPressMsg) bool {
	switch {
	case key.Matches(press, t.Keys.Mark):
		if r, ok := t.Selected(); ok {
			t.mark(t.Key(r))
			t.MoveTo(t.cursor + 1)
		}
	case key.Matches(press, t.Keys.MarkRange):
		t.markRange()
	case key.Matches(press, t.Keys.Unmark):
		t.ClearMarks()
	case key.Matches(press, t.Keys.SortLeft):
		t.stepSort(-1)
	case key.Matches(press, t.Keys.SortRight):
		t.stepSort(1)
	case key.Matches(press, t.Keys.Invert):
		t.invert = !t.invert
		t.sortRows()
		t.arrange()
	case key.Matches(press, t.Keys.Pin):
		if r, ok := t.Selected(); ok {
			if k := t.Key(r); t.pinned == k {
				t.pinned = ""
			} else {
				t.pinned = k
			}
			t.arrange()
		}
	case t.wide && key.Matches(press, t.Keys.Left):
		t.skip = max(t.skip-1, 0)
	case t.wide && key.Matches(press, t.Keys.Right):
		t.skip = min(t.skip+1, max(t.columnsShown()-2, 0))
	default:
		return false
	}
	return true
}

func (t *Table[R]) columnsShown() int {
	n := 0
	for i := range t.Columns {
		if !t.Columns[i].Hidden {
			n++
		}
	}
	return n
}

// Escape closes the prompt, or else clears the filter. It reports whether there
// was something to close.
func (t *Table[R]) Escape() bool {
	switch {
	case t.prompt != nil:
		t.prompt = nil
		t.SetFilter("")
	case t.typed != "":
		t.SetFilter("")
	default:
		return false
	}
	return true
}

func (t *Table[R]) startFilter() {
	t.prompt = NewPrompt("/ ")
	t.prompt.SetValue(t.typed)
}

// typeFilter edits the filter; the rows follow as it is typed.
func (t *Table[R]) typeFilter(msg tea.Msg) bool {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, t.Keys.NextItem, t.Keys.PrevItem) {
		step, _ := moved(&t.Keys, press, t.height)
		t.MoveTo(max(t.cursor+step, 0))
		return true
	}
	event := t.prompt.Update(msg)
	switch event {
	case PromptChanged:
		t.SetFilter(t.prompt.Value())
	case PromptDone:
		t.prompt = nil
	case PromptCancelled:
		t.prompt = nil
		t.SetFilter("")
	case PromptIgnored:
		return false
	case PromptHandled:
	}
	return true
}

func (t *Table[R]) drawPrompt(p Paint) string {
	shown, all := t.Rows()
	return p.Row(Apart(t.prompt.Line(p), countOf(shown, all), p.W))
}
