package cluster

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// fellBackWithin is how long after a change of leader a drift is laid to it: a
// new leader may assign from an old list of executors.
const fellBackWithin = 10 * time.Minute

// leaderMoved is when the leader last changed, from the feed so far and the
// changes just found; zero when it has not.
func leaderMoved(old *Snapshot, now []Change) time.Time {
	for _, list := range [][]Change{now, old.Feed} {
		for _, c := range list {
			if c.Kind == ChangeLeader {
				return c.At
			}
		}
	}
	return time.Time{}
}

// diffTopology lists what changed inside one topology.
func diffTopology(old, now *Topology, s *Snapshot, moved time.Time) []Change {
	base := Change{At: s.Made, Object: now.Summary.Name, TopologyID: now.Summary.ID}
	out := diffDrift(old, now, base, moved)
	out = append(out, diffErrors(old, now, base)...)
	return append(out, diffConf(old, now, base)...)
}

// diffDrift tells numbers that stopped, or began again, to be as asked for.
func diffDrift(old, now *Topology, c Change, moved time.Time) []Change {
	var out []Change
	c.Kind = ChangeDrift
	for _, d := range now.Drift {
		if slices.Contains(old.Drift, d) {
			continue
		}
		c.Level, c.Component = LevelWarn, d.Component
		c.Detail = fmt.Sprintf("runs with %s %d, asked for %d", what(d), d.Actual, d.Desired)
		if !moved.IsZero() && c.At.Sub(moved) < fellBackWithin {
			c.Detail = fmt.Sprintf("reassigned with %s %d, asked for %d: fallen back after a change of leader", what(d), d.Actual, d.Desired)
		}
		out = append(out, c)
	}
	if status := now.Summary.Status; status != nimbusclient.Active && status != nimbusclient.Inactive {
		return out // a drift is no question while it moves
	}
	for _, d := range old.Drift {
		if slices.ContainsFunc(now.Drift, func(n Drift) bool { return n.Component == d.Component }) {
			continue
		}
		c.Level, c.Component, c.Detail = LevelGood, d.Component, what(d)+" is as asked for again"
		out = append(out, c)
	}
	return out
}

func what(d Drift) string {
	if d.Component == "" {
		return "workers"
	}
	return d.Component
}

// diffErrors lists errors that a component reported since. A component that was
// not listed before says nothing: its error may be old.
func diffErrors(old, now *Topology, base Change) []Change {
	was, is := lastErrors(old), lastErrors(now)
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(is)) {
		e := is[name]
		if before, listed := was[name]; !listed || before.Time >= e.Time {
			continue
		}
		c := base
		c.Kind, c.Level, c.Component, c.At = ChangeError, LevelWarn, name, time.Unix(e.Time, 0)
		where := ""
		if e.Host != nil && e.Port != nil && *e.Host != "" {
			where = fmt.Sprintf(" on %s:%d", *e.Host, *e.Port)
		}
		c.Detail = name + where + ": " + Headline(e.Error)
		out = append(out, c)
	}
	return out
}

// lastErrors gives the newest error of each component listed on a page; its zero
// value for one without.
func lastErrors(t *Topology) map[string]nimbusclient.ErrorInfo {
	by := map[string]nimbusclient.ErrorInfo{}
	for _, p := range t.Pages {
		for _, c := range slices.Concat(p.Spouts, p.Bolts) {
			newest := by[c.ID]
			if c.LastError != nil && c.LastError.Time > newest.Time {
				newest = *c.LastError
			}
			by[c.ID] = newest
		}
	}
	return by
}

// diffConf tells keys of the configuration that changed, with their values where
// those are numbers or switches: a text may be a secret.
func diffConf(old, now *Topology, c Change) []Change {
	if old.Conf == nil || now.Conf == nil || old.ConfCall != now.ConfCall ||
		reflect.ValueOf(old.Conf).UnsafePointer() == reflect.ValueOf(now.Conf).UnsafePointer() {
		return nil // a configuration that is read anew and changed is another map
	}
	keys := map[string]bool{}
	for key := range old.Conf {
		keys[key] = true
	}
	for key := range now.Conf {
		keys[key] = true
	}
	c.Kind = ChangeConfig
	var out []Change
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		before, after := old.Conf[key], now.Conf[key]
		if fmt.Sprint(before) == fmt.Sprint(after) {
			continue
		}
		c.Detail = key + " changed"
		if plain(before) && plain(after) {
			c.Detail = fmt.Sprintf("%s %s → %s", key, word(before), word(after))
		}
		out = append(out, c)
	}
	return out
}

func plain(v any) bool {
	switch v.(type) {
	case nil, bool, float64:
		return true
	}
	return false
}

func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "unset"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
