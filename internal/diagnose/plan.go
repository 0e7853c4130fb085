package diagnose

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/rebalance"
)

// PlanDemand is what must be read of a topology before a rebalance of it can be
// planned.
func PlanDemand(id string, w nimbusclient.Window) cluster.Demand {
	return cluster.Demand{
		Pages: map[string][]cluster.PageKey{id: {{Window: w, Sys: true}}}, Infos: map[string]bool{id: true},
		Structures: map[string]bool{id: true}, Confs: map[string]bool{id: true}, NimbusConf: true, Window: w,
	}
}

// PlanTopology gives a topology as a rebalance sees it; ok is false while its
// components or executors have not been read. Figures are of the window w.
func PlanTopology(s *cluster.Snapshot, id string, w nimbusclient.Window) (topology rebalance.Topology, ok bool) {
	t := s.Topology(id)
	if t == nil || t.Info == nil || t.Structure == nil {
		return rebalance.Topology{}, false
	}
	page := t.Page(w, true)
	p := rebalance.Topology{
		ID: t.Summary.ID, Name: t.Summary.Name, Status: string(t.Summary.Status),
		MessageTimeout: integer(t.Conf["topology.message.timeout.secs"]),
		ResourceAware:  resourceAware(t.Conf, s.NimbusConf),
	}
	executors, tasks, slots := map[string]int{}, map[string]int{}, map[place]bool{}
	for _, e := range t.Info.ExecutorList {
		executors[e.Component]++
		tasks[e.Component] += e.ID.Tasks()
		slots[place{e.Host, e.Port}] = true
	}
	p.Workers = len(slots)
	p.Wanted = wantedWorkers(s, t)
	stats := map[string]nimbusclient.ComponentStats{}
	if page != nil {
		for _, c := range slices.Concat(page.Spouts, page.Bolts) {
			stats[c.ID] = c
		}
		if complete := page.Totals[w].CompleteMs; complete != nil && !math.IsNaN(t.Rates.Acked.PerSec) {
			p.AckedPerSecond, p.CompleteMillis = t.Rates.Acked.PerSec, *complete
		}
	}
	for _, c := range t.Structure.Components {
		if tasks[c.ID] == 0 {
			continue // it has no executor: nothing to plan with
		}
		x := rebalance.Component{ID: c.ID, Shell: c.Shell != nil, Tasks: tasks[c.ID], Executors: executors[c.ID], Resources: stats[c.ID].Resources}
		switch {
		case strings.HasPrefix(c.ID, "__"):
			x.Kind = rebalance.System
		case c.Kind == nimbusclient.Spout:
			x.Kind = rebalance.Spout
		default:
			x.Capacity = stats[c.ID].Capacity
		}
		if skew := t.Rates.Components[c.ID].Skew; !math.IsNaN(skew) {
			x.Skew = skew
		}
		p.Components = append(p.Components, x)
	}
	return p, true
}

type place struct {
	host string
	port int
}

// wantedWorkers is what was asked for at submit or by the last rebalance; 0 when
// nobody says.
func wantedWorkers(s *cluster.Snapshot, t *cluster.Topology) int {
	if s.ZK != nil {
		if base, ok := s.ZK.Storms[t.Summary.ID]; ok && base.Workers != nil {
			return *base.Workers
		}
	}
	return integer(t.Conf["topology.workers"])
}

// PlanCluster is what the cluster allows a rebalance. minWait and factor are the
// operator's own rules.
func PlanCluster(s *cluster.Snapshot, minWait int, factor float64) rebalance.Cluster {
	c := rebalance.Cluster{MinWait: minWait, MaxFactor: factor}
	for _, h := range s.Hosts {
		if !h.LostAt.IsZero() {
			continue
		}
		c.Hosts++
		c.FreeSlots += h.FreeNoPort
		for _, slot := range h.Slots {
			if slot.State == cluster.SlotFree {
				c.FreeSlots++
			}
		}
	}
	major, rest, _ := strings.Cut(s.Link.Nimbus.Server.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	c.Major, _ = strconv.Atoi(major)
	c.Minor, _ = strconv.Atoi(minor)
	return c
}

// PlanHosts are the hosts that are alive with their slots, for a what-if.
func PlanHosts(s *cluster.Snapshot) []rebalance.Host {
	var out []rebalance.Host
	for _, h := range s.Hosts {
		if !h.LostAt.IsZero() {
			continue
		}
		host := rebalance.Host{ID: h.ID, Name: h.Name}
		for _, slot := range h.Slots {
			host.Slots = append(host.Slots, rebalance.Slot{Port: slot.Port, TopologyID: slot.TopologyID, Executors: slot.Executors})
		}
		for range h.FreeNoPort {
			host.Slots = append(host.Slots, rebalance.Slot{})
		}
		out = append(out, host)
	}
	return out
}

// resourceAware reports whether the resource aware scheduler places a topology.
func resourceAware(topology, nimbus map[string]any) bool {
	for _, conf := range []map[string]any{topology, nimbus} {
		for _, key := range []string{"topology.scheduler", "storm.scheduler"} {
			if name, ok := conf[key].(string); ok && strings.Contains(name, "ResourceAwareScheduler") {
				return true
			}
		}
	}
	return false
}

// integer reads a number of a configuration; 0 when it is none.
func integer(v any) int {
	switch n := v.(type) {
	case float64:
		return int(n)
	case json.Number:
		i, _ := n.Int64()
		return int(i)
	}
	return 0
}
