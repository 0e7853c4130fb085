package operate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
)

// state is the topology as it was read just before the change.
type state struct {
	status    nimbusclient.Status
	leader    string
	executors map[string]int // by component, at work
	tasks     map[string]int // by component
	slots     map[slot]int   // executors in each
	sampled   float64        // percent stored, to which Sample adds
	levels    map[string]nimbusclient.LogLevel
	uptime    int // of the worker that the action is about, seconds; -1 when not known
}

// slot is a worker's place.
type slot struct {
	Host string
	Port int
}

func (s slot) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// look reads what the deed rests on and refuses when it does not hold any more.
func look(r cluster.Reader, d Deed) (state, error) {
	c, err := r.Cluster()
	if err != nil {
		return state{}, err
	}
	s := state{uptime: -1}
	for _, n := range c.Nimbuses {
		if n.Leader {
			s.leader = n.Addr()
		}
	}
	i := slices.IndexFunc(c.Topologies, func(t nimbusclient.TopologySummary) bool { return t.Name == d.Topology })
	switch {
	case i < 0:
		return state{}, refuse("gone", "Killed elsewhere? 6 shows when.", "%s is not alive any more. Nothing was sent.", d.Topology)
	case c.Topologies[i].ID != d.TopologyID:
		return state{}, refuse("redeployed", "Open it again and look before acting.",
			"%s is now id %s; you chose %s. Nothing was sent.", d.Topology, c.Topologies[i].ID, d.TopologyID)
	}
	s.status = c.Topologies[i].Status
	if err := allowed(d, s.status); err != nil {
		return state{}, err
	}
	info, err := r.Info(d.TopologyID)
	if err != nil {
		return state{}, err
	}
	s.place(info)
	switch {
	case d.Action == Sample:
		err = s.lookSampling(r, d, info)
	case d.Action == LogLevels:
		s.levels, err = r.LogConfig(d.TopologyID)
	case d.Action.OnWorker():
		err = s.lookWorker(r, d, info)
	}
	return s, err
}

// allowed is Storm's own table of what may follow what; a change it forbids fails
// inside Nimbus without a word about why.
func allowed(d Deed, status nimbusclient.Status) error {
	no := func(why string) error {
		return refuse("state", why, "%s is %s: Storm accepts no %s now. Nothing was sent.", d.Topology, status, d.Action)
	}
	switch status {
	case nimbusclient.Rebalancing:
		switch d.Action {
		case Rebalance, Activate, Deactivate:
			return no("REBALANCING ends by itself.")
		default:
		}
	case nimbusclient.Killed:
		if d.Action != Kill {
			return no("KILLED only allows kill again.")
		}
	case nimbusclient.Active:
		if d.Action == Activate {
			return refuse("state", "", "%s is ACTIVE already. Nothing was sent.", d.Topology)
		}
	case nimbusclient.Inactive:
		if d.Action == Deactivate {
			return refuse("state", "", "%s is INACTIVE already. Nothing was sent.", d.Topology)
		}
	}
	return nil
}

// place notes who runs where.
func (s *state) place(info *nimbusclient.TopologyInfo) {
	s.executors, s.tasks, s.slots = map[string]int{}, map[string]int{}, map[slot]int{}
	for _, e := range info.ExecutorList {
		s.executors[e.Component]++
		s.tasks[e.Component] += e.ID.Tasks()
		s.slots[slot{e.Host, e.Port}]++
	}
}

// jsonArray is what an event of a shell component carries, and what Kryo refuses
// to send to another worker unless it is registered: the worker then ends, again
// and again.
const jsonArray = "org.apache.storm.shade.net.minidev.json.JSONArray"

func (s *state) lookSampling(r cluster.Reader, d Deed, info *nimbusclient.TopologyInfo) error {
	key := d.Component
	if key == "" {
		key = d.TopologyID
	} else if s.tasks[key] == 0 {
		return refuse("sampling", "", "%s has no component %s; Storm would store it for good. Nothing was sent.", d.Topology, key)
	}
	// Before 2.0 a percentage replaces the one before.
	if pct := info.Debug[key].SamplingPct; pct != nil && r.Server().Line >= nimbusclient.V2 {
		s.sampled = *pct
	}
	if d.Percent <= 0 {
		return nil
	}
	if d.Percent < s.sampled {
		return refuse("sampling", "Switch it off and ask for at least that much.",
			"Storm only adds: %g %% are stored for %s, and it cannot be lowered to %g %%. Nothing was sent.", s.sampled, key, d.Percent)
	}
	text, err := r.Conf(d.TopologyID)
	if err != nil {
		return fmt.Errorf("reading the configuration that sampling depends on: %w", err)
	}
	var conf struct {
		Loggers  *float64 `json:"topology.eventlogger.executors"`
		Register any      `json:"topology.kryo.register"`
	}
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		return fmt.Errorf("reading the configuration that sampling depends on: %w", err)
	}
	if s.executors["__eventlogger"] == 0 && (conf.Loggers == nil || *conf.Loggers == 0) {
		return refuse("sampling", "Resubmit with 1 or more.",
			"Sampling has no effect: topology.eventlogger.executors was 0 at submit. Nothing was sent.")
	}
	if d.Force || registers(conf.Register) {
		return nil
	}
	structure, err := r.Structure(d.TopologyID)
	if err != nil {
		return fmt.Errorf("reading which components are shells: %w", err)
	}
	for _, c := range structure.Components {
		if c.Shell == nil || d.Component != "" && c.ID != d.Component {
			continue
		}
		if at, apart := loggedElsewhere(info, c.ID); apart {
			return refuse("sampling", "Submit with topology.kryo.register: ["+jsonArray+"], or force it.",
				"Sampling %s would make its worker on %s crash again and again: it is a shell component, its event logger runs in another worker, and %s is not registered with Kryo. Nothing was sent.",
				c.ID, at, jsonArray[strings.LastIndexByte(jsonArray, '.')+1:])
		}
	}
	return nil
}

// loggedElsewhere finds a worker with an executor of the component whose events
// may go to another worker.
func loggedElsewhere(info *nimbusclient.TopologyInfo, component string) (slot, bool) {
	loggers := map[slot]bool{}
	for _, e := range info.ExecutorList {
		if e.Component == "__eventlogger" {
			loggers[slot{e.Host, e.Port}] = true
		}
	}
	for _, e := range info.ExecutorList {
		if at := (slot{e.Host, e.Port}); e.Component == component && (!loggers[at] || len(loggers) > 1) {
			return at, true
		}
	}
	return slot{}, false
}

// registers reports whether a configuration's topology.kryo.register has the JSON
// array. It is a list of names and of maps from name to serializer as it is
// written, and one map as Nimbus gives it.
func registers(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		_, ok := v[jsonArray]
		return ok
	case []any:
		return slices.ContainsFunc(v, registers)
	}
	return v == jsonArray
}

func (s *state) lookWorker(r cluster.Reader, d Deed, info *nimbusclient.TopologyInfo) error {
	at := slot{d.Host, d.Port}
	if s.slots[at] == 0 {
		return refuse("worker", "stormtop workers "+d.Topology+" lists them.", "%s has no worker on %s. Nothing was sent.", d.Topology, at)
	}
	for _, e := range info.ExecutorList {
		if (slot{e.Host, e.Port}) == at && e.UptimeSecs != nil {
			s.uptime = max(s.uptime, *e.UptimeSecs)
		}
	}
	switch d.Action {
	case ProfileStart, ProfileDump, ProfileStop:
	default:
		return nil
	}
	text, err := r.NimbusConf()
	if errors.Is(err, nimbusclient.ErrUnauthorized) {
		return nil // the file that appears or does not will tell
	}
	if err != nil {
		return err
	}
	var conf struct {
		Enabled *bool `json:"worker.profiler.enabled"`
	}
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		return fmt.Errorf("reading Nimbus' configuration: %w", err)
	}
	if conf.Enabled == nil || !*conf.Enabled {
		return refuse("worker", "It is a setting of the cluster.", "Profiling needs worker.profiler.enabled, which is false here. Nothing was sent.")
	}
	return nil
}
