package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// help explains the keys of the screen on top, its columns and the symbols. It
// is composed from the bindings themselves, so it cannot say what is not so.
type help struct {
	all    bool // the keys of all screens
	top    int
	search string
	typing bool
}

func newHelp(*model) *help { return &help{} }

func (h *help) press(m *model, msg tea.KeyPressMsg) tea.Cmd {
	if h.typing {
		switch msg.String() {
		case "enter":
			h.typing = false
		case "esc":
			h.typing, h.search = false, ""
		case "backspace":
			if r := []rune(h.search); len(r) > 0 {
				h.search = string(r[:len(r)-1])
			}
		default:
			h.search += msg.Text
		}
		h.top = 0
		return nil
	}
	switch msg.String() {
	case "/":
		h.typing = true
	case "tab", "shift+tab":
		h.all, h.top = !h.all, 0
	case "down", "j":
		h.top++
	case "up", "k":
		h.top = max(0, h.top-1)
	case "pgdown", "space", "ctrl+d":
		h.top += 10
	case "pgup", "ctrl+u":
		h.top = max(0, h.top-10)
	case "esc":
		if h.search != "" {
			h.search = ""
			return nil
		}
		m.over = nil
	case "q", "?", "f1":
		m.over = nil
	}
	return nil
}

func (h *help) draw(m *model, body []string) []string {
	w := min(m.lay.w-2, 116)
	title := "help · " + m.where.top().spec.Title
	lines := h.here(m, w-2)
	if h.all {
		title, lines = "help · all screens", h.every(m, w-2)
	}
	if h.search != "" || h.typing {
		title += " · / " + h.search
		lines = matching(lines, h.search)
	}
	room := max(1, len(body)-4)
	h.top = max(0, min(h.top, len(lines)-room))
	shown := lines[h.top:min(len(lines), h.top+room)]
	foot := " / searches · tab shows all screens · esc closes · stormtop keys prints the table"
	if len(lines) > room {
		foot = fmt.Sprintf(" %d–%d of %d · ↑↓ scroll ·%s", h.top+1, h.top+len(shown), len(lines), foot)
	}
	box := kit.Box(m.paint(w, len(body)), kit.T(title), w, shown, []kit.Line{kit.S(theme.Dim, foot)})
	return kit.Overlay(body, box, 1, 0)
}

func matching(lines []kit.Line, search string) []kit.Line {
	var kept []kit.Line
	for _, l := range lines {
		if strings.Contains(strings.ToLower(l.Plain()), strings.ToLower(search)) {
			kept = append(kept, l)
		}
	}
	return kept
}

// here is the help of the screen on top: its keys, moving, everywhere, then
// what it says of itself.
func (h *help) here(m *model, w int) []kit.Line {
	kk := kit.DefaultKeys()
	columns := []struct {
		title string
		keys  []key.Binding
	}{
		{"HERE", m.bindings()},
		{"MOVE", []key.Binding{kk.Up, kk.Down, kk.Home, kk.End, kk.PageDown, kk.PageUp, kk.NextPart, kk.PrevPart, kk.Filter}},
		{"EVERYWHERE", append(rootKeys(), m.keys.everywhere()...)},
	}
	width := w / len(columns)
	tall := 0
	for _, c := range columns {
		tall = max(tall, len(c.keys))
	}
	head := kit.T(" ")
	for i, c := range columns {
		head = head.Then(kit.S(theme.Accent, c.title)).To(1 + (i+1)*width)
	}
	lines := []kit.Line{head.Bold()}
	for n := range tall {
		l := kit.T(" ")
		for i, c := range columns {
			if n < len(c.keys) {
				b := c.keys[n].Help()
				l = l.Then(kit.S(theme.Accent, b.Key).Text(" "+b.Desc).Cut(width-1, false))
			}
			l = l.To(1 + (i+1)*width)
		}
		lines = append(lines, l)
	}
	lines = append(lines, kit.S(theme.Rule, strings.Repeat(m.env.Theme.Glyphs.H, w)))
	if helper, ok := m.where.top().scr.(screen.Helper); ok {
		for _, text := range helper.Help(m.env) {
			lines = append(lines, wrapped(text, w)...)
		}
	}
	lines = append(lines, wrapped("Symbols  ✕ broken  ▲ look  ◌ in transition  ● live  ○ off  ◆ marked  − leaving  + coming  ± differs  "+
		"– does not apply or no data  ? not sent  ~ sampled or estimated  ≥ lower bound", w)...)
	return append(lines, wrapped("Limits here  "+h.limits(m), w)...)
}

// limits says what this cluster cannot tell.
func (h *help) limits(m *model) string {
	parts := []string{}
	if v := stormVersion(m.env.Snap); v != "" {
		parts = append(parts, "Storm "+v)
	}
	if p := m.env.Snap.HeartbeatPeriod; p > 0 {
		parts = append(parts, fmt.Sprintf("statistics every %s", every(p)))
	}
	parts = append(parts, "queue depth is not available through Nimbus", strings.ToLower(m.env.Mode.Word)+" mode")
	if m.env.Mode.Reason != "" {
		parts = append(parts, m.env.Mode.Reason)
	}
	return clean(strings.Join(parts, " · "))
}

// every lists all screens with their keys.
func (h *help) every(m *model, w int) []kit.Line {
	var lines []kit.Line
	for _, spec := range screen.Specs() {
		name := spec.Title
		if isRoot(spec) {
			name = spec.Key.Help().Key + " " + name
		}
		words := ""
		if len(spec.Words) > 0 {
			words = "  :" + strings.Join(spec.Words, " :")
		}
		lines = append(lines, kit.S(theme.Accent, " "+name).Add(theme.Dim, words))
		lines = append(lines, wrapped("   "+spec.About, w)...)
		pairs := []string{}
		for _, b := range spec.New(m.env, screen.Arg{}).Keys() {
			pairs = append(pairs, b.Help().Key+" "+b.Help().Desc)
		}
		if len(pairs) > 0 {
			lines = append(lines, wrapped("   "+strings.Join(pairs, " · "), w)...)
		}
	}
	return lines
}

func rootKeys() []key.Binding {
	var list []key.Binding
	for _, spec := range screen.Specs() {
		if isRoot(spec) {
			list = append(list, spec.Key)
		}
	}
	return list
}

// wrapped breaks a sentence into lines of w cells between words.
func wrapped(text string, w int) []kit.Line {
	var lines []kit.Line
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && safetext.Width(line)+1+safetext.Width(word) > w-2 {
			lines = append(lines, kit.T(" "+line))
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, kit.T(" "+line))
}
