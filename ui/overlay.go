package ui

import (
	tea "charm.land/bubbletea/v2"
)

// overlay is drawn over the body and has the keyboard while it is open.
type overlay interface {
	press(m *model, msg tea.KeyPressMsg) tea.Cmd
	// draw returns body with the overlay on it, as many rows as body has.
	draw(m *model, body []string) []string
}
