package ui

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// source is a Source that remembers what it was asked.
type source struct {
	demand  cluster.Demand
	refresh int
	every   time.Duration
}

func (s *source) Snapshots() <-chan *cluster.Snapshot { return nil }
func (s *source) Demand(d cluster.Demand)             { s.demand = d }
func (s *source) Refresh()                            { s.refresh++ }
func (s *source) SetEvery(d time.Duration)            { s.every = d }

// nasty is a topology name that would do harm on a terminal.
const nasty = "words\x1b]0;owned\x07\u202e"

func world() *cluster.Snapshot {
	row := func(id, name string, letter byte) *cluster.Topology {
		sum := nimbusclient.TopologySummary{ID: id, Name: name, Status: nimbusclient.Active, Workers: new(1), Executors: new(4), Tasks: new(5), UptimeSecs: new(700)}
		key := cluster.PageKey{Window: nimbusclient.Window10m}
		page := &nimbusclient.Topology{
			ID: id, Name: name, Status: nimbusclient.Active, Window: nimbusclient.Window10m, UptimeSecs: new(700),
			Totals: map[nimbusclient.Window]nimbusclient.Totals{nimbusclient.Window10m: {Emitted: new(int64(1200)), Acked: new(int64(600)), Failed: new(int64(3)), CompleteMs: new(12.5)}},
			Spouts: []nimbusclient.ComponentStats{{ID: "lines", Kind: nimbusclient.Spout, Stats: nimbusclient.Stats{Executors: new(1), Tasks: new(1), Emitted: new(int64(600)), Acked: new(int64(600))}}},
			Bolts: []nimbusclient.ComponentStats{{
				ID: "count", Kind: nimbusclient.Bolt, Stats: nimbusclient.Stats{Executors: new(2), Tasks: new(4), Executed: new(int64(600)), Capacity: new(0.5), ExecuteMs: new(1.0), ProcessMs: new(2.0)},
				LastError: &nimbusclient.ErrorInfo{Error: nasty, Time: noon.Unix()},
			}},
		}
		return &cluster.Topology{
			Summary: sum, Letter: letter, SampleRate: 1,
			Pages: map[cluster.PageKey]*nimbusclient.Topology{key: page}, PageAt: map[cluster.PageKey]time.Time{key: noon},
			Rates: cluster.PageRates(page),
		}
	}
	a, b := row("words-1", nasty, 'a'), row("clicks-2", "clicks", 'b')
	return &cluster.Snapshot{
		Seq: 1, Made: noon, Since: noon.Add(-time.Hour), ClusterAt: noon, ZKAt: noon, HeartbeatPeriod: time.Minute,
		Link: cluster.Link{Nimbus: nimbusclient.State{
			Leader: nimbusclient.LeaderState{Phase: nimbusclient.LeaderConfirmed, Nimbus: nimbusclient.Nimbus{Host: "nim-a", Port: 6627}},
			Server: nimbusclient.Server{Version: "2.8.3", Line: nimbusclient.V2},
		}},
		Cluster: &nimbusclient.Cluster{
			Nimbuses:    []nimbusclient.Nimbus{{Host: "nim-a", Port: 6627, Leader: true, Version: "2.8.3"}},
			Supervisors: []nimbusclient.Supervisor{{ID: "s1", Host: "w1", Slots: new(2), UsedSlots: new(2), UptimeSecs: new(900)}},
			Topologies:  []nimbusclient.TopologySummary{b.Summary, a.Summary},
		},
		ZK:         &zkview.View{Root: "/storm"},
		Topologies: map[string]*cluster.Topology{"words-1": a, "clicks-2": b},
		Hosts: []cluster.Host{{ID: "s1", Name: "w1", Slots: []cluster.Slot{
			{Port: 6700, State: cluster.SlotUsed, TopologyID: "words-1", Executors: 2, UptimeSecs: new(600)},
			{Port: 6701, State: cluster.SlotComing, TopologyID: "clicks-2", Executors: 2},
		}}},
		Feed: []cluster.Change{{At: noon, Kind: cluster.ChangeStatus, Object: nasty, TopologyID: "words-1", Detail: "ACTIVE → KILLED"}},
	}
}

func testModel(t *testing.T, change func(*Deps)) (*model, *source) {
	t.Helper()
	src := &source{}
	deps := Deps{
		Source: src, ClusterName: "lab", Mode: screen.Mode{Word: "READ-ONLY", ReadOnly: true, Reason: "this cluster is in no configuration"},
		Theme: theme.New("dark", true), Every: 10 * time.Second, Now: func() time.Time { return noon }, Zone: time.UTC,
		Secret: func(string) bool { return false },
	}
	if change != nil {
		change(&deps)
	}
	m, err := newModel(deps)
	if err != nil {
		t.Fatal(err)
	}
	send(m, tea.WindowSizeMsg{Width: 120, Height: 40})
	return m, src
}

// send hands a message to the model and then, like the program, everything its
// commands answer. Commands that wait for the clock are left out.
func send(m *model, msg tea.Msg) {
	_, cmd := m.Update(msg)
	if cmd == nil {
		return
	}
	if _, clock := msg.(tickMsg); clock {
		return
	}
	switch out := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range out {
			if c != nil {
				send(m, c())
			}
		}
	case tea.QuitMsg, tea.SuspendMsg:
	default:
		send(m, out)
	}
}

func press(m *model, keys ...string) {
	for _, k := range keys {
		send(m, kit.Press(k))
	}
}

func typed(m *model, text string) {
	for _, r := range text {
		if r == ' ' {
			press(m, "space")
			continue
		}
		send(m, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func text(m *model) string { return termtest.Render(m.View().Content, m.lay.w, m.lay.h).Text() }

// everyScreen opens each registered screen in turn.
func everyScreen(m *model, visit func(spec screen.Spec)) {
	for _, spec := range screen.Specs() {
		send(m, screen.OpenMsg{ID: spec.ID, Arg: screen.Arg{TopologyID: "words-1", Component: "count", Host: "s1", Path: "/storm"}})
		visit(spec)
	}
}

func TestEveryScreenKeepsItsRectangle(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 9))
	stale := world()
	stale.Link.NimbusErr, stale.Link.StaleSince = errors.New("n1: connection refused"), noon.Add(-time.Minute)
	for name, snap := range map[string]*cluster.Snapshot{
		"nothing yet": {}, "world": world(), "stale": stale,
		"empty": {Cluster: &nimbusclient.Cluster{}, ClusterAt: noon},
	} {
		for _, th := range []*theme.Theme{theme.New("dark", true), theme.New("mono", false)} {
			m, _ := testModel(t, func(d *Deps) { d.Theme = th })
			send(m, snapshotMsg{snap})
			everyScreen(m, func(spec screen.Spec) {
				sizes := [][2]int{{80, 24}, {120, 40}, {200, 60}, {60, 16}, {20, 20}, {300, 300}, {1, 1}}
				for range 6 {
					sizes = append(sizes, [2]int{20 + rng.IntN(281), 3 + rng.IntN(98)})
				}
				for _, size := range sizes {
					send(m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
					frame := m.View().Content
					t.Run(fmt.Sprintf("%s/%s/%s/%dx%d", name, th.Name, spec.ID, size[0], size[1]), func(t *testing.T) {
						termtest.CheckFrame(t, frame, size[0], size[1])
					})
				}
			})
		}
	}
}

func TestEveryScreenTakesEveryKey(t *testing.T) {
	t.Parallel()
	keys := []string{
		"j", "k", "up", "down", "left", "right", "g", "G", "pgdown", "pgup", "ctrl+d", "ctrl+u", "home", "end", "space", "tab", "shift+tab",
		"<", ">", "I", "O", "S", "C", "f", "U", "y", "Y", "}", "{", "z", "T", "D", "A", "c", "b", "H", "enter", "esc", "/", "x", "esc", "?", "esc", ":", "esc", "p", "p", "ctrl+w", "M", "M",
	}
	for name, snap := range map[string]*cluster.Snapshot{"nothing yet": {}, "world": world()} {
		m, _ := testModel(t, nil)
		send(m, snapshotMsg{snap})
		everyScreen(m, func(spec screen.Spec) {
			for _, k := range keys {
				press(m, k)
				termtest.CheckFrame(t, m.View().Content, 120, 40)
			}
			if t.Failed() {
				t.Fatalf("%s: screen %s", name, spec.ID)
			}
		})
	}
}

// A key in the hint line does something or is not there; a key of another
// screen's feature is absent.
// The demo's hint stands until a key is pressed, and a new one stands again.
func TestHintOfTheDemo(t *testing.T) {
	hint := "2 topologies"
	m, _ := testModel(t, func(d *Deps) { d.Hint = func() string { return hint } })
	shows := func(what string) bool { return strings.Contains(lastRow(m), what) }
	if !shows("2 topologies") {
		t.Errorf("the hint is not shown: %q", lastRow(m))
	}
	press(m, "2")
	send(m, tickMsg(noon))
	if shows("2 topologies") || !shows("window") {
		t.Errorf("after a key the hint still stands: %q", lastRow(m))
	}
	hint = "3 slots"
	send(m, tickMsg(noon))
	if !shows("3 slots") {
		t.Errorf("the next hint is not shown: %q", lastRow(m))
	}
	hint = ""
	send(m, tickMsg(noon))
	if !shows("window") {
		t.Errorf("an empty hint hides the keys: %q", lastRow(m))
	}
}

func lastRow(m *model) string {
	rows := strings.Split(strings.TrimRight(text(m), "\n"), "\n")
	return rows[len(rows)-1]
}

func TestHintsNameNoFutureFeature(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, snapshotMsg{world()})
	everyScreen(m, func(spec screen.Spec) {
		for _, b := range m.where.top().scr.Keys() {
			for _, word := range []string{"log", "kill", "rebalance", "jstack", "ssh", "shell", "failures", "activate"} {
				if strings.Contains(strings.ToLower(b.Help().Desc), word) {
					t.Errorf("%s offers %s %s", spec.ID, b.Help().Key, b.Help().Desc)
				}
			}
			if len(b.Help().Desc) == 0 && len(b.Help().Key) == 0 {
				t.Errorf("%s has a key without help: %v", spec.ID, b.Keys())
			}
		}
	})
}

func TestSwitchingAndBack(t *testing.T) {
	t.Parallel()
	m, src := testModel(t, nil)
	send(m, snapshotMsg{world()})
	press(m, "2")
	if got := m.where.top().spec.ID; got != "topologies" {
		t.Fatalf("2 leads to %s", got)
	}
	press(m, "enter")
	if got := m.where.top().spec.ID; got != "topology" || len(m.where.items) != 2 {
		t.Fatalf("enter leads to %s, %d deep", got, len(m.where.items))
	}
	if len(src.demand.Pages) != 1 {
		t.Errorf("the topology screen asks for %v", src.demand.Pages)
	}
	press(m, "esc")
	if got := m.where.top().spec.ID; got != "topologies" {
		t.Fatalf("esc leads to %s", got)
	}
	press(m, "3", "-")
	if got := m.where.top().spec.ID; got != "topologies" {
		t.Fatalf("- leads to %s", got)
	}
	for range 3 * maxStack {
		send(m, screen.OpenMsg{ID: "topology", Arg: screen.Arg{TopologyID: "words-1"}})
	}
	if len(m.where.items) > maxStack {
		t.Errorf("the back stack is %d deep", len(m.where.items))
	}
}

func TestSelectionFollowsIdentity(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	s := world()
	send(m, snapshotMsg{s})
	press(m, "2", "j")
	row := func() string {
		for line := range strings.SplitSeq(text(m), "\n") {
			if strings.HasPrefix(line, "▸") {
				return line
			}
		}
		return ""
	}
	before := row()
	next := *s
	next.Seq++
	c := *s.Cluster
	c.Topologies = slices.Clone(c.Topologies)
	slices.Reverse(c.Topologies)
	next.Cluster = &c
	send(m, snapshotMsg{&next})
	if after := row(); before == "" || strings.Fields(after)[2] != strings.Fields(before)[2] {
		t.Errorf("the cursor was on\n%s\nand is on\n%s", before, after)
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	m, src := testModel(t, nil)
	send(m, snapshotMsg{world()})
	for _, c := range []struct {
		line  string
		check func() error
	}{
		{"slots", func() error { return at(m, "slots") }},
		{"topo clicks", func() error { return at(m, "topology") }},
		{"t", func() error { return at(m, "topologies") }},
		{"topo /cli", func() error { return shows(m, "clicks") }},
		{"window 3h", func() error {
			if m.env.Window != nimbusclient.Window3h {
				return fmt.Errorf("window %s", m.env.Window)
			}
			return nil
		}},
		{"window 5h", func() error { return says(m, "the window is 10m, 3h, 1d or all") }},
		{"every 30", func() error {
			if src.every != 30*time.Second {
				return fmt.Errorf("every %v", src.every)
			}
			return nil
		}},
		{"toppo", func() error { return says(m, `No command "toppo". Nearest: :topo`) }},
		{"topo nobody", func() error { return says(m, `No topology "nobody"`) }},
		{"theme mono", func() error {
			if m.env.Theme.Name != "mono" {
				return fmt.Errorf("theme %s", m.env.Theme.Name)
			}
			return nil
		}},
		{"theme pink", func() error { return says(m, `no theme "pink"`) }},
		{"log", func() error { return at(m, "messages") }},
		{"conf nimbus", func() error { return at(m, "conf") }},
		{"zk /storm", func() error { return at(m, "zookeeper") }},
		{"help", func() error { return shows(m, "EVERYWHERE") }},
	} {
		m.over = nil
		press(m, ":")
		typed(m, c.line)
		press(m, "enter")
		if err := c.check(); err != nil {
			t.Errorf(":%s: %v\n%s", c.line, err, text(m))
		}
	}
	press(m, "esc", "[")
	if p, ok := m.over.(*palette); !ok || p.prompt.Value() != "help" {
		t.Errorf("[ opens %+v, want the last command", m.over)
	}
}

func at(m *model, id screen.ID) error {
	if got := m.where.top().spec.ID; got != id {
		return fmt.Errorf("on screen %s, want %s", got, id)
	}
	return nil
}

func shows(m *model, want string) error {
	if !strings.Contains(text(m), want) {
		return fmt.Errorf("the screen does not show %q", want)
	}
	return nil
}

func says(m *model, want string) error {
	if !strings.Contains(m.notice.Text, want) {
		return fmt.Errorf("the status line says %q, want %q", m.notice.Text, want)
	}
	return nil
}

func TestPausedPictureStandsStill(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, snapshotMsg{world()})
	press(m, "p")
	next := world()
	next.Seq, next.Cluster.Topologies = 2, nil
	before := m.env.Snap
	send(m, snapshotMsg{next})
	if m.env.Snap != before || !strings.Contains(text(m), "PAUSED 12:00:00") {
		t.Fatalf("the picture moved while paused:\n%s", text(m))
	}
	press(m, "p")
	if m.env.Snap != next {
		t.Error("the newest picture is not back after the pause")
	}
}

func TestStaleIsSaid(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	s := world()
	s.Link.NimbusErr, s.Link.StaleSince = nimbusclient.ErrRefused, noon.Add(-42*time.Second)
	s.Link.Nimbus.Leader.Phase = nimbusclient.LeaderDead
	send(m, snapshotMsg{s})
	for _, want := range []string{"STALE 42s", "leader nim-a:6627 (not answering)"} {
		if err := shows(m, want); err != nil {
			t.Errorf("%v:\n%s", err, text(m))
		}
	}
}

func TestOldStormHasANimbusAndNoLeader(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	s := world()
	s.Link.Nimbus = nimbusclient.State{Server: nimbusclient.Server{Addr: "nim-a:6627", Line: nimbusclient.V0_9}}
	send(m, snapshotMsg{s})
	if err := shows(m, "   nimbus nim-a:6627   "); err != nil {
		t.Errorf("%v:\n%s", err, text(m))
	}
}

func TestConnectionsOpenByThemselvesAndLeave(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, snapshotMsg{&cluster.Snapshot{Link: cluster.Link{NimbusErr: nimbusclient.ErrRefused}}})
	if err := at(m, "connections"); err != nil {
		t.Fatal(err)
	}
	send(m, snapshotMsg{world()})
	if err := at(m, "health"); err != nil {
		t.Fatal(err)
	}
	// Old data stay on screen when the connection is lost later.
	s := world()
	s.Link.NimbusErr, s.Link.StaleSince = nimbusclient.ErrRefused, noon
	send(m, snapshotMsg{s})
	if err := at(m, "health"); err != nil {
		t.Fatal(err)
	}
}

func TestPastedTextRunsNothing(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, snapshotMsg{world()})
	send(m, tea.PasteMsg{Content: "q\n3"})
	if err := at(m, "health"); err != nil {
		t.Error(err)
	}
	press(m, ":")
	send(m, tea.PasteMsg{Content: "slots\n"})
	if err := at(m, "health"); err != nil {
		t.Error(err)
	}
}

func TestTooSmall(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, tea.WindowSizeMsg{Width: 52, Height: 14})
	if err := shows(m, "This terminal is 52×14."); err != nil {
		t.Errorf("%v:\n%s", err, text(m))
	}
	press(m, "3")
	send(m, tea.WindowSizeMsg{Width: 80, Height: 24})
	if err := at(m, "health"); err != nil {
		t.Errorf("a key acted on a screen that nobody saw: %v", err)
	}
}

func TestRebinding(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, func(d *Deps) { d.Keys = map[string][]string{"pause": {"ctrl+p"}} })
	press(m, "p")
	if m.paused() {
		t.Error("p still pauses")
	}
	press(m, "ctrl+p")
	if !m.paused() {
		t.Error("ctrl+p does not pause")
	}
	for _, bad := range []map[string][]string{{"pause": {"?"}}, {"fly": {"f"}}} {
		if _, err := newModel(Deps{Theme: theme.New("dark", true), Now: time.Now, Zone: time.UTC, Keys: bad}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestFrameIsCached(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, nil)
	send(m, snapshotMsg{world()})
	first := m.View().Content
	m.frame = "cached"
	if m.View().Content != "cached" {
		t.Error("the frame was drawn again although nothing changed")
	}
	send(m, tickMsg(noon))
	if m.View().Content != first {
		t.Error("the clock did not draw the frame again")
	}
}

func TestSavingGivesPlainText(t *testing.T) {
	t.Parallel()
	var kind, saved string
	m, _ := testModel(t, func(d *Deps) {
		d.Save = func(k, text string) (string, error) { kind, saved = k, text; return "/state/x.txt", nil }
	})
	send(m, snapshotMsg{world()})
	press(m, "2", "ctrl+s")
	if kind != "topologies" || !strings.Contains(saved, "clicks") || strings.Contains(saved, "\x1b") {
		t.Errorf("saved %q: %q", kind, saved)
	}
	if err := says(m, "Saved to /state/x.txt."); err != nil {
		t.Error(err)
	}
}

func TestOpeningByNameWaitsForTheId(t *testing.T) {
	t.Parallel()
	m, _ := testModel(t, func(d *Deps) { d.Open, d.OpenArg = "topology", screen.Arg{TopologyID: "clicks"} })
	send(m, snapshotMsg{&cluster.Snapshot{}})
	if err := at(m, "health"); err != nil {
		t.Fatal(err)
	}
	send(m, snapshotMsg{world()})
	if top := m.where.top(); top.spec.ID != "topology" || top.arg.TopologyID != "clicks-2" {
		t.Fatalf("opened %s on %q", top.spec.ID, top.arg.TopologyID)
	}
	m, _ = testModel(t, func(d *Deps) { d.Open, d.OpenArg = "topology", screen.Arg{TopologyID: "nobody"} })
	send(m, snapshotMsg{world()})
	if err := says(m, `No topology "nobody"`); err != nil {
		t.Error(err)
	}
}
