package sim

import (
	"context"
	"encoding/binary"
	"maps"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// GetTopology is a topology's structure with Storm's own components.
func (a *answers) GetTopology(_ context.Context, id string) (*storm.StormTopology, error) {
	return a.structure(id, true)
}

// GetUserTopology is a topology's structure as it was submitted.
func (a *answers) GetUserTopology(_ context.Context, id string) (*storm.StormTopology, error) {
	return a.structure(id, false)
}

func (a *answers) structure(id string, sys bool) (*storm.StormTopology, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	t := a.w.byID(id)
	if t == nil {
		return nil, notAlive(id)
	}
	out := &storm.StormTopology{
		Spouts: map[string]*storm.SpoutSpec{}, Bolts: map[string]*storm.Bolt{}, StateSpouts: map[string]*storm.StateSpoutSpec{},
		StormVersion: new(Version), JdkVersion: new("17.0.12"),
	}
	out.WorkerHooks, out.DependencyJars, out.DependencyArtifacts = [][]byte{}, []string{}, []string{}
	for _, c := range t.components {
		common := c.common()
		if sys {
			t.systemStreams(c, common)
		}
		switch {
		case !sys && system(c.id):
		case c.spout:
			out.Spouts[c.id] = &storm.SpoutSpec{SpoutObject: c.object(), Common: common}
		default:
			out.Bolts[c.id] = &storm.Bolt{BoltObject: c.object(), Common: common}
		}
	}
	if sys {
		out.Bolts["__system"] = &storm.Bolt{BoltObject: javaObject("org.apache.storm.metric.SystemBolt"), Common: &storm.ComponentCommon{
			Inputs: map[*storm.GlobalStreamId]*storm.Grouping{}, ParallelismHint: new(int32(0)), JSONConf: new(`{"topology.tasks":0}`),
			Streams: map[string]*storm.StreamInfo{
				"__tick": stream("rate_secs"), "__flush": stream(), "__metrics_tick": stream("interval"),
				"__system": stream("event"), "__metrics": stream("task-info", "data-points"),
			},
		}}
	}
	return out, nil
}

func (c *component) object() *storm.ComponentObject {
	if c.shell() {
		return &storm.ComponentObject{Shell: &storm.ShellComponent{ExecutionCommand: new(c.command), Script: new(c.script)}}
	}
	return javaObject(c.class)
}

// javaObject is an object without fields as Java serialises it.
func javaObject(class string) *storm.ComponentObject {
	out := binary.BigEndian.AppendUint16([]byte("\xac\xed\x00\x05sr"), uint16(len(class)))
	out = append(out, class...)
	out = binary.BigEndian.AppendUint64(out, 1) // serialVersionUID
	out = append(out, "\x02\x00\x00xp"...)      // serialisable, no fields, no superclass
	return &storm.ComponentObject{SerializedJava: out}
}

// common is what a component's author declared.
func (c *component) common() *storm.ComponentCommon {
	own := map[string]any{"topology.tasks": c.tasks}
	maps.Copy(own, c.conf)
	out := &storm.ComponentCommon{
		Inputs: map[*storm.GlobalStreamId]*storm.Grouping{}, Streams: map[string]*storm.StreamInfo{},
		ParallelismHint: new(int32(c.part.executors)), JSONConf: new(text(own)),
	}
	for _, in := range c.inputs {
		out.Inputs[in.id] = in.grouping()
	}
	for _, o := range c.outputs {
		if !system(o.stream) {
			out.Streams[o.stream] = &storm.StreamInfo{OutputFields: o.fields, Direct: new(o.direct)}
		}
	}
	return out
}

func stream(fields ...string) *storm.StreamInfo {
	return &storm.StreamInfo{OutputFields: append([]string{}, fields...), Direct: new(false)}
}

// systemStreams adds what Storm adds to every component: the ackers' streams,
// those of metrics, and those of the event logger where there is one.
func (t *topology) systemStreams(c *component, to *storm.ComponentCommon) {
	read := func(from, name string, how *storm.Grouping) {
		to.Inputs[&storm.GlobalStreamId{ComponentId: &from, StreamId: &name}] = how
	}
	to.Streams["__system"], to.Streams["__metrics"] = stream("event"), stream("task-info", "data-points")
	if t.events > 0 && c.id != eventLoggerID {
		to.Streams["__eventlog"] = stream("component-id", "message-id", "ts", "values")
	}
	const resetTimeout = "__ack_reset_timeout"
	switch {
	case c.id == ackerID:
		for _, name := range []string{ackAck, ackFail, resetTimeout} {
			to.Streams[name] = stream("id", "time-delta-ms")
			to.Streams[name].Direct = new(true)
		}
		for _, from := range t.components {
			if !from.spout && !system(from.id) {
				read(from.id, resetTimeout, &storm.Grouping{Fields: []string{"id"}})
			}
		}
	case c.id == eventLoggerID:
		for _, from := range t.components {
			if from != c {
				read(from.id, "__eventlog", &storm.Grouping{Fields: []string{"component-id"}})
			}
		}
	case c.spout:
		to.Streams[ackInit] = stream("id", "init-val", "spout-task")
		for _, name := range []string{ackAck, ackFail, resetTimeout} {
			read(ackerID, name, &storm.Grouping{Direct: &storm.NullStruct{}})
		}
	default:
		to.Streams[ackAck], to.Streams[ackFail], to.Streams[resetTimeout] = stream("id", "ack-val"), stream("id"), stream("id")
	}
}

func (in input) grouping() *storm.Grouping {
	switch in.how {
	case fields:
		return &storm.Grouping{Fields: in.fields}
	case global:
		return &storm.Grouping{Fields: []string{}}
	case all:
		return &storm.Grouping{All: &storm.NullStruct{}}
	case direct:
		return &storm.Grouping{Direct: &storm.NullStruct{}}
	case localOrShuffle:
		return &storm.Grouping{LocalOrShuffle: &storm.NullStruct{}}
	default:
		return &storm.Grouping{Shuffle: &storm.NullStruct{}}
	}
}
