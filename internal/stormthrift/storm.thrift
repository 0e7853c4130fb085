// The part of Apache Storm's Thrift interface that stormtop speaks, 0.9 to 2.8.
//
// Names and numbers are Storm's. What differs from the original on purpose:
//
//   * Every field is optional, because what one version requires another does
//     not send (ClusterSummary.2 and .4, ExecutorStats.4).
//   * It is the union over all versions; no number was ever used twice.
//   * Assignment is absent: its maps are keyed by lists, which the Go generator
//     refuses. assignment.go reads and writes it by hand.
//   * What an operator never needs is left out: blobs, submitting, Pacemaker,
//     DRPC, worker tokens. A reader skips fields it does not know.
//
// After an edit run `go generate`; a test proves that the committed code is
// what the compiler makes of this file.

namespace go storm

// ---- enumerations ----------------------------------------------------------

enum TopologyStatus {
  ACTIVE = 1,
  INACTIVE = 2,
  REBALANCING = 3,
  KILLED = 4
}

enum NumErrorsChoice {
  ALL = 0,
  NONE = 1,
  ONE = 2
}

enum ComponentType {
  BOLT = 1,
  SPOUT = 2
}

enum ProfileAction {
  JPROFILE_STOP = 0,
  JPROFILE_START = 1,
  JPROFILE_DUMP = 2,
  JMAP_DUMP = 3,
  JSTACK_DUMP = 4,
  JVM_RESTART = 5
}

enum LogLevelAction {
  UNCHANGED = 1,
  UPDATE = 2,
  REMOVE = 3
}

// ---- a topology's structure ------------------------------------------------

struct NullStruct {}

struct GlobalStreamId {
  1: optional string componentId
  2: optional string streamId
}

union JavaObjectArg {
  1: i32 int_arg
  2: i64 long_arg
  3: string string_arg
  4: bool bool_arg
  5: binary binary_arg
  6: double double_arg
}

struct JavaObject {
  1: optional string full_class_name
  2: optional list<JavaObjectArg> args_list
}

union Grouping {
  1: list<string> fields // an empty list is the global grouping
  2: NullStruct shuffle
  3: NullStruct all
  4: NullStruct none
  5: NullStruct direct
  6: JavaObject custom_object
  7: binary custom_serialized
  8: NullStruct local_or_shuffle
}

struct StreamInfo {
  1: optional list<string> output_fields
  2: optional bool direct
}

struct ShellComponent {
  1: optional string execution_command
  2: optional string script
}

union ComponentObject {
  1: binary serialized_java
  2: ShellComponent shell
  3: JavaObject java_object
}

struct ComponentCommon {
  1: optional map<GlobalStreamId, Grouping> inputs
  2: optional map<string, StreamInfo> streams
  3: optional i32 parallelism_hint
  4: optional string json_conf
}

struct SpoutSpec {
  1: optional ComponentObject spout_object
  2: optional ComponentCommon common
}

struct Bolt {
  1: optional ComponentObject bolt_object
  2: optional ComponentCommon common
}

struct StateSpoutSpec {
  1: optional ComponentObject state_spout_object
  2: optional ComponentCommon common
}

struct SharedMemory {
  1: optional string name
  2: optional double on_heap
  3: optional double off_heap_worker
  4: optional double off_heap_node
}

struct StormTopology {
  1: optional map<string, SpoutSpec> spouts
  2: optional map<string, Bolt> bolts
  3: optional map<string, StateSpoutSpec> state_spouts
  4: optional list<binary> worker_hooks
  5: optional list<string> dependency_jars
  6: optional list<string> dependency_artifacts
  7: optional string storm_version
  8: optional string jdk_version
  9: optional map<string, set<string>> component_to_shared_memory
  10: optional map<string, SharedMemory> shared_memory
}

// ---- the cluster -----------------------------------------------------------

struct TopologySummary {
  1: optional string id
  2: optional string name
  3: optional i32 num_tasks
  4: optional i32 num_executors
  5: optional i32 num_workers
  6: optional i32 uptime_secs
  7: optional string status
  8: optional string storm_version
  9: optional string topology_version
  513: optional string sched_status
  514: optional string owner
  515: optional i32 replication_count
  521: optional double requested_memonheap
  522: optional double requested_memoffheap
  523: optional double requested_cpu
  524: optional double assigned_memonheap
  525: optional double assigned_memoffheap
  526: optional double assigned_cpu
  527: optional map<string, double> requested_generic_resources
  528: optional map<string, double> assigned_generic_resources
}

struct SupervisorSummary {
  1: optional string host
  2: optional i32 uptime_secs
  3: optional i32 num_workers // slots, not workers
  4: optional i32 num_used_workers
  5: optional string supervisor_id
  6: optional string version
  7: optional map<string, double> total_resources
  8: optional double used_mem
  9: optional double used_cpu
  10: optional double fragmented_mem
  11: optional double fragmented_cpu
  12: optional bool blacklisted
  13: optional map<string, double> used_generic_resources
}

// Also stored in ZooKeeper, where uptime_secs is the start in epoch seconds.
struct NimbusSummary {
  1: optional string host
  2: optional i32 port
  3: optional i32 uptime_secs
  4: optional bool isLeader
  5: optional string version
  6: optional i32 tlsPort
}

struct ClusterSummary {
  1: optional list<SupervisorSummary> supervisors
  2: optional i32 nimbus_uptime_secs // 0.9 to 1.x
  3: optional list<TopologySummary> topologies
  4: optional list<NimbusSummary> nimbuses // 1.0 and later
}

// ---- executors and their statistics ---------------------------------------

struct ErrorInfo {
  1: optional string error
  2: optional i32 error_time_secs
  3: optional string host
  4: optional i32 port
}

struct BoltStats {
  1: optional map<string, map<GlobalStreamId, i64>> acked
  2: optional map<string, map<GlobalStreamId, i64>> failed
  3: optional map<string, map<GlobalStreamId, double>> process_ms_avg
  4: optional map<string, map<GlobalStreamId, i64>> executed
  5: optional map<string, map<GlobalStreamId, double>> execute_ms_avg
}

struct SpoutStats {
  1: optional map<string, map<string, i64>> acked
  2: optional map<string, map<string, i64>> failed
  3: optional map<string, map<string, double>> complete_ms_avg
}

union ExecutorSpecificStats {
  1: BoltStats bolt
  2: SpoutStats spout
}

struct ExecutorStats {
  1: optional map<string, map<string, i64>> emitted
  2: optional map<string, map<string, i64>> transferred
  3: optional ExecutorSpecificStats specific
  4: optional double rate // 0.10 and later
}

struct ExecutorInfo {
  1: optional i32 task_start
  2: optional i32 task_end
}

struct ExecutorSummary {
  1: optional ExecutorInfo executor_info
  2: optional string component_id
  3: optional string host
  4: optional i32 port
  5: optional i32 uptime_secs
  7: optional ExecutorStats stats
}

struct DebugOptions {
  1: optional bool enable
  2: optional double samplingpct
}

struct TopologyInfo {
  1: optional string id
  2: optional string name
  3: optional i32 uptime_secs
  4: optional list<ExecutorSummary> executors
  5: optional string status
  6: optional map<string, list<ErrorInfo>> errors
  7: optional map<string, DebugOptions> component_debug
  8: optional string storm_version
  513: optional string sched_status
  514: optional string owner
  515: optional i32 replication_count
  521: optional double requested_memonheap
  522: optional double requested_memoffheap
  523: optional double requested_cpu
  524: optional double assigned_memonheap
  525: optional double assigned_memoffheap
  526: optional double assigned_cpu
}

struct GetInfoOptions {
  1: optional NumErrorsChoice num_err_choice
}

// ---- pages (1.0 and later) -------------------------------------------------

struct CommonAggregateStats {
  1: optional i32 num_executors
  2: optional i32 num_tasks
  3: optional i64 emitted
  4: optional i64 transferred
  5: optional i64 acked
  6: optional i64 failed
  7: optional map<string, double> resources_map
}

struct SpoutAggregateStats {
  1: optional double complete_latency_ms
}

struct BoltAggregateStats {
  1: optional double execute_latency_ms
  2: optional double process_latency_ms
  3: optional i64 executed
  4: optional double capacity
}

union SpecificAggregateStats {
  1: BoltAggregateStats bolt
  2: SpoutAggregateStats spout
}

struct ComponentAggregateStats {
  1: optional ComponentType type
  2: optional CommonAggregateStats common_stats
  3: optional SpecificAggregateStats specific_stats
  4: optional ErrorInfo last_error
}

struct TopologyStats {
  1: optional map<string, i64> window_to_emitted
  2: optional map<string, i64> window_to_transferred
  3: optional map<string, double> window_to_complete_latencies_ms
  4: optional map<string, i64> window_to_acked
  5: optional map<string, i64> window_to_failed
}

struct WorkerSummary {
  1: optional string supervisor_id
  2: optional string host
  3: optional i32 port
  4: optional string topology_id
  5: optional string topology_name
  6: optional i32 num_executors
  7: optional map<string, i64> component_to_num_tasks
  8: optional i32 time_secs
  9: optional i32 uptime_secs
  521: optional double requested_memonheap
  522: optional double requested_memoffheap
  523: optional double requested_cpu
  524: optional double assigned_memonheap
  525: optional double assigned_memoffheap
  526: optional double assigned_cpu
  527: optional string owner
}

struct SupervisorPageInfo {
  1: optional list<SupervisorSummary> supervisor_summaries
  2: optional list<WorkerSummary> worker_summaries
}

struct TopologyPageInfo {
  1: optional string id
  2: optional string name
  3: optional i32 uptime_secs
  4: optional string status
  5: optional i32 num_tasks
  6: optional i32 num_workers
  7: optional i32 num_executors
  8: optional string topology_conf
  9: optional map<string, ComponentAggregateStats> id_to_spout_agg_stats
  10: optional map<string, ComponentAggregateStats> id_to_bolt_agg_stats
  11: optional string sched_status
  12: optional TopologyStats topology_stats
  13: optional string owner
  14: optional DebugOptions debug_options
  15: optional i32 replication_count
  16: optional list<WorkerSummary> workers
  17: optional string storm_version
  18: optional string topology_version
  521: optional double requested_memonheap
  522: optional double requested_memoffheap
  523: optional double requested_cpu
  524: optional double assigned_memonheap
  525: optional double assigned_memoffheap
  526: optional double assigned_cpu
  527: optional double requested_regular_on_heap_memory
  528: optional double requested_shared_on_heap_memory
  529: optional double requested_regular_off_heap_memory
  530: optional double requested_shared_off_heap_memory
  531: optional double assigned_regular_on_heap_memory
  532: optional double assigned_shared_on_heap_memory
  533: optional double assigned_regular_off_heap_memory
  534: optional double assigned_shared_off_heap_memory
  535: optional map<string, double> requested_generic_resources
  536: optional map<string, double> assigned_generic_resources
}

struct ExecutorAggregateStats {
  1: optional ExecutorSummary exec_summary
  2: optional ComponentAggregateStats stats
}

struct ComponentPageInfo {
  1: optional string component_id
  2: optional ComponentType component_type
  3: optional string topology_id
  4: optional string topology_name
  5: optional i32 num_executors
  6: optional i32 num_tasks
  7: optional map<string, ComponentAggregateStats> window_to_stats
  8: optional map<GlobalStreamId, ComponentAggregateStats> gsid_to_input_stats
  9: optional map<string, ComponentAggregateStats> sid_to_output_stats
  10: optional list<ExecutorAggregateStats> exec_stats
  11: optional list<ErrorInfo> errors
  12: optional string eventlog_host
  13: optional i32 eventlog_port
  14: optional DebugOptions debug_options
  15: optional string topology_status
  16: optional map<string, double> resources_map
}

struct OwnerResourceSummary {
  1: optional string owner
  2: optional i32 total_topologies
  3: optional i32 total_executors
  4: optional i32 total_workers
  5: optional double memory_usage
  6: optional double cpu_usage
  7: optional double memory_guarantee
  8: optional double cpu_guarantee
  9: optional double memory_guarantee_remaining
  10: optional double cpu_guarantee_remaining
  11: optional i32 isolated_node_guarantee
  12: optional i32 total_tasks
  13: optional double requested_on_heap_memory
  14: optional double requested_off_heap_memory
  15: optional double requested_total_memory
  16: optional double requested_cpu
  17: optional double assigned_on_heap_memory
  18: optional double assigned_off_heap_memory
}

struct TopologyHistoryInfo {
  1: optional list<string> topo_ids
}

// ---- what changes a cluster ------------------------------------------------

struct KillOptions {
  1: optional i32 wait_secs
}

struct RebalanceOptions {
  1: optional i32 wait_secs
  2: optional i32 num_workers
  3: optional map<string, i32> num_executors
  4: optional map<string, map<string, double>> topology_resources_overrides
  5: optional string topology_conf_overrides
  6: optional string principal
}

struct LogLevel {
  1: optional LogLevelAction action
  2: optional string target_log_level
  3: optional i32 reset_log_level_timeout_secs
  4: optional i64 reset_log_level_timeout_epoch // milliseconds
  5: optional string reset_log_level
}

struct LogConfig {
  2: optional map<string, LogLevel> named_logger_level
}

struct NodeInfo {
  1: optional string node
  2: optional set<i64> port
}

struct ProfileRequest {
  1: optional NodeInfo nodeInfo
  2: optional ProfileAction action
  3: optional i64 time_stamp // milliseconds
}

// ---- what only ZooKeeper holds (0.10 and later) ----------------------------

union TopologyActionOptions {
  1: KillOptions kill_options
  2: RebalanceOptions rebalance_options
}

struct StormBase {
  1: optional string name
  2: optional TopologyStatus status
  3: optional i32 num_workers
  4: optional map<string, i32> component_executors
  5: optional i32 launch_time_secs
  6: optional string owner
  7: optional TopologyActionOptions topology_action_options
  8: optional TopologyStatus prev_status
  9: optional map<string, DebugOptions> component_debug
  10: optional string principal
  11: optional string topology_version
}

struct WorkerResources {
  1: optional double mem_on_heap
  2: optional double mem_off_heap
  3: optional double cpu
  4: optional double shared_mem_on_heap
  5: optional double shared_mem_off_heap
  6: optional map<string, double> resources
  7: optional map<string, double> shared_resources
}

struct SupervisorInfo {
  1: optional i64 time_secs
  2: optional string hostname
  3: optional string assignment_id
  4: optional list<i64> used_ports
  5: optional list<i64> meta // all configured slot ports
  6: optional map<string, string> scheduler_meta
  7: optional i64 uptime_secs
  8: optional string version
  9: optional map<string, double> resources_map
  10: optional i32 server_port
}

struct ClusterWorkerHeartbeat {
  1: optional string storm_id
  2: optional map<ExecutorInfo, ExecutorStats> executor_stats
  3: optional i32 time_secs
  4: optional i32 uptime_secs
}

// ---- exceptions ------------------------------------------------------------

exception NotAliveException {
  1: optional string msg
}

exception InvalidTopologyException {
  1: optional string msg
}

exception AuthorizationException {
  1: optional string msg
}

// ---- the service -----------------------------------------------------------

service Nimbus {
  // Reads.
  ClusterSummary getClusterInfo() throws (1: AuthorizationException aze)
  NimbusSummary getLeader() throws (1: AuthorizationException aze) // 1.1
  list<TopologySummary> getTopologySummaries() throws (1: AuthorizationException aze) // 2.3
  TopologySummary getTopologySummary(1: string id) throws (1: NotAliveException e, 2: AuthorizationException aze) // 2.3
  TopologySummary getTopologySummaryByName(1: string name) throws (1: NotAliveException e, 2: AuthorizationException aze) // 2.3
  TopologyInfo getTopologyInfo(1: string id) throws (1: NotAliveException e, 2: AuthorizationException aze)
  TopologyInfo getTopologyInfoByName(1: string name) throws (1: NotAliveException e, 2: AuthorizationException aze) // 2.3
  TopologyInfo getTopologyInfoWithOpts(1: string id, 2: GetInfoOptions options) throws (1: NotAliveException e, 2: AuthorizationException aze) // 0.10
  TopologyInfo getTopologyInfoByNameWithOpts(1: string name, 2: GetInfoOptions options) throws (1: NotAliveException e, 2: AuthorizationException aze) // 2.3
  TopologyPageInfo getTopologyPageInfo(1: string id, 2: string window, 3: bool is_include_sys) throws (1: NotAliveException e, 2: AuthorizationException aze) // 1.0
  ComponentPageInfo getComponentPageInfo(1: string topology_id, 2: string component_id, 3: string window, 4: bool is_include_sys) throws (1: NotAliveException e, 2: AuthorizationException aze) // 1.0
  SupervisorPageInfo getSupervisorPageInfo(1: string id, 2: string host, 3: bool is_include_sys) throws (1: NotAliveException e, 2: AuthorizationException aze) // 1.1; write with SupervisorPageArgs
  list<OwnerResourceSummary> getOwnerResourceSummaries(1: string owner) throws (1: AuthorizationException aze) // 2.0; write with OwnerArgs
  TopologyHistoryInfo getTopologyHistory(1: string user) throws (1: AuthorizationException aze) // 1.0
  string getTopologyConf(1: string id) throws (1: NotAliveException e, 2: AuthorizationException aze)
  string getNimbusConf() throws (1: AuthorizationException aze)
  StormTopology getTopology(1: string id) throws (1: NotAliveException e, 2: AuthorizationException aze)
  StormTopology getUserTopology(1: string id) throws (1: NotAliveException e, 2: AuthorizationException aze)
  LogConfig getLogConfig(1: string name) // by id; 1.0
  list<ProfileRequest> getComponentPendingProfileActions(1: string id, 2: string component_id, 3: ProfileAction action) // 1.0
  bool isTopologyNameAllowed(1: string name) throws (1: AuthorizationException aze) // 1.1

  // Changes.
  void killTopology(1: string name) throws (1: NotAliveException e, 2: AuthorizationException aze)
  void killTopologyWithOpts(1: string name, 2: KillOptions options) throws (1: NotAliveException e, 2: AuthorizationException aze)
  void activate(1: string name) throws (1: NotAliveException e, 2: AuthorizationException aze)
  void deactivate(1: string name) throws (1: NotAliveException e, 2: AuthorizationException aze)
  void rebalance(1: string name, 2: RebalanceOptions options) throws (1: NotAliveException e, 2: InvalidTopologyException ite, 3: AuthorizationException aze)
  void setLogConfig(1: string name, 2: LogConfig config) // by id; 1.0
  void debug(1: string name, 2: string component, 3: bool enable, 4: double samplingPercentage) throws (1: NotAliveException e, 2: AuthorizationException aze) // 1.0
  void setWorkerProfiler(1: string id, 2: ProfileRequest profileRequest) // 1.0
}
