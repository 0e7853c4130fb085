package sim

import (
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// lineKind is a line of Storm's. Every recorded line and every line of a
// simulated host is one of these, so that a kind that both have has one layout.
type lineKind struct {
	file string // whose log it is in
	text string // a regular expression for the line, with the short forms below
	// only is who has the kind: "" for both, else storm (this was recorded and is
	// not simulated) or sim (a line of a demo's own component).
	only string
}

// Short forms in the expressions of line kinds.
var shortForms = strings.NewReplacer(
	"<stamp>", `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`, "<thread>", `Thread-\d+`, "<executor>", `Thread-\d+-\S+-executor\[-?\d+, -?\d+\]`,
	"<id>", `[\w$-]+-\d+-\d+`, "<uuid>", `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "<node>", `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[\w.-]+`,
	"<span>", `\[-?\d+, -?\d+\]`, "<tasks>", `\[-?\d+(?:, \d+)*\]`, "<peer>", `/?\d+\.\d+\.\d+\.\d+:\d+`, "<hook>", "ShutdownHook-shutdownFunc", "<slot>", `SLOT_\d+`,
	"<conf>", `\{[\w.]+=.*\}`, "<gc>", `\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000\]\[\d+\.\d{3}s\]\[info\]`, "<component>", `[\w$-]+`,
	"<localassignment>", `LocalAssignment\(topology_id:\S+, executors:\[ExecutorInfo\(task_start:\d+, task_end:\d+\)(?:, ExecutorInfo\(task_start:\d+, task_end:\d+\))*\], resources:WorkerResources\(mem_on_heap:\d+\.0, mem_off_heap:0\.0, cpu:\d+\.0, shared_mem_on_heap:0\.0, shared_mem_off_heap:0\.0, resources:\{offheap\.memory\.mb=0\.0, onheap\.memory\.mb=\d+\.0, cpu\.pcore\.percent=\d+\.0\}, shared_resources:\{\}\), owner:\S+\)`,
)

var lineKinds = []lineKind{
	// A worker begins.
	{"worker", `<stamp> o\.a\.s\.v\.ConfigValidation main \[INFO\] Will use \[class org\.apache\.storm\.Config\] for validation`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.LogConfigManager main \[INFO\] Started with log levels: \{=INFO, STDERR=INFO, STDOUT=INFO, org\.apache\.storm\.metric\.LoggingMetricsConsumer=INFO\}`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] Adding shutdown hook with kill in 3 secs`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] Launching worker for <id> on <node>:\d+ with id <uuid> and conf <conf>`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.u\.o\.l\.s\.c\.SysOutOverSLF4JInitialiser main \[WARN\] Your logging framework class .*`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.u\.o\.l\.s\.c\.SysOutOverSLF4J main \[INFO\] (Replaced|Redirected) .*`, ""},
	{"worker", `<stamp> o\.a\.s\.z\.ClientZookeeper main \[INFO\] Starting ZK Curator`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.c\.f\.i\.CuratorFrameworkImpl main \[INFO\] (Starting|Default schema)`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ZooKeeper main \[INFO\] Client environment:[\w.]+=.*`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ZooKeeper main \[INFO\] Initiating client connection, connectString=[\w.]+:2181(/storm)? sessionTimeout=20000 watcher=org\.apache\.storm\.shade\.org\.apache\.curator\.ConnectionState@[0-9a-f]+`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.c\.X509Util main \[INFO\] (Setting -D|Default TLS protocol) .*`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxnSocket main \[INFO\] jute\.maxbuffer value is 1048575 Bytes`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main \[INFO\] zookeeper\.request\.timeout value is 0\. feature enabled=false`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main-SendThread\([\w.]+:2181\) \[INFO\] Opening socket connection to server [\w.]+<peer>\.`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main-SendThread\([\w.]+:2181\) \[INFO\] SASL config status: .*`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main-SendThread\([\w.]+:2181\) \[INFO\] Socket connection established, initiating session, client: <peer>, server: [\w.]+<peer>`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main-SendThread\([\w.]+:2181\) \[INFO\] Session establishment complete on server [\w.]+<peer>, session id = 0x1000[0-9a-f]+, negotiated timeout = 20000`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.c\.f\.s\.ConnectionStateManager main-EventThread \[INFO\] State change: CONNECTED`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.c\.f\.i\.EnsembleTracker main-EventThread \[INFO\] New config event received: \{\}`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.c\.f\.i\.CuratorFrameworkImpl Curator-Framework-0 \[INFO\] backgroundOperationsLoop exiting`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ClientCnxn main-EventThread \[INFO\] EventThread shut down for session: 0x1000[0-9a-f]+`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.o\.a\.z\.ZooKeeper main \[INFO\] Session: 0x1000[0-9a-f]+ closed`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.StormMetricRegistry main \[INFO\] Starting metrics reporters\.\.\.`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.a\.ClientAuthUtils main \[INFO\] Got AutoCreds \[\]`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.TransportFactory main \[INFO\] Storm peer transport plugin:org\.apache\.storm\.messaging\.netty\.Context`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.WorkerState main \[INFO\] Registering IConnectionCallbacks for <node>:\d+`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Server main \[INFO\] Create Netty Server Netty-server-[\w.]+-\d+, buffer_size: 5242880, maxWorkers: 1`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client main \[INFO\] Creating Netty Client, connecting to <peer>, bufferSize: 5242880, lowWatermark: 8388608, highWatermark: 16777216`, ""},
	{"worker", `<stamp> o\.a\.s\.e\.Executor main \[INFO\] (Loading executor tasks|Finished loading executor) <component>:<span>`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] Flush Tuple generation disabled\. producerBatchSize=1, xferBatchSize=1, flushIntervalMillis=1`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] BackPressure status change checking will be performed every 50 millis`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] BackPressure change checking is disabled as there is only one worker`, "storm"},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] Worker has topology config <conf>`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker main \[INFO\] Worker <uuid> for storm <id> on <node>:\d+  has finished loading`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.WorkerState Netty-server-[\w.]+-\d+-worker-1 \[INFO\] Sending BackPressure status to new client\. BPStatus: \{worker=<uuid>, bpStatusId=1, bpTasks=\[\], nonBpTasks=<tasks>\}`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.WorkerState refresh-active-timer \[INFO\] All connections are ready for worker <node>:\d+ with id <uuid>`, ""},
	{"worker", `<stamp> o\.a\.s\.e\.b\.BoltExecutor <executor> \[INFO\] Prepar(ing|ed) bolt <component>:<tasks>`, ""},
	{"worker", `<stamp> o\.a\.s\.e\.s\.SpoutExecutor <executor> \[INFO\] (Opening|Opened|Activating|Deactivating) spout <component>:<tasks>`, ""},
	{"worker", `<stamp> o\.a\.s\.u\.ShellProcess <executor> \[INFO\] Storm multilang serializer: org\.apache\.storm\.multilang\.JsonSerializer`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.c\.CGroupMetricsBase Thread-1[34]-__system-executor\[-1, -1\] \[INFO\] (storm\.cgroup\.hierarchy\.dir is not set or does not exist\. checking storm\.oci\.cgroup\.root|Metric \w+ is ENABLED and directory /sys/fs/cgroup/\w+ exists\.\.\.)`, ""},
	{"worker", `<stamp> o\.a\.s\.(t\.ShellBolt|s\.ShellSpout) <executor> \[INFO\] (Launched subprocess with pid \d+|Start checking heartbeat\.\.\.)`, ""},
	// What components say.
	{"worker", `<stamp> o\.a\.s\.t\.ShellBolt <thread> \[(INFO|WARN|ERROR)\] ShellLog pid:\d+, name:<component> .*`, ""},
	{"worker", `<stamp> o\.a\.s\.s\.ShellSpout <executor> \[(INFO|WARN|ERROR)\] ShellLog pid:\d+, name:<component> .*`, "storm"},
	{"worker", `<stamp> o\.a\.s\.f\.w\.b\.LogInfoBolt <executor> \[INFO\] source: .*`, "storm"},
	{"worker", `<stamp> [\w-]+ <thread> \[INFO\] stderr of task .*`, "storm"},
	{"worker", `<stamp> STDERR Thread-[01] \[INFO\] .*`, "storm"}, // a JVM that was asked to talk
	{"worker", `<stamp> (c\.e|o\.a\.k\.c)\.\w+(\.\w+)* <executor> \[(INFO|WARN)\] .*`, "sim"},
	{"worker", `<stamp> o\.a\.s\.m\.(EventLoggerBolt|FileBasedEventLogger) .*`, "storm"},
	{"worker", `<stamp> o\.a\.s\.e\.Executor <executor> \[INFO\] Timeouts disabled for executor .*`, "storm"},
	// A worker fails and ends.
	{"worker", `<stamp> o\.a\.s\.e\.e\.ReportError <thread> \[ERROR\] Error`, ""},
	{"worker", `<stamp> o\.a\.s\.t\.ShellBolt <thread> \[ERROR\] Halting process: ShellBolt died\. Command: \[\S+, \S+\], ProcessInfo pid:\d+, name:<component> exitCode:\d+, errorString: `, ""},
	{"worker", `<stamp> o\.a\.s\.t\.ShellBolt <thread> \[ERROR\] Halting process: ShellBolt died\. Command: .*errorString: .+`, "storm"},
	{"worker", `<stamp> o\.a\.s\.u\.Utils <executor> \[ERROR\] Async loop died!`, ""},
	{"worker", `<stamp> o\.a\.s\.u\.Utils <executor> \[ERROR\] Halting process: Worker died`, ""},
	{"worker", `<stamp> o\.a\.s\.u\.Utils ShutdownHook-sleepKill-3s \[INFO\] Halting after 3 seconds`, ""},
	{"worker", `<stamp> o\.a\.s\.u\.Utils <executor> \[INFO\] Async loop interrupted!`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker <hook> \[INFO\] Shut(ting)? down worker <id> <node> \d+`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client <hook> \[INFO\] closing Netty Client Netty-Client-<peer>`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client <hook> \[INFO\] waiting up to 600000 ms to send \d+ pending messages to Netty-Client-<peer>`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.Worker <hook> \[INFO\] (Terminating messaging context|Shut(ting)? down (executors|transfer thread)|Trigger any worker shutdown hooks|Disconnecting from storm cluster state context)`, ""},
	{"worker", `<stamp> o\.a\.s\.d\.w\.WorkerState <hook> \[INFO\] Shut(ting)? down default resources`, ""},
	{"worker", `<stamp> o\.a\.s\.e\.ExecutorShutdown <hook> \[INFO\] Shut(ting)? down executor <component>:<span>`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client client-worker-1 \[ERROR\] connection attempt \d+ to Netty-Client-<peer> failed: org\.apache\.storm\.shade\.io\.netty\.channel\.AbstractChannel\$AnnotatedConnectException: (Connection refused|No route to host): <peer>`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client Worker-Transfer \[ERROR\] connection to Netty-Client-<peer> is unavailable`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client Worker-Transfer \[INFO\] Dropping \d+ messages`, ""},
	{"worker", `<stamp> o\.a\.s\.m\.n\.Client refresh-connections-timer \[INFO\] (closing Netty Client Netty-Client-<peer>|Creating Netty Client, connecting to <peer>, .*)`, "sim"}, // what main does at the begin
	{"worker", `<stamp> o\.a\.s\.(e\.ExecutorShutdown <hook> \[WARN\]|u\.Utils ShutdownHook-sleepKill-3s \[WARN\] Forcing Halt|d\.Acker <hook>|m\.n\.Client (client-worker-1|Worker-Transfer|<hook>) \[(ERROR|INFO|WARN)\]|s\.i\.n\.u\.HashedWheelTimer|e\.e\.ReportErrorAndDie|s\.a\.TBackoffConnect|u\.NimbusClient|s\.a\.ThriftClient|u\.Utils \S+ \[ERROR\] Received error).*`, "storm"},
	{"worker", `<stamp> o\.a\.s\.(u\.StormBoundedExponentialBackoffRetry|m\.n\.Stale\w*|d\.w\.WorkerState|d\.w\.Worker|u\.ShellUtils|u\.Utils|e\.\w+|c\.\w+|s\.o\.a\.[zc][\w.]*|m\.n\.\w+|z\.\w+|d\.w\.LogConfigManager) .*`, "storm"},

	// A supervisor.
	{"supervisor", `<stamp> o\.a\.s\.v\.ConfigValidation main \[INFO\] Will use \[class org\.apache\.storm\.DaemonConfig, class org\.apache\.storm\.Config\] for validation`, ""},
	{"supervisor", `<stamp> o\.a\.s\.l\.AsyncLocalizer main \[INFO\] Reconstruct localized resources`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Supervisor main \[INFO\] Starting supervisor for storm version '2\.8\.3'\.`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Supervisor main \[INFO\] Starting Supervisor with conf <conf>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.ContainerLauncher main \[INFO\] storm\.resource\.isolation\.plugin\.enable is false\. .*`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot main \[INFO\] SLOT [\w.]+:\d+ Starting in state empty - assignment null`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Supervisor main \[INFO\] Starting supervisor with id <node> at host [\w.]+\.`, ""},
	{"supervisor", `<stamp> o\.a\.s\.(d\.m\.MetricsUtils|d\.m\.r\.JmxPreparableReporter|m\.StormMetricsRegistry) main \[INFO\] (Using statistics reporter plugin:\S+|Preparing\.\.\.|Started statistics report plugin\.\.\.)`, ""},
	{"supervisor", `<stamp> o\.a\.s\.s\.a\.MultiThriftServer main \[INFO\] Starting thrift server supervisor-thrift-server-6628`, ""},
	{"supervisor", `<stamp> o\.a\.s\.u\.NimbusClient WorkerHBTimer \[INFO\] Found leader nimbus : [\w.-]+:6627:0`, ""},
	{"supervisor", `<stamp> o\.a\.s\.l\.AsyncLocalizer AsyncLocalizer Task Executor - \d \[INFO\] (Starting|Finish) cleanup`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.t\.SupervisorHealthCheck EventTimer \[INFO\] Running supervisor healthchecks\.\.\.`, ""},
	{"supervisor", `<stamp> o\.a\.s\.h\.HealthChecker EventTimer \[INFO\] The supervisor healthchecks succeeded\.`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[INFO\] STATE (empty|waiting-for-blob-localization) msInState: \d+ -> [\w-]+ msInState: \d+( topo:<id> worker:<uuid>)?`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[INFO\] STATE (waiting-for-worker-start|running) msInState: \d+ topo:<id> worker:<uuid> -> (running|kill|kill-and-relaunch) msInState: \d+ topo:<id> worker:<uuid>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[INFO\] STATE kill msInState: \d+ topo:<id> worker:null -> empty msInState: \d+`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[INFO\] SLOT \d+ all processes are dead\.\.\.`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[WARN\] SLOT \d+: main process has exited for topology: <id>`, "sim"}, // the sentence is in Slot.java; no crash was recorded
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Slot <slot> \[INFO\] SLOT \d+: Changing current assignment from null to <localassignment>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Container <slot> \[INFO\] (Killing|Setting up|Cleaning up) <node>:<uuid>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Container <slot> \[INFO\] (GET|SET|REMOVE) worker-user <uuid>|<stamp> o\.a\.s\.d\.s\.Container <slot> \[INFO\] (GET worker-user for|SET worker-user) <uuid>( \w+)?`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.Container <slot> \[INFO\] Creating symlinks for worker-id: <uuid> storm-id: <id> for files\(1\): \[resources\]`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.BasicContainer <slot> \[INFO\] (Created|Removed) Worker ID <uuid>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.BasicContainer <slot> \[INFO\] Launching worker with assignment <localassignment> for this supervisor <node> on port \d+ with id <uuid>`, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.BasicContainer <slot> \[INFO\] Launching worker with command: 'java' '-cp' '.*' 'org\.apache\.storm\.LogWriter' 'java' '-server' .* 'org\.apache\.storm\.daemon\.worker\.Worker' '<id>' '<node>' '6628' '\d+' '<uuid>'\. `, ""},
	{"supervisor", `<stamp> o\.a\.s\.d\.s\.BasicContainer <thread> \[INFO\] Worker Process <uuid> exited with code: \d+`, ""},
	{"supervisor", `<stamp> o\.a\.s\.\S+ .*`, "storm"}, // blobs, ZooKeeper's client, recovery after a restart

	// A Nimbus.
	{"nimbus", `<stamp> o\.a\.s\.v\.ConfigValidation main \[INFO\] Will use \[class org\.apache\.storm\.DaemonConfig, class org\.apache\.storm\.Config\] for validation`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus main \[INFO\] (Using default scheduler|Starting nimbus server for storm version '2\.8\.3')`, ""},
	{"nimbus", `<stamp> o\.a\.s\.s\.b\.BlacklistScheduler main \[INFO\] Preparing black list scheduler`, ""},
	{"nimbus", `<stamp> o\.a\.s\.n\.NimbusInfo main \[INFO\] Overriding nimbus host to storm\.local\.hostname -> [\w.-]+`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus main \[INFO\] Starting Nimbus with conf <conf>`, ""},
	{"nimbus", `<stamp> o\.a\.s\.z\.LeaderElectorImp main \[INFO\] Queued up for leader lock\.`, ""},
	{"nimbus", `<stamp> o\.a\.s\.(d\.m\.MetricsUtils|d\.m\.r\.JmxPreparableReporter|m\.StormMetricsRegistry) main \[INFO\] (Using statistics reporter plugin:\S+|Preparing\.\.\.|Started statistics report plugin\.\.\.)`, ""},
	{"nimbus", `<stamp> o\.a\.s\.s\.a\.MultiThriftServer main \[INFO\] Starting thrift server nimbus-thrift-server-6627`, ""},
	{"nimbus", `<stamp> o\.a\.s\.n\.LeaderListenerCallback main-EventThread \[INFO\] (Locking sync remote assignments and id-info to local|Accepting leadership, all active topologies and corresponding dependencies found locally\.)`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] TRANSITION: <id> GAIN_LEADERSHIP null false`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] not a leader, skipping assignments`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] (Assign|Reassign)ing <id> to \d+ slots`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] (Assign|Reassign) executors: \[<span>(, <span>)*\]`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.HeartbeatCache timer \[INFO\] Executor <id>:<span> not alive`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] Fragmentation after scheduling is: 0\.0 MB, 0 PCore CPUs`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus timer \[INFO\] Setting new assignment for topology id <id>: Assignment\(master_code_dir:\S+, node_host:\{<node>=[\w.]+(, <node>=[\w.]+)*\}, executor_node_port:\{<span>=NodeInfo\(node:<node>, port:\[\d+\]\)(, <span>=NodeInfo\(node:<node>, port:\[\d+\]\))*\}, executor_start_time_secs:\{<span>=\d+(, <span>=\d+)*\}, worker_resources:\{.*\}, total_shared_off_heap:\{.*\}, owner:\w+\)`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus pool-29-thread-\d+ \[INFO\] Activating [\w-]+: <id>`, ""},
	{"nimbus", `<stamp> o\.a\.s\.d\.n\.Nimbus (timer|pool-29-thread-\d+|nimbus:cleanupTimer) \[INFO\] (TRANSITION: <id> (KILL|REMOVE|REBALANCE|DO_REBALANCE|INACTIVATE|ACTIVATE) .* (true|false)|Delaying event (REMOVE|DO_REBALANCE) for \d+ secs for <id>|Adding topo to history log: <id>|Killing topology: <id>|Cleaning up <id>)`, "sim"}, // sentences of Nimbus.java; no operation was recorded there
	{"nimbus", `<stamp> (o\.a\.s|o\.e\.j)\.\S+ .*`, "storm"},

	// The collector.
	{"gc", `<gc>\[gc\] Using Serial`, ""},
	{"gc", `<gc>\[gc,init\] [\w -]+: .+`, ""},
	{"gc", `<gc>\[gc,start    \] GC\(0\) Pause Full \(Metadata GC Threshold\)`, ""},
	{"gc", `<gc>\[gc,start       \] GC\(\d+\) Pause (Young|Full) \(Allocation Failure\)`, ""},
	{"gc", `<gc>\[gc,phases,start\] GC\(\d+\) Phase \d: [A-Z][\w ]+`, ""},
	{"gc", `<gc>\[gc,phases      \] GC\(\d+\) Phase \d: [A-Z][\w ]+ \d+\.\d{3}ms`, ""},
	{"gc", `<gc>\[gc,heap        \] GC\(\d+\) DefNew: \d+K\(\d+K\)->\d+K\(\d+K\) Eden: \d+K\(\d+K\)->0K\(\d+K\) From: \d+K\(\d+K\)->\d+K\(\d+K\)`, ""},
	{"gc", `<gc>\[gc,heap        \] GC\(\d+\) Tenured: \d+K\(\d+K\)->\d+K\(\d+K\)`, ""},
	{"gc", `<gc>\[gc,metaspace   \] GC\(\d+\) Metaspace: \d+K\(\d+K\)->\d+K\(\d+K\) NonClass: \d+K\(\d+K\)->\d+K\(\d+K\) Class: \d+K\(\d+K\)->\d+K\(\d+K\)`, ""},
	{"gc", `<gc>\[gc             \] GC\(\d+\) Pause (Young|Full) \([\w ]+\) \d+M->\d+M\(\d+M\) \d+\.\d{3}ms`, ""},
	{"gc", `<gc>\[gc,cpu         \] GC\(\d+\) User=\d+\.\d\ds Sys=\d+\.\d\ds Real=\d+\.\d\ds`, ""},
	{"gc", `<gc>\[gc,heap,exit   \] (Heap| def new generation .*|  eden space .*|  from space .*|  to   space .*| tenured generation .*|   the space .*| Metaspace .*|  class space .*)`, ""},
	{"gc", `<gc>\[gc,metaspace\] .*`, "storm"},
}

// head is the beginning of a line that is not a continuation.
var head = regexp.MustCompile(`^(\d{4}-\d\d-\d\d[ T]|\[\d{4}-)`)

var digits = strings.NewReplacer("1", "0", "2", "0", "3", "0", "4", "0", "5", "0", "6", "0", "7", "0", "8", "0", "9", "0")

// classify finds the kind of every line and says which were found.
func classify(t *testing.T, file, who, text string, found map[int]bool) {
	t.Helper()
	compiled := compiledKinds()
	unknown, seen := 0, map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !head.MatchString(line) {
			continue
		}
		// Lines that differ in numbers alone are looked at once.
		if shape := digits.Replace(line); seen[shape] {
			continue
		} else {
			seen[shape] = true
		}
		known := false
		for i, k := range lineKinds {
			if k.file == file && (k.only == "" || k.only == who) && compiled[i].MatchString(line) {
				known, found[i] = true, true
				break
			}
		}
		if !known && unknown < 5 {
			unknown++
			t.Errorf("%s of %s has a line of no kind: %.400q", file, who, line)
		}
	}
}

func compiledKinds() []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(lineKinds))
	for i, k := range lineKinds {
		out[i] = regexp.MustCompile(`^(?:` + shortForms.Replace(k.text) + `)$`)
	}
	return out
}

// everything is the text of all files of a directory and below, whose name
// begins in a certain way.
func everything(t *testing.T, disk *hostfs.FS, dir, prefix string) string {
	t.Helper()
	var out strings.Builder
	infos, err := disk.As("root").ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		name := path.Join(dir, i.Name())
		switch {
		case i.IsDir():
			out.WriteString(everything(t, disk, name, prefix))
		case strings.HasPrefix(i.Name(), prefix) && !strings.HasSuffix(name, ".gz"):
			f, err := disk.As("root").Open(name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(f)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(b)
		}
	}
	return out.String()
}

// livedThrough is a world with every host looked at in which much has happened.
func livedThrough(t *testing.T) *machines {
	t.Helper()
	w := NewDemo(1, testStart)
	ms := newMachines(w, hostConf{LogBytes: 64 << 20})
	w.watch = ms.watch
	for _, m := range ms.list {
		ms.open(m.name)
	}
	w.Begin()
	run(w, 250*time.Second)
	w.mu.Lock()
	w.setStatus(w.topology("wordcount"), inactive)
	w.mu.Unlock()
	run(w, 5*time.Second)
	w.mu.Lock()
	w.setStatus(w.topology("wordcount"), active)
	w.startRebalance(w.topology("wordcount"), &storm.RebalanceOptions{WaitSecs: new(int32(3)), NumWorkers: new(int32(2)), NumExecutors: map[string]int32{"split": 3}})
	w.kill(w.topology("global-alarms"), new(int32(2)))
	w.mu.Unlock()
	run(w, 30*time.Second)
	w.EndNimbus(0)
	run(w, 25*time.Second)
	w.StartNimbus(0)
	run(w, 20*time.Second)
	return ms
}

func TestAWorldThatWasLivedThrough(t *testing.T) {
	t.Parallel()
	ms := livedThrough(t)
	t.Run("lines have Storm's layout", func(t *testing.T) { linesHaveStormsLayout(t, ms) })
	t.Run("records are in the order of their times", func(t *testing.T) { recordsAreInTheOrderOfTheirTimes(t, ms) })
	t.Run("Python's files have their layout", func(t *testing.T) { pythonFilesHaveTheirLayout(t, ms) })
}

func linesHaveStormsLayout(t *testing.T, ms *machines) {
	t.Helper()
	recorded, simulated := map[int]bool{}, map[int]bool{}
	for _, file := range []string{"worker", "supervisor", "nimbus", "gc"} {
		b, err := os.ReadFile("testdata/layout/" + file + ".log")
		if err != nil {
			t.Fatal(err)
		}
		classify(t, file, "storm", string(b), recorded)
	}
	for _, m := range ms.list {
		for _, file := range []string{"supervisor", "nimbus", "gc"} {
			classify(t, file, "sim", everything(t, m.disk, logDir, file+".log"), simulated)
		}
		classify(t, "worker", "sim", everything(t, m.disk, logDir, "worker.log"), simulated)
	}
	for i, k := range lineKinds {
		if k.only != "sim" && !recorded[i] && k.only == "" {
			t.Errorf("no recorded line is of the kind %s %s", k.file, k.text)
		}
		if k.only != "storm" && !simulated[i] {
			t.Errorf("no simulated line is of the kind %s %s", k.file, k.text)
		}
	}
}

func recordsAreInTheOrderOfTheirTimes(t *testing.T, ms *machines) {
	t.Helper()
	for _, m := range ms.list {
		for _, s := range m.sorted() {
			last := ""
			for line := range strings.Lines(everything(t, m.disk, s.dir, "worker.log")) {
				if !head.MatchString(line) {
					continue
				}
				if at := line[:len(clockLayout)]; at < last {
					t.Fatalf("%s %s: %s after %s", m.name, s.dir, line, last)
				} else {
					last = at
				}
			}
		}
	}
}

// pystormLine is pystorm's own layout with its defaults.
var pystormLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - pystorm\.component\.[\w-]+ - (INFO|WARNING|ERROR) - .+`)

func pythonFilesHaveTheirLayout(t *testing.T, ms *machines) {
	t.Helper()
	lines, traces := 0, 0
	for _, m := range ms.list {
		infos, err := m.disk.As(stormUser).ReadDir(pystormDir)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			var component string
			var task, pid int
			if n, err := fmt.Sscanf(strings.ReplaceAll(strings.TrimSuffix(i.Name(), ".log"), "_", " "), "pystorm wikipedia-trends %s %d %d", &component, &task, &pid); n != 3 && !strings.Contains(i.Name(), ".log.") {
				t.Errorf("%s: %v", i.Name(), err)
			}
			for line := range strings.Lines(everything(t, m.disk, pystormDir, i.Name())) {
				switch {
				case head.MatchString(line):
					if lines++; !pystormLine.MatchString(line) {
						t.Errorf("%s: %q", i.Name(), line)
					}
				case strings.HasPrefix(line, "UnicodeDecodeError"):
					traces++
				}
			}
		}
	}
	if lines < 1000 || traces < 100 {
		t.Errorf("%d lines and %d traces", lines, traces)
	}
}
