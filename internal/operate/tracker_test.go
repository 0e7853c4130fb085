package operate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/rebalance"
	"github.com/stormtop/stormtop/zkview"
)

var t0 = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const id = "words-1-1"

// ran is a layout: component → slots of its executors; a trailing ? means that no
// heartbeat has come.
func ran(parts map[string][]string) []executorSeen {
	var out []executorSeen
	task := 1
	for _, component := range []string{"split", "count"} {
		for _, at := range parts[component] {
			name, silent := strings.CutSuffix(at, "?")
			e := executorSeen{component: component, at: slot{name, 6700}, id: nimbusclient.ExecutorID{Start: task, End: task}}
			if !silent {
				e.uptime, e.reported = 5, true
			}
			out, task = append(out, e), task+1
		}
	}
	return out
}

var (
	oldLayout = map[string][]string{"split": {"w1", "w2"}, "count": {"w1"}}
	launching = map[string][]string{"split": {"w1?", "w2?", "w3?", "w3?"}, "count": {"w1"}}
	newLayout = map[string][]string{"split": {"w1", "w2", "w3", "w3"}, "count": {"w1"}}
)

// plan asks for four executors of split.
func plan(workers int) *rebalance.Plan {
	return &rebalance.Plan{
		Cluster: rebalance.Cluster{FreeSlots: 4, Hosts: 3}, Wait: new(5), Workers: &workers, Executors: map[string]int{"split": 4},
		Topology: rebalance.Topology{
			ID: id, Name: "words", Workers: 2, Wanted: 2, MessageTimeout: 30,
			Components: []rebalance.Component{{ID: "split", Tasks: 4, Executors: 2}, {ID: "count", Tasks: 1, Executors: 1}},
		},
	}
}

// at makes observations, one a second, from a common beginning.
type at struct {
	from, to  int // seconds
	status    nimbusclient.Status
	layout    map[string][]string
	stored    int
	leader    string
	err       error
	gone      bool
	used      []string
	zkLeft    bool
	noZK      bool
	sched     string
	assigned  int64
	pending   bool
	levels    map[string]nimbusclient.LogLevel
	sampling  map[string]nimbusclient.Debug
	restarted int // uptime of w1's worker
}

func (a at) observation(sec int) observation {
	o := observation{
		at: t0.Add(time.Duration(sec) * time.Second), err: a.err, leader: a.leader, there: !a.gone, status: a.status, sched: a.sched,
		zk: !a.noZK, inStorms: !a.gone || a.zkLeft, inAssignments: !a.gone || a.zkLeft, assigned: a.assigned,
		levels: a.levels, sampling: a.sampling, used: map[slot]bool{}, taken: map[slot]bool{},
	}
	o.executors = ran(a.layout)
	for i := range o.executors {
		if a.restarted > 0 && o.executors[i].at.Host == "w1" {
			o.executors[i].uptime = a.restarted
		}
	}
	if a.stored > 0 {
		o.stored, o.storedWorkers = map[string]int{"split": a.stored, "count": 1}, new(3)
	}
	for _, host := range a.used {
		o.used[slot{host, 6700}] = true
	}
	if a.pending {
		o.pending = []zkview.Profile{{Host: "w1", Port: 6700, Action: "JVM_RESTART"}, {Host: "w1", Port: 6700, Action: "JSTACK_DUMP"}}
	}
	return o
}

func before() state {
	s := state{status: nimbusclient.Active, leader: "nim-a:6627", uptime: 900}
	o := observation{executors: ran(oldLayout)}
	l := o.layout()
	s.executors, s.slots = l.components, l.slots
	s.tasks = map[string]int{"split": 4, "count": 1}
	return s
}

// follow runs a tracker over the observations and returns where it ended.
func follow(t *testing.T, d Deed, lost bool, story ...at) (State, time.Duration) {
	t.Helper()
	d.Topology, d.TopologyID = "words", id
	tr := newTracker(d, before(), t0, 2*time.Minute)
	if lost {
		tr.unanswered(errors.New("connection lost"))
	}
	for _, part := range story {
		for sec := part.from; sec < part.to; sec++ {
			if tr.observe(part.observation(sec)) {
				return tr.state(), time.Duration(sec) * time.Second
			}
		}
	}
	return tr.state(), -1
}

func TestARebalanceEnds(t *testing.T) {
	rebalancing := at{from: 0, to: 6, status: nimbusclient.Rebalancing, layout: oldLayout, stored: 2, leader: "nim-a:6627", assigned: 7}
	starting := at{from: 6, to: 14, status: nimbusclient.Active, layout: launching, stored: 4, leader: "nim-a:6627", assigned: 9}
	up := at{from: 14, to: 200, status: nimbusclient.Active, layout: newLayout, stored: 4, leader: "nim-a:6627", assigned: 9}
	back := at{from: 40, to: 400, status: nimbusclient.Active, layout: oldLayout, stored: 4, leader: "nim-b:6627", assigned: 11}
	silent := at{from: 8, to: 30, err: errors.New("no Nimbus answers")}
	short := up
	short.to = 40
	backEarly := back
	backEarly.from = 30
	theirs := up
	theirs.layout, theirs.stored = map[string][]string{"split": {"w1", "w2", "w3"}, "count": {"w1"}}, 3
	untouched := at{from: 0, to: 400, status: nimbusclient.Active, layout: oldLayout, stored: 2, leader: "nim-a:6627", assigned: 7}
	killed := at{from: 8, to: 20, status: nimbusclient.Killed, layout: oldLayout, stored: 4, leader: "nim-a:6627", assigned: 7}
	hung := starting
	hung.to = 2000
	full := hung
	full.sched = "Not enough available slots for topology"
	for name, c := range map[string]struct {
		lost    bool
		story   []at
		verdict Verdict
		words   string
	}{
		"settles":                           {false, []at{rebalancing, starting, up}, Settled, "settled in 14s. 3 workers as asked, split runs on 4 executors as asked."},
		"settles though the answer is lost": {true, []at{rebalancing, starting, up}, Settled, "settled in 14s"},
		"never arrived":                     {true, []at{untouched}, NotSent, "words is as before"},
		"leader changes midway, goes on":    {false, []at{rebalancing, silent, {from: 30, to: 300, status: nimbusclient.Active, layout: newLayout, stored: 4, leader: "nim-b:6627", assigned: 9}}, Settled, "settled"},
		"undone midway":                     {false, []at{rebalancing, silent, backEarly}, Undone, "after the leader change split runs on 2 again, though 4 is stored. Rebalance again?"},
		"undone right after":                {false, []at{rebalancing, starting, short, back}, Undone, "split runs on 2 again"},
		"superseded":                        {false, []at{rebalancing, starting, theirs}, Superseded, "somebody else set split to 3"},
		"killed meanwhile":                  {false, []at{rebalancing, killed}, Superseded, "killed meanwhile"},
		"stuck":                             {false, []at{rebalancing, hung}, Sent, "stuck at workers up 1/3 for 10m05s: w2:6700 not launched. Likely log: supervisor.log on w2"},
		"no slots":                          {false, []at{rebalancing, full}, Sent, "Not enough available slots for topology"},
		"nobody answers any more":           {true, []at{{from: 0, to: 2000, err: errors.New("no Nimbus answers")}}, Unknown, "no Nimbus answers"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := follow(t, Deed{Action: Rebalance, Plan: plan(3)}, c.lost, c.story...)
			if s.Verdict != c.verdict || !strings.Contains(s.Words, c.words) {
				t.Errorf("%q %q, want %q %q; %+v", s.Verdict, s.Words, c.verdict, c.words, s.Steps)
			}
		})
	}
}

func TestARebalanceIsToldStepByStep(t *testing.T) {
	d := Deed{Action: Rebalance, Plan: plan(3), Topology: "words", TopologyID: id}
	tr := newTracker(d, before(), t0, 2*time.Minute)
	step := func(sec int, a at, want string) State {
		t.Helper()
		tr.observe(a.observation(sec))
		var got []string
		s := tr.state()
		for _, x := range s.Steps {
			if x.State != Pending {
				got = append(got, strings.TrimSpace(x.Name+" "+x.Detail)+map[StepState]string{UnderWay: "…", Done: "", Failed: "!"}[x.State])
			}
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("after %ds: %s\nwant %s", sec, g, want)
		}
		return s
	}
	step(3, at{status: nimbusclient.Rebalancing, layout: oldLayout, stored: 2, assigned: 7}, "asked, waiting 3/5s…")
	s := step(7, at{status: nimbusclient.Active, layout: launching, stored: 4, assigned: 9},
		"asked, waiting 5s, unassigned, workers up 1/3…, executors up 1/5…")
	if len(s.Slots) != 3 || s.Slots[2] != (Move{To: "w3:6700", After: 2}) || s.Slots[0].From != "w1:6700" || !s.Slots[0].Up {
		t.Errorf("moves %+v", s.Slots)
	}
	if c := s.Components[0]; c.Component != "split" || c.Before != 2 || c.Asked != 4 || c.Now != 4 || c.Up != 0 || len(c.MissingHeartbeats) != 4 || !c.Changed {
		t.Errorf("split %+v", c)
	}
	s = step(15, at{status: nimbusclient.Active, layout: newLayout, stored: 4, assigned: 9},
		"asked, waiting 5s, unassigned, workers up 3/3, executors up 5/5, active, settled")
	if s.Took != 15*time.Second || s.Verdict != Settled {
		t.Errorf("%+v", s)
	}
}

func TestAKillEnds(t *testing.T) {
	waiting := at{from: 0, to: 5, status: nimbusclient.Killed, layout: oldLayout, used: []string{"w1", "w2"}}
	inZK := at{from: 5, to: 7, gone: true, zkLeft: true, used: []string{"w1", "w2"}}
	ending := at{from: 7, to: 11, gone: true, used: []string{"w2"}}
	gone := at{from: 11, to: 20, gone: true}
	noZK := at{from: 5, to: 20, gone: true, noZK: true}
	alive := at{from: 0, to: 100, status: nimbusclient.Active, layout: oldLayout}
	for name, c := range map[string]struct {
		lost    bool
		story   []at
		verdict Verdict
		words   string
		took    time.Duration
	}{
		"gone":              {false, []at{waiting, inZK, ending, gone}, Gone, "words is gone after 11s", 11 * time.Second},
		"without ZooKeeper": {false, []at{waiting, noZK}, Gone, "was not seen: no ZooKeeper", 5 * time.Second},
		"never arrived":     {true, []at{alive}, NotSent, "as before", 30 * time.Second},
		"answer lost":       {true, []at{waiting, inZK, ending, gone}, Gone, "gone", 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s, took := follow(t, Deed{Action: Kill, Wait: new(5)}, c.lost, c.story...)
			if s.Verdict != c.verdict || !strings.Contains(s.Words, c.words) || took != c.took {
				t.Errorf("%q %q after %s, want %q %q after %s", s.Verdict, s.Words, took, c.verdict, c.words, c.took)
			}
		})
	}
}

func TestOtherDeedsEnd(t *testing.T) {
	active := at{from: 0, to: 100, status: nimbusclient.Active, layout: oldLayout}
	inactive := at{from: 2, to: 100, status: nimbusclient.Inactive, layout: oldLayout}
	level := map[string]nimbusclient.LogLevel{"a.B": {Action: "UPDATE", Target: "DEBUG", TimeoutSecs: new(20)}}
	set, sampled, asked := active, active, active
	set.levels = level
	sampled.sampling = map[string]nimbusclient.Debug{"split": {Enabled: true, SamplingPct: new(10.0)}}
	asked.to, asked.pending = 4, true
	stopped := at{from: 4, to: 7, status: nimbusclient.Active, layout: map[string][]string{"split": {"w1?", "w2"}, "count": {"w1?"}}}
	again := at{from: 7, to: 20, status: nimbusclient.Active, layout: oldLayout, restarted: 2}
	for name, c := range map[string]struct {
		deed    Deed
		lost    bool
		story   []at
		verdict Verdict
		words   string
	}{
		"deactivate":                 {Deed{Action: Deactivate}, false, []at{{from: 0, to: 2, status: nimbusclient.Active}, inactive}, Settled, "words is INACTIVE"},
		"deactivate, lost":           {Deed{Action: Deactivate}, true, []at{active}, NotSent, "as before"},
		"deactivate, lost and found": {Deed{Action: Deactivate}, true, []at{inactive}, Settled, "INACTIVE"},
		"log level":                  {Deed{Action: LogLevels, Levels: level}, false, []at{set}, Settled, "return up to 30 s after"},
		"log level, lost":            {Deed{Action: LogLevels, Levels: level}, true, []at{active}, NotSent, "as before"},
		"sampling":                   {Deed{Action: Sample, Component: "split", Percent: 10}, false, []at{sampled}, Settled, "sampling of split is on at 10 %"},
		"sampling off":               {Deed{Action: Sample, Component: "split"}, false, []at{active}, Settled, "off"},
		"restart":                    {Deed{Action: RestartWorker, Host: "w1", Port: 6700}, false, []at{asked, stopped, again}, Settled, "w1:6700 was restarted and is up since 2s"},
		"jstack":                     {Deed{Action: Jstack, Host: "w1", Port: 6700}, false, []at{asked, {from: 4, to: 9, status: nimbusclient.Active}}, Settled, "taken it up"},
		"jstack without ZK":          {Deed{Action: Jstack, Host: "w1", Port: 6700}, false, []at{{from: 0, to: 9, status: nimbusclient.Active, noZK: true}}, Sent, "without ZooKeeper"},
		"killed meanwhile":           {Deed{Action: Activate}, false, []at{{from: 0, to: 9, gone: true}}, Superseded, "killed meanwhile"},
	} {
		t.Run(name, func(t *testing.T) {
			if s, _ := follow(t, c.deed, c.lost, c.story...); s.Verdict != c.verdict || !strings.Contains(s.Words, c.words) {
				t.Errorf("%q %q, want %q %q", s.Verdict, s.Words, c.verdict, c.words)
			}
		})
	}
}
