package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

func TestPageRatesAreOfTheWindow(t *testing.T) {
	t.Parallel()
	p := &nimbusclient.Topology{
		UptimeSecs: new(7200), Window: nimbusclient.Window10m,
		Totals: map[nimbusclient.Window]nimbusclient.Totals{
			nimbusclient.Window10m: {Acked: new(int64(600))}, nimbusclient.Window3h: {Acked: new(int64(72_000))},
		},
		Bolts:   []nimbusclient.ComponentStats{{ID: "count", Stats: nimbusclient.Stats{Executed: new(int64(1200)), Capacity: new(0.5)}}},
		Workers: []nimbusclient.Worker{{UptimeSecs: new(3000)}},
	}
	if r := pageRates(p, nimbusclient.Window10m, nil); !near(r.Acked.PerSec, 1) || r.Acked.AtLeast || !near(r.Components["count"].In.PerSec, 2) {
		t.Errorf("ten minutes: %+v", r)
	}
	r := pageRates(p, nimbusclient.Window3h, nil)
	if !near(r.Acked.PerSec, 10) || !r.Acked.AtLeast {
		t.Errorf("three hours: %+v, want 10/s at least, because a worker is younger", r.Acked)
	}
	if in := r.Components["count"].In.PerSec; !math.IsNaN(in) {
		t.Errorf("a ten-minute count is shown as %v/s over three hours", in)
	}
	if r := pageRates(p, nimbusclient.Window10m, new(100)); !r.Acked.AtLeast {
		t.Error("the youngest worker known from elsewhere is forgotten")
	}
	if r := pageRates(nil, nimbusclient.Window10m, nil); !math.IsNaN(r.Acked.PerSec) {
		t.Error("no page is a rate")
	}
}

// A component's page and the executors it sums up must agree.
func TestAComponentsPageAgreesWithItsExecutors(t *testing.T) {
	t.Parallel()
	info := infoOf(bolt(1, 2, 7200, 30_000, 0.05, 8), bolt(3, 3, 60, 300, 0.05, 4))
	shell := &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{ID: "count", Shell: &nimbusclient.Shell{}}}}
	want := Rates(info, shell, nimbusclient.Window10m)
	page := &nimbusclient.Component{ID: "count", Kind: nimbusclient.Bolt, Window: nimbusclient.Window10m}
	for _, e := range info.ExecutorList {
		n := countsOf(e.Stats, nimbusclient.Window10m)
		ms := e.Stats.Bolt.ProcessMs[nimbusclient.Window10m][in]
		page.Execs = append(page.Execs, nimbusclient.ExecutorRow{ID: e.ID, UptimeSecs: e.UptimeSecs, Stats: nimbusclient.Stats{
			Emitted: &n.emitted, Executed: &n.executed, Acked: &n.acked, Failed: &n.failed, ProcessMs: &ms, Capacity: new(Capacity(e)),
		}})
	}
	got := noRates()
	got.addComponent(page, true)
	w, g := want.Components["count"], got.Components["count"]
	for name, pair := range map[string][2]float64{
		"in": {w.In.PerSec, g.In.PerSec}, "out": {w.Out.PerSec, g.Out.PerSec}, "acked": {w.Acked.PerSec, g.Acked.PerSec},
		"skew": {w.Skew, g.Skew}, "L": {w.Load.Value, g.Load.Value}, "capacity": {w.Load.Capacity, g.Load.Capacity},
	} {
		if !near(pair[0], pair[1]) {
			t.Errorf("%s: executors %v, page %v", name, pair[0], pair[1])
		}
	}
	for id, e := range want.Executors {
		if o := got.Executors[id]; !near(e.In.PerSec, o.In.PerSec) || !near(e.Share, o.Share) || !near(e.Load.Value, o.Load.Value) {
			t.Errorf("%v: executors %+v, page %+v", id, e, o)
		}
	}
}

func TestMissedHeartbeatsAreGaps(t *testing.T) {
	t.Parallel()
	var tr trends
	for _, up := range []int{60, 120, 420} {
		tr.see(infoOf(bolt(1, 1, up, int64(10*up), 0, 0)), time.Minute)
	}
	line := tr.series[series{kind: 'i', component: "count"}]
	if len(line) != 6 || line[0] != 10 || !math.IsNaN(line[1]) || !math.IsNaN(line[4]) || line[5] != 10 {
		t.Errorf("trend %v, want 10, four gaps, 10", line)
	}
}

// An executor that moved began anew, even where its new counters are larger.
func TestAMovedExecutorCountsFromZero(t *testing.T) {
	t.Parallel()
	var tr trends
	tr.see(infoOf(bolt(1, 1, 10, 100, 0, 0)), time.Minute)
	moved := bolt(1, 1, 60, 600, 0, 0)
	moved.Port = 6701
	tr.see(infoOf(moved), time.Minute)
	if line := tr.series[series{kind: 'i', component: "count"}]; !slices.Equal(line, []float64{10}) {
		t.Errorf("trend %v, want 600 tuples over its 60 s", line)
	}
}

func TestTheBudgetHolds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	b := budget{perSec: 5}
	now, made := start, 0
	for now.Before(start.Add(time.Minute)) {
		if n := b.available(now); n > 0 {
			n = 1 + rng.IntN(n)
			b.spend(n)
			made += n
		}
		if n := b.available(now); n == 0 {
			if w := b.wait(now); w <= 0 || w > time.Second {
				t.Fatalf("waits %v for one call", w)
			}
		}
		now = now.Add(time.Duration(rng.IntN(300)) * time.Millisecond)
		if most := 5 + 5*now.Sub(start).Seconds(); float64(made) > most {
			t.Fatalf("%d calls after %v", made, now.Sub(start))
		}
	}
	if made < 250 {
		t.Errorf("only %d calls in a minute", made)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	for attempt := range 100 {
		for _, jitter := range []float64{0, 0.5, 1} {
			if d := backoff(attempt, jitter); d < leastBackoff || d > lastBackoff {
				t.Fatalf("attempt %d: %v", attempt, d)
			}
		}
	}
	if backoff(1, 1) != firstBackoff || backoff(20, 1) != lastBackoff {
		t.Errorf("from %v to %v", backoff(1, 1), backoff(20, 1))
	}
}

func TestNamesAreTotallyOrdered(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	name := func() string {
		b := make([]byte, rng.IntN(5))
		for i := range b {
			b[i] = "0129ab."[rng.IntN(7)]
		}
		return string(b)
	}
	for range 20_000 {
		a, b, c := name(), name(), name()
		if (CompareNames(a, b) == 0) != (a == b) || CompareNames(a, b) != -CompareNames(b, a) {
			t.Fatalf("%q and %q", a, b)
		}
		if CompareNames(a, b) < 0 && CompareNames(b, c) < 0 && CompareNames(a, c) >= 0 {
			t.Fatalf("%q < %q < %q, but not %q < %q", a, b, c, a, c)
		}
	}
}

func TestLettersStayAndComeBack(t *testing.T) {
	t.Parallel()
	rows := func(from, to int) []nimbusclient.TopologySummary { return many(to).Topologies[from:to] }
	var l letters
	l.give(rows(0, 26))
	if l.of["t000"] != 'a' || l.of["t025"] != 'z' {
		t.Fatalf("letters %v", l.of)
	}
	l.give(rows(1, 27)) // the first is gone, a new one came
	if l.of["t026"] != 'a' || l.of["t001"] != 'b' {
		t.Errorf("the letter of the topology that went was not given on: %v", l.of)
	}
	for i := range 1000 {
		l.give(rows(i, i+20))
	}
	if len(l.of) > 26 {
		t.Errorf("%d names remembered of 20 alive", len(l.of))
	}
}
