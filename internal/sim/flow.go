package sim

import "math"

// networkMs is what a hop costs besides queueing and work.
const networkMs = 0.6

// maxQueue is the size of an executor's receive queue (topology.executor.receive.buffer.size).
const maxQueue = 32768

// tree is a number of tuple trees that end together.
type tree struct {
	spout *component
	n     float64
	ends  float64 // seconds of the world
	ms    float64 // complete latency
	how   fate
}

type fate int

const (
	acks fate = iota
	fails
	timesOut
)

// flow moves tuples for dt seconds.
func (w *World) flow(t *topology, dt float64) {
	for _, e := range t.byTask {
		e.clock.advance(w.now, e.windows)
	}
	arriving := map[*component][]float64{} // by output: tuples emitted in this step
	for _, c := range t.components {
		arriving[c] = make([]float64, len(c.outputs))
	}
	for _, c := range t.components {
		switch {
		case c.spout:
			w.spout(t, c, arriving[c], dt)
		case c.id != ackerID:
			w.bolt(t, c, arriving, dt)
		}
	}
	w.endTrees(t, dt)
	w.acker(t, arriving)
}

// spout emits what its source has, within the limit of pending trees.
func (w *World) spout(t *topology, c *component, out []float64, dt float64) {
	if w.now >= c.burstEnds {
		c.burst = 1
		if w.random.Float64() < dt/400 {
			c.burst, c.burstEnds = 1.2+w.random.Float64()*0.7, w.now+20+w.random.Float64()*60
		}
	}
	day := 1 + c.daily*math.Sin(2*math.Pi*(w.now/86400-0.35))
	wanted := c.rate * day * c.burst * max(0.2, 1+0.04*w.random.NormFloat64()) * dt
	able := wanted
	if c.replays {
		wanted += c.backlog
		able *= 1.5 // what one poll of the source brings
	}
	latency := t.latency()
	amount := min(wanted, able)
	if t.maxPending > 0 {
		free := max(0, t.maxPending*float64(c.tasks)-t.pending(c))
		if latency < dt { // those that end soon make room several times in this step
			free = min(free/max(t.slowShare(dt), 1e-6), free*dt/max(latency, 0.001))
		}
		amount = min(amount, free)
	}
	if t.congested() {
		amount = 0
	}
	running := 0
	for _, e := range c.executors {
		if e.on.running() {
			running++
		}
	}
	if running == 0 {
		amount = 0
	}
	if c.replays {
		c.backlog = min(wanted-amount, 5e6)
	}
	if amount == 0 {
		return
	}
	for _, e := range c.executors {
		if !e.on.running() {
			continue
		}
		n := amount / float64(running)
		e.emit(0, n, c.copies[0])
		e.emit(len(c.outputs)-1, n, c.copies[len(c.outputs)-1])
	}
	out[0], out[len(out)-1] = amount, amount
	w.plant(t, c, amount, dt)
}

// bolt works off its queues.
func (w *World) bolt(t *topology, c *component, arriving map[*component][]float64, dt float64) {
	out := arriving[c]
	for i, e := range c.executors {
		for k, in := range c.inputs {
			if e.on.running() {
				e.queue[k] = min(maxQueue, e.queue[k]+arriving[in.from][in.out]*t.share(c, in, i))
			}
		}
		if !e.on.running() {
			continue
		}
		total := 0.0
		for _, q := range e.queue {
			total += q
		}
		ms := c.serviceMs * max(0.5, 1+0.05*w.random.NormFloat64()) * e.on.host.slow
		able := 1000 / ms * dt * (1 - e.on.paused)
		done := min(total, able)
		if total == 0 {
			e.waiting = 0
			continue
		}
		left := total - done
		busy := min(done/max(able, 1e-9), 0.97)
		e.waiting = (left*ms + ms*busy/(1-busy)*0.5) / 1000
		processed := 0.0
		for k := range e.queue {
			n := done * e.queue[k] / total
			e.queue[k] -= n
			failed := n * c.failing
			executeMs, processMs := ms, ms*1.02
			if c.shell() {
				// A shell bolt's execute only hands the tuple to the process.
				executeMs, processMs = 0.03, ms+1000*e.waiting
			}
			e.execute(k, n, failed, executeMs, processMs)
			processed += n - failed
			ack, fail := len(c.outputs)-2, len(c.outputs)-1
			e.emit(ack, n-failed, c.copies[ack])
			e.emit(fail, failed, c.copies[fail])
			out[ack] += n - failed
			out[fail] += failed
		}
		for k, o := range c.part.outputs {
			n := processed * o.factor
			e.emit(k, n, c.copies[k])
			out[k] += n
		}
	}
	if c.failing > 0 {
		w.complain(c)
	}
}

// acker follows what the others emitted.
func (w *World) acker(t *topology, arriving map[*component][]float64) {
	c := t.component(ackerID)
	for i, e := range c.executors {
		if !e.on.running() {
			continue
		}
		for k, in := range c.inputs {
			e.execute(k, arriving[in.from][in.out]*t.share(c, in, i), 0, c.serviceMs, c.serviceMs)
		}
	}
}

// latency is the complete latency of a tree that begins now, in seconds,
// without what the keyed component's executors add.
func (t *topology) latency() float64 {
	total := 0.0
	for _, c := range t.components {
		if c.spout || c.id == ackerID {
			continue
		}
		total += (c.serviceMs + networkMs) / 1000
		if c.keyed {
			continue
		}
		for i, e := range c.executors {
			total += e.waiting * min(1, t.share(c, c.inputs[0], i))
		}
	}
	return total
}

// slowShare is the part of the trees that wait for longer than dt at an executor
// of the keyed component.
func (t *topology) slowShare(dt float64) float64 {
	total := 0.0
	for _, c := range t.components {
		for i, e := range c.executors {
			if c.keyed && (e.waiting > dt || !e.on.running()) {
				total += t.share(c, c.inputs[0], i)
			}
		}
	}
	return total
}

// pending counts the trees of a spout that have not ended.
func (t *topology) pending(c *component) float64 {
	n := 0.0
	for _, tr := range t.trees {
		if tr.spout == c {
			n += tr.n
		}
	}
	return n
}

// congested reports whether a receive queue is so full that its senders wait.
func (t *topology) congested() bool {
	for _, e := range t.byTask {
		for _, q := range e.queue {
			if q > 0.95*maxQueue {
				return true
			}
		}
	}
	return false
}

// plant begins n trees, apart by the executor of the keyed component that they
// will wait for.
func (w *World) plant(t *topology, c *component, n, dt float64) {
	base := t.latency()
	lost, failing := 0.0, 0.0
	var keyed *component
	reach := 1.0
	for _, o := range t.components {
		if o.spout || o.id == ackerID {
			continue
		}
		if o.keyed {
			keyed = o
		}
		dead := 0.0
		for i, e := range o.executors {
			if !e.on.running() {
				dead += min(1, t.share(o, o.inputs[0], i))
			}
		}
		lost = 1 - (1-lost)*(1-min(1, dead))
		failing = 1 - (1-failing)*(1-min(1, o.failing*reach))
	}
	grow := func(n, seconds float64, how fate) {
		switch {
		case n <= 0:
			return
		case seconds > t.timeout:
			seconds, how = t.timeout, timesOut
		}
		ended := 0.0
		if seconds < dt {
			ended = n * (1 - seconds/dt)
		}
		w.end(t, tree{spout: c, n: ended, ms: seconds * 1000, how: how})
		t.trees = append(t.trees, tree{spout: c, n: n - ended, ends: w.now + seconds, ms: seconds * 1000, how: how})
	}
	grow(n*lost, t.timeout+1, timesOut)
	n *= 1 - lost
	grow(n*failing, base, fails)
	n *= 1 - failing
	if keyed == nil {
		grow(n, base, acks)
		return
	}
	for i, e := range keyed.executors {
		grow(n*t.share(keyed, keyed.inputs[0], i), base+e.waiting, acks)
	}
}

// endTrees ends the trees whose time has come.
func (w *World) endTrees(t *topology, dt float64) {
	kept := t.trees[:0]
	for _, tr := range t.trees {
		if tr.ends <= w.now+dt/1000 {
			w.end(t, tr)
			continue
		}
		kept = append(kept, tr)
	}
	t.trees = kept
}

// end counts the end of trees at their spout and at the ackers.
func (w *World) end(t *topology, tr tree) {
	if tr.n <= 0 {
		return
	}
	running := 0
	for _, e := range tr.spout.executors {
		if e.on.running() {
			running++
		}
	}
	if running == 0 {
		return // the trees died with their spouts
	}
	n := tr.n / float64(running)
	for _, e := range tr.spout.executors {
		switch {
		case !e.on.running():
		case tr.how == acks:
			e.completeMs.add(e.clock.at, e.acked.count(e.clock.at, n)*tr.ms)
		default:
			e.failed.count(e.clock.at, n)
		}
	}
	if tr.how != acks && tr.spout.replays {
		tr.spout.backlog += tr.n
	}
	c := t.component(ackerID)
	for _, e := range c.executors {
		switch {
		case !e.on.running():
		case tr.how == acks:
			e.emit(0, tr.n/float64(len(c.executors)), c.copies[0])
		case tr.how == fails:
			e.emit(1, tr.n/float64(len(c.executors)), c.copies[1])
		}
	}
}
