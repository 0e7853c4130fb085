package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// maxListed bounds how many executors one line of the feed names.
const maxListed = 8

// Diff lists what changed between two snapshots, newest and most telling first.
// The first answer of a source is no change. old may be nil.
func Diff(old, now *Snapshot) []Change {
	if old == nil {
		return nil
	}
	var out []Change
	out = append(out, diffLeader(old, now)...)
	out = append(out, diffLink(old, now)...)
	if old.Cluster != nil && now.Cluster != nil && old.Cluster != now.Cluster {
		out = append(out, diffNimbuses(old, now)...)
		out = append(out, diffTopologies(old, now)...)
	}
	if known(old) && known(now) {
		out = append(out, diffHosts(old, now)...)
	}
	if old.ZK != nil && now.ZK != nil && old.ZK != now.ZK {
		out = append(out, diffAssignments(old, now)...)
	}
	out = append(out, diffWorkers(old, now)...)
	for _, id := range slices.Sorted(maps.Keys(now.Topologies)) {
		if was := old.Topologies[id]; was != nil {
			out = append(out, diffTopology(was, now.Topologies[id], now)...)
		}
	}
	return out
}

func known(s *Snapshot) bool { return s.Cluster != nil || s.ZK != nil }

func leaderOf(s *Snapshot) string {
	if s.Cluster == nil {
		return ""
	}
	for _, n := range s.Cluster.Nimbuses {
		if n.Leader {
			return n.Addr()
		}
	}
	return ""
}

func diffLeader(old, now *Snapshot) []Change {
	from, to := leaderOf(old), leaderOf(now)
	if from == "" || to == "" || from == to {
		return nil
	}
	return []Change{{At: now.ClusterAt, Kind: ChangeLeader, Level: LevelMove, Object: to, Detail: "leader changed " + from + " → " + to}}
}

func diffLink(old, now *Snapshot) []Change {
	var out []Change
	link := func(was, is error, object, lost string, at time.Time) {
		switch {
		case was == nil && is != nil:
			out = append(out, Change{At: at, Kind: ChangeLink, Level: LevelWarn, Object: object, Detail: lost + ": " + is.Error()})
		case was != nil && is == nil:
			out = append(out, Change{At: at, Kind: ChangeLink, Level: LevelGood, Object: object, Detail: "answers again"})
		}
	}
	if old.Cluster != nil {
		link(old.Link.NimbusErr, now.Link.NimbusErr, "nimbus", "lost", now.Made)
	}
	if old.ZK != nil {
		link(old.Link.ZKErr, now.Link.ZKErr, "zookeeper", "lost", now.Made)
	}
	return out
}

func diffNimbuses(old, now *Snapshot) []Change {
	was, is := map[string]nimbusclient.Nimbus{}, map[string]nimbusclient.Nimbus{}
	for _, n := range old.Cluster.Nimbuses {
		was[n.Addr()] = n
	}
	for _, n := range now.Cluster.Nimbuses {
		is[n.Addr()] = n
	}
	var out []Change
	for _, addr := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[addr]; !ok {
			role := "standby"
			if was[addr].Leader {
				role = "leader"
			}
			out = append(out, Change{At: now.ClusterAt, Kind: ChangeNimbus, Level: LevelWarn, Sign: '-', Object: addr, Detail: "gone (was " + role + ")"})
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[addr]; !ok {
			role := "standby"
			if is[addr].Leader {
				role = "leader"
			}
			out = append(out, Change{At: now.ClusterAt, Kind: ChangeNimbus, Level: LevelGood, Sign: '+', Object: addr, Detail: "joined as " + role})
		}
	}
	return out
}

func diffTopologies(old, now *Snapshot) []Change {
	was := map[string]nimbusclient.TopologySummary{}
	for _, t := range old.Cluster.Topologies {
		was[t.ID] = t
	}
	var out []Change
	alive := map[string]bool{}
	for _, t := range now.Cluster.Topologies {
		alive[t.ID] = true
		before, ok := was[t.ID]
		c := Change{At: now.ClusterAt, Object: t.Name, TopologyID: t.ID}
		switch {
		case !ok:
			c.Kind, c.Level, c.Sign, c.Detail = ChangeTopology, LevelGood, '+', "submitted as "+t.ID
		case before.Status != t.Status:
			c.Kind, c.Level, c.Detail = ChangeStatus, LevelInfo, fmt.Sprintf("%s → %s", before.Status, t.Status)
			if t.Status == nimbusclient.Rebalancing || t.Status == nimbusclient.Killed {
				c.Level = LevelMove
				c.Detail += waitOf(now, t)
			}
		default:
			continue
		}
		out = append(out, c)
	}
	for _, t := range old.Cluster.Topologies {
		if !alive[t.ID] {
			out = append(out, Change{At: now.ClusterAt, Kind: ChangeTopology, Level: LevelInfo, Sign: '-', Object: t.Name, TopologyID: t.ID, Detail: "gone, was " + string(t.Status)})
		}
	}
	return out
}

// waitOf words the wait of an action under way, as ZooKeeper has it.
func waitOf(s *Snapshot, t nimbusclient.TopologySummary) string {
	if s.ZK == nil {
		return ""
	}
	base := s.ZK.Storms[t.ID]
	secs := base.RebalanceWaitSecs
	if t.Status == nimbusclient.Killed {
		secs = base.KillWaitSecs
	}
	if secs == nil {
		return ""
	}
	return fmt.Sprintf(", wait %ds", *secs)
}

func diffHosts(old, now *Snapshot) []Change {
	was := map[string]Host{}
	for _, h := range old.Hosts {
		was[h.ID] = h
	}
	var out []Change
	for _, h := range now.Hosts {
		before, ok := was[h.ID]
		c := Change{At: now.Made, Kind: ChangeSupervisor, Object: h.Name, Host: h.ID}
		switch {
		case h.LostAt.IsZero() && !ok:
			c.Level, c.Sign, c.Detail = LevelGood, '+', "joined with "+slotsWord(h)
		case h.LostAt.IsZero() && !before.LostAt.IsZero():
			c.Level, c.Sign, c.Detail = LevelGood, '+', "back after "+human.Age(now.Made.Sub(before.LostAt))
		case !h.LostAt.IsZero() && ok && before.LostAt.IsZero():
			c.Level, c.Sign, c.Detail = LevelCrit, '-', "lost with "+slotsWord(before)
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

func slotsWord(h Host) string {
	used := 0
	for _, s := range h.Slots {
		if s.TopologyID != "" {
			used++
		}
	}
	return fmt.Sprintf("%d of %d slots used", used, len(h.Slots)+h.FreeNoPort)
}

func diffAssignments(old, now *Snapshot) []Change {
	var out []Change
	for _, id := range slices.Sorted(maps.Keys(now.ZK.Assignments)) {
		a := now.ZK.Assignments[id]
		b, had := old.ZK.Assignments[id]
		if !had || a.Zxid == b.Zxid {
			continue
		}
		name := id
		if t := now.Topologies[id]; t != nil {
			name = t.Summary.Name
		}
		is, was := assigned(a), assigned(b)
		for at, list := range is {
			if _, kept := was[at]; !kept {
				out = append(out, Change{
					At: now.ZKAt, Kind: ChangeAssignment, Level: LevelMove, Sign: '+', Object: name, TopologyID: id, Host: at.node, Port: at.port,
					Detail: fmt.Sprintf("%s:%d new, %s", a.Hosts[at.node], at.port, executors(now.Topologies[id], list)),
				})
			}
		}
		for at, list := range was {
			if _, kept := is[at]; !kept {
				out = append(out, Change{
					At: now.ZKAt, Kind: ChangeAssignment, Level: LevelMove, Sign: '-', Object: name, TopologyID: id, Host: at.node, Port: at.port,
					Detail: fmt.Sprintf("%s:%d released, %s", b.Hosts[at.node], at.port, executorCount(len(list))),
				})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Sign, b.Sign), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return out
}

func executorCount(n int) string {
	if n == 1 {
		return "1 executor"
	}
	return fmt.Sprintf("%d executors", n)
}

// executors names executors by component where that is known.
func executors(t *Topology, list []nimbusclient.ExecutorID) string {
	text := executorCount(len(list))
	if t == nil || t.Info == nil {
		return text
	}
	component := map[nimbusclient.ExecutorID]string{}
	for _, e := range t.Info.ExecutorList {
		component[e.ID] = e.Component
	}
	var names []string
	for _, id := range list {
		if name := component[id]; name != "" {
			names = append(names, name+id.String())
		}
	}
	if len(names) > maxListed {
		names = append(names[:maxListed], "…")
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, " ")
	}
	return text
}

// diffWorkers lists workers that restarted in place.
func diffWorkers(old, now *Snapshot) []Change {
	var out []Change
	for _, h := range now.Hosts {
		was := old.Host(h.ID)
		if was == nil {
			continue
		}
		for _, s := range h.Slots {
			at := slices.IndexFunc(was.Slots, func(b Slot) bool { return b.Port == s.Port && b.TopologyID == s.TopologyID })
			if at < 0 || s.Restarts <= was.Slots[at].Restarts || s.TopologyID == "" {
				continue
			}
			name := s.TopologyID
			if t := now.Topologies[s.TopologyID]; t != nil {
				name = t.Summary.Name
			}
			lived := ""
			if n := len(s.Lives); n > 0 {
				lived = " after " + human.AgeSecs(s.Lives[n-1])
			}
			nth := ""
			if s.Restarts > 1 {
				nth = fmt.Sprintf(" (%d times since %s)", s.Restarts, now.Since.UTC().Format("15:04Z"))
			}
			out = append(out, Change{
				At: now.Made, Kind: ChangeWorker, Level: LevelCrit, Object: name, TopologyID: s.TopologyID, Host: h.ID, Port: s.Port,
				Detail: fmt.Sprintf("%s:%d restarted%s%s", h.Name, s.Port, lived, nth),
			})
		}
	}
	return out
}

// diffTopology lists what changed inside one topology.
func diffTopology(old, now *Topology, s *Snapshot) []Change {
	var out []Change
	base := Change{At: s.Made, Object: now.Summary.Name, TopologyID: now.Summary.ID}
	if now.Summary.Status == nimbusclient.Active || now.Summary.Status == nimbusclient.Inactive {
		for _, d := range now.Drift {
			if slices.Contains(old.Drift, d) {
				continue
			}
			c := base
			c.Kind, c.Level, c.Component = ChangeDrift, LevelWarn, d.Component
			what := "workers"
			if d.Component != "" {
				what = d.Component
			}
			c.Detail = fmt.Sprintf("runs with %s %d, %d were asked for", what, d.Actual, d.Desired)
			out = append(out, c)
		}
	}
	out = append(out, diffErrors(old, now, base)...)
	if old.Conf != nil && now.Conf != nil {
		for _, key := range slices.Sorted(maps.Keys(now.Conf)) {
			before, after := fmt.Sprint(old.Conf[key]), fmt.Sprint(now.Conf[key])
			if before != after {
				c := base
				c.Kind, c.Detail = ChangeConfig, key+" changed"
				out = append(out, c)
			}
		}
	}
	return out
}

// diffErrors lists errors that a component reported since.
func diffErrors(old, now *Topology, base Change) []Change {
	was, first := lastErrors(old)
	if first {
		return nil
	}
	is, _ := lastErrors(now)
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(is)) {
		e := is[name]
		if before, ok := was[name]; ok && before.Time >= e.Time {
			continue
		}
		text, _, _ := strings.Cut(e.Error, "\n")
		c := base
		c.Kind, c.Level, c.Component, c.At = ChangeError, LevelWarn, name, time.Unix(e.Time, 0)
		where := ""
		if e.Host != nil && e.Port != nil && *e.Host != "" {
			where = fmt.Sprintf(" on %s:%d", *e.Host, *e.Port)
		}
		c.Detail = name + where + ": " + text
		out = append(out, c)
	}
	return out
}

// lastErrors gives each component's newest error; none says that no page was
// read yet.
func lastErrors(t *Topology) (by map[string]nimbusclient.ErrorInfo, none bool) {
	by, none = map[string]nimbusclient.ErrorInfo{}, true
	for _, p := range t.Pages {
		none = false
		for _, c := range slices.Concat(p.Spouts, p.Bolts) {
			if c.LastError != nil && c.LastError.Time > by[c.ID].Time {
				by[c.ID] = *c.LastError
			}
		}
	}
	return by, none
}

// settled reports whether an error means that nobody leads right now.
func settling(err error) bool {
	return errors.Is(err, nimbusclient.ErrNoLeader) || errors.Is(err, nimbusclient.ErrNotLeader)
}
