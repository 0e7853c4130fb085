package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

const (
	// A process latency this many times the execute latency, and at least this
	// long, means that a bolt waits for something outside.
	slowSinkFactor, slowSinkMs = 5, 50
	// Capacities below idle with a complete latency this many times the work
	// along the slowest path mean that tuples wait in queues or in ackers.
	idle, waitingFactor = 0.30, 10
	// A worker younger than young seconds in a topology older than old makes
	// its numbers incomplete.
	youngSecs, oldSecs = 600, 3600
)

// Hints explains the numbers of one topology over its newest page: what is the
// bottleneck and why, worst first. nil page gives none.
func Hints(t *cluster.Topology, p *nimbusclient.Topology, limits Thresholds) []Hint {
	if t == nil || p == nil {
		return nil
	}
	var out []Hint
	out = append(out, saturation(t, p, limits)...)
	out = append(out, slowSinks(t, p)...)
	out = append(out, waiting(t, p)...)
	out = append(out, uneven(t, limits)...)
	out = append(out, oneHost(t, p, limits)...)
	if h, ok := young(t, p); ok {
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(a, b Hint) int { return int(b.Level) - int(a.Level) })
	return out
}

// saturation names the busiest bolt when it is at its limit.
func saturation(t *cluster.Topology, p *nimbusclient.Topology, limits Thresholds) []Hint {
	var worst nimbusclient.ComponentStats
	worstShare := 0.0
	for _, b := range p.Bolts {
		if strings.HasPrefix(b.ID, "__") {
			continue
		}
		load := loadOf(t, b)
		limit := limits.CapacityCrit
		if load.Shell {
			limit = limits.LoadCrit
		}
		if share := load.Value / limit; share > worstShare {
			worst, worstShare = b, share
		}
	}
	if worstShare == 0 {
		return nil
	}
	cand, ok := saturated(limits, t, worst)
	if !ok {
		return nil
	}
	text := cand.What
	if worst.Executors != nil && worst.Tasks != nil {
		switch {
		case *worst.Tasks > *worst.Executors:
			text += fmt.Sprintf("; its tasks allow up to %d executors", *worst.Tasks)
		default:
			text += "; every task has its executor already, more needs a resubmit with more tasks"
		}
	}
	if cand.Estimated && worst.ProcessMs != nil {
		text += fmt.Sprintf("; process %s, a batching bolt holds tuples on purpose", human.Latency(*worst.ProcessMs))
	}
	return []Hint{{Rule: "saturated", Level: cand.Level, Component: worst.ID, Text: text}}
}

func slowSinks(t *cluster.Topology, p *nimbusclient.Topology) []Hint {
	var out []Hint
	for _, b := range p.Bolts {
		if strings.HasPrefix(b.ID, "__") || b.ProcessMs == nil || b.ExecuteMs == nil || isShell(t, b.ID) {
			continue
		}
		if *b.ProcessMs >= slowSinkMs && *b.ProcessMs >= slowSinkFactor**b.ExecuteMs {
			out = append(out, Hint{Rule: "slow sink", Level: cluster.LevelWarn, Component: b.ID, Text: fmt.Sprintf(
				"%s acks late: process %s against execute %s; it waits for something outside or holds a batch",
				b.ID, human.Latency(*b.ProcessMs), human.Latency(*b.ExecuteMs))})
		}
	}
	return out
}

// waiting tells time in queues from time at work: Storm does not report the
// depth of queues to Nimbus.
func waiting(t *cluster.Topology, p *nimbusclient.Topology) []Hint {
	complete := p.Totals[p.Window].CompleteMs
	if complete == nil || *complete <= 0 || len(p.Bolts) == 0 {
		return nil
	}
	for _, b := range p.Bolts {
		if strings.HasPrefix(b.ID, "__") {
			continue
		}
		load := loadOf(t, b)
		if load.Value >= idle || isShell(t, b.ID) && math.IsNaN(load.Value) {
			return nil
		}
	}
	path := SlowestPath(t, p)
	if path.Ms <= 0 || *complete <= waitingFactor*path.Ms {
		return nil
	}
	return []Hint{{Rule: "waiting", Level: cluster.LevelWarn, Text: fmt.Sprintf(
		"tuples take %s, the work along the slowest path only %s: time is spent in queues or in ackers; Storm does not report queue depth to Nimbus",
		human.Latency(*complete), human.Latency(path.Ms))}}
}

func uneven(t *cluster.Topology, limits Thresholds) []Hint {
	names := make([]string, 0, len(t.Rates.Components))
	for name := range t.Rates.Components {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []Hint
	for _, name := range names {
		skew := t.Rates.Components[name].Skew
		if strings.HasPrefix(name, "__") || !(skew > limits.SkewWarn) {
			continue
		}
		text := fmt.Sprintf("%s is uneven: %s", name, times(skew))
		if share := busiestShare(t, name); share > 0 {
			text = fmt.Sprintf("%s is uneven: one executor does %.0f %% of the work (%s)", name, 100*share, times(skew))
		}
		if fields := groupedBy(t, name); fields != "" {
			text += fmt.Sprintf("; a hot key on %s? More executors will not help", fields)
		}
		out = append(out, Hint{Rule: "skew", Level: cluster.LevelWarn, Component: name, Text: text + "."})
	}
	return out
}

func busiestShare(t *cluster.Topology, component string) float64 {
	if t.Info == nil {
		return 0
	}
	most := 0.0
	for _, e := range t.Info.ExecutorList {
		if e.Component == component {
			if share := t.Rates.Executors[e.ID].Share; share > most {
				most = share
			}
		}
	}
	return most
}

// groupedBy words the fields of a component's fields groupings.
func groupedBy(t *cluster.Topology, component string) string {
	if t.Structure == nil {
		return ""
	}
	for _, c := range t.Structure.Components {
		if c.ID != component {
			continue
		}
		for _, in := range c.Inputs {
			if in.Grouping == nimbusclient.GroupFields && len(in.Fields) > 0 {
				return `"` + strings.Join(in.Fields, ", ") + `"`
			}
		}
	}
	return ""
}

func oneHost(t *cluster.Topology, p *nimbusclient.Topology, limits Thresholds) []Hint {
	if t.Info == nil {
		return nil
	}
	hosts, all := map[string]map[string]bool{}, map[string]bool{}
	for _, e := range t.Info.ExecutorList {
		if hosts[e.Component] == nil {
			hosts[e.Component] = map[string]bool{}
		}
		hosts[e.Component][e.Host] = true
		all[e.Host] = true
	}
	var out []Hint
	for _, b := range p.Bolts {
		load := loadOf(t, b)
		warn := limits.CapacityWarn
		if load.Shell {
			warn = limits.LoadWarn
		}
		if strings.HasPrefix(b.ID, "__") || !(load.Value >= warn) || len(hosts[b.ID]) != 1 || len(all) < 2 || b.Executors == nil || *b.Executors < 2 {
			continue
		}
		for host := range hosts[b.ID] {
			out = append(out, Hint{Rule: "one host", Level: cluster.LevelWarn, Component: b.ID, Text: fmt.Sprintf(
				"all %d executors of %s are on %s, the topology uses %d hosts", *b.Executors, b.ID, host, len(all))})
		}
	}
	return out
}

func young(t *cluster.Topology, p *nimbusclient.Topology) (Hint, bool) {
	if t.Youngest == nil || p.UptimeSecs == nil || *t.Youngest >= youngSecs || *p.UptimeSecs <= oldSecs {
		return Hint{}, false
	}
	h := Hint{Rule: "young", Level: cluster.LevelInfo, Text: fmt.Sprintf(
		"the youngest worker is up for %s only: windows longer than that are incomplete", human.AgeSecs(*t.Youngest))}
	if t.Restarts > 1 {
		h.Level = cluster.LevelWarn
		h.Text += fmt.Sprintf("; %d restarts were seen", t.Restarts)
	}
	return h, true
}

// Path is a way through a topology.
type Path struct {
	Components []string
	Ms         float64 // sum of the process latencies along it, milliseconds
}

// SlowestPath is the way from a spout to a sink along which the sum of process
// latencies is largest. An edge that leads back into the path being walked is
// left out. It is empty without a structure.
func SlowestPath(t *cluster.Topology, p *nimbusclient.Topology) Path {
	if t.Structure == nil {
		return Path{}
	}
	ms := map[string]float64{}
	for _, b := range p.Bolts {
		if b.ProcessMs != nil {
			ms[b.ID] = *b.ProcessMs
		}
	}
	next := map[string][]string{}
	var starts []string
	for _, c := range t.Structure.Components {
		if strings.HasPrefix(c.ID, "__") {
			continue
		}
		if c.Kind == nimbusclient.Spout {
			starts = append(starts, c.ID)
		}
		for _, in := range c.Inputs {
			if !strings.HasPrefix(in.From.Component, "__") && !slices.Contains(next[in.From.Component], c.ID) {
				next[in.From.Component] = append(next[in.From.Component], c.ID)
			}
		}
	}
	// The longest path of each component is found once; a component being
	// visited is on a cycle and ends the walk.
	best := map[string]Path{}
	visiting := map[string]bool{}
	var walk func(string) Path
	walk = func(id string) Path {
		if known, ok := best[id]; ok {
			return known
		}
		if visiting[id] {
			return Path{}
		}
		visiting[id] = true
		var tail Path
		for _, to := range next[id] {
			if w := walk(to); len(tail.Components) == 0 || w.Ms > tail.Ms {
				tail = w
			}
		}
		visiting[id] = false
		found := Path{Components: append([]string{id}, tail.Components...), Ms: ms[id] + tail.Ms}
		best[id] = found
		return found
	}
	var slowest Path
	for _, start := range starts {
		if w := walk(start); len(slowest.Components) == 0 || w.Ms > slowest.Ms {
			slowest = w
		}
	}
	return slowest
}
