package sim

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// schedule places a new topology as Storm's even scheduler does: its workers
// take free slots from host to host, its executors go round the workers.
func (w *World) schedule(t *topology) {
	for range t.blueprint.workers {
		h, port, ok := w.freeSlot()
		if !ok {
			break
		}
		// They begin with the world, so that what they counted fits their age.
		started := w.now + launchSecs + w.random.Float64()*15
		t.workers = append(t.workers, &worker{of: t, host: h, port: port, started: started})
	}
	for i, e := range t.byTask {
		e.on = t.workers[i%len(t.workers)]
	}
	for _, e := range t.byTask {
		e.since = w.now
	}
}

// freeSlot is the next slot to use: on the host with the fewest workers.
func (w *World) freeSlot() (best *host, port int, ok bool) {
	w.occupy()
	least := 0
	for _, h := range w.hosts {
		used := bits.OnesCount64(h.taken)
		if h.lost || used == len(h.ports) || best != nil && used >= least {
			continue
		}
		best, least = h, used
		port = h.ports[bits.TrailingZeros64(^h.taken)]
	}
	return best, port, best != nil
}

// occupy finds out which slots of every host are taken.
func (w *World) occupy() {
	for _, h := range w.hosts {
		h.taken = 0
	}
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			wk.host.taken |= 1 << (wk.port - wk.host.ports[0])
		}
	}
}

func (w *World) workerAt(h *host, port int) *worker {
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			if wk.host == h && wk.port == port {
				return wk
			}
		}
	}
	return nil
}

// dies ends a worker's process because a Python process of a component ended,
// and the error is reported.
func (w *World) dies(wk *worker, c *component) {
	w.report(c, fmt.Sprintf(workerEnds, w.pythonOf(wk, c), c.id), wk)
	w.crash(wk)
	wk.killer = c.id
}

// crash ends a worker's process; the supervisor starts another.
func (w *World) crash(wk *worker) {
	wk.of.abandon(wk)
	wk.killer = ""
	wk.started = w.now + launchSecs
	wk.nextBeat = wk.started + firstBeatSecs
	for _, e := range wk.of.byTask {
		if e.on == wk {
			e.restart(w.random.Float64)
		}
	}
	w.forgetErrors(wk)
}

// lose ends a host with everything on it.
func (w *World) lose(h *host) {
	h.lost, h.lostAt = true, w.now
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			if wk.host == h {
				wk.dead = true
				t.abandon(wk)
			}
		}
	}
}

// back starts a host again. Storm leaves the workers where they went.
func (w *World) back(h *host) {
	h.lost, h.started = false, w.now
}

// reassign is what Nimbus does about workers that send no heartbeats.
func (w *World) reassign() {
	if w.acting() < 0 {
		return
	}
	for _, t := range w.topologies {
		moved := false
		for _, wk := range t.workers {
			if !wk.dead || w.now < wk.host.lostAt+reassignSecs {
				continue
			}
			h, port, ok := w.freeSlot()
			if !ok {
				continue
			}
			w.forgetErrors(wk)
			wk.host, wk.port = h, port
			w.launch(wk, launchSecs, firstBeatSecs)
			moved = true
		}
		if moved {
			w.journal(written{kind: assignmentWritten, id: t.id, assignment: t.assignment()})
		}
	}
}

// launch begins a worker's process in a slot where none of its kind ran.
func (w *World) launch(wk *worker, secs, beatSecs float64) {
	wk.dead, wk.beatAt, wk.killer = false, 0, ""
	wk.started = w.now + secs
	wk.nextBeat = wk.started + beatSecs
	for _, e := range wk.of.byTask {
		if e.on == wk {
			e.since = w.now
			e.restart(w.random.Float64)
			e.reported, e.reportedUptime = nil, 0
		}
	}
}

// After a rebalance the new processes are there sooner than after a loss: the
// topology's code is on the host already.
const (
	relaunchSecs  = 4
	relaunchBeats = 3
)

// slot is where a worker can be.
type slot struct {
	host *host
	port int
}

// used are the slots that topologies other than t are in.
func (w *World) used(t *topology) map[slot]bool {
	out := map[slot]bool{}
	for _, other := range w.topologies {
		for _, wk := range other.workers {
			if other != t {
				out[slot{wk.host, wk.port}] = true
			}
		}
	}
	return out
}

// slotsFor are the slots that a topology can have besides other topologies, in
// the order in which Storm's even scheduler takes them: from the host with most
// of them, one of each host in turn, low ports first.
func (w *World) slotsFor(t *topology) []slot {
	used := w.used(t)
	var free [][]slot
	for _, h := range slices.SortedFunc(slices.Values(w.hosts), func(a, b *host) int { return cmp.Compare(a.node, b.node) }) {
		var here []slot
		for _, p := range h.ports {
			if s := (slot{h, p}); !h.lost && !used[s] {
				here = append(here, s)
			}
		}
		free = append(free, here)
	}
	slices.SortStableFunc(free, func(a, b []slot) int { return len(b) - len(a) })
	var out []slot
	for i, more := 0, true; more; i++ {
		more = false
		for _, here := range free {
			if i < len(here) {
				out, more = append(out, here[i]), true
			}
		}
	}
	return out
}

// staying are the workers whose slot and executors are the same when spans are
// dealt to slots.
func (t *topology) staying(spans []span, slots []slot) map[slot]*worker {
	had, holds := map[slot]*worker{}, map[*worker]int{}
	runs := map[span]*worker{}
	for _, wk := range t.workers {
		if !wk.dead {
			had[slot{wk.host, wk.port}] = wk
		}
	}
	for _, e := range t.byTask {
		holds[e.on]++
		runs[span{e.of, e.start, e.end}] = e.on
	}
	out := map[slot]*worker{}
	for i, s := range slots {
		wk, n := had[s], 0
		same := wk != nil
		for j := i; j < len(spans) && same; j += len(slots) {
			same = runs[spans[j]] == wk
			n++
		}
		if same && n == holds[wk] {
			out[s] = wk
		}
	}
	return out
}

// assign gives a topology executors and places them anew, as after a rebalance.
// A worker whose slot and executors are the same goes on running.
func (w *World) assign(t *topology, p parallelism) {
	slots := w.slotsFor(t)
	slots = slots[:min(len(slots), max(1, int(t.wanted)))]
	if len(slots) == 0 {
		return // every host is lost; what ran there stays assigned
	}
	spans := t.spans(p)
	slots = slots[:min(len(slots), len(spans))] // fewer executors leave slots empty
	stays := t.staying(spans, slots)
	for _, wk := range t.workers {
		if stays[slot{wk.host, wk.port}] != wk {
			t.abandon(wk)
			w.forgetErrors(wk)
		}
	}
	t.divide(p, w.random.Float64)
	t.workers = make([]*worker, len(slots))
	for i, s := range slots {
		t.workers[i] = stays[s]
		if t.workers[i] == nil {
			t.workers[i] = &worker{of: t, host: s.host, port: s.port}
		}
	}
	for i, e := range t.byTask {
		e.on = t.workers[i%len(slots)]
	}
	for _, wk := range t.workers {
		if stays[slot{wk.host, wk.port}] == nil {
			w.launch(wk, relaunchSecs, relaunchBeats)
		}
	}
	w.journal(written{kind: assignmentWritten, id: t.id, assignment: t.assignment()})
}
