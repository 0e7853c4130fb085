package sim

// What a Nimbus that was ended leaves behind: its two sessions with ZooKeeper
// began at different moments, so that it is no longer named some time before
// the lock is free. In between nobody leads and nobody is named.
const (
	namedSecs = 18          // until its node below /nimbuses goes
	lockSecs  = sessionSecs // until its place in the queue for the lock goes
	// bootSecs is what a Nimbus takes to begin.
	bootSecs = 4
	// settleSecs is when a new leader makes its first assignments.
	settleSecs = 20
)

// nimbus is a Nimbus process, and what is left of it.
type nimbus struct {
	host    string
	started float64 // of the process; in the future while it begins
	ended   bool
	// named is whether ZooKeeper lists it; since is the start that it is listed
	// with, until the moment when that ends, 0 while it runs.
	named        bool
	since, until float64
	// remembered are the executors of topologies as this Nimbus saw them first.
	// It asks again only after a rebalance of its own, so that one which stood
	// by holds what was true long ago.
	remembered map[string]parallelism
}

// parallelism is the number of executors of each component.
type parallelism map[string]int

func (n *nimbus) running(now float64) bool { return !n.ended && now >= n.started }

// nimbusRuns reports whether the Nimbus of that number runs.
func (w *World) nimbusRuns(number int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nimbuses[number].running(w.now)
}

// latch is a place in the queue for the leader's lock; the first one leads.
type latch struct {
	nimbus   int
	sequence int
	until    float64 // when its session ends, 0 while the Nimbus runs
}

// found names the Nimbuses that run since before the world begins.
func (w *World) found(nimbuses ...nimbus) {
	for i, n := range nimbuses {
		n.named, n.since, n.remembered = true, n.started, map[string]parallelism{}
		w.nimbuses = append(w.nimbuses, n)
		w.latches = append(w.latches, latch{nimbus: i, sequence: i})
	}
	w.nextLatch = len(nimbuses)
}

// lockHolder is the Nimbus that ZooKeeper has as the leader, dead or alive, or
// -1.
func (w *World) lockHolder() int {
	if len(w.latches) == 0 {
		return -1
	}
	return w.latches[0].nimbus
}

// acting is the Nimbus that leads in fact, or -1.
func (w *World) acting() int {
	if len(w.latches) == 0 || w.latches[0].until != 0 {
		return -1
	}
	return w.latches[0].nimbus
}

// EndNimbus ends the Nimbus of that number as SIGKILL does: its connections
// break, its sessions with ZooKeeper end after their timeout, and when it led,
// the next in line leads after that. Ending one that does not run does nothing.
func (w *World) EndNimbus(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number < 0 || number >= len(w.nimbuses) || w.nimbuses[number].ended {
		return
	}
	n := &w.nimbuses[number]
	n.ended = true
	if n.named {
		n.until = w.now + namedSecs
	}
	if w.acting() == number {
		w.timers = nil // they were in its memory
	}
	for i := range w.latches {
		if l := &w.latches[i]; l.nimbus == number && l.until == 0 {
			l.until = w.now + lockSecs
		}
	}
}

// StartNimbus starts the Nimbus of that number again, which takes some seconds;
// it queues behind the others. Starting one that runs does nothing.
func (w *World) StartNimbus(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number < 0 || number >= len(w.nimbuses) || !w.nimbuses[number].ended {
		return
	}
	n := &w.nimbuses[number]
	n.ended, n.started = false, w.now+bootSecs
	n.remembered = map[string]parallelism{}
}

// elect settles what ZooKeeper does about Nimbuses that came and went.
func (w *World) elect() {
	for i := range w.nimbuses {
		n := &w.nimbuses[i]
		if n.until != 0 && w.now >= n.until {
			n.named, n.until = false, 0
		}
		if n.running(w.now) && (!n.named || n.until != 0) {
			n.named, n.since, n.until = true, n.started, 0
			w.latches = append(w.latches, latch{nimbus: i, sequence: w.nextLatch})
			w.nextLatch++
		}
	}
	before := w.acting()
	kept := w.latches[:0]
	for _, l := range w.latches {
		if l.until == 0 || w.now < l.until {
			kept = append(kept, l)
		}
	}
	w.latches = kept
	if now := w.acting(); now >= 0 && now != before {
		w.lead()
	}
	if w.settles != 0 && w.now >= w.settles && w.acting() >= 0 {
		w.settles = 0
		w.settle(&w.nimbuses[w.acting()])
	}
}

// lead is what a Nimbus does when it becomes the leader: it waits anew for what
// its predecessor waited for.
func (w *World) lead() {
	w.settles = w.now + settleSecs
	for _, t := range w.topologies {
		switch t.status {
		case rebalancing:
			w.after(float64(t.options.RebalanceOptions.GetWaitSecs()), t.id, doRebalance)
		case killed:
			w.after(float64(t.options.KillOptions.GetWaitSecs()), t.id, remove)
		case active, inactive:
		}
	}
}

// settle makes a new leader's first assignments: where it remembers other
// executors than those that run, theirs are what it wants.
func (w *World) settle(n *nimbus) {
	for _, t := range w.topologies {
		wanted := n.recall(t)
		if t.status == killed || t.runs(wanted) {
			continue
		}
		w.assign(t, wanted)
	}
}

// recall is what a Nimbus holds for a topology's parallelism, and holds on to.
func (n *nimbus) recall(t *topology) parallelism {
	p := n.remembered[t.id]
	if p == nil {
		p = t.desired()
		n.remembered[t.id] = p
	}
	return p
}
