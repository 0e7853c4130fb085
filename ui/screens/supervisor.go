package screens

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

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

// Supervisor is one host: its workers, what each runs, how long, how often it
// restarted.
var Supervisor = screen.Register(screen.Spec{
	ID: "supervisor", Title: "supervisor", Order: -1,
	About: "one host: its workers, their lives, the executors of the worker under the cursor",
	New:   func(env screen.Env, arg screen.Arg) screen.Screen { return newSupervisor(env, arg) },
})

// livesCells is how wide the picture of a worker's lives is.
const livesCells = 22

// workerRow is one worker of the host.
type workerRow struct {
	cluster.Slot
	topology *cluster.Topology
	level    kit.Level
	tasks    map[string]int64 // tasks by component; nil when not known
}

func (r workerRow) key() string { return fmt.Sprint(r.Port) }

// lifeRow is one executor of the worker under the cursor.
type lifeRow struct {
	component string
	id        nimbusclient.ExecutorID
	uptime    *int
	stats     *nimbusclient.ExecutorStats
	rates     cluster.ExecutorRates
	known     bool
}

type supervisor struct {
	host      string // supervisor id
	want      int    // port to put the cursor on first
	workers   *kit.Table[workerRow]
	executors *kit.Table[lifeRow]
	facts     *kit.Text
	lives     *kit.Text
	livesPart *kit.Section
	execPart  *kit.Section
	body      *kit.Sections
	keys      struct{ open, copy key.Binding }
	seq       uint64
}

func newSupervisor(env screen.Env, arg screen.Arg) *supervisor {
	s := &supervisor{host: arg.Host, want: arg.Port, facts: kit.NewText(), lives: kit.NewText()}
	s.keys.open = kit.Bind("enter", "component", "enter")
	s.keys.copy = kit.Bind("y", "copy host:port", "y")
	g := env.Theme.Glyphs
	s.workers = kit.NewTable(workerRow.key,
		kit.Column[workerRow]{Title: "PORT", Min: 5, Cell: func(r workerRow) kit.Line { return kit.T(fmt.Sprint(r.Port)) }},
		kit.Column[workerRow]{Title: "TOPOLOGY", Min: 12, Max: 24, Fit: true, Cell: workerTopology},
		kit.Column[workerRow]{Title: "EXEC", Min: 4, Align: kit.Right, Cell: func(r workerRow) kit.Line {
			if r.Executors == 0 {
				return none()
			}
			return kit.T(fmt.Sprint(r.Executors))
		}},
		kit.Column[workerRow]{Title: "UP", Min: 7, Align: kit.Right, Cell: func(r workerRow) kit.Line {
			if r.TopologyID == "" {
				return none()
			}
			return ageCell(r.UptimeSecs)
		}},
		kit.Column[workerRow]{Title: "RESTARTS", Min: 8, Align: kit.Right, Priority: 2, Cell: func(r workerRow) kit.Line {
			if r.TopologyID == "" {
				return none()
			}
			return kit.T(fmt.Sprint(r.Restarts))
		}},
		kit.Column[workerRow]{Title: "LIVES, newest right", Min: livesCells, Priority: 5, Gap: 1, Cell: func(r workerRow) kit.Line {
			return livesLine(g, r.Slot)
		}},
		kit.Column[workerRow]{Title: "COMPONENTS (tasks)", Min: 18, Flex: 1, Priority: 4, CutEnd: true, Cell: func(r workerRow) kit.Line {
			return kit.S(theme.Dim, componentsWord(r))
		}},
	)
	s.workers.Level = func(r workerRow) kit.Level { return r.level }
	s.workers.Empty = kit.T("No worker on this host.")
	s.executors = executorTable(env)
	s.livesPart = &kit.Section{Title: "restarts", NoCount: true, Body: s.lives, Gap: true}
	s.execPart = &kit.Section{Title: "executors", Body: s.executors}
	s.body = kit.NewSections(&kit.Section{Body: s.facts, Gap: true}, &kit.Section{Title: "workers", Body: s.workers, Gap: true}, s.livesPart, s.execPart)
	return s
}

func executorTable(env screen.Env) *kit.Table[lifeRow] {
	g := env.Theme.Glyphs
	return kit.NewTable(func(r lifeRow) string { return r.id.String() },
		kit.Column[lifeRow]{Title: "COMPONENT", Min: 12, Max: 28, Fit: true, Cell: func(r lifeRow) kit.Line { return kit.T(r.component) }, Less: kit.ByText(func(r lifeRow) string { return r.component })},
		kit.Column[lifeRow]{Title: "EXECUTOR", Min: 9, Cell: func(r lifeRow) kit.Line { return kit.T(r.id.String()) }},
		kit.Column[lifeRow]{Title: "UP", Min: 7, Align: kit.Right, Priority: 3, Cell: func(r lifeRow) kit.Line { return ageCell(r.uptime) }},
		kit.Column[lifeRow]{
			Title: "~IN/S", Min: 8, Align: kit.Right, Desc: true,
			Cell: func(r lifeRow) kit.Line { return rateCell(r.rates.In) },
			Less: kit.ByNumber(func(r lifeRow) float64 { return r.rates.In.PerSec }),
		},
		kit.Column[lifeRow]{
			Title: "~OUT/S", Min: 8, Align: kit.Right, Desc: true, Priority: 4,
			Cell: func(r lifeRow) kit.Line { return rateCell(r.rates.Out) },
			Less: kit.ByNumber(func(r lifeRow) float64 { return r.rates.Out.PerSec }),
		},
		kit.Column[lifeRow]{
			Title: "CAPACITY", Min: kit.GaugeCells + 6, Gap: 1, Desc: true,
			Cell: func(r lifeRow) kit.Line {
				if math.IsNaN(r.rates.Load.Value) || !r.known {
					return none()
				}
				return loadCell(g, r.rates.Load)
			},
			Less: kit.ByNumber(func(r lifeRow) float64 { return r.rates.Load.Value }),
		},
		kit.Column[lifeRow]{Title: "~FAILED", Min: 8, Align: kit.Right, Priority: 3, Cell: func(r lifeRow) kit.Line { return failedCell(r.stats) }},
	)
}

// failedCell counts the tuples an executor failed in ten minutes.
func failedCell(s *nimbusclient.ExecutorStats) kit.Line {
	if s == nil {
		return none()
	}
	var n int64
	switch {
	case s.Bolt != nil:
		for _, x := range s.Bolt.Failed[nimbusclient.Window10m] {
			n += x
		}
	case s.Spout != nil:
		for _, x := range s.Spout.Failed[nimbusclient.Window10m] {
			n += x
		}
	}
	return countCell(&n)
}

func workerTopology(r workerRow) kit.Line {
	switch {
	case r.TopologyID == "":
		return kit.S(theme.Dim, "free")
	case r.topology == nil:
		return kit.T(r.TopologyID)
	}
	return kit.S(letterTok(r.topology.Letter), string(r.topology.Letter)).Text(" " + r.topology.Summary.Name)
}

// livesLine draws a worker's lives: ──┤5m├─┤6m├──● .
func livesLine(g theme.Glyphs, slot cluster.Slot) kit.Line {
	if slot.TopologyID == "" {
		return nil
	}
	tail := ""
	for _, v := range slices.Backward(slot.Lives) {
		part := g.TeeR + human.AgeSecs(v) + g.TeeL + g.H
		if safetext.Width(tail)+safetext.Width(part) > livesCells-2 {
			break
		}
		tail = part + tail
	}
	lead := strings.Repeat(g.H, max(0, livesCells-1-safetext.Width(tail)))
	return kit.S(theme.Dim, lead+tail).Add(theme.OK, g.OK)
}

// componentsWord lists what a worker runs with its tasks.
func componentsWord(r workerRow) string {
	names := make([]string, 0, len(r.tasks))
	for name := range r.tasks {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := strings.HasPrefix(a, "__"), strings.HasPrefix(b, "__")
		if x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Compare(a, b)
	})
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = fmt.Sprintf("%s %d", name, r.tasks[name])
	}
	return strings.Join(words, " · ")
}

// find is the host on screen; nil when nothing of that id is known any more.
func (s *supervisor) find(env screen.Env) *cluster.Host {
	if h := env.Snap.Host(s.host); h != nil {
		return h
	}
	if s.host == "" && len(env.Snap.Hosts) > 0 {
		s.host = env.Snap.Hosts[0].ID
		return &env.Snap.Hosts[0]
	}
	return nil
}

func (s *supervisor) refresh(env screen.Env) {
	if s.seq == env.Snap.Seq && s.seq != 0 {
		return
	}
	s.seq = env.Snap.Seq
	h := s.find(env)
	if h == nil {
		s.workers.SetRows(nil, env.Now)
		return
	}
	found := foundIn(env.Found)
	rows := make([]workerRow, 0, len(h.Slots))
	for _, slot := range h.Slots {
		r := workerRow{Slot: slot, topology: env.Snap.Topologies[slot.TopologyID], level: slotLevel(slot)}
		if worse := found.executors[workerAt{h.ID, slot.Port}]; worse.Troubled() {
			r.level = worse
		}
		r.tasks = tasksOf(h, r)
		rows = append(rows, r)
	}
	s.workers.SetRows(rows, env.Now)
	if s.want != 0 {
		s.workers.Select(fmt.Sprint(s.want))
		s.want = 0
	}
	*s.facts = *kit.NewText(hostFacts(env, h)...)
	s.under(env, h)
}

func slotLevel(slot cluster.Slot) kit.Level {
	switch slot.State {
	case cluster.SlotFree:
		return kit.LevelNone
	case cluster.SlotComing:
		return kit.LevelComing
	case cluster.SlotLeaving:
		return kit.LevelLeaving
	case cluster.SlotLost:
		return kit.LevelCrit
	case cluster.SlotUsed:
	}
	return kit.LevelOK
}

// tasksOf counts a worker's tasks by component, from the supervisor's page or
// from the executors.
func tasksOf(h *cluster.Host, r workerRow) map[string]int64 {
	for _, w := range h.Workers {
		if w.Port == r.Port && w.TopologyID == r.TopologyID && len(w.ComponentTasks) > 0 {
			return w.ComponentTasks
		}
	}
	if r.topology == nil {
		return nil
	}
	by, tasks := componentOf(r.topology), map[string]int64{}
	for _, e := range r.Tasks {
		if name := by[e]; name != "" {
			tasks[name] += int64(e.Tasks())
		}
	}
	return tasks
}

func hostFacts(env screen.Env, h *cluster.Host) []kit.Line {
	g := env.Theme.Glyphs
	used, all := usage(*h)
	l := kit.T(" "+h.Name).Add(theme.Dim, "  slots ").Text(fmt.Sprintf("%d/%d ", used, all)).Then(kit.Gauge(g, ratio(used, all)))
	if sup := h.Supervisor; sup != nil {
		if sup.UsedMem != nil && *sup.UsedMem > 0 {
			l = l.Add(theme.Dim, "  memory ").Text(human.Bytes(*sup.UsedMem * 1e6))
		}
		word := human.Unknown
		if sup.Blacklisted != nil {
			word = "no"
			if *sup.Blacklisted {
				word = "yes"
			}
		}
		l = l.Add(theme.Dim, "  blacklisted ").Text(word)
	}
	lines := []kit.Line{l, kit.S(theme.Dim, " id "+h.ID)}
	switch {
	case !h.LostAt.IsZero():
		lines = append(lines, kit.S(theme.Crit, " "+g.Crit).Text(fmt.Sprintf(" lost %s, %s ago; this is what was last known", clock(env, h.LostAt), human.Age(env.Now.Sub(h.LostAt)))))
	case h.Err != nil:
		lines = append(lines, kit.T(" ").Then(refusal(env, "getSupervisorPageInfo", h.Err)))
	}
	return lines
}

// under fills the sections about the worker under the cursor.
func (s *supervisor) under(env screen.Env, h *cluster.Host) {
	r, ok := s.workers.Selected()
	s.execPart.Hide = !ok || r.topology == nil
	s.livesPart.Hide = !ok || len(r.Lives) == 0
	if !ok || r.topology == nil {
		s.executors.SetRows(nil, env.Now)
		return
	}
	s.livesPart.Title = fmt.Sprintf("restarts of %d", r.Port)
	s.livesPart.Right = kit.T("since " + moment(env, env.Snap.Since) + ", from the worker's uptime")
	var lines []kit.Line
	for _, c := range env.Snap.Feed {
		if c.Kind == cluster.ChangeWorker && c.Host == h.ID && c.Port == r.Port && len(lines) < 6 {
			lines = append(lines, kit.S(theme.Dim, " "+clock(env, c.At)+"  ").Text(c.Detail))
		}
	}
	*s.lives = *kit.NewText(lines...)
	s.execPart.Title = fmt.Sprintf("executors of %d", r.Port)
	t := r.topology
	mark := "~" // sampled counts are estimates
	if t.SampleRate >= 1 {
		mark = ""
	}
	for i, title := range map[int]string{3: "IN/S", 4: "OUT/S", 6: "FAILED"} {
		s.executors.Columns[i].Title = mark + title
	}
	stats := map[nimbusclient.ExecutorID]nimbusclient.Executor{}
	if t.Info != nil {
		for _, e := range t.Info.ExecutorList {
			if e.Port == r.Port && (e.Host == h.Name || len(r.Tasks) > 0) {
				stats[e.ID] = e
			}
		}
	}
	ids := slices.Clone(r.Tasks)
	if len(ids) == 0 { // without ZooKeeper Nimbus says where each executor runs
		for id, e := range stats {
			if e.Host == h.Name {
				ids = append(ids, id)
			}
		}
		slices.SortFunc(ids, func(a, b nimbusclient.ExecutorID) int { return cmp.Compare(a.Start, b.Start) })
	}
	rows := make([]lifeRow, 0, len(ids))
	for _, id := range ids {
		e, told := stats[id]
		rates, known := t.Rates.Executors[id]
		if !known {
			rates = cluster.ExecutorRates{In: unknownRate(), Out: unknownRate(), Load: cluster.Load{Value: math.NaN()}}
		}
		name := e.Component
		if !told {
			name = human.Unknown
		}
		rows = append(rows, lifeRow{component: name, id: id, uptime: e.UptimeSecs, stats: e.Stats, rates: rates, known: known})
	}
	s.executors.SetRows(rows, env.Now)
	s.executors.Empty = loading(env, "getTopologyInfo", env.Snap.Since)
}

func (s *supervisor) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.refresh(env)
	if press, ok := msg.(tea.KeyPressMsg); ok && !s.body.Typing() {
		switch {
		case key.Matches(press, s.keys.open):
			return s.enter()
		case key.Matches(press, s.keys.copy):
			at := s.place(env)
			return screen.Copy(at, at)
		}
	}
	if click, ok := msg.(tea.MouseClickMsg); ok {
		s.body.Click(click.Y)
	}
	s.body.Update(msg)
	if h := s.find(env); h != nil {
		s.under(env, h)
	}
	return nil
}

// enter opens the component of the executor under the cursor, or the topology
// of the worker.
func (s *supervisor) enter() tea.Cmd {
	w, ok := s.workers.Selected()
	if !ok || w.topology == nil {
		return nil
	}
	if s.body.Active() == s.execPart {
		if e, ok := s.executors.Selected(); ok && e.component != human.Unknown {
			return screen.Open("component", screen.Arg{TopologyID: w.topology.Summary.ID, Component: e.component})
		}
	}
	return screen.Open("topology", screen.Arg{TopologyID: w.topology.Summary.ID})
}

func (s *supervisor) place(env screen.Env) string {
	h := s.find(env)
	if h == nil {
		return s.host
	}
	if w, ok := s.workers.Selected(); ok {
		return fmt.Sprintf("%s:%d", h.Name, w.Port)
	}
	return h.Name
}

func (s *supervisor) View(env screen.Env, size screen.Size) string {
	s.refresh(env)
	p := paintOf(env, size)
	if s.find(env) == nil {
		return kit.Join(p.Rows(nil, kit.T("  This supervisor is not known (any more). 3 shows all.")))
	}
	s.body.SetWide(env.Wide)
	return kit.Join(s.body.Draw(p))
}

func (s *supervisor) Demand(env screen.Env) cluster.Demand {
	d := cluster.Demand{Hosts: map[string]bool{s.host: true}}
	if w, ok := s.workers.Selected(); ok && w.topology != nil {
		id := w.topology.Summary.ID
		d.Infos, d.Structures = map[string]bool{id: true}, map[string]bool{id: true}
	}
	return d
}

func (s *supervisor) Crumb(env screen.Env) (path []string, state string) {
	h := s.find(env)
	if h == nil {
		return []string{"slots", safetext.Clean(s.host)}, ""
	}
	path = []string{"slots", safetext.Clean(h.Name)}
	if w, ok := s.workers.Selected(); ok {
		path = append(path, fmt.Sprint(w.Port))
	}
	if h.Supervisor != nil {
		if v := h.Supervisor.Version; v != "" {
			state = safetext.Clean(v) + " · "
		}
		state += "up " + human.Opt(h.Supervisor.UptimeSecs, human.AgeSecs[int], human.Unknown)
	}
	return path, state
}

func (s *supervisor) Position(screen.Env) string {
	row, of := s.body.Position()
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("row %d/%d", row, of)
}

func (s *supervisor) Keys() []key.Binding {
	return []key.Binding{s.keys.open, s.body.Keys.NextPart, s.body.Keys.Filter, s.keys.copy}
}

func (s *supervisor) Typing() bool { return s.body.Typing() }

func (s *supervisor) Escape() bool { return s.body.Escape() }
