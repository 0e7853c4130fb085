package rebalance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MaxWait is the longest wait in seconds that a plan may have: a day. Until it
// is over the topology stands still.
const MaxWait = 86400

// Plan is a rebalance that is wanted. What is nil or absent stays as it is.
type Plan struct {
	Topology Topology
	Cluster  Cluster

	// Wait is how long spouts are stopped before workers are, in seconds; nil
	// takes the topology's message timeout.
	Wait *int
	// Workers is the number of workers wanted.
	Workers *int
	// Executors are wanted by component; those of now are no change.
	Executors map[string]int
	// Resources are new demands, component → resource → value (Storm 2.0 and
	// later, with the resource aware scheduler).
	Resources map[string]map[string]float64
	// Conf are new values of the topology's configuration (Storm 2.0 and later).
	Conf map[string]any
	// Force sends although fewer slots are free than are asked for.
	Force bool
}

// Change is one thing that a plan changes.
type Change struct {
	// What is "workers", "executors", "resource" or "conf".
	What      string
	Component string // of executors and resources
	Name      string // of a resource or a configuration key
	From, To  string // From is empty when it is not known
}

// Change as a sentence's part: "score executors 4 → 6".
func (c Change) String() string {
	what := c.What
	switch c.What {
	case "executors":
		what = c.Component + " executors"
	case "resource":
		what = c.Component + " " + c.Name
	case "conf":
		what = c.Name
	}
	if c.From == "" {
		return fmt.Sprintf("%s → %s", what, c.To)
	}
	return fmt.Sprintf("%s %s → %s", what, c.From, c.To)
}

// Sent are the executors that go to Nimbus: the changed ones, by component, at
// most as many as the component has tasks. Unknown components and numbers below
// one, which Check refuses, are not among them.
func (p Plan) Sent() map[string]int {
	out := map[string]int{}
	for id, n := range p.Executors {
		c, known := p.Topology.Find(id)
		if n = min(n, c.Tasks); known && n >= 1 && n != c.Executors {
			out[id] = n
		}
	}
	return out
}

// After are the executors that a component will have.
func (p Plan) After(c Component) int {
	if n, ok := p.Sent()[c.ID]; ok {
		return n
	}
	return c.Executors
}

// ExecutorsAfter are those of all components.
func (p Plan) ExecutorsAfter() int {
	sent, n := p.Sent(), 0
	for _, c := range p.Topology.Components {
		if to, ok := sent[c.ID]; ok {
			n += to
		} else {
			n += c.Executors
		}
	}
	return n
}

// WorkersAfter is the number of workers that the plan asks for.
func (p Plan) WorkersAfter() int {
	if p.Workers != nil {
		return *p.Workers
	}
	return max(p.Topology.Wanted, p.Topology.Workers)
}

// MoreSlots is how many free slots the plan needs.
func (p Plan) MoreSlots() int { return max(0, p.WorkersAfter()-p.Topology.Workers) }

// WaitSeconds is the wait that Nimbus will keep; ok is false when neither the plan
// nor the topology says.
func (p Plan) WaitSeconds() (secs int, ok bool) {
	if p.Wait != nil {
		return *p.Wait, true
	}
	return p.Topology.MessageTimeout, p.Topology.MessageTimeout > 0
}

// NewWorkers reports the number of workers when the plan changes it.
func (p Plan) NewWorkers() (n int, changed bool) {
	if p.Workers == nil || *p.Workers == max(p.Topology.Wanted, p.Topology.Workers) && p.Topology.Workers == *p.Workers {
		return 0, false
	}
	return *p.Workers, true
}

// Changes are what the plan changes: workers, executors in the topology's order,
// resources and configuration by name.
func (p Plan) Changes() []Change {
	var out []Change
	if n, changed := p.NewWorkers(); changed {
		out = append(out, Change{What: "workers", From: fmt.Sprint(p.Topology.Workers), To: fmt.Sprint(n)})
	}
	sent := p.Sent()
	for _, c := range p.Topology.Components {
		if n, ok := sent[c.ID]; ok {
			out = append(out, Change{What: "executors", Component: c.ID, From: fmt.Sprint(c.Executors), To: fmt.Sprint(n)})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Resources)) {
		c, _ := p.Topology.Find(id)
		for _, name := range slices.Sorted(maps.Keys(p.Resources[id])) {
			change := Change{What: "resource", Component: id, Name: name, To: number(p.Resources[id][name])}
			if was, ok := c.Resources[name]; ok {
				change.From = number(was)
			}
			if change.From != change.To {
				out = append(out, change)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Conf)) {
		out = append(out, Change{What: "conf", Name: key, To: text(p.Conf[key])})
	}
	return out
}

// ConfJSON are the configuration overrides as Nimbus takes them, "" for none.
func (p Plan) ConfJSON() (string, error) {
	if len(p.Conf) == 0 {
		return "", nil
	}
	b, err := json.Marshal(p.Conf)
	if err != nil {
		return "", fmt.Errorf("configuration overrides: %w", err)
	}
	return string(b), nil
}
