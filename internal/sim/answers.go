package sim

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// errInternal is what a caller learns of a failure inside Nimbus.
var errInternal = errors.New("internal error")

// answers is one Nimbus of a world. Two methods of the interface are answered
// without it, because their arguments may be absent.
type answers struct {
	storm.Nimbus
	w       *World
	self    int           // which of the Nimbuses
	hosts   []string      // what they call themselves
	ports   []int         // where they listen
	conf    func() string // nimbus' own configuration
	changed func()        // tells ZooKeeper
}

func (a *answers) leads() bool { return a.w.acting() == a.self }

// look is what a Nimbus remembers of a topology when it is asked about its
// resources for the first time, which need its executors.
func (a *answers) look(t *topology) { a.w.nimbuses[a.self].recall(t) }

func (a *answers) summary(i int) *storm.NimbusSummary {
	return &storm.NimbusSummary{
		Host: new(a.hosts[i]), Port: new(int32(a.ports[i])), UptimeSecs: new(int32(a.w.now - a.w.nimbuses[i].since)),
		IsLeader: new(i == a.w.lockHolder()), Version: new(Version), TlsPort: new(int32(0)),
	}
}

// GetLeader is who has the lock, also for some time after its end, and nobody
// when that one is no longer listed.
func (a *answers) GetLeader(context.Context) (*storm.NimbusSummary, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	i := a.w.lockHolder()
	if i < 0 || !a.w.nimbuses[i].named {
		return nil, nil //nolint:nilnil // Storm's answer is an empty result
	}
	return a.summary(i), nil
}

func (a *answers) GetNimbusConf(context.Context) (string, error) { return a.conf(), nil }

func (a *answers) GetClusterInfo(context.Context) (*storm.ClusterSummary, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	out := &storm.ClusterSummary{Supervisors: []*storm.SupervisorSummary{}, Topologies: a.summaries()}
	for _, h := range a.w.hosts {
		if h.listed(a.w.now) {
			out.Supervisors = append(out.Supervisors, a.w.supervisor(h))
		}
	}
	for i := range a.hosts {
		if a.w.nimbuses[i].named {
			out.Nimbuses = append(out.Nimbuses, a.summary(i))
		}
	}
	return out, nil
}

func (w *World) supervisor(h *host) *storm.SupervisorSummary {
	used := 0
	for _, p := range h.ports {
		if w.workerAt(h, p) != nil {
			used++
		}
	}
	seen := w.now
	if h.lost {
		seen = h.lostAt
	}
	return &storm.SupervisorSummary{
		Host: new(h.name), UptimeSecs: new(int32(seen - h.started)), NumWorkers: new(int32(len(h.ports))),
		NumUsedWorkers: new(int32(used)), SupervisorID: new(h.node), Version: new(Version),
		TotalResources: map[string]float64{"cpu.pcore.percent": 400, "memory.mb": 4096}, Blacklisted: new(false),
	}
}

func (a *answers) summaries() []*storm.TopologySummary {
	out := []*storm.TopologySummary{}
	for _, t := range a.w.topologies {
		out = append(out, a.topologySummary(t))
	}
	return out
}

// topologySummary is a row of the list. A standby knows no assignments.
func (a *answers) topologySummary(t *topology) *storm.TopologySummary {
	a.look(t)
	need := t.needs()
	s := &storm.TopologySummary{
		ID: new(t.id), Name: new(t.name), NumTasks: new(int32(0)), NumExecutors: new(int32(0)), NumWorkers: new(int32(0)),
		UptimeSecs: new(int32(a.w.now - t.launched)), Status: new(t.status.String()), StormVersion: new(Version),
		Owner: new(t.owner), ReplicationCount: new(a.replication()),
		RequestedMemonheap: new(need.onHeap), RequestedMemoffheap: new(need.offHeap), RequestedCPU: new(need.cpu),
		AssignedMemonheap: new(0.0), AssignedMemoffheap: new(0.0), AssignedCPU: new(0.0),
		RequestedGenericResources: map[string]float64{}, AssignedGenericResources: map[string]float64{},
	}
	if a.leads() {
		s.NumTasks, s.NumExecutors, s.NumWorkers = new(int32(t.tasks)), new(int32(len(t.byTask))), new(int32(len(t.workers)))
		s.AssignedMemonheap, s.AssignedMemoffheap, s.AssignedCPU = new(need.onHeap), new(need.offHeap), new(need.cpu)
	}
	return s
}

// replication is how many Nimbuses have the topologies' code.
func (a *answers) replication() int32 {
	n := int32(0)
	for i := range a.hosts {
		if a.w.nimbuses[i].named {
			n++
		}
	}
	return n
}

func (a *answers) GetTopologySummaries(context.Context) ([]*storm.TopologySummary, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return a.summaries(), nil
}

func (a *answers) GetTopologySummary(_ context.Context, id string) (*storm.TopologySummary, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if t := a.w.byID(id); t != nil {
		return a.topologySummary(t), nil
	}
	return nil, &storm.NotAliveException{Msg: new(id + " is not alive")}
}

func (a *answers) GetTopologySummaryByName(_ context.Context, name string) (*storm.TopologySummary, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if t := a.w.topology(name); t != nil && a.leads() {
		return a.topologySummary(t), nil
	}
	return nil, &storm.NotAliveException{Msg: new(name + " is not alive")}
}

func (w *World) byID(id string) *topology {
	for _, t := range w.topologies {
		if t.id == id {
			return t
		}
	}
	return nil
}

func notAlive(what string) error { return &storm.NotAliveException{Msg: &what} }

func (a *answers) GetTopologyInfo(ctx context.Context, id string) (*storm.TopologyInfo, error) {
	return a.GetTopologyInfoWithOpts(ctx, id, &storm.GetInfoOptions{NumErrChoice: new(storm.NumErrorsChoice_ALL)})
}

func (a *answers) GetTopologyInfoByName(ctx context.Context, name string) (*storm.TopologyInfo, error) {
	return a.GetTopologyInfoByNameWithOpts(ctx, name, &storm.GetInfoOptions{NumErrChoice: new(storm.NumErrorsChoice_ALL)})
}

func (a *answers) GetTopologyInfoByNameWithOpts(ctx context.Context, name string, options *storm.GetInfoOptions) (*storm.TopologyInfo, error) {
	a.w.mu.Lock()
	t := a.w.topology(name)
	a.w.mu.Unlock()
	if t == nil || !a.leads() {
		return nil, notAlive(name + " is not alive")
	}
	return a.GetTopologyInfoWithOpts(ctx, t.id, options)
}

func (a *answers) GetTopologyInfoWithOpts(_ context.Context, id string, options *storm.GetInfoOptions) (*storm.TopologyInfo, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	if t == nil {
		return nil, notAlive(id)
	}
	out := &storm.TopologyInfo{
		ID: new(t.id), Name: new(t.name), UptimeSecs: new(int32(a.w.now - t.launched)), Executors: []*storm.ExecutorSummary{},
		Status: new(t.status.String()), Errors: map[string][]*storm.ErrorInfo{},
		ComponentDebug: maps.Clone(t.debug), StormVersion: new(Version),
		Owner: new(t.owner), ReplicationCount: new(a.replication()),
	}
	for _, c := range t.components {
		switch {
		case options.GetNumErrChoice() == storm.NumErrorsChoice_NONE:
			out.Errors[c.id] = []*storm.ErrorInfo{}
		case options.GetNumErrChoice() == storm.NumErrorsChoice_ONE:
			out.Errors[c.id] = []*storm.ErrorInfo{}
			if c.last != nil {
				out.Errors[c.id] = append(out.Errors[c.id], c.last.info())
			}
		default:
			out.Errors[c.id] = c.infos()
		}
	}
	if !a.leads() {
		return out, nil
	}
	for _, e := range t.byTask {
		s := e.summary()
		s.Stats = e.stats()
		out.Executors = append(out.Executors, s)
	}
	return out, nil
}

func (e *executor) summary() *storm.ExecutorSummary {
	return &storm.ExecutorSummary{
		ExecutorInfo: &storm.ExecutorInfo{TaskStart: new(int32(e.start)), TaskEnd: new(int32(e.end))},
		ComponentID:  new(e.of.id), Host: new(e.on.host.name), Port: new(int32(e.on.port)), UptimeSecs: new(int32(e.reportedUptime)),
	}
}

func (a *answers) GetTopologyConf(_ context.Context, id string) (string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if t := a.w.byID(id); t != nil {
		return t.conf, nil
	}
	return "", notAlive(id)
}

func (a *answers) GetLogConfig(_ context.Context, id string) (*storm.LogConfig, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	if t == nil {
		return nil, errInternal
	}
	return t.logConfig(), nil
}

func (a *answers) GetComponentPendingProfileActions(_ context.Context, id, component string, action storm.ProfileAction) ([]*storm.ProfileRequest, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	switch {
	case t == nil:
		return nil, errInternal
	case !a.leads():
		return []*storm.ProfileRequest{}, nil // it knows of no worker
	}
	return t.requests(component, action), nil
}

func (a *answers) GetTopologyHistory(context.Context, string) (*storm.TopologyHistoryInfo, error) {
	return &storm.TopologyHistoryInfo{TopoIds: []string{}}, nil
}

// IsTopologyNameAllowed is true of running ones on a standby, which knows no
// names.
func (a *answers) IsTopologyNameAllowed(_ context.Context, name string) (bool, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return name != "" && !strings.ContainsAny(name, `/.:\`) && (!a.leads() || a.w.topology(name) == nil), nil
}

// owners sums up what each owner runs; all owners when owner is nil.
func (a *answers) owners(owner *string) []*storm.OwnerResourceSummary {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	names := []string{}
	if owner != nil {
		names = append(names, *owner)
	} else {
		seen := map[string]bool{}
		for _, t := range a.w.topologies {
			if !seen[t.owner] {
				names = append(names, t.owner)
			}
			seen[t.owner] = true
		}
	}
	out := []*storm.OwnerResourceSummary{}
	for _, name := range names {
		var topologies, executors, workers, tasks int32
		var given needs
		for _, t := range a.w.topologies {
			if t.owner != name {
				continue
			}
			topologies++
			if a.leads() {
				given.add(t.needs())
				executors += int32(len(t.byTask))
				workers += int32(len(t.workers))
				tasks += int32(t.tasks)
			}
		}
		// A standby sums up what it has assigned: nothing.
		out = append(out, &storm.OwnerResourceSummary{
			Owner: new(name), TotalTopologies: &topologies, TotalExecutors: &executors, TotalWorkers: &workers, TotalTasks: &tasks,
			MemoryUsage: new(given.onHeap + given.offHeap), CPUUsage: new(given.cpu),
			RequestedOnHeapMemory: new(given.onHeap), RequestedOffHeapMemory: new(given.offHeap),
			RequestedTotalMemory: new(given.onHeap + given.offHeap), RequestedCPU: new(given.cpu),
			AssignedOnHeapMemory: new(given.onHeap), AssignedOffHeapMemory: new(given.offHeap),
		})
	}
	return out
}
