package cluster

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// maxTrend bounds the points of a trend: two hours of heartbeats on a stock
// 2.x.
const maxTrend = 120

// trends follow the counters of a topology's executors from heartbeat to
// heartbeat. Statistics move only with the heartbeat, and each carries the
// executor's uptime, so the time between two beats is the difference of two
// uptimes: no clock of ours is in it.
type trends struct {
	last map[nimbusclient.ExecutorID]beat
	// series are the points so far, by what they are of.
	series map[series][]float64
}

// beat is what an executor last told, and its rates between its last two beats.
type beat struct {
	component   string
	host        string
	port        int
	uptime      int
	all         counts
	in, out     float64 // per second; NaN before the second beat
	acked, fail float64
}

// series names one line of points.
type series struct {
	kind      byte // 'i'n, 'o'ut, 'a'cked, 'f'ailed
	component string
	executor  nimbusclient.ExecutorID // zero for a whole component
}

// see takes a reading of all executors. One in which no executor has beaten
// since the last adds no point. step is the time expected between two points;
// where much more passed, gaps are put in.
func (t *trends) see(info *nimbusclient.TopologyInfo, step time.Duration) {
	if t.last == nil {
		t.last, t.series = map[nimbusclient.ExecutorID]beat{}, map[series][]float64{}
	}
	moved, first := false, len(t.last) == 0
	passed := 0 // seconds between the two beats of the executor that passed most
	seen := map[nimbusclient.ExecutorID]bool{}
	for _, e := range info.ExecutorList {
		seen[e.ID] = true
		if e.Stats == nil || e.UptimeSecs == nil {
			continue
		}
		now := beat{
			component: e.Component, host: e.Host, port: e.Port, uptime: *e.UptimeSecs, all: countsOf(e.Stats, nimbusclient.WindowAll),
			in: unknown, out: unknown, acked: unknown, fail: unknown,
		}
		old, known := t.last[e.ID]
		if known && old.uptime == now.uptime && old.all == now.all {
			continue // the same heartbeat
		}
		moved = true
		if known {
			now.rates(old, e.Stats.Spout != nil)
			passed = max(passed, now.uptime-old.uptime)
		}
		t.last[e.ID] = now
	}
	for id := range t.last {
		if !seen[id] {
			delete(t.last, id)
		}
	}
	if !moved || first {
		return
	}
	if missed := int(time.Duration(passed)*time.Second/max(step, time.Second)) - 1; missed > 1 {
		t.gap(missed)
	}
	t.point()
}

// gap appends points that nobody knows to every line.
func (t *trends) gap(n int) {
	gap := slices.Repeat([]float64{unknown}, min(n, maxTrend))
	for key, line := range t.series {
		line = slices.Concat(line, gap) // published lines are never changed
		t.series[key] = line[max(0, len(line)-maxTrend):]
	}
}

// rates computes what happened between two beats. Counters that fell, or that
// another worker tells, belong to a new life and count from zero over that life alone.
func (b *beat) rates(old beat, spout bool) {
	before, secs := old.all, b.uptime-old.uptime
	if b.uptime < old.uptime || b.host != old.host || b.port != old.port || b.all.emitted < before.emitted || b.all.executed < before.executed ||
		b.all.acked < before.acked || b.all.failed < before.failed {
		before, secs = counts{}, b.uptime
	}
	if secs <= 0 {
		b.in, b.out, b.acked, b.fail = old.in, old.out, old.acked, old.fail
		return
	}
	per := func(now, then int64) float64 { return float64(now-then) / float64(secs) }
	b.out = per(b.all.emitted, before.emitted)
	b.acked, b.fail = per(b.all.acked, before.acked), per(b.all.failed, before.failed)
	if !spout {
		b.in = per(b.all.executed, before.executed)
	}
}

// point appends one point to every line: the sum of the executors' rates.
func (t *trends) point() {
	now := map[series]float64{}
	put := func(key series, x float64) {
		old, ok := now[key]
		switch {
		case !ok || math.IsNaN(old):
			now[key] = x
		case !math.IsNaN(x):
			now[key] = old + x
		}
	}
	// In one order, so that equal readings make equal sums.
	for _, id := range slices.SortedFunc(maps.Keys(t.last), func(a, b nimbusclient.ExecutorID) int { return cmp.Compare(a.Start, b.Start) }) {
		b := t.last[id]
		for kind, x := range map[byte]float64{'i': b.in, 'o': b.out, 'a': b.acked, 'f': b.fail} {
			put(series{kind: kind, component: b.component}, x)
			if kind == 'i' || kind == 'o' {
				put(series{kind: kind, executor: id}, x)
			}
		}
	}
	for key := range t.series {
		if _, ok := now[key]; !ok {
			delete(t.series, key)
		}
	}
	for key, x := range now {
		line := append(slices.Clone(t.series[key]), x) // published lines are never changed
		t.series[key] = line[max(0, len(line)-maxTrend):]
	}
}

// fill puts the lines into the rates of a snapshot.
func (t *trends) fill(r *TopologyRates) {
	if t.series == nil {
		return
	}
	r.Components, r.Executors = maps.Clone(r.Components), maps.Clone(r.Executors)
	var emitted, acked, failed [][]float64
	for _, name := range slices.Sorted(maps.Keys(r.Components)) {
		c := r.Components[name]
		c.In.Trend = t.series[series{kind: 'i', component: name}]
		c.Out.Trend = t.series[series{kind: 'o', component: name}]
		c.Acked.Trend = t.series[series{kind: 'a', component: name}]
		c.Failed.Trend = t.series[series{kind: 'f', component: name}]
		r.Components[name] = c
		if system(name) {
			continue
		}
		emitted = append(emitted, c.Out.Trend)
		if t.spout(name) {
			acked, failed = append(acked, c.Acked.Trend), append(failed, c.Failed.Trend)
		}
	}
	r.Emitted.Trend, r.Acked.Trend, r.Failed.Trend = stack(emitted), stack(acked), stack(failed)
	for id, e := range r.Executors {
		e.In.Trend = t.series[series{kind: 'i', executor: id}]
		e.Out.Trend = t.series[series{kind: 'o', executor: id}]
		r.Executors[id] = e
	}
}

// spout reports whether a component has told no input since it is followed.
func (t *trends) spout(name string) bool {
	for _, x := range t.series[series{kind: 'i', component: name}] {
		if !math.IsNaN(x) {
			return false
		}
	}
	return true
}

// stack adds lines point by point, newest with newest; a point that no line has
// is a gap.
func stack(lines [][]float64) []float64 {
	n := 0
	for _, l := range lines {
		n = max(n, len(l))
	}
	if n == 0 {
		return nil
	}
	out := slices.Repeat([]float64{unknown}, n)
	for _, l := range lines {
		for i, x := range l {
			at := n - len(l) + i
			switch {
			case math.IsNaN(out[at]):
				out[at] = x
			case !math.IsNaN(x):
				out[at] += x
			}
		}
	}
	return out
}
