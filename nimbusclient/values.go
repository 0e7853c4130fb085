package nimbusclient

import (
	"net"
	"strconv"
)

// Window names one of the four spans over which Storm keeps counters. The
// value is the string the wire uses.
type Window string

// The windows Storm keeps. Window10m is also the only one capacity is ever
// computed over.
const (
	Window10m Window = "600"
	Window3h  Window = "10800"
	Window1d  Window = "86400"
	WindowAll Window = ":all-time"
)

// Windows lists all windows from the shortest to the longest.
var Windows = [...]Window{Window10m, Window3h, Window1d, WindowAll}

// Seconds returns the length of the window in seconds, 0 for WindowAll, which
// has no length.
func (w Window) Seconds() int {
	n, err := strconv.Atoi(string(w))
	if err != nil {
		return 0
	}
	return n
}

// Status is a topology's state as Nimbus words it.
type Status string

// The states of a topology, the same words in every version.
const (
	Active      Status = "ACTIVE"
	Inactive    Status = "INACTIVE"
	Rebalancing Status = "REBALANCING"
	Killed      Status = "KILLED"
)

// Kind tells a spout from a bolt.
type Kind string

// The kinds of component.
const (
	Spout Kind = "spout"
	Bolt  Kind = "bolt"
)

// Nimbus is one master daemon, from `NimbusSummary`.
type Nimbus struct {
	Host       string
	Port       int
	TLSPort    *int // nil before 2.6.4
	UptimeSecs *int // seconds, nil when not sent
	Leader     bool
	Version    string // "" when not sent
}

// Addr returns "host:port".
func (n Nimbus) Addr() string { return net.JoinHostPort(n.Host, strconv.Itoa(n.Port)) }

// Cluster is the answer of `getClusterInfo`: one row a daemon and a topology.
// Supervisors are sorted by host, then id; topologies by name, then id.
type Cluster struct {
	Nimbuses    []Nimbus // empty before 1.0, which does not send it
	Supervisors []Supervisor
	Topologies  []TopologySummary
	// NimbusUptimeSecs is the answering daemon's uptime in seconds; only
	// servers before 2.0 send it, and 1.x sends 0.
	NimbusUptimeSecs *int
}

// Supervisor is one host's daemon, from `SupervisorSummary`.
type Supervisor struct {
	ID         string
	Host       string
	UptimeSecs *int // seconds
	Slots      *int // worker slots, from `num_workers`
	UsedSlots  *int // from `num_used_workers`
	Version    string
	// Resources are the totals the host offers (memory in MB, CPU in percent
	// of a core), nil when not sent.
	Resources     map[string]float64
	UsedMem       *float64 // MB
	UsedCPU       *float64 // percent of a core
	FragmentedMem *float64 // MB, 2.0 and later
	FragmentedCPU *float64 // percent of a core, 2.0 and later
	Blacklisted   *bool    // 2.2 and later
	UsedGeneric   map[string]float64
}

// Assigned holds what a topology asked for and got; memory in MB, CPU in
// percent of a core. Fields are nil when not sent; most are only meaningful
// with the resource-aware scheduler.
type Assigned struct {
	RequestedMemOnHeap, RequestedMemOffHeap, RequestedCPU *float64
	AssignedMemOnHeap, AssignedMemOffHeap, AssignedCPU    *float64
	RequestedGeneric, AssignedGeneric                     map[string]float64 // 2.2 and later
}

// TopologySummary is one row of the topology list, from `TopologySummary`.
type TopologySummary struct {
	ID, Name         string
	Status           Status
	Tasks            *int
	Executors        *int
	Workers          *int // assigned, not requested: 0 while unscheduled
	UptimeSecs       *int // seconds
	Owner            *string
	SchedStatus      *string
	ReplicationCount *int
	StormVersion     *string // 2.0 and later
	TopologyVersion  *string // 2.0 and later
	Assigned
}

// StreamID names a stream by the component that emits it.
type StreamID struct {
	Component string
	Stream    string
}

// ExecutorID is the inclusive range of task ids an executor runs.
type ExecutorID struct{ Start, End int }

// Tasks returns how many tasks the executor runs.
func (e ExecutorID) Tasks() int { return e.End - e.Start + 1 }

// String returns Storm's notation, "[7-8]".
func (e ExecutorID) String() string {
	return "[" + strconv.Itoa(e.Start) + "-" + strconv.Itoa(e.End) + "]"
}

// ErrorInfo is one reported error.
type ErrorInfo struct {
	Error string
	Time  int64   // seconds since the epoch
	Host  *string // nil before 0.9.3
	Port  *int    // nil before 0.9.3
}

// Debug is the state of tuple sampling (`storm debug`).
type Debug struct {
	Enabled     bool
	SamplingPct *float64 // percent
}

// Stats are counters and latencies of a component, an executor or a stream in
// one window. Counts are estimates in multiples of 1/sample rate; latencies
// are in milliseconds. A field that does not apply or was not sent is nil.
type Stats struct {
	Executors   *int
	Tasks       *int
	Emitted     *int64
	Transferred *int64
	Acked       *int64
	Failed      *int64
	Executed    *int64   // bolts
	ExecuteMs   *float64 // bolts
	ProcessMs   *float64 // bolts
	Capacity    *float64 // bolts; share of one thread over ten minutes
	CompleteMs  *float64 // spouts
}

// ComponentStats is one row of a topology's spouts or bolts.
type ComponentStats struct {
	ID   string
	Kind Kind
	Stats
	LastError *ErrorInfo // nil when none is known
	// Resources the component requested, by Storm's resource names; nil before
	// 1.1.
	Resources map[string]float64
}

// Totals are a topology's counters in one window: emitted and transferred over
// all components, the rest over spouts only. Milliseconds.
type Totals struct {
	Emitted, Transferred, Acked, Failed *int64
	CompleteMs                          *float64
}

// Worker is one worker process, from `WorkerSummary` (1.1 and later).
type Worker struct {
	SupervisorID   string
	Host           string
	Port           int
	TopologyID     string
	TopologyName   string
	Owner          *string
	Executors      *int
	UptimeSecs     *int // seconds; falls when the worker restarted
	ComponentTasks map[string]int64
	Assigned
}

// Memory holds the shares of memory of a topology that 2.0 and later send;
// MB, nil when not sent.
type Memory struct {
	RequestedRegularOnHeap, RequestedSharedOnHeap, RequestedRegularOffHeap, RequestedSharedOffHeap *float64
	AssignedRegularOnHeap, AssignedSharedOnHeap, AssignedRegularOffHeap, AssignedSharedOffHeap     *float64
}

// Topology is a topology with its components over one window, from
// `getTopologyPageInfo`, or computed from `getTopologyInfo` on servers before
// 1.0. Spouts and bolts are sorted by id, workers by host, then port.
type Topology struct {
	ID, Name         string
	Status           Status
	UptimeSecs       *int // seconds
	Tasks            *int
	Executors        *int
	WorkerCount      *int // with a heartbeat
	Owner            *string
	SchedStatus      *string
	ReplicationCount *int
	StormVersion     *string
	TopologyVersion  *string
	Conf             string // JSON; "" when not sent
	Debug            *Debug
	Window           Window
	Sys              bool // system components and streams are in
	Totals           map[Window]Totals
	Spouts, Bolts    []ComponentStats
	Workers          []Worker // nil before 1.1
	Assigned
	Memory
	// Computed says that the values were computed here from executor
	// statistics because the server has no page calls.
	Computed bool
}

// StreamStats are the counters of one input stream (Component set) or output
// stream (Component empty).
type StreamStats struct {
	StreamID
	Stats
}

// ExecutorRow is one executor of a component over one window.
type ExecutorRow struct {
	ID         ExecutorID
	Host       string
	Port       int
	UptimeSecs *int // seconds; 0 or nil before the first heartbeat
	Stats
}

// Component is one component over one window, from `getComponentPageInfo`, or
// computed before 1.0. Inputs and outputs are sorted by component and stream,
// executors by first task, errors newest first.
type Component struct {
	ID           string
	Kind         Kind
	TopologyID   string
	TopologyName string
	Status       Status
	Executors    *int
	Tasks        *int
	Window       Window
	Sys          bool
	Totals       map[Window]Stats
	Inputs       []StreamStats
	Outputs      []StreamStats
	Execs        []ExecutorRow
	Errors       []ErrorInfo
	EventLogHost *string
	EventLogPort *int
	Debug        *Debug
	Resources    map[string]float64
	Computed     bool
}

// Executor is one executor with its raw counters, from `ExecutorSummary`.
type Executor struct {
	ID         ExecutorID
	Component  string
	Host       string
	Port       int
	UptimeSecs *int           // seconds
	Stats      *ExecutorStats // nil before the first heartbeat
}

// ExecutorStats are an executor's counters by window and stream, as its last
// heartbeat carried them. Bolt or Spout is nil according to the component.
type ExecutorStats struct {
	Emitted     map[Window]map[string]int64
	Transferred map[Window]map[string]int64
	Bolt        *BoltStats
	Spout       *SpoutStats
	SampleRate  *float64 // share of measured tuples; nil before 0.10
}

// BoltStats are keyed by input stream; latencies in milliseconds.
type BoltStats struct {
	Acked, Failed, Executed map[Window]map[StreamID]int64
	ProcessMs, ExecuteMs    map[Window]map[StreamID]float64
}

// SpoutStats are keyed by output stream; latencies in milliseconds.
type SpoutStats struct {
	Acked, Failed map[Window]map[string]int64
	CompleteMs    map[Window]map[string]float64
}

// TopologyInfo is a topology with every executor, from `getTopologyInfo`.
// Executors are sorted by first task.
type TopologyInfo struct {
	TopologySummary
	ExecutorList []Executor
	Errors       map[string][]ErrorInfo
	Debug        map[string]Debug
}

// GroupingKind says how tuples of a stream are spread over tasks.
type GroupingKind string

// The groupings. Fields grouping with no fields is Global.
const (
	GroupShuffle        GroupingKind = "shuffle"
	GroupFields         GroupingKind = "fields"
	GroupGlobal         GroupingKind = "global"
	GroupAll            GroupingKind = "all"
	GroupNone           GroupingKind = "none"
	GroupDirect         GroupingKind = "direct"
	GroupCustom         GroupingKind = "custom"
	GroupLocalOrShuffle GroupingKind = "local-or-shuffle"
)

// Input is one subscription of a bolt.
type Input struct {
	From     StreamID
	Grouping GroupingKind
	Fields   []string // of GroupFields
	Class    string   // of GroupCustom, when it is a named Java class
}

// OutputStream is one stream a component declares.
type OutputStream struct {
	ID     string
	Fields []string
	Direct bool
}

// Shell is the subprocess of a multilang component.
type Shell struct {
	Command string // such as "python3"
	Script  string // such as "split.py"
}

// ComponentSpec is one component as submitted. Inputs and outputs are sorted.
type ComponentSpec struct {
	ID          string
	Kind        Kind
	Inputs      []Input
	Outputs     []OutputStream
	Parallelism *int   // executors asked for at submit
	Conf        string // JSON of the component's own configuration; "" when none
	Shell       *Shell // nil for a JVM component
	Class       string // when Nimbus sends the Java class by name
}

// Structure is a topology's graph, from `getTopology`. Sorted by id.
type Structure struct {
	Components []ComponentSpec
}

// LogLevel is one dynamic log level.
type LogLevel struct {
	Action       string // "UNCHANGED", "UPDATE" or "REMOVE"
	Target       string
	TimeoutSecs  *int
	TimeoutEpoch *int64 // milliseconds since the epoch; in the past when ended
	Reset        string
}

// ProfileRequest is a pending profiler action.
type ProfileRequest struct {
	Host   string
	Port   int
	Action string // such as "JSTACK_DUMP"
	Time   *int64 // milliseconds since the epoch
}

// SupervisorPage is one host's supervisors and workers, from
// `getSupervisorPageInfo` (1.1 and later).
type SupervisorPage struct {
	Supervisors []Supervisor
	Workers     []Worker
}

// OwnerSummary is one owner's use of the cluster, from `OwnerResourceSummary`
// (2.0 and later).
type OwnerSummary struct {
	Owner                                 string
	Topologies, Executors, Workers, Tasks *int
	MemoryUsage, CPUUsage                 *float64
	MemoryGuarantee, CPUGuarantee         *float64
	MemoryGuaranteeLeft, CPUGuaranteeLeft *float64
	IsolatedNodeGuarantee                 *int
	RequestedOnHeap, RequestedOffHeap     *float64
	RequestedTotalMemory, RequestedCPU    *float64
	AssignedOnHeap, AssignedOffHeap       *float64
}
