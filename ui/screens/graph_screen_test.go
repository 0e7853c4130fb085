package screens

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

func TestGraphGoldens(t *testing.T) {
	env := goldenEnv()
	goldens(t, "score", env, func() screen.Screen {
		return opens(t, Graph, env, screen.Arg{TopologyID: twitterID, Component: "score"})
	})
	goldens(t, "path", env, func() screen.Screen {
		s := opens(t, Graph, env, screen.Arg{TopologyID: twitterID, Component: "join"})
		run(env, s, kit.Press("b"))
		return s
	})
	env.Sys = true
	goldens(t, "system", env, func() screen.Screen {
		return opens(t, Graph, env, screen.Arg{TopologyID: wordcountID})
	})
}

func TestGraphStates(t *testing.T) {
	size := bodies[1]
	for _, test := range []struct {
		name string
		snap *cluster.Snapshot
		want string
	}{
		{"loading", fixtureLoading(), "loading (getTopology"},
		{"gone", fixtureEmpty(), "not running any more"},
	} {
		env := fixtureEnv(test.snap)
		s := opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
		if got := picture(t, env, s, size); !strings.Contains(got, test.want) {
			t.Errorf("%s: no %q in\n%s", test.name, test.want, got)
		}
	}

	env := goldenEnv()
	top := env.Snap.Topologies[twitterID]
	top.Structure, top.Errs["getTopology"] = nil, fmt.Errorf("getTopology: %w", nimbusclient.ErrUnauthorized)
	s := opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
	if got := picture(t, env, s, size); !strings.Contains(got, "not permitted: getTopology; the component table still works: esc") {
		t.Errorf("refused:\n%s", got)
	}

	env = fixtureEnv(fixturePartial())
	s = opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
	termtest.Golden(t, "partial", picture(t, env, s, size))

	env = goldenEnv()
	s = opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
	env.Snap = fixtureEmpty()
	if got := picture(t, env, s, size); !strings.Contains(got, "is not alive any more") || !strings.Contains(got, "score") {
		t.Errorf("a topology that goes must leave its picture:\n%s", got)
	}
}

func TestGraphKeys(t *testing.T) {
	env := goldenEnv()
	s := opens(t, Graph, env, screen.Arg{TopologyID: twitterID, Component: "score"}).(*graph)
	s.View(env, bodies[1])
	open := func(name string) screen.OpenMsg {
		t.Helper()
		for _, m := range run(env, s, kit.Press(name)) {
			if o, ok := m.(screen.OpenMsg); ok {
				return o
			}
		}
		t.Fatalf("%s opens nothing", name)
		return screen.OpenMsg{}
	}
	if got := open("enter"); got.ID != "component" || got.Arg.Component != "score" || got.Arg.TopologyID != twitterID {
		t.Errorf("enter opens %+v", got)
	}
	if got := open("d"); got.ID != "conf" {
		t.Errorf("d opens %+v", got)
	}
	run(env, s, kit.Press("f"))
	if id, hops := s.pane.Focus(); id != "score" || hops != 1 {
		t.Errorf("f: focus %q ±%d", id, hops)
	}
	if !s.Escape() {
		t.Error("esc does not widen the focus")
	}
	run(env, s, kit.Press("b"))
	if !s.onPath || !s.Escape() || s.onPath || s.Escape() {
		t.Error("b and esc show and hide the slowest path")
	}
	for _, name := range []string{"/", "s", "t"} {
		run(env, s, kit.Press(name))
	}
	if n, _ := s.pane.Selected(); n.ID != "store" || !s.Typing() {
		t.Errorf("the search is on %q", n.ID)
	}
	if !s.Escape() || s.Typing() {
		t.Error("esc does not end the search")
	}
	if n, _ := s.pane.Selected(); n.ID != "score" {
		t.Errorf("esc left the cursor on %q", n.ID)
	}
	text := s.Text(env)
	for _, want := range []string{"score  bolt", "<- join  default  fields: user  3.42k/s", "slowest path: clicks > decode"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
	d := s.Demand(env)
	if !d.Structures[twitterID] || !d.Infos[twitterID] || d.Pages[twitterID][0].Window != env.Window {
		t.Errorf("demand %+v", d)
	}
}

func TestGraphFolds(t *testing.T) {
	env := goldenEnv()
	many(env.Snap.Topologies[twitterID])
	for _, size := range bodies {
		s := opens(t, Graph, env, screen.Arg{TopologyID: twitterID}).(*graph)
		s.View(env, size)
		s.pane.Select("enrich-3")
		n, _ := s.pane.Selected()
		if n.Members == 0 {
			run(env, s, kit.Press("c"))
		}
		termtest.Golden(t, fmt.Sprintf("%dx%d", size.W, size.H), picture(t, env, s, size))
		if n, _ = s.pane.Selected(); n.Members != 10 {
			t.Fatalf("%d wide: %d components are folded", size.W, n.Members)
		}
		run(env, s, kit.Press("enter"))
		if n, _ := s.pane.Selected(); n.Members > 0 {
			t.Errorf("%d wide: enter does not open the group", size.W)
		}
	}
}

// many replaces a topology by one of sixty bolts.
func many(top *cluster.Topology) {
	top.Structure = &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{ID: "source", Kind: nimbusclient.Spout}}}
	before := "source"
	for _, stage := range []string{"parse", "enrich", "route", "agg", "sink", "audit"} {
		for i := range 10 {
			id := fmt.Sprintf("%s-%d", stage, i)
			top.Structure.Components = append(top.Structure.Components, nimbusclient.ComponentSpec{
				ID: id, Kind: nimbusclient.Bolt, Inputs: []nimbusclient.Input{shuffle(before)}, Parallelism: new(2),
			})
		}
		before = stage + "-0"
	}
	top.Pages = nil
}

func TestGraphFrames(t *testing.T) {
	keys := []string{"up", "down", "left", "right", "f", "c", "b", "/", "e", "enter", "esc", "G", "g", "pgdown"}
	frames(t, goldenEnv(), func(env screen.Env) screen.Screen {
		return opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
	}, keys...)
	env := goldenEnv()
	many(env.Snap.Topologies[twitterID])
	for i, c := range env.Snap.Topologies[twitterID].Structure.Components {
		if c.ID == "route-3" {
			// Names come from strangers.
			env.Snap.Topologies[twitterID].Structure.Components[i].ID = "\x1b[31m路由\u202e-3"
		}
	}
	frames(t, env, func(env screen.Env) screen.Screen {
		return opens(t, Graph, env, screen.Arg{TopologyID: twitterID})
	}, keys...)
}
