package rebalance

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// wordcount is the lab's topology.
func wordcount() Topology {
	return Topology{
		ID: "wordcount-1-1", Name: "wordcount", Status: "ACTIVE", Workers: 2, Wanted: 2, MessageTimeout: 30,
		AckedPerSecond: 100, CompleteMillis: 50,
		Components: []Component{
			{ID: "sentences", Kind: Spout, Tasks: 1, Executors: 1},
			{ID: "split", Shell: true, Tasks: 4, Executors: 2, Capacity: new(0.01)},
			{ID: "count", Tasks: 12, Executors: 4, Capacity: new(1.04), Skew: 1.1},
			{ID: "hot", Tasks: 8, Executors: 4, Capacity: new(0.9), Skew: 3.8},
			{ID: "__acker", Kind: System, Tasks: 2, Executors: 2},
		},
	}
}

func roomy() Cluster { return Cluster{FreeSlots: 4, Hosts: 2, Major: 2, Minor: 8} }

func TestChecks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Plan)
		grade  Grade
		text   string
	}{
		"workers 0":           {func(p *Plan) { p.Workers = new(0) }, Block, "at least 1"},
		"workers -1":          {func(p *Plan) { p.Workers = new(-1) }, Block, "at least 1"},
		"no slots":            {func(p *Plan) { p.Workers = new(9) }, Block, "7 more slots, 4 are free: Storm would leave 3 workers unassigned"},
		"no slots, forced":    {func(p *Plan) { p.Workers, p.Force = new(9), true }, Ask, "unassigned"},
		"idle workers":        {func(p *Plan) { p.Workers, p.Force = new(20), true }, Warn, "7 workers would have nothing to do"},
		"unknown component":   {func(p *Plan) { p.Executors = map[string]int{"spilt": 3} }, Block, "no component spilt (did you mean split?)"},
		"executors 0":         {func(p *Plan) { p.Executors = map[string]int{"split": 0} }, Block, "at least 1"},
		"above tasks":         {func(p *Plan) { p.Executors = map[string]int{"split": 10} }, Warn, "clamped to 4: Storm never runs more executors than tasks; you asked for 10"},
		"no gain":             {func(p *Plan) { p.Executors = map[string]int{"count": 5} }, Note, "busiest executor runs 3 tasks"},
		"wait -1":             {func(p *Plan) { p.Wait, p.Workers = new(-1), new(3) }, Block, "cannot be negative"},
		"wait 0":              {func(p *Plan) { p.Wait, p.Workers = new(0), new(3) }, Ask, "every tuple in flight"},
		"wait huge":           {func(p *Plan) { p.Wait, p.Workers = new(math.MaxInt32), new(3) }, Block, "more than a day"},
		"wait short":          {func(p *Plan) { p.Wait, p.Workers = new(10), new(3) }, Ask, "below the message timeout of 30 s"},
		"wait below the rule": {func(p *Plan) { p.Wait, p.Workers, p.Cluster.MinWait = new(40), new(3), 60 }, Block, "minimum of 60 s"},
		"timeout unknown":     {func(p *Plan) { p.Workers, p.Topology.MessageTimeout = new(3), 0 }, Ask, "not known"},
		"nothing":             {func(p *Plan) {}, Block, "nothing to send"},
		"as it is":            {func(p *Plan) { p.Executors, p.Workers = map[string]int{"split": 2}, new(2) }, Block, "nothing to send"},
		"rebalancing":         {func(p *Plan) { p.Topology.Status, p.Workers = "REBALANCING", new(3) }, Block, "no second rebalance"},
		"killed":              {func(p *Plan) { p.Topology.Status, p.Workers = "KILLED", new(3) }, Block, "only another kill"},
		"factor":              {func(p *Plan) { p.Cluster.MaxFactor, p.Executors = 1.5, map[string]int{"count": 12} }, Block, "1.5-fold"},
		"old overrides":       {func(p *Plan) { p.Cluster.Major, p.Conf = 1, map[string]any{"a": 1} }, Block, "need Storm 2.0"},
		"dropped key":         {func(p *Plan) { p.Conf = map[string]any{"topology.submitter.user": "x"} }, Block, "drops this key"},
		"no JSON":             {func(p *Plan) { p.Conf = map[string]any{"a": math.NaN()} }, Block, "JSON"},
		"bad resource": {func(p *Plan) {
			p.Resources = map[string]map[string]float64{"split": {"cpu.pcore.percent": math.NaN()}}
		}, Block, "no amount"},
		"resources unseen": {func(p *Plan) { p.Resources = map[string]map[string]float64{"split": {"cpu.pcore.percent": 50}} }, Warn, "only the resource aware scheduler"},
		"aware":            {func(p *Plan) { p.Topology.ResourceAware, p.Workers = true, new(3) }, Warn, "decides the number of workers"},
		"inactive":         {func(p *Plan) { p.Topology.Status, p.Workers = "INACTIVE", new(3) }, Note, "INACTIVE"},
	} {
		p := Plan{Topology: wordcount(), Cluster: roomy()}
		c.change(&p)
		found := false
		for _, w := range p.Check() {
			found = found || w.Grade == c.grade && strings.Contains(w.Text, c.text)
		}
		if !found {
			t.Errorf("%s: want %d %q, got %+v", name, c.grade, c.text, p.Check())
		}
		if Blocked(p.Check()) != (c.grade == Block) {
			t.Errorf("%s: blocked is %v: %+v", name, Blocked(p.Check()), p.Check())
		}
	}
}

func TestPlanSaysWhatIsSent(t *testing.T) {
	p := Plan{Topology: wordcount(), Cluster: roomy(), Workers: new(3), Wait: new(30), Executors: map[string]int{"split": 10, "count": 4}}
	if got := p.Sent(); !maps.Equal(got, map[string]int{"split": 4}) {
		t.Errorf("sent %v", got)
	}
	if got, want := fmt.Sprint(p.Changes()), "[workers 2 → 3 split executors 2 → 4]"; got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
	if got, want := p.Command(), "storm rebalance wordcount -w 30 -n 3 -e split=4"; got != want {
		t.Errorf("command %s, want %s", got, want)
	}
	if got, want := strings.Join(p.Explain(), "\n"), "spouts stop at once; 30s wait lets ~5 tuples in flight finish (100/s × 50 ms, computed)\n"+
		"Nimbus re-assigns 13 → 15 executors on 3 workers (5.0 each); up to 3 workers restart\n"+
		"all-time counters of restarted executors begin at 0; windows fill again from then on"; got != want {
		t.Errorf("explained as\n%s\nwant\n%s", got, want)
	}
}

func TestPredictionFollowsTasks(t *testing.T) {
	p := Plan{Topology: wordcount(), Cluster: roomy(), Executors: map[string]int{"count": 6, "split": 4, "hot": 8}}
	by := map[string]Prediction{}
	for _, q := range p.Predict() {
		by[q.Component.ID] = q
	}
	if q := by["count"]; math.Abs(q.Capacity-1.04*2/3) > 1e-9 || q.TasksEach != 2 || q.Doubt == "" {
		t.Errorf("count: %+v", q)
	}
	for id, why := range map[string]string{"split": "shell", "hot": "skew 3.8"} {
		if q := by[id]; !math.IsNaN(q.Capacity) || !strings.Contains(q.Doubt, why) {
			t.Errorf("%s: %+v", id, q)
		}
	}
	// Eight tasks on four or six executors: the busiest runs two either way.
	p.Topology.Components[3].Skew, p.Executors = 1, map[string]int{"hot": 6}
	if q := p.Predict()[3]; q.Capacity != 0.9 {
		t.Errorf("hot: %+v", q)
	}
}

func TestProposals(t *testing.T) {
	p, why, err := Propose(wordcount(), roomy(), NoBoltOver(0.7))
	if err != nil || !maps.Equal(p.Executors, map[string]int{"count": 6}) || len(why) != 2 {
		t.Errorf("no bolt over 0.7: %v %q %v", p.Executors, why, err)
	}
	if !strings.Contains(strings.Join(why, "\n"), "hot is at 0.90, but uneven") {
		t.Errorf("why: %q", why)
	}
	topo := wordcount()
	topo.Components[2].Tasks = 4
	if _, why, err := Propose(topo, roomy(), NoBoltOver(0.7)); !errors.Is(err, ErrNothing) || !strings.Contains(why[0], "no room") {
		t.Errorf("no room: %q %v", why, err)
	}
	c := roomy()
	c.Hosts = 4
	if p, _, err := Propose(wordcount(), c, SpreadOver()); err != nil || *p.Workers != 4 {
		t.Errorf("spread: %v %v", p.Workers, err)
	}
	c.FreeSlots = 0
	if _, _, err := Propose(wordcount(), c, SpreadOver()); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "no free slot") {
		t.Errorf("spread without slots: %v", err)
	}
	if p, _, err := Propose(wordcount(), roomy(), ShrinkTo(1)); err != nil || *p.Workers != 1 {
		t.Errorf("shrink: %v %v", p.Workers, err)
	}
	if _, _, err := Propose(wordcount(), roomy(), ShrinkTo(2)); !errors.Is(err, ErrNothing) {
		t.Errorf("shrink to what it is: %v", err)
	}
	if _, _, err := Propose(wordcount(), roomy(), Goal{}); !errors.Is(err, ErrNothing) {
		t.Errorf("no goal: %v", err)
	}
}

// anyPlan draws a topology, a cluster and a plan, reasonable and not.
func anyPlan(r *rand.Rand) Plan {
	names := []string{"split", "count", "b-0", "$spoutcoord-spout0", "a=b", "it's", "geo lookup", "__acker"}
	t := Topology{
		ID: "id", Name: []string{"wordcount", "it's a name", "größe", "-n"}[r.IntN(4)], Status: []string{"ACTIVE", "INACTIVE"}[r.IntN(2)],
		Workers: 1 + r.IntN(5), MessageTimeout: r.IntN(60),
	}
	t.Wanted = t.Workers + r.IntN(2)
	for _, i := range r.Perm(len(names))[:1+r.IntN(len(names))] {
		c := Component{ID: names[i], Kind: Kind(r.IntN(3)), Shell: r.IntN(3) == 0, Tasks: 1 + r.IntN(16), Skew: r.Float64() * 5}
		c.Executors = 1 + r.IntN(c.Tasks)
		if r.IntN(4) > 0 {
			c.Capacity = new(r.Float64() * 1.5)
		}
		t.Components = append(t.Components, c)
	}
	p := Plan{Topology: t, Cluster: Cluster{FreeSlots: r.IntN(5), Hosts: 1 + r.IntN(8), Major: 1 + r.IntN(2), MaxFactor: []float64{0, 2}[r.IntN(2)]}}
	if r.IntN(2) == 0 {
		p.Wait = new(r.IntN(400) - 50)
	}
	if r.IntN(2) == 0 {
		p.Workers = new(r.IntN(20) - 2)
	}
	p.Executors = map[string]int{}
	for _, c := range t.Components {
		if r.IntN(2) == 0 {
			p.Executors[c.ID] = r.IntN(40) - 5
		}
	}
	if r.IntN(4) == 0 {
		p.Executors["no such"] = 3
	}
	if r.IntN(4) == 0 {
		p.Conf = map[string]any{"topology.max.spout.pending": "it's \"this\"\\"}
		p.Resources = map[string]map[string]float64{t.Components[0].ID: {"cpu.pcore.percent": 12.5}}
	}
	return p
}

func random(t *testing.T, draw func(r *rand.Rand)) {
	t.Helper()
	for seed := range uint64(3000) {
		draw(rand.New(rand.NewPCG(seed, 7)))
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func TestNeverMoreExecutorsThanTasks(t *testing.T) {
	random(t, func(r *rand.Rand) {
		p := anyPlan(r)
		for id, n := range p.Sent() {
			if c, ok := p.Topology.Find(id); !ok || n < 1 || n > c.Tasks || n == c.Executors {
				t.Errorf("%s: %d sent, %+v", id, n, c)
			}
		}
	})
}

func TestNeverMoreWorkersThanSlotsUnlessForced(t *testing.T) {
	random(t, func(r *rand.Rand) {
		p := anyPlan(r)
		n, changed := p.NewWorkers()
		if changed && n > p.Topology.Workers+p.Cluster.FreeSlots && !Blocked(p.Check()) {
			t.Errorf("%d workers on %d + %d slots pass: %+v", n, p.Topology.Workers, p.Cluster.FreeSlots, p.Check())
		}
	})
}

func TestAProposalPassesTheCheck(t *testing.T) {
	made := 0
	random(t, func(r *rand.Rand) {
		p := anyPlan(r)
		for _, g := range []Goal{NoBoltOver(0.1 + r.Float64()), SpreadOver(), ShrinkTo(1 + r.IntN(3))} {
			q, why, err := Propose(p.Topology, p.Cluster, g)
			if err != nil {
				if !errors.Is(err, ErrNothing) {
					t.Errorf("%v", err)
				}
				continue
			}
			made++
			if Blocked(q.Check()) || len(q.Changes()) == 0 || len(why) == 0 {
				t.Errorf("%+v: %+v", q, q.Check())
			}
		}
	})
	if made < 1000 {
		t.Errorf("only %d proposals were made", made)
	}
}

func TestTheCommandIsReadBack(t *testing.T) {
	random(t, func(r *rand.Rand) {
		p := anyPlan(r)
		q, err := ParseCommand(p.Command(), p.Topology, p.Cluster)
		if err != nil {
			t.Errorf("%s: %v", p.Command(), err)
			return
		}
		if q.Command() != p.Command() || !maps.Equal(q.Sent(), p.Sent()) || fmt.Sprint(q.Changes()) != fmt.Sprint(p.Changes()) {
			t.Errorf("%s\nread back as\n%s\n%v\n%v", p.Command(), q.Command(), p.Changes(), q.Changes())
		}
	})
}

func TestCommandsThatAreNone(t *testing.T) {
	for line, want := range map[string]string{
		"":                                   "begins with storm rebalance",
		"storm kill wordcount":               "begins with storm rebalance",
		"storm rebalance other":              "about other",
		"storm rebalance wordcount -e":       "needs a value",
		"storm rebalance wordcount -e split": "COMPONENT=N",
		"storm rebalance wordcount -e a=abc": `"abc" is not a whole number of executors`,
		"storm rebalance wordcount -w soon":  "not a whole number",
		"storm rebalance wordcount -x 1":     "no such option",
		"storm rebalance wordcount -t [":     "JSON",
		"storm rebalance wordcount -t '{} 1": "not closed",
		"storm rebalance wordcount -t '{}1'": "more than one",
		`storm rebalance "wordcount`:         "not closed",
	} {
		if _, err := ParseCommand(line, wordcount(), roomy()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add(`storm rebalance wordcount -w 30 -n 3 -e split=4 -t '{"a":"it'\''s"}'`)
	f.Add(`storm rebalance "word"count -r '{"split":{"cpu.pcore.percent":1e3}}' \-e a\=b=2`)
	f.Fuzz(func(t *testing.T, line string) {
		p, err := ParseCommand(line, wordcount(), roomy())
		if err != nil {
			return
		}
		q, err := ParseCommand(p.Command(), wordcount(), roomy())
		if err != nil || q.Command() != p.Command() {
			t.Errorf("%q is written as %q and that as %q (%v)", line, p.Command(), q.Command(), err)
		}
		p.Check()
		p.Predict()
	})
}

func TestWhatIf(t *testing.T) {
	hosts := []Host{
		{ID: "h1", Name: "w1", Slots: []Slot{{6700, "a", 4}, {6701, "b", 2}, {6702, "a", 4}}},
		{ID: "h2", Name: "w2", Slots: []Slot{{6700, "a", 4}, {6701, "", 0}, {6702, "", 0}}},
		{ID: "h3", Name: "w3", Slots: []Slot{{6700, "", 0}}},
	}
	o := WhatIf(hosts, map[string]bool{"h1": true})
	if !o.Fits() || o.Needed != 3 || o.Free != 3 || len(o.Lost) != 2 ||
		o.Lost[0] != (Loss{"a", 2, 1, 8, 2}) || o.Lost[1] != (Loss{"b", 1, 0, 2, 1}) {
		t.Errorf("%+v", o)
	}
	o = WhatIf(hosts, map[string]bool{"h1": true, "h2": true})
	if o.Fits() || o.Needed != 4 || o.Free != 1 || o.Lost[0].Placed+o.Lost[1].Placed != 1 {
		t.Errorf("%+v", o)
	}
	if o := WhatIf(hosts, nil); !o.Fits() || len(o.Lost) != 0 {
		t.Errorf("%+v", o)
	}
}
