package zkview

// style says how a number of a known field is shown.
type style int

const (
	plain style = iota
	epochSecs
	epochMillis
	seconds
	percent
	status        // TopologyStatus
	levelAction   // LogLevelAction
	profileAction // ProfileAction
)

// label names one field of a known struct. Of names the struct that a field, a
// list's elements or a map's values are.
type label struct {
	name  string
	of    string
	style style
}

// labels are the names of `storm.thrift` for the structs that Storm keeps in
// ZooKeeper, by struct and field id.
var labels = map[string]map[int16]label{
	"Assignment": {
		1: {name: "master_code_dir"},
		2: {name: "node_host"},
		3: {name: "executor_node_port", of: "NodeInfo"},
		4: {name: "executor_start_time_secs", style: epochSecs},
		5: {name: "worker_resources", of: "WorkerResources"},
		6: {name: "total_shared_off_heap"},
		7: {name: "owner"},
	},
	"NodeInfo": {1: {name: "node"}, 2: {name: "port"}},
	"WorkerResources": {
		1: {name: "mem_on_heap"},
		2: {name: "mem_off_heap"},
		3: {name: "cpu"},
		4: {name: "shared_mem_on_heap"},
		5: {name: "shared_mem_off_heap"},
		6: {name: "resources"},
		7: {name: "shared_resources"},
	},
	"StormBase": {
		1:  {name: "name"},
		2:  {name: "status", style: status},
		3:  {name: "num_workers"},
		4:  {name: "component_executors"},
		5:  {name: "launch_time_secs", style: epochSecs},
		6:  {name: "owner"},
		7:  {name: "topology_action_options", of: "TopologyActionOptions"},
		8:  {name: "prev_status", style: status},
		9:  {name: "component_debug", of: "DebugOptions"},
		10: {name: "principal"},
		11: {name: "topology_version"},
	},
	"TopologyActionOptions": {
		1: {name: "kill_options", of: "KillOptions"},
		2: {name: "rebalance_options", of: "RebalanceOptions"},
	},
	"KillOptions": {1: {name: "wait_secs", style: seconds}},
	"RebalanceOptions": {
		1: {name: "wait_secs", style: seconds},
		2: {name: "num_workers"},
		3: {name: "num_executors"},
		4: {name: "topology_resources_overrides"},
		5: {name: "topology_conf_overrides"},
		6: {name: "principal"},
	},
	"DebugOptions": {1: {name: "enable"}, 2: {name: "samplingpct", style: percent}},
	"SupervisorInfo": {
		1:  {name: "time_secs", style: epochSecs},
		2:  {name: "hostname"},
		3:  {name: "assignment_id"},
		4:  {name: "used_ports"},
		5:  {name: "meta (all ports)"},
		6:  {name: "scheduler_meta"},
		7:  {name: "uptime_secs", style: seconds},
		8:  {name: "version"},
		9:  {name: "resources_map"},
		10: {name: "server_port"},
	},
	"ClusterWorkerHeartbeat": {
		1: {name: "storm_id"},
		2: {name: "executor_stats", of: "ExecutorStats"},
		3: {name: "time_secs", style: epochSecs},
		4: {name: "uptime_secs", style: seconds},
	},
	"ExecutorInfo": {1: {name: "task_start"}, 2: {name: "task_end"}},
	"ExecutorStats": {
		1: {name: "emitted"},
		2: {name: "transferred"},
		3: {name: "specific", of: "ExecutorSpecificStats"},
		4: {name: "rate"},
	},
	"ExecutorSpecificStats": {1: {name: "bolt", of: "BoltStats"}, 2: {name: "spout", of: "SpoutStats"}},
	"BoltStats": {
		1: {name: "acked"},
		2: {name: "failed"},
		3: {name: "process_ms_avg"},
		4: {name: "executed"},
		5: {name: "execute_ms_avg"},
	},
	"SpoutStats": {1: {name: "acked"}, 2: {name: "failed"}, 3: {name: "complete_ms_avg"}},
	"ErrorInfo": {
		1: {name: "error"},
		2: {name: "error_time_secs", style: epochSecs},
		3: {name: "host"},
		4: {name: "port"},
	},
	// The struct says uptime, but the node is written once, with the time at
	// which that Nimbus started.
	"NimbusSummary": {
		1: {name: "host"},
		2: {name: "port"},
		3: {name: "started at", style: epochSecs},
		4: {name: "isLeader"},
		5: {name: "version"},
		6: {name: "tlsPort"},
	},
	"LogConfig": {2: {name: "named_logger_level", of: "LogLevel"}},
	"LogLevel": {
		1: {name: "action", style: levelAction},
		2: {name: "target_log_level"},
		3: {name: "reset_log_level_timeout_secs", style: seconds},
		4: {name: "reset_log_level_timeout_epoch", style: epochMillis},
		5: {name: "reset_log_level"},
	},
	"ProfileRequest": {
		1: {name: "nodeInfo", of: "NodeInfo"},
		2: {name: "action", style: profileAction},
		3: {name: "time_stamp", style: epochMillis},
	},
}

// enums are the names of the numbers.
var enums = map[style]map[int64]string{
	status:      {1: "ACTIVE", 2: "INACTIVE", 3: "REBALANCING", 4: "KILLED"},
	levelAction: {1: "UNCHANGED", 2: "UPDATE", 3: "REMOVE"},
	profileAction: {
		0: "JPROFILE_STOP", 1: "JPROFILE_START", 2: "JPROFILE_DUMP",
		3: "JMAP_DUMP", 4: "JSTACK_DUMP", 5: "JVM_RESTART",
	},
}
