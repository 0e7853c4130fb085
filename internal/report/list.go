package report

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// List is the answer of `list`: REST's topology/summary. Topologies are sorted
// by name, then id.
func List(c nimbusclient.Cluster, server nimbusclient.Server, nimbusConf map[string]any) Answer {
	list := sortedTopologies(c)
	fields := topologyFields(server)
	made := rows(list, fields)
	a := Answer{
		body: object{
			{"schedulerDisplayResource", nimbusConf["scheduler.display.resource"]},
			{"topologies", made},
		},
		records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: noTopology}},
	}
	for _, t := range list {
		a.names = append(a.names, t.Name)
	}
	return a
}

const noTopology = "No topology is running. Submit one with storm jar."

func sortedTopologies(c nimbusclient.Cluster) []nimbusclient.TopologySummary {
	list := slices.Clone(c.Topologies)
	slices.SortStableFunc(list, func(a, b nimbusclient.TopologySummary) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func topologyFields(server nimbusclient.Server) []field[nimbusclient.TopologySummary] {
	type topology = nimbusclient.TopologySummary
	fields := []field[topology]{
		{key: "name", title: "NAME", get: func(t topology) any { return t.Name }},
		{key: "id", title: "ID", wide: true, get: func(t topology) any { return t.ID }},
		{key: "status", title: "STATUS", get: func(t topology) any { return word(t.Status) }},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(t topology) any { return ptr(t.UptimeSecs) }},
		{key: "workersTotal", title: "WORKERS", show: count, get: func(t topology) any { return ptr(t.Workers) }},
		{key: "executorsTotal", title: "EXECUTORS", show: count, get: func(t topology) any { return ptr(t.Executors) }},
		{key: "tasksTotal", title: "TASKS", show: count, get: func(t topology) any { return ptr(t.Tasks) }},
		{key: "owner", title: "OWNER", absent: human.Unknown, get: func(t topology) any { return ptr(t.Owner) }},
		{key: "replicationCount", title: "REPLICATION", wide: true, absent: human.Unknown, get: func(t topology) any { return ptr(t.ReplicationCount) }},
		{key: "schedulerInfo", title: "SCHEDULER", wide: true, cut: 40, get: func(t topology) any { return ptr(t.SchedStatus) }},
		{key: "stormVersion", title: "STORM", wide: true, absent: human.Unknown, get: func(t topology) any { return ptr(t.StormVersion) }},
		{key: "topologyVersion", title: "VERSION", wide: true, get: func(t topology) any { return ptr(t.TopologyVersion) }},
	}
	return append(fields, assignedFields(
		func(t topology) nimbusclient.Assigned { return t.Assigned },
		func(t topology) any {
			if server.Line >= nimbusclient.V2 {
				// So does the UI of 2.x in this list, and only here.
				return add(t.RequestedMemOffHeap, t.AssignedMemOnHeap)
			}
			return add(t.RequestedMemOnHeap, t.RequestedMemOffHeap)
		})...)
}
