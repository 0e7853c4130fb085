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
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// Topologies lists every topology with its load and its troubles.
var Topologies = screen.Register(screen.Spec{
	ID: "topologies", Title: "topologies", Short: "topo", Order: 2, Key: kit.Bind("2", "topologies", "2"),
	Words: []string{"topo", "t", "topologies"},
	About: "every topology with its state, load and troubles",
	New:   newTopologies, Detail: "topology",
})

// columnStorm is Storm's own capacity, which only the wide view shows.
const columnStorm = "STORM CAP"

// topologies is the screen.
type topologies struct {
	opened time.Time
	keys   listKeys
	table  *kit.Table[topologyRow]
	seen   stamp
	look   look
	pick   *picker
	// longest is the width of the longest name.
	longest int
	// touched says that a key was pressed: until then the cursor is on the
	// worst topology, from then on it stays on its own.
	touched bool
	// changing says that a topology is in transition.
	changing bool
	// hinted is the hint of the topology under the cursor.
	hinted struct {
		id   string
		seen stamp
		hint diagnose.Hint
	}
}

func newTopologies(env screen.Env, arg screen.Arg) screen.Screen {
	s := &topologies{opened: env.Now, keys: newListKeys("components")}
	s.table = kit.NewTable(topologyKey, topologyColumns(&s.look)...)
	s.table.Level = func(r topologyRow) kit.Level { return r.level }
	s.table.Text = func(r topologyRow) string {
		return r.Name + " " + r.ID + " " + string(r.Status) + " " + r.busy
	}
	s.table.Changed = func(was, is topologyRow) bool {
		return was.Status != is.Status || was.level != is.level || !same(was.Workers, is.Workers) || !same(was.Executors, is.Executors)
	}
	s.table.Order = kit.Order[topologyRow]{Name: "PROBLEM", Less: byProblem}
	if arg.Filter != "" {
		s.table.SetFilter(arg.Filter)
	}
	if arg.TopologyID != "" {
		s.touched = true
		s.table.Select(arg.TopologyID)
	}
	return s
}

// sync makes the rows anew when there is something new to show.
func (s *topologies) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	if now := stampOf(env); s.seen != now {
		s.seen = now
		rows := topologyRows(env)
		s.look.sampled = sampled(rows)
		s.longest, s.changing = longestName(rows), changing(rows)
		s.table.SetRows(rows, env.Now)
		if !s.touched {
			s.table.MoveTo(0)
		}
	}
	s.table.SetWide(env.Wide)
	for i := range s.table.Columns {
		c := &s.table.Columns[i]
		switch bare := strings.TrimPrefix(c.Title, "~"); bare {
		case "EMIT/S", "ACK/S", "TREND", "FAIL":
			c.Title = sampledTitle(s.look.sampled, bare)
			if bare == "TREND" {
				c.Min = s.look.trend(12)
			}
		case "STATUS":
			c.Min = s.look.statusWidth(s.changing)
		case "  NAME":
			c.Min = s.look.nameWidth(s.longest+2, 18)
		case "CAPMAX", "CAP":
			c.Title = "CAPMAX"
			if s.look.narrow() {
				c.Title = "CAP"
			}
		case columnStorm:
			c.Hidden = !env.Wide
		}
	}
	s.table.Empty = s.nothing(env)
}

// nothing is the sentence in place of the list.
func (s *topologies) nothing(env screen.Env) kit.Line {
	if env.Snap.Cluster == nil && env.Snap.ZK == nil {
		return waiting(env, "getClusterInfo", env.Snap.Link.NimbusErr, s.opened)
	}
	return kit.T("No topology is running. Submit one with storm jar; this list follows.")
}

// Demand asks for what the visible rows show and the details below them.
func (s *topologies) Demand(env screen.Env) cluster.Demand {
	s.sync(env)
	d := readAll(env, s.table.Visible())
	if r, ok := s.table.Selected(); ok {
		d.Confs = map[string]bool{r.ID: true}
	}
	return d
}

func (s *topologies) Typing() bool { return s.pick != nil || s.table.Typing() }

// Escape closes the filter.
func (s *topologies) Escape() bool { return s.table.Escape() }

// Keys are the bindings that act now.
func (s *topologies) Keys() []key.Binding {
	k := &s.keys
	var keys []key.Binding
	if _, on := s.table.Selected(); on {
		keys = append(keys, k.enter, k.graph, k.slots, k.conf)
	}
	keys = append(append(keys, k.window), rowKeys(k, s.table)...)
	return append(keys, sortKeys(k, s.table)...)
}

func (s *topologies) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	s.touched = s.touched || byHand(msg)
	if s.pick != nil {
		if !s.pick.update(msg) {
			s.pick = nil
		}
		return nil
	}
	if s.table.Typing() {
		s.table.Update(msg)
		return nil
	}
	if wheel(msg, s.table.Update) || clicked(msg, s.table.Click) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		s.table.Update(msg)
		return nil
	}
	k := &s.keys
	row, on := s.table.Selected()
	arg := screen.Arg{TopologyID: row.ID}
	switch {
	case key.Matches(press, k.window):
		return screen.ChooseWindow(nextWindow(env.Window))
	case key.Matches(press, k.order):
		s.pick = pickOrder(s.table, func(title string) { s.table.SortBy(title, false) })
	case key.Matches(press, k.columns):
		s.pick = pickColumns(env.Theme.Glyphs, s.table, columnStorm)
	case on && key.Matches(press, k.enter):
		return screen.Open("topology", arg)
	case on && key.Matches(press, k.graph):
		return screen.Open("graph", arg)
	case on && key.Matches(press, k.slots):
		return screen.Open("slots", arg)
	case on && key.Matches(press, k.conf):
		return screen.Open("conf", arg)
	case on && key.Matches(press, k.copyID):
		return s.copyIDs(row)
	case on && key.Matches(press, k.copy):
		return copyRow(s.table)
	default:
		s.table.Update(msg)
	}
	return nil
}

// copyIDs copies the ids of the marked rows, or of the one under the cursor.
func (s *topologies) copyIDs(row topologyRow) tea.Cmd {
	marked := s.table.Marked()
	if len(marked) == 0 {
		return screen.Copy(row.ID, row.ID)
	}
	ids := make([]string, len(marked))
	for i, r := range marked {
		ids[i] = r.ID
	}
	return screen.Copy(plural(len(ids), "id"), strings.Join(ids, "\n"))
}

// Crumb names the screen and how it is looked at.
func (s *topologies) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	shown, all := s.table.Rows()
	parts := []string{s.look.window(), "sort " + s.table.SortName(env.Theme.Glyphs)}
	if f := s.table.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	if n := len(s.table.Marked()); n > 0 {
		parts = append(parts, fmt.Sprintf("%s%d", env.Theme.Glyphs.Mark, n))
	}
	switch hidden := s.table.HiddenColumns(); {
	case hidden > 0:
		parts = append(parts, hiddenColumns(hidden))
	case all > 0:
		parts = append(parts, fmt.Sprintf("%d of %d", shown, all))
	}
	if old := asOf(env, env.Snap.ClusterAt); old != nil {
		parts = append(parts, old.Plain())
	}
	return []string{"topologies"}, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *topologies) Position(env screen.Env) string {
	s.sync(env)
	row, of := s.table.Position()
	if of == 0 {
		return ""
	}
	if s.look.narrow() {
		return fmt.Sprintf("%d/%d", row, of)
	}
	return fmt.Sprintf("row %d/%d · %s%d", row, of, env.Theme.Glyphs.Mark, len(s.table.Marked()))
}

// Help explains the columns.
func (s *topologies) Help(screen.Env) []string {
	return []string{
		"YOUNGEST: uptime of the youngest worker; ▲ below 10m in a topology older than 1h.",
		"~EMIT/S ~ACK/S: per second in the chosen window, added up over executors; ≥ where only totals are at hand.",
		"~FAIL: failed of acked and failed tuples of the spouts; – below 10 measured ones.",
		"CAPMAX: the busiest bolt's capacity over 10 minutes; L is the mean number of tuples inside a task of a bolt",
		"in a child process, of which Storm's capacity says nothing: it has room well below 1.",
		"ERRORS: in the last 10 minutes, as far as Storm lists them or they were seen to appear.",
		"~ sampled or estimated · – no data or does not apply · ? not sent by this server.",
	}
}

// View draws the list and, where there is room, what is known of the topology
// under the cursor.
func (s *topologies) View(env screen.Env, size screen.Size) string {
	s.look.w = size.W
	s.sync(env)
	p := paintOf(env, size)
	below := s.below(env, p)
	rows := p.Stack(s.table.Draw(p.Sized(size.W, size.H-len(below))), below)
	if s.pick != nil {
		rows = s.pick.over(p, rows)
	}
	return kit.Join(rows)
}

// hint is the worst hint of a topology; it is worked out once a snapshot.
func (s *topologies) hint(env screen.Env, r topologyRow) diagnose.Hint {
	if s.hinted.id != r.ID || s.hinted.seen != stampOf(env) {
		s.hinted.id, s.hinted.seen, s.hinted.hint = r.ID, stampOf(env), worstHint(r)
	}
	return s.hinted.hint
}

// below is the part below the list; nil when there are less than six free
// rows for it.
func (s *topologies) below(env screen.Env, p kit.Paint) []string {
	r, ok := s.table.Selected()
	shown, _ := s.table.Rows()
	free := p.H - shown - 1
	if !ok || free < 6 {
		return nil
	}
	lines := topologyDetails(env, r, s.hint(env, r), p.W)
	blank := 2
	if p.W >= wide {
		blank = 5
	}
	h := min(free, 1+len(lines)+blank)
	title := kit.T(r.Name)
	if old := asOf(env, env.Snap.ClusterAt); old != nil {
		title = title.Text(" ").Then(old)
	}
	right := kit.T("id " + r.ID)
	if p.W < wide {
		right = nil
	}
	values := &kit.Text{Lines: func(int) []kit.Line { return lines }}
	return append([]string{p.Row(kit.RuleLine(p, title, right))}, values.Draw(p.Sized(p.W, h-1))...)
}
