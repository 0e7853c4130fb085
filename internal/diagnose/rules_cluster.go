package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
)

func findBeats(v *view) []candidate {
	period := v.HeartbeatPeriod
	if period <= 0 {
		return nil
	}
	ids := make([]string, 0, len(v.ZK.Assignments))
	for id := range v.ZK.Assignments {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out []candidate
	for _, id := range ids {
		a := v.ZK.Assignments[id]
		assigned := map[string]bool{}
		for _, slot := range a.Executors {
			assigned[fmt.Sprintf("%s:%d", slot.Node, slot.Port)] = true
		}
		for _, beat := range v.ZK.Heartbeats[id] {
			// A worker on its way down may write once more after it left.
			if !assigned[fmt.Sprintf("%s:%d", beat.Slot.Node, beat.Slot.Port)] || beat.Time.IsZero() {
				continue
			}
			late := v.ZKAt.Sub(beat.Time)
			if late <= 3*period {
				continue
			}
			name := v.ZK.Storms[id].Name
			out = append(out, candidate{Finding: Finding{
				Rule: "missing beat", Level: cluster.LevelWarn, Where: name, TopologyID: id,
				Host: beat.Slot.Node, Port: beat.Slot.Port, Since: beat.Time,
				What: fmt.Sprintf("worker %s:%d sent its last heartbeat %s ago (period %s)", a.Hosts[beat.Slot.Node], beat.Slot.Port, age(late), age(period)),
			}})
		}
	}
	return out
}

func findRoom(v *view) []candidate {
	total, used := 0, 0
	for _, s := range v.Cluster.Supervisors {
		if s.Slots == nil || s.UsedSlots == nil {
			return nil
		}
		total += *s.Slots
		used += *s.UsedSlots
	}
	if total == 0 || used < total {
		return nil
	}
	return []candidate{{Finding: Finding{
		Rule: "no room", Level: cluster.LevelWarn, Where: "slots",
		What: fmt.Sprintf("all %d slots are used; a lost worker has nowhere to go", total),
	}}}
}

func findMixed(v *view) []candidate {
	var out []candidate
	versions := map[string][]string{}
	for _, s := range v.Cluster.Supervisors {
		if s.Version != "" && s.Version != "VERSION_NOT_PROVIDED" {
			versions[s.Version] = append(versions[s.Version], s.Host)
		}
		if s.Blacklisted != nil && *s.Blacklisted {
			out = append(out, candidate{Finding: Finding{
				Rule: "mixed", Level: cluster.LevelWarn, Where: s.Host, Host: s.ID,
				What: "supervisor is blacklisted: Nimbus places nothing on it",
			}})
		}
	}
	if len(versions) > 1 {
		words := make([]string, 0, len(versions))
		for version, hosts := range versions {
			words = append(words, fmt.Sprintf("%s on %s", version, count(len(hosts), "host")))
		}
		slices.Sort(words)
		out = append(out, candidate{Finding: Finding{
			Rule: "mixed", Level: cluster.LevelWarn, Where: "supervisors",
			What: "versions differ: " + strings.Join(words, ", "),
		}})
	}
	return out
}

func findLeftOn(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		p, _ := page(t)
		if p != nil && p.Debug != nil && p.Debug.Enabled {
			pct := ""
			if p.Debug.SamplingPct != nil {
				pct = fmt.Sprintf(" at %.0f %%", *p.Debug.SamplingPct)
			}
			out = append(out, leftOn(t, "", "tuple sampling is on"+pct))
		}
		for logger, level := range t.LogConfig {
			ended := level.TimeoutEpoch != nil && time.UnixMilli(*level.TimeoutEpoch).Before(v.now)
			// Storm keeps listing levels whose time has passed.
			if ended || level.Target == "" {
				continue
			}
			out = append(out, leftOn(t, logger, fmt.Sprintf("log level of %s is %s", logger, level.Target)))
		}
		if v.ZK == nil {
			continue
		}
		for _, pr := range v.ZK.Profiles[t.Summary.ID] {
			if pr.Time == nil || v.now.Sub(time.UnixMilli(*pr.Time)) < v.limits.LeftOnAfter {
				continue
			}
			out = append(out, leftOn(t, fmt.Sprintf("%s:%d", pr.Host, pr.Port), fmt.Sprintf("%s is still asked of %s:%d", pr.Action, pr.Host, pr.Port)))
		}
	}
	slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.Key(), b.Key()) })
	return out
}

func leftOn(t *cluster.Topology, component, what string) candidate {
	return candidate{Finding: Finding{
		Rule: "left on", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Component: component, What: what,
	}}
}

func findSources(v *view) []candidate {
	if v.Link.ZKErr == nil {
		return nil
	}
	return []candidate{{Finding: Finding{
		Rule: "sources", Level: cluster.LevelWarn, Where: "zookeeper", What: v.Link.ZKErr.Error(),
	}}}
}
