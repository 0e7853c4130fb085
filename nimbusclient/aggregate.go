package nimbusclient

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// aggregate sums executors as the Storm UI of 0.9 and 0.10 does, which has no
// page calls and computes in the browser's stead.
//
// It differs from the page calls in one formula: process latency is weighted by
// acked there and by executed here from 1.0 on. Both are what the Storm UI of
// their version shows.
type aggregate struct {
	emitted, transferred       map[Window]map[StreamID]int64 // by output stream
	acked, failed, executed    map[Window]map[StreamID]int64 // by input stream; of spouts by output stream
	process, execute, complete map[Window]map[StreamID]mean
}

// mean is a weighted mean in the making.
type mean struct {
	total float64
	count int64
}

// value is nil when nothing was counted. A stream nothing was measured on has
// no latency.
func (m mean) value() *float64 {
	if m.count == 0 {
		return nil
	}
	v := m.total / float64(m.count)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// aggregateOf sums the executors that have statistics. System streams are left
// out of what is emitted and transferred unless sys; Storm never leaves them
// out of the rest.
func aggregateOf(executors []Executor, sys bool) *aggregate {
	a := new(aggregate)
	out := func(stream string) (StreamID, bool) {
		return StreamID{Stream: stream}, sys || !isSystem(stream)
	}
	all := func(stream string) (StreamID, bool) { return StreamID{Stream: stream}, true }
	in := func(s StreamID) (StreamID, bool) { return s, true }
	for _, e := range executors {
		s := e.Stats
		if s == nil {
			continue
		}
		addCounts(&a.emitted, s.Emitted, out)
		addCounts(&a.transferred, s.Transferred, out)
		if b := s.Bolt; b != nil {
			addCounts(&a.acked, b.Acked, in)
			addCounts(&a.failed, b.Failed, in)
			addCounts(&a.executed, b.Executed, in)
			addMeans(&a.process, b.ProcessMs, b.Acked, in)
			addMeans(&a.execute, b.ExecuteMs, b.Executed, in)
		}
		if t := s.Spout; t != nil {
			addCounts(&a.acked, t.Acked, all)
			addCounts(&a.failed, t.Failed, all)
			addMeans(&a.complete, t.CompleteMs, t.Acked, all)
		}
	}
	return a
}

// isSystem reports whether a component or a stream is Storm's own.
func isSystem(id string) bool { return strings.HasPrefix(id, "__") }

func addCounts[K comparable](to *map[Window]map[StreamID]int64, from map[Window]map[K]int64, key func(K) (StreamID, bool)) {
	if *to == nil {
		*to = map[Window]map[StreamID]int64{}
	}
	for w, streams := range from {
		if (*to)[w] == nil {
			(*to)[w] = map[StreamID]int64{}
		}
		for s, n := range streams {
			if id, wanted := key(s); wanted {
				(*to)[w][id] += n
			}
		}
	}
}

func addMeans[K comparable](to *map[Window]map[StreamID]mean, avg map[Window]map[K]float64, weight map[Window]map[K]int64, key func(K) (StreamID, bool)) {
	if *to == nil {
		*to = map[Window]map[StreamID]mean{}
	}
	for w, streams := range weight {
		if (*to)[w] == nil {
			(*to)[w] = map[StreamID]mean{}
		}
		for s, n := range streams {
			id, _ := key(s)
			m := (*to)[w][id]
			m.total += avg[w][s] * float64(n)
			m.count += n
			(*to)[w][id] = m
		}
	}
}

// at folds all streams of a window. A figure is nil when no executor knows the
// window.
func (a *aggregate) at(w Window) Stats {
	return Stats{
		Emitted:     sumOf(a.emitted, w),
		Transferred: sumOf(a.transferred, w),
		Acked:       sumOf(a.acked, w),
		Failed:      sumOf(a.failed, w),
		Executed:    sumOf(a.executed, w),
		ExecuteMs:   meanOf(a.execute, w),
		ProcessMs:   meanOf(a.process, w),
		CompleteMs:  meanOf(a.complete, w),
	}
}

func sumOf(m map[Window]map[StreamID]int64, w Window) *int64 {
	streams, known := m[w]
	if !known {
		return nil
	}
	var sum int64
	for _, n := range streams {
		sum += n
	}
	return &sum
}

// meanOf weights the streams' means by their counts, in a fixed order so that
// the same statistics always give the same digits. Without any stream it is 0,
// as in the Storm UI.
func meanOf(m map[Window]map[StreamID]mean, w Window) *float64 {
	streams, known := m[w]
	if !known {
		return nil
	}
	if len(streams) == 0 {
		return new(float64)
	}
	var all mean
	for _, id := range slices.SortedFunc(maps.Keys(streams), compareStreams) {
		if v := streams[id].value(); v != nil {
			all.total += *v * float64(streams[id].count)
			all.count += streams[id].count
		}
	}
	return all.value()
}

// windows are those any executor knows.
func (a *aggregate) windows() []Window {
	return slices.SortedFunc(maps.Keys(a.emitted), cmp.Compare[Window])
}

// streams lists what is known of each stream in a window, by output stream or
// by input stream.
func (a *aggregate) streams(w Window, inputs bool) []StreamStats {
	rows := map[StreamID]*Stats{}
	row := func(id StreamID) *Stats {
		if rows[id] == nil {
			rows[id] = new(Stats)
		}
		return rows[id]
	}
	counts := func(m map[Window]map[StreamID]int64, field func(*Stats) **int64) {
		for id, n := range m[w] {
			*field(row(id)) = &n
		}
	}
	means := func(m map[Window]map[StreamID]mean, field func(*Stats) **float64) {
		for id, v := range m[w] {
			*field(row(id)) = v.value()
		}
	}
	spout := a.complete != nil
	if !inputs {
		counts(a.emitted, func(s *Stats) **int64 { return &s.Emitted })
		counts(a.transferred, func(s *Stats) **int64 { return &s.Transferred })
	}
	if inputs || spout {
		counts(a.acked, func(s *Stats) **int64 { return &s.Acked })
		counts(a.failed, func(s *Stats) **int64 { return &s.Failed })
		counts(a.executed, func(s *Stats) **int64 { return &s.Executed })
		means(a.execute, func(s *Stats) **float64 { return &s.ExecuteMs })
		means(a.process, func(s *Stats) **float64 { return &s.ProcessMs })
		means(a.complete, func(s *Stats) **float64 { return &s.CompleteMs })
	}
	out := make([]StreamStats, 0, len(rows))
	for id, s := range rows {
		s.fillCounts(inputs, spout)
		out = append(out, StreamStats{StreamID: id, Stats: *s})
	}
	return out
}

// fillCounts makes counters 0 that a stream does not have although its
// neighbours do: it was never counted, which is a number.
func (s *Stats) fillCounts(inputs, spout bool) {
	fields := []**int64{&s.Emitted, &s.Transferred}
	switch {
	case inputs:
		fields = []**int64{&s.Acked, &s.Failed, &s.Executed}
	case spout:
		fields = append(fields, &s.Acked, &s.Failed)
	}
	for _, f := range fields {
		if *f == nil {
			*f = new(int64)
		}
	}
}

// capacityWindow is the only window capacity is computed over, in seconds.
const capacityWindow = 600

// capacityOf is the share of the last ten minutes, or of its life, that an
// executor spent executing; 0 before its first heartbeat.
func capacityOf(e Executor) float64 {
	if e.UptimeSecs == nil || *e.UptimeSecs <= 0 {
		return 0
	}
	stats := aggregateOf([]Executor{e}, true).at(Window10m)
	if stats.Executed == nil || stats.ExecuteMs == nil {
		return 0
	}
	return float64(*stats.Executed) * *stats.ExecuteMs / (1000 * float64(min(*e.UptimeSecs, capacityWindow)))
}
