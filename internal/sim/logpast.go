package sim

// recall writes what a host wrote before anybody looked: every worker's begin
// when it is not long ago, and what its executors said since then at the rates
// that their counters tell, no more than the archives hold.
func (m *machine) recall() {
	if m.host == nil || m.host.lost {
		return
	}
	for _, wk := range m.workers() {
		s := m.place(wk.of, wk.port)
		s.begin(wk)
		s.remember(m.of.w.now)
	}
}

// The past that is written at most, and the steps in which it is.
const (
	recallSecs = 3600
	recallStep = 5.0
)

// remember writes the past of a worker that runs.
func (s *place) remember(now float64) {
	l := s.life
	from := max(l.started, now-recallSecs)
	if l.launched < from {
		// Its begin is long gone with the archives.
		s.queue = nil
	}
	for _, m := range l.mouths {
		for i, v := range m.voices {
			if v.period > 0 {
				m.due[i] = from + v.period*l.random.Float64()
			}
		}
	}
	s.gc.due = from + 10*l.random.Float64()
	if !l.wk.running() && l.started > now {
		return
	}
	for _, m := range l.mouths {
		m.total = max(0, m.executed-deedsAgo(m.e, 0, now).done*(now-from))
		m.faults = 0
	}
	for at := from + recallStep; at <= now; at += recallStep {
		for _, m := range l.mouths {
			d := deedsAgo(m.e, now-at+recallStep/2, now)
			s.speak(m, deeds{done: d.done * recallStep, failed: d.failed * recallStep, acked: d.acked * recallStep, ms: d.ms}, at, recallStep)
		}
		s.gc.step(at, 0)
		s.flush(at)
		s.log.compress(s.clock(at))
		s.log.settle(s.clock(at))
	}
	s.flush(now)
}

// deedsAgo is what an executor did in a second so many seconds ago.
func deedsAgo(e *executor, ago, now float64) deeds {
	rate := func(w *window) float64 { return e.rateAgo(w, ago, now) }
	if e.of.spout {
		return deeds{done: rate(&e.out[0].emitted.window), failed: rate(&e.failed.window), acked: rate(&e.acked.window)}
	}
	var d deeds
	ms := 0.0
	for i := range e.in {
		in := &e.in[i]
		d.done += rate(&in.executed.window)
		d.failed += rate(&in.failed.window)
		d.acked += rate(&in.acked.window)
		ms += rate(&in.processMs)
	}
	if d.acked > 0 {
		d.ms = ms / d.acked
	}
	return d
}

// rateAgo is how fast a window's amount grew so many seconds ago, as far as its
// parts tell: those of 30 s for ten minutes, then those of nine minutes.
func (e *executor) rateAgo(w *window, ago, now float64) float64 {
	i := 0
	if ago >= windowSecs[0]*(buckets-2)/buckets {
		i = 1
	}
	step := windowSecs[i] / buckets
	current := now - (e.clock.next[i] - step) // how long the present part has lasted
	k, secs := 0, max(current, 1)
	if ago >= current {
		k, secs = 1+int((ago-current)/step), step
	}
	if k >= buckets {
		return 0
	}
	return w.ring[i][(e.clock.at[i]-k+buckets)%buckets] / secs
}
