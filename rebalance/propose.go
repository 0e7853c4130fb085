package rebalance

import (
	"errors"
	"fmt"
)

// ErrNothing says that a goal is reached already or cannot be come nearer to.
var ErrNothing = errors.New("nothing to propose")

// Goal is what a proposal is to reach; use [NoBoltOver], [SpreadOver] or
// [ShrinkTo].
type Goal struct {
	limit   float64 // of the capacity of bolts
	spread  bool
	workers int
}

// NoBoltOver asks for so many executors that no bolt is busier than limit.
func NoBoltOver(limit float64) Goal { return Goal{limit: limit} }

// SpreadOver asks for a worker on every host.
func SpreadOver() Goal { return Goal{spread: true} }

// ShrinkTo asks for this many workers.
func ShrinkTo(workers int) Goal { return Goal{workers: workers} }

// Propose makes a plan that comes as near to the goal as the topology and the
// cluster allow, with the reasons for what it does and for what it cannot do. The
// error is [ErrNothing], wrapped with why.
func Propose(t Topology, c Cluster, g Goal) (Plan, []string, error) {
	p := Plan{Topology: t, Cluster: c}
	var why []string
	switch {
	case g.limit > 0:
		why = p.relieve(g.limit)
	case g.spread:
		why = p.spread()
	case g.workers > 0:
		why = p.shrink(g.workers)
	}
	if Blocked(p.Check()) {
		reason := "no goal was named"
		if len(why) > 0 {
			reason = why[0]
		}
		if len(p.Changes()) > 0 {
			for _, w := range p.Check() {
				if w.Grade == Block {
					reason = w.Text
					break
				}
			}
		}
		return Plan{}, why, fmt.Errorf("%w: %s", ErrNothing, reason)
	}
	return p, why, nil
}

// relieve gives every bolt that is busier than limit the fewest executors that
// are predicted to bring it below.
func (p *Plan) relieve(limit float64) (why []string) {
	for _, c := range p.Topology.Components {
		if c.Kind != Bolt || c.Shell || c.Capacity == nil || *c.Capacity <= limit || c.Executors < 1 {
			continue
		}
		busy := fmt.Sprintf("%s is at %.2f", c.ID, *c.Capacity)
		most := c.Tasks
		if f := p.Cluster.MaxFactor; f > 0 {
			most = min(most, int(f*float64(c.Executors)))
		}
		if c.Skew > MaxSkew {
			why = append(why, fmt.Sprintf("%s, but uneven (skew %.1f): more executors do not spread a hot key", busy, c.Skew))
			continue
		}
		if most <= c.Executors || share(c.Tasks, most) == share(c.Tasks, c.Executors) {
			why = append(why, fmt.Sprintf("%s, but its %s leave no room for more executors", busy, count(c.Tasks, "task")))
			continue
		}
		n, after := c.Executors, *c.Capacity
		for m := c.Executors + 1; m <= most; m++ {
			// Only a number that takes a task from the busiest executor helps.
			if share(c.Tasks, m) < share(c.Tasks, n) {
				n, after = m, *c.Capacity*float64(share(c.Tasks, m))/float64(share(c.Tasks, c.Executors))
			}
			if after <= limit {
				break
			}
		}
		if p.Executors == nil {
			p.Executors = map[string]int{}
		}
		p.Executors[c.ID] = n
		line := fmt.Sprintf("%s: %d → %d executors → ~%.2f", busy, c.Executors, n, after)
		if after > limit {
			line += fmt.Sprintf(", still over %.2f: more needs more tasks, which are fixed at submit", limit)
		}
		why = append(why, line)
	}
	if len(why) == 0 {
		why = append(why, fmt.Sprintf("no bolt whose work Storm measures is over %.2f", limit))
	}
	return why
}

func (p *Plan) spread() (why []string) {
	t, c := &p.Topology, p.Cluster
	n := min(c.Hosts, t.Workers+c.FreeSlots, p.ExecutorsAfter())
	if c.MaxFactor > 0 {
		n = min(n, int(c.MaxFactor*float64(t.Workers)))
	}
	switch {
	case t.Workers >= c.Hosts:
		return []string{fmt.Sprintf("%s for %s already", count(t.Workers, "worker"), count(c.Hosts, "host"))}
	case n <= t.Workers:
		return []string{fmt.Sprintf("no free slot for another worker (%s, %d free)", count(t.Workers, "worker"), c.FreeSlots)}
	}
	p.Workers = &n
	why = []string{fmt.Sprintf("workers %d → %d for %s; Storm's even scheduler spreads them", t.Workers, n, count(c.Hosts, "host"))}
	if n < c.Hosts {
		why = append(why, fmt.Sprintf("a worker on every host would need %d", c.Hosts))
	}
	return why
}

func (p *Plan) shrink(workers int) []string {
	if workers >= p.Topology.Workers {
		return []string{fmt.Sprintf("%s has %s already", p.Topology.Name, count(p.Topology.Workers, "worker"))}
	}
	p.Workers = &workers
	return []string{fmt.Sprintf("workers %d → %d: %.1f executors each", p.Topology.Workers, workers,
		float64(p.ExecutorsAfter())/float64(workers))}
}
