package screens

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Messages is what the status line has said.
var Messages = screen.Register(screen.Spec{
	ID: "messages", Title: "messages", Order: -1, Words: []string{"log"},
	About: "what the status line has said",
	New: func(screen.Env, screen.Arg) screen.Screen {
		return &messages{}
	},
})

// messages scrolls over Env.Log.
type messages struct {
	top int
}

func (s *messages) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch keys := kit.DefaultKeys(); {
	case key.Matches(press, keys.Down):
		s.top++
	case key.Matches(press, keys.Up):
		s.top--
	case key.Matches(press, keys.PageDown, keys.HalfDown):
		s.top += 10
	case key.Matches(press, keys.PageUp, keys.HalfUp):
		s.top -= 10
	case key.Matches(press, keys.Home):
		s.top = 0
	}
	s.top = max(0, min(s.top, len(env.Log)-1))
	return nil
}

func (s *messages) View(env screen.Env, size screen.Size) string {
	p := paintOf(env, size)
	if len(env.Log) == 0 {
		return kit.Join(p.Rows(nil, kit.T("  Nothing has been said yet.")))
	}
	s.top = max(0, min(s.top, len(env.Log)-1))
	lines := make([]kit.Line, 0, size.H)
	for _, m := range env.Log[s.top:] {
		if len(lines) == size.H {
			break
		}
		tok := theme.Text
		if m.Problem {
			tok = theme.Crit
		}
		lines = append(lines, kit.S(theme.Dim, "  "+clock(env, m.At)+"  ").Add(tok, m.Text))
	}
	return kit.Join(p.Rows(lines...))
}

func (s *messages) Keys() []key.Binding {
	keys := kit.DefaultKeys()
	return []key.Binding{keys.Up, keys.Down}
}
