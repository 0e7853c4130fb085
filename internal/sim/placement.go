package sim

import "math/bits"

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
	t.assignedAt++
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

// crash ends a worker's process; the supervisor starts another.
func (w *World) crash(wk *worker) {
	wk.of.abandon(wk)
	wk.started = w.now + launchSecs
	wk.nextBeat = wk.started + firstBeatSecs
	for _, e := range wk.of.byTask {
		if e.on == wk {
			e.restart(w.random.Float64)
		}
	}
	w.forgetErrors(wk)
	w.changes++
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
	w.changes++
}

// reassign is what Nimbus does about workers that send no heartbeats.
func (w *World) reassign() {
	for _, t := range w.topologies {
		for _, wk := range t.workers {
			if !wk.dead || w.now < wk.host.lostAt+reassignSecs {
				continue
			}
			h, port, ok := w.freeSlot()
			if !ok {
				continue
			}
			w.forgetErrors(wk)
			wk.host, wk.port, wk.dead = h, port, false
			wk.started, wk.beatAt = w.now+launchSecs, 0
			wk.nextBeat = wk.started + firstBeatSecs
			for _, e := range t.byTask {
				if e.on == wk {
					e.restart(w.random.Float64)
					e.reported, e.reportedUptime = nil, 0
				}
			}
			t.assignedAt++
			w.changes++
		}
	}
}
