package restcompare

import "slices"

// Key is one key of a REST answer that is compared.
type Key struct {
	Name string // REST's
	Ours string // stormtop's, when it is called otherwise
	Rule Rule
	// Unsent says that the UI writes a zero or an empty text for what Nimbus did
	// not send, where stormtop says null.
	Unsent bool
	// Line limits the key to one family of versions ("0.9", "1.x", "2.x"); ""
	// means all. A key listed for the line goes before one for all.
	Line string
}

func (k Key) ours() string {
	if k.Ours != "" {
		return k.Ours
	}
	return k.Name
}

// LeftOut is a key of a REST answer that is not compared, and why.
type LeftOut struct {
	Name, Reason string
}

// Object says what is compared of one JSON object.
type Object struct {
	Keys    []Key
	LeftOut []LeftOut
	Lists   []List
}

// List is an array of objects. Rows belong together when the keys named by ID
// are equal.
type List struct {
	Name, Ours string
	ID         []string
	Row        Object
}

func (l List) ours() string {
	if l.Ours != "" {
		return l.Ours
	}
	return l.Name
}

// Endpoint is one REST answer and the command that gives the same values.
type Endpoint struct {
	Path    string // below /api/v1/
	Command string
	Object
}

// The reasons why a key is left out.
const (
	pretty    = "a pretty duplicate of a value that is compared"
	link      = "a link to a web page"
	encoded   = "a URL-encoded duplicate of an id"
	uiOwn     = "about the Storm UI itself: its user, its settings, its build"
	uiButtons = "says which buttons the UI shows"
	uiForm    = "check boxes of the UI's picture of the graph"
	profiler  = "pending profiler requests; another call, and no part of this answer"
	never     = "the UI fills it from a field that Nimbus never sets"
)

func exact(names ...string) []Key {
	out := make([]Key, len(names))
	for i, n := range names {
		out[i] = Key{Name: n}
	}
	return out
}

// unsent are exact values that the UI writes as zero or empty without an answer.
func unsent(names ...string) []Key {
	out := exact(names...)
	for i := range out {
		out[i].Unsent = true
	}
	return out
}

// decimals are numbers that the UI writes as text.
func decimals(names ...string) []Key {
	out := unsent(names...)
	for i := range out {
		out[i].Rule = Decimal
	}
	return out
}

func ruled(rule Rule, names ...string) []Key {
	out := unsent(names...)
	for i := range out {
		out[i].Rule = rule
	}
	return out
}

func leftOut(reason string, names ...string) []LeftOut {
	out := make([]LeftOut, len(names))
	for i, n := range names {
		out[i] = LeftOut{n, reason}
	}
	return out
}

// uptime is a clock: 0.9 writes it as text alone.
func uptime() []Key {
	return []Key{{Name: "uptimeSeconds", Rule: Clock}, {Name: "uptime", Ours: "uptimeSeconds", Rule: PrettyClock, Line: "0.9"}}
}

// Endpoints lists every REST answer that a command gives too.
var Endpoints = []Endpoint{
	ClusterSummary, NimbusSummary, TopologySummary, SupervisorSummary, TopologyPage, ComponentPage,
}

// ClusterSummary is what `status` answers.
var ClusterSummary = Endpoint{Path: "cluster/summary", Command: "status", Object: Object{
	Keys: slices.Concat(
		exact("supervisors", "topologies", "slotsTotal", "slotsUsed", "slotsFree", "executorsTotal", "tasksTotal",
			"schedulerDisplayResource", "totalMem", "totalCpu", "availMem", "availCpu"),
		unsent("fragmentedMem", "fragmentedCpu"),
		decimals("memAssignedPercentUtil", "cpuAssignedPercentUtil"),
		ruled(Generic, "totalGenerics", "availGenerics"),
		[]Key{{Name: "stormVersion", Line: "1.x"}, {Name: "stormVersion", Line: "2.x"}},
	),
	LeftOut: slices.Concat(
		leftOut(uiOwn, "user", "stormVersionInfo", "alternativeWorkerVersions", "bugtracker-url", "central-log-url"),
		leftOut("the version of the UI's own directory; a Nimbus of 0.9 does not tell its own", "stormVersion"),
		leftOut(pretty, "nimbusUptime"),
	),
}}

// NimbusSummary is in the answer of `status` too.
var NimbusSummary = Endpoint{Path: "nimbus/summary", Command: "status", Object: Object{
	Lists: []List{{Name: "nimbuses", ID: []string{"host", "port"}, Row: Object{
		Keys:    append(exact("host", "port", "status", "version"), Key{Name: "nimbusUpTimeSeconds", Rule: Clock}),
		LeftOut: slices.Concat(leftOut(pretty, "nimbusUpTime"), leftOut(link, "nimbusLogLink")),
	}}},
}}

// TopologySummary is what `list` answers.
var TopologySummary = Endpoint{Path: "topology/summary", Command: "list", Object: Object{
	Keys: exact("schedulerDisplayResource"),
	Lists: []List{{Name: "topologies", ID: []string{"id"}, Row: Object{
		Keys: slices.Concat(
			exact("id", "name", "owner", "status", "tasksTotal", "workersTotal", "executorsTotal", "schedulerInfo", "topologyVersion", "stormVersion"),
			unsent("replicationCount", "requestedMemOnHeap", "requestedMemOffHeap", "requestedTotalMem", "requestedCpu",
				"assignedMemOnHeap", "assignedMemOffHeap", "assignedTotalMem", "assignedCpu"),
			ruled(Generic, "requestedGenericResources", "assignedGenericResources"),
			uptime(),
		),
		LeftOut: slices.Concat(leftOut(encoded, "encodedId"), leftOut(pretty, "uptime")),
	}}},
}}

// SupervisorSummary is what `supervisors` answers.
var SupervisorSummary = Endpoint{Path: "supervisor/summary", Command: "supervisors", Object: Object{
	Keys: exact("schedulerDisplayResource", "logviewerPort", "logviewerScheme"),
	Lists: []List{{Name: "supervisors", ID: []string{"id"}, Row: Object{
		Keys: slices.Concat(
			exact("id", "host", "slotsTotal", "slotsUsed", "slotsFree", "version", "totalMem", "totalCpu", "availMem", "availCpu"),
			unsent("usedMem", "usedCpu", "blacklisted"),
			ruled(Generic, "totalGenericResources", "usedGenericResources", "availGenericResources"),
			uptime(),
		),
		LeftOut: slices.Concat(leftOut(link, "logLink"), leftOut(pretty, "uptime")),
	}}},
}}

// lastErrorKeys are those of a component's last error.
func lastErrorKeys() []Key {
	return append(unsent("lastError", "errorHost", "errorPort", "errorTime"), Key{Name: "errorLapsedSecs", Rule: Clock})
}

var totalsRow = Object{
	Keys:    slices.Concat(exact("window"), unsent("emitted", "transferred", "acked", "failed"), decimals("completeLatency")),
	LeftOut: leftOut(pretty, "windowPretty"),
}

var workerRow = Object{
	Keys: slices.Concat(
		exact("supervisorId", "host", "port", "topologyId", "topologyName", "owner", "executorsTotal", "componentNumTasks"),
		unsent("assignedMemOnHeap", "assignedMemOffHeap", "assignedCpu"),
		uptime(),
	),
	LeftOut: slices.Concat(leftOut(link, "workerLogLink"), leftOut(pretty, "uptime")),
}

var (
	requested = []string{"requestedMemOnHeap", "requestedMemOffHeap", "requestedCpu"}
	flow      = []string{"emitted", "transferred", "acked", "failed"}
)

// TopologyPage is what `topology` answers.
var TopologyPage = Endpoint{Path: "topology/ID?window&sys", Command: "topology", Object: Object{
	Keys: slices.Concat(
		exact("id", "name", "status", "owner", "tasksTotal", "workersTotal", "executorsTotal", "schedulerInfo",
			"stormVersion", "topologyVersion", "window", "msgTimeout", "debug", "schedulerDisplayResource"),
		ruled(Sampling, "samplingPct"),
		unsent("replicationCount", "requestedTotalMem", "assignedMemOnHeap", "assignedMemOffHeap", "assignedTotalMem", "assignedCpu"),
		unsent(requested...),
		unsent("requestedRegularOnHeapMem", "requestedSharedOnHeapMem", "requestedRegularOffHeapMem", "requestedSharedOffHeapMem",
			"assignedRegularOnHeapMem", "assignedSharedOnHeapMem", "assignedRegularOffHeapMem", "assignedSharedOffHeapMem"),
		ruled(Generic, "requestedGenericResources", "assignedGenericResources"),
		[]Key{{Name: "configuration", Rule: Config}},
		uptime(),
	),
	LeftOut: slices.Concat(
		leftOut(encoded, "encodedId"), leftOut(pretty, "uptime", "windowHint"),
		leftOut(uiOwn, "user", "bugtracker-url", "central-log-url"), leftOut(uiForm, "visualizationTable"),
	),
	Lists: []List{
		{Name: "topologyStats", ID: []string{"window"}, Row: totalsRow},
		{Name: "spouts", ID: []string{"spoutId"}, Row: Object{
			Keys: slices.Concat(exact("spoutId", "executors", "tasks"), unsent(flow...), decimals("completeLatency"),
				unsent(requested...), ruled(Generic, "requestedGenericResourcesComp"), lastErrorKeys()),
			LeftOut: slices.Concat(leftOut(encoded, "encodedSpoutId"), leftOut(link, "errorWorkerLogLink")),
		}},
		{Name: "bolts", ID: []string{"boltId"}, Row: Object{
			Keys: slices.Concat(exact("boltId", "executors", "tasks"), unsent(flow...), unsent("executed"),
				decimals("executeLatency", "processLatency", "capacity"),
				unsent(requested...), ruled(Generic, "requestedGenericResourcesComp"), lastErrorKeys()),
			LeftOut: slices.Concat(leftOut(encoded, "encodedBoltId"), leftOut(link, "errorWorkerLogLink")),
		}},
		{Name: "workers", ID: []string{"host", "port"}, Row: workerRow},
	},
}}

// ComponentPage is what `component` answers.
var ComponentPage = Endpoint{Path: "topology/ID/component/COMP?window&sys", Command: "component", Object: Object{
	Keys: slices.Concat(
		exact("id", "name", "topologyId", "topologyStatus", "componentType", "window", "debug", "schedulerDisplayResource"),
		// 1.x sends neither for a system component asked about without them.
		unsent("executors", "tasks"),
		ruled(Sampling, "samplingPct"), unsent(requested...), ruled(Generic, "requestedGenericResources"),
	),
	LeftOut: slices.Concat(
		leftOut(encoded, "encodedId", "encodedTopologyId"), leftOut(pretty, "windowHint"), leftOut(link, "eventLogLink"),
		leftOut(uiOwn, "user"), leftOut(uiButtons, "profilingAndDebuggingCapable", "profileActionEnabled"), leftOut(profiler, "profilerActive"),
	),
	Lists: []List{
		{Name: "spoutSummary", ID: []string{"window"}, Row: Object{
			Keys: totalsRow.Keys, LeftOut: slices.Concat(totalsRow.LeftOut, leftOut(never, "lastError")),
		}},
		{Name: "boltStats", ID: []string{"window"}, Row: Object{
			Keys:    slices.Concat(exact("window"), unsent(flow...), unsent("executed"), decimals("executeLatency", "processLatency", "capacity")),
			LeftOut: leftOut(pretty, "windowPretty"),
		}},
		{Name: "inputStats", ID: []string{"component", "stream"}, Row: Object{
			Keys: slices.Concat(exact("component", "stream"), unsent("executed", "acked", "failed"), decimals("executeLatency", "processLatency"),
				// The 0.9 UI prints the execute latency in both columns.
				[]Key{{Name: "processLatency", Ours: "executeLatency", Rule: Decimal, Unsent: true, Line: "0.9"}}),
			LeftOut: leftOut(encoded, "encodedComponentId", "encodedComponent"),
		}},
		{Name: "outputStats", ID: []string{"stream"}, Row: Object{
			Keys: slices.Concat(exact("stream"), unsent(flow...), decimals("completeLatency")),
		}},
		{Name: "executorStats", ID: []string{"id"}, Row: Object{
			Keys: slices.Concat(exact("id", "host", "port"), unsent(flow...), unsent("executed"),
				decimals("completeLatency", "executeLatency", "processLatency", "capacity"), uptime()),
			LeftOut: slices.Concat(leftOut(encoded, "encodedId"), leftOut(link, "workerLogLink"), leftOut(pretty, "uptime")),
		}},
		{Name: "componentErrors", ID: []string{"errorTime", "time", "errorHost", "errorPort", "error"}, Row: Object{
			Keys: append(exact("errorTime", "error", "errorHost", "errorPort"),
				Key{Name: "time", Ours: "errorTime", Rule: Millis, Line: "0.9"}, Key{Name: "errorLapsedSecs", Rule: Clock}),
			LeftOut: leftOut(link, "errorWorkerLogLink"),
		}},
	},
}}
