package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// troubled runs a world through its story with accidents of its own, and calls
// look after every second.
func troubled(seed uint64, d time.Duration, look func(*World)) {
	w := NewDemo(seed, testStart)
	w.Begin()
	chance := rand.New(rand.NewPCG(seed, 1))
	for range int(d / time.Second) {
		w.Step(time.Second)
		if chance.IntN(45) == 0 {
			t := w.topologies[chance.IntN(len(w.topologies))]
			if wk := t.workers[chance.IntN(len(t.workers))]; wk.running() {
				w.crash(wk)
			}
		}
		look(w)
	}
}

func spouts(w *World, do func(*topology, *component)) {
	for _, t := range w.topologies {
		for _, c := range t.components {
			if c.spout {
				do(t, c)
			}
		}
	}
}

func TestEveryTreeEndsOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		troubled(seed, 12*time.Minute, func(w *World) {
			spouts(w, func(tp *topology, c *component) {
				l := c.trees
				told := l.ended[acks] + l.ended[fails] + l.ended[timesOut] + l.lost + tp.pending(c)
				if math.Abs(l.begun-told) > 1e-6*l.begun {
					t.Fatalf("seed %d, %s %s: %.3f trees began, %.3f ended or wait: %+v", seed, tp.name, c.id, l.begun, told, l)
				}
			})
		})
	}
}

func TestPendingTreesKeepToTheirLimit(t *testing.T) {
	t.Parallel()
	troubled(1, 12*time.Minute, func(w *World) {
		spouts(w, func(tp *topology, c *component) {
			if limit := tp.maxPending * float64(c.tasks); limit > 0 && tp.pending(c) > limit+1e-6 {
				t.Fatalf("%s: %.1f trees are pending, allowed are %.0f", tp.name, tp.pending(c), limit)
			}
		})
	})
}

// A spout looks for old trees once in a message timeout.
func TestTreesTimeOutAfterOnceToTwiceTheTimeout(t *testing.T) {
	t.Parallel()
	seen := 0
	troubled(2, 6*time.Minute, func(w *World) {
		for _, tp := range w.topologies {
			for _, tr := range tp.trees {
				if tr.how != timesOut {
					continue
				}
				seen++
				if lives := tr.ends - tr.born; lives < tp.timeout-1 || lives > 2*tp.timeout+1 {
					t.Fatalf("%s: a tree times out after %.1f s, the timeout is %.0f s", tp.name, lives, tp.timeout)
				}
			}
		}
	})
	if seen == 0 {
		t.Error("nothing timed out")
	}
}

// What spouts count as failed is what bolts failed and what timed out, but for
// sampling and for what was under way when a worker ended.
func TestSpoutsCountWhatFailedAndWhatTimedOut(t *testing.T) {
	t.Parallel()
	w := NewDemo(3, testStart)
	c := w.topology("wikipedia-trends").component("language")
	spout := w.topology("wikipedia-trends").component("edits")
	before, began := spout.trees, sampled(spout, func(e *executor) *counter { return &e.failed })
	failedBefore := sampled(c, func(e *executor) *counter { return &e.in[0].failed })
	c.failing = 0.05
	run(w, 5*time.Minute)
	c.failing = 0
	run(w, time.Minute) // what is under way ends
	ended := spout.trees.ended[fails] - before.ended[fails] + spout.trees.ended[timesOut] - before.ended[timesOut]
	counted := sampled(spout, func(e *executor) *counter { return &e.failed }) - began
	byBolts := sampled(c, func(e *executor) *counter { return &e.in[0].failed }) - failedBefore
	slack := float64(sampling * (len(spout.executors) + len(c.executors)))
	if ended < 1000 || math.Abs(counted-ended) > slack || math.Abs(byBolts-ended) > slack {
		t.Errorf("%.0f trees failed; spouts counted %.0f, bolts %.0f, more than %.0f apart", ended, counted, byBolts, slack)
	}
}

func sampled(c *component, of func(*executor) *counter) float64 {
	total := 0.0
	for _, e := range c.executors {
		total += of(e).all
	}
	return total
}

// A thread is busy for no longer than the time that passes.
func TestNoExecutorWorksMoreThanAllTheTime(t *testing.T) {
	t.Parallel()
	troubled(4, 10*time.Minute, func(w *World) {
		for _, tp := range w.topologies {
			for _, e := range tp.byTask {
				// Storm divides by whole seconds, and a process that begins within a
				// step works all of it, which both matters in the first seconds.
				limit := 1.1 * (e.reportedUptime + maxStep) / max(1, math.Floor(e.reportedUptime))
				if s := executorSums(e, "600", true); s.capacity > limit || s.capacity < 0 {
					t.Fatalf("%s %s [%d-%d] has capacity %.2f after %.0f s", tp.name, e.of.id, e.start, e.end, s.capacity, e.reportedUptime)
				}
			}
		}
	})
}

// A window holds what was counted in its span, up to one of its twenty buckets
// and what sampling leaves open.
func TestWindowsHoldWhatHappenedInThem(t *testing.T) {
	t.Parallel()
	w := NewDemo(5, testStart)
	c := w.topology("twitter-clicks").component("clicks")
	var emitted []float64 // in each second
	for range 1500 {
		begun := c.trees.begun
		w.Step(time.Second)
		emitted = append(emitted, c.trees.begun-begun)
	}
	span := func(secs int) (sum float64) {
		for _, n := range emitted[len(emitted)-secs:] {
			sum += n
		}
		return sum
	}
	got := 0.0
	for _, e := range c.executors {
		got += e.out[0].emitted.of(0)
	}
	slack := float64(sampling * len(c.executors))
	if least, most := span(570)-slack, span(600)+slack; got < least || got > most {
		t.Errorf("the ten-minute window holds %.0f, want %.0f to %.0f", got, least, most)
	}
}

// Storm's throttle is per executor, and of a component ten errors are kept.
func TestErrorsKeepToStormsThrottle(t *testing.T) {
	t.Parallel()
	w := NewDemo(6, testStart)
	c := w.topology("wikipedia-trends").component("language")
	c.failing = 0.3
	before := w.sequence
	const secs = 120
	for range secs {
		w.Step(time.Second)
		if len(c.errors) > maxErrors {
			t.Fatalf("%d errors are kept", len(c.errors))
		}
	}
	most := len(c.executors) * reportsPerInterval * (secs/intervalSecs + 1)
	if n := w.sequence - before; n > most || n < most/2 {
		t.Errorf("%d errors in %d s from %d executors, want at most %d and about as many", n, secs, len(c.executors), most)
	}
}

// Everything has counted for as long as it is up, and that is believable.
func TestTheWorldHasAPast(t *testing.T) {
	t.Parallel()
	w := NewDemo(1, testStart)
	young := 0
	for _, tp := range w.topologies {
		for _, wk := range tp.workers {
			if up := w.now - wk.started; up > w.now-tp.launched || up < 3600 {
				t.Errorf("%s: a worker is up for %.0f s", tp.name, up)
			} else if up < pastSecs {
				young++
			}
		}
		for _, e := range tp.byTask {
			day, all := executorSums(e, "86400", false), executorSums(e, allTime, false)
			if life := e.reportedUptime; life > pastSecs && all.emitted > 0 {
				grown := float64(all.emitted) / float64(day.emitted)
				if want := life / pastSecs; math.Abs(grown-want) > 0.07*want {
					t.Errorf("%s %s: all time is %.2f days of tuples, up for %.2f days", tp.name, e.of.id, grown, want)
				}
			}
		}
	}
	if young == 0 {
		t.Error("no worker began anew in a whole day")
	}
}
