package nimbusclient

import (
	"fmt"
	"math"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func fromKill(wait *int) *storm.KillOptions { return &storm.KillOptions{WaitSecs: toInt32(wait)} }

func fromRebalance(o RebalanceOptions) *storm.RebalanceOptions {
	r := &storm.RebalanceOptions{WaitSecs: toInt32(o.Wait), NumWorkers: toInt32(o.Workers)}
	if len(o.Executors) > 0 {
		r.NumExecutors = make(map[string]int32, len(o.Executors))
		for component, n := range o.Executors {
			r.NumExecutors[component] = clip32(n)
		}
	}
	if len(o.Resources) > 0 {
		r.TopologyResourcesOverrides = o.Resources
	}
	if o.Conf != "" {
		r.TopologyConfOverrides = &o.Conf
	}
	return r
}

func fromLogConfig(levels map[string]LogLevel) *storm.LogConfig {
	out := &storm.LogConfig{NamedLoggerLevel: make(map[string]*storm.LogLevel, len(levels))}
	for logger, l := range levels {
		action := storm.LogLevelAction_UPDATE
		if l.Action == "REMOVE" {
			action = storm.LogLevelAction_REMOVE
		}
		level := &storm.LogLevel{Action: &action, ResetLogLevelTimeoutSecs: toInt32(l.TimeoutSecs)}
		if l.Target != "" {
			level.TargetLogLevel = &l.Target
		}
		if l.Reset != "" {
			level.ResetLogLevel = &l.Reset
		}
		out.NamedLoggerLevel[logger] = level
	}
	return out
}

func fromProfileRequest(r ProfileRequest) (*storm.ProfileRequest, error) {
	action, err := storm.ProfileActionFromString(r.Action)
	if err != nil {
		return nil, fmt.Errorf("%q is no profiler action: %w", r.Action, err)
	}
	return &storm.ProfileRequest{
		NodeInfo: &storm.NodeInfo{Node: &r.Host, Port: []int64{int64(r.Port)}}, Action: &action, TimeStamp: r.Time,
	}, nil
}

// toInt32 is nil for nil. What is checked before it is sent fits; what is not is
// clipped, not turned into another sign.
func toInt32(n *int) *int32 {
	if n == nil {
		return nil
	}
	v := clip32(*n)
	return &v
}

func clip32(n int) int32 { return int32(max(math.MinInt32, min(math.MaxInt32, n))) }
