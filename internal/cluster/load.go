package cluster

import (
	"math"

	"github.com/stormtop/stormtop/nimbusclient"
)

// capacityWindow is the one Storm computes capacity over, whatever is shown.
const capacityWindow = nimbusclient.Window10m

// isShell reports whether a component runs in a subprocess.
func isShell(s *nimbusclient.Structure, component string) bool {
	if s == nil {
		return false
	}
	for _, c := range s.Components {
		if c.ID == component {
			return c.Shell != nil
		}
	}
	return false
}

// Capacity is Storm's capacity of one executor: the share of the last ten
// minutes, or of its life if that is shorter, that it spent in execute. NaN for
// a spout and without statistics.
func Capacity(e nimbusclient.Executor) float64 {
	if e.Stats == nil || e.Stats.Bolt == nil || e.UptimeSecs == nil {
		return unknown
	}
	if *e.UptimeSecs <= 0 {
		return 0
	}
	busyMs := weighted(e.Stats.Bolt.ExecuteMs[capacityWindow], e.Stats.Bolt.Executed[capacityWindow])
	return busyMs / (1000 * span(*e.UptimeSecs, capacityWindow))
}

// Inside is the mean number of tuples inside each task of a shell bolt's
// executor, L = rate × process latency (Little's law), over the last ten
// minutes: well below 1 the task has room, above 1 tuples wait for it. It holds
// for any bolt, but is shown for shell bolts, whose capacity measures only the
// hand-over to the pipe. NaN for a spout and without statistics.
func Inside(e nimbusclient.Executor) float64 {
	if e.Stats == nil || e.Stats.Bolt == nil || e.UptimeSecs == nil || *e.UptimeSecs <= 0 || e.ID.Tasks() < 1 {
		return unknown
	}
	heldMs := weighted(e.Stats.Bolt.ProcessMs[capacityWindow], e.Stats.Bolt.Executed[capacityWindow])
	return heldMs / (1000 * span(*e.UptimeSecs, capacityWindow) * float64(e.ID.Tasks()))
}

// weighted is the sum over streams of mean × count.
func weighted(mean map[nimbusclient.StreamID]float64, n map[nimbusclient.StreamID]int64) float64 {
	total := 0.0
	for stream, count := range n {
		if m := mean[stream]; !math.IsNaN(m) && !math.IsInf(m, 0) {
			total += m * float64(count)
		}
	}
	return total
}

// ExecutorLoad is how busy one executor is.
func ExecutorLoad(e nimbusclient.Executor, shell bool) Load {
	load := Load{Value: Capacity(e), Shell: shell, Capacity: Capacity(e)}
	if shell {
		load.Value = Inside(e)
	}
	return load
}

// ComponentLoad is the load of the busiest executor, as Storm's capacity of a
// bolt is the largest of its executors'. NaN when none has statistics.
func ComponentLoad(list []nimbusclient.Executor, shell bool) Load {
	out := Load{Value: unknown, Shell: shell, Capacity: unknown}
	for _, e := range list {
		one := ExecutorLoad(e, shell)
		out.Value = larger(out.Value, one.Value)
		out.Capacity = larger(out.Capacity, one.Capacity)
	}
	return out
}

// larger is max, where what is unknown loses.
func larger(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return max(a, b)
}
