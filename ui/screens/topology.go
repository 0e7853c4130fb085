package screens

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Topology shows where time and tuples go, component by component.
var Topology = screen.Register(screen.Spec{
	ID: "topology", Title: "topology", Order: -1, Words: []string{"comp", "components"}, NeedsArg: true,
	About: "the components of a topology: where time and tuples go, what is the bottleneck and why",
	New:   newTopology,
})

// topology is the screen.
type topology struct {
	id     string
	opened time.Time
	keys   listKeys

	spouts, bolts, merged *kit.Table[componentRow]
	parts                 *kit.Sections
	spoutPart, boltPart   *kit.Section
	mergedPart, hintPart  *kit.Section

	seen  stamp
	look  look
	top   *cluster.Topology // as last seen alive
	row   topologyRow
	alive bool
	last  time.Time // when it was last seen alive
	page  *nimbusclient.Topology
	hints []diagnose.Hint
	thin  bool // columns are in the narrow order
	// dropped are the columns that a narrow list of spouts does without.
	dropped []string
	// touched says that a key was pressed: the cursor stays on its row.
	touched bool
	// longest is the width of the longest name of a component.
	longest int
	pick    *picker
}

func newTopology(env screen.Env, arg screen.Arg) screen.Screen {
	s := &topology{id: arg.TopologyID, opened: env.Now, keys: newListKeys("component")}
	table := func(columns []kit.Column[componentRow]) *kit.Table[componentRow] {
		t := kit.NewTable(func(r componentRow) string { return r.ID }, columns...)
		t.Level = func(r componentRow) kit.Level { return r.level }
		t.Changed = func(was, is componentRow) bool {
			return was.level != is.level || !same(was.Executors, is.Executors) || !same(was.Tasks, is.Tasks)
		}
		t.Order = kit.Order[componentRow]{Name: topologyOrder, Less: func(a, b componentRow) int { return a.rank - b.rank }}
		return t
	}
	s.spouts, s.bolts, s.merged = table(spoutColumns(&s.look)), table(boltColumns(&s.look)), table(mergedColumns(&s.look))
	s.spoutPart = &kit.Section{Title: "spouts", Body: s.spouts}
	s.boltPart = &kit.Section{Title: "bolts", Body: s.bolts}
	s.mergedPart = &kit.Section{Title: "components", Body: s.merged, Hide: true}
	s.hintPart = &kit.Section{NoCount: true, Body: &kit.Text{Lines: s.hintLines}}
	s.parts = kit.NewSections(s.spoutPart, s.boltPart, s.mergedPart, s.hintPart)
	if arg.Filter != "" {
		s.parts.SetFilter(arg.Filter)
	}
	s.sync(env)
	if arg.Component != "" {
		s.touched = true
		s.selectComponent(arg.Component)
	}
	return s
}

// topologyOrder is the order in which tuples meet the components.
const topologyOrder = "topology order"

// selectComponent puts the cursor on a component.
func (s *topology) selectComponent(id string) {
	switch {
	case s.spouts.Select(id):
		s.parts.Activate(s.spoutPart)
	case s.bolts.Select(id):
		s.parts.Activate(s.boltPart)
	}
	s.merged.Select(id)
}

// sync makes the rows anew when there is something new to show.
func (s *topology) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	if now := stampOf(env); s.seen != now {
		s.seen = now
		s.rebuild(env)
	}
	s.arrange()
	s.parts.SetWide(env.Wide)
	s.title(env)
}

// rebuild makes rows and hints of the snapshot.
func (s *topology) rebuild(env screen.Env) {
	s.alive = false
	for _, sum := range env.Snap.TopologyRows() {
		if sum.ID == s.id {
			s.alive = true
			s.last = env.Snap.ClusterAt
			s.row = newTopologyRow(env, sum, foundIn(env.Found).topologies[s.id])
		}
	}
	if t := env.Snap.Topologies[s.id]; t != nil {
		s.top = t
	}
	s.page = pageOf(s.top, env)
	s.hints = nil
	if s.top != nil {
		s.look.sampled = s.top.SampleRate != 1
		s.hints = diagnose.Hints(s.top, s.page, diagnose.Defaults())
	}
	rows := componentRows(env, s.top, s.page, s.hints)
	var spouts, bolts []componentRow
	s.longest = 0
	for _, r := range rows {
		s.longest = max(s.longest, safetext.Width(r.ID))
		if r.Kind == nimbusclient.Spout {
			spouts = append(spouts, r)
		} else {
			bolts = append(bolts, r)
		}
	}
	s.spouts.SetRows(spouts, env.Now)
	s.bolts.SetRows(bolts, env.Now)
	s.merged.SetRows(rows, env.Now)
	if !s.touched {
		s.spouts.MoveTo(0)
		s.bolts.MoveTo(0)
	}
}

// title names the sections.
func (s *topology) title(env screen.Env) {
	never := s.top == nil && !s.alive && env.Snap.Cluster != nil
	s.spoutPart.Hide, s.boltPart.Hide = never || !s.mergedPart.Hide, never || !s.mergedPart.Hide
	at := time.Time{}
	if s.top != nil {
		at = s.top.PageAt[cluster.PageKey{Window: env.Window, Sys: env.Sys}]
	}
	old := asOf(env, at)
	s.spoutPart.Note, s.boltPart.Note, s.mergedPart.Note = old, old, old
	s.boltPart.Right, s.mergedPart.Right = s.systemNote(env), s.systemNote(env)
	s.hintPart.Title = fmt.Sprintf("hints (%d)", len(s.hints))
	s.hintPart.Hide = len(s.hints) == 0
	empty := kit.Line(nil)
	if s.page == nil {
		empty = s.waiting(env)
	}
	s.spouts.Empty, s.bolts.Empty, s.merged.Empty = empty, empty, empty
	if len(empty) == 0 {
		s.spouts.Empty, s.bolts.Empty = kit.S(theme.Dim, "no spout"), kit.S(theme.Dim, "no bolt")
	}
}

func (s *topology) waiting(env screen.Env) kit.Line {
	var err error
	if s.top != nil {
		err = s.top.Errs["getTopologyPageInfo"]
	}
	return waiting(env, "getTopologyPageInfo", err, s.opened)
}

// systemNote says what S does here.
func (s *topology) systemNote(env screen.Env) kit.Line {
	if s.look.narrow() {
		return nil
	}
	if env.Sys {
		return kit.T("S hides system components")
	}
	n := 0
	if s.top != nil && s.top.Structure != nil {
		for _, c := range s.top.Structure.Components {
			if isSystem(c.ID) {
				n++
			}
		}
	}
	if n == 0 {
		return kit.T("S shows system components")
	}
	return kit.T("S shows " + plural(n, "system component"))
}

// hintLines are the hints, wrapped.
func (s *topology) hintLines(w int) []kit.Line {
	var lines []kit.Line
	for i, h := range s.hints {
		head := kit.T(" ").Then(kit.Line{kitLevel(h.Level).Span(s.look.g)}).Add(theme.Dim, fmt.Sprintf(" h%d ", i+1))
		for j, part := range wrap(safetext.Clean(h.Text), w-head.Width()-1) {
			if j > 0 {
				head = kit.T(safetext.Spaces(head.Width()))
			}
			lines = append(lines, kit.Cat(head).Text(part))
		}
	}
	return lines
}

// wrap breaks clean text between words so that no line is longer than w cells.
func wrap(text string, w int) []string {
	if w < 8 || safetext.Width(text) <= w {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case safetext.Width(line)+1+safetext.Width(word) <= w:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// Demand asks for the page in view, every executor where that is not too much,
// the structure and the configuration.
func (s *topology) Demand(env screen.Env) cluster.Demand {
	s.sync(env)
	d := cluster.Demand{
		Pages:      map[string][]cluster.PageKey{s.id: {{Window: env.Window, Sys: env.Sys}}},
		Structures: map[string]bool{s.id: true}, Confs: map[string]bool{s.id: true}, Window: env.Window,
	}
	if small(s.row.TopologySummary) {
		d.Infos = map[string]bool{s.id: true}
	}
	return d
}

// Typing reports whether all keys belong to a filter or a list.
func (s *topology) Typing() bool { return s.pick != nil || s.parts.Typing() }

// Escape closes the filter or the zoom.
func (s *topology) Escape() bool { return s.parts.Escape() }

// selected is the component under the cursor.
func (s *topology) selected() (componentRow, bool) {
	switch s.parts.Active() {
	case s.spoutPart:
		return s.spouts.Selected()
	case s.boltPart:
		return s.bolts.Selected()
	case s.mergedPart:
		return s.merged.Selected()
	}
	return componentRow{}, false
}

// Keys are the bindings that act now.
func (s *topology) Keys() []key.Binding {
	k := &s.keys
	keys := []key.Binding{k.graph, k.slots, k.conf, k.window, k.system}
	if _, on := s.selected(); !on {
		return keys
	}
	keys = append([]key.Binding{k.enter}, keys...)
	keys = append(keys, k.partKeys(s.parts.Active(), s.spoutPart, s.boltPart, s.mergedPart)...)
	switch s.parts.Active() {
	case s.spoutPart:
		keys = append(keys, rowKeys(k, s.spouts)...)
	case s.boltPart:
		keys = append(keys, rowKeys(k, s.bolts)...)
	default:
		keys = append(keys, rowKeys(k, s.merged)...)
	}
	if s.mergedPart.Hide {
		keys = append(keys, k.table.SortRight)
	} else {
		keys = append(keys, sortKeys(k, s.merged)...)
	}
	return append(keys, k.table.Zoom)
}

// Update answers keys, the mouse and new snapshots.
func (s *topology) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	s.touched = s.touched || byHand(msg)
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
	if wheel(msg, s.parts.Update) {
		return nil
	}
	if clicked(msg, func(y int) bool { return s.parts.Click(y - len(s.head(env))) }) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		s.parts.Update(msg)
		return nil
	}
	return s.press(env, press)
}

func (s *topology) press(env screen.Env, press tea.KeyPressMsg) tea.Cmd {
	k := &s.keys
	arg := screen.Arg{TopologyID: s.id}
	r, on := s.selected()
	switch {
	case key.Matches(press, k.window):
		return screen.ChooseWindow(nextWindow(env.Window))
	case key.Matches(press, k.system):
		return screen.ShowSystem(!env.Sys)
	case key.Matches(press, k.graph):
		arg.Component = r.ID
		return screen.Open("graph", arg)
	case key.Matches(press, k.slots):
		return screen.Open("slots", arg)
	case key.Matches(press, k.conf):
		return screen.Open("conf", arg)
	case key.Matches(press, k.order):
		s.pick = pickOrder(s.merged, func(title string) { s.merged.SortBy(title, false); s.merge() })
	case key.Matches(press, k.columns):
		s.pick = s.columns()
	case key.Matches(press, k.table.SortLeft, k.table.SortRight, k.table.Invert):
		s.merged.Update(press)
		s.merge()
	case on && key.Matches(press, k.enter):
		arg.Component = r.ID
		return screen.Open("component", arg)
	case on && key.Matches(press, k.copyID):
		return screen.Copy(r.ID, r.ID)
	case on && key.Matches(press, k.copy):
		return s.copyRow()
	default:
		s.parts.Update(press)
	}
	return nil
}

// name is the topology's name, its id while the name is not known.
func (s *topology) name() string {
	switch {
	case s.row.Name != "":
		return safetext.Clean(s.row.Name)
	case s.top != nil && s.top.Summary.Name != "":
		return safetext.Clean(s.top.Summary.Name)
	}
	return safetext.Clean(s.id)
}

// Crumb names the topology and how it is looked at.
func (s *topology) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	name := s.name()
	if s.row.Status != "" {
		name += "  " + statusCell(&s.look, s.row).Plain()
	}
	parts := []string{s.look.window()}
	if !s.look.narrow() {
		parts = append(parts, "sort "+s.sortName(env))
	}
	if f := s.parts.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	if n := s.parts.HiddenColumns() + len(s.dropped); n > 0 && s.page != nil {
		parts = append(parts, hiddenColumns(n))
	}
	if !s.look.narrow() {
		parts = append(parts, statsAge(env, s.top))
	}
	return []string{"topologies", name}, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *topology) Position(env screen.Env) string {
	s.sync(env)
	row, of := s.parts.Position()
	switch {
	case of == 0:
		return ""
	case s.look.narrow():
		return fmt.Sprintf("%d/%d", row, of)
	}
	return fmt.Sprintf("row %d/%d", row, of)
}

// Help explains the columns.
func (s *topology) Help(screen.Env) []string {
	return []string{
		"EX/TA: executors (threads) and tasks. KIND: jvm, or the interpreter of the child process.",
		"~IN/S ~OUT/S ~ACK/S: per second, added up over executors; tick and system tuples are in ~IN/S, as Storm counts them.",
		"CAPACITY: 1.00 is one thread busy all the time, over 10 minutes whatever the window. L in its place: the mean number",
		"of tuples inside a task of a bolt in a child process (rate × process latency); above 1 tuples wait, unless it batches.",
		"EXECUTE, PROCESS: time in execute, and until the ack. ~FAIL: failed of acked and failed input.",
		"SKEW: work of the busiest executor per task, against the mean of the others; it needs all executors (up to 2,000).",
		"ERR: errors in the last 10 minutes as far as Storm lists them or they were seen.",
		"Sorting by a column puts spouts and bolts into one list; < goes back to topology order.",
	}
}

// View draws the windows, spouts, bolts and hints.
func (s *topology) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	s.sync(env)
	p := paintOf(env, size)
	p.Stale = p.Stale || !s.alive && s.top != nil
	lines := s.head(env)
	text := &kit.Text{Lines: func(int) []kit.Line { return lines }}
	head := text.Draw(p.Sized(size.W, min(len(lines), size.H)))
	room := size.H - len(head)
	// The titles of the spouts go first: the bolts' below explain them.
	need := 8 + len(s.hintLines(size.W))
	for _, t := range []*kit.Table[componentRow]{s.spouts, s.bolts} {
		shown, _ := t.Rows()
		need += max(shown, 1)
	}
	s.spouts.NoTitles = s.look.narrow() && need-2 > room
	rows := p.Stack(head, s.parts.Draw(p.Sized(size.W, room)))
	if s.pick != nil {
		rows = s.pick.over(p, rows)
	}
	return kit.Join(rows)
}
