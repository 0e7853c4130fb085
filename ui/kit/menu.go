package kit

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// MenuItem is a line of a [Menu].
type MenuItem struct {
	// Key chooses the item at once; a letter as in key.Binding, or "".
	Key   string
	Label string
	// Note explains the item, or why it is Off.
	Note string
	Off  bool
}

// Menu is a list of actions in a box.
type Menu struct {
	Title string
	Items []MenuItem
	// Keys are the keys Update answers.
	Keys KeyMap

	cursor, top, height int
}

// NewMenu returns a menu, the cursor on its first item.
func NewMenu(title string, items ...MenuItem) *Menu {
	return &Menu{Title: title, Items: items, Keys: DefaultKeys(), height: len(items)}
}

// Cursor returns the item under the cursor.
func (m *Menu) Cursor() int { return m.cursor }

// MoveTo puts the cursor on an item.
func (m *Menu) MoveTo(i int) { m.cursor = max(min(i, len(m.Items)-1), 0) }

// Update answers a key. It returns the item that was chosen, or -1; an item that
// is off is never chosen.
func (m *Menu) Update(msg tea.Msg) (chosen int, handled bool) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return -1, false
	}
	// An item's own letter comes first: it is printed beside it.
	for i, item := range m.Items {
		if item.Key != "" && press.String() == item.Key {
			m.cursor = i
			return m.choose(i), true
		}
	}
	if step, ok := moved(&m.Keys, press, m.height); ok {
		m.MoveTo(max(min(m.cursor+step, len(m.Items)-1), 0))
		return -1, true
	}
	if key.Matches(press, m.Keys.Enter) {
		return m.choose(m.cursor), true
	}
	return -1, false
}

func (m *Menu) choose(i int) int {
	if i >= len(m.Items) || m.Items[i].Off {
		return -1
	}
	return i
}

// Box draws the menu's box, as wide as its items need and at most p.W cells by
// p.H rows.
func (m *Menu) Box(p Paint) []string {
	label, note := 0, 0
	for _, item := range m.Items {
		label = max(label, safetext.Width(item.Label))
		note = max(note, safetext.Width(item.Note))
	}
	w := 3 + 3 + label + 3
	if note > 0 {
		w += note + 2
	}
	w = min(max(w, safetext.Width(m.Title)+6), p.W)
	m.height = max(p.H-2, 1)
	m.top = scroll(m.top, m.height, len(m.Items), m.cursor, m.cursor+1)
	end := min(m.top+m.height, len(m.Items))
	lines := make([]Line, 0, end-m.top)
	for i := m.top; i < end; i++ {
		lines = append(lines, m.line(p, i, label))
	}
	return Box(p, T(m.Title), w, lines)
}

func (m *Menu) line(p Paint, i, label int) Line {
	item := m.Items[i]
	l := Line{pad(1), pad(1), pad(1)}
	text := theme.Text
	if item.Off {
		text = theme.Dim
	}
	attr := Attr(0)
	if i == m.cursor {
		l[1] = Span{Text: p.Theme.Glyphs.Cursor, Tok: theme.Accent}
		attr = Bold
	}
	l = append(l, Span{Text: safetext.PadRight(item.Key, 1), Tok: theme.Accent}, pad(2),
		Span{Text: safetext.PadRight(item.Label, label), Tok: text, Attr: attr})
	if item.Note != "" {
		l = append(l, pad(2)).Add(theme.Dim, item.Note)
	}
	return l
}
