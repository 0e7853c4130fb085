package nimbusclient

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func toTopologyInfo(t *storm.TopologyInfo) *TopologyInfo {
	info := &TopologyInfo{
		TopologySummary: TopologySummary{
			ID:               t.GetID(),
			Name:             t.GetName(),
			Status:           Status(t.GetStatus()),
			UptimeSecs:       toInt(t.UptimeSecs),
			Owner:            t.Owner,
			SchedStatus:      t.SchedStatus,
			ReplicationCount: toInt(t.ReplicationCount),
			StormVersion:     t.StormVersion,
			Assigned: Assigned{
				RequestedMemOnHeap:  t.RequestedMemonheap,
				RequestedMemOffHeap: t.RequestedMemoffheap,
				RequestedCPU:        t.RequestedCPU,
				AssignedMemOnHeap:   t.AssignedMemonheap,
				AssignedMemOffHeap:  t.AssignedMemoffheap,
				AssignedCPU:         t.AssignedCPU,
			},
		},
		Errors: map[string][]ErrorInfo{},
		Debug:  map[string]Debug{},
	}
	for _, e := range t.Executors {
		info.ExecutorList = append(info.ExecutorList, toExecutor(e))
	}
	slices.SortStableFunc(info.ExecutorList, func(a, b Executor) int {
		return cmp.Or(compareExecutors(a.ID, b.ID), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	for component, list := range t.Errors {
		info.Errors[component] = toErrorInfos(list)
	}
	for what, d := range t.ComponentDebug {
		info.Debug[what] = *toDebug(d)
	}
	return info
}

func toExecutorID(e *storm.ExecutorInfo) ExecutorID {
	if e == nil {
		return ExecutorID{}
	}
	return ExecutorID{Start: int(e.GetTaskStart()), End: int(e.GetTaskEnd())}
}

func compareExecutors(a, b ExecutorID) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

func toExecutor(e *storm.ExecutorSummary) Executor {
	return Executor{
		ID:         toExecutorID(e.ExecutorInfo),
		Component:  e.GetComponentID(),
		Host:       e.GetHost(),
		Port:       int(e.GetPort()),
		UptimeSecs: toInt(e.UptimeSecs),
		Stats:      toExecutorStats(e.Stats),
	}
}

func toExecutorStats(s *storm.ExecutorStats) *ExecutorStats {
	if s == nil {
		return nil
	}
	out := &ExecutorStats{
		Emitted:     byWindow(s.Emitted, same[string]),
		Transferred: byWindow(s.Transferred, same[string]),
		SampleRate:  s.Rate,
	}
	if s.Specific == nil {
		return out
	}
	if b := s.Specific.Bolt; b != nil {
		out.Bolt = &BoltStats{
			Acked:     byWindow(b.Acked, toStreamID),
			Failed:    byWindow(b.Failed, toStreamID),
			Executed:  byWindow(b.Executed, toStreamID),
			ProcessMs: byWindow(b.ProcessMsAvg, toStreamID),
			ExecuteMs: byWindow(b.ExecuteMsAvg, toStreamID),
		}
	}
	if t := s.Specific.Spout; t != nil {
		out.Spout = &SpoutStats{
			Acked:      byWindow(t.Acked, same[string]),
			Failed:     byWindow(t.Failed, same[string]),
			CompleteMs: byWindow(t.CompleteMsAvg, same[string]),
		}
	}
	return out
}

func same[T any](v T) T { return v }

// byWindow copies a map of maps with its keys made ours.
func byWindow[G, K comparable, V any](m map[string]map[G]V, key func(G) K) map[Window]map[K]V {
	if m == nil {
		return nil
	}
	out := make(map[Window]map[K]V, len(m))
	for w, inner := range m {
		in := make(map[K]V, len(inner))
		for k, v := range inner {
			in[key(k)] = v
		}
		out[Window(w)] = in
	}
	return out
}
