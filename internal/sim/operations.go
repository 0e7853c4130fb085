package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// change runs do on the topology of that name, if this Nimbus knows it, and
// tells ZooKeeper. A standby knows no names.
func (a *answers) change(name string, do func(t *topology) error) error {
	return a.changing(func() error {
		t := a.w.topology(name)
		if t == nil || !a.leads() {
			return notAlive(name + " is not alive")
		}
		return do(t)
	})
}

// changeByID is the same for the calls that every Nimbus carries out.
func (a *answers) changeByID(id string, do func(t *topology) error) error {
	return a.changing(func() error {
		t := a.w.byID(id)
		if t == nil {
			return errInternal
		}
		return do(t)
	})
}

func (a *answers) changing(do func() error) error {
	a.w.mu.Lock()
	err := do()
	a.w.mu.Unlock()
	if err == nil {
		a.changed()
	}
	return err
}

// KillTopology ends a topology after its message timeout.
func (a *answers) KillTopology(ctx context.Context, name string) error {
	return a.KillTopologyWithOpts(ctx, name, &storm.KillOptions{})
}

// KillTopologyWithOpts ends a topology after a wait.
func (a *answers) KillTopologyWithOpts(_ context.Context, name string, options *storm.KillOptions) error {
	return a.change(name, func(t *topology) error {
		if options == nil {
			return errInternal
		}
		a.w.kill(t, options.WaitSecs)
		return nil
	})
}

// Activate lets the spouts of a topology emit.
func (a *answers) Activate(_ context.Context, name string) error { return a.toggle(name, active) }

// Deactivate stops them.
func (a *answers) Deactivate(_ context.Context, name string) error { return a.toggle(name, inactive) }

func (a *answers) toggle(name string, to storm.TopologyStatus) error {
	return a.change(name, func(t *topology) error {
		switch t.status {
		case to:
		case active, inactive:
			a.w.setStatus(t, to)
		default:
			return errInternal // no transition for that event
		}
		return nil
	})
}

// Rebalance spreads a topology anew after a wait. What it asks for is checked
// first, the topology's state only then.
func (a *answers) Rebalance(_ context.Context, name string, options *storm.RebalanceOptions) error {
	return a.change(name, func(t *topology) error {
		if options == nil {
			return errInternal
		}
		if err := t.checkExecutors(options.NumExecutors); err != nil {
			return err
		}
		if options.TopologyConfOverrides != nil {
			var wishes map[string]any
			if json.Unmarshal([]byte(*options.TopologyConfOverrides), &wishes) != nil || wishes == nil {
				return errInternal
			}
			for _, key := range notForUsers {
				delete(wishes, key)
			}
			options.TopologyConfOverrides = new(text(wishes))
		}
		if t.status != active && t.status != inactive {
			return errInternal
		}
		a.w.startRebalance(t, options)
		return nil
	})
}

// notForUsers are the settings that a rebalance does not take.
var notForUsers = []string{
	"topology.submitter.principal", "topology.submitter.user", "storm.zookeeper.superACL",
	"storm.zookeeper.topology.auth.scheme", "storm.zookeeper.topology.auth.payload", "storm.local.hostname",
}

// checkExecutors refuses components that a topology does not have and numbers
// below one. Components of Storm's own are not looked up.
func (t *topology) checkExecutors(wishes map[string]int32) error {
	valid := []string{}
	for _, c := range t.components {
		if !system(c.id) {
			valid = append(valid, c.id)
		}
	}
	slices.Sort(valid)
	for _, id := range slices.Sorted(maps.Keys(wishes)) {
		if !system(id) && !slices.Contains(valid, id) {
			return invalid(fmt.Sprintf("Invalid component %s for topology %s, valid values are %s", id, t.name, strings.Join(valid, ",")))
		}
		if wishes[id] <= 0 {
			return invalid("Number of executors must be greater than 0")
		}
	}
	return nil
}

func invalid(words string) error { return &storm.InvalidTopologyException{Msg: &words} }

// maxSettings bounds the loggers, components, profiler requests and credentials
// that callers can give a topology, of each.
const maxSettings = 1000

// Debug turns the logging of a share of the tuples on or off.
func (a *answers) Debug(_ context.Context, name, component string, enable bool, percent float64) error {
	return a.change(name, func(t *topology) error {
		if len(t.debug) >= maxSettings {
			return errInternal
		}
		a.w.setDebug(t, component, enable, percent)
		return nil
	})
}

// SetLogConfig changes log levels, on a standby too.
func (a *answers) SetLogConfig(_ context.Context, id string, config *storm.LogConfig) error {
	return a.changeByID(id, func(t *topology) error {
		if config == nil || len(t.logs)+len(config.NamedLoggerLevel) > maxSettings {
			return errInternal
		}
		for name, level := range config.NamedLoggerLevel {
			if name == "" || level == nil || level.Action == nil {
				return errInternal
			}
		}
		a.w.setLogs(t, config.NamedLoggerLevel)
		return nil
	})
}

// SetWorkerProfiler asks something of a worker, on a standby too.
func (a *answers) SetWorkerProfiler(_ context.Context, id string, request *storm.ProfileRequest) error {
	return a.changeByID(id, func(t *topology) error {
		if request == nil || request.NodeInfo == nil || len(request.NodeInfo.Port) == 0 || request.Action == nil ||
			len(t.profiles) >= maxSettings {
			return errInternal
		}
		a.w.setProfile(t, request)
		return nil
	})
}
