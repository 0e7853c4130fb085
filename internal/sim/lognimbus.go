package sim

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// nimbusLog writes nimbus.log: what a Nimbus says about the changes that the
// world shows from one step to the next.
type nimbusLog struct {
	scribe
	log     *logFile
	number  int
	random  *rand.Rand
	started float64
	leads   bool
	idle    float64 // when the timer speaks of a standby next
	seen    map[string]topologySeen
}

// topologySeen is what was known of a topology a step ago.
type topologySeen struct {
	status storm.TopologyStatus
	sum    uint64          // of where its executors were
	placed map[span]placed // nil for one that nobody leads
}

// placed is where an executor is, since when.
type placed struct {
	on    slot
	since float64
}

func newNimbusLog(m *machine, number int) *nimbusLog {
	n := &nimbusLog{
		scribe: scribe{on: m}, log: &logFile{disk: m.disk, path: logDir + "/nimbus.log", limit: daemonBytes, keep: generations}, number: number,
		random: rand.New(rand.NewPCG(m.of.seed, seedOf("nimbus", m.name))), seen: map[string]topologySeen{},
	}
	w := m.of.w
	n.log.open(n.clock(w.now))
	n.started, n.leads = w.nimbuses[number].started, w.acting() == number
	n.idle = w.now - recallSecs + 10*n.random.Float64()
	for _, t := range w.topologies {
		n.seen[t.id] = look(t)
		if n.leads && t.launched > n.started {
			n.say(t.launched-0.5, n.pool(), "Activating "+t.name+": "+t.id)
			n.assigned(t, t.launched)
		}
	}
	// A leader with nothing to do says nothing, so that this is all there was.
	n.start(n.started)
	return n
}

// look is a topology as it is.
func look(t *topology) topologySeen {
	seen := topologySeen{status: t.status}
	for _, e := range t.byTask {
		seen.sum = (seen.sum ^ math.Float64bits(e.since) ^ uint64(e.start)<<32 ^ uint64(e.end) ^ uint64(e.on.port)<<17 ^ math.Float64bits(e.on.host.started)) * 0x9e3779b97f4a7c15
	}
	return seen
}

// places are where a topology's executors are.
func places(t *topology) map[span]placed {
	out := make(map[span]placed, len(t.byTask))
	for _, e := range t.byTask {
		out[span{e.of, e.start, e.end}] = placed{slot{e.on.host, e.on.port}, e.since}
	}
	return out
}

func (n *nimbusLog) say(at float64, thread, message string) {
	n.line(n.log, at, "o.a.s.d.n.Nimbus", thread, "INFO", message)
}

// pool is a thread that answers a client.
func (n *nimbusLog) pool() string { return fmt.Sprintf("pool-29-thread-%d", 1+n.random.IntN(64)) }

// start are the first lines of the process.
func (n *nimbusLog) start(at float64) {
	main := func(after float64, logger, text string) { n.line(n.log, at+after, logger, "main", "INFO", text) }
	main(0.9, "o.a.s.v.ConfigValidation", "Will use [class org.apache.storm.DaemonConfig, class org.apache.storm.Config] for validation")
	main(1.8, "o.a.s.d.n.Nimbus", "Using default scheduler")
	main(1.81, "o.a.s.s.b.BlacklistScheduler", "Preparing black list scheduler")
	main(1.9, "o.a.s.n.NimbusInfo", "Overriding nimbus host to storm.local.hostname -> "+n.on.name)
	main(1.92, "o.a.s.d.n.Nimbus", "Starting Nimbus with conf "+n.on.conf())
	main(1.95, "o.a.s.z.LeaderElectorImp", "Queued up for leader lock.")
	main(2.1, "o.a.s.d.m.MetricsUtils", "Using statistics reporter plugin:org.apache.storm.daemon.metrics.reporters.JmxPreparableReporter")
	main(2.101, "o.a.s.d.m.r.JmxPreparableReporter", "Preparing...")
	main(2.19, "o.a.s.m.StormMetricsRegistry", "Started statistics report plugin...")
	main(2.192, "o.a.s.d.n.Nimbus", "Starting nimbus server for storm version '"+Version+"'")
	main(2.193, "o.a.s.s.a.MultiThriftServer", "Starting thrift server nimbus-thrift-server-6627")
}

// step are the lines of a step that ended now.
func (n *nimbusLog) step(now float64) {
	w := n.on.of.w
	self := w.nimbuses[n.number]
	if self.started != n.started {
		n.started, n.leads = self.started, false
		n.start(self.started)
	}
	if self.ended {
		n.queue = nil // SIGKILL
		n.leads = false
		return
	}
	leads := w.acting() == n.number
	if leads && !n.leads {
		n.line(n.log, now-0.4, "o.a.s.n.LeaderListenerCallback", "main-EventThread", "INFO", "Locking sync remote assignments and id-info to local")
		n.line(n.log, now-0.1, "o.a.s.n.LeaderListenerCallback", "main-EventThread", "INFO", "Accepting leadership, all active topologies and corresponding dependencies found locally.")
		for i, t := range w.topologies {
			n.say(now-0.05+float64(i%40)*0.001, "timer", "TRANSITION: "+t.id+" GAIN_LEADERSHIP null false")
		}
	}
	n.leads = leads
	for n.idle <= now {
		if !leads {
			n.say(n.idle, "timer", "not a leader, skipping assignments")
		}
		n.idle += 10
	}
	if leads {
		n.changes(now)
	} else {
		for _, t := range w.topologies {
			n.seen[t.id] = look(t)
		}
	}
	n.log.compress(n.clock(now))
	n.log.settle(n.clock(now))
	n.flush(now)
}

// changes are the lines about what became of topologies.
func (n *nimbusLog) changes(now float64) {
	here := map[string]bool{}
	for _, t := range n.on.of.w.topologies {
		here[t.id] = true
		was, known := n.seen[t.id]
		is := look(t)
		if is.sum != was.sum || was.placed == nil {
			is.placed = places(t)
		} else {
			is.placed = was.placed
		}
		n.seen[t.id] = is
		if !known {
			n.say(now-0.3, n.pool(), "Activating "+t.name+": "+t.id)
		}
		if known && was.status != is.status {
			n.transition(t, was.status, now)
		}
		switch {
		case was.sum == is.sum:
		case known && was.status == is.status && was.placed != nil:
			n.reassigned(t, was.placed, now)
		default:
			n.assigned(t, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(n.seen)) {
		if here[id] {
			continue
		}
		delete(n.seen, id)
		n.say(now-0.02, "timer", "TRANSITION: "+id+" REMOVE null false")
		n.say(now-0.019, "timer", "Killing topology: "+id)
		n.say(now+6, "nimbus:cleanupTimer", "Cleaning up "+id)
	}
}

// transition are the lines about a change of state.
func (n *nimbusLog) transition(t *topology, was storm.TopologyStatus, now float64) {
	said := func(event, argument string, strict bool, thread string) {
		n.say(now-0.05, thread, fmt.Sprintf("TRANSITION: %s %s %s %t", t.id, event, argument, strict))
	}
	delay := func(event string, secs int32) {
		n.say(now-0.049, n.pool(), fmt.Sprintf("Delaying event %s for %d secs for %s", event, secs, t.id))
	}
	switch t.status {
	case killed:
		secs := t.options.KillOptions.GetWaitSecs()
		said("KILL", fmt.Sprint(secs), true, n.pool())
		delay("REMOVE", secs)
		n.say(now-0.04, n.pool(), "Adding topo to history log: "+t.id)
	case rebalancing:
		o := t.options.RebalanceOptions
		var wishes []string
		for _, id := range slices.Sorted(maps.Keys(o.NumExecutors)) {
			wishes = append(wishes, fmt.Sprintf("%s=%d", id, o.NumExecutors[id]))
		}
		workers := ""
		if o.NumWorkers != nil {
			workers = fmt.Sprintf("num_workers:%d, ", *o.NumWorkers)
		}
		said("REBALANCE", fmt.Sprintf("RebalanceOptions(wait_secs:%d, %snum_executors:{%s})", o.GetWaitSecs(), workers, strings.Join(wishes, ", ")), true, n.pool())
		delay("DO_REBALANCE", o.GetWaitSecs())
	case active, inactive:
		switch {
		case was == rebalancing:
			said("DO_REBALANCE", "null", false, "timer")
		case t.status == active:
			said("ACTIVATE", "null", true, n.pool())
		default:
			said("INACTIVATE", "null", true, n.pool())
		}
	}
}

// reassigned are the lines about executors that were given up and placed anew.
func (n *nimbusLog) reassigned(t *topology, was map[span]placed, now float64) {
	var moved []string
	for _, e := range t.byTask {
		if was[span{e.of, e.start, e.end}] != (placed{slot{e.on.host, e.on.port}, e.since}) {
			moved = append(moved, spanOf(e))
			n.line(n.log, now-0.02, "o.a.s.d.n.HeartbeatCache", "timer", "INFO", "Executor "+t.id+":"+spanOf(e)+" not alive")
		}
	}
	n.say(now-0.012, "timer", fmt.Sprintf("Reassigning %s to %d slots", t.id, len(t.workers)))
	n.say(now-0.012, "timer", "Reassign executors: ["+strings.Join(moved, ", ")+"]")
	n.setting(t, now)
}

// assigned are the lines about a new assignment.
func (n *nimbusLog) assigned(t *topology, at float64) {
	var tasks []string
	for _, e := range t.byTask {
		tasks = append(tasks, spanOf(e))
	}
	n.say(at-0.012, "timer", fmt.Sprintf("Assigning %s to %d slots", t.id, len(t.workers)))
	n.say(at-0.012, "timer", "Assign executors: ["+strings.Join(tasks, ", ")+"]")
	n.setting(t, at)
}

// setting are the lines that end an assignment.
func (n *nimbusLog) setting(t *topology, at float64) {
	var ports, starts []string
	nodes := map[string]string{}
	for _, e := range t.byTask {
		ports = append(ports, fmt.Sprintf("%s=NodeInfo(node:%s, port:[%d])", spanOf(e), e.on.host.node, e.on.port))
		starts = append(starts, fmt.Sprintf("%s=%.0f", spanOf(e), e.since))
		nodes[e.on.host.node] = e.on.host.name
	}
	var hosts []string
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		hosts = append(hosts, node+"="+nodes[node])
	}
	n.say(at-0.009, "timer", "Fragmentation after scheduling is: 0.0 MB, 0 PCore CPUs")
	n.say(at-0.008, "timer", fmt.Sprintf("Setting new assignment for topology id %s: Assignment(master_code_dir:%s, node_host:{%s}, executor_node_port:{%s}, executor_start_time_secs:{%s}, "+
		"worker_resources:{}, total_shared_off_heap:{}, owner:%s)", t.id, localDir, strings.Join(hosts, ", "), strings.Join(ports, ", "), strings.Join(starts, ", "), t.owner))
}

// leaderName is who leads as far as ZooKeeper says, "" for nobody.
func (w *World) leaderName() string {
	if i := w.lockHolder(); i >= 0 {
		return w.nimbuses[i].host
	}
	return ""
}
