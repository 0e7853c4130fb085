package zkview

import "time"

// Supervisor is `/supervisors/<id>`: one host's daemon as it describes itself.
type Supervisor struct {
	ID         string
	Host       string
	Ports      []int // all configured slots, from `SupervisorInfo.meta`; nil when not decoded (0.9)
	UsedPorts  []int
	Time       time.Time // of the record; zero when not decoded
	UptimeSecs *int64    // seconds, as of Time
	Version    string
	Resources  map[string]float64
}

// Slot is one worker slot by supervisor id and port.
type Slot struct {
	Node string // supervisor id
	Port int
}

// TaskRange is the inclusive range of tasks one executor runs.
type TaskRange struct{ Start, End int }

// Assignment is `/assignments/<topology id>`.
type Assignment struct {
	TopologyID string
	// Hosts names the host of each supervisor id in use.
	Hosts map[string]string
	// Executors says which slot runs which executor.
	Executors map[TaskRange]Slot
	// Starts are the executors' start times, seconds since the epoch. Storm
	// leaves ranges of an earlier parallelism in it.
	Starts map[TaskRange]int64
	Owner  string
	Zxid   int64 // of the last change
	Mtime  time.Time
}

// Storm is `/storms/<topology id>`: what Nimbus was asked for (StormBase).
type Storm struct {
	TopologyID string
	Name       string
	Status     string // "ACTIVE", "INACTIVE", "REBALANCING", "KILLED"; "" when not decoded
	PrevStatus string
	// Workers and ComponentExecutors are desired numbers; the actual ones are
	// in the assignment and may differ after a change of leader.
	Workers            *int
	ComponentExecutors map[string]int
	LaunchTime         *int64 // seconds since the epoch
	Owner              string
	// KillWaitSecs or RebalanceWaitSecs is the wait of the action under way;
	// Storm leaves the last rebalance's there when it is over.
	KillWaitSecs      *int
	RebalanceWaitSecs *int
	Debug             map[string]Debug // by component, or topology id for all
	Mtime             time.Time
}

// Debug is the state of tuple sampling.
type Debug struct {
	Enabled     bool
	SamplingPct *float64 // percent
}

// Error is one znode below `/errors/<topology id>/<component>`.
type Error struct {
	Component string
	Text      string
	Time      int64 // seconds since the epoch
	Host      string
	Port      *int
	// Last says that it is the `-last-error` node, the only one that outlives
	// the worker's session on 2.x.
	Last bool
}

// Heartbeat is `/workerbeats/<topology id>/<node>-<port>` without the
// statistics, which Nimbus gives.
type Heartbeat struct {
	Slot       Slot
	Time       time.Time
	UptimeSecs *int64
}

// Leader is the holder of `/leader-lock`.
type Leader struct {
	Host    string
	Port    int
	TLSPort int // 0 when none
}

// LogLevel is one entry of `/logconfigs/<topology id>`.
type LogLevel struct {
	Logger       string
	Action       string // "UNCHANGED", "UPDATE", "REMOVE"
	Level        string
	TimeoutSecs  *int
	TimeoutEpoch *int64 // milliseconds since the epoch
}

// Profile is one pending request below `/profilerconfigs/<topology id>`.
type Profile struct {
	Host   string
	Port   int
	Action string
	Time   *int64 // milliseconds since the epoch
}

// Offset is what the old Kafka spout (storm-kafka) stores for one partition.
type Offset struct {
	Path      string
	Topic     string
	Partition int
	Offset    int64 // next to be committed
	Broker    string
	Topology  string
}

// View is one consistent-enough reading of Storm's tree: every part carries
// what could be read; Missing names what could not and why.
type View struct {
	Root        string
	Server      string // that answered, "host:port"
	Session     string // hexadecimal session id
	At          time.Time
	Supervisors []Supervisor // sorted by host, then id
	Assignments map[string]Assignment
	Storms      map[string]Storm
	Leader      *Leader // nil before 1.0 and while nobody holds the lock
	Nimbuses    []string
	LogConfigs  map[string][]LogLevel
	Profiles    map[string][]Profile
	Heartbeats  map[string][]Heartbeat
	// Missing maps a path below the root to the reason it could not be read
	// (no permission, not decodable, too large).
	Missing map[string]string
}
