package rebalance

import (
	"fmt"
	"math"
)

// MaxSkew is the skew above which more executors are not promised to help: the
// tuples of a hot key stay together.
const MaxSkew = 3

// Prediction says what becomes of one component.
type Prediction struct {
	Component Component
	Executors int // afterwards
	// TasksEach is how many tasks the busiest executor runs afterwards; it decides
	// the capacity.
	TasksEach int
	// Capacity is expected, NaN when none can be said.
	Capacity float64
	// Doubt says what the prediction rests on, or why there is none.
	Doubt string
}

// Predict says what becomes of every component, in the topology's order.
//
// Load follows tasks: capacity × ⌈tasks ÷ new⌉ ÷ ⌈tasks ÷ old⌉. It is refused
// for shell components, whose capacity measures only the hand-over to the pipe,
// and for uneven ones when they are changed.
func (p Plan) Predict() []Prediction {
	sent := p.Sent()
	out := make([]Prediction, 0, len(p.Topology.Components))
	for _, c := range p.Topology.Components {
		n, changed := sent[c.ID]
		if !changed {
			n = c.Executors
		}
		q := Prediction{Component: c, Executors: n, TasksEach: share(c.Tasks, n), Capacity: math.NaN()}
		switch {
		case c.Kind != Bolt:
		case c.Shell:
			if changed {
				q.Doubt = fmt.Sprintf("no prediction: Storm does not measure the work of a shell bolt; %s in the busiest executor instead of %d",
					count(q.TasksEach, "task"), share(c.Tasks, c.Executors))
			}
		case c.Capacity == nil || c.Executors < 1:
			if changed {
				q.Doubt = "no prediction: no capacity in this window"
			}
		case !changed:
			q.Capacity = *c.Capacity
		case c.Skew > MaxSkew:
			q.Doubt = fmt.Sprintf("no prediction: skew %.1f, the hot key stays in one task", c.Skew)
		default:
			q.Capacity = *c.Capacity * float64(q.TasksEach) / float64(share(c.Tasks, c.Executors))
			q.Doubt = "assumes that work spreads evenly over tasks"
			if c.Skew == 0 {
				q.Doubt += "; how even it is now is not known"
			}
		}
		out = append(out, q)
	}
	return out
}

// Explain tells step by step what happens when the plan is sent.
func (p Plan) Explain() []string {
	var out []string
	t := &p.Topology
	wait := "the message timeout"
	if secs, ok := p.WaitSeconds(); ok {
		wait = fmt.Sprintf("%ds", secs)
	}
	if inFlight := t.AckedPerSecond * t.CompleteMillis / 1000; inFlight >= 1 {
		out = append(out, fmt.Sprintf("spouts stop at once; %s lets ~%.0f tuples in flight finish (%.3g/s × %.3g ms, computed)",
			wait+" wait", inFlight, t.AckedPerSecond, t.CompleteMillis))
	} else {
		out = append(out, fmt.Sprintf("spouts stop at once; %s wait lets tuples in flight finish", wait))
	}
	workers, all := p.WorkersAfter(), p.ExecutorsAfter()
	if workers > 0 {
		out = append(out, fmt.Sprintf("Nimbus re-assigns %d → %d executors on %s (%.1f each); up to %s restart",
			t.Executors(), all, count(workers, "worker"), float64(all)/float64(workers), count(max(workers, t.Workers), "worker")))
	}
	out = append(out, "all-time counters of restarted executors begin at 0; windows fill again from then on")
	return out
}

// share is how many tasks the busiest of n executors runs.
func share(tasks, n int) int {
	if n < 1 {
		return 0
	}
	return (tasks + n - 1) / n
}
