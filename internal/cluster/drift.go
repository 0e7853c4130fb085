package cluster

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// drift compares what Nimbus was asked for (StormBase) with the assignment. A
// component's executors are capped by its tasks, silently, so the smaller one is
// what was to be had. info tells each executor's component.
func drift(base zkview.Storm, a zkview.Assignment, info *nimbusclient.TopologyInfo) []Drift {
	var out []Drift
	workers := len(assigned(a))
	if base.Workers != nil && workers > 0 && workers < *base.Workers && workers < len(a.Executors) {
		out = append(out, Drift{Desired: *base.Workers, Actual: workers})
	}
	if info == nil || len(a.Executors) == 0 {
		return out
	}
	component := map[zkview.TaskRange]string{}
	tasks, actual := map[string]int{}, map[string]int{}
	for _, e := range info.ExecutorList {
		component[zkview.TaskRange{Start: e.ID.Start, End: e.ID.End}] = e.Component
		tasks[e.Component] += e.ID.Tasks()
	}
	for r := range a.Executors {
		name, ok := component[r]
		if !ok {
			return out // the two readings are of different assignments
		}
		actual[name]++
	}
	for name, desired := range base.ComponentExecutors {
		if tasks[name] == 0 || system(name) {
			continue // Nimbus stores unknown components too
		}
		if want := min(desired, tasks[name]); want != actual[name] {
			out = append(out, Drift{Component: name, Desired: want, Actual: actual[name]})
		}
	}
	slices.SortFunc(out, func(a, b Drift) int { return cmp.Compare(a.Component, b.Component) })
	return out
}
