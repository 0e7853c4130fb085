package screens

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Changes is the feed of everything that moved since stormtop looked.
var Changes = screen.Register(screen.Spec{
	ID: "changes", Title: "changes", Short: "chg", Order: 6, Key: kit.Bind("6", "changes", "6"),
	Words: []string{"changes", "events"},
	About: "everything that moved since stormtop looked",
	New:   func(env screen.Env, arg screen.Arg) screen.Screen { return newChanges(env, arg) },
})

// changeRow is one line of the feed with its identity.
type changeRow struct {
	cluster.Change
	n int // counted from the oldest
}

type changes struct {
	table *kit.Table[changeRow]
	seq   uint64
	only  string // topology id that the feed is limited to, "" for all
	keys  struct{ open, only, copy key.Binding }
}

func newChanges(env screen.Env, arg screen.Arg) *changes {
	s := &changes{only: arg.TopologyID}
	s.keys.open = kit.Bind("enter", "open", "enter")
	s.keys.only = kit.Bind("f", "only this object", "f")
	s.keys.copy = kit.Bind("y", "copy", "y")
	s.table = kit.NewTable(func(r changeRow) string { return fmt.Sprint(r.n) },
		kit.Column[changeRow]{
			Title: "TIME", Min: 8, Cell: func(r changeRow) kit.Line { return kit.S(theme.Dim, clock(env, r.At)) },
			Less: func(a, b changeRow) int { return a.At.Compare(b.At) }, Desc: true,
		},
		kit.Column[changeRow]{
			Title: "WHAT", Min: 11, Cell: func(r changeRow) kit.Line { return kit.T(string(r.Kind)) },
			Less: kit.ByText(func(r changeRow) string { return string(r.Kind) }),
		},
		kit.Column[changeRow]{
			Title: "OBJECT", Min: 12, Max: 26, Fit: true, Cell: func(r changeRow) kit.Line { return kit.T(r.Object) },
			Less: kit.ByText(func(r changeRow) string { return r.Object }),
		},
		kit.Column[changeRow]{
			Title: "DETAIL", Min: 20, Flex: 1, CutEnd: true, Cell: func(r changeRow) kit.Line { return kit.T(r.Detail) },
		},
	)
	// f limits the feed here, so pinning has no key.
	s.table.Keys.Pin.SetEnabled(false)
	s.table.Level = func(r changeRow) kit.Level { return changeLevel(r.Change) }
	s.table.Text = func(r changeRow) string { return string(r.Kind) + " " + r.Object + " " + r.Detail }
	if arg.Filter != "" {
		s.table.SetFilter(arg.Filter)
	}
	return s
}

// changeLevel is the glyph of a change: its sign when something comes or goes.
func changeLevel(c cluster.Change) kit.Level {
	switch c.Sign {
	case '+':
		return kit.LevelComing
	case '-':
		return kit.LevelLeaving
	}
	if level := kitLevel(c.Level); level != kit.LevelNone {
		return level
	}
	return kit.LevelNote
}

func (s *changes) refresh(env screen.Env) {
	if s.seq == env.Snap.Seq && s.seq != 0 {
		return
	}
	s.seq = env.Snap.Seq
	feed := env.Snap.Feed
	rows := make([]changeRow, 0, len(feed))
	for i, c := range feed {
		if s.only == "" || c.TopologyID == s.only {
			rows = append(rows, changeRow{Change: c, n: env.Snap.FeedDropped + len(feed) - i})
		}
	}
	s.table.SetRows(rows, env.Now)
}

func (s *changes) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.refresh(env)
	press, ok := msg.(tea.KeyPressMsg)
	if ok && !s.table.Typing() {
		row, some := s.table.Selected()
		switch {
		case key.Matches(press, s.keys.open) && some:
			return openChange(row.Change)
		case key.Matches(press, s.keys.only):
			if s.only != "" {
				s.only = ""
			} else if some {
				s.only = row.TopologyID
			}
			s.seq = 0
			s.refresh(env)
			return nil
		case key.Matches(press, s.keys.copy) && some:
			return screen.Copy("the change", row.At.Format("2006-01-02T15:04:05Z07:00")+" "+string(row.Kind)+" "+row.Object+" "+row.Detail)
		}
	}
	s.table.Update(msg)
	return nil
}

// openChange leads to the screen that shows what changed.
func openChange(c cluster.Change) tea.Cmd {
	switch {
	case c.Host != "":
		return screen.Open("supervisor", screen.Arg{Host: c.Host, Port: c.Port})
	case c.TopologyID != "" && c.Component != "":
		return screen.Open("component", screen.Arg{TopologyID: c.TopologyID, Component: c.Component})
	case c.TopologyID != "":
		return screen.Open("topology", screen.Arg{TopologyID: c.TopologyID})
	case c.Kind == cluster.ChangeNimbus || c.Kind == cluster.ChangeLeader || c.Kind == cluster.ChangeLink:
		return screen.Open("connections", screen.Arg{})
	}
	return nil
}

// Demand keeps the pages coming that new errors are seen in.
func (s *changes) Demand(screen.Env) cluster.Demand { return cluster.Demand{AllTopologies: true} }

func (s *changes) View(env screen.Env, size screen.Size) string {
	s.refresh(env)
	s.table.Empty = kit.T("Nothing has changed since " + moment(env, env.Snap.Since) + ".")
	return kit.Join(s.table.Draw(paintOf(env, size)))
}

func (s *changes) Crumb(env screen.Env) (path []string, state string) {
	path = []string{"changes"}
	if t := env.Snap.Topologies[s.only]; t != nil {
		path = append(path, safetext.Clean(t.Summary.Name))
	}
	shown, _ := s.table.Rows()
	state = fmt.Sprintf("%d since %s", shown, moment(env, env.Snap.Since))
	if n := env.Snap.FeedDropped; n > 0 {
		state += fmt.Sprintf(" · %d older dropped", n)
	}
	return path, state
}

func (s *changes) Position(screen.Env) string {
	row, of := s.table.Position()
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("row %d/%d", row, of)
}

func (s *changes) Keys() []key.Binding {
	return []key.Binding{s.keys.open, s.table.Keys.Filter, s.keys.only, s.keys.copy}
}

func (s *changes) Typing() bool { return s.table.Typing() }

func (s *changes) Escape() bool {
	if s.table.Escape() {
		return true
	}
	if s.only != "" {
		s.only, s.seq = "", 0
		return true
	}
	return false
}
