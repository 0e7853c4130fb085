package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Version is the release of Storm that the world is like.
const Version = "2.8.3"

// Times of the cluster in seconds.
const (
	// BeatSecs is executor.metrics.frequency.secs: how often Nimbus learns
	// what executors counted.
	BeatSecs = 10
	// supervisorSecs is how often a supervisor rewrites its node.
	supervisorSecs = 5
	// sessionSecs is how long ZooKeeper keeps the nodes of a host that died.
	sessionSecs = 20
	// reassignSecs is when Nimbus gives up a worker that sends no heartbeats.
	reassignSecs = 30
	// launchSecs is what a worker takes to begin.
	launchSecs = 6
	// firstBeatSecs is when a new worker sends its first heartbeat.
	firstBeatSecs = 3
)

// A World is a cluster in motion. Use [NewDemo].
type World struct {
	mu         sync.Mutex
	seed       uint64
	random     *rand.Rand
	start, now float64 // seconds since the epoch
	began      float64 // when [World.Begin] was called; 0 before
	hosts      []*host
	topologies []*topology
	nimbuses   []nimbus
	sequence   int // of errors
	fares      []way
	hint       atomic.Pointer[string]

	latches   []latch
	nextLatch int
	settles   float64 // when a new leader assigns, 0 for done
	timers    []timer
	mirrored  bool // somebody takes the writes
	writes    []written

	watch func(dt float64) // is told of every step, with the lock held
}

// host is a machine with a supervisor.
type host struct {
	name, node string
	ports      []int  // in a row, 64 at most
	taken      uint64 // slots with a worker, when last counted
	started    float64
	lost       bool
	lostAt     float64
	slow       float64 // factor on the work of everything here
}

// listed reports whether ZooKeeper still names the supervisor.
func (h *host) listed(now float64) bool { return !h.lost || now < h.lostAt+sessionSecs }

// worker is a process of a topology in a slot.
type worker struct {
	of       *topology
	host     *host
	port     int
	started  float64 // of the process; in the future while it begins
	nextBeat float64
	beatAt   float64 // the last heartbeat, 0 for none in this slot
	dead     bool    // the process ended and nobody starts it again
	up       bool    // at this step
	paused   float64 // share of this step that a collector stopped it
	killer   string  // the component whose Python process ended the last process, "" for none
}

func (w *worker) running() bool { return w.up }

// plan is what a world is made of.
type plan struct {
	hosts, ports int
	blueprints   []blueprint
	stride       float64 // factor on the steps of the past
}

// NewDemo returns the demo's cluster: six hosts of four slots, four topologies
// and two Nimbuses. Equal seeds and starts make equal worlds. It has run for a
// day already, so that the windows are filled; that takes a tenth of a second.
func NewDemo(seed uint64, start time.Time) *World {
	return newWorld(seed, start, plan{hosts: 6, ports: 4, blueprints: demoBlueprints(), stride: 1})
}

// NewLarge returns a cluster of 250 hosts and 1,000 topologies, those of
// [NewDemo] among them, and one of 5,000 executors. Making it takes some
// seconds.
func NewLarge(seed uint64, start time.Time) *World {
	return newWorld(seed, start, plan{hosts: 250, ports: 12, blueprints: largeBlueprints(), stride: 20})
}

func newWorld(seed uint64, start time.Time, p plan) *World {
	w := &World{seed: seed, random: rand.New(rand.NewPCG(seed, 0x73746f726d746f70)), start: float64(start.Unix())}
	w.now = w.start - pastSecs
	digits := len(strconv.Itoa(p.hosts))
	for i := range p.hosts {
		name := fmt.Sprintf("w%0*d", digits, i+1)
		h := &host{name: name, node: w.uuid() + "-" + name, started: w.start - 30*86400 - float64(i)*97, slow: 1}
		for port := range p.ports {
			h.ports = append(h.ports, 6700+port)
		}
		w.hosts = append(w.hosts, h)
	}
	w.found(nimbus{host: "nim-a", started: w.start - 30*86400}, nimbus{host: "nim-b", started: w.start - 29*86400 - 4000})
	for i, b := range p.blueprints {
		launched := w.start - b.age
		t := build(b, fmt.Sprintf("%s-%d-%d", b.name, i+1, int64(launched)), launched, w.random.Float64)
		w.topologies = append(w.topologies, t)
		w.schedule(t)
		for _, wk := range t.workers {
			wk.started = launched + launchSecs + w.random.Float64()*15
		}
	}
	w.grow(p.stride)
	return w
}

func (w *World) uuid() string {
	a, b := w.random.Uint64(), w.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b)&0x3fff|0x8000, b>>16)
}

// Now is the world's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.UnixMilli(int64(w.now * 1000))
}

// Begin starts the demo's story at the present moment of the world.
func (w *World) Begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = w.now
	w.narrate(0)
}

// The longest steps of the model, in seconds; longer ones are divided. Before the
// story begins nobody looks closely.
const (
	maxStep     = 1.0
	maxStepPast = 5.0
)

// Step moves the world by dt.
func (w *World) Step(dt time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := maxStep
	if w.began == 0 {
		most = maxStepPast
	}
	for left := dt.Seconds(); left > 1e-9; left -= most {
		w.tell()
		w.step(min(left, most))
		w.govern()
		w.beats()
		if w.watch != nil {
			w.watch(min(left, most))
		}
	}
}

// step moves the model.
func (w *World) step(dt float64) {
	w.now += dt
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			w.live(wk, dt)
		}
		w.flow(t, dt)
	}
}

// live settles what a worker's process does in this step.
func (w *World) live(wk *worker, dt float64) {
	wk.paused = 0
	wk.up = !wk.dead && w.now >= wk.started
	if wk.up && w.random.Float64() < dt/90 {
		wk.paused = min(0.9, (0.1+w.random.Float64()*0.5)/max(dt, 1))
	}
}

// govern is what Nimbuses and supervisors do by the clock.
func (w *World) govern() {
	w.elect()
	w.due()
	for _, t := range w.topologies {
		if len(t.profiles) > 0 {
			w.profiling(t)
		}
	}
}

// beats sends the heartbeats that are due.
func (w *World) beats() {
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			if wk.up && w.now >= wk.nextBeat {
				w.beat(wk)
				wk.nextBeat = max(wk.nextBeat+BeatSecs, w.now+1)
			}
		}
	}
}

func (w *World) beat(wk *worker) {
	wk.beatAt = w.now
	for _, e := range wk.of.byTask {
		if e.on == wk {
			e.reported, e.reportedUptime = e.report(), w.now-wk.started
		}
	}
}
