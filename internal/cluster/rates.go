package cluster

import (
	"math"
	"strings"

	"github.com/stormtop/stormtop/nimbusclient"
)

// unknown is a figure nobody has told.
var unknown = math.NaN()

// system reports whether a component or stream is Storm's own.
func system(id string) bool { return strings.HasPrefix(id, "__") }

// span is the number of seconds that the counters of a window cover for
// something that is up for the given time: min(uptime, window).
func span(uptimeSecs int, w nimbusclient.Window) float64 {
	if secs := w.Seconds(); secs > 0 && secs < uptimeSecs {
		return float64(secs)
	}
	return float64(uptimeSecs)
}

// counts are the counters of one executor in one window, system streams left
// out of what it emits as Storm's own pages do; executed counts every input.
type counts struct{ emitted, executed, acked, failed int64 }

func countsOf(s *nimbusclient.ExecutorStats, w nimbusclient.Window) counts {
	var c counts
	if s == nil {
		return c
	}
	for stream, n := range s.Emitted[w] {
		if !system(stream) {
			c.emitted += n
		}
	}
	if b := s.Bolt; b != nil {
		c.executed = sum(b.Executed[w])
		c.acked = sum(b.Acked[w])
		c.failed = sum(b.Failed[w])
	}
	if p := s.Spout; p != nil {
		c.acked = sum(p.Acked[w])
		c.failed = sum(p.Failed[w])
	}
	return c
}

func sum[K comparable](m map[K]int64) int64 {
	var total int64
	for _, n := range m {
		total += n
	}
	return total
}

// work is what says how busy a component's executor is: tuples executed by a
// bolt, emitted by a spout.
func (c counts) work(s *nimbusclient.ExecutorStats) int64 {
	if s != nil && s.Spout != nil {
		return c.emitted
	}
	return c.executed
}

// executorsOf groups a topology's executors by component, system ones included.
func executorsOf(info *nimbusclient.TopologyInfo) map[string][]nimbusclient.Executor {
	by := map[string][]nimbusclient.Executor{}
	for _, e := range info.ExecutorList {
		by[e.Component] = append(by[e.Component], e)
	}
	return by
}

// Rates computes the rates of a topology over a window from all its executors:
// the sum over executors of count ÷ min(uptime, window), so that an executor
// that restarted counts for its own short life. Trends are not in it.
//
// The structure tells shell components, whose load is the number of tuples
// inside a task; it may be nil.
func Rates(info *nimbusclient.TopologyInfo, structure *nimbusclient.Structure, w nimbusclient.Window) TopologyRates {
	out := noRates()
	for name, list := range executorsOf(info) {
		c := ComponentRates{
			In: Rate{PerSec: unknown}, Out: Rate{PerSec: unknown}, Acked: Rate{PerSec: unknown}, Failed: Rate{PerSec: unknown},
			Skew: Skew(list, w), Load: ComponentLoad(list, isShell(structure, name)),
		}
		var all int64
		for _, e := range list {
			all += countsOf(e.Stats, w).work(e.Stats)
		}
		spout := false
		for _, e := range list {
			if e.Stats == nil || e.UptimeSecs == nil || *e.UptimeSecs <= 0 {
				continue
			}
			n, secs := countsOf(e.Stats, w), span(*e.UptimeSecs, w)
			spout = e.Stats.Spout != nil
			one := ExecutorRates{
				In: Rate{PerSec: float64(n.executed) / secs}, Out: Rate{PerSec: float64(n.emitted) / secs},
				Share: unknown, Load: ExecutorLoad(e, isShell(structure, name)),
			}
			if spout {
				one.In.PerSec = unknown
			}
			if all > 0 {
				one.Share = float64(n.work(e.Stats)) / float64(all)
			}
			out.Executors[e.ID] = one
			add(&c.Out, one.Out.PerSec)
			if !spout {
				add(&c.In, one.In.PerSec)
			}
			add(&c.Acked, float64(n.acked)/secs)
			add(&c.Failed, float64(n.failed)/secs)
		}
		out.Components[name] = c
		if !system(name) {
			add(&out.Emitted, c.Out.PerSec)
		}
		if spout {
			add(&out.Acked, c.Acked.PerSec)
			add(&out.Failed, c.Failed.PerSec)
		}
	}
	return out
}

// add sums rates; what is unknown adds nothing.
func add(r *Rate, x float64) {
	switch {
	case math.IsNaN(x):
	case math.IsNaN(r.PerSec):
		r.PerSec = x
	default:
		r.PerSec += x
	}
}

// leastSampled is the number of measured tuples below which a share or a skew
// says nothing.
const leastSampled = 10

// defaultSampleRate is Storm's own topology.stats.sample.rate.
const defaultSampleRate = 0.05

// Skew is the work per task of the busiest executor over the mean work per task
// of the others, so that two executors can show it and unequal numbers of tasks
// do not. NaN below two executors with statistics, or when the busiest did fewer
// than ten measured tuples; +Inf when the others did nothing.
func Skew(list []nimbusclient.Executor, w nimbusclient.Window) float64 {
	var each []float64
	total, most, sampled := 0.0, 0.0, 0.0
	for _, e := range list {
		if e.Stats == nil || e.ID.Tasks() < 1 {
			continue
		}
		work := float64(countsOf(e.Stats, w).work(e.Stats))
		rate := defaultSampleRate
		if e.Stats.SampleRate != nil {
			rate = *e.Stats.SampleRate
		}
		sampled = max(sampled, work*rate)
		x := work / float64(e.ID.Tasks())
		each = append(each, x)
		total += x
		most = max(most, x)
	}
	if sampled < leastSampled {
		return unknown
	}
	return skew(each, total, most)
}

func skew(each []float64, total, most float64) float64 {
	if len(each) < 2 || most == 0 {
		return unknown
	}
	others := (total - most) / float64(len(each)-1)
	if others == 0 {
		return math.Inf(1)
	}
	return most / others
}
