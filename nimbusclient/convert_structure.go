package nimbusclient

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func toStructure(t *storm.StormTopology) *Structure {
	s := new(Structure)
	for id, spout := range t.Spouts {
		s.Components = append(s.Components, toComponentSpec(id, Spout, spout.Common, spout.SpoutObject))
	}
	for id, bolt := range t.Bolts {
		s.Components = append(s.Components, toComponentSpec(id, Bolt, bolt.Common, bolt.BoltObject))
	}
	slices.SortFunc(s.Components, func(a, b ComponentSpec) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

func toComponentSpec(id string, kind Kind, common *storm.ComponentCommon, object *storm.ComponentObject) ComponentSpec {
	c := ComponentSpec{ID: id, Kind: kind}
	if common != nil {
		c.Parallelism, c.Conf = toInt(common.ParallelismHint), common.GetJSONConf()
		for from, g := range common.Inputs {
			c.Inputs = append(c.Inputs, toInput(from, g))
		}
		for stream, info := range common.Streams {
			c.Outputs = append(c.Outputs, OutputStream{ID: stream, Fields: info.OutputFields, Direct: info.GetDirect()})
		}
	}
	slices.SortFunc(c.Inputs, func(a, b Input) int { return compareStreams(a.From, b.From) })
	slices.SortFunc(c.Outputs, func(a, b OutputStream) int { return cmp.Compare(a.ID, b.ID) })
	switch {
	case object == nil:
	case object.Shell != nil:
		c.Shell = &Shell{Command: object.Shell.GetExecutionCommand(), Script: object.Shell.GetScript()}
	case object.JavaObject != nil:
		c.Class = object.JavaObject.GetFullClassName()
	case object.SerializedJava != nil:
		c.Class, c.Shell = fromSerializedJava(object.SerializedJava)
	}
	return c
}

func toInput(from *storm.GlobalStreamId, g *storm.Grouping) Input {
	in := Input{From: toStreamID(from)}
	switch {
	case g == nil:
	case g.Fields != nil && len(g.Fields) == 0:
		in.Grouping = GroupGlobal
	case g.Fields != nil:
		in.Grouping, in.Fields = GroupFields, g.Fields
	case g.Shuffle != nil:
		in.Grouping = GroupShuffle
	case g.All != nil:
		in.Grouping = GroupAll
	case g.None != nil:
		in.Grouping = GroupNone
	case g.Direct != nil:
		in.Grouping = GroupDirect
	case g.LocalOrShuffle != nil:
		in.Grouping = GroupLocalOrShuffle
	case g.CustomObject != nil:
		in.Grouping, in.Class = GroupCustom, g.CustomObject.GetFullClassName()
	case g.CustomSerialized != nil:
		in.Grouping = GroupCustom
		in.Class, _ = fromSerializedJava(g.CustomSerialized)
	}
	return in
}

func toLogConfig(l *storm.LogConfig) map[string]LogLevel {
	out := make(map[string]LogLevel, len(l.NamedLoggerLevel))
	for logger, level := range l.NamedLoggerLevel {
		out[logger] = LogLevel{
			Action:       enumName(level.Action),
			Target:       level.GetTargetLogLevel(),
			TimeoutSecs:  toInt(level.ResetLogLevelTimeoutSecs),
			TimeoutEpoch: level.ResetLogLevelTimeoutEpoch,
			Reset:        level.GetResetLogLevel(),
		}
	}
	return out
}

func toProfileRequests(list *[]*storm.ProfileRequest) []ProfileRequest {
	out := make([]ProfileRequest, 0, len(*list))
	for _, p := range *list {
		r := ProfileRequest{Action: enumName(p.Action), Time: p.TimeStamp}
		if p.NodeInfo != nil {
			r.Host = p.NodeInfo.GetNode()
			if len(p.NodeInfo.Port) > 0 {
				r.Port = int(slices.Min(p.NodeInfo.Port))
			}
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b ProfileRequest) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Action, b.Action))
	})
	return out
}

// enumName is "" for a value that was not sent. One that a newer Storm knows
// is shown by its number.
func enumName[E interface {
	~int64
	String() string
}](e *E) string {
	if e == nil {
		return ""
	}
	if name := (*e).String(); name != "<UNSET>" {
		return name
	}
	return strconv.FormatInt(int64(*e), 10)
}
