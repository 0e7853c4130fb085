package diagnose

import (
	"fmt"
	"math"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Rule is one health rule.
type Rule struct {
	Name  string // "saturated"
	About string // the condition in words, for the help
	Quiet string // what is well when it finds nothing
	// needs are the parts of a snapshot without which it cannot be checked.
	needsNimbus, needsZK, needsPages bool
	find                             func(*view) []candidate
}

// candidate is a finding that may have to last before it is shown.
type candidate struct {
	Finding
	// needBeats is the number of heartbeats in a row it must be so; beatAt is
	// the one this was seen at.
	needBeats int
	beatAt    time.Time
}

// view is what a rule looks at.
type view struct {
	*cluster.Snapshot
	now      time.Time
	limits   Thresholds
	statusAt map[string]statusSeen
}

// recovers names the rules whose end is worth a line.
var recovers = map[string]bool{"leader": true, "supervisor lost": true, "unscheduled": true, "stuck": true}

// Rules lists all health rules in the order of the help.
func Rules() []Rule {
	return []Rule{
		{Name: "leader", About: "no Nimbus leads or none answers", Quiet: "leader elected", find: findLeader},
		{Name: "supervisor lost", About: "a supervisor seen before is gone", Quiet: "all supervisors alive", needsNimbus: true, find: findLost},
		{Name: "unscheduled", About: "an active topology has no or too few workers", Quiet: "no topology unscheduled", needsNimbus: true, find: findUnscheduled},
		{Name: "restarts", About: "a worker restarted within 30m, twice is broken", Quiet: "no worker restarted in 30m", needsNimbus: true, find: findRestarts},
		{Name: "saturated", About: "capacity ≥ 0.80 (1.00), shell bolts L ≥ 1 (3), in two heartbeats", Quiet: "no bolt saturated", needsPages: true, find: findSaturated},
		{Name: "failing", About: "≥ 0.5 % (5 %) of a topology's tuples fail in 10m", Quiet: "no topology failing", needsPages: true, find: findFailing},
		{Name: "error", About: "a component reported an error in 10m", Quiet: "no new errors in 10m", needsPages: true, find: findErrors},
		{Name: "silent spout", About: "a spout of an active topology emitted nothing for 5m", Quiet: "spouts of all watched topologies emit", needsNimbus: true, find: findSilent},
		{Name: "stuck", About: "REBALANCING or KILLED for longer than the wait + 120s", Quiet: "no stuck rebalance or kill", needsNimbus: true, find: findStuck},
		{Name: "missing beat", About: "a worker's heartbeat is older than three periods", Quiet: "every worker beat in time", needsZK: true, find: findBeats},
		{Name: "no room", About: "no free slot is left", Quiet: "slots are free", needsNimbus: true, find: findRoom},
		{Name: "skew", About: "one executor does more than 3 times the work of the others", Quiet: "no component uneven", needsNimbus: true, find: findSkew},
		{Name: "mixed", About: "supervisor versions differ, or a supervisor is blacklisted", Quiet: "versions agree, none blacklisted", needsNimbus: true, find: findMixed},
		{Name: "parallelism", About: "a topology runs with other parallelism than Nimbus was asked for", Quiet: "parallelism as asked for", needsZK: true, find: findDrift},
		{Name: "left on", About: "sampling, a log level or a profiler request left on for 1h", Quiet: "nothing left switched on", needsNimbus: true, find: findLeftOn},
		{Name: "sources", About: "ZooKeeper does not answer", Quiet: "all sources answer", find: findSources},
	}
}

// cannot returns why the rule's source is down, or "".
func (r Rule) cannot(s *cluster.Snapshot) string {
	switch {
	case (r.needsNimbus || r.needsPages) && s.Cluster == nil && s.Link.NimbusErr != nil:
		return "no Nimbus"
	case r.needsZK && s.Link.ZKOff != "":
		return "no ZooKeeper (" + s.Link.ZKOff + ")"
	case r.needsZK && s.ZK == nil && s.Link.ZKErr != nil:
		return "no ZooKeeper"
	}
	return ""
}

// pending returns what the rule still waits for, or "".
func (r Rule) pending(s *cluster.Snapshot) string {
	switch {
	case (r.needsNimbus || r.needsPages) && s.Cluster == nil:
		return "no answer yet"
	case r.needsZK && s.ZK == nil:
		return "no answer yet"
	case r.needsPages && len(s.Cluster.Topologies) > 0 && !anyPage(s):
		return "needs the first statistics"
	}
	return ""
}

func anyPage(s *cluster.Snapshot) bool {
	for _, t := range s.Topologies {
		if len(t.Pages) > 0 {
			return true
		}
	}
	return false
}

// age writes a span of time the way every screen does.
func age(d time.Duration) string { return human.Age(d) }

func findLeader(v *view) []candidate {
	err := v.Link.NimbusErr
	if err == nil {
		return nil
	}
	return []candidate{{Finding: Finding{
		Rule: "leader", Level: cluster.LevelCrit, Where: "nimbus", What: err.Error(), Since: v.Link.StaleSince,
	}}}
}

func findLost(v *view) []candidate {
	var out []candidate
	for _, h := range v.Hosts {
		if h.LostAt.IsZero() {
			continue
		}
		workers := 0
		for _, s := range h.Slots {
			if s.TopologyID != "" {
				workers++
			}
		}
		out = append(out, candidate{Finding: Finding{
			Rule: "supervisor lost", Level: cluster.LevelCrit, Where: h.Name, Host: h.ID, Since: h.LostAt,
			What: fmt.Sprintf("supervisor lost %s ago, it ran %s", age(v.now.Sub(h.LostAt)), count(workers, "worker")),
		}})
	}
	return out
}

func findUnscheduled(v *view) []candidate {
	var out []candidate
	for _, row := range v.Cluster.Topologies {
		if row.Status != nimbusclient.Active || row.Workers == nil {
			continue
		}
		wanted := 0
		if v.ZK != nil {
			if base, ok := v.ZK.Storms[row.ID]; ok && base.Workers != nil {
				wanted = *base.Workers
			}
		}
		f := Finding{Rule: "unscheduled", Level: cluster.LevelCrit, Where: row.Name, TopologyID: row.ID}
		switch {
		case *row.Workers == 0:
			f.What = "no worker is assigned"
		case *row.Workers < wanted && row.Executors != nil && *row.Workers < *row.Executors:
			f.What = fmt.Sprintf("%d of %d workers are assigned", *row.Workers, wanted)
		default:
			continue
		}
		if row.SchedStatus != nil && *row.SchedStatus != "" {
			f.Evidence = []string{*row.SchedStatus}
		}
		out = append(out, candidate{Finding: f})
	}
	return out
}

// findRestarts counts the restarts in the feed, which remembers their times.
func findRestarts(v *view) []candidate {
	type place struct {
		topology, host string
		port           int
	}
	count := map[place]int{}
	newest := map[place]cluster.Change{}
	var order []place
	for _, c := range v.Feed { // newest first
		if c.Kind != cluster.ChangeWorker || v.now.Sub(c.At) > v.limits.RestartsWithin {
			continue
		}
		at := place{c.TopologyID, c.Host, c.Port}
		if count[at] == 0 {
			newest[at] = c
			order = append(order, at)
		}
		count[at]++
	}
	out := make([]candidate, 0, len(order))
	for _, at := range order {
		c := newest[at]
		f := Finding{
			Rule: "restarts", Level: cluster.LevelWarn, Where: c.Object, TopologyID: c.TopologyID,
			Host: c.Host, Port: c.Port, Since: c.At, Evidence: []string{c.Detail},
			What: fmt.Sprintf("worker %s:%d restarted", hostName(v.Snapshot, c.Host), c.Port),
		}
		if count[at] > 1 {
			f.Level = cluster.LevelCrit
			f.What = fmt.Sprintf("worker %s:%d restarts again and again: %d times in %s", hostName(v.Snapshot, c.Host), c.Port, count[at], age(v.limits.RestartsWithin))
		}
		out = append(out, candidate{Finding: f})
	}
	return out
}

// hostName gives the name of a supervisor id, or the text itself.
func hostName(s *cluster.Snapshot, id string) string {
	for _, h := range s.Hosts {
		if h.ID == id {
			return h.Name
		}
	}
	return id
}

// times words a skew; all the work on one executor has no factor.
func times(skew float64) string {
	if math.IsInf(skew, 1) {
		return "the others do none"
	}
	return fmt.Sprintf("skew %.1f", skew)
}

// count words a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
