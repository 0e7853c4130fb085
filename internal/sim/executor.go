package sim

import (
	"math"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// inCount is what a bolt's executor counts for one stream it reads.
type inCount struct {
	executed, acked, failed counter
	executeMs, processMs    window
}

// outCount is what an executor counts for one stream it writes.
type outCount struct{ emitted, transferred counter }

// executor is a thread with its tasks.
type executor struct {
	of         *component
	index      int // among the component's executors
	start, end int // tasks
	on         *worker
	since      float64 // when it was assigned there

	queue   []float64 // tuples waiting, by input
	waiting float64   // seconds a tuple that comes now waits

	errors throttle

	clock clock
	in    []inCount
	out   []outCount
	// What a spout counts for its default stream.
	acked, failed counter
	completeMs    window

	// What Nimbus knows: the statistics of the last heartbeat and the worker's
	// uptime then. Replaced, never changed.
	reported       *storm.ExecutorStats
	reportedUptime float64
}

func (e *executor) tasks() int { return e.end - e.start + 1 }

// restart forgets what the worker's process took with it.
func (e *executor) restart(random func() float64) {
	clear(e.queue)
	e.waiting, e.errors = 0, throttle{}
	e.in, e.out = make([]inCount, len(e.of.inputs)), make([]outCount, len(e.of.outputs))
	e.acked, e.failed, e.completeMs = counter{}, counter{}, window{}
	e.clock = clock{windows: e.windows()}
	// Which of twenty events is the measured one differs from thread to thread.
	for i := range e.in {
		e.in[i].executed.rest = random() * sampling
		e.in[i].acked.rest = random() * sampling
	}
	for i := range e.out {
		e.out[i].emitted.rest = random() * sampling
	}
	e.acked.rest = random() * sampling
}

// age makes the counts of all time those of a life factor times as long.
func (e *executor) age(factor float64) {
	grow := func(c *counter, means ...*window) {
		before := c.all
		c.all = math.Round(before*factor/sampling) * sampling
		for _, m := range means {
			if before > 0 {
				m.all *= c.all / before
			}
		}
	}
	for i := range e.in {
		in := &e.in[i]
		grow(&in.executed, &in.executeMs)
		grow(&in.acked, &in.processMs)
		grow(&in.failed)
	}
	for i := range e.out {
		out := &e.out[i]
		grow(&out.emitted, &out.transferred.window)
		out.transferred.all = math.Round(out.transferred.all)
	}
	grow(&e.acked, &e.completeMs)
	grow(&e.failed)
}

// windows are all that the executor's clock turns.
func (e *executor) windows() []*window {
	var out []*window
	for i := range e.in {
		in := &e.in[i]
		out = append(out, &in.executed.window, &in.acked.window, &in.failed.window, &in.executeMs, &in.processMs)
	}
	for i := range e.out {
		out = append(out, &e.out[i].emitted.window, &e.out[i].transferred.window)
	}
	if e.of.spout {
		out = append(out, &e.acked.window, &e.failed.window, &e.completeMs)
	}
	return out
}

// emit counts n tuples written to an output, each going to copies consumers.
func (e *executor) emit(output int, n, copies float64) {
	o := &e.out[output]
	counted := o.emitted.count(e.clock.at, n)
	if counted > 0 && copies > 0 {
		// Storm measures both with the same die.
		o.transferred.add(e.clock.at, counted*copies)
	}
}

// execute counts n tuples read from an input, of which a share failed.
func (e *executor) execute(input int, n, failed, executeMs, processMs float64) {
	in := &e.in[input]
	at := e.clock.at
	in.executeMs.add(at, in.executed.count(at, n)*executeMs)
	in.processMs.add(at, in.acked.count(at, n-failed)*processMs)
	in.failed.count(at, failed)
}

// report makes what a heartbeat carries.
func (e *executor) report() *storm.ExecutorStats {
	rate := float64(sampling)
	s := &storm.ExecutorStats{
		Emitted: byWindow(), Transferred: byWindow(), Specific: &storm.ExecutorSpecificStats{}, Rate: &rate,
	}
	for i := range e.out {
		name := e.of.outputs[i].stream
		put(s.Emitted, name, &e.out[i].emitted.window)
		put(s.Transferred, name, &e.out[i].transferred.window)
	}
	if e.of.spout {
		spout := &storm.SpoutStats{Acked: byWindow(), Failed: byWindow(), CompleteMsAvg: map[string]map[string]float64{}}
		name := e.of.outputs[0].stream
		put(spout.Acked, name, &e.acked.window)
		put(spout.Failed, name, &e.failed.window)
		for w, key := range windowNames {
			if n := e.acked.of(w); n > 0 {
				spout.CompleteMsAvg[key] = map[string]float64{name: e.completeMs.of(w) / n}
			}
		}
		s.Specific.Spout = prune(spout)
		pruneCounts(s.Emitted)
		pruneCounts(s.Transferred)
		return s
	}
	bolt := &storm.BoltStats{
		Acked: map[string]map[*storm.GlobalStreamId]int64{}, Failed: map[string]map[*storm.GlobalStreamId]int64{},
		Executed:     map[string]map[*storm.GlobalStreamId]int64{},
		ProcessMsAvg: map[string]map[*storm.GlobalStreamId]float64{}, ExecuteMsAvg: map[string]map[*storm.GlobalStreamId]float64{},
	}
	for i := range e.in {
		in, id := &e.in[i], e.of.inputs[i].id
		for w, key := range windowNames {
			putStream(bolt.Executed, key, id, int64(in.executed.of(w)))
			putStream(bolt.Acked, key, id, int64(in.acked.of(w)))
			putStream(bolt.Failed, key, id, int64(in.failed.of(w)))
			if n := in.executed.of(w); n > 0 {
				putStream(bolt.ExecuteMsAvg, key, id, in.executeMs.of(w)/n)
			}
			if n := in.acked.of(w); n > 0 {
				putStream(bolt.ProcessMsAvg, key, id, in.processMs.of(w)/n)
			}
		}
	}
	s.Specific.Bolt = bolt
	pruneCounts(s.Emitted)
	pruneCounts(s.Transferred)
	return s
}

func byWindow() map[string]map[string]int64 {
	m := make(map[string]map[string]int64, len(windowNames))
	for _, key := range windowNames {
		m[key] = map[string]int64{}
	}
	return m
}

func put(m map[string]map[string]int64, stream string, w *window) {
	for i, key := range windowNames {
		if n := int64(w.of(i)); n > 0 {
			m[key][stream] = n
		}
	}
}

func putStream[T int64 | float64](m map[string]map[*storm.GlobalStreamId]T, key string, id *storm.GlobalStreamId, n T) {
	if n == 0 {
		return
	}
	if m[key] == nil {
		m[key] = map[*storm.GlobalStreamId]T{}
	}
	m[key][id] = n
}

// pruneCounts drops the windows without a stream, as Storm does not have them
// before the first tuple.
func pruneCounts(m map[string]map[string]int64) {
	for key, streams := range m {
		if len(streams) == 0 {
			delete(m, key)
		}
	}
}

func prune(s *storm.SpoutStats) *storm.SpoutStats {
	pruneCounts(s.Acked)
	pruneCounts(s.Failed)
	return s
}
