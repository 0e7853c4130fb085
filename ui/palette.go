package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// paletteRows is how many offers are on screen at once.
const paletteRows = 8

// palette is the command line, opened with ":".
type palette struct {
	prompt *kit.Prompt
	// typed is the text as the user left it: enter runs it as it stands, unless
	// an offer was chosen with the arrows.
	offers int
	picked bool
}

func newPalette(m *model, text string) *palette {
	p := &palette{prompt: kit.NewPrompt(" :")}
	p.prompt.SetHistory(m.palette.lines)
	p.prompt.Complete = func(typed string) []kit.Completion {
		var out []kit.Completion
		for _, e := range m.offers(typed) {
			note := e.about
			if e.alias != "" {
				note += " (alias :" + e.alias + ")"
			}
			out = append(out, kit.Completion{Value: e.line, Label: kit.T(":" + e.line), Note: kit.S(theme.Dim, note)})
		}
		p.offers = len(out)
		return out
	}
	p.prompt.SetValue(text)
	return p
}

func (p *palette) press(m *model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "up", "down":
		p.picked = true
	default:
		if msg.Text != "" || msg.String() == "backspace" {
			p.picked = false
		}
	}
	chosen, any := p.prompt.Chosen()
	switch p.prompt.Update(msg) {
	case kit.PromptDone:
		m.over = nil
		if p.picked && any {
			return m.run(chosen.Value)
		}
		return m.run(p.prompt.Value())
	case kit.PromptCancelled:
		m.over = nil
	case kit.PromptIgnored, kit.PromptHandled, kit.PromptChanged:
	}
	return nil
}

// insert takes pasted text; a paste never runs anything.
func (p *palette) insert(_ *model, text string) {
	p.prompt.Update(tea.PasteMsg{Content: text})
	p.picked = false
}

// draw puts the palette's box on top of the body.
func (p *palette) draw(m *model, body []string) []string {
	w := min(m.lay.w-4, 100)
	paint := m.paint(w, len(body))
	rows := min(paletteRows, max(1, len(body)-7))
	lines := p.prompt.Draw(paint.Sized(w-2, 1+rows))
	box := kit.Box(paint, kit.T(":"), w, make([]kit.Line, 1+rows), []kit.Line{kit.Apart(
		kit.S(theme.Dim, " tab completes · ↑↓ choose · ctrl-p ctrl-n history · enter runs · esc closes"),
		kit.S(theme.Dim, fmt.Sprintf("%d commands ", p.offers)), w-2)})
	return kit.Overlay(kit.Overlay(body, box, 2, 0), lines, 3, 1)
}
