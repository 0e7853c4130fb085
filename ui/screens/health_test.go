package screens

import (
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/ui/screen"
)

func TestHealthLeadsOn(t *testing.T) {
	all := diagnose.Finding{TopologyID: twitterID, Component: "score", Host: "sup-w5", Port: 6701}
	for rule, want := range map[string]destination{
		"leader": {id: "connections"}, "sources": {id: "connections"},
		"supervisor lost": {id: "slots", arg: screen.Arg{Host: "sup-w5"}},
		"restarts":        {id: "supervisor", arg: screen.Arg{TopologyID: twitterID, Host: "sup-w5", Port: 6701}},
		"left on":         {id: "topology", arg: screen.Arg{TopologyID: twitterID}},
	} {
		f := all
		f.Rule = rule
		if got := leads(f); got != want {
			t.Errorf("%s leads to %+v, want %+v", rule, got, want)
		}
	}
	for _, test := range []struct {
		found diagnose.Finding
		want  destination
	}{
		{diagnose.Finding{Rule: "skew", TopologyID: twitterID, Component: "score"}, destination{"component", screen.Arg{TopologyID: twitterID, Component: "score"}}},
		{diagnose.Finding{Rule: "failing", TopologyID: twitterID}, destination{"topology", screen.Arg{TopologyID: twitterID}}},
		{diagnose.Finding{Rule: "mixed", Host: "sup-w4"}, destination{"supervisor", screen.Arg{Host: "sup-w4"}}},
		{diagnose.Finding{Rule: "mixed"}, destination{id: "cluster"}},
		{diagnose.Finding{Rule: "no room"}, destination{id: "slots"}},
	} {
		if got := leads(test.found); got != test.want {
			t.Errorf("%+v leads to %+v", test.found, got)
		}
	}
	// What a line says enter opens must be there to be opened.
	for _, r := range diagnose.Rules() {
		if to := leads(diagnose.Finding{Rule: r.Name}); to.id == "" {
			t.Errorf("%s leads nowhere", r.Name)
		} else if _, ok := screen.Lookup(to.id); !ok {
			t.Errorf("%s leads to %q, which there is not", r.Name, to.id)
		}
	}
}

func TestHealthHides(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Health, env, screen.Arg{}).(*health)
	s.View(env, bodies[1])
	wantOpen(t, press(t, env, s, "enter"), "supervisor", screen.Arg{TopologyID: alarmsID, Host: "sup-w5", Port: 6701})
	press(t, env, s, "H")
	shown := picture(t, env, s, bodies[1])
	if strings.Contains(shown, "restarts again and again") || !strings.Contains(shown, "hidden (1): restarts of global-alarms until 15:32") || !strings.Contains(shown, "1 hidden") {
		t.Errorf("H does not hide the finding:\n%s", shown)
	}
	env.Now = env.Now.Add(61 * time.Minute)
	env.Snap = fixtureWorld()
	if shown = picture(t, env, s, bodies[1]); !strings.Contains(shown, "restarts again and again") {
		t.Errorf("after an hour it is still hidden:\n%s", shown)
	}
}

// TestHealthKeepsPlaces holds that a line does not move right when its level
// changes.
func TestHealthKeepsPlaces(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Health, env, screen.Arg{}).(*health)
	s.View(env, bodies[1])
	order := func() string {
		var rules []string
		for _, f := range s.table.Visible() {
			rules = append(rules, f.Rule)
		}
		return strings.Join(rules, " ")
	}
	before := order()
	worse := fixtureFindings()
	worse.Findings[4].Level = cluster.LevelCrit // skew
	worse.Findings[0], worse.Findings[4] = worse.Findings[4], worse.Findings[0]
	step := func(after time.Duration) {
		env.Now = env.Now.Add(after)
		env.Snap, env.Found = fixtureWorld(), worse
		s.View(env, bodies[1])
	}
	step(time.Second)
	if got := order(); strings.Index(got, "skew") < strings.Index(got, "error") {
		t.Errorf("the line jumped at once: %s, before %s", got, before)
	}
	step(11 * time.Second)
	if got := order(); !strings.HasPrefix(got, "skew") {
		t.Errorf("the line stays for good: %s", got)
	}
}

func TestHealthTellsWhatIsNotChecked(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	env.Found = diagnose.Report{
		Checked: 9, Rules: 16, Quiet: []string{"leader elected"}, Pending: []string{"saturated: needs the first statistics"},
		Cannot: []string{"missing beat: no ZooKeeper", "parallelism: no ZooKeeper"},
	}
	shown := picture(t, env, opens(t, Health, env, screen.Arg{}), bodies[1])
	for _, want := range []string{
		"● Nothing is wrong. 9 rules checked 4s ago.", "◌ some rules need two heartbeats (≤ 120s); 9 of 16 checked",
		"cannot check (2): no ZooKeeper – missing beat, parallelism", "watching 4 topologies, 6 supervisors, 14 workers since 13:02",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}
