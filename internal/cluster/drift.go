package cluster

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/zkview"
)

// drift compares what Nimbus was asked for (StormBase) with the assignment. A
// component's executors are capped by its tasks, silently, so the smaller one is
// what was to be had; workers are capped by the executors there are.
//
// taskOf names the component of each task and tasks counts them; without them
// only the workers are compared.
func drift(base zkview.Storm, a zkview.Assignment, taskOf map[int]string, tasks map[string]int) []Drift {
	if len(a.Executors) == 0 {
		return nil // not scheduled at all: that is told otherwise
	}
	var out []Drift
	slots := map[zkview.Slot]bool{}
	actual := map[string]int{}
	for r, slot := range a.Executors {
		slots[slot] = true
		actual[taskOf[r.Start]]++
	}
	if base.Workers != nil {
		if want := min(*base.Workers, len(a.Executors)); len(slots) < want {
			out = append(out, Drift{Desired: want, Actual: len(slots)})
		}
	}
	for name, asked := range base.ComponentExecutors {
		if tasks[name] == 0 || system(name) {
			continue // Nimbus stores unknown components too
		}
		if want := min(asked, tasks[name]); want != actual[name] {
			out = append(out, Drift{Component: name, Desired: want, Actual: actual[name]})
		}
	}
	slices.SortFunc(out, func(a, b Drift) int { return cmp.Compare(a.Component, b.Component) })
	return out
}
