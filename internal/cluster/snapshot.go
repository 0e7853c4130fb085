package cluster

import (
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// Snapshot is the cluster as last seen. It is immutable.
type Snapshot struct {
	Seq   uint64        // grows by one with every published snapshot
	Made  time.Time     // when it was put together
	Every time.Duration // how often the cluster summary is asked for
	// Link says how the daemons answer right now.
	Link Link
	// Cluster is nil until Nimbus has answered once; ClusterAt is when.
	Cluster   *nimbusclient.Cluster
	ClusterAt time.Time
	// ZK is nil until ZooKeeper has answered once; ZKAt is when.
	ZK   *zkview.View
	ZKAt time.Time
	// HeartbeatPeriod is how often executor statistics move on this server:
	// 3 s up to 1.x, `executor.metrics.frequency.secs` on 2.x.
	HeartbeatPeriod time.Duration
	// NimbusConf is Nimbus' configuration, nil until read.
	NimbusConf map[string]any
	// NimbusConfErr is why Nimbus refused to give it; nil otherwise.
	NimbusConfErr error

	// Topologies hold what was read about each topology, by id.
	Topologies map[string]*Topology
	// Hosts are the supervisors with their slots, sorted by host name (numbers
	// compared as numbers), lost ones included.
	Hosts []Host
	// Feed is what changed since stormtop started, newest first; FeedDropped
	// counts the changes that no longer fit.
	Feed        []Change
	FeedDropped int
	// Since is when this picture began to be watched.
	Since time.Time
}

// Link is the state of the connections behind a snapshot.
type Link struct {
	Nimbus nimbusclient.State
	// NimbusErr is why the last poll of Nimbus failed; nil while it answers.
	NimbusErr error
	// StaleSince is when the last good data were read, once they are stale:
	// polls fail, or none has answered for three poll periods. Zero while fresh.
	StaleSince time.Time
	// NextTry is when a failed poll is tried again; zero while all is well.
	NextTry time.Time
	Attempt int // failed polls in a row

	ZK zkview.State
	// ZKErr is why ZooKeeper could not be read; nil while it answers and when
	// it is not used.
	ZKErr error
	// ZKOff says why ZooKeeper is not used at all ("--no-zk", "no servers
	// known"); "" when it is used.
	ZKOff string
}

// Stale reports whether Nimbus' data are old at the given time: polls fail, or
// none has answered for three poll periods.
func (s *Snapshot) Stale(now time.Time) bool {
	return s != nil && !s.Link.StaleSince.IsZero() && !now.Before(s.Link.StaleSince)
}

// Topology is everything read about one topology. Every part may be missing;
// Errs names why.
type Topology struct {
	Summary nimbusclient.TopologySummary
	Letter  byte // 'a'…'z', stable for the session; the same on every screen

	// Pages are the page calls answered so far, by window and system switch.
	Pages map[PageKey]*nimbusclient.Topology
	// PageAt is when each was read.
	PageAt map[PageKey]time.Time
	// Info holds every executor; nil until demanded and read.
	Info      *nimbusclient.TopologyInfo
	InfoAt    time.Time
	Structure *nimbusclient.Structure
	Conf      map[string]any // nil until demanded and read
	LogConfig map[string]nimbusclient.LogLevel
	// Components are component pages, demanded by the component screen.
	Components  map[ComponentKey]*nimbusclient.Component
	ComponentAt map[ComponentKey]time.Time

	// Errs says which call failed and why ("getTopologyPageInfo" → error).
	Errs map[string]error

	// Desired against actual, and what is computed from several polls.
	Drift    []Drift
	Restarts int // worker restarts seen since Snapshot.Since
	// Youngest is the smallest worker uptime in seconds, nil when unknown.
	Youngest *int
	// Rates are per second; NaN when not known yet.
	Rates TopologyRates
	// BeatAt is the newest heartbeat in ZooKeeper by our clock, zero when
	// unknown.
	BeatAt time.Time
	// ConfCall is the call that Conf came from; the one of a page differs a
	// little from the one asked for by itself.
	ConfCall string
	// HeartbeatPeriod is how often this topology's statistics move.
	HeartbeatPeriod time.Duration
	// SampleRate is `topology.stats.sample.rate`; 0.05 until the
	// configuration was read.
	SampleRate float64

	taskOf map[int]string
}

// PageKey names one page call.
type PageKey struct {
	Window nimbusclient.Window
	Sys    bool
}

// ComponentKey names one component page call.
type ComponentKey struct {
	Component string
	Window    nimbusclient.Window
	Sys       bool
}

// Drift is one number where what Nimbus was asked for differs from what runs.
type Drift struct {
	Component string // "" for the number of workers
	Desired   int    // from StormBase, executors capped by the component's tasks
	Actual    int    // from the assignment
}

// Rate is a figure per second over one window, with its trend.
type Rate struct {
	PerSec float64 // NaN when unknown
	// AtLeast says that the figure is a lower bound: only page totals were at
	// hand and a worker is younger than the window.
	AtLeast bool
	// Trend has one point a heartbeat, oldest first, tuples per second; NaN is
	// a gap.
	Trend []float64
}

// TopologyRates are the rates of a topology, its components and executors.
type TopologyRates struct {
	Emitted, Acked, Failed Rate
	Components             map[string]ComponentRates
	Executors              map[nimbusclient.ExecutorID]ExecutorRates
}

// ComponentRates are the rates of one component in the demanded window.
type ComponentRates struct {
	In, Out, Acked, Failed Rate
	// Skew is executed per task of the busiest executor over the mean of the
	// others; NaN below two executors or with next to no work measured, +Inf
	// when the others did nothing.
	Skew float64
	// Load is Storm's capacity for a JVM bolt and L, the mean number of tuples
	// inside the busiest task (rate × process latency), for a shell bolt.
	Load Load
}

// Load says how busy a bolt is.
type Load struct {
	Value    float64 // NaN when unknown
	Shell    bool    // Value is L, an estimate, not Storm's capacity
	Capacity float64 // Storm's own number; NaN when unknown
}

// ExecutorRates are the rates of one executor in the demanded window.
type ExecutorRates struct {
	In, Out Rate
	// Share of the component's executed tuples, 0…1; NaN when unknown.
	Share float64
	Load  Load
}

// Host is one supervisor with its slots.
type Host struct {
	ID         string // supervisor id
	Name       string
	Supervisor *nimbusclient.Supervisor // nil when only ZooKeeper knows it or it is lost
	Slots      []Slot                   // by port; ports of free slots need ZooKeeper
	FreeNoPort int                      // free slots whose port is unknown
	Workers    []nimbusclient.Worker    // from the supervisor page when demanded
	WorkersAt  time.Time
	LostAt     time.Time // zero while it is registered
	Err        error     // of the supervisor page call
}

// SlotState says what a slot is doing.
type SlotState int

// The states of a slot.
const (
	SlotFree SlotState = iota
	SlotUsed
	SlotComing  // assigned, its worker has not reported yet
	SlotLeaving // unassigned, its old worker may still run
	SlotLost    // on a host that is gone
)

// Slot is one worker slot.
type Slot struct {
	Port       int
	State      SlotState
	TopologyID string // "" when free
	Executors  int    // 0 when unknown
	Tasks      []nimbusclient.ExecutorID
	UptimeSecs *int // of its worker
	Restarts   int  // seen since Snapshot.Since
	// Lives are the uptimes in seconds at which this worker was last seen
	// before each restart, oldest first; bounded.
	Lives   []int
	StartAt time.Time // earliest executor start in the assignment; zero when unknown
	BeatAt  time.Time // newest heartbeat of its worker by our clock; zero when unknown
}

// ChangeKind groups the entries of the feed.
type ChangeKind string

// The kinds of change.
const (
	ChangeTopology   ChangeKind = "topology" // appeared, gone
	ChangeStatus     ChangeKind = "status"
	ChangeAssignment ChangeKind = "assignment"
	ChangeWorker     ChangeKind = "worker" // restarted
	ChangeSupervisor ChangeKind = "supervisor"
	ChangeNimbus     ChangeKind = "nimbus"
	ChangeLeader     ChangeKind = "leader"
	ChangeError      ChangeKind = "error"
	ChangeDrift      ChangeKind = "parallelism"
	ChangeConfig     ChangeKind = "config"
	ChangeLink       ChangeKind = "link" // ZooKeeper or Nimbus lost, back
	ChangeLogLevel   ChangeKind = "log level"
)

// Level says how much a change matters.
type Level int

// The levels, from harmless to broken.
const (
	LevelInfo Level = iota
	LevelGood       // something came back or settled
	LevelMove       // in transition
	LevelWarn
	LevelCrit
)

// Change is one entry of the feed. Its strings hold remote text and must pass
// safetext on their way to a screen.
type Change struct {
	Seq        uint64 // grows with every change of a session, from 1
	At         time.Time
	Kind       ChangeKind
	Level      Level
	Sign       byte   // '+', '-' or 0: coming, leaving, neither
	Object     string // topology name, host
	TopologyID string
	Component  string
	Host       string
	Port       int
	Detail     string
}
