package screens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Graph shows how tuples flow through a topology.
var Graph = screen.Register(screen.Spec{
	ID: "graph", Title: "graph", Order: -1, Words: []string{"dag", "graph"}, NeedsArg: true,
	About: "how tuples flow: groupings, load, the slowest path",
	New:   newGraph,
})

type graphKeys struct {
	arrows, enter, focus, fold, path, find key.Binding
	window, system, conf, slots, copyID    key.Binding
}

func newGraphKeys() graphKeys {
	list, keys := newListKeys("component"), kit.DefaultKeys()
	return graphKeys{
		arrows: kit.Bind("arrows", "move"), enter: list.enter, focus: keys.Focus, fold: keys.Fold,
		path: kit.Bind("b", "slowest path", "b"), find: kit.Bind("/", "find component", "/"),
		window: list.window, system: list.system, conf: list.conf, slots: list.slots, copyID: list.copyID,
	}
}

// graph is the screen.
type graph struct {
	id     string
	opened time.Time
	keys   graphKeys
	pane   *kit.Graph
	detail *kit.Table[edgeRow]
	group  *kit.Table[componentRow]

	seen   stamp
	drawn  *theme.Theme
	old    bool // the data are stale
	look   look
	top    *cluster.Topology // as last seen alive
	alive  bool
	rows   map[string]componentRow
	flows  []flow
	hints  []diagnose.Hint
	path   diagnose.Path
	onPath bool // the slowest path is marked
	prompt *kit.Prompt
	before string // node under the cursor when the search began
}

func newGraph(env screen.Env, arg screen.Arg) screen.Screen {
	s := &graph{id: arg.TopologyID, opened: env.Now, keys: newGraphKeys(), pane: kit.NewGraph()}
	s.detail = edgeTable()
	s.group = memberTable(&s.look)
	s.pane.Group = func(members []kit.GraphNode) kit.GraphNode {
		rows := make([]componentRow, 0, len(members))
		for _, m := range members {
			rows = append(rows, s.rows[m.ID])
		}
		return graphGroup(s.look.g, rows)
	}
	s.pane.Select(arg.Component)
	s.sync(env)
	return s
}

// sync makes boxes and edges anew when there is something new to show.
func (s *graph) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	now, old := stampOf(env), env.Snap.Stale(env.Now)
	if s.seen == now && s.drawn == env.Theme && s.old == old {
		return
	}
	s.seen, s.drawn, s.old = now, env.Theme, old
	t := env.Snap.Topologies[s.id]
	s.alive = t != nil
	if t != nil {
		s.top = t
	}
	if s.top == nil {
		return
	}
	s.look.sampled = s.top.SampleRate != 1
	page := pageOf(s.top, env)
	s.hints = diagnose.Hints(s.top, page, diagnose.Defaults())
	s.path = diagnose.Path{}
	if page != nil {
		s.path = diagnose.SlowestPath(s.top, page)
	}
	s.rows = map[string]componentRow{}
	var nodes []kit.GraphNode
	if s.top.Structure != nil {
		rows := componentRows(env, s.top, page, s.hints)
		for _, r := range rows {
			if r.spec == nil { // numbers of what the structure does not hold
				continue
			}
			s.rows[r.ID] = r
			n := graphNode(s.look.g, r)
			if old || !s.alive {
				n.Lines[0], n.Lines[1] = n.Lines[0].As(theme.Dim), n.Lines[1].As(theme.Dim)
			}
			nodes = append(nodes, n)
		}
	}
	s.flows = flowsOf(env, s.top)
	s.pane.SetData(nodes, graphEdges(s.flows))
	s.mark()
}

// mark shows or hides the slowest path.
func (s *graph) mark() {
	if s.onPath {
		s.pane.SetPath(s.path.Components)
		return
	}
	s.pane.SetPath(nil)
}

// Demand asks for the structure, the page in view and every executor where that
// is not too much.
func (s *graph) Demand(env screen.Env) cluster.Demand {
	d := cluster.Demand{
		Structures: map[string]bool{s.id: true}, Window: env.Window,
		Pages: map[string][]cluster.PageKey{s.id: {{Window: env.Window, Sys: env.Sys}}},
	}
	if t := env.Snap.Topologies[s.id]; t != nil && small(t.Summary) {
		d.Infos = map[string]bool{s.id: true}
	}
	return d
}

// Typing reports whether a component's name is being typed.
func (s *graph) Typing() bool { return s.prompt != nil }

// Escape ends the search, widens the focus or takes the path away.
func (s *graph) Escape() bool {
	switch {
	case s.prompt != nil:
		s.prompt = nil
		s.pane.Select(s.before)
	case s.pane.Escape():
	case s.onPath:
		s.onPath = false
		s.mark()
	default:
		return false
	}
	return true
}

// Keys are the bindings that act now.
func (s *graph) Keys() []key.Binding {
	k := &s.keys
	n, on := s.pane.Selected()
	if !on {
		return []key.Binding{k.conf, k.slots}
	}
	keys := []key.Binding{k.arrows}
	if n.Members > 0 {
		keys = append(keys, kit.Bind("enter", "open group", "enter"), k.fold)
	} else {
		keys = append(keys, k.enter, k.focus)
		if kit.Prefix(n.ID) != "" {
			keys = append(keys, k.fold)
		}
	}
	if len(s.path.Components) > 1 {
		keys = append(keys, k.path)
	}
	return append(keys, k.system, k.window, k.find, k.conf, k.slots, k.copyID)
}

// Update answers keys, the mouse and new snapshots.
func (s *graph) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	if s.prompt != nil {
		s.search(msg)
		return nil
	}
	if wheel(msg, func(m tea.Msg) bool { return s.pane.Update(m) != kit.GraphIgnored }) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	k := &s.keys
	arg := screen.Arg{TopologyID: s.id}
	n, on := s.pane.Selected()
	switch {
	case key.Matches(press, k.window):
		return screen.ChooseWindow(nextWindow(env.Window))
	case key.Matches(press, k.system):
		return screen.ShowSystem(!env.Sys)
	case key.Matches(press, k.conf):
		return screen.Open("conf", arg)
	case key.Matches(press, k.slots):
		return screen.Open("slots", arg)
	case key.Matches(press, k.path) && len(s.path.Components) > 1:
		s.onPath = !s.onPath
		s.mark()
	case on && key.Matches(press, k.find):
		s.before = n.ID
		s.prompt = kit.NewPrompt("/ ")
	case on && n.Members == 0 && key.Matches(press, k.copyID):
		return screen.Copy(safetext.Clean(n.ID), n.ID)
	default:
		if s.pane.Update(press) == kit.GraphChosen {
			arg.Component = n.ID
			return screen.Open("component", arg)
		}
	}
	return nil
}

// search moves the cursor to the first component whose name holds what is
// typed.
func (s *graph) search(msg tea.Msg) {
	switch s.prompt.Update(msg) {
	case kit.PromptDone:
		s.prompt = nil
	case kit.PromptCancelled:
		s.prompt = nil
		s.pane.Select(s.before)
	case kit.PromptChanged:
		if hits := s.hits(); len(hits) > 0 {
			s.pane.Select(hits[0])
		} else {
			s.pane.Select(s.before)
		}
	case kit.PromptHandled, kit.PromptIgnored:
	}
}

// hits are the components whose names hold what is typed.
func (s *graph) hits() []string {
	want := strings.ToLower(strings.TrimSpace(s.prompt.Value()))
	if want == "" {
		return nil
	}
	var hits []string
	for id := range s.rows {
		if strings.Contains(strings.ToLower(id), want) {
			hits = append(hits, id)
		}
	}
	slices.SortFunc(hits, kit.Natural)
	return hits
}

// Crumb names the topology and what is shown of it.
func (s *graph) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	var parts []string
	if _, boxes, nodes := s.pane.Position(); nodes != boxes {
		parts = append(parts, fmt.Sprintf("%s in %d boxes", plural(nodes, "component"), boxes))
	}
	parts = append(parts, s.look.window())
	if !s.look.narrow() {
		parts = append(parts, "edges by "+approx(s.look.sampled, "flow"))
	}
	if id, hops := s.pane.Focus(); hops > 0 {
		parts = append(parts, fmt.Sprintf("focus %s ±%d", safetext.Cut(id, 20), hops))
	}
	if env.Sys {
		parts = append(parts, "system streams")
	}
	return []string{"topologies", s.name(), "graph"}, strings.Join(parts, " · ")
}

func (s *graph) name() string {
	if s.top != nil && s.top.Summary.Name != "" {
		return safetext.Clean(s.top.Summary.Name)
	}
	return safetext.Clean(s.id)
}

// Position says where the cursor is.
func (s *graph) Position(env screen.Env) string {
	s.sync(env)
	at, of, nodes := s.pane.Position()
	switch {
	case of == 0:
		return ""
	case nodes != of:
		return fmt.Sprintf("box %d/%d", at, of)
	}
	return fmt.Sprintf("node %d/%d", at, of)
}

// Help explains boxes and edges.
func (s *graph) Help(screen.Env) []string {
	return []string{
		"A box is a component: the gauge is its capacity over 10 minutes, or L for one in a child process (1.00 is full);",
		"below it tuples in per second and the time until the ack. A spout shows tuples out and the complete latency.",
		"An edge is a subscription: the letter is its grouping, a heavy line carries at least 30 % of the strongest one.",
		"What flows along an edge: the receiver's rate times the stream's part of what its executors executed; of a topology",
		"whose executors are not all read only edges into components with one input have numbers.",
		"Components with a common prefix fold into one box where the layout would not fit; the worst one speaks for it.",
		"The slowest path is the one with the largest sum of process latencies. ↺ NAME closes a circle.",
		"ctrl-s saves components and edges as text.",
	}
}

// View draws the graph above the details of what is under the cursor.
func (s *graph) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	s.sync(env)
	p := paintOf(env, size)
	if !s.alive && s.top != nil {
		p.Stale = true
	}
	if len(s.rows) == 0 {
		return kit.Join(p.Rows(kit.T("  ").Then(s.nothing(env))))
	}
	var foot []string
	room := size.H
	if s.prompt != nil && room > 1 {
		found := kit.S(theme.Dim, plural(len(s.hits()), "component")+" ")
		foot = []string{p.Row(kit.Apart(s.prompt.Line(p), found, size.W))}
		room--
	}
	head := p.Sized(size.W, min(room, len(s.notes(env)))).Rows(s.notes(env)...)
	room -= len(head)
	// The details take what they need, but never more than half.
	details := s.details(env, p)
	below := min(len(details), room/2)
	if room < 8 {
		below = 0
	}
	area := s.pane.Draw(p.Sized(size.W, room-below))
	for len(area) > 1 && strings.TrimSpace(area[len(area)-1]) == "" {
		area = area[:len(area)-1]
	}
	legend := p.Sized(size.W, 0)
	if free := room - below - len(area); free > 0 && !s.pane.Narrow() {
		legend.H = min(free, 4)
	}
	middle := []string{}
	if legend.H >= 4 {
		middle = legend.Rows(append([]kit.Line{nil}, append(s.legend(), nil)...)...)
	} else if legend.H > 0 {
		middle = p.Sized(size.W, 1).Rows(nil)
	}
	body := p.Sized(size.W, size.H-len(foot)).Stack(head, area, middle, details)
	return kit.Join(p.Stack(body, foot))
}
