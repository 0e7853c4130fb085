package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var testStart = time.Unix(1795233392, 0)

// figures are all numbers that a reader of Nimbus can see.
func figures(w *World) string {
	var out strings.Builder
	for _, t := range w.topologies {
		for _, c := range t.components {
			for _, window := range windowNames {
				fmt.Fprintf(&out, "%s %s %s %+v\n", t.id, c.id, window, integers(componentSums(c, window, true)))
			}
			for _, f := range c.errors {
				fmt.Fprintf(&out, "%s %s:%d %.0f\n", c.id, f.host, f.port, f.at)
			}
		}
		for _, wk := range t.workers {
			fmt.Fprintf(&out, "%s %s:%d\n", t.id, wk.host.node, wk.port)
		}
	}
	return out.String()
}

// integers drops the sums of milliseconds, whose last bits depend on the order
// of addition.
func integers(s sums) sums {
	s.executeMs, s.processMs, s.completeMs, s.capacity = 0, 0, 0, 0
	return s
}

func run(w *World, d time.Duration) {
	for range int(d / time.Second) {
		w.Step(time.Second)
	}
}

func TestSameSeedSameCounters(t *testing.T) {
	var seen [3]string
	for i, seed := range []uint64{7, 7, 8} {
		w := NewDemo(seed, testStart)
		w.Begin()
		run(w, 5*time.Minute)
		seen[i] = figures(w)
	}
	if seen[0] != seen[1] {
		t.Error("two worlds of one seed differ")
	}
	if seen[0] == seen[2] {
		t.Error("two worlds of different seeds are equal")
	}
}

func TestCountsAreSampled(t *testing.T) {
	w := NewDemo(1, testStart)
	for _, tp := range w.topologies {
		for _, e := range tp.byTask {
			for window, streams := range e.reported.Emitted {
				for stream, n := range streams {
					if n%sampling != 0 {
						t.Fatalf("%s emitted %d on %s in %s, which is no multiple of %d", e.of.id, n, stream, window, sampling)
					}
				}
			}
		}
	}
}

func TestWindowsGrowWithTheirSpan(t *testing.T) {
	w := NewDemo(1, testStart)
	for _, tp := range w.topologies {
		totals := tp.totals(false)
		last := int64(0)
		for _, window := range windowNames {
			n := totals.WindowToEmitted[window]
			if n == 0 || n < last {
				t.Errorf("%s emitted %d in window %s, %d in the one before", tp.name, n, window, last)
			}
			last = n
		}
	}
}

func TestStatisticsMoveWithHeartbeatsOnly(t *testing.T) {
	w := NewDemo(1, testStart)
	e := w.topologies[0].byTask[0]
	changes, last := 0, e.reported
	for range 100 {
		w.Step(time.Second)
		if e.reported != last {
			changes++
			last = e.reported
		}
	}
	if changes < 9 || changes > 11 {
		t.Errorf("%d heartbeats in 100 s, want one every %d s", changes, BeatSecs)
	}
}

func TestStoryOfTheHotKey(t *testing.T) {
	w := NewDemo(1, testStart)
	calm := capacity(w, "twitter-clicks", "store")
	w.Begin()
	run(w, 6*time.Minute)
	hot := capacity(w, "twitter-clicks", "store")
	if calm > 0.9 || hot < 1.3*calm {
		t.Errorf("the busiest store executor went from %.2f to %.2f", calm, hot)
	}
	tp := w.topology("twitter-clicks")
	if tp.totals(false).WindowToFailed["600"] == 0 {
		t.Error("no tree timed out behind the hot executor")
	}
	if skew := slices.Max(shares(tp.component("store"))); skew < 0.33 {
		t.Errorf("the hottest executor does %.2f of the work", skew)
	}
	if limit := tp.maxPending * 4; tp.pending(tp.components[0]) > 1.1*limit {
		t.Errorf("%.0f trees are pending, more than %.0f", tp.pending(tp.components[0]), limit)
	}
}

// shares are the parts of a component's work that its executors did.
func shares(c *component) []float64 {
	total := float64(componentSums(c, "600", false).executed)
	var out []float64
	for _, e := range c.executors {
		out = append(out, float64(executorSums(e, "600", false).executed)/total)
	}
	return out
}

func capacity(w *World, topology, component string) float64 {
	return componentSums(w.topology(topology).component(component), "600", false).capacity
}

func TestStoryOfTheFailingBolt(t *testing.T) {
	w := NewDemo(1, testStart)
	w.Begin()
	run(w, 2*time.Minute)
	c := w.topology("wikipedia-trends").component("language")
	if componentSums(c, "600", false).failed == 0 || c.last == nil {
		t.Error("language fails no tuple, or without an error")
	}
	run(w, 2*time.Minute)
	if len(c.errors) == 0 || len(c.errors) > maxErrors {
		t.Errorf("%d errors are kept", len(c.errors))
	}
}

func TestStoryOfTheLostHost(t *testing.T) {
	w := NewDemo(1, testStart)
	w.Begin()
	h := w.hosts[5]
	on := func() (n int) {
		for _, p := range h.ports {
			if w.workerAt(h, p) != nil {
				n++
			}
		}
		return n
	}
	if on() == 0 {
		t.Fatal("nothing runs on w6")
	}
	run(w, 35*time.Second)
	if !h.lost || !h.listed(w.now) {
		t.Error("after 10 s w6 must be lost and its session still there")
	}
	run(w, 15*time.Second)
	if h.listed(w.now) {
		t.Error("ZooKeeper names w6 beyond its session")
	}
	run(w, 30*time.Second)
	if on() != 0 {
		t.Error("workers stay on the lost host")
	}
	for _, tp := range w.topologies {
		for _, e := range tp.byTask {
			if e.on.dead {
				t.Errorf("%s %s runs nowhere", tp.name, e.of.id)
			}
		}
	}
	run(w, 2*time.Minute)
	if h.lost || w.now-h.started > 120 {
		t.Error("w6 is not back, or as if it never went")
	}
}

func TestHintsFollowTheStory(t *testing.T) {
	w := NewDemo(1, testStart)
	if w.Hint() != "" {
		t.Error("a hint before the story began")
	}
	w.Begin()
	var seen []string
	for range int(storyPeriod) + 5 {
		if hint := w.Hint(); len(seen) == 0 || seen[len(seen)-1] != hint {
			seen = append(seen, hint)
		}
		w.Step(time.Second)
	}
	if len(seen) != len(chapters)+1 || seen[0] != seen[len(seen)-1] {
		t.Errorf("hints %q", seen)
	}
	for _, hint := range seen {
		if len(hint) > 62 || strings.Contains(hint, "%") {
			t.Errorf("%q does not fit beside the help in 80 columns", hint)
		}
	}
	if !strings.Contains(seen[2], "w6") {
		t.Errorf("%q does not name the lost host", seen[2])
	}
}

func TestAWorkerThatBeginsAnewCountsFromZero(t *testing.T) {
	w := NewDemo(1, testStart)
	wk := w.topologies[0].workers[0]
	w.crash(wk)
	run(w, 20*time.Second)
	for _, e := range w.topologies[0].byTask {
		if e.on == wk && e.reportedUptime > 20 {
			t.Errorf("executor %d-%d is up for %.0f s", e.start, e.end, e.reportedUptime)
		}
	}
}

func TestClockEmptiesWindows(t *testing.T) {
	var w window
	c := clock{windows: []*window{&w}}
	c.advance(1000)
	w.add(c.at, 40)
	for now := 1000.0; now < 1700; now += 7 {
		c.advance(now)
	}
	if w.of(0) != 0 || w.of(1) != 40 || w.of(3) != 40 {
		t.Errorf("after 700 s: 10 min %v, 3 h %v, all time %v", w.of(0), w.of(1), w.of(3))
	}
	c.advance(1e6)
	if w.of(2) != 0 || w.of(3) != 40 {
		t.Errorf("after days: 1 d %v, all time %v", w.of(2), w.of(3))
	}
}
