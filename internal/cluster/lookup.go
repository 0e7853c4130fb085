package cluster

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/nimbusclient"
)

// TopologyRows lists the topologies, sorted by name: from Nimbus, or while it
// has never answered from ZooKeeper, which knows names, states and uptimes.
func (s *Snapshot) TopologyRows() []nimbusclient.TopologySummary {
	if s.Cluster != nil {
		return s.Cluster.Topologies
	}
	if s.ZK == nil {
		return nil
	}
	rows := make([]nimbusclient.TopologySummary, 0, len(s.ZK.Storms))
	for id, base := range s.ZK.Storms {
		row := nimbusclient.TopologySummary{ID: id, Name: base.Name, Status: nimbusclient.Status(base.Status)}
		if row.Name == "" {
			row.Name = id
		}
		if base.LaunchTime != nil && !s.ZKAt.IsZero() {
			up := int(s.ZKAt.Unix() - *base.LaunchTime)
			row.UptimeSecs = &up
		}
		if base.Owner != "" {
			row.Owner = &base.Owner
		}
		if a, ok := s.ZK.Assignments[id]; ok {
			workers, executors := len(assigned(a)), len(a.Executors)
			row.Workers, row.Executors = &workers, &executors
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b nimbusclient.TopologySummary) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rows
}

// Topology finds a topology by id or name; nil when there is none.
func (s *Snapshot) Topology(idOrName string) *Topology {
	if t := s.Topologies[idOrName]; t != nil {
		return t
	}
	for _, t := range s.Topologies {
		if t.Summary.Name == idOrName {
			return t
		}
	}
	return nil
}

// Host finds a host by supervisor id; nil when there is none.
func (s *Snapshot) Host(id string) *Host {
	for i := range s.Hosts {
		if s.Hosts[i].ID == id {
			return &s.Hosts[i]
		}
	}
	return nil
}

// Page returns the page of a window, with or without system components, and nil
// when it was not read yet.
func (t *Topology) Page(w nimbusclient.Window, sys bool) *nimbusclient.Topology {
	if t == nil {
		return nil
	}
	return t.Pages[PageKey{Window: w, Sys: sys}]
}

// Totals counts slots, executors and tasks over the cluster; nil numbers were
// not sent.
type Totals struct {
	Supervisors, Slots, Used, Executors, Tasks int
}

// Totals sums up the cluster summary the way the Storm UI does.
func (s *Snapshot) Totals() Totals {
	var t Totals
	if s.Cluster == nil {
		return t
	}
	t.Supervisors = len(s.Cluster.Supervisors)
	for _, sup := range s.Cluster.Supervisors {
		t.Slots += value(sup.Slots)
		t.Used += value(sup.UsedSlots)
	}
	for _, row := range s.Cluster.Topologies {
		t.Executors += value(row.Executors)
		t.Tasks += value(row.Tasks)
	}
	return t
}

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
