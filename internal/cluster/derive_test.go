package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

var in = nimbusclient.StreamID{Component: "lines", Stream: "default"}

// bolt is an executor of a bolt that has done n tuples in every window.
func bolt(start, end, uptime int, n int64, execMs, procMs float64) nimbusclient.Executor {
	every := func(n int64) map[nimbusclient.Window]map[nimbusclient.StreamID]int64 {
		m := map[nimbusclient.Window]map[nimbusclient.StreamID]int64{}
		for _, w := range nimbusclient.Windows {
			m[w] = map[nimbusclient.StreamID]int64{in: n}
		}
		return m
	}
	mean := func(ms float64) map[nimbusclient.Window]map[nimbusclient.StreamID]float64 {
		m := map[nimbusclient.Window]map[nimbusclient.StreamID]float64{}
		for _, w := range nimbusclient.Windows {
			m[w] = map[nimbusclient.StreamID]float64{in: ms}
		}
		return m
	}
	emitted := map[nimbusclient.Window]map[string]int64{}
	for _, w := range nimbusclient.Windows {
		emitted[w] = map[string]int64{"default": n, "__ack_ack": n}
	}
	return nimbusclient.Executor{
		ID: nimbusclient.ExecutorID{Start: start, End: end}, Component: "count", Host: "w1", Port: 6700, UptimeSecs: &uptime,
		Stats: &nimbusclient.ExecutorStats{Emitted: emitted, Bolt: &nimbusclient.BoltStats{
			Acked: every(n), Failed: every(0), Executed: every(n), ExecuteMs: mean(execMs), ProcessMs: mean(procMs),
		}},
	}
}

func infoOf(list ...nimbusclient.Executor) *nimbusclient.TopologyInfo {
	return &nimbusclient.TopologyInfo{ExecutorList: list}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestARestartedExecutorCountsForItsOwnLife(t *testing.T) {
	t.Parallel()
	// One executor up for an hour did 6,000 in ten minutes; the other came back
	// 60 s ago and did 600 since: both run at 10/s.
	r := Rates(infoOf(bolt(1, 1, 3600, 6000, 0, 0), bolt(2, 2, 60, 600, 0, 0)), nil, nimbusclient.Window10m)
	if got := r.Components["count"].In.PerSec; !near(got, 20) {
		t.Errorf("rate %v, want 20", got)
	}
	if got := r.Components["count"].Out.PerSec; !near(got, 20) {
		t.Errorf("out %v, want 20: system streams are not counted", got)
	}
}

func TestLoads(t *testing.T) {
	t.Parallel()
	shell := &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{ID: "count", Shell: &nimbusclient.Shell{Command: "python3"}}}}
	// 50 tuples a second for ten minutes, 8 ms inside each, 0.05 ms to hand over.
	e := bolt(1, 1, 7200, 30_000, 0.05, 8)
	jvm := Rates(infoOf(e), nil, nimbusclient.Window3h).Components["count"].Load
	if !near(jvm.Value, 0.0025) || jvm.Shell {
		t.Errorf("JVM load %+v, want Storm's capacity 0.0025", jvm)
	}
	py := Rates(infoOf(e), shell, nimbusclient.Window3h).Components["count"].Load
	if !near(py.Value, 0.4) || !py.Shell || !near(py.Capacity, 0.0025) {
		t.Errorf("shell load %+v, want L = 50/s × 8 ms = 0.4", py)
	}
	// Two tasks in the executor share the work.
	if got := Inside(bolt(1, 2, 7200, 30_000, 0.05, 8)); !near(got, 0.2) {
		t.Errorf("L of two tasks %v, want 0.2", got)
	}
	// The busiest executor decides.
	both := ComponentLoad([]nimbusclient.Executor{e, bolt(2, 2, 7200, 300, 0.05, 8)}, true)
	if !near(both.Value, 0.4) {
		t.Errorf("L of the component %v, want the busiest task's 0.4", both.Value)
	}
	if got := Inside(nimbusclient.Executor{}); !math.IsNaN(got) {
		t.Errorf("L without statistics is %v", got)
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		list []nimbusclient.Executor
		want float64
	}{
		{"even", []nimbusclient.Executor{bolt(1, 1, 99, 1000, 0, 0), bolt(2, 2, 99, 1000, 0, 0)}, 1},
		{"hot key", []nimbusclient.Executor{bolt(1, 1, 99, 890, 0, 0), bolt(2, 2, 99, 40, 0, 0), bolt(3, 3, 99, 30, 0, 0), bolt(4, 4, 99, 40, 0, 0)}, 890 / (110.0 / 3)},
		{"unequal tasks are even", []nimbusclient.Executor{bolt(1, 2, 99, 2000, 0, 0), bolt(3, 3, 99, 1000, 0, 0)}, 1},
		{"one executor", []nimbusclient.Executor{bolt(1, 1, 99, 1000, 0, 0)}, math.NaN()},
		{"a few samples", []nimbusclient.Executor{bolt(1, 1, 99, 60, 0, 0), bolt(2, 2, 99, 20, 0, 0)}, math.NaN()},
		{"no work", []nimbusclient.Executor{bolt(1, 1, 99, 0, 0, 0), bolt(2, 2, 99, 0, 0, 0)}, math.NaN()},
		{"all on one", []nimbusclient.Executor{bolt(1, 1, 99, 500, 0, 0), bolt(2, 2, 99, 0, 0, 0)}, math.Inf(1)},
	} {
		got := Skew(c.list, nimbusclient.Window10m)
		if !(near(got, c.want) || math.IsNaN(got) && math.IsNaN(c.want) || got == c.want) {
			t.Errorf("%s: skew %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTrendFollowsHeartbeats(t *testing.T) {
	t.Parallel()
	var tr trends
	tr.see(infoOf(bolt(1, 1, 60, 600, 0, 0)), time.Minute)
	tr.see(infoOf(bolt(1, 1, 120, 1800, 0, 0)), time.Minute)
	// The same heartbeat read twice adds nothing.
	tr.see(infoOf(bolt(1, 1, 120, 1800, 0, 0)), time.Minute)
	// The worker restarted: counters fell, and 10 s of the new life did 50.
	tr.see(infoOf(bolt(1, 1, 10, 50, 0, 0)), time.Minute)
	r := Rates(infoOf(bolt(1, 1, 10, 50, 0, 0)), nil, nimbusclient.Window10m)
	tr.fill(&r)
	if got := r.Components["count"].In.Trend; !slices.Equal(got, []float64{20, 5}) {
		t.Errorf("trend %v, want 20 then 5", got)
	}
}

// Whatever the counters do, no rate is negative and no line grows without end.
func TestTrendsAreNeverNegative(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var tr trends
	up, n := []int{0, 0, 0}, []int64{0, 0, 0}
	for range 5000 {
		var list []nimbusclient.Executor
		for i := range up {
			if rng.IntN(20) == 0 {
				up[i], n[i] = rng.IntN(5), int64(rng.IntN(50))
			} else if rng.IntN(3) > 0 {
				up[i] += rng.IntN(70)
				n[i] += int64(rng.IntN(1000))
			}
			list = append(list, bolt(i+1, i+1, up[i], n[i], 0, 0))
		}
		tr.see(infoOf(list...), 10*time.Second)
		r := Rates(infoOf(list...), nil, nimbusclient.Window10m)
		tr.fill(&r)
		for _, x := range r.Components["count"].In.Trend {
			if x < 0 || math.IsInf(x, 0) {
				t.Fatalf("a rate of %v", x)
			}
		}
		if got := len(r.Components["count"].In.Trend); got > maxTrend {
			t.Fatalf("%d points", got)
		}
	}
}

func TestDriftIsCappedByTasks(t *testing.T) {
	t.Parallel()
	a := zkview.Assignment{Executors: map[zkview.TaskRange]zkview.Slot{
		{Start: 1, End: 2}: {Node: "a", Port: 1}, {Start: 3, End: 4}: {Node: "a", Port: 2},
	}}
	d := newDetail()
	d.setInfo(infoOf(bolt(1, 2, 9, 0, 0, 0), bolt(3, 4, 9, 0, 0, 0)), time.Unix(0, 0), time.Minute)
	base := zkview.Storm{Workers: new(2), ComponentExecutors: map[string]int{"count": 3, "nobody": 7, "__acker": 1}}
	if got := drift(base, a, d.taskOf, d.tasks); len(got) != 1 || got[0] != (Drift{Component: "count", Desired: 3, Actual: 2}) {
		t.Errorf("drift %v, want count 3 → 2", got)
	}
	base.ComponentExecutors["count"] = 9 // only four tasks
	if got := drift(base, a, d.taskOf, d.tasks); len(got) != 1 || got[0].Desired != 4 {
		t.Errorf("drift %v, want the four that can be had", got)
	}
	base.ComponentExecutors["count"] = 2
	if got := drift(base, a, d.taskOf, d.tasks); len(got) != 0 {
		t.Errorf("drift %v, want none", got)
	}
	// More workers than executors cannot be had.
	base.Workers = new(5)
	if got := drift(base, a, d.taskOf, d.tasks); len(got) != 0 {
		t.Errorf("drift %v, want none: two executors fill two workers", got)
	}
}

func TestNamesCompareNumbersAsNumbers(t *testing.T) {
	t.Parallel()
	names := []string{"w10", "w2", "w1", "w02b", "a", "w1.dc2", "w1.dc10", ""}
	slices.SortFunc(names, CompareNames)
	want := []string{"", "a", "w1", "w1.dc2", "w1.dc10", "w2", "w02b", "w10"}
	if !slices.Equal(names, want) {
		t.Errorf("sorted %q, want %q", names, want)
	}
}

// moving is a picture of slots as a rebalance moves a worker.
func moving(at time.Time, beats map[string][]zkview.Heartbeat, slots ...zkview.Slot) zkview.View {
	a := zkview.Assignment{TopologyID: "words-1", Hosts: map[string]string{"a": "w1", "b": "w2"}, Executors: map[zkview.TaskRange]zkview.Slot{}, Zxid: at.Unix()}
	for i, s := range slots {
		a.Executors[zkview.TaskRange{Start: i + 1, End: i + 1}] = s
	}
	return zkview.View{
		At: at, Heartbeats: beats,
		Supervisors: []zkview.Supervisor{{ID: "a", Host: "w1", Ports: []int{6700, 6701}}, {ID: "b", Host: "w2", Ports: []int{6700}}},
		Storms:      map[string]zkview.Storm{"words-1": {Name: "words", Status: "ACTIVE"}},
		Assignments: map[string]zkview.Assignment{"words-1": a},
	}
}

func slotState(s *Snapshot, host string, port int) SlotState {
	h := s.Host(host)
	return h.Slots[slices.IndexFunc(h.Slots, func(s Slot) bool { return s.Port == port })].State
}

func TestSlotsMove(t *testing.T) {
	t.Parallel()
	t0 := time.Unix(1_700_000_000, 0)
	m := newMemory(t0, DefaultEvery)
	m.setZK(moving(t0, nil, zkview.Slot{Node: "a", Port: 6700}), t0)
	if got := slotState(m.snapshot(Link{}, t0), "a", 6700); got != SlotUsed {
		t.Fatalf("at the start the slot is %v, want used", got)
	}
	t1 := t0.Add(time.Minute)
	m.setZK(moving(t1, nil, zkview.Slot{Node: "b", Port: 6700}), t1)
	s := m.snapshot(Link{}, t1)
	if slotState(s, "a", 6700) != SlotLeaving || slotState(s, "b", 6700) != SlotComing || slotState(s, "a", 6701) != SlotFree {
		t.Fatalf("in the move: %+v", s.Hosts)
	}
	if len(s.Feed) != 2 || s.Feed[0].Sign != '+' || s.Feed[1].Sign != '-' {
		t.Fatalf("the feed of the move: %+v", s.Feed)
	}
	t2 := t1.Add(91 * time.Second)
	beats := map[string][]zkview.Heartbeat{"words-1": {{Slot: zkview.Slot{Node: "b", Port: 6700}, Time: t2, UptimeSecs: new(int64(20))}}}
	m.setZK(moving(t1, beats, zkview.Slot{Node: "b", Port: 6700}), t2)
	s = m.snapshot(Link{}, t2)
	if slotState(s, "a", 6700) != SlotFree || slotState(s, "b", 6700) != SlotUsed {
		t.Fatalf("after the move: %+v", s.Hosts)
	}
}

func TestRestartsAreCountedAndMovesAreNot(t *testing.T) {
	t.Parallel()
	t0 := time.Unix(1_700_000_000, 0)
	m := newMemory(t0, DefaultEvery)
	at := zkview.Slot{Node: "a", Port: 6700}
	beat := func(now time.Time, up int64) {
		m.setZK(moving(t0, map[string][]zkview.Heartbeat{"words-1": {{Slot: at, Time: now, UptimeSecs: &up}}}, at), now)
	}
	beat(t0, 300)
	m.snapshot(Link{}, t0)
	beat(t0.Add(time.Minute), 360)
	beat(t0.Add(2*time.Minute), 15)
	s := m.snapshot(Link{}, t0.Add(2*time.Minute))
	slot := s.Host("a").Slots[0]
	if slot.Restarts != 1 || !slices.Equal(slot.Lives, []int{360}) || s.Topologies["words-1"].Restarts != 1 {
		t.Fatalf("slot %+v, topology restarts %d", slot, s.Topologies["words-1"].Restarts)
	}
	if s.Feed[0].Kind != ChangeWorker {
		t.Fatalf("the feed says %+v", s.Feed[0])
	}
	// A slot that changed hands begins anew.
	other := zkview.Slot{Node: "b", Port: 6700}
	m.setZK(moving(t0.Add(3*time.Minute), nil, other), t0.Add(3*time.Minute))
	up := int64(5)
	later := t0.Add(4 * time.Minute)
	m.setZK(moving(t0.Add(3*time.Minute), map[string][]zkview.Heartbeat{"words-1": {{Slot: other, Time: later, UptimeSecs: &up}}}, other), later)
	if got := m.snapshot(Link{}, later).Host("b").Slots[0].Restarts; got != 0 {
		t.Errorf("%d restarts counted for a worker that was placed", got)
	}
}

func TestTheFeedIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(time.Unix(0, 0), DefaultEvery)
	for i := range 3 * maxFeed {
		c := oneTopology(1)
		c.Topologies[0].Status = []nimbusclient.Status{nimbusclient.Active, nimbusclient.Inactive}[i%2]
		m.setCluster(&c, time.Unix(int64(i), 0))
		m.snapshot(Link{}, time.Unix(int64(i), 0))
	}
	s := m.last
	if len(s.Feed) != maxFeed || s.FeedDropped != 2*maxFeed-1 {
		t.Errorf("%d kept, %d dropped", len(s.Feed), s.FeedDropped)
	}
}

func TestDiffTellsLeaderAndStatus(t *testing.T) {
	t.Parallel()
	a, b := oneTopology(1), oneTopology(1)
	b.Nimbuses = []nimbusclient.Nimbus{{Host: "n2", Port: 6627, Leader: true}}
	b.Topologies[0].Status = nimbusclient.Killed
	m := newMemory(time.Unix(0, 0), DefaultEvery)
	m.setCluster(&a, time.Unix(1, 0))
	m.snapshot(Link{}, time.Unix(1, 0))
	m.setCluster(&b, time.Unix(2, 0))
	kinds := map[ChangeKind]int{}
	for _, c := range m.snapshot(Link{}, time.Unix(2, 0)).Feed {
		kinds[c.Kind]++
	}
	if kinds[ChangeLeader] != 1 || kinds[ChangeStatus] != 1 || kinds[ChangeNimbus] != 2 || len(kinds) != 3 {
		t.Errorf("changes %v", kinds)
	}
	if got := Diff(nil, m.last); got != nil {
		t.Errorf("the first answer counts as %v", got)
	}
}
