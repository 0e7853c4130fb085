package rebalance

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Grade says what a warning asks of the operator.
type Grade uint8

// The grades, mildest first.
const (
	// Note is worth knowing.
	Note Grade = iota
	// Warn is probably not meant.
	Warn
	// Ask must be confirmed again.
	Ask
	// Block keeps the plan from being sent.
	Block
)

// Warning is one thing to know before the plan is sent.
type Warning struct {
	Grade     Grade
	Component string // that it is about, "" for the whole
	Text      string
}

// Blocked reports whether one of them keeps the plan from being sent.
func Blocked(list []Warning) bool {
	return slices.ContainsFunc(list, func(w Warning) bool { return w.Grade == Block })
}

// dropped are configuration keys that Nimbus takes out of the overrides.
var dropped = []string{
	"topology.submitter.principal", "topology.submitter.user", "storm.zookeeper.superACL",
	"storm.zookeeper.topology.auth.scheme", "storm.zookeeper.topology.auth.payload", "storm.local.hostname",
}

// manyExecutors is how many executors of one bolt a worker can hold before they
// mostly wait for each other.
const manyExecutors = 4

// Check finds what is wrong with the plan, what blocks it first.
func (p Plan) Check() []Warning {
	var out []Warning
	add := func(g Grade, component, format string, args ...any) {
		out = append(out, Warning{g, component, fmt.Sprintf(format, args...)})
	}
	p.checkState(add)
	p.checkWorkers(add)
	p.checkExecutors(add)
	p.checkWait(add)
	p.checkOverrides(add)
	if len(out) == 0 || !Blocked(out) {
		if len(p.Changes()) == 0 {
			add(Block, "", "nothing to send: this is how %s runs already", p.Topology.Name)
		}
	}
	slices.SortStableFunc(out, func(a, b Warning) int { return int(b.Grade) - int(a.Grade) })
	return out
}

type adder func(g Grade, component, format string, args ...any)

func (p Plan) checkState(add adder) {
	switch p.Topology.Status {
	case "ACTIVE", "":
	case "INACTIVE":
		add(Note, "", "%s is INACTIVE and stays so afterwards", p.Topology.Name)
	case "REBALANCING":
		add(Block, "", "%s is REBALANCING: Storm accepts no second rebalance until that ends", p.Topology.Name)
	case "KILLED":
		add(Block, "", "%s is KILLED: Storm accepts only another kill now", p.Topology.Name)
	default:
		add(Block, "", "%s is %s: Storm rebalances only ACTIVE and INACTIVE topologies", p.Topology.Name, p.Topology.Status)
	}
}

func (p Plan) checkWorkers(add adder) {
	n, changed := p.NewWorkers()
	if p.Workers != nil && *p.Workers < 1 {
		add(Block, "", "workers %d: a topology needs at least 1; Storm would accept 0 and keep %d", *p.Workers, p.Topology.Workers)
		return
	}
	if !changed {
		return
	}
	if n > math.MaxInt32 {
		add(Block, "", "workers %d is more than Storm can count", n)
		return
	}
	if p.Topology.ResourceAware {
		add(Warn, "", "the resource aware scheduler decides the number of workers; %d has no effect there", n)
	}
	if need := p.MoreSlots(); need > p.Cluster.FreeSlots {
		g := Block
		if p.Force {
			g = Ask
		}
		add(g, "", "%d workers need %d more slots, %d are free: Storm would leave %s unassigned",
			n, need, p.Cluster.FreeSlots, count(need-p.Cluster.FreeSlots, "worker"))
	}
	if all := p.ExecutorsAfter(); n > all {
		add(Warn, "", "%d workers for %s: %s would have nothing to do", n, count(all, "executor"), count(n-all, "worker"))
	}
	if hosts := p.Cluster.Hosts; hosts > 0 && n > hosts {
		add(Note, "", "more workers than hosts: %d on %s", n, count(hosts, "host"))
	}
	if f := p.Cluster.MaxFactor; f > 0 && p.Topology.Workers > 0 && float64(n) > f*float64(p.Topology.Workers) {
		add(Block, "", "workers %d → %d is more than the %s-fold that this cluster's rules allow", p.Topology.Workers, n, number(f))
	}
}

func (p Plan) checkExecutors(add adder) {
	for _, id := range slices.Sorted(maps.Keys(p.Executors)) {
		n := p.Executors[id]
		c, known := p.Topology.Find(id)
		switch {
		case !known:
			add(Block, id, "%s has no component %s%s", p.Topology.Name, id, p.nearest(id))
			continue
		case n < 1:
			add(Block, id, "%s with %d executors: Storm needs at least 1", id, n)
			continue
		case n > c.Tasks:
			add(Warn, id, "%s: clamped to %d: Storm never runs more executors than tasks; you asked for %d, and its %s fixed at submit",
				id, c.Tasks, n, count(c.Tasks, "task is", "tasks are"))
			n = c.Tasks
		}
		if n == c.Executors {
			continue
		}
		if c.Kind != System && share(c.Tasks, n) == share(c.Tasks, c.Executors) {
			add(Note, id, "%s: no gain: the busiest executor runs %s as before", id, count(share(c.Tasks, n), "task"))
		}
		if c.Kind == Bolt && n > manyExecutors*p.WorkersAfter() {
			add(Note, id, "%s: more than %d executors in each worker", id, manyExecutors)
		}
		if f := p.Cluster.MaxFactor; f > 0 && c.Executors > 0 && float64(n) > f*float64(c.Executors) {
			add(Block, id, "%s %d → %d is more than the %s-fold that this cluster's rules allow", id, c.Executors, n, number(f))
		}
	}
}

func (p Plan) checkWait(add adder) {
	secs, known := p.WaitSeconds()
	timeout := p.Topology.MessageTimeout
	switch {
	case !known:
		add(Ask, "", "the message timeout of %s is not known: say how long to wait", p.Topology.Name)
	case secs < 0:
		add(Block, "", "wait %d s: a wait cannot be negative", secs)
	case secs > MaxWait:
		add(Block, "", "wait %d s is more than a day, and the spouts would stand still so long; at most %d", secs, MaxWait)
	case secs < p.Cluster.MinWait:
		add(Block, "", "wait %d s is below this cluster's minimum of %d s", secs, p.Cluster.MinWait)
	case secs == 0:
		add(Ask, "", "wait 0 s: every tuple in flight is dropped and replayed or lost")
	case timeout > 0 && secs < timeout:
		add(Ask, "", "wait %d s is below the message timeout of %d s: tuples in flight are cut off", secs, timeout)
	case timeout > 0 && secs > 10*timeout:
		add(Warn, "", "wait %d s: the spouts stand still for more than ten message timeouts", secs)
	}
}

func (p Plan) checkOverrides(add adder) {
	if len(p.Conf)+len(p.Resources) > 0 && !p.Cluster.overrides() {
		add(Block, "", "overrides of configuration and resources need Storm 2.0; this is %d.%d", p.Cluster.Major, p.Cluster.Minor)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(p.Conf)) {
		switch {
		case strings.TrimSpace(key) == "":
			add(Block, "", "a configuration override without a key")
		case slices.Contains(dropped, key):
			add(Block, "", "%s: Nimbus drops this key from the overrides", key)
		case !jsonValue(p.Conf[key]):
			add(Block, "", "%s: the value cannot be written as JSON", key)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Resources)) {
		if _, known := p.Topology.Find(id); !known {
			add(Block, id, "%s has no component %s%s", p.Topology.Name, id, p.nearest(id))
		}
		for _, name := range slices.Sorted(maps.Keys(p.Resources[id])) {
			if v := p.Resources[id][name]; !(v >= 0) || math.IsInf(v, 0) {
				add(Block, id, "%s %s: %v is no amount of a resource", id, name, v)
			}
		}
		if !p.Topology.ResourceAware {
			add(Warn, id, "%s: only the resource aware scheduler looks at resources, which does not place %s", id, p.Topology.Name)
		}
	}
}

// nearest suggests a component, as " (did you mean split?)".
func (p Plan) nearest(id string) string {
	best, at := "", len([]rune(id))/2+1
	for _, c := range p.Topology.Components {
		if d := distance(id, c.ID); d < at {
			best, at = c.ID, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}
