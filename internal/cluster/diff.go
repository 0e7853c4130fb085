package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
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
	}
	if (old.Cluster != nil) == (now.Cluster != nil) && known(old) {
		out = append(out, diffTopologies(old, now)...)
	}
	if known(old) && known(now) {
		out = append(out, diffHosts(old, now)...)
	}
	if old.ZK != nil && now.ZK != nil && old.ZK != now.ZK {
		out = append(out, diffAssignments(old, now)...)
		out = append(out, diffLogLevels(old, now)...)
	}
	out = append(out, diffWorkers(old, now)...)
	for _, id := range slices.Sorted(maps.Keys(now.Topologies)) {
		if was := old.Topologies[id]; was != nil {
			out = append(out, diffTopology(was, now.Topologies[id], now, leaderMoved(old, out))...)
		}
	}
	return out
}

func known(s *Snapshot) bool { return s.Cluster != nil || s.ZK != nil }

func leaderOf(s *Snapshot) string {
	if s.Cluster == nil {
		if s.ZK != nil && s.ZK.Leader != nil {
			return net.JoinHostPort(s.ZK.Leader.Host, strconv.Itoa(s.ZK.Leader.Port))
		}
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
	if (old.Cluster == nil) != (now.Cluster == nil) {
		return nil // told by another, perhaps under another name
	}
	if from == "" || to == "" || from == to {
		return nil
	}
	return []Change{{At: now.Made, Kind: ChangeLeader, Level: LevelMove, Object: to, Detail: "leader changed " + from + " → " + to}}
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

// diffTopologies compares the lists of topologies, whoever told them.
func diffTopologies(old, now *Snapshot) []Change {
	before, rows := old.TopologyRows(), now.TopologyRows()
	was := map[string]nimbusclient.TopologySummary{}
	for _, t := range before {
		was[t.ID] = t
	}
	var out []Change
	alive := map[string]bool{}
	for _, t := range rows {
		alive[t.ID] = true
		before, ok := was[t.ID]
		c := Change{At: now.Made, Object: t.Name, TopologyID: t.ID}
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
	for _, t := range before {
		if !alive[t.ID] {
			out = append(out, Change{At: now.Made, Kind: ChangeTopology, Level: LevelInfo, Sign: '-', Object: t.Name, TopologyID: t.ID, Detail: "gone, was " + string(t.Status)})
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

// diffAssignments tells slots that a topology got or lost.
func diffAssignments(old, now *Snapshot) []Change {
	var out []Change
	for _, id := range slices.Sorted(maps.Keys(now.ZK.Assignments)) {
		a := now.ZK.Assignments[id]
		b, had := old.ZK.Assignments[id]
		if !had || a.Zxid == b.Zxid {
			continue
		}
		top := now.Topologies[id]
		c := Change{At: now.Made, Kind: ChangeAssignment, Level: LevelMove, Object: nameOf(now, id), TopologyID: id}
		is, was := placedBy(id, a), placedBy(id, b)
		for at, p := range is {
			if _, kept := was[at]; !kept {
				c.Sign, c.Host, c.Port = '+', at.node, at.port
				c.Detail = fmt.Sprintf("%s:%d new, %s", cmp.Or(a.Hosts[at.node], at.node), at.port, executors(top, p.tasks))
				out = append(out, c)
			}
		}
		for at, p := range was {
			if _, kept := is[at]; !kept {
				c.Sign, c.Host, c.Port = '-', at.node, at.port
				c.Detail = fmt.Sprintf("%s:%d released, %s", cmp.Or(b.Hosts[at.node], at.node), at.port, executors(top, p.tasks))
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Sign, b.Sign), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return out
}

func nameOf(s *Snapshot, topologyID string) string {
	if t := s.Topologies[topologyID]; t != nil {
		return t.Summary.Name
	}
	return topologyID
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
	var names []string
	for _, id := range list {
		if name := t.ComponentOf(id); name != "" {
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

// diffLogLevels tells dynamic log levels that were set or taken back.
func diffLogLevels(old, now *Snapshot) []Change {
	var out []Change
	for _, id := range slices.Sorted(maps.Keys(now.ZK.Storms)) {
		if _, known := old.ZK.Storms[id]; !known {
			continue
		}
		was := map[string]string{}
		for _, l := range old.ZK.LogConfigs[id] {
			was[l.Logger] = l.Level
		}
		c := Change{At: now.Made, Kind: ChangeLogLevel, Level: LevelInfo, Object: nameOf(now, id), TopologyID: id}
		for _, l := range now.ZK.LogConfigs[id] {
			before, had := was[l.Logger]
			delete(was, l.Logger)
			if had && before == l.Level {
				continue
			}
			c.Detail = l.Logger + " " + l.Level + " set"
			if l.TimeoutSecs != nil && *l.TimeoutSecs > 0 {
				c.Detail += ", for " + human.AgeSecs(*l.TimeoutSecs)
			}
			out = append(out, c)
		}
		for _, logger := range slices.Sorted(maps.Keys(was)) {
			c.Detail = logger + " " + was[logger] + " taken back"
			out = append(out, c)
		}
	}
	return out
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
			lived := ""
			if n := len(s.Lives); n > 0 {
				lived = " after " + human.Span(time.Duration(s.Lives[n-1])*time.Second)
			}
			nth := ""
			if s.Restarts > 1 {
				nth = fmt.Sprintf(" (%d times since %s)", s.Restarts, now.Since.UTC().Format("15:04Z"))
			}
			out = append(out, Change{
				At: now.Made, Kind: ChangeWorker, Level: LevelCrit, Object: nameOf(now, s.TopologyID), TopologyID: s.TopologyID, Host: h.ID, Port: s.Port,
				Detail: fmt.Sprintf("%s:%d restarted%s%s", h.Name, s.Port, lived, nth),
			})
		}
	}
	return out
}
