package sim

import (
	"encoding/json"
	"maps"
	"math"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// The states of a topology.
const (
	active      = storm.TopologyStatus_ACTIVE
	inactive    = storm.TopologyStatus_INACTIVE
	rebalancing = storm.TopologyStatus_REBALANCING
	killed      = storm.TopologyStatus_KILLED
)

// base is what Storm keeps of a topology in ZooKeeper besides its assignment.
type base struct {
	status   storm.TopologyStatus
	previous *storm.TopologyStatus // while it is rebalanced
	// options are those of the last kill or rebalance, which stay.
	options *storm.TopologyActionOptions
	asked   map[string]int32 // executors by component, as asked for
	wanted  int32            // workers, as asked for
	debug   map[string]*storm.DebugOptions
}

// newBase is the state of a topology that was just submitted.
func (t *topology) newBase() base {
	asked := map[string]int32{"__system": 0}
	for _, c := range t.components {
		asked[c.id] = int32(c.part.executors)
	}
	return base{status: active, asked: asked, wanted: int32(t.blueprint.workers), debug: map[string]*storm.DebugOptions{}}
}

// record is the base as it is stored. The result shares nothing that changes.
func (t *topology) record() *storm.StormBase {
	out := &storm.StormBase{
		Name: new(t.name), Status: new(t.status), NumWorkers: new(t.wanted), ComponentExecutors: maps.Clone(t.asked),
		LaunchTimeSecs: new(int32(t.launched)), Owner: new(t.owner), TopologyActionOptions: t.options,
		ComponentDebug: maps.Clone(t.debug), Principal: new(""),
	}
	if t.previous != nil {
		out.PrevStatus = new(*t.previous)
	}
	return out
}

// desired is the parallelism that was asked for, as far as the tasks go.
func (t *topology) desired() parallelism {
	out := parallelism{}
	for _, c := range t.components {
		out[c.id] = min(int(t.asked[c.id]), c.tasks)
	}
	return out
}

// runs reports whether the topology has just these executors.
func (t *topology) runs(p parallelism) bool {
	for _, c := range t.components {
		if len(c.executors) != p[c.id] {
			return false
		}
	}
	return true
}

// delayed is what Nimbus waits to do.
type delayed int

const (
	doRebalance delayed = iota
	remove
)

// timer is an event that the leader has in its memory.
type timer struct {
	at    float64
	id    string
	event delayed
}

// after makes an event due in some seconds. In Storm an earlier one stays beside
// it, so that a topology that is killed twice goes with the first of them; the
// later one then finds nothing to do, and is left out here.
func (w *World) after(secs float64, id string, event delayed) {
	at := w.now + max(0, secs)
	for i := range w.timers {
		if t := &w.timers[i]; t.id == id && t.event == event {
			t.at = min(t.at, at)
			return
		}
	}
	w.timers = append(w.timers, timer{at: at, id: id, event: event})
}

// due carries out what the leader waited for.
func (w *World) due() {
	if w.acting() < 0 {
		return
	}
	kept, now := []timer{}, []timer{}
	for _, t := range w.timers {
		if w.now >= t.at {
			now = append(now, t)
		} else {
			kept = append(kept, t)
		}
	}
	w.timers = kept
	for _, due := range now {
		t := w.byID(due.id)
		switch {
		case t == nil:
		case due.event == doRebalance && t.status == rebalancing:
			w.rebalanced(t)
		case due.event == remove && t.status == killed:
			w.remove(t)
		}
	}
}

// setStatus changes a topology's state by itself.
func (w *World) setStatus(t *topology, s storm.TopologyStatus) {
	t.status, t.previous = s, nil
	w.journal(written{kind: baseWritten, id: t.id, base: t.record()})
}

// kill begins a topology's end.
func (w *World) kill(t *topology, wait *int32) {
	secs := int32(t.timeout)
	if wait != nil {
		secs = *wait
	}
	w.after(float64(secs), t.id, remove)
	t.options = &storm.TopologyActionOptions{KillOptions: &storm.KillOptions{WaitSecs: &secs}}
	w.setStatus(t, killed)
}

// remove ends a topology.
func (w *World) remove(t *topology) {
	kept := w.topologies[:0]
	for _, other := range w.topologies {
		if other != t {
			kept = append(kept, other)
		}
	}
	clear(w.topologies[len(kept):])
	w.topologies = kept
	delete(w.nimbuses[w.acting()].remembered, t.id)
	w.journal(written{kind: topologyRemoved, id: t.id})
}

// startRebalance begins the wait of a rebalance.
func (w *World) startRebalance(t *topology, o *storm.RebalanceOptions) {
	o.Principal = nil // Nimbus does not let callers set it
	if o.WaitSecs == nil {
		o.WaitSecs = new(int32(t.timeout))
	}
	if o.NumExecutors == nil {
		o.NumExecutors = map[string]int32{}
	}
	w.after(float64(o.GetWaitSecs()), t.id, doRebalance)
	t.options = &storm.TopologyActionOptions{RebalanceOptions: o}
	previous := t.status
	t.status, t.previous = rebalancing, &previous
	w.journal(written{kind: baseWritten, id: t.id, base: t.record()})
}

// rebalanced ends the wait: what was asked for is stored, then placed, then the
// state is what it was before.
func (w *World) rebalanced(t *topology) {
	o := t.options.RebalanceOptions
	maps.Copy(t.asked, o.NumExecutors)
	if o.GetNumWorkers() != 0 { // 0 stands for no wish
		t.wanted = o.GetNumWorkers()
	}
	before := active
	if t.previous != nil {
		before = *t.previous
	}
	t.previous = nil
	w.journal(written{kind: baseWritten, id: t.id, base: t.record()})
	w.override(t, o)
	leader := &w.nimbuses[w.acting()]
	delete(leader.remembered, t.id)
	w.assign(t, leader.recall(t))
	w.setStatus(t, before)
}

// override stores what a rebalance says about configuration and resources.
func (w *World) override(t *topology, o *storm.RebalanceOptions) {
	for id, wishes := range o.TopologyResourcesOverrides {
		if c := t.component(id); c != nil {
			c.needs.override(wishes)
		}
	}
	var wishes, conf map[string]any
	if json.Unmarshal([]byte(o.GetTopologyConfOverrides()), &wishes) != nil || json.Unmarshal([]byte(t.conf), &conf) != nil {
		return // nothing was asked for
	}
	maps.Copy(conf, wishes)
	t.conf = text(conf)
	if secs, ok := wishes["topology.message.timeout.secs"].(float64); ok && secs > 0 {
		t.timeout = secs
	}
	if limit, ok := wishes["topology.max.spout.pending"].(float64); ok {
		t.maxPending = max(0, limit)
	}
}

// setDebug stores what is to be logged of the tuples of a component, or of the
// whole topology. Percentages add up, whatever the component is.
func (w *World) setDebug(t *topology, key string, enable bool, percent float64) {
	if key == "" {
		key = t.id
	}
	sum := 0.0
	if old := t.debug[key]; old != nil {
		sum = old.GetSamplingpct()
	}
	if enable && !math.IsNaN(percent) {
		sum += max(0, min(100, percent))
	}
	t.debug[key] = &storm.DebugOptions{Enable: &enable, Samplingpct: &sum}
	w.journal(written{kind: baseWritten, id: t.id, base: t.record()})
}
