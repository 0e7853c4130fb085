package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Detail is what was read for one topology. Only the page is needed.
type Detail struct {
	AsOf       time.Time
	Server     nimbusclient.Server
	NimbusConf map[string]any
	// Conf is the topology's configuration with its secrets masked; nil when it
	// was not read. ShowConf puts it into the answer.
	Conf     map[string]any
	ShowConf bool
	// Structure tells JVM components from shell ones, Info gives every executor.
	Structure *nimbusclient.Structure
	Info      *nimbusclient.TopologyInfo
}

// executors are those of one component; nil when they were not read.
func (d Detail) executors(component string) []nimbusclient.Executor {
	if d.Info == nil {
		return nil
	}
	var out []nimbusclient.Executor
	for _, e := range d.Info.ExecutorList {
		if e.Component == component {
			out = append(out, e)
		}
	}
	return out
}

// sampled says whether counters are estimates; they are until the configuration
// says otherwise.
func (d Detail) sampled() bool { return number(d.Conf["topology.stats.sample.rate"]) != 1 }

// Topology is the answer of `topology`: REST's topology/ID?window&sys. Windows
// go from the shortest to the longest, spouts and bolts are sorted by id,
// workers by host, then port. Keys of stormtop alone: "computed", and of a
// component "kind" and "tuplesInside".
func Topology(p nimbusclient.Topology, d Detail) Answer {
	totals := rows(totalsOf(p), totalFields())
	spouts, bolts := componentRows(p.Spouts, d), componentRows(p.Bolts, d)
	workers := sortedWorkers(p.Workers)
	body := topologyBody(p, d)
	body = append(body,
		pair{"topologyStats", totals},
		pair{"spouts", rows(spouts, spoutFields())},
		pair{"bolts", rows(bolts, boltFields())},
	)
	var workerList any
	if p.Workers != nil {
		workerList = rows(workers, workerFields())
	}
	body = append(body, pair{"workers", workerList})
	if d.ShowConf {
		body = append(body, pair{"configuration", anyMap(d.Conf)})
	}
	all := append(slices.Clone(spouts), bolts...)
	a := Answer{
		body: body, sampled: d.sampled(),
		records: rows(all, recordFields(p)), keys: keys(recordFields(p)),
		sections: []section{
			{facts: topologyFacts(body)},
			{title: "totals", columns: columns(totalFields()), rows: totals, empty: noStats},
			{title: titled("spouts", len(spouts), p.Window), columns: columns(spoutFields()), rows: rows(spouts, spoutFields()), empty: "No spouts."},
			{title: titled("bolts", len(bolts), p.Window), columns: columns(boltFields()), rows: rows(bolts, boltFields()), empty: "No bolts."},
		},
	}
	if p.Workers != nil {
		a.sections = append(a.sections, section{
			title: titled("workers", len(workers), ""), columns: columns(workerFields()), rows: rows(workers, workerFields()),
			empty: "No worker has reported yet.",
		})
	}
	if d.ShowConf {
		a.sections = append(a.sections, confSection(d.Conf))
	}
	for _, c := range all {
		a.names = append(a.names, c.ID)
	}
	return a
}

const noStats = "No statistics yet: workers report with their first heartbeat."

func titled(what string, n int, w nimbusclient.Window) string {
	s := what + " (" + human.Count(n) + ")"
	if w != "" {
		s += ", window " + WindowName(w)
	}
	return s
}

// anyMap keeps a nil map absent.
func anyMap(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func topologyBody(p nimbusclient.Topology, d Detail) object {
	body := object{
		{"id", p.ID},
		{"name", p.Name},
		{"status", word(p.Status)},
		{"owner", ptr(p.Owner)},
		{"uptimeSeconds", ptr(p.UptimeSecs)},
		{"workersTotal", ptr(p.WorkerCount)},
		{"executorsTotal", ptr(p.Executors)},
		{"tasksTotal", ptr(p.Tasks)},
		{"replicationCount", ptr(p.ReplicationCount)},
		{"schedulerInfo", ptr(p.SchedStatus)},
		{"stormVersion", ptr(p.StormVersion)},
		{"topologyVersion", ptr(p.TopologyVersion)},
		{"window", string(p.Window)},
		{"systemComponents", p.Sys},
		{"computed", p.Computed},
		{"msgTimeout", d.Conf["topology.message.timeout.secs"]},
	}
	body = append(body, debugKeys(p.Debug, d.Server, true)...)
	body = append(body, pair{"schedulerDisplayResource", d.NimbusConf["scheduler.display.resource"]})
	body = append(body, row(p, assignedFields(
		func(p nimbusclient.Topology) nimbusclient.Assigned { return p.Assigned },
		func(p nimbusclient.Topology) any { return add(p.RequestedMemOnHeap, p.RequestedMemOffHeap) },
	))...)
	m := p.Memory
	return append(body, object{
		{"requestedRegularOnHeapMem", ptr(m.RequestedRegularOnHeap)},
		{"requestedSharedOnHeapMem", ptr(m.RequestedSharedOnHeap)},
		{"requestedRegularOffHeapMem", ptr(m.RequestedRegularOffHeap)},
		{"requestedSharedOffHeapMem", ptr(m.RequestedSharedOffHeap)},
		{"assignedRegularOnHeapMem", ptr(m.AssignedRegularOnHeap)},
		{"assignedSharedOnHeapMem", ptr(m.AssignedSharedOnHeap)},
		{"assignedRegularOffHeapMem", ptr(m.AssignedRegularOffHeap)},
		{"assignedSharedOffHeapMem", ptr(m.AssignedSharedOffHeap)},
	}...)
}

// debugKeys are the state of sampling. Nimbus keeps the percentage of sampling
// that is off; the topology page of the 2.x UI does not show it then.
func debugKeys(debug *nimbusclient.Debug, server nimbusclient.Server, page bool) object {
	if debug == nil {
		if server.Line < nimbusclient.V1 {
			return object{{"debug", nil}, {"samplingPct", nil}}
		}
		return object{{"debug", false}, {"samplingPct", nil}}
	}
	pct := ptr(debug.SamplingPct)
	if page && !debug.Enabled && server.Line >= nimbusclient.V2 {
		pct = nil
	}
	return object{{"debug", debug.Enabled}, {"samplingPct", pct}}
}

func topologyFacts(body object) []fact {
	of := func(key string, show func(any) string) string {
		if v := body.get(key); v != nil {
			return show(v)
		}
		return human.Unknown
	}
	status := of("status", plain)
	if body.get("debug") == true {
		status += ", sampling " + of("samplingPct", count) + " %"
	}
	facts := []fact{
		{"name", of("name", plain)},
		{"id", of("id", plain)},
		{"status", status},
		{"up", of("uptimeSeconds", age)},
		{"size", several(body.get("workersTotal"), "worker") + " · " + several(body.get("executorsTotal"), "executor") + " · " + several(body.get("tasksTotal"), "task")},
		{"timeout", of("msgTimeout", age)},
	}
	if body.get("owner") != nil {
		facts = append(facts, fact{"owner", of("owner", plain)})
	}
	if s, _ := body.get("schedulerInfo").(string); s != "" {
		facts = append(facts, fact{"scheduler", s})
	}
	if body.get("schedulerDisplayResource") == true && body.get("assignedTotalMem") != nil {
		facts = append(facts, fact{"assigned", of("assignedTotalMem", megabytes) + " · " + of("assignedCpu", percent)})
	}
	return facts
}

func totalsOf(p nimbusclient.Topology) []windowStats {
	var out []windowStats
	for _, w := range windowList(p.Totals) {
		t := p.Totals[w]
		out = append(out, windowStats{w, nimbusclient.Stats{
			Emitted: t.Emitted, Transferred: t.Transferred, Acked: t.Acked, Failed: t.Failed, CompleteMs: t.CompleteMs,
		}})
	}
	return out
}

func statsOf(s windowStats) nimbusclient.Stats { return s.Stats }

func totalFields() []field[windowStats] {
	fields := append([]field[windowStats]{windowField()}, flowFields(statsOf)...)
	fields = append(fields, completeField(statsOf))
	return append(fields, ackFields(statsOf)...)
}

// componentRow is a spout or bolt with what stormtop adds.
type componentRow struct {
	nimbusclient.ComponentStats
	asOf   time.Time
	shell  *string
	inside *float64
}

func componentRows(list []nimbusclient.ComponentStats, d Detail) []componentRow {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b nimbusclient.ComponentStats) int { return cmp.Compare(a.ID, b.ID) })
	out := make([]componentRow, len(list))
	for i, c := range list {
		out[i] = componentRow{c, d.AsOf, shellOf(d.Structure, c.ID), known(cluster.ComponentLoad(d.executors(c.ID), true).Value)}
	}
	return out
}

func componentStats(c componentRow) nimbusclient.Stats { return c.Stats }

// sizeFields are how many executors and tasks a component has.
func sizeFields() []field[componentRow] {
	return []field[componentRow]{
		{key: "kind", title: "KIND", get: func(c componentRow) any { return kindOf(c.shell) }},
		{key: "executors", title: "EXECUTORS", show: count, get: func(c componentRow) any { return ptr(c.Executors) }},
		{key: "tasks", title: "TASKS", show: count, get: func(c componentRow) any { return ptr(c.Tasks) }},
	}
}

// trailFields are what a component asked for and its last error.
func trailFields() []field[componentRow] {
	of := func(get func(e *nimbusclient.ErrorInfo) any) func(componentRow) any {
		return func(c componentRow) any {
			if c.LastError == nil {
				return nil
			}
			return get(c.LastError)
		}
	}
	return []field[componentRow]{
		{key: "requestedMemOnHeap", get: func(c componentRow) any { return ptr(resource(c.Resources, onHeapName, onHeapName1)) }},
		{key: "requestedMemOffHeap", get: func(c componentRow) any { return ptr(resource(c.Resources, offHeapName, offHeapName1)) }},
		{key: "requestedCpu", get: func(c componentRow) any { return ptr(resource(c.Resources, cpuName, cpuName1)) }},
		{key: "requestedGenericResourcesComp", get: func(c componentRow) any { return generic(c.Resources) }},
		{key: "errorTime", get: of(func(e *nimbusclient.ErrorInfo) any { return e.Time })},
		{key: "errorLapsedSecs", title: "ERROR AGE", show: age, get: func(c componentRow) any { return lapsed(c.asOf, c.LastError) }},
		{key: "errorHost", title: "ERROR HOST", wide: true, get: of(func(e *nimbusclient.ErrorInfo) any { return ptr(e.Host) })},
		{key: "errorPort", title: "PORT", wide: true, show: plain, get: of(func(e *nimbusclient.ErrorInfo) any { return ptr(e.Port) })},
		{key: "lastError", title: "LAST ERROR", show: headline, cut: 48, get: of(func(e *nimbusclient.ErrorInfo) any { return lastError{e.Error} })},
	}
}

func spoutFields() []field[componentRow] {
	fields := []field[componentRow]{{key: "spoutId", title: "SPOUT", get: func(c componentRow) any { return c.ID }}}
	fields = append(fields, sizeFields()...)
	fields = append(fields, flowFields(componentStats)...)
	fields = append(fields, completeField(componentStats))
	fields = append(fields, ackFields(componentStats)...)
	return append(fields, trailFields()...)
}

func boltFields() []field[componentRow] {
	fields := []field[componentRow]{{key: "boltId", title: "BOLT", get: func(c componentRow) any { return c.ID }}}
	fields = append(fields, sizeFields()...)
	fields = append(fields, flowFields(componentStats)...)
	fields = append(fields, workFields(componentStats)...)
	fields = append(fields, loadField[componentRow](), capacityField(componentStats),
		insideField(func(c componentRow) *float64 { return c.inside }))
	fields = append(fields, ackFields(componentStats)...)
	return append(fields, trailFields()...)
}

// recordFields are the rows of JSON lines and CSV: spouts and bolts alike.
func recordFields(p nimbusclient.Topology) []field[componentRow] {
	fields := []field[componentRow]{
		{key: "topologyId", get: func(componentRow) any { return p.ID }},
		{key: "window", get: func(componentRow) any { return string(p.Window) }},
		{key: "componentType", get: func(c componentRow) any { return string(c.Kind) }},
		{key: "id", get: func(c componentRow) any { return c.ID }},
	}
	fields = append(fields, sizeFields()...)
	fields = append(fields, flowFields(componentStats)...)
	fields = append(fields, completeField(componentStats))
	fields = append(fields, workFields(componentStats)...)
	fields = append(fields, capacityField(componentStats), insideField(func(c componentRow) *float64 { return c.inside }))
	fields = append(fields, ackFields(componentStats)...)
	return append(fields, trailFields()...)
}

func sortedWorkers(list []nimbusclient.Worker) []nimbusclient.Worker {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b nimbusclient.Worker) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), strings.Compare(a.SupervisorID, b.SupervisorID))
	})
	return list
}

func workerFields() []field[nimbusclient.Worker] {
	type worker = nimbusclient.Worker
	return []field[worker]{
		{key: "host", title: "HOST", get: func(w worker) any { return w.Host }},
		{key: "port", title: "PORT", show: plain, get: func(w worker) any { return w.Port }},
		{key: "supervisorId", title: "SUPERVISOR", wide: true, get: func(w worker) any { return word(w.SupervisorID) }},
		{key: "topologyId", get: func(w worker) any { return word(w.TopologyID) }},
		{key: "topologyName", get: func(w worker) any { return word(w.TopologyName) }},
		{key: "owner", get: func(w worker) any { return ptr(w.Owner) }},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(w worker) any { return ptr(w.UptimeSecs) }},
		{key: "executorsTotal", title: "EXECUTORS", show: count, get: func(w worker) any { return ptr(w.Executors) }},
		{key: "componentNumTasks", title: "TASKS", show: taskList, get: func(w worker) any {
			if w.ComponentTasks == nil {
				return nil
			}
			return w.ComponentTasks
		}},
		{key: "assignedMemOnHeap", get: func(w worker) any { return ptr(w.AssignedMemOnHeap) }},
		{key: "assignedMemOffHeap", get: func(w worker) any { return ptr(w.AssignedMemOffHeap) }},
		{title: "MEM", wide: true, cell: func(r object) string {
			on, off := r.get("assignedMemOnHeap"), r.get("assignedMemOffHeap")
			if on == nil || off == nil {
				return human.None
			}
			return megabytes(number(on) + number(off))
		}},
		{key: "assignedCpu", title: "CPU", wide: true, show: percent, get: func(w worker) any { return ptr(w.AssignedCPU) }},
	}
}

// taskList writes how many tasks of each component a worker runs.
func taskList(v any) string {
	m, _ := v.(map[string]int64)
	list := make([]string, 0, len(m))
	for name, n := range m {
		text := name
		if n != 1 {
			text += "×" + human.Count(n)
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
