package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// The names of Storm's own component and streams.
const (
	ackerID       = "__acker"
	eventLoggerID = "__eventlogger"
	ackInit       = "__ack_init"
	ackAck        = "__ack_ack"
	ackFail       = "__ack_fail"
)

// reading is an input of a component.
type reading struct {
	input
	id   *storm.GlobalStreamId
	from *component
	out  int // the output of from that it reads
}

// component is a part that runs.
type component struct {
	part
	inputs    []reading
	outputs   []output
	copies    []float64 // by output: tasks that receive each tuple
	sent      []float64 // by output: tuples of this step
	executors []*executor
	weights   []float64 // by executor: the share of a fields grouping
	hottest   int       // the executor that a hot key goes to
	failing   float64   // share of tuples that it fails
	errors    []fault   // the newest ten, oldest first
	last      *fault
	burst     float64 // factor on a spout's rate
	burstEnds float64
	mood      float64 // part of a spout's rate that it is off by
	backlog   float64 // tuples a replaying spout still has to emit
	trees     ledger  // of a spout
	needs     needs   // of each executor
}

// topology is a blueprint that runs.
type topology struct {
	blueprint
	id         string
	launched   float64 // seconds since the epoch
	components []*component
	byTask     []*executor // in the order of their tasks
	workers    []*worker
	tasks      int
	hot        float64 // share of all keys that is one key
	trees      []tree
	conf       string // JSON
	base
	logs        map[string]*storm.LogLevel // by logger, nil before the first change
	profiles    []*profile
	credentials map[string]string // nil before the first upload
}

// build lays out the tasks as Storm does: components by name, tasks from 1.
func build(b blueprint, id string, launched float64, random func() float64) *topology {
	t := &topology{blueprint: b, id: id, launched: launched}
	for _, p := range b.components {
		c := &component{part: p, burst: 1, needs: assumed}
		c.outputs = append(c.outputs, p.outputs...)
		if p.spout {
			c.outputs = append(c.outputs, output{stream: ackInit})
		} else {
			c.outputs = append(c.outputs, output{stream: ackAck}, output{stream: ackFail})
		}
		t.components = append(t.components, c)
	}
	acker := &component{
		part:    part{id: ackerID, executors: b.ackers, tasks: b.ackers, class: "org.apache.storm.daemon.Acker", serviceMs: 0.006},
		outputs: []output{{stream: ackAck}, {stream: ackFail}}, needs: assumed,
	}
	for _, c := range t.components {
		for _, in := range c.part.inputs {
			source := t.component(in.from)
			c.read(source, in)
		}
		if c.spout {
			acker.read(c, input{from: c.id, stream: ackInit, how: fields, fields: []string{"id"}})
			continue
		}
		acker.read(c, input{from: c.id, stream: ackAck, how: fields, fields: []string{"id"}})
		acker.read(c, input{from: c.id, stream: ackFail, how: fields, fields: []string{"id"}})
	}
	t.components = append(t.components, acker)
	if b.events > 0 {
		t.components = append(t.components, &component{
			part:  part{id: eventLoggerID, executors: b.events, tasks: b.events, class: "org.apache.storm.metric.EventLoggerBolt"},
			needs: assumed,
		})
	}

	for _, c := range t.components {
		t.tasks += c.tasks
	}
	t.base = t.newBase()
	t.divide(t.desired(), random)
	for _, c := range t.components {
		c.copies, c.sent = make([]float64, len(c.outputs)), make([]float64, len(c.outputs))
	}
	for _, c := range t.components {
		for _, in := range c.inputs {
			n := 1.0
			if in.how == all {
				n = float64(c.tasks)
			}
			in.from.copies[in.out] += n
		}
	}
	// An acker answers the spout.
	acker.copies[0], acker.copies[1] = 1, 1
	t.conf = t.configuration()
	return t
}

// span are the tasks of an executor.
type span struct {
	of         *component
	start, end int
}

// spans are the executors of a topology: components by name, tasks from 1.
func (t *topology) spans(p parallelism) []span {
	ordered := slices.SortedFunc(slices.Values(t.components), func(a, b *component) int { return cmp.Compare(a.id, b.id) })
	var out []span
	next := 1
	for _, c := range ordered {
		for i := range p[c.id] {
			// Storm gives the first executors one task more.
			n := c.tasks / p[c.id]
			if i < c.tasks%p[c.id] {
				n++
			}
			out = append(out, span{c, next, next + n - 1})
			next += n
		}
	}
	return out
}

// divide makes the executors. Those of a component whose number stays the same
// stay too.
func (t *topology) divide(p parallelism, random func() float64) {
	spans := t.spans(p)
	t.byTask = make([]*executor, 0, len(spans))
	for len(spans) > 0 {
		c := spans[0].of
		mine := spans[:p[c.id]]
		spans = spans[len(mine):]
		if len(c.executors) != len(mine) {
			c.executors = make([]*executor, len(mine))
			for i, s := range mine {
				c.executors[i] = &executor{of: c, index: i, start: s.start, end: s.end, queue: make([]float64, len(c.inputs))}
				c.executors[i].restart(random)
			}
			if len(c.inputs) > 0 || c.spout {
				c.deal(random)
			}
		}
		t.byTask = append(t.byTask, c.executors...)
	}
}

func (c *component) read(source *component, in input) {
	r := reading{input: in, from: source, id: &storm.GlobalStreamId{ComponentId: new(in.from), StreamId: new(in.stream)}}
	for i, out := range source.outputs {
		if out.stream == in.stream {
			r.out = i
		}
	}
	c.inputs = append(c.inputs, r)
}

// deal gives every key to a task, and thereby each executor its share.
func (c *component) deal(random func() float64) {
	const keys = 400
	c.weights, c.hottest = make([]float64, len(c.executors)), 0
	total := 0.0
	for k := range keys {
		weight := math.Pow(float64(k+1), -max(c.skew, 0.05))
		c.weights[int(random()*float64(len(c.weights)))] += weight
		total += weight
	}
	for i := range c.weights {
		c.weights[i] /= total
		if c.weights[i] > c.weights[c.hottest] {
			c.hottest = i
		}
	}
}

// share is the part of a stream that executor i receives.
func (t *topology) share(c *component, in reading, i int) float64 {
	n := float64(len(c.executors))
	switch in.how {
	case fields:
		if c.id == ackerID {
			return 1 / n
		}
		if c.keyed && t.hot > 0 {
			w := c.weights[i] * (1 - t.hot)
			if i == c.hottest {
				w += t.hot
			}
			return w
		}
		return c.weights[i]
	case global:
		if i == 0 {
			return 1
		}
		return 0
	case all:
		return float64(c.executors[i].tasks())
	default:
		return 1 / n
	}
}

func (t *topology) component(id string) *component {
	for _, c := range t.components {
		if c.id == id {
			return c
		}
	}
	return nil
}
