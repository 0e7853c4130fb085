package report

import (
	"cmp"
	"slices"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Supervisors is the answer of `supervisors`: REST's supervisor/summary.
// Supervisors are sorted by host, then id.
func Supervisors(c nimbusclient.Cluster, server nimbusclient.Server, nimbusConf map[string]any) Answer {
	list := sortedSupervisors(c)
	fields := supervisorFields(server)
	made := rows(list, fields)
	port, scheme := logviewer(nimbusConf)
	a := Answer{
		body: object{
			{"schedulerDisplayResource", nimbusConf["scheduler.display.resource"]},
			{"logviewerPort", port},
			{"logviewerScheme", scheme},
			{"supervisors", made},
		},
		records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: noSupervisor}},
	}
	for _, s := range list {
		a.names = append(a.names, s.Host)
	}
	return a
}

const noSupervisor = "No supervisor is registered."

// logviewer returns the port and scheme of the logviewers, nil when Nimbus'
// configuration does not tell.
func logviewer(conf map[string]any) (port, scheme any) {
	if p := number(conf["logviewer.https.port"]); p >= 0 {
		return p, "https"
	}
	if p := number(conf["logviewer.port"]); p >= 0 {
		return p, "http"
	}
	return nil, nil
}

func sortedSupervisors(c nimbusclient.Cluster) []nimbusclient.Supervisor {
	list := slices.Clone(c.Supervisors)
	slices.SortStableFunc(list, func(a, b nimbusclient.Supervisor) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func totalMemory(s nimbusclient.Supervisor) *float64 {
	return resource(s.Resources, memoryName, hostMemory1)
}

func totalCPU(s nimbusclient.Supervisor) *float64 {
	return resource(s.Resources, cpuName, hostCPU1)
}

// left is what is available: what is not reported as used is free. Up to 1.x the
// UI never shows less than nothing.
func left(server nimbusclient.Server, total, used *float64) *float64 {
	if total == nil {
		return nil
	}
	v := *total
	if used != nil {
		v -= *used
	}
	if server.Line < nimbusclient.V2 {
		v = max(v, 0)
	}
	return &v
}

// free is how many slots are left.
func free(s nimbusclient.Supervisor) any {
	if s.Slots == nil || s.UsedSlots == nil {
		return nil
	}
	return max(*s.Slots-*s.UsedSlots, 0)
}

func supervisorFields(server nimbusclient.Server) []field[nimbusclient.Supervisor] {
	type supervisor = nimbusclient.Supervisor
	return []field[supervisor]{
		{key: "host", title: "HOST", get: func(s supervisor) any { return s.Host }},
		{key: "id", title: "ID", wide: true, get: func(s supervisor) any { return s.ID }},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(s supervisor) any { return ptr(s.UptimeSecs) }},
		{key: "slotsTotal", title: "SLOTS", show: count, get: func(s supervisor) any { return ptr(s.Slots) }},
		{key: "slotsUsed", title: "USED", show: count, get: func(s supervisor) any { return ptr(s.UsedSlots) }},
		{key: "slotsFree", title: "FREE", show: count, get: free},
		{key: "version", title: "VERSION", absent: human.Unknown, get: func(s supervisor) any { return word(s.Version) }},
		{key: "blacklisted", title: "BLACKLISTED", show: yes, absent: human.Unknown, get: func(s supervisor) any { return ptr(s.Blacklisted) }},
		{key: "totalMem", title: "MEM", wide: true, show: megabytes, get: func(s supervisor) any { return ptr(totalMemory(s)) }},
		{key: "usedMem", title: "MEM USED", wide: true, show: megabytes, get: func(s supervisor) any { return ptr(s.UsedMem) }},
		{key: "availMem", get: func(s supervisor) any { return ptr(left(server, totalMemory(s), s.UsedMem)) }},
		{key: "totalCpu", title: "CPU", wide: true, show: percent, get: func(s supervisor) any { return ptr(totalCPU(s)) }},
		{key: "usedCpu", title: "CPU USED", wide: true, show: percent, get: func(s supervisor) any { return ptr(s.UsedCPU) }},
		{key: "availCpu", get: func(s supervisor) any { return ptr(left(server, totalCPU(s), s.UsedCPU)) }},
		{key: "totalGenericResources", get: func(s supervisor) any { return generic(s.Resources) }},
		{key: "usedGenericResources", get: func(s supervisor) any { return generic(s.UsedGeneric) }},
		{key: "availGenericResources", get: func(s supervisor) any { return genericLeft(s.Resources, s.UsedGeneric) }},
	}
}
