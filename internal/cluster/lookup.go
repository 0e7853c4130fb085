package cluster

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/nimbusclient"
)

// TopologyRows lists the topologies, sorted by name. They come from Nimbus; from
// ZooKeeper, which knows names, states, ages and assignments, while Nimbus has
// never answered; and from both while Nimbus is silent and ZooKeeper is not:
// then ZooKeeper says which are alive and in what state.
func (s *Snapshot) TopologyRows() []nimbusclient.TopologySummary {
	switch {
	case s.Cluster == nil && s.ZK == nil:
		return nil
	case s.Cluster == nil:
	case s.Link.NimbusErr == nil, !told(s.ZK, "/storms"), s.Link.ZKErr != nil, !s.ZKAt.After(s.ClusterAt):
		return s.Cluster.Topologies
	}
	known := map[string]nimbusclient.TopologySummary{}
	if s.Cluster != nil {
		for _, row := range s.Cluster.Topologies {
			known[row.ID] = row
		}
	}
	rows := make([]nimbusclient.TopologySummary, 0, len(s.ZK.Storms))
	for id := range s.ZK.Storms {
		row := s.rowOfZK(id)
		if of, ok := known[id]; ok {
			of.Status = cmp.Or(row.Status, of.Status)
			row = of
		}
		rows = append(rows, row)
	}
	for _, id := range unread(s.ZK, "/storms") {
		if row, ok := known[id]; ok {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b nimbusclient.TopologySummary) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rows
}

// rowOfZK is a topology as far as ZooKeeper knows it.
func (s *Snapshot) rowOfZK(id string) nimbusclient.TopologySummary {
	base := s.ZK.Storms[id]
	row := nimbusclient.TopologySummary{ID: id, Name: cmp.Or(base.Name, id), Status: nimbusclient.Status(base.Status)}
	if base.LaunchTime != nil && !s.ZKAt.IsZero() {
		up := max(0, int(s.ZKAt.Unix()-*base.LaunchTime))
		row.UptimeSecs = &up
	}
	if base.Owner != "" {
		row.Owner = &base.Owner
	}
	if a, ok := s.ZK.Assignments[id]; ok {
		workers, executors, tasks := len(placedBy(id, a)), len(a.Executors), 0
		for r := range a.Executors {
			tasks += r.End - r.Start + 1
		}
		row.Workers, row.Executors, row.Tasks = &workers, &executors, &tasks
	}
	return row
}

// Topology finds a topology by id or name; nil when there is none. Where several
// have the name, as while one is being killed, the youngest is meant.
func (s *Snapshot) Topology(idOrName string) *Topology {
	if t := s.Topologies[idOrName]; t != nil {
		return t
	}
	var found *Topology
	for _, t := range s.Topologies {
		if t.Summary.Name == idOrName && (found == nil || cmp.Or(
			cmp.Compare(value(t.Summary.UptimeSecs), value(found.Summary.UptimeSecs)),
			CompareNames(found.Summary.ID, t.Summary.ID)) < 0) {
			found = t
		}
	}
	return found
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

// Slot finds a slot by port; nil when there is none.
func (h *Host) Slot(port int) *Slot {
	for i := range h.Slots {
		if h.Slots[i].Port == port {
			return &h.Slots[i]
		}
	}
	return nil
}

// ComponentOf names the component whose tasks an executor runs, "" until every
// executor of the topology has been read once.
func (t *Topology) ComponentOf(e nimbusclient.ExecutorID) string {
	if t == nil {
		return ""
	}
	return t.taskOf[e.Start]
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

// Totals sums up the cluster summary the way the Storm UI does, or what
// ZooKeeper knows while Nimbus has never answered.
func (s *Snapshot) Totals() Totals {
	var t Totals
	if s.Cluster != nil {
		t.Supervisors = len(s.Cluster.Supervisors)
		for _, sup := range s.Cluster.Supervisors {
			t.Slots += value(sup.Slots)
			t.Used += value(sup.UsedSlots)
		}
	} else {
		for _, h := range s.Hosts {
			if !h.LostAt.IsZero() {
				continue
			}
			t.Supervisors++
			t.Slots += len(h.Slots)
			for _, slot := range h.Slots {
				if slot.State == SlotUsed || slot.State == SlotComing {
					t.Used++
				}
			}
		}
	}
	for _, row := range s.TopologyRows() {
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
