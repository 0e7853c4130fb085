package screens

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// Cluster is the overview: is it whole, how full is it, who leads.
var Cluster = screen.Register(screen.Spec{
	ID: "cluster", Title: "cluster", Short: "clus", Order: 1, Key: kit.Bind("1", "cluster", "1"),
	Words: []string{"cluster", "c"},
	About: "nimbuses, supervisors and topologies: is the cluster whole, how full is it, who leads",
	New:   newOverview,
})

// overview is the screen.
type overview struct {
	opened time.Time
	keys   listKeys
	sumAll key.Binding
	sum    bool // all topologies are added up, however many there are

	nimbuses    *kit.Table[nimbusRow]
	supervisors *kit.Table[hostRow]
	topologies  *kit.Table[topologyRow]
	parts       *kit.Sections
	sections    [3]*kit.Section

	seen   stamp
	folded bool // alike supervisors share a line
	rows   []topologyRow
	facts  overviewFacts
	look   look
	pick   *picker
	env    screen.Env
}

func newOverview(env screen.Env, arg screen.Arg) screen.Screen {
	s := &overview{opened: env.Now, keys: newListKeys("open"), sumAll: kit.Bind("A", "sum all topologies", "A")}
	s.nimbuses = kit.NewTable(func(r nimbusRow) string { return r.addr }, nimbusColumns()...)
	s.nimbuses.Level = func(r nimbusRow) kit.Level { return r.level }
	s.nimbuses.Changed = func(was, is nimbusRow) bool { return was.role != is.role }
	s.supervisors = kit.NewTable(func(r hostRow) string { return r.ID }, supervisorColumns(&s.look)...)
	s.supervisors.Level = func(r hostRow) kit.Level { return r.level }
	s.supervisors.Text = hostText
	s.supervisors.Changed = func(was, is hostRow) bool {
		return was.level != is.level || was.used != is.used || was.slots != is.slots
	}
	s.supervisors.Order = kit.Order[hostRow]{Name: asListed}
	s.nimbuses.Order = kit.Order[nimbusRow]{Name: asListed}
	s.topologies = kit.NewTable(topologyKey, overviewTopologyColumns(&s.look)...)
	s.topologies.Level = func(r topologyRow) kit.Level { return r.level }
	s.topologies.Changed = func(was, is topologyRow) bool { return was.Status != is.Status || was.level != is.level }
	s.topologies.Order = kit.Order[topologyRow]{Name: "PROBLEM", Less: byProblem}
	s.sections = [3]*kit.Section{
		{Title: "nimbuses", Body: s.nimbuses, Gap: true},
		{Title: "supervisors", NoCount: true, Body: s.supervisors, Gap: true},
		{Title: "topologies", Body: s.topologies},
	}
	s.parts = kit.NewSections(s.sections[:]...)
	if arg.Filter != "" {
		s.parts.SetFilter(arg.Filter)
	}
	return s
}

// sync makes the rows anew when there is something new to show.
func (s *overview) sync(env screen.Env) {
	s.env = env
	s.look.env, s.look.g = env, env.Theme.Glyphs
	fold := s.look.narrow()
	if now := stampOf(env); s.seen != now || s.folded != fold {
		s.seen, s.folded = now, fold
		s.rows = topologyRows(env)
		s.look.sampled = sampled(s.rows)
		s.facts = newOverviewFacts(env, s.rows)
		s.nimbuses.SetRows(nimbusRows(env), env.Now)
		s.supervisors.SetRows(hostRows(env, fold), env.Now)
		s.topologies.SetRows(s.rows, env.Now)
	}
	s.parts.SetWide(env.Wide)
	for i := range s.topologies.Columns {
		c := &s.topologies.Columns[i]
		switch bare := strings.TrimPrefix(c.Title, "~"); bare {
		case "STATUS":
			c.Min = max(s.look.statusWidth(changing(s.rows)), 9)
		case "NAME":
			c.Min = s.look.nameWidth(longestName(s.rows)+2, 18)
		case "ACKED/S", "FAIL":
			c.Title = sampledTitle(s.look.sampled, bare)
		case columnStorm:
			c.Hidden = !env.Wide
		}
	}
	s.nothing(env)
	s.sections[1].Title = fmt.Sprintf("supervisors (%d)", len(env.Snap.Hosts))
	old := asOf(env, env.Snap.ClusterAt)
	for _, section := range s.sections {
		section.Note = old
	}
	if missing := partial(s.look.g, s.rows); missing != nil && old != nil {
		s.sections[2].Note = missing.Text(" ").Then(old)
	} else if missing != nil {
		s.sections[2].Note = missing
	}
	if s.look.w >= full {
		s.sections[2].Right = kit.T("2 opens the full list")
	} else {
		s.sections[2].Right = nil
	}
}

// nothing says what stands in empty sections.
func (s *overview) nothing(env screen.Env) {
	if env.Snap.Cluster == nil {
		wait := waiting(env, "getClusterInfo", env.Snap.Link.NimbusErr, s.opened)
		s.nimbuses.Empty = wait
		s.supervisors.Empty, s.topologies.Empty = wait, wait
		return
	}
	s.nimbuses.Empty = kit.T("This version of Storm does not list its Nimbuses.")
	s.supervisors.Empty = kit.T("No supervisor is registered. Start one with storm supervisor; this list follows.")
	s.topologies.Empty = kit.T("No topology is running. Submit one with storm jar; this list follows.")
}

// Demand asks for all topologies where that is not too much, and for the hosts'
// workers where ZooKeeper does not tell them.
func (s *overview) Demand(env screen.Env) cluster.Demand {
	s.sync(env)
	d := cluster.Demand{Window: env.Window, NimbusConf: true}
	switch {
	case len(s.rows) <= manyTopologies || s.sum:
		d = readAll(env, s.rows)
		d.AllTopologies, d.NimbusConf = true, true
	default:
		d = readAll(env, s.topologies.Visible())
		d.NimbusConf = true
	}
	if env.Snap.ZK == nil {
		d.Hosts = map[string]bool{"*": true}
	}
	return d
}

// Typing reports whether all keys belong to a filter or a list.
func (s *overview) Typing() bool { return s.pick != nil || s.parts.Typing() }

// Escape closes the filter or the zoom.
func (s *overview) Escape() bool { return s.parts.Escape() }

// Keys are the bindings that act now.
func (s *overview) Keys() []key.Binding {
	k := &s.keys
	var keys []key.Binding
	if s.arg() != (destination{}) {
		keys = append(keys, k.enter)
	}
	keys = append(keys, k.partKeys(s.parts.Active(), s.sections[:]...)...)
	if s.selectedTopology().ID != "" {
		keys = append(keys, k.graph, k.slots)
	}
	if s.arg() != (destination{}) && s.parts.Active() != s.sections[1] {
		keys = append(keys, k.conf)
	}
	keys = append(keys, k.window)
	if len(s.rows) > manyTopologies && !s.sum {
		keys = append(keys, s.sumAll)
	}
	switch s.parts.Active() {
	case s.sections[0]:
		keys = append(append(keys, rowKeys(k, s.nimbuses)...), sortKeys(k, s.nimbuses)...)
	case s.sections[1]:
		keys = append(append(keys, rowKeys(k, s.supervisors)...), sortKeys(k, s.supervisors)...)
	default:
		keys = append(append(keys, rowKeys(k, s.topologies)...), sortKeys(k, s.topologies)...)
	}
	if s.arg() == (destination{}) {
		return keys
	}
	return append(keys, k.table.Zoom)
}

// destination is what enter opens.
type destination struct {
	id  screen.ID
	arg screen.Arg
}

// arg is the screen that explains the row under the cursor; its zero value for
// a row that none does.
func (s *overview) arg() destination {
	switch s.parts.Active() {
	case s.sections[0]:
		if _, ok := s.nimbuses.Selected(); ok {
			return destination{id: "connections"}
		}
	case s.sections[1]:
		if r, ok := s.supervisors.Selected(); ok {
			return destination{id: "supervisor", arg: screen.Arg{Host: r.ID}}
		}
	case s.sections[2]:
		if r, ok := s.topologies.Selected(); ok {
			return destination{id: "topology", arg: screen.Arg{TopologyID: r.ID}}
		}
	}
	return destination{}
}

func (s *overview) selectedTopology() topologyRow {
	if s.parts.Active() != s.sections[2] {
		return topologyRow{}
	}
	r, _ := s.topologies.Selected()
	return r
}

// Update answers keys, the mouse and new snapshots.
func (s *overview) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	if s.pick != nil {
		if !s.pick.update(msg) {
			s.pick = nil
		}
		return nil
	}
	if s.parts.Typing() {
		s.parts.Update(msg)
		return nil
	}
	if wheel(msg, s.parts.Update) || s.clicked(msg) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		s.parts.Update(msg)
		return nil
	}
	return s.press(env, press)
}

// clicked gives a click to the tables, which begin below the summary.
func (s *overview) clicked(msg tea.Msg) bool {
	head := len(s.facts.lines(&s.look)) + 1
	return clicked(msg, func(y int) bool { return s.parts.Click(y - head) })
}

func (s *overview) press(env screen.Env, press tea.KeyPressMsg) tea.Cmd {
	k := &s.keys
	on := s.arg()
	t := s.selectedTopology()
	switch {
	case key.Matches(press, k.window):
		return screen.ChooseWindow(nextWindow(env.Window))
	case key.Matches(press, k.order):
		s.pick = s.orders()
	case key.Matches(press, k.columns):
		s.pick = s.columns()
	case key.Matches(press, s.sumAll) && len(s.rows) > manyTopologies:
		s.sum = true
	case on != (destination{}) && key.Matches(press, k.enter):
		return screen.Open(on.id, on.arg)
	case key.Matches(press, k.conf):
		return s.conf(on)
	case t.ID != "" && key.Matches(press, k.graph):
		return screen.Open("graph", on.arg)
	case t.ID != "" && key.Matches(press, k.slots):
		return screen.Open("slots", on.arg)
	case on != (destination{}) && key.Matches(press, k.copyID):
		return s.copyID()
	case on != (destination{}) && key.Matches(press, k.copy):
		return s.copyRow()
	default:
		s.parts.Update(press)
	}
	return nil
}

// conf opens a topology's configuration, or Nimbus' from one of its rows.
func (s *overview) conf(on destination) tea.Cmd {
	switch on.id {
	case "connections":
		return screen.Open("conf", screen.Arg{})
	case "topology":
		return screen.Open("conf", on.arg)
	}
	return nil
}

func (s *overview) copyID() tea.Cmd {
	switch s.parts.Active() {
	case s.sections[0]:
		r, _ := s.nimbuses.Selected()
		return screen.Copy(r.addr, r.addr)
	case s.sections[1]:
		r, _ := s.supervisors.Selected()
		return screen.Copy(r.Name, r.Name)
	}
	id := s.selectedTopology().ID
	return screen.Copy(id, id)
}

func (s *overview) copyRow() tea.Cmd {
	switch s.parts.Active() {
	case s.sections[0]:
		return copyRow(s.nimbuses)
	case s.sections[1]:
		return copyRow(s.supervisors)
	}
	return copyRow(s.topologies)
}

// orders lists the orders of the table that the cursor is in.
func (s *overview) orders() *picker {
	switch s.parts.Active() {
	case s.sections[0]:
		return pickOrder(s.nimbuses, func(title string) { s.nimbuses.SortBy(title, false) })
	case s.sections[1]:
		return pickOrder(s.supervisors, func(title string) { s.supervisors.SortBy(title, false) })
	}
	return pickOrder(s.topologies, func(title string) { s.topologies.SortBy(title, false) })
}

// columns lists the columns of the table that the cursor is in.
func (s *overview) columns() *picker {
	switch s.parts.Active() {
	case s.sections[0]:
		return pickColumns(s.look.g, s.nimbuses)
	case s.sections[1]:
		return pickColumns(s.look.g, s.supervisors)
	}
	return pickColumns(s.look.g, s.topologies, columnStorm)
}

// Crumb names the screen; the right end explains the summary.
func (s *overview) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	var parts []string
	if s.look.w >= full {
		parts = append(parts, "acked rate is the sum over topologies")
	}
	if f := s.parts.Filter(); f != "" {
		shown, all := s.parts.Rows()
		parts = append(parts, fmt.Sprintf("filter %s: %d of %d", safetext.Cut(f, 20), shown, all))
	}
	if n := len(s.topologies.Marked()); n > 0 {
		parts = append(parts, fmt.Sprintf("%s%d", env.Theme.Glyphs.Mark, n))
	}
	if n := s.parts.HiddenColumns(); n > 0 && s.facts.known {
		parts = append(parts, hiddenColumns(n))
	}
	return []string{"cluster"}, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *overview) Position(env screen.Env) string {
	s.sync(env)
	active := s.parts.Active()
	if active == nil {
		return ""
	}
	row, of := s.parts.Position()
	switch {
	case of == 0:
		return ""
	case s.look.narrow():
		return fmt.Sprintf("%d/%d", row, of)
	}
	name := "topologies"
	switch active {
	case s.sections[0]:
		name = "nimbuses"
		row, of = s.nimbuses.Position()
	case s.sections[1]:
		name = "supervisors"
		row, of = s.supervisors.Position()
	default:
		row, of = s.topologies.Position()
	}
	return fmt.Sprintf("%s %d/%d", name, row, of)
}

// Help explains the columns.
func (s *overview) Help(screen.Env) []string {
	return []string{
		"executors and tasks count ackers, as the Storm UI does.",
		"acked, failed: added up over the topologies in the chosen window; above 40 topologies A asks for all of them.",
		"memory, cpu: only where scheduler.display.resource is true.",
		"BLACKL: Nimbus places nothing on this supervisor; ? before Storm 2.2.",
		"CAPMAX: the busiest bolt's capacity and its name; L for a bolt in a child process: mean number of tuples in a task.",
		"d on a Nimbus opens its configuration.",
	}
}

// View draws the summary and the three lists.
func (s *overview) View(env screen.Env, size screen.Size) string {
	s.look.w = size.W
	s.sync(env)
	p := paintOf(env, size)
	summary := &kit.Text{Lines: func(int) []kit.Line { return s.facts.lines(&s.look) }}
	head := summary.Draw(p.Sized(size.W, min(len(s.facts.lines(&s.look))+1, size.H)))
	room := size.H - len(head)
	s.squeeze(room)
	rows := p.Stack(head, s.parts.Draw(p.Sized(size.W, room)))
	if s.pick != nil {
		rows = s.pick.over(p, rows)
	}
	return kit.Join(rows)
}

// squeeze leaves out blank lines, then column titles, while the lists do not
// fit.
func (s *overview) squeeze(room int) {
	need := 0
	for _, t := range []interface{ Rows() (int, int) }{s.nimbuses, s.supervisors, s.topologies} {
		shown, _ := t.Rows()
		need += max(shown, 1) + 3 // rule, titles, blank
	}
	need-- // no blank after the last
	gaps := need <= room
	s.sections[0].Gap, s.sections[1].Gap = gaps, gaps
	titles := need-2 <= room
	s.nimbuses.NoTitles, s.supervisors.NoTitles, s.topologies.NoTitles = !titles, !titles, !titles
}
