package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Storm's directories on every host.
const (
	stormUser  = "storm"
	logDir     = "/var/log/storm"
	localDir   = "/var/lib/storm"
	stormHome  = "/opt/storm"
	pystormDir = "/var/log/pystorm"
)

// maxLines bounds what one executor writes in one step.
const maxLines = 60

// place is the directory of a topology on a port of a host, which outlives the
// workers that write in it.
type place struct {
	scribe
	t      *topology
	port   int
	dir    string
	log    *logFile // worker.log
	err    *logFile
	python map[string]*logFile // by path
	gc     *gcLog
	life   *life
	dumped map[*profile]bool
	idle   bool // the spouts are deactivated
	knows  map[*worker]*peer
}

// life is one process of a worker.
type life struct {
	wk       *worker
	started  float64 // when it does its work
	launched float64 // when the process began
	pid      int
	id       string
	random   *rand.Rand
	mouths   []*mouth
}

// mouth is an executor that writes lines.
type mouth struct {
	e        *executor
	thread   string // of the executor
	pids     []int  // of its Python processes, by task
	readers  []string
	writers  []string
	voices   []voice
	due      []float64 // by voice: tuples until the next line, or its time
	executed float64
	failed   float64
	acked    float64
	ackedMs  float64
	ms       float64
	owed     float64 // failures not yet written
	total    float64
	since    deeds // the last report by time
	faults   int   // the newest error that was written
	first    bool  // of its component in this worker: it writes the reported errors
}

// seedOf makes a number of what identifies something.
func seedOf(parts ...any) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, parts...)
	return h.Sum64()
}

func (m *machine) place(t *topology, port int) *place {
	key := fmt.Sprintf("%s/%d", t.id, port)
	if s := m.places[key]; s != nil {
		return s
	}
	s := &place{scribe: scribe{on: m}, t: t, port: port, dir: fmt.Sprintf("%s/workers-artifacts/%s/%d", logDir, t.id, port), python: map[string]*logFile{}}
	s.log = &logFile{disk: m.disk, path: s.dir + "/worker.log", limit: m.of.conf.LogBytes, keep: generations}
	s.err = &logFile{disk: m.disk, path: s.dir + "/worker.log.err", limit: m.of.conf.LogBytes, keep: 4}
	s.gc = &gcLog{s: s}
	m.places[key] = s
	return s
}

// begin makes the files of a new process and says when its first lines come.
func (s *place) begin(wk *worker) {
	l := &life{wk: wk, started: wk.started, launched: wk.started - startSecs}
	l.random = rand.New(rand.NewPCG(s.on.of.seed, seedOf(s.t.id, s.on.name, s.port, wk.started)))
	l.pid = s.on.of.w.pidOf(wk)
	l.id = uuidOf(l.random)
	s.life = l
	at := s.clock(l.launched)
	mkdir(s.on.disk, s.dir, stormUser, 0o755, at)
	for _, f := range []*logFile{s.log, s.err} {
		f.open(at)
	}
	for _, name := range []string{"/worker.log.out", "/worker.log.metrics"} {
		if !s.log.exists(s.dir + name) {
			s.put(s.dir+name, "", at)
		}
	}
	s.put(s.dir+"/worker.pid", fmt.Sprint(l.pid), at)
	s.put(s.dir+"/worker.yaml", fmt.Sprintf("worker-id: %s\nlogs.users: []\nlogs.groups: []\ntopology.submitter.user: %s\n", l.id, s.t.owner), at)
	s.linkWorker(l, at)
	s.knows = nil
	s.mouths()
	s.gc.begin(l)
	s.startLines()
	s.on.launching(s)
}

// linkWorker makes the worker's own directory with its links.
func (s *place) linkWorker(l *life, at time.Time) {
	dir := localDir + "/workers/" + l.id
	for _, sub := range []string{"/pids", "/heartbeats", "/tmp"} {
		mkdir(s.on.disk, dir+sub, stormUser, 0o755, at)
	}
	s.put(fmt.Sprintf("%s/pids/%d", dir, l.pid), "", at)
	for _, link := range [][2]string{{"/artifacts", s.dir}, {"/resources", s.stormdist() + "/resources"}} {
		if err := s.on.disk.Symlink(link[1], dir+link[0], stormUser, at); err != nil {
			panic("sim: " + err.Error())
		}
	}
}

func (s *place) put(name, text string, at time.Time) {
	if err := s.on.disk.WriteFile(name, stormUser, 0o644, []byte(text), at); err != nil {
		panic("sim: " + err.Error())
	}
}

// executors are those of the process, in the order of their threads.
func (l *life) executors() []*executor {
	var out []*executor
	for _, e := range l.wk.of.byTask {
		if e.on == l.wk {
			out = append(out, e)
		}
	}
	return out
}

// Processes of a worker have numbers that can be told without looking at the
// host: the first Python process comes so many after the worker's, and each so
// many after the one before.
const (
	firstPython = 53
	nextPython  = 3
)

// pidOf is the number of a worker's process.
func (w *World) pidOf(wk *worker) int {
	return 1200 + int(seedOf(w.seed, wk.of.id, wk.host.name, wk.port, wk.started)%30000)
}

// pythonOf is the number of the first Python process of a component in a worker.
func (w *World) pythonOf(wk *worker, c *component) int {
	pid := w.pidOf(wk) + firstPython
	for _, e := range wk.of.byTask {
		switch {
		case e.on != wk || !e.of.shell():
		case e.of == c:
			return pid
		default:
			pid += nextPython * e.tasks()
		}
	}
	return pid
}

// firstThread is the number of the thread of __system, the first executor.
const firstThread = 14

// mouths names threads and processes as Storm does: executors one after the
// other, then a reader and a writer for each Python process.
func (s *place) mouths() {
	l := s.life
	all := l.executors()
	thread, pid := firstThread+1, l.pid+firstPython
	for _, e := range all {
		m := &mouth{e: e, thread: fmt.Sprintf("Thread-%d-%s-executor%s", thread, e.of.id, spanOf(e)), voices: voicesOf(s.t, e.of)}
		m.deeds()
		m.total, m.ms, m.faults = m.executed, e.of.serviceMs, s.on.of.w.sequence
		m.first = !slices.ContainsFunc(l.mouths, func(other *mouth) bool { return other.e.of == e.of })
		for _, v := range m.voices {
			due := v.every * l.random.Float64()
			if v.period > 0 {
				due = l.started + v.period*l.random.Float64()
			}
			m.due = append(m.due, due)
		}
		thread++
		l.mouths = append(l.mouths, m)
	}
	for _, m := range l.mouths {
		if !m.e.of.shell() {
			continue
		}
		for range m.e.tasks() {
			m.readers = append(m.readers, fmt.Sprintf("Thread-%d", thread))
			m.writers = append(m.writers, fmt.Sprintf("Thread-%d", thread+1))
			m.pids = append(m.pids, pid)
			thread += 2
			pid += nextPython
		}
	}
}

// spanOf are an executor's tasks as a Java list.
func spanOf(e *executor) string { return fmt.Sprintf("[%d, %d]", e.start, e.end) }

// tasksOf are an executor's tasks as Storm prints those of a component.
func tasksOf(e *executor) string {
	var all []string
	for task := e.start; task <= e.end; task++ {
		all = append(all, fmt.Sprint(task))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// tally are the tuples of an executor since it began, those included that
// sampling has not counted yet, and the milliseconds of those that were acked.
func tally(e *executor) (executed, failed, acked, ms float64) {
	if e.of.spout {
		return e.out[0].emitted.all + e.out[0].emitted.rest, e.failed.all + e.failed.rest, e.acked.all + e.acked.rest, e.completeMs.all
	}
	for i := range e.in {
		in := &e.in[i]
		executed += in.executed.all + in.executed.rest
		failed += in.failed.all + in.failed.rest
		acked += in.acked.all
		ms += in.processMs.all
	}
	return executed, failed, acked, ms
}

// say queues a line of the worker's log.
func (s *place) say(at float64, logger, thread, level, message string) {
	s.line(s.log, at, logger, thread, level, message)
}

// step writes what a worker says in a step that ended now.
func (s *place) step(now, dt float64) {
	if l := s.life; l != nil && l.wk.running() && l.started <= now-dt+1e-9 {
		for _, m := range l.mouths {
			m.rebind()
			s.speak(m, m.deeds(), now, dt)
		}
		s.peers(now)
		s.gc.step(now, dt)
		s.dumps(now)
		s.toggled(now)
	}
	s.flush(now)
}

// toggled queues what spouts say when the topology is deactivated or activated.
func (s *place) toggled(now float64) {
	idle := s.t.status != active
	if idle == s.idle {
		return
	}
	s.idle = idle
	verb := map[bool]string{true: "Deactivating", false: "Activating"}[idle]
	for _, m := range s.life.mouths {
		if m.e.of.spout {
			s.say(now-0.01, "o.a.s.e.s.SpoutExecutor", m.thread, "INFO", verb+" spout "+m.e.of.id+":"+tasksOf(m.e))
		}
	}
}

// abbreviated is a class as %c{1.} prints it.
func abbreviated(class string) string {
	parts := strings.Split(class, ".")
	for i := range parts[:len(parts)-1] {
		if parts[i] != "" {
			parts[i] = parts[i][:1]
		}
	}
	return strings.Join(parts, ".")
}

func uuidOf(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b)&0x3fff|0x8000, b>>16)
}
