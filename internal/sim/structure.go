package sim

import (
	"context"
	"encoding/json"
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
	for _, c := range t.components {
		switch {
		case !sys && system(c.id):
		case c.spout:
			out.Spouts[c.id] = &storm.SpoutSpec{SpoutObject: c.object(), Common: c.common(sys)}
		default:
			out.Bolts[c.id] = &storm.Bolt{BoltObject: c.object(), Common: c.common(sys)}
		}
	}
	return out, nil
}

func (c *component) object() *storm.ComponentObject {
	if c.shell() {
		return &storm.ComponentObject{Shell: &storm.ShellComponent{ExecutionCommand: new(c.command), Script: new(c.script)}}
	}
	return &storm.ComponentObject{JavaObject: &storm.JavaObject{FullClassName: new(c.class), ArgsList: []*storm.JavaObjectArg{}}}
}

func (c *component) common(sys bool) *storm.ComponentCommon {
	own := map[string]any{"topology.tasks": c.tasks}
	maps.Copy(own, c.conf)
	conf, err := json.Marshal(own)
	if err != nil {
		conf = []byte("{}")
	}
	out := &storm.ComponentCommon{
		Inputs: map[*storm.GlobalStreamId]*storm.Grouping{}, Streams: map[string]*storm.StreamInfo{},
		ParallelismHint: new(int32(c.part.executors)), JSONConf: new(string(conf)),
	}
	for _, in := range c.inputs {
		out.Inputs[in.id] = in.grouping()
	}
	for _, o := range c.outputs {
		switch {
		case !system(o.stream):
			out.Streams[o.stream] = &storm.StreamInfo{OutputFields: o.fields, Direct: new(o.direct)}
		case sys:
			out.Streams[o.stream] = &storm.StreamInfo{OutputFields: ackFields(o.stream), Direct: new(c.id == ackerID)}
		}
	}
	return out
}

func ackFields(stream string) []string {
	switch stream {
	case ackInit:
		return []string{"id", "init-val", "spout-task"}
	case ackAck:
		return []string{"id", "ack-val"}
	}
	return []string{"id"}
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
