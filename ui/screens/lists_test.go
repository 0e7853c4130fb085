package screens

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// listScreens are the screens of this file's tests, with what they are opened
// on.
var listScreens = []struct {
	name string
	id   screen.ID
	arg  screen.Arg
}{
	{"health", Health, screen.Arg{}},
	{"cluster", Cluster, screen.Arg{}},
	{"topologies", Topologies, screen.Arg{}},
	{"topology", Topology, screen.Arg{TopologyID: twitterID}},
	{"component", Component, screen.Arg{TopologyID: twitterID, Component: "sessionize"}},
}

func TestListGoldens(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	for _, s := range listScreens {
		goldens(t, s.name, env, func() screen.Screen { return opens(t, s.id, env, s.arg) })
	}
	for name, arg := range map[string]screen.Arg{
		"spout": {TopologyID: twitterID, Component: "clicks"},
		"shell": {TopologyID: wordcountID, Component: "split"},
		"error": {TopologyID: wikipediaID, Component: "enrich"},
	} {
		goldens(t, "component_"+name, env, func() screen.Screen {
			s := opens(t, Component, env, arg)
			if name == "error" { // unfolded
				s.View(env, bodies[0])
				press(t, env, s, "}", "}", "enter")
			}
			return s
		})
	}
	env.Sys = true
	env.Window = nimbusclient.Window3h
	goldens(t, "topology_system", env, func() screen.Screen { return opens(t, Topology, env, screen.Arg{TopologyID: twitterID}) })
	env.Sys, env.Wide = false, true
	goldens(t, "topology_wide", env, func() screen.Screen { return opens(t, Topology, env, screen.Arg{TopologyID: wordcountID}) })
}

func TestListStates(t *testing.T) {
	for _, state := range []struct {
		name string
		snap func() *cluster.Snapshot
	}{{"loading", fixtureLoading}, {"empty", fixtureEmpty}, {"stale", fixtureStale}, {"partial", fixturePartial}} {
		for _, s := range listScreens {
			env := fixtureEnv(state.snap())
			if state.name == "loading" {
				env.Now = env.Now.Add(1200 * time.Millisecond)
			}
			for _, size := range bodies[:2] {
				open := env
				open.Now = fixtureNow
				picture := picture(t, env, opens(t, s.id, open, s.arg), size)
				termtest.Golden(t, fmt.Sprintf("%s_%s_%dx%d", s.name, state.name, size.W, size.H), picture)
			}
		}
	}
}

// TestListStale holds that old values are dim; text alone does not show it.
func TestListStale(t *testing.T) {
	for _, s := range listScreens[1:] {
		fresh, old := fixtureEnv(fixtureWorld()), fixtureEnv(fixtureStale())
		size := bodies[1]
		want := map[bool]string{}
		for _, env := range []screen.Env{fresh, old} {
			frame := opens(t, s.id, env, s.arg).View(env, size)
			shown := termtest.Render(frame, size.W, size.H)
			x, y := shown.Find("3d07h")
			if s.name == "component" {
				x, y = shown.Find("w2:6702")
			}
			if y < 0 {
				t.Fatalf("%s: nothing to look at", s.name)
			}
			want[env.Snap.Stale(env.Now)] = fmt.Sprint(shown.StyleAt(x, y).Fore)
		}
		if want[true] == want[false] {
			t.Errorf("%s: old values look like fresh ones (%s)", s.name, want[true])
		}
	}
}

func TestListFrames(t *testing.T) {
	keys := []string{"up", "down", "tab", "<", ">", "I", "O", "C", "enter", "space", "U", "f", "}", "{", "/", "e", "esc", "z", "G", "g", "pgdown", "S", "H", "A", "ctrl+space"}
	for _, s := range listScreens {
		env := fixtureEnv(hostileWorld())
		frames(t, env, func(env screen.Env) screen.Screen { return opens(t, s.id, env, s.arg) }, keys...)
		env.Wide, env.Sys = true, true
		frames(t, env, func(env screen.Env) screen.Screen { return opens(t, s.id, env, s.arg) }, keys...)
		if t.Failed() {
			t.Fatalf("on %s", s.name)
		}
	}
}

// hostileWorld is the fixture's cluster with names from a bad neighbourhood.
func hostileWorld() *cluster.Snapshot {
	const evil = "\x1b[2J路由\u202e\x00\t"
	s := fixtureWorld()
	for i := range s.Cluster.Topologies {
		s.Cluster.Topologies[i].Name = evil + strings.Repeat("x", 90*i)
		s.Cluster.Topologies[i].Status = nimbusclient.Status(evil)
		s.Cluster.Topologies[i].SchedStatus = ptr(evil)
		s.Cluster.Topologies[i].Owner = ptr(evil)
	}
	for _, t := range s.Topologies {
		t.Summary.Name = evil
		t.Drift = []cluster.Drift{{Component: evil, Desired: 4, Actual: 2}, {Desired: 4, Actual: 2}, {Component: "score"}}
		for i := range t.Structure.Components {
			c := &t.Structure.Components[i]
			if c.Shell != nil {
				c.Shell.Command = "/usr/bin/" + evil
			}
			for j := range c.Inputs {
				c.Inputs[j].Fields = []string{evil}
			}
		}
		for _, p := range t.Pages {
			p.Spouts[0].ID = evil
			p.Bolts[0].ID += evil
		}
		for _, p := range t.Components {
			p.Errors = []nimbusclient.ErrorInfo{{Error: evil + "\n" + evil, Host: ptr(evil)}}
			for i := range p.Execs {
				p.Execs[i].Host = evil
			}
		}
	}
	for i := range s.Hosts {
		s.Hosts[i].Name = evil
		s.Hosts[i].Supervisor.Version = evil
	}
	for i := range s.Cluster.Nimbuses {
		s.Cluster.Nimbuses[i].Host = evil
	}
	s.ZK.Root = evil
	return s
}

// TestAdvertisedKeysAct presses every key that a screen offers: each must do
// something that can be seen.
func TestAdvertisedKeysAct(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	size := bodies[1]
	for _, s := range listScreens {
		for _, before := range [][]string{nil, {"down"}, {"space"}, {"}"}, {"}", "}"}, {">"}, {"G"}} {
			prepare := func() screen.Screen {
				scr := opens(t, s.id, env, s.arg)
				scr.View(env, size)
				for _, name := range before {
					run(env, scr, kit.Press(name))
				}
				scr.View(env, size)
				return scr
			}
			for _, k := range prepare().Keys() {
				name := k.Keys()[0]
				scr := prepare()
				if !slices.ContainsFunc(scr.Keys(), func(b key.Binding) bool { return b.Help() == k.Help() }) {
					t.Fatalf("%s: the keys of two equal screens differ", s.name)
				}
				shown := visible(env, scr, size)
				if msgs := run(env, scr, kit.Press(name)); len(msgs) > 0 || visible(env, scr, size) != shown {
					continue
				}
				// These act on what comes later, or need rows that are not in order.
				if name == "f" || name == "z" || name == "I" && s.name != "topology" {
					continue
				}
				t.Errorf("%s after %v: %s (%s) does nothing", s.name, before, name, k.Help().Desc)
			}
		}
	}
}

// visible is all that a screen shows, typing included.
func visible(env screen.Env, s screen.Screen, size screen.Size) string {
	text := s.View(env, size)
	if c, ok := s.(screen.Crumber); ok {
		path, state := c.Crumb(env)
		text += fmt.Sprint(path, state)
	}
	if typer, ok := s.(screen.Typer); ok {
		text += fmt.Sprint(typer.Typing())
	}
	return text
}

// TestAbsentKeys holds that keys of what does not exist are neither offered nor
// answered.
func TestAbsentKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	for _, s := range listScreens {
		scr := opens(t, s.id, env, s.arg)
		shown := visible(env, scr, bodies[1])
		for _, name := range []string{"l", "e", "F", "r", "K", "a", "o", "x", "s"} {
			for _, b := range scr.Keys() {
				if key.Matches(kit.Press(name), b) {
					t.Errorf("%s offers %s", s.name, name)
				}
			}
			if msgs := run(env, scr, kit.Press(name)); len(msgs) > 0 || visible(env, scr, bodies[1]) != shown {
				t.Errorf("%s answers %s", s.name, name)
			}
		}
	}
}

// TestRowsAreKept holds that drawing again makes no rows.
func TestRowsAreKept(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	for _, s := range listScreens {
		scr := opens(t, s.id, env, s.arg)
		scr.View(env, bodies[1])
		rows := func() any {
			switch scr := scr.(type) {
			case *health:
				r, _ := scr.table.Selected()
				return &r.Evidence[0]
			case *overview:
				return &scr.rows[0]
			case *topologies:
				r, _ := scr.table.Selected()
				return r.top
			case *topology:
				return &scr.hints[0]
			case *component:
				return &scr.rows[0]
			}
			return nil
		}
		before := rows()
		later := env
		later.Now = env.Now.Add(time.Second)
		scr.View(later, bodies[1])
		if rows() != before {
			t.Errorf("%s: a second View made its rows anew", s.name)
		}
		next := env
		next.Snap = fixtureWorld()
		scr.View(next, bodies[1])
		if s.name != "health" && rows() == before {
			t.Errorf("%s: a new snapshot shows old rows", s.name)
		}
	}
}

// press presses keys one after the other and returns what the last one sent.
func press(t *testing.T, env screen.Env, s screen.Screen, names ...string) []tea.Msg {
	t.Helper()
	var sent []tea.Msg
	for _, name := range names {
		sent = run(env, s, kit.Press(name))
	}
	return sent
}

// wantOpen checks that the messages open a screen.
func wantOpen(t *testing.T, msgs []tea.Msg, id screen.ID, arg screen.Arg) {
	t.Helper()
	want := screen.OpenMsg{ID: id, Arg: arg}
	if len(msgs) != 1 || !reflect.DeepEqual(msgs[0], want) {
		t.Errorf("got %+v, want %+v", msgs, want)
	}
}

func TestTopologiesKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Topologies, env, screen.Arg{}).(*topologies)
	s.View(env, bodies[1])
	alarms := screen.Arg{TopologyID: alarmsID}
	press(t, env, s, "j")
	wantOpen(t, press(t, env, s, "enter"), "topology", alarms)
	wantOpen(t, press(t, env, s, "v"), "graph", alarms)
	wantOpen(t, press(t, env, s, "w"), "slots", alarms)
	wantOpen(t, press(t, env, s, "d"), "conf", alarms)
	if got := press(t, env, s, "tab"); len(got) != 1 || got[0] != (screen.WindowMsg{Window: nimbusclient.Window3h}) {
		t.Errorf("tab: %+v", got)
	}
	if got := press(t, env, s, "y"); len(got) != 1 || got[0].(screen.CopyMsg).Text != alarmsID {
		t.Errorf("y: %+v", got)
	}

	// The cursor stays on its topology through another order and another poll.
	s.table.SortBy("  NAME", false)
	if r, _ := s.table.Selected(); r.ID != alarmsID {
		t.Errorf("after sorting the cursor is on %s", r.ID)
	}
	later := fixtureWorld()
	later.Cluster.Topologies = later.Cluster.Topologies[1:] // global-alarms is gone
	env.Snap = later
	run(env, s, screen.Refreshed{})
	if shown := visible(env, s, bodies[1]); !strings.Contains(shown, "gone 0s") {
		t.Error("a vanished topology under the cursor is not kept for a while")
	}

	// Marks.
	env.Snap = fixtureWorld()
	run(env, s, screen.Refreshed{})
	press(t, env, s, "g", "space", "space")
	got := press(t, env, s, "y")
	if copied, ok := got[0].(screen.CopyMsg); !ok || strings.Count(copied.Text, "\n") != 1 || copied.What != "2 ids" {
		t.Errorf("y with marks: %+v", got)
	}
	if _, state := s.Crumb(env); !strings.Contains(state, "◆2") {
		t.Errorf("marks in the breadcrumb: %q", state)
	}
	press(t, env, s, "U")
	if len(s.table.Marked()) != 0 {
		t.Error("U leaves marks")
	}
}

// TestCursorBeforeTheFirstKey holds that the cursor is on the worst row until
// somebody takes it.
func TestCursorBeforeTheFirstKey(t *testing.T) {
	quiet := fixtureEnv(fixtureWorld())
	quiet.Found.Findings = nil
	s := opens(t, Topologies, quiet, screen.Arg{}).(*topologies)
	worse := fixtureEnv(fixtureWorld())
	worse.Found.Findings = worse.Found.Findings[:1] // global-alarms
	s.View(worse, bodies[1])
	if r, _ := s.table.Selected(); r.ID != alarmsID {
		t.Errorf("the cursor is on %s", r.ID)
	}
	press(t, worse, s, "down")
	r, _ := s.table.Selected()
	quiet.Snap = fixtureWorld()
	s.View(quiet, bodies[1])
	if now, _ := s.table.Selected(); now.ID != r.ID {
		t.Errorf("the cursor went from %s to %s", r.ID, now.ID)
	}
}

func TestTopologiesFilterAndOrder(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Topologies, env, screen.Arg{}).(*topologies)
	s.View(env, bodies[1])
	press(t, env, s, "/", "w", "i", "k", "i")
	if !s.Typing() {
		t.Fatal("the filter does not take keys")
	}
	press(t, env, s, "enter")
	if shown, _ := s.table.Rows(); shown != 1 {
		t.Errorf("%d rows match wiki", shown)
	}
	if !s.Escape() || s.Escape() {
		t.Error("esc clears the filter once")
	}
	s.table.SetFilter("@warn")
	if shown, all := s.table.Rows(); shown != 3 || all != 4 {
		t.Errorf("@warn shows %d of %d", shown, all)
	}
	s.Escape()

	press(t, env, s, "O")
	if !s.Typing() {
		t.Fatal("the list of orders does not take keys")
	}
	press(t, env, s, "down", "enter")
	if s.pick != nil || !strings.HasPrefix(s.table.SortName(s.look.g), "NAME") {
		t.Errorf("sorted by %q", s.table.SortName(s.look.g))
	}
	press(t, env, s, "C", "down", "space", "q")
	if s.pick != nil || !s.table.Columns[1].Hidden {
		t.Error("C does not hide the second column")
	}
}

// TestTransitions holds that a topology on the move says how far it is, in few
// letters where there is little room.
func TestTransitions(t *testing.T) {
	snap := fixtureWorld()
	for i, status := range []nimbusclient.Status{nimbusclient.Rebalancing, nimbusclient.Killed, nimbusclient.Inactive, "PAUSED"} {
		sum := &snap.Cluster.Topologies[i]
		sum.Status = status
		base := snap.ZK.Storms[sum.ID]
		base.KillWaitSecs, base.Mtime = new(30), fixtureNow.Add(-6*time.Second)
		snap.ZK.Storms[sum.ID] = base
	}
	snap.Feed = []cluster.Change{{At: fixtureNow.Add(-18 * time.Second), Kind: cluster.ChangeStatus, TopologyID: snap.Cluster.Topologies[0].ID}}
	env := fixtureEnv(snap)
	for _, test := range []struct {
		size screen.Size
		want []string
	}{
		{bodies[0], []string{"REBAL ◌ 18s", "KILLED ◌ 24s", "INACTIVE ○", "PAUSED"}},
		{bodies[1], []string{"REBALANCING ◌ 18s", "KILLED ◌ 24s left", "INACTIVE ○", "PAUSED"}},
	} {
		for _, id := range []screen.ID{Topologies, Cluster} {
			shown := picture(t, env, opens(t, id, env, screen.Arg{}), test.size)
			for _, want := range test.want {
				if !strings.Contains(shown, want) {
					t.Errorf("%s: no %q in\n%s", id, want, shown)
				}
			}
		}
	}
	env.Now = env.Now.Add(time.Second)
	if shown := picture(t, env, opens(t, Topologies, env, screen.Arg{}), bodies[1]); !strings.Contains(shown, "KILLED ◌ 23s left") {
		t.Errorf("time stands still:\n%s", shown)
	}
	snap.ZK = nil
	if shown := picture(t, env, opens(t, Topologies, env, screen.Arg{}), bodies[1]); !strings.Contains(shown, "KILLED ◌  ") {
		t.Errorf("without ZooKeeper there is only the word:\n%s", shown)
	}
}

func BenchmarkView(b *testing.B) {
	snap := fixtureWorld()
	for i := range 1000 {
		snap.Cluster.Topologies = append(snap.Cluster.Topologies, nimbusclient.TopologySummary{ID: fmt.Sprintf("more-%d-1", i), Name: fmt.Sprintf("more-%d", i), Status: nimbusclient.Active})
	}
	env := fixtureEnv(snap)
	for _, s := range listScreens {
		b.Run(s.name, func(b *testing.B) {
			sp, _ := screen.Lookup(s.id)
			scr := sp.New(env, s.arg)
			b.ReportAllocs()
			for b.Loop() {
				scr.View(env, bodies[2])
			}
		})
	}
}

func TestTopologiesDemand(t *testing.T) {
	snap := fixtureWorld()
	for i := range 3000 {
		snap.Cluster.Topologies = append(snap.Cluster.Topologies, nimbusclient.TopologySummary{ID: fmt.Sprintf("more-%d-1", i), Name: fmt.Sprintf("more-%d", i), Status: nimbusclient.Active, Executors: new(5000 * (i % 2))})
	}
	env := fixtureEnv(snap)
	for _, id := range []screen.ID{Topologies, Cluster} {
		s := opens(t, id, env, screen.Arg{})
		if d := s.(screen.Demander).Demand(env); len(d.Pages) > manyVisible {
			t.Errorf("%s asks for %d pages before it was drawn", id, len(d.Pages))
		}
		s.View(env, bodies[1])
		press(t, env, s, "G")
		s.View(env, bodies[1])
		d := s.(screen.Demander).Demand(env)
		if len(d.Pages) == 0 || len(d.Pages) > bodies[1].H {
			t.Errorf("%s asks for %d pages with %d rows on screen", id, len(d.Pages), bodies[1].H)
		}
		for id := range d.Infos {
			if n := snap.Cluster.Topologies[slices.IndexFunc(snap.Cluster.Topologies, func(x nimbusclient.TopologySummary) bool { return x.ID == id })].Executors; n == nil || *n > manyExecutors {
				t.Errorf("every executor of %s is asked for unasked", id)
			}
		}
		if d.Window != env.Window {
			t.Errorf("%s: rates of window %q", id, d.Window)
		}
	}
}

func TestOverviewKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Cluster, env, screen.Arg{}).(*overview)
	s.View(env, bodies[1])
	wantOpen(t, press(t, env, s, "enter"), "connections", screen.Arg{})
	wantOpen(t, press(t, env, s, "d"), "conf", screen.Arg{})
	wantOpen(t, press(t, env, s, "}", "down", "enter"), "supervisor", screen.Arg{Host: "sup-w2"})
	if got := press(t, env, s, "d"); len(got) != 0 {
		t.Errorf("d on a supervisor: %+v", got)
	}
	wantOpen(t, press(t, env, s, "}", "enter"), "topology", screen.Arg{TopologyID: twitterID})
	wantOpen(t, press(t, env, s, "d"), "conf", screen.Arg{TopologyID: twitterID})
	d := s.Demand(env)
	if !d.AllTopologies || !d.NimbusConf || len(d.Infos) != 4 || d.Hosts != nil {
		t.Errorf("demand %+v", d)
	}
	if d := s.Demand(fixtureEnv(fixturePartial())); !d.Hosts["*"] {
		t.Error("without ZooKeeper the hosts' pages tell what runs where")
	}
}

func TestOverviewSumsAllWhenAsked(t *testing.T) {
	snap := fixtureWorld()
	for i := range 60 {
		snap.Cluster.Topologies = append(snap.Cluster.Topologies, nimbusclient.TopologySummary{ID: fmt.Sprintf("more-%d-1", i), Name: fmt.Sprintf("more-%d", i)})
	}
	env := fixtureEnv(snap)
	s := opens(t, Cluster, env, screen.Arg{}).(*overview)
	if shown := picture(t, env, s, bodies[1]); !strings.Contains(shown, "press A to sum 64 topologies") || !strings.Contains(shown, "A sum all") {
		t.Errorf("no offer to sum up:\n%s", shown)
	}
	if d := s.Demand(env); d.AllTopologies {
		t.Error("64 topologies are summed up unasked")
	}
	press(t, env, s, "A")
	if d := s.Demand(env); !d.AllTopologies {
		t.Error("A does not sum up")
	}
}

func TestOverviewLostHost(t *testing.T) {
	snap := fixtureWorld()
	snap.Hosts[3].LostAt, snap.Hosts[3].Supervisor = fixtureNow.Add(-12*time.Minute), nil
	snap.Cluster.Supervisors = slices.Delete(snap.Cluster.Supervisors, 3, 4)
	snap.Link.Nimbus.Endpoints[1].Err = fmt.Errorf("connection refused")
	snap.Cluster.Nimbuses = snap.Cluster.Nimbuses[:1]
	snap.Link.Nimbus.Leader.Phase = nimbusclient.LeaderDead
	env := fixtureEnv(snap)
	shown := picture(t, env, opens(t, Cluster, env, screen.Arg{}), bodies[1])
	for _, want := range []string{"5 of 6  ✕ 1 lost", "lost 12m ago", "✕ nim-a", "not answering", "▲ nim-b", "offline", "connection refused"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

func TestTopologyKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Topology, env, screen.Arg{TopologyID: twitterID, Component: "score"}).(*topology)
	s.View(env, bodies[1])
	arg := screen.Arg{TopologyID: twitterID, Component: "score"}
	wantOpen(t, press(t, env, s, "enter"), "component", arg)
	wantOpen(t, press(t, env, s, "v"), "graph", arg)
	wantOpen(t, press(t, env, s, "w"), "slots", screen.Arg{TopologyID: twitterID})
	wantOpen(t, press(t, env, s, "d"), "conf", screen.Arg{TopologyID: twitterID})
	if got := press(t, env, s, "S"); len(got) != 1 || got[0] != (screen.SysMsg{On: true}) {
		t.Errorf("S: %+v", got)
	}

	// Sorting makes one list of two, and the cursor stays on its component.
	press(t, env, s, ">")
	if s.mergedPart.Hide || !s.boltPart.Hide || !s.spoutPart.Hide {
		t.Fatal("sorting does not merge the sections")
	}
	if r, _ := s.selected(); r.ID != "score" {
		t.Errorf("after sorting the cursor is on %q", r.ID)
	}
	shown := picture(t, env, s, bodies[1])
	if !strings.Contains(shown, "components (10)") || !strings.Contains(shown, "sort COMPONENT ▴") {
		t.Errorf("sorted:\n%s", shown)
	}
	press(t, env, s, "<")
	if !s.mergedPart.Hide || s.boltPart.Hide {
		t.Error("topology order has two lists")
	}
	if r, _ := s.selected(); r.ID != "score" {
		t.Errorf("back in topology order the cursor is on %q", r.ID)
	}

	d := s.Demand(env)
	if !d.Infos[twitterID] || !d.Structures[twitterID] || !d.Confs[twitterID] || !slices.Equal(d.Pages[twitterID], []cluster.PageKey{{Window: nimbusclient.Window10m}}) {
		t.Errorf("demand %+v", d)
	}
}

func TestTopologyTells(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *cluster.Snapshot)
		want   []string
		not    []string
	}{
		{"drift", func(s *cluster.Snapshot) {
			s.Topologies[twitterID].Drift = []cluster.Drift{{Component: "score", Desired: 6, Actual: 4}, {Desired: 7, Actual: 5}}
		}, []string{"▲ score runs with 4 executors, 6 asked for", "▲ the topology runs with 5 workers, 7 asked for"}, nil},
		{"exact", func(s *cluster.Snapshot) {
			s.Topologies[twitterID].SampleRate = 1
		}, []string{" emitted ", " IN/S", "sample rate 1"}, []string{"~"}},
		{"lower bound", func(s *cluster.Snapshot) {
			r := s.Topologies[twitterID].Rates.Components["score"]
			r.In.AtLeast = true
			s.Topologies[twitterID].Rates.Components["score"] = r
		}, []string{"≥3.42k/s"}, nil},
		{"gone", func(s *cluster.Snapshot) {
			s.Cluster.Topologies = slices.DeleteFunc(s.Cluster.Topologies, func(x nimbusclient.TopologySummary) bool { return x.ID == twitterID })
		}, []string{"▲ twitter-clicks is not alive any more (last seen 14:32:03)", "score"}, nil},
		{"young", func(s *cluster.Snapshot) {
			for i := range s.Cluster.Topologies {
				s.Cluster.Topologies[i].UptimeSecs = new(20)
			}
			for _, p := range s.Topologies[twitterID].Pages {
				p.Totals = map[nimbusclient.Window]nimbusclient.Totals{}
			}
		}, []string{"No statistics yet: workers report every 60s on this version of Storm. First numbers about 14:32:43."}, nil},
		{"killed", func(s *cluster.Snapshot) {
			for i := range s.Cluster.Topologies {
				s.Cluster.Topologies[i].Status = nimbusclient.Killed
			}
			base := s.ZK.Storms[twitterID]
			base.KillWaitSecs, base.Mtime = new(30), fixtureNow.Add(-6*time.Second)
			s.ZK.Storms[twitterID] = base
		}, []string{"KILLED ◌ 24s left"}, nil},
		{"no structure", func(s *cluster.Snapshot) { s.Topologies[twitterID].Structure = nil }, []string{"score        ?        4/12", "S shows system components"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := fixtureEnv(fixtureWorld())
			s := opens(t, Topology, env, screen.Arg{TopologyID: twitterID})
			env.Snap = fixtureWorld()
			test.change(env.Snap)
			run(env, s, screen.Refreshed{})
			shown := picture(t, env, s, bodies[1])
			for _, want := range test.want {
				if !strings.Contains(shown, want) {
					t.Errorf("no %q in\n%s", want, shown)
				}
			}
			for _, not := range test.not {
				if strings.Contains(shown, not) {
					t.Errorf("%q in\n%s", not, shown)
				}
			}
		})
	}
}

func TestComponentKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Component, env, screen.Arg{TopologyID: wikipediaID, Component: "enrich"}).(*component)
	s.View(env, bodies[1])
	s.executors.Select("[15-15]")
	wantOpen(t, press(t, env, s, "enter"), "supervisor", screen.Arg{Host: "sup-w3", Port: 6701, TopologyID: wikipediaID})
	wantOpen(t, press(t, env, s, "}", "enter"), "component", screen.Arg{TopologyID: wikipediaID, Component: "edits"})
	press(t, env, s, "}")
	if got := press(t, env, s, "y"); len(got) != 1 || !strings.Contains(got[0].(screen.CopyMsg).Text, "HTTPError") {
		t.Errorf("y on an error: %+v", got)
	}
	press(t, env, s, "enter")
	if shown := picture(t, env, s, bodies[1]); !strings.Contains(shown, "at org.apache.storm.utils.ShellProcess") {
		t.Errorf("enter does not unfold the error:\n%s", shown)
	}
	d := s.Demand(env)
	if !slices.Equal(d.Components[wikipediaID], []cluster.ComponentKey{{Component: "enrich", Window: nimbusclient.Window10m}}) || !d.Infos[wikipediaID] {
		t.Errorf("demand %+v", d)
	}
}

func TestComponentStrips(t *testing.T) {
	snap := fixtureWorld()
	for _, p := range snap.Topologies[twitterID].Components {
		if p.ID != "sessionize" {
			continue
		}
		row := p.Execs[0]
		p.Execs = nil
		for i := range 150 {
			row.ID = nimbusclient.ExecutorID{Start: 100 + i, End: 100 + i}
			row.Host = fmt.Sprintf("h%d", i%9)
			row.UptimeSecs = new(i % 2)
			p.Execs = append(p.Execs, row)
		}
	}
	env := fixtureEnv(snap)
	s := opens(t, Component, env, screen.Arg{TopologyID: twitterID, Component: "sessionize"})
	shown := picture(t, env, s, bodies[1])
	if n := strings.Count(shown, strings.Repeat("█", heatRow)); n < 4 {
		t.Errorf("%d full rows of heat:\n%s", n, shown)
	}
	for _, want := range []string{"by host", "3 more", "starting"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

func TestVerdict(t *testing.T) {
	row := func(host string, start, end int, work int64, ms float64) executorRow {
		r := executorRow{work: float64(work), share: float64(work) / 100}
		r.Host, r.ID = host, nimbusclient.ExecutorID{Start: start, End: end}
		r.Executed, r.ExecuteMs = new(work), new(ms)
		return r
	}
	for _, test := range []struct {
		want string
		skew float64
		rows []executorRow
	}{
		{"even", 1.1, []executorRow{row("a", 1, 1, 50, 1), row("b", 2, 2, 50, 1)}},
		{"hot key ([1-1] on a does 80 %", 4, []executorRow{row("a", 1, 1, 80, 1), row("b", 2, 2, 20, 1)}},
		{"slow host (a tuple takes 3.0 times as long on a", 1.1, []executorRow{row("a", 1, 1, 50, 3), row("b", 2, 2, 50, 1), row("c", 3, 3, 50, 1)}},
		{"uneven (skew 2.0, 2 of 4", 2, []executorRow{row("a", 1, 1, 40, 1), row("b", 2, 2, 40, 1), row("c", 3, 3, 10, 1), row("d", 4, 4, 10, 1)}},
		{"", 1, []executorRow{row("a", 1, 1, 50, 1)}},
		{"", math.NaN(), []executorRow{row("a", 1, 1, 50, 1), row("b", 2, 2, 50, 1)}},
	} {
		if got := verdict(test.rows, test.skew); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
