package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/ui/screen"
)

// savedMsg tells how saving ended.
type savedMsg struct {
	path string
	err  error
}

// save writes what is shown as plain text into the state directory.
func (m *model) save() tea.Cmd {
	if m.deps.Save == nil {
		return screen.Problem("Nothing can be saved here: there is no state directory.")
	}
	top := m.where.top()
	text := ""
	if t, ok := top.scr.(screen.Texter); ok {
		env := m.env
		env.Self = top.self
		text = t.Text(env)
	} else {
		var b strings.Builder
		for line := range strings.SplitSeq(m.draw(), "\n") {
			b.WriteString(strings.TrimRight(ansi.Strip(line), " "))
			b.WriteByte('\n')
		}
		text = b.String()
	}
	kind, store := string(top.spec.ID), m.deps.Save
	return func() tea.Msg {
		path, err := store(kind, text)
		return savedMsg{path, err}
	}
}

func (m *model) saved(msg savedMsg) {
	if msg.err != nil {
		m.say("Not saved: "+clean(msg.err.Error()), true)
		return
	}
	m.say("Saved to "+clean(msg.path)+".", false)
}
