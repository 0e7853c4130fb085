package sim

import (
	"context"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// GetTopologyPageInfo is the page of a topology. A standby has no executors.
func (a *answers) GetTopologyPageInfo(_ context.Context, id, window string, sys bool) (*storm.TopologyPageInfo, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	if t == nil {
		return nil, notAlive(id)
	}
	a.look(t)
	p := &storm.TopologyPageInfo{
		ID: new(t.id), Name: new(t.name), UptimeSecs: new(int32(a.w.now - t.launched)), Status: new(t.status.String()),
		NumTasks: new(int32(t.tasks)), NumWorkers: new(int32(0)), NumExecutors: new(int32(0)), TopologyConf: new(t.conf),
		IDToSpoutAggStats: map[string]*storm.ComponentAggregateStats{}, IDToBoltAggStats: map[string]*storm.ComponentAggregateStats{},
		TopologyStats: &storm.TopologyStats{
			WindowToEmitted: map[string]int64{}, WindowToTransferred: map[string]int64{}, WindowToAcked: map[string]int64{},
			WindowToFailed: map[string]int64{}, WindowToCompleteLatenciesMs: map[string]float64{},
		},
		Owner: new(t.owner), ReplicationCount: new(a.replication()), StormVersion: new(Version), DebugOptions: t.debug[t.id],
	}
	leads := a.leads()
	for _, c := range t.components {
		if !sys && system(c.id) {
			continue
		}
		row := c.row(window, sys)
		if !leads {
			row = c.unreported(row)
		}
		if c.spout {
			p.IDToSpoutAggStats[c.id] = row
		} else {
			p.IDToBoltAggStats[c.id] = row
		}
	}
	if !leads {
		return p, nil
	}
	beating := 0
	for _, wk := range t.workers {
		if wk.beatAt > 0 {
			beating++
		}
		p.Workers = append(p.Workers, a.w.workerSummary(wk, sys))
	}
	p.NumWorkers, p.NumExecutors = new(int32(beating)), new(int32(len(t.byTask)))
	p.TopologyStats = t.totals(sys)
	return p, nil
}

// unreported is a row as a Nimbus sends it that has seen no heartbeats.
func (c *component) unreported(row *storm.ComponentAggregateStats) *storm.ComponentAggregateStats {
	out := c.aggregate(sums{})
	out.CommonStats.NumExecutors, out.CommonStats.NumTasks = row.CommonStats.NumExecutors, row.CommonStats.NumTasks
	out.CommonStats.ResourcesMap, out.CommonStats.Failed = row.CommonStats.ResourcesMap, nil
	out.LastError = row.LastError
	return out
}

func (w *World) workerSummary(wk *worker, sys bool) *storm.WorkerSummary {
	tasks, executors, uptime := map[string]int64{}, int32(0), 0.0
	var need needs
	for _, e := range wk.of.byTask {
		if e.on != wk {
			continue
		}
		executors++
		need.add(e.of.needs)
		uptime = e.reportedUptime
		if sys || !system(e.of.id) {
			tasks[e.of.id] += int64(e.tasks())
		}
	}
	return &storm.WorkerSummary{
		SupervisorID: new(wk.host.node), Host: new(wk.host.name), Port: new(int32(wk.port)),
		TopologyID: new(wk.of.id), TopologyName: new(wk.of.name), NumExecutors: &executors, ComponentToNumTasks: tasks,
		UptimeSecs: new(int32(uptime)), AssignedMemonheap: new(need.onHeap), AssignedMemoffheap: new(need.offHeap),
		AssignedCPU: new(need.cpu), Owner: new(wk.of.owner),
	}
}

// GetComponentPageInfo is the page of a component.
func (a *answers) GetComponentPageInfo(_ context.Context, id, component, window string, sys bool) (*storm.ComponentPageInfo, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	if t == nil {
		return nil, notAlive(id)
	}
	c := t.component(component)
	if c == nil {
		return nil, errInternal
	}
	p := &storm.ComponentPageInfo{
		ComponentID: new(c.id), ComponentType: new(c.kind()), TopologyID: new(t.id), TopologyName: new(t.name),
		NumExecutors: new(int32(0)), NumTasks: new(int32(c.tasks)), WindowToStats: map[string]*storm.ComponentAggregateStats{},
		SidToOutputStats: map[string]*storm.ComponentAggregateStats{}, ExecStats: []*storm.ExecutorAggregateStats{},
		Errors: c.infos(), TopologyStatus: new(t.status.String()), ResourcesMap: c.needs.named(), DebugOptions: t.debug[c.id],
	}
	if !c.spout {
		p.GsidToInputStats = map[*storm.GlobalStreamId]*storm.ComponentAggregateStats{}
	}
	if !a.leads() {
		return p, nil
	}
	p.NumExecutors = new(int32(len(c.executors)))
	if log := t.component(eventLoggerID); log != nil {
		on := log.executors[0].on
		p.EventlogHost, p.EventlogPort = new(on.host.name), new(int32(on.port))
	}
	if system(c.id) && !sys {
		return p, nil
	}
	for _, key := range windowNames {
		s := componentSums(c, key, sys)
		s.capacity = 0 // Storm sets it per executor only
		p.WindowToStats[key] = c.aggregate(s)
	}
	if !c.spout {
		p.GsidToInputStats = c.inputSums(window)
	}
	p.SidToOutputStats = c.outputSums(window, sys)
	for _, e := range c.executors {
		p.ExecStats = append(p.ExecStats, &storm.ExecutorAggregateStats{
			ExecSummary: e.summary(), Stats: c.aggregate(executorSums(e, window, sys)),
		})
	}
	return p, nil
}

// supervisorPage is the page of a supervisor by id, or of all on a host when
// id is nil.
func (a *answers) supervisorPage(id, name *string, sys bool) (*storm.SupervisorPageInfo, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p := new(storm.SupervisorPageInfo)
	for _, h := range a.w.hosts {
		switch {
		case !h.listed(a.w.now):
			continue
		case id != nil && *id != h.node:
			continue
		case id == nil && (name == nil || *name != h.name):
			continue
		}
		p.SupervisorSummaries = append(p.SupervisorSummaries, a.w.supervisor(h))
		for _, port := range h.ports {
			if wk := a.w.workerAt(h, port); wk != nil && a.leads() {
				p.WorkerSummaries = append(p.WorkerSummaries, a.w.workerSummary(wk, sys))
			}
		}
	}
	if len(p.SupervisorSummaries) == 0 {
		return nil, errInternal
	}
	return p, nil
}
