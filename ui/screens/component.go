package screens

import (
	"fmt"
	"math"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Component shows one component's executors side by side, its streams and its
// errors.
var Component = screen.Register(screen.Spec{
	ID: "component", Title: "component", Order: -1, NeedsArg: true,
	About: "one component: its executors side by side, its streams, its errors",
	New:   newComponent,
})

// component is the screen.
type component struct {
	id, name string // of the topology, of the component
	opened   time.Time
	keys     listKeys
	source   key.Binding // of an input stream
	unfold   key.Binding

	executors *kit.Table[executorRow]
	inputs    *kit.Table[inputRow]
	outputs   *kit.Table[outputRow]
	errors    *kit.Table[errorRow]
	unfolded  map[string]bool
	parts     *kit.Sections

	executorPart, heatPart, inputPart, outputPart, errorPart *kit.Section

	seen  stamp
	look  look
	top   *cluster.Topology
	row   topologyRow
	page  *nimbusclient.Component
	spec  *nimbusclient.ComponentSpec
	rates cluster.ComponentRates
	alive bool
	last  time.Time // when the topology was last seen alive
	// spout and shell say which columns the executors have.
	spout, shell bool
	touched      bool // a key was pressed: the cursor stays on its row
	rows         []executorRow
	heat         heat
	verdict      string
	pick         *picker
}

func newComponent(env screen.Env, arg screen.Arg) screen.Screen {
	s := &component{
		id: arg.TopologyID, name: arg.Component, opened: env.Now, keys: newListKeys("worker"),
		source: kit.Bind("enter", "source", "enter"), unfold: kit.Bind("enter", "unfold", "enter"), unfolded: map[string]bool{},
	}
	s.spout, s.shell = s.isSpout(env), s.isShell(env)
	s.executors = kit.NewTable(func(r executorRow) string { return r.ID.String() }, executorColumns(&s.look, s.spout, s.shell)...)
	s.executors.Level = func(r executorRow) kit.Level { return r.level }
	s.executors.Order = kit.Order[executorRow]{Name: "EXECUTED", Less: byWork}
	s.executors.Changed = func(was, is executorRow) bool { return was.Host != is.Host || was.Port != is.Port }
	s.inputs = kit.NewTable(func(r inputRow) string { return r.Component + "\x00" + r.Stream }, inputColumns()...)
	s.inputs.Order = kit.Order[inputRow]{Name: asListed}
	s.outputs = kit.NewTable(func(r outputRow) string { return r.Stream }, outputColumns()...)
	s.outputs.NoCursor = true
	s.errors = kit.NewTable(func(r errorRow) string { return r.key }, errorColumns(&s.look)...)
	s.errors.NoTitles = true
	s.errors.Level = func(r errorRow) kit.Level { return r.level }
	s.errors.Extra = func(r errorRow, _ int) []kit.Line { return s.stack(r) }
	s.executorPart = &kit.Section{Title: "executors", Body: s.executors, Gap: true}
	s.heatPart = &kit.Section{Body: &kit.Text{Lines: s.heatLines}, NoCount: true, Hide: true}
	s.inputPart = &kit.Section{Title: "input streams", Body: s.inputs}
	s.outputPart = &kit.Section{Title: "output streams", Body: s.outputs}
	s.errorPart = &kit.Section{Title: "errors", Body: s.errors}
	s.parts = kit.NewSections(s.heatPart, s.executorPart, s.inputPart, s.outputPart, s.errorPart)
	return s
}

// isSpout goes by what is known first: the structure is read once, a page once
// a heartbeat.
func (s *component) isSpout(env screen.Env) bool {
	t := env.Snap.Topologies[s.id]
	if c := spec(t, s.name); c != nil {
		return c.Kind == nimbusclient.Spout
	}
	if p := s.pageOf(env, t); p != nil {
		return p.Kind == nimbusclient.Spout
	}
	return false
}

func (s *component) isShell(env screen.Env) bool {
	c := spec(env.Snap.Topologies[s.id], s.name)
	return c != nil && c.Shell != nil
}

// pageOf is the component's page of the window; the page with the other system
// switch stands in until it is read.
func (s *component) pageOf(env screen.Env, t *cluster.Topology) *nimbusclient.Component {
	if t == nil {
		return nil
	}
	k := cluster.ComponentKey{Component: s.name, Window: env.Window, Sys: env.Sys}
	if p := t.Components[k]; p != nil {
		return p
	}
	k.Sys = !env.Sys
	return t.Components[k]
}

// sync makes the rows anew when there is something new to show.
func (s *component) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	if now := stampOf(env); s.seen != now {
		s.seen = now
		s.rebuild(env)
	}
	for i := range s.executors.Columns {
		switch c := &s.executors.Columns[i]; strings.TrimPrefix(c.Title, "~") {
		case columnStorm:
			c.Hidden = !env.Wide
		case "TREND":
			c.Min = s.look.trend(14)
		}
	}
	s.parts.SetWide(env.Wide)
	s.titles(env)
}

func (s *component) rebuild(env screen.Env) {
	spout, shell := s.isSpout(env), s.isShell(env)
	if t := env.Snap.Topologies[s.id]; t != nil {
		s.top = t
	}
	s.alive = false
	for _, sum := range env.Snap.TopologyRows() {
		if sum.ID == s.id {
			s.alive, s.last = true, env.Snap.ClusterAt
			s.row = newTopologyRow(env, sum, kit.LevelNone)
		}
	}
	s.page, s.spec = s.pageOf(env, s.top), spec(s.top, s.name)
	s.rates = cluster.ComponentRates{In: unknownRate(), Out: unknownRate(), Acked: unknownRate(), Failed: unknownRate(), Skew: math.NaN(), Load: cluster.Load{Value: math.NaN(), Capacity: math.NaN()}}
	if s.top != nil {
		s.look.sampled = s.top.SampleRate != 1
		if r, ok := s.top.Rates.Components[s.name]; ok {
			s.rates = r
		}
	}
	if s.spout != spout || s.shell != shell {
		s.spout, s.shell = spout, shell
		s.executors.Columns = executorColumns(&s.look, spout, shell)
		s.executors.SortBy("", false)
	}
	s.rows = executorRows(env, s.top, s.page, s.name)
	s.heat, s.verdict = newHeat(s.rows, spout), verdict(s.rows, s.rates.Skew)
	s.executors.SetRows(s.rows, env.Now)
	if !s.touched {
		s.executors.MoveTo(0)
	}
	s.inputs.SetRows(inputRows(env, s.page, s.spec), env.Now)
	s.outputs.SetRows(outputRows(env, s.page, s.spec), env.Now)
	s.errors.SetRows(errorRows(env, s.top, s.page, s.name), env.Now)
	retitle(s.look.sampled, s.executors.Columns)
	retitle(s.look.sampled, s.inputs.Columns)
	retitle(s.look.sampled, s.outputs.Columns)
}

// retitle marks the titles of counters as sampled, or not.
func retitle[R any](sampled bool, columns []kit.Column[R]) {
	for i := range columns {
		switch bare := strings.TrimPrefix(columns[i].Title, "~"); bare {
		case "IN/S", "OUT/S", "TREND", "ACKED", "FAILED", "EXECUTED", "EMITTED", "TRANSFERRED":
			columns[i].Title = sampledTitle(sampled, bare)
		}
	}
}

// titles names the sections.
func (s *component) titles(env screen.Env) {
	var at time.Time
	if s.top != nil {
		at = s.top.ComponentAt[cluster.ComponentKey{Component: s.name, Window: env.Window, Sys: env.Sys}]
	}
	old := asOf(env, at)
	never := s.top == nil && !s.alive && env.Snap.Cluster != nil
	s.executorPart.Hide, s.outputPart.Hide, s.errorPart.Hide = never, never, never
	for _, part := range []*kit.Section{s.executorPart, s.inputPart, s.outputPart, s.errorPart} {
		part.Note = old
	}
	strips := len(s.rows) > heatInRule
	s.heatPart.Hide = !strips
	s.executorPart.Right = nil
	if !strips {
		s.executorPart.Right = s.heat.inRule(&s.look, s.rates.Skew)
	}
	s.inputPart.Hide = s.spout || never
	s.executors.Empty = s.waiting(env)
	s.inputs.Empty = kit.S(theme.Dim, "none in the window")
	s.outputs.Empty = kit.S(theme.Dim, "none")
	if s.page == nil {
		s.inputs.Empty, s.outputs.Empty = none(), none()
	}
	s.errors.Empty = kit.S(theme.Dim, "none seen since "+moment(env, env.Snap.Since))
	if s.page != nil {
		s.errors.Empty = s.errors.Empty.Add(theme.Dim, "; Storm's own list is empty too")
	}
	s.errorPart.Right = nil
	if s.look.w >= full {
		s.errorPart.Right = kit.T("Storm keeps 10 until the worker's session ends")
	}
}

// waiting stands in place of the executors.
func (s *component) waiting(env screen.Env) kit.Line {
	var err error
	if s.top != nil {
		err = s.top.Errs["getComponentPageInfo"]
	}
	if s.page == nil {
		return waiting(env, "getComponentPageInfo", err, s.opened)
	}
	text := "No executor has reported yet"
	if env.Snap.ZK != nil {
		if a, ok := env.Snap.ZK.Assignments[s.id]; ok && !a.Mtime.IsZero() {
			text += " (assigned " + human.Age(env.Now.Sub(a.Mtime)) + " ago)"
		}
	}
	return kit.T(text + ".")
}

// stack gives the lines of an unfolded error.
func (s *component) stack(r errorRow) []kit.Line {
	if !s.unfolded[r.key] {
		return nil
	}
	const most = 40
	var lines []kit.Line
	for i, text := range safetext.Lines(r.text, most) {
		if i > 0 {
			lines = append(lines, kit.S(theme.Dim, "  "+text))
		}
	}
	return lines
}

// heatLines are the strips of a component with many executors.
func (s *component) heatLines(int) []kit.Line { return s.heat.strips(&s.look, s.rates.Skew) }

// Demand asks for the component's page, every executor where that is not too
// much, and the structure.
func (s *component) Demand(env screen.Env) cluster.Demand {
	s.sync(env)
	d := cluster.Demand{
		Components: map[string][]cluster.ComponentKey{s.id: {{Component: s.name, Window: env.Window, Sys: env.Sys}}},
		Structures: map[string]bool{s.id: true}, Confs: map[string]bool{s.id: true}, Window: env.Window,
	}
	if small(s.row.TopologySummary) {
		d.Infos = map[string]bool{s.id: true}
	}
	return d
}

// Typing reports whether all keys belong to a filter or a list.
func (s *component) Typing() bool { return s.pick != nil || s.parts.Typing() }

// Escape closes the filter or the zoom.
func (s *component) Escape() bool { return s.parts.Escape() }

// Keys are the bindings that act now.
func (s *component) Keys() []key.Binding {
	k := &s.keys
	var first, last []key.Binding
	switch s.parts.Active() {
	case s.executorPart:
		if _, on := s.executors.Selected(); on {
			first = append(first, k.enter)
		}
		last = append(rowKeys(k, s.executors), sortKeys(k, s.executors)...)
	case s.inputPart:
		if _, on := s.inputs.Selected(); on {
			first = append(first, s.source)
		}
		last = append(rowKeys(k, s.inputs), sortKeys(k, s.inputs)...)
	case s.errorPart:
		if _, on := s.errors.Selected(); on {
			first = append(first, s.unfold)
		}
		last = rowKeys(k, s.errors)
	}
	keys := append(first, k.graph, k.slots, k.conf, k.window, k.system)
	if len(last) == 0 {
		return keys
	}
	keys = append(keys, k.partKeys(s.parts.Active(), s.executorPart, s.inputPart, s.errorPart)...)
	return append(append(keys, last...), k.table.Zoom)
}

// Update answers keys, the mouse and new snapshots.
func (s *component) Update(env screen.Env, msg tea.Msg) tea.Cmd {
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

func (s *component) press(env screen.Env, press tea.KeyPressMsg) tea.Cmd {
	k := &s.keys
	arg := screen.Arg{TopologyID: s.id, Component: s.name}
	switch {
	case key.Matches(press, k.window):
		return screen.ChooseWindow(nextWindow(env.Window))
	case key.Matches(press, k.system):
		return screen.ShowSystem(!env.Sys)
	case key.Matches(press, k.graph):
		return screen.Open("graph", arg)
	case key.Matches(press, k.slots):
		return screen.Open("slots", screen.Arg{TopologyID: s.id})
	case key.Matches(press, k.conf):
		return screen.Open("conf", arg)
	case key.Matches(press, k.order):
		s.pick = s.orders()
	case key.Matches(press, k.columns):
		s.pick = s.columns()
	case key.Matches(press, k.enter):
		return s.open(env)
	case key.Matches(press, k.copyID):
		return s.copyID()
	case key.Matches(press, k.copy):
		return s.copyRow()
	default:
		s.parts.Update(press)
	}
	return nil
}

// Crumb names the component, its kind and language.
func (s *component) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	topology := s.id
	if s.top != nil {
		topology = s.top.Summary.Name
	}
	name := safetext.Clean(s.name)
	if s.spec != nil || s.page != nil {
		name += "  bolt"
		if s.spout {
			name = safetext.Clean(s.name) + "  spout"
		}
	}
	if lang := language(s.spec); lang != "" {
		name += ", " + safetext.Clean(lang)
	}
	parts := []string{s.look.window()}
	if !s.look.narrow() {
		parts = append(parts, "sort "+s.executors.SortName(env.Theme.Glyphs))
	}
	if f := s.parts.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	if n := s.parts.HiddenColumns(); n > 0 && s.page != nil {
		parts = append(parts, hiddenColumns(n))
	}
	return []string{"topologies", safetext.Clean(topology), name}, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *component) Position(env screen.Env) string {
	s.sync(env)
	name := "executor"
	row, of := s.executors.Position()
	switch s.parts.Active() {
	case s.inputPart:
		name = "stream"
		row, of = s.inputs.Position()
	case s.errorPart:
		name = "error"
		row, of = s.errors.Position()
	}
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d/%d", name, row, of)
}

// Help explains the columns.
func (s *component) Help(screen.Env) []string {
	return []string{
		"ceiling: a component cannot have more executors than tasks; tasks are fixed at submit.",
		"SHARE: of the component's executed tuples. CAPACITY as on the topology; 10 minutes whatever the window.",
		"heat: value of each executor against the largest, in four levels, in the order of their tasks.",
		"verdict: hot key when one executor has more to do and is not slower than the others; slow host when execute takes",
		"longer for all executors of one host; even when skew < 1.5.",
		"Storm lists at most 10 errors of a component and on 2.x forgets them with the worker's ZooKeeper session.",
	}
}

// View draws the facts, executors, streams and errors.
func (s *component) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	s.sync(env)
	p := paintOf(env, size)
	p.Stale = p.Stale || !s.alive && s.top != nil
	lines := s.head(env)
	text := &kit.Text{Lines: func(int) []kit.Line { return lines }}
	head := text.Draw(p.Sized(size.W, min(len(lines), size.H)))
	rows := p.Stack(head, s.parts.Draw(p.Sized(size.W, size.H-len(head))))
	if s.pick != nil {
		rows = s.pick.over(p, rows)
	}
	return kit.Join(rows)
}
