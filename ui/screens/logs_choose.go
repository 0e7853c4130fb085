package screens

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// newLogChooser lists the topologies whose logs can be followed, for a screen
// that was opened on nothing.
func newLogChooser() *kit.Table[topologyRow] {
	t := kit.NewTable(func(r topologyRow) string { return r.ID },
		kit.Column[topologyRow]{Title: "TOPOLOGY", Min: 20, Flex: 1, Cell: func(r topologyRow) kit.Line { return kit.T(r.Name) }},
		kit.Column[topologyRow]{Title: "STATUS", Min: 12, Cell: func(r topologyRow) kit.Line { return kit.S(theme.Dim, string(r.Status)) }},
		kit.Column[topologyRow]{Title: "WORKERS", Min: 7, Align: kit.Right, Cell: func(r topologyRow) kit.Line {
			if r.Workers == nil {
				return unknown()
			}
			return kit.T(fmt.Sprint(*r.Workers))
		}},
	)
	t.Empty = kit.T("No topology is running here.")
	return t
}

// pressChooser answers the keys of that list.
func (s *logView) pressChooser(env screen.Env, msg tea.Msg) tea.Cmd {
	s.listTargets(env)
	if wheel(msg, s.choose.Update) || clicked(msg, func(y int) bool { return s.choose.Click(y - chooserHead) }) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || s.choose.Typing() {
		s.choose.Update(msg)
		return nil
	}
	if row, on := s.choose.Selected(); on && key.Matches(press, s.keys.follows) {
		return screen.Open(Logs, screen.Arg{TopologyID: row.ID})
	}
	s.choose.Update(msg)
	return nil
}

// listTargets makes the rows.
func (s *logView) listTargets(env screen.Env) {
	var rows []topologyRow
	for _, sum := range env.Snap.TopologyRows() {
		rows = append(rows, newTopologyRow(env, sum, foundIn(env.Found).topologies[sum.ID]))
	}
	s.choose.SetRows(rows, env.Now)
}

// chooserHead is how many rows stand above that list.
const chooserHead = 3

func (s *logView) drawChooser(env screen.Env, p kit.Paint) []string {
	s.listTargets(env)
	head := []kit.Line{
		kit.T("  No logs are followed yet. enter follows those of a topology; l does on any row of the other"),
		kit.T("  screens: a component, a worker, a supervisor, a Nimbus; and :logs NAME/COMPONENT."),
		nil,
	}
	if p.W < full {
		head = []kit.Line{
			kit.T("  No logs are followed yet. enter follows a topology's; l does on any row"),
			kit.T("  of the other screens, and :logs NAME/COMPONENT."),
			nil,
		}
	}
	rows := p.Sized(p.W, min(len(head), p.H)).Rows(head...)
	if env.Snap.Cluster == nil && env.Snap.ZK == nil {
		return p.Stack(rows, p.Rows(loading(env, "getClusterInfo", env.Snap.Since)))
	}
	return p.Stack(rows, s.choose.Draw(p.Sized(p.W, max(p.H-len(rows), 0))))
}
