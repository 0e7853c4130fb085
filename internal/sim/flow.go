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
	born  float64 // seconds of the world
	ends  float64
	ms    float64 // complete latency
	how   fate
}

type fate int

const (
	acks fate = iota
	fails
	timesOut
	fates
)

// ledger is what became of every tree that a spout began, unsampled: begun is
// always the sum of what ended, what was lost with a spout's process, and what
// is pending.
type ledger struct {
	begun float64
	ended [fates]float64
	lost  float64
}

// flow moves tuples for dt seconds.
func (w *World) flow(t *topology, dt float64) {
	for _, e := range t.byTask {
		e.clock.advance(w.now)
	}
	for _, c := range t.components {
		clear(c.sent)
	}
	for _, c := range t.components {
		switch {
		case c.spout:
			w.spout(t, c, dt)
		case !system(c.id):
			w.bolt(t, c, dt)
		}
	}
	w.endTrees(t, dt)
	w.acker(t)
}

// spout emits what its source has, within the limit of pending trees.
func (w *World) spout(t *topology, c *component, dt float64) {
	wanted := w.offered(c, dt)
	able := wanted
	if c.replays {
		wanted += c.backlog
		able *= 1.5 // what one poll of the source brings
	}
	ways := w.ways(t)
	amount := min(wanted, able)
	if t.maxPending > 0 {
		stays := 0.0 // the part of what begins in this step that is pending at its end
		for _, way := range ways {
			stays += way.part * min(1, way.seconds/dt)
		}
		free := max(0, t.maxPending*float64(c.tasks)-t.pending(c))
		amount = min(amount, free/max(stays, 1e-9))
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
	if running == 0 || t.status != active {
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
		for k := range c.outputs {
			e.emit(k, amount/float64(running), c.copies[k])
		}
	}
	for k := range c.sent {
		c.sent[k] = amount
	}
	c.trees.begun += amount
	for _, way := range ways {
		w.plant(t, c, way, amount*way.part, dt)
	}
}

// offered is how many tuples a spout's source has for it in dt seconds: the day's
// wave, bursts now and then, and a mood that wanders over minutes.
func (w *World) offered(c *component, dt float64) float64 {
	if w.now >= c.burstEnds {
		c.burst = 1
		if w.random.Float64() < min(dt/400, 0.1) {
			c.burst, c.burstEnds = 1.2+w.random.Float64()*0.7, w.now+20+w.random.Float64()*60
		}
	}
	const (
		wanders = 90.0 // seconds
		spread  = 0.09
	)
	keeps := math.Exp(-dt / wanders)
	c.mood = c.mood*keeps + spread*math.Sqrt(1-keeps*keeps)*w.random.NormFloat64()
	day := 1 + c.daily*math.Sin(2*math.Pi*(w.now/86400-0.35))
	return c.rate * day * c.burst * max(0.2, 1+c.mood+0.03*w.random.NormFloat64()) * dt
}

// bolt works off its queues.
func (w *World) bolt(t *topology, c *component, dt float64) {
	for i, e := range c.executors {
		for k, in := range c.inputs {
			if e.on.running() {
				e.queue[k] = min(maxQueue, e.queue[k]+in.from.sent[in.out]*t.share(c, in, i))
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
			c.sent[ack] += n - failed
			c.sent[fail] += failed
			w.complain(e, failed)
		}
		for k, o := range c.part.outputs {
			n := processed * o.factor
			e.emit(k, n, c.copies[k])
			c.sent[k] += n
		}
	}
}

// acker follows what the others emitted.
func (w *World) acker(t *topology) {
	c := t.component(ackerID)
	for i, e := range c.executors {
		if !e.on.running() {
			continue
		}
		for k, in := range c.inputs {
			e.execute(k, in.from.sent[in.out]*t.share(c, in, i), 0, c.serviceMs, c.serviceMs)
		}
	}
}

// latency is the complete latency of a tree that begins now, in seconds,
// without what the keyed component's executors add.
func (t *topology) latency() float64 {
	total := 0.0
	for _, c := range t.components {
		if c.spout || system(c.id) {
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

// way is how a part of the trees that begin now will fare.
type way struct {
	part    float64
	seconds float64
	how     fate
}

// ways are all of them, apart by the executor of the keyed component that they
// will wait for. The slice is good until the next call.
func (w *World) ways(t *topology) []way {
	base := t.latency()
	lost, failing := 0.0, 0.0
	var keyed *component
	for _, o := range t.components {
		if o.spout || system(o.id) {
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
		failing = 1 - (1-failing)*(1-o.failing)
	}
	patience := t.patience(w.now)
	out := w.fares[:0]
	add := func(part, seconds float64, how fate) {
		switch {
		case part <= 0:
			return
		case seconds > patience:
			seconds, how = patience, timesOut
		}
		out = append(out, way{part, seconds, how})
	}
	add(lost, math.Inf(1), timesOut)
	add((1-lost)*failing, base, fails)
	acked := (1 - lost) * (1 - failing)
	if keyed == nil {
		add(acked, base, acks)
	} else {
		for i, e := range keyed.executors {
			add(acked*t.share(keyed, keyed.inputs[0], i), base+e.waiting, acks)
		}
	}
	w.fares = out
	return out
}

// plant begins n trees that go one way.
func (w *World) plant(t *topology, c *component, of way, n, dt float64) {
	ended := 0.0
	if of.seconds < dt {
		ended = n * (1 - of.seconds/dt)
	}
	w.end(t, tree{spout: c, n: ended, ms: of.seconds * 1000, how: of.how})
	t.trees = append(t.trees, tree{
		spout: c, n: n - ended, born: w.now, ends: w.now + of.seconds, ms: of.seconds * 1000, how: of.how,
	})
}

// patience is how long a tree that begins now may take: a spout looks for old
// trees once in every message timeout and fails those that it saw before, so
// that they live once to twice as long.
func (t *topology) patience(now float64) float64 {
	into := math.Mod(now-t.launched, t.timeout)
	return 2*t.timeout - into
}

// abandon settles the trees that a worker takes with it: those of its spouts are
// forgotten, and those with a tuple in its bolts are never acked.
func (t *topology) abandon(wk *worker) {
	passes := 1.0 // the share of trees with nothing there
	for _, c := range t.components {
		if c.spout || system(c.id) {
			continue
		}
		here := 0.0
		for i, e := range c.executors {
			if e.on == wk {
				here += min(1, t.share(c, c.inputs[0], i))
			}
		}
		passes *= 1 - min(1, here)
	}
	kept := make([]tree, 0, len(t.trees))
	for _, tr := range t.trees {
		gone := 0
		for _, e := range tr.spout.executors {
			if e.on == wk {
				gone++
			}
		}
		forgotten := tr.n * float64(gone) / float64(len(tr.spout.executors))
		tr.spout.trees.lost += forgotten
		tr.n -= forgotten
		if stuck := tr.n * (1 - passes); tr.how == acks && stuck > 0 {
			tr.n -= stuck
			ends := tr.born + t.patience(tr.born)
			kept = append(kept, tree{spout: tr.spout, n: stuck, born: tr.born, ends: ends, ms: 1000 * (ends - tr.born), how: timesOut})
		}
		kept = append(kept, tr)
	}
	t.trees = kept
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
		tr.spout.trees.lost += tr.n // the trees died with their spouts
		return
	}
	tr.spout.trees.ended[tr.how] += tr.n
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
