package nimbusclient

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func toTopology(p *storm.TopologyPageInfo, window Window, sys bool) *Topology {
	return &Topology{
		ID:               p.GetID(),
		Name:             p.GetName(),
		Status:           Status(p.GetStatus()),
		UptimeSecs:       toInt(p.UptimeSecs),
		Tasks:            toInt(p.NumTasks),
		Executors:        toInt(p.NumExecutors),
		WorkerCount:      toInt(p.NumWorkers),
		Owner:            p.Owner,
		SchedStatus:      p.SchedStatus,
		ReplicationCount: toInt(p.ReplicationCount),
		StormVersion:     p.StormVersion,
		TopologyVersion:  p.TopologyVersion,
		Conf:             p.GetTopologyConf(),
		Debug:            toDebug(p.DebugOptions),
		Window:           window,
		Sys:              sys,
		Totals:           toTotals(p.TopologyStats),
		Spouts:           toComponentRows(p.IDToSpoutAggStats, Spout),
		Bolts:            toComponentRows(p.IDToBoltAggStats, Bolt),
		Workers:          toWorkers(p.Workers),
		Assigned: Assigned{
			RequestedMemOnHeap:  p.RequestedMemonheap,
			RequestedMemOffHeap: p.RequestedMemoffheap,
			RequestedCPU:        p.RequestedCPU,
			AssignedMemOnHeap:   p.AssignedMemonheap,
			AssignedMemOffHeap:  p.AssignedMemoffheap,
			AssignedCPU:         p.AssignedCPU,
			RequestedGeneric:    p.RequestedGenericResources,
			AssignedGeneric:     p.AssignedGenericResources,
		},
		Memory: Memory{
			RequestedRegularOnHeap:  p.RequestedRegularOnHeapMemory,
			RequestedSharedOnHeap:   p.RequestedSharedOnHeapMemory,
			RequestedRegularOffHeap: p.RequestedRegularOffHeapMemory,
			RequestedSharedOffHeap:  p.RequestedSharedOffHeapMemory,
			AssignedRegularOnHeap:   p.AssignedRegularOnHeapMemory,
			AssignedSharedOnHeap:    p.AssignedSharedOnHeapMemory,
			AssignedRegularOffHeap:  p.AssignedRegularOffHeapMemory,
			AssignedSharedOffHeap:   p.AssignedSharedOffHeapMemory,
		},
	}
}

func toDebug(d *storm.DebugOptions) *Debug {
	if d == nil {
		return nil
	}
	return &Debug{Enabled: d.GetEnable(), SamplingPct: d.Samplingpct}
}

// toTotals gathers the windows of any of the maps; a window that one of them
// lacks stays nil there.
func toTotals(s *storm.TopologyStats) map[Window]Totals {
	out := map[Window]Totals{}
	if s == nil {
		return out
	}
	set := func(m map[string]int64, field func(*Totals) **int64) {
		for w, n := range m {
			t := out[Window(w)]
			*field(&t) = &n
			out[Window(w)] = t
		}
	}
	set(s.WindowToEmitted, func(t *Totals) **int64 { return &t.Emitted })
	set(s.WindowToTransferred, func(t *Totals) **int64 { return &t.Transferred })
	set(s.WindowToAcked, func(t *Totals) **int64 { return &t.Acked })
	set(s.WindowToFailed, func(t *Totals) **int64 { return &t.Failed })
	for w, ms := range s.WindowToCompleteLatenciesMs {
		t := out[Window(w)]
		t.CompleteMs = &ms
		out[Window(w)] = t
	}
	return out
}

func toComponentRows(m map[string]*storm.ComponentAggregateStats, kind Kind) []ComponentStats {
	out := make([]ComponentStats, 0, len(m))
	for id, s := range m {
		row := ComponentStats{ID: id, Kind: kind, Stats: toStats(s)}
		if s.LastError != nil {
			e := toErrorInfo(s.LastError)
			row.LastError = &e
		}
		if s.CommonStats != nil {
			row.Resources = s.CommonStats.ResourcesMap
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b ComponentStats) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func toStats(s *storm.ComponentAggregateStats) Stats {
	var out Stats
	if s == nil {
		return out
	}
	if c := s.CommonStats; c != nil {
		out.Executors, out.Tasks = toInt(c.NumExecutors), toInt(c.NumTasks)
		out.Emitted, out.Transferred, out.Acked, out.Failed = c.Emitted, c.Transferred, c.Acked, c.Failed
	}
	if sp := s.SpecificStats; sp != nil {
		if b := sp.Bolt; b != nil {
			out.Executed, out.ExecuteMs, out.ProcessMs, out.Capacity = b.Executed, b.ExecuteLatencyMs, b.ProcessLatencyMs, b.Capacity
		}
		if t := sp.Spout; t != nil {
			out.CompleteMs = t.CompleteLatencyMs
		}
	}
	return out
}

func toErrorInfo(e *storm.ErrorInfo) ErrorInfo {
	return ErrorInfo{Error: e.GetError(), Time: int64(e.GetErrorTimeSecs()), Host: e.Host, Port: toInt(e.Port)}
}

func toErrorInfos(list []*storm.ErrorInfo) []ErrorInfo {
	out := make([]ErrorInfo, 0, len(list))
	for _, e := range list {
		out = append(out, toErrorInfo(e))
	}
	slices.Reverse(out) // of several in a second Storm's UI believes the last
	slices.SortStableFunc(out, func(a, b ErrorInfo) int { return cmp.Compare(b.Time, a.Time) })
	return out
}

func toStreamID(g *storm.GlobalStreamId) StreamID {
	return StreamID{Component: g.GetComponentId(), Stream: g.GetStreamId()}
}

func compareStreams(a, b StreamID) int {
	return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.Stream, b.Stream))
}

func toComponent(p *storm.ComponentPageInfo, window Window, sys bool) *Component {
	c := &Component{
		ID:           p.GetComponentID(),
		Kind:         Bolt,
		TopologyID:   p.GetTopologyID(),
		TopologyName: p.GetTopologyName(),
		Status:       Status(p.GetTopologyStatus()),
		Executors:    toInt(p.NumExecutors),
		Tasks:        toInt(p.NumTasks),
		Window:       window,
		Sys:          sys,
		Totals:       map[Window]Stats{},
		Errors:       toErrorInfos(p.Errors),
		EventLogHost: p.EventlogHost,
		EventLogPort: toInt(p.EventlogPort),
		Debug:        toDebug(p.DebugOptions),
		Resources:    p.ResourcesMap,
	}
	if p.GetComponentType() == storm.ComponentType_SPOUT {
		c.Kind = Spout
	}
	for w, s := range p.WindowToStats {
		c.Totals[Window(w)] = toStats(s)
	}
	for g, s := range p.GsidToInputStats {
		c.Inputs = append(c.Inputs, StreamStats{StreamID: toStreamID(g), Stats: toStats(s)})
	}
	for id, s := range p.SidToOutputStats {
		c.Outputs = append(c.Outputs, StreamStats{StreamID: StreamID{Stream: id}, Stats: toStats(s)})
	}
	for _, e := range p.ExecStats {
		c.Execs = append(c.Execs, toExecutorRow(e))
	}
	c.sort()
	return c
}

// sort brings the lists into their documented order.
func (c *Component) sort() {
	byStream := func(a, b StreamStats) int { return compareStreams(a.StreamID, b.StreamID) }
	slices.SortFunc(c.Inputs, byStream)
	slices.SortFunc(c.Outputs, byStream)
	slices.SortStableFunc(c.Execs, func(a, b ExecutorRow) int { return compareExecutors(a.ID, b.ID) })
}

func toExecutorRow(e *storm.ExecutorAggregateStats) ExecutorRow {
	row := ExecutorRow{Stats: toStats(e.Stats)}
	if s := e.ExecSummary; s != nil {
		row.ID = toExecutorID(s.ExecutorInfo)
		row.Host, row.Port = s.GetHost(), int(s.GetPort())
		row.UptimeSecs = toInt(s.UptimeSecs)
	}
	return row
}
