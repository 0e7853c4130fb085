package screens

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

const fixtureSecret = "hunter2hunter2"

// confEnv is the fixture's cluster with a configuration full of secrets and
// surprises.
func confEnv() screen.Env {
	env := goldenEnv()
	top := env.Snap.Topologies[wikipediaID]
	top.Conf = map[string]any{
		"topology.name": "wikipedia-trends", "topology.workers": float64(4), "topology.subprocess.timeout.secs": float64(120),
		"topology.acker.executors": float64(2), "topology.eventlogger.executors": float64(2), "topology.users": []any{"ops", "wiki-team"},
		"topology.worker.childopts":             "-Xmx1g -Djavax.net.ssl.keyStorepassword=" + fixtureSecret + " -Dfile.encoding=UTF-8",
		"storm.zookeeper.topology.auth.payload": "wiki:" + fixtureSecret, "pystorm.log.path": "/srv/storm/pylogs", "pystorm.log.level": "warning",
		"wikipedia.api.token": fixtureSecret, "wikipedia.proxy": "http://wiki:" + fixtureSecret + "@proxy:3128/", "topology.max.spout.pending": nil,
		"topology.debug": false, "topology.message.timeout.secs": float64(30), "topology.stats.sample.rate": 0.05,
		"wikipedia.sources": map[string]any{"kafka": map[string]any{"brokers": []any{"k1:9092", "k2:9092"}, "password": fixtureSecret}},
	}
	for i := range top.Structure.Components {
		switch c := &top.Structure.Components[i]; c.ID {
		case "edits":
			c.Conf = `{"config.topics":"wiki.edits","config.groupid":"trends","config.token":"` + fixtureSecret + `","topology.tasks":null}`
		case "enrich":
			c.Conf = `{"topology.tasks":12}`
			c.Shell = &nimbusclient.Shell{Command: "python3", Script: "enrich.py --password=" + fixtureSecret}
		}
	}
	env.Defaults = func(version string) (map[string]any, string) {
		if !strings.HasPrefix(version, "2.") {
			return nil, ""
		}
		return map[string]any{
			"topology.workers": json.Number("1"), "topology.acker.executors": nil, "topology.eventlogger.executors": json.Number("0"),
			"topology.worker.childopts": nil, "topology.users": []any{}, "topology.max.spout.pending": nil, "topology.debug": false,
			"topology.message.timeout.secs": json.Number("30"), "topology.stats.sample.rate": json.Number("0.05"),
			"storm.zookeeper.servers": []any{"localhost"}, "storm.zookeeper.root": "/storm", "nimbus.seeds": []any{"localhost"},
			"executor.metrics.frequency.secs": json.Number("60"), "scheduler.display.resource": false,
		}, "2.8.3"
	}
	return env
}

func TestConfGoldens(t *testing.T) {
	env := confEnv()
	goldens(t, "topology", env, func() screen.Screen { return opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID}) })
	goldens(t, "nimbus", env, func() screen.Screen { return opens(t, Conf, env, screen.Arg{Path: "nimbus"}) })
	goldens(t, "differing", env, func() screen.Screen {
		s := opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID})
		run(env, s, kit.Press("D"))
		return s
	})
	goldens(t, "value", env, func() screen.Screen {
		s := opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID}).(*conf)
		s.table.Select("topology.max.spout.pending")
		run(env, s, kit.Press("enter"))
		return s
	})
	goldens(t, "no_match", env, func() screen.Screen {
		s := opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID, Filter: "timout"})
		return s
	})
}

func TestConfStates(t *testing.T) {
	size := bodies[1]
	check := func(env screen.Env, arg screen.Arg, want string) {
		t.Helper()
		if got := picture(t, env, opens(t, Conf, env, arg), size); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	check(fixtureEnv(fixtureLoading()), screen.Arg{TopologyID: wikipediaID}, "loading (getTopologyConf")
	check(fixtureEnv(fixtureLoading()), screen.Arg{}, "loading (getNimbusConf")
	check(fixtureEnv(fixtureEmpty()), screen.Arg{TopologyID: wikipediaID}, "not running any more")
	env := confEnv()
	top := env.Snap.Topologies[wikipediaID]
	top.Conf, top.Errs["getTopologyConf"] = nil, fmt.Errorf("getTopologyConf: %w", nimbusclient.ErrUnauthorized)
	check(env, screen.Arg{TopologyID: wikipediaID}, "not permitted: getTopologyConf")
	top.Errs["getTopologyConf"] = errors.New("broken \x1b[31mpipe")
	check(env, screen.Arg{TopologyID: wikipediaID}, "getTopologyConf: broken ␛[31mpipe")
	env = confEnv()
	env.Defaults = nil
	check(env, screen.Arg{TopologyID: wikipediaID}, "defaults of this release unknown")
}

// No way of looking at a configuration gives a secret away.
func TestConfSecrets(t *testing.T) {
	env := confEnv()
	s := opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID}).(*conf)
	size := screen.Size{W: 400, H: 80}
	for range 30 {
		seen := s.View(env, size) + s.Text(env)
		for _, name := range []string{"y", "Y"} {
			for _, m := range run(env, s, kit.Press(name)) {
				seen += m.(screen.CopyMsg).Text
			}
		}
		run(env, s, kit.Press("enter"))
		seen += s.View(env, size)
		s.Escape()
		run(env, s, kit.Press("down"))
		if strings.Contains(seen, fixtureSecret) {
			t.Fatalf("the secret is shown:\n%s", seen)
		}
	}
	if s.masked != 7 {
		t.Errorf("%d values masked, want 7", s.masked)
	}
	env.Secret = nil
	s = opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID}).(*conf)
	if seen := s.View(env, size); strings.Contains(seen, "pylogs") {
		t.Error("without a rule for secrets values are shown")
	}
}

func TestConfKeys(t *testing.T) {
	env := confEnv()
	s := opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID}).(*conf)
	s.View(env, bodies[1])
	all, _ := s.table.Rows()
	run(env, s, kit.Press("D"))
	if some, _ := s.table.Rows(); some >= all || some == 0 {
		t.Errorf("D shows %d of %d", some, all)
	}
	run(env, s, kit.Press("D"))
	for _, name := range []string{"/", "t", "i", "m", "e", "o", "u", "t"} {
		run(env, s, kit.Press(name))
	}
	if shown, _ := s.table.Rows(); shown != 2 || !s.Typing() {
		t.Errorf("the filter shows %d", shown)
	}
	if !s.Escape() || s.Typing() {
		t.Error("esc does not end the filter")
	}
	// A configuration that changes keeps the cursor and says when.
	s.table.Select("topology.debug")
	next := *env.Snap
	top := *env.Snap.Topologies[wikipediaID]
	changed := map[string]any{}
	maps.Copy(changed, top.Conf)
	changed["topology.debug"] = true
	top.Conf = changed
	next.Topologies = map[string]*cluster.Topology{wikipediaID: &top}
	env.Snap = &next
	run(env, s, screen.Refreshed{})
	if _, state := s.Crumb(env); !strings.Contains(state, "changed 14:32") {
		t.Errorf("state %q", state)
	}
	r, _ := s.table.Selected()
	if r.key != "topology.debug" || r.level() != kit.LevelWarn || !r.differs {
		t.Errorf("the cursor is on %+v", r)
	}
	if d := s.Demand(env); !d.Confs[wikipediaID] || !d.Structures[wikipediaID] {
		t.Errorf("demand %+v", d)
	}
	if d := opens(t, Conf, env, screen.Arg{}).(*conf).Demand(env); !d.NimbusConf {
		t.Errorf("demand of Nimbus %+v", d)
	}
}

func TestSameValue(t *testing.T) {
	for _, test := range []struct {
		a, b any
		want bool
	}{
		{float64(30), json.Number("30"), true},
		{float64(0.05), json.Number("0.05"), true},
		{30, json.Number("3e1"), true},
		{"30", json.Number("30"), false},
		{nil, nil, true},
		{nil, "", false},
		{[]any{float64(1), "x"}, []any{json.Number("1"), "x"}, true},
		{[]any{"x"}, []any{}, false},
		{map[string]any{"a": float64(1)}, map[string]any{"a": json.Number("1.0")}, true},
		{map[string]any{"a": nil}, map[string]any{}, false},
		{true, "true", false},
	} {
		if sameValue(test.a, test.b) != test.want || sameValue(test.b, test.a) != test.want {
			t.Errorf("%v and %v: same is not %v", test.a, test.b, test.want)
		}
	}
}

func TestConfFrames(t *testing.T) {
	env := confEnv()
	env.Snap.Topologies[wikipediaID].Conf["\x1b]0;名\u202e"] = "日本語\n\x1b[2J"
	frames(t, env, func(env screen.Env) screen.Screen {
		return opens(t, Conf, env, screen.Arg{TopologyID: wikipediaID})
	}, "down", "up", "enter", "esc", "D", "/", "t", "G", "g", "}", "{", "z", ">", "I", "n")
}
