package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// daemonBytes is the size at which a daemon's log is rotated.
const daemonBytes = 1 << 20

// checkSecs is how often a supervisor cleans up and looks after itself.
const checkSecs = 30

// supervisor writes supervisor.log.
type supervisor struct {
	scribe
	log    *logFile
	random *rand.Rand
	checks float64 // when it looks after itself next
	watch  map[*place]*watched
	exits  int
}

// watched is a worker that a supervisor has launched.
type watched struct {
	id       string
	since    float64 // when it got into its state
	up       float64 // when it will be seen to run
	reported bool
}

func newSupervisor(m *machine) *supervisor {
	s := &supervisor{
		scribe: scribe{on: m}, log: &logFile{disk: m.disk, path: logDir + "/supervisor.log", limit: daemonBytes, keep: generations},
		random: rand.New(rand.NewPCG(m.of.seed, seedOf("supervisor", m.name))), watch: map[*place]*watched{},
	}
	now := m.of.w.now
	if s.log.exists(s.log.path) {
		// It goes on where the power failed.
		s.log.resume()
	}
	s.log.open(s.clock(now))
	s.checks = now - recallSecs + checkSecs*s.random.Float64()
	if m.host.started > now-recallSecs {
		s.start(m.host.started)
		s.checks = m.host.started + checkSecs
	}
	return s
}

func (s *supervisor) say(at float64, logger, thread, level, message string) {
	s.line(s.log, at, logger, thread, level, message)
}

// start are the first lines of the process.
func (s *supervisor) start(at float64) {
	h := s.on.host
	main := func(after float64, logger, text string) { s.say(at+after, logger, "main", "INFO", text) }
	main(0.8, "o.a.s.v.ConfigValidation", "Will use [class org.apache.storm.DaemonConfig, class org.apache.storm.Config] for validation")
	main(1.6, "o.a.s.l.AsyncLocalizer", "Reconstruct localized resources")
	main(1.606, "o.a.s.d.s.Supervisor", "Starting supervisor for storm version '"+Version+"'.")
	main(1.608, "o.a.s.d.s.Supervisor", "Starting Supervisor with conf "+s.on.conf())
	main(1.724, "o.a.s.d.s.ContainerLauncher", "storm.resource.isolation.plugin.enable is false. Using default resource isolation plugin: org.apache.storm.container.DefaultResourceIsolationManager@2b97cc1f")
	for _, port := range h.ports {
		main(1.728, "o.a.s.d.s.Slot", fmt.Sprintf("SLOT %s:%d Starting in state empty - assignment null", h.name, port))
	}
	main(1.733, "o.a.s.d.s.Supervisor", fmt.Sprintf("Starting supervisor with id %s at host %s.", h.node, h.name))
	main(1.736, "o.a.s.d.m.MetricsUtils", "Using statistics reporter plugin:org.apache.storm.daemon.metrics.reporters.JmxPreparableReporter")
	main(1.737, "o.a.s.d.m.r.JmxPreparableReporter", "Preparing...")
	main(1.821, "o.a.s.m.StormMetricsRegistry", "Started statistics report plugin...")
	main(1.831, "o.a.s.s.a.MultiThriftServer", "Starting thrift server supervisor-thrift-server-6628")
	s.say(at+2.7, "o.a.s.u.NimbusClient", "WorkerHBTimer", "INFO", "Found leader nimbus : "+s.on.of.w.leaderName()+":6627:0")
}

// step are the lines of a step that ended now.
func (s *supervisor) step(now float64) {
	for s.checks <= now {
		at := s.checks
		localizer := fmt.Sprintf("AsyncLocalizer Task Executor - %d", s.random.IntN(4))
		s.say(at, "o.a.s.l.AsyncLocalizer", localizer, "INFO", "Starting cleanup")
		s.say(at+0.005, "o.a.s.d.s.t.SupervisorHealthCheck", "EventTimer", "INFO", "Running supervisor healthchecks...")
		s.say(at+0.006, "o.a.s.h.HealthChecker", "EventTimer", "INFO", "The supervisor healthchecks succeeded.")
		s.say(at+0.037, "o.a.s.l.AsyncLocalizer", localizer, "INFO", "Finish cleanup")
		s.checks += checkSecs
	}
	for _, p := range s.on.sorted() {
		w := s.watch[p]
		if w == nil || w.reported || p.life == nil || now < w.up {
			continue
		}
		w.reported = true
		topo := fmt.Sprintf("topo:%s worker:%s", p.t.id, w.id)
		s.say(w.up, "o.a.s.d.s.Slot", slotThread(p), "INFO", fmt.Sprintf("STATE waiting-for-worker-start msInState: %.0f %s -> running msInState: 0 %s", (w.up-w.since)*1000, topo, topo))
		w.since = w.up
	}
	s.log.compress(s.clock(now))
	s.log.settle(s.clock(now))
	s.flush(now)
}

func slotThread(p *place) string { return fmt.Sprintf("SLOT_%d", p.port) }

// localAssignment is what a supervisor prints of what it has to run.
func localAssignment(p *place) string {
	var all []string
	for _, m := range p.life.mouths {
		all = append(all, fmt.Sprintf("ExecutorInfo(task_start:%d, task_end:%d)", m.e.start, m.e.end))
	}
	n := float64(len(all))
	return fmt.Sprintf("LocalAssignment(topology_id:%s, executors:[%s], resources:WorkerResources(mem_on_heap:%.1f, mem_off_heap:0.0, cpu:%.1f, shared_mem_on_heap:0.0, shared_mem_off_heap:0.0, "+
		"resources:{offheap.memory.mb=0.0, onheap.memory.mb=%.1f, cpu.pcore.percent=%.1f}, shared_resources:{}), owner:%s)", p.t.id, strings.Join(all, ", "), 128*n, 10*n, 128*n, 10*n, p.t.owner)
}

// launching are the lines about a worker that begins, on a host whose supervisor
// is looked at.
func (m *machine) launching(p *place) {
	s := m.super
	if s == nil {
		return
	}
	l := p.life
	at, slot := l.launched-0.2, slotThread(p)
	s.watch[p] = &watched{id: l.id, since: l.launched, up: l.started + 0.4}
	topo := "topo:" + p.t.id + " worker:" + l.id
	say := func(after float64, logger, text string) { s.say(at+after, "o.a.s.d.s."+logger, slot, "INFO", text) }
	say(0, "Slot", "STATE empty msInState: 4034 -> waiting-for-blob-localization msInState: 1")
	say(0.15, "BasicContainer", "Created Worker ID "+l.id)
	say(0.15, "Container", "Setting up "+l.wk.host.node+":"+l.id)
	say(0.152, "Container", "GET worker-user for "+l.id)
	say(0.153, "Container", "SET worker-user "+l.id+" "+stormUser)
	say(0.154, "Container", fmt.Sprintf("Creating symlinks for worker-id: %s storm-id: %s for files(1): [resources]", l.id, p.t.id))
	say(0.154, "BasicContainer", fmt.Sprintf("Launching worker with assignment %s for this supervisor %s on port %d with id %s", localAssignment(p), l.wk.host.node, p.port, l.id))
	say(0.156, "BasicContainer", "Launching worker with command: '"+strings.Join(p.logWriter(), "' '")+"'. ")
	say(0.16, "Slot", "STATE waiting-for-blob-localization msInState: 161 -> waiting-for-worker-start msInState: 0 "+topo)
	say(0.161, "Slot", fmt.Sprintf("SLOT %d: Changing current assignment from null to %s", p.port, localAssignment(p)))
}

// ended are the lines about a worker whose process ends, by itself with a code
// or, with 143, because the supervisor ends it. They come before the next
// process begins.
func (m *machine) ended(p *place, now, next float64, code int) {
	s := m.super
	if s == nil {
		return
	}
	l, slot := p.life, slotThread(p)
	w := s.watch[p]
	if w == nil {
		w = &watched{id: l.id, since: l.started}
	}
	delete(s.watch, p)
	name := l.wk.host.node + ":" + l.id
	pace := min(1, max(0.05, (next-0.3-now)/3.1))
	say := func(after float64, logger, text string) {
		s.say(now+after*pace, "o.a.s.d.s."+logger, slot, "INFO", text)
	}
	topo := "topo:" + p.t.id + " worker:" + l.id
	s.exits++
	exited := func(after float64) {
		s.say(now+after*pace, "o.a.s.d.s.BasicContainer", fmt.Sprintf("Thread-%d", 4+s.exits), "INFO", fmt.Sprintf("Worker Process %s exited with code: %d", l.id, code))
	}
	removed := func(after float64) {
		say(after, "Container", "Cleaning up "+name)
		say(after+0.003, "Container", "REMOVE worker-user "+l.id)
		say(after+0.004, "BasicContainer", "Removed Worker ID "+l.id)
	}
	if code != 143 {
		exited(1.2)
		s.say(now+1.4*pace, "o.a.s.d.s.Slot", slot, "WARN", fmt.Sprintf("SLOT %d: main process has exited for topology: %s", p.port, p.t.id))
		say(1.401, "Container", "Killing "+name)
		say(1.41, "Slot", fmt.Sprintf("STATE running msInState: %.0f %s -> kill-and-relaunch msInState: 1 %s", (now+1.4*pace-w.since)*1000, topo, topo))
		removed(1.5)
		return
	}
	say(0, "Container", "Killing "+name)
	say(0.001, "Slot", fmt.Sprintf("STATE running msInState: %.0f %s -> kill msInState: 0 %s", (now-w.since)*1000, topo, topo))
	exited(2.4)
	say(3.0, "Slot", fmt.Sprintf("SLOT %d all processes are dead...", p.port))
	removed(3.001)
	say(3.01, "Slot", "STATE kill msInState: 3009 topo:"+p.t.id+" worker:null -> empty msInState: 0")
}
