package kit

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// KeyMap holds the keys that the widgets answer, with the help shown for each.
type KeyMap struct {
	Up, Down, Left, Right   key.Binding
	HalfUp, HalfDown        key.Binding
	PageUp, PageDown        key.Binding
	Home, End               key.Binding
	Enter, Escape           key.Binding
	Mark, MarkRange, Unmark key.Binding
	NextPart, PrevPart      key.Binding // sections of a body
	Zoom                    key.Binding // the section alone
	Filter                  key.Binding // in tables
	SortLeft, SortRight     key.Binding
	Invert                  key.Binding
	Pin                     key.Binding // the row on top

	Search, NextHit, PrevHit     key.Binding // in text
	Wrap                         key.Binding
	Space, Back                  key.Binding // a page down, up in text
	NextField, PrevField         key.Binding // in dialogs
	Complete, NextItem, PrevItem key.Binding // in prompts
	Older, Newer                 key.Binding // history of a prompt
	Focus, Fold                  key.Binding // in graphs
}

// DefaultKeys returns the keys of the design.
func DefaultKeys() KeyMap {
	return KeyMap{
		Up:        Bind("↑ k", "up", "up", "k"),
		Down:      Bind("↓ j", "down", "down", "j"),
		Left:      Bind("←", "columns left", "left"),
		Right:     Bind("→", "columns right", "right"),
		HalfUp:    Bind("ctrl-u", "half a page up", "ctrl+u"),
		HalfDown:  Bind("ctrl-d", "half a page down", "ctrl+d"),
		PageUp:    Bind("pgup", "page up", "pgup", "ctrl+b"),
		PageDown:  Bind("pgdn", "page down", "pgdown", "ctrl+f"),
		Home:      Bind("g", "first", "g", "home"),
		End:       Bind("G", "last", "G", "end"),
		Enter:     Bind("enter", "open", "enter"),
		Escape:    Bind("esc", "back", "esc"),
		Mark:      Bind("space", "mark", "space"),
		MarkRange: Bind("ctrl-space", "mark range", "ctrl+space", "ctrl+@"),
		Unmark:    Bind("U", "clear marks", "U"),
		NextPart:  Bind("}", "next section", "}"),
		PrevPart:  Bind("{", "previous section", "{"),
		Zoom:      Bind("z", "zoom section", "z"),
		Filter:    Bind("/", "filter", "/"),
		SortLeft:  Bind("<", "sort by the column before", "<"),
		SortRight: Bind(">", "sort by the column after", ">"),
		Invert:    Bind("I", "invert the order", "I"),
		Pin:       Bind("f", "pin on top", "f"),

		Search:    Bind("/", "search", "/"),
		NextHit:   Bind("n", "next hit", "n"),
		PrevHit:   Bind("N", "previous hit", "N"),
		Wrap:      Bind("w", "wrap", "w"),
		Space:     Bind("space", "page down", "space"),
		Back:      Bind("b", "page up", "b"),
		NextField: Bind("tab", "next field", "tab"),
		PrevField: Bind("shift-tab", "previous field", "shift+tab"),
		Complete:  Bind("tab", "complete", "tab"),
		NextItem:  Bind("↓", "next", "down"),
		PrevItem:  Bind("↑", "previous", "up"),
		Older:     Bind("ctrl-p", "older", "ctrl+p"),
		Newer:     Bind("ctrl-n", "newer", "ctrl+n"),
		Focus:     Bind("f", "focus ±1", "f"),
		Fold:      Bind("c", "fold", "c"),
	}
}

// Bind returns a binding of keys, shown in the help as name.
func Bind(name, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(name, does))
}

// Is reports whether msg is a press of one of the bindings.
func Is(msg tea.Msg, bindings ...key.Binding) bool {
	press, ok := msg.(tea.KeyPressMsg)
	return ok && key.Matches(press, bindings...)
}

// Press returns the message of a key as it comes from a terminal, by the name
// used in bindings: "j", "enter", "ctrl+d", "shift+tab". It is for tests and
// for what a mouse or a menu does in place of a key.
func Press(name string) tea.KeyPressMsg {
	k := tea.Key{}
	rest := name
	for {
		switch {
		case len(rest) > 5 && rest[:5] == "ctrl+":
			k.Mod |= tea.ModCtrl
			rest = rest[5:]
			continue
		case len(rest) > 6 && rest[:6] == "shift+":
			k.Mod |= tea.ModShift
			rest = rest[6:]
			continue
		case len(rest) > 4 && rest[:4] == "alt+":
			k.Mod |= tea.ModAlt
			rest = rest[4:]
			continue
		}
		break
	}
	if code, ok := named(rest); ok {
		k.Code = code
		if rest == "space" && k.Mod == 0 {
			k.Text = " "
		}
		return tea.KeyPressMsg(k)
	}
	r := []rune(rest)
	if len(r) == 1 {
		k.Code = r[0]
		if k.Mod == 0 {
			k.Text = rest
		}
	}
	return tea.KeyPressMsg(k)
}

func named(name string) (rune, bool) {
	switch name {
	case "enter":
		return tea.KeyEnter, true
	case "esc":
		return tea.KeyEscape, true
	case "tab":
		return tea.KeyTab, true
	case "space":
		return tea.KeySpace, true
	case "backspace":
		return tea.KeyBackspace, true
	case "delete":
		return tea.KeyDelete, true
	case "up":
		return tea.KeyUp, true
	case "down":
		return tea.KeyDown, true
	case "left":
		return tea.KeyLeft, true
	case "right":
		return tea.KeyRight, true
	case "home":
		return tea.KeyHome, true
	case "end":
		return tea.KeyEnd, true
	case "pgup":
		return tea.KeyPgUp, true
	case "pgdown":
		return tea.KeyPgDown, true
	case "f1":
		return tea.KeyF1, true
	default:
		return 0, false
	}
}
