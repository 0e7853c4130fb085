package nimbusclient

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// The convert files are the only ones that look into generated structs.

func toInt(n *int32) *int {
	if n == nil {
		return nil
	}
	v := int(*n)
	return &v
}

func toCluster(r *storm.ClusterSummary) *Cluster {
	c := &Cluster{NimbusUptimeSecs: toInt(r.NimbusUptimeSecs)}
	for _, n := range r.Nimbuses {
		c.Nimbuses = append(c.Nimbuses, toNimbus(n))
	}
	c.Supervisors = toSupervisors(r.Supervisors)
	c.Topologies = toTopologySummaries(&r.Topologies)
	return c
}

func toNimbus(n *storm.NimbusSummary) Nimbus {
	return Nimbus{
		Host:       n.GetHost(),
		Port:       int(n.GetPort()),
		TLSPort:    toInt(n.TlsPort),
		UptimeSecs: toInt(n.UptimeSecs),
		Leader:     n.GetIsLeader(),
		Version:    n.GetVersion(),
	}
}

func toSupervisors(list []*storm.SupervisorSummary) []Supervisor {
	out := make([]Supervisor, 0, len(list))
	for _, s := range list {
		out = append(out, toSupervisor(s))
	}
	slices.SortStableFunc(out, func(a, b Supervisor) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func toSupervisor(s *storm.SupervisorSummary) Supervisor {
	version := s.GetVersion()
	if version == versionUnknown {
		version = ""
	}
	return Supervisor{
		ID:            s.GetSupervisorID(),
		Host:          s.GetHost(),
		UptimeSecs:    toInt(s.UptimeSecs),
		Slots:         toInt(s.NumWorkers),
		UsedSlots:     toInt(s.NumUsedWorkers),
		Version:       version,
		Resources:     s.TotalResources,
		UsedMem:       s.UsedMem,
		UsedCPU:       s.UsedCPU,
		FragmentedMem: s.FragmentedMem,
		FragmentedCPU: s.FragmentedCPU,
		Blacklisted:   s.Blacklisted,
		UsedGeneric:   s.UsedGenericResources,
	}
}

// versionUnknown is what the IDL gives for a version that was not sent.
const versionUnknown = "VERSION_NOT_PROVIDED"

func toTopologySummaries(list *[]*storm.TopologySummary) []TopologySummary {
	out := make([]TopologySummary, 0, len(*list))
	for _, t := range *list {
		out = append(out, *toTopologySummary(t))
	}
	slices.SortStableFunc(out, func(a, b TopologySummary) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func toTopologySummary(t *storm.TopologySummary) *TopologySummary {
	return &TopologySummary{
		ID:               t.GetID(),
		Name:             t.GetName(),
		Status:           Status(t.GetStatus()),
		Tasks:            toInt(t.NumTasks),
		Executors:        toInt(t.NumExecutors),
		Workers:          toInt(t.NumWorkers),
		UptimeSecs:       toInt(t.UptimeSecs),
		Owner:            t.Owner,
		SchedStatus:      t.SchedStatus,
		ReplicationCount: toInt(t.ReplicationCount),
		StormVersion:     t.StormVersion,
		TopologyVersion:  t.TopologyVersion,
		Assigned: Assigned{
			RequestedMemOnHeap:  t.RequestedMemonheap,
			RequestedMemOffHeap: t.RequestedMemoffheap,
			RequestedCPU:        t.RequestedCPU,
			AssignedMemOnHeap:   t.AssignedMemonheap,
			AssignedMemOffHeap:  t.AssignedMemoffheap,
			AssignedCPU:         t.AssignedCPU,
			RequestedGeneric:    t.RequestedGenericResources,
			AssignedGeneric:     t.AssignedGenericResources,
		},
	}
}

func toSupervisorPage(p *storm.SupervisorPageInfo) *SupervisorPage {
	return &SupervisorPage{
		Supervisors: toSupervisors(p.SupervisorSummaries),
		Workers:     toWorkers(p.WorkerSummaries),
	}
}

// toWorkers keeps a list that was not sent nil.
func toWorkers(list []*storm.WorkerSummary) []Worker {
	if list == nil {
		return nil
	}
	out := make([]Worker, 0, len(list))
	for _, w := range list {
		out = append(out, Worker{
			SupervisorID:   w.GetSupervisorID(),
			Host:           w.GetHost(),
			Port:           int(w.GetPort()),
			TopologyID:     w.GetTopologyID(),
			TopologyName:   w.GetTopologyName(),
			Owner:          w.Owner,
			Executors:      toInt(w.NumExecutors),
			UptimeSecs:     toInt(w.UptimeSecs),
			ComponentTasks: w.ComponentToNumTasks,
			Assigned: Assigned{
				RequestedMemOnHeap:  w.RequestedMemonheap,
				RequestedMemOffHeap: w.RequestedMemoffheap,
				RequestedCPU:        w.RequestedCPU,
				AssignedMemOnHeap:   w.AssignedMemonheap,
				AssignedMemOffHeap:  w.AssignedMemoffheap,
				AssignedCPU:         w.AssignedCPU,
			},
		})
	}
	slices.SortStableFunc(out, func(a, b Worker) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return out
}

func toOwners(list *[]*storm.OwnerResourceSummary) []OwnerSummary {
	out := make([]OwnerSummary, 0, len(*list))
	for _, o := range *list {
		out = append(out, OwnerSummary{
			Owner:                 o.GetOwner(),
			Topologies:            toInt(o.TotalTopologies),
			Executors:             toInt(o.TotalExecutors),
			Workers:               toInt(o.TotalWorkers),
			Tasks:                 toInt(o.TotalTasks),
			MemoryUsage:           o.MemoryUsage,
			CPUUsage:              o.CPUUsage,
			MemoryGuarantee:       o.MemoryGuarantee,
			CPUGuarantee:          o.CPUGuarantee,
			MemoryGuaranteeLeft:   o.MemoryGuaranteeRemaining,
			CPUGuaranteeLeft:      o.CPUGuaranteeRemaining,
			IsolatedNodeGuarantee: toInt(o.IsolatedNodeGuarantee),
			RequestedOnHeap:       o.RequestedOnHeapMemory,
			RequestedOffHeap:      o.RequestedOffHeapMemory,
			RequestedTotalMemory:  o.RequestedTotalMemory,
			RequestedCPU:          o.RequestedCPU,
			AssignedOnHeap:        o.AssignedOnHeapMemory,
			AssignedOffHeap:       o.AssignedOffHeapMemory,
		})
	}
	slices.SortStableFunc(out, func(a, b OwnerSummary) int { return cmp.Compare(a.Owner, b.Owner) })
	return out
}

func toHistory(h *storm.TopologyHistoryInfo) []string { return h.TopoIds }
