package operate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/rebalance"
)

// Action is a kind of change.
type Action string

// The actions.
const (
	Rebalance     Action = "rebalance"
	Kill          Action = "kill"
	Activate      Action = "activate"
	Deactivate    Action = "deactivate"
	LogLevels     Action = "loglevel"
	Sample        Action = "debug"
	Jstack        Action = "jstack"
	Heap          Action = "heap"
	ProfileStart  Action = "profile"
	ProfileDump   Action = "profile-dump"
	ProfileStop   Action = "profile-stop"
	RestartWorker Action = "restart"
)

// profilerActions are the names of Nimbus' profiler for the actions on a worker.
var profilerActions = map[Action]string{
	Jstack: "JSTACK_DUMP", Heap: "JMAP_DUMP", ProfileStart: "JPROFILE_STOP", ProfileDump: "JPROFILE_DUMP",
	ProfileStop: "JPROFILE_STOP", RestartWorker: "JVM_RESTART",
}

// OnWorker reports whether the action is about one worker.
func (a Action) OnWorker() bool { return profilerActions[a] != "" }

// TypesName reports whether the operator must type the topology's name before
// the action is sent; for the others a button is enough.
func (d Deed) TypesName() bool {
	switch d.Action {
	case Rebalance, Kill, Deactivate, RestartWorker, Heap:
		return true
	case Sample:
		return d.Shell
	case Activate, LogLevels, Jstack, ProfileStart, ProfileDump, ProfileStop:
	}
	return false
}

// Deed is one change that an operator wants, frozen when its dialog opened.
type Deed struct {
	Action Action
	// TopologyID and Topology are the target as the operator saw it. Both are
	// needed: Storm takes most changes by name, and the name may have been given
	// to another topology since.
	TopologyID, Topology string
	// Seen is when what the operator decided on was read; zero when it is read
	// afresh anyway.
	Seen time.Time

	Wait *int            // of Kill, in seconds; nil is the message timeout
	Plan *rebalance.Plan // of Rebalance

	// Levels are for LogLevels, by logger: "UPDATE" or "REMOVE".
	Levels map[string]nimbusclient.LogLevel

	// Component is what Sample is about, "" for the whole topology; Percent is
	// what is to be sampled, 0 for none; Shell says that a component with a
	// process of its own is among them.
	Component string
	Percent   float64
	Shell     bool

	// Host and Port are the worker of an action on one, and For how long to
	// profile.
	Host string
	Port int
	For  time.Duration

	// Force does what is otherwise refused as dangerous: sampling a shell
	// component whose worker would crash. A plan has its own.
	Force bool
	// Reason is why, for the audit.
	Reason string
	// DryRun does everything but send.
	DryRun bool
}

// Parameters are the deed's in one line: "wait=30 workers=3 split=4".
func (d Deed) Parameters() string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch d.Action {
	case Kill:
		if d.Wait != nil {
			add("wait=%d", *d.Wait)
		}
	case Rebalance:
		if d.Plan == nil {
			break
		}
		if d.Plan.Wait != nil {
			add("wait=%d", *d.Plan.Wait)
		}
		for _, c := range d.Plan.Changes() {
			add("%s", strings.ReplaceAll(c.String(), " → ", "→"))
		}
	case LogLevels:
		for _, logger := range slices.Sorted(maps.Keys(d.Levels)) {
			l := d.Levels[logger]
			switch {
			case l.Action == "REMOVE":
				add("%s=", logger)
			case l.TimeoutSecs != nil && *l.TimeoutSecs > 0:
				add("%s=%s:%d", logger, l.Target, *l.TimeoutSecs)
			default:
				add("%s=%s", logger, l.Target)
			}
		}
	case Sample:
		if d.Component != "" {
			add("component=%s", d.Component)
		}
		add("percent=%s", strconv.FormatFloat(d.Percent, 'f', -1, 64))
	case Jstack, Heap, ProfileStart, ProfileDump, ProfileStop, RestartWorker:
		add("worker=%s:%d", d.Host, d.Port)
		if d.Action == ProfileStart {
			add("for=%s", d.For)
		}
	case Activate, Deactivate:
	}
	if d.Force || d.Plan != nil && d.Plan.Force {
		add("force")
	}
	return strings.Join(out, " ")
}

// Command is the same as a line for Storm's own client; "" where it has none.
func (d Deed) Command() string {
	words := []string{"storm"}
	switch d.Action {
	case Rebalance:
		if d.Plan == nil {
			return ""
		}
		return d.Plan.Command()
	case Kill:
		words = append(words, "kill", d.Topology)
		if d.Wait != nil {
			words = append(words, "-w", strconv.Itoa(*d.Wait))
		}
	case Activate, Deactivate:
		words = append(words, string(d.Action), d.Topology)
	case LogLevels:
		words = append(words, "set_log_level")
		for _, logger := range slices.Sorted(maps.Keys(d.Levels)) {
			l := d.Levels[logger]
			if l.Action == "REMOVE" {
				words = append(words, "-r", logger)
				continue
			}
			level := logger + "=" + l.Target
			if l.TimeoutSecs != nil && *l.TimeoutSecs > 0 {
				level += ":" + strconv.Itoa(*l.TimeoutSecs)
			}
			words = append(words, "-l", level)
		}
		words = append(words, d.Topology)
	case Sample, Jstack, Heap, ProfileStart, ProfileDump, ProfileStop, RestartWorker:
		return ""
	}
	return rebalance.Quote(words...)
}

// change makes what is sent. stored is the percentage that Nimbus has for what
// Sample is about, to which Storm 2.x adds.
func (d Deed) change(now time.Time, stored float64) (nimbusclient.Change, error) {
	switch d.Action {
	case Kill:
		return nimbusclient.KillTopology(d.Topology, d.Wait), nil
	case Activate:
		return nimbusclient.ActivateTopology(d.Topology), nil
	case Deactivate:
		return nimbusclient.DeactivateTopology(d.Topology), nil
	case Rebalance:
		o, err := options(*d.Plan)
		return nimbusclient.RebalanceTopology(d.Topology, o), err
	case LogLevels:
		return nimbusclient.SetLogConfig(d.TopologyID, d.Levels), nil
	case Sample:
		return nimbusclient.SampleTuples(d.Topology, d.Component, d.Percent > 0, max(0, d.Percent-stored)), nil
	case Jstack, Heap, ProfileStart, ProfileDump, ProfileStop, RestartWorker:
		at := now.UnixMilli()
		switch d.Action {
		case ProfileStart:
			// The recording runs until this time.
			at = now.Add(d.For).UnixMilli()
		case ProfileStop:
			at = 0
		default:
		}
		return nimbusclient.RequestProfile(d.TopologyID, nimbusclient.ProfileRequest{
			Host: d.Host, Port: d.Port, Action: profilerActions[d.Action], Time: &at,
		}), nil
	}
	return nimbusclient.Change{}, fmt.Errorf("%q is no action", d.Action)
}

func options(p rebalance.Plan) (nimbusclient.RebalanceOptions, error) {
	conf, err := p.ConfJSON()
	o := nimbusclient.RebalanceOptions{Wait: p.Wait, Executors: p.Sent(), Resources: p.Resources, Conf: conf}
	if n, changed := p.NewWorkers(); changed {
		o.Workers = &n
	}
	return o, err
}
