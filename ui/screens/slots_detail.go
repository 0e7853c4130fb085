package screens

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// movesFor is how long a move stays listed below the map.
const movesFor = 10 * time.Minute

// details are the sections below the map: what moves, and what is under the
// cursor or what would happen without it.
func (s *slots) details(env screen.Env, p kit.Paint, hosts []cluster.Host) []string {
	var rows []string
	if env.Snap.ZK == nil {
		rows = append(rows, p.Row(kit.S(theme.Warn, "   "+env.Theme.Glyphs.Warn).Text(" partial: no ZooKeeper, ports of free slots unknown")))
	}
	if moves := s.moves(env, p); len(moves) > 0 {
		rows = append(rows, moves...)
	}
	h := hosts[s.cursor(hosts)]
	if s.whatIf {
		return append(rows, s.without(env, p, h)...)
	}
	return append(rows, s.underCursor(env, p, h)...)
}

// moves lists the newest changes of assignment.
func (s *slots) moves(env screen.Env, p kit.Paint) []string {
	var rows []string
	for _, c := range env.Snap.Feed {
		if c.Kind != cluster.ChangeAssignment && c.Kind != cluster.ChangeWorker || p.Now.Sub(c.At) > movesFor {
			continue
		}
		sign := c.Sign
		if sign == 0 {
			sign = ' '
		}
		rows = append(rows, p.Row(kit.S(theme.Dim, "   "+clock(env, c.At)+"  ").Add(theme.Moving, string(sign)+" ").
			Text(c.Object+"  ").Text(c.Detail)))
		if len(rows) == 4 {
			break
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return append([]string{kit.Rule(p, "moves", "newest first · 6 shows all")}, append(rows, p.Row(nil))...)
}

// clock is a time of day in the session's zone.
func clock(env screen.Env, at time.Time) string { return at.In(env.Now.Location()).Format("15:04:05") }

func (s *slots) underCursor(env screen.Env, p kit.Paint, h cluster.Host) []string {
	slot := s.cursorSlot(env)
	if slot.Port == 0 {
		used, all := usage(h)
		rows := []string{kit.Rule(p, h.Name+" (cursor)", "enter opens the host")}
		l := kit.T(fmt.Sprintf("   %d of %s used", used, plural(all, "slot")))
		if h.Supervisor != nil {
			if h.Supervisor.UptimeSecs != nil {
				l = l.Add(theme.Dim, " · up ").Text(human.AgeSecs(*h.Supervisor.UptimeSecs))
			}
			if h.Supervisor.Version != "" {
				l = l.Add(theme.Dim, " · Storm ").Text(h.Supervisor.Version)
			}
		}
		if h.Err != nil {
			l = l.Add(theme.Warn, " · "+h.Err.Error())
		}
		return append(rows, p.Row(l), p.Row(kit.S(theme.Dim, "   "+h.ID)))
	}
	rows := []string{kit.Rule(p, fmt.Sprintf("%s:%d (cursor)", h.Name, slot.Port), "enter opens the worker")}
	t := env.Snap.Topologies[slot.TopologyID]
	if t == nil {
		return append(rows, p.Row(kit.S(theme.Dim, "   free")), p.Row(nil))
	}
	l := kit.T("   "+t.Summary.Name).Add(theme.Dim, " · ").Text(workload(t, slot))
	life := kit.T("   ")
	switch {
	case slot.UptimeSecs != nil && *slot.UptimeSecs > 0:
		life = life.Text("up " + human.AgeSecs(*slot.UptimeSecs))
	case slot.State == cluster.SlotComing:
		life = life.Text("launching")
	default:
		life = life.Add(theme.Dim, "uptime unknown")
	}
	if !slot.StartAt.IsZero() {
		life = life.Add(theme.Dim, " · assigned ").Text(human.Age(p.Now.Sub(slot.StartAt)) + " ago")
	}
	life = life.Add(theme.Dim, fmt.Sprintf(" · %s seen since %s", plural(slot.Restarts, "restart"), clock(env, env.Snap.Since)))
	return append(rows, p.Row(l), p.Row(life))
}

// workload names what a slot's worker runs: components with their executors.
func workload(t *cluster.Topology, slot cluster.Slot) string {
	if len(slot.Tasks) == 0 {
		if slot.Executors > 0 {
			return plural(slot.Executors, "executor")
		}
		return "executors unknown"
	}
	by := componentOf(t)
	parts := map[string][]string{}
	for _, e := range slot.Tasks {
		name := by[e]
		if name == "" {
			name = "?"
		}
		parts[name] = append(parts[name], strings.Trim(e.String(), "[]"))
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	// System components come last.
	sort.Slice(names, func(i, j int) bool {
		a, b := strings.HasPrefix(names[i], "__"), strings.HasPrefix(names[j], "__")
		if a != b {
			return b
		}
		return names[i] < names[j]
	})
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = name + "[" + strings.Join(parts[name], " ") + "]"
	}
	return strings.Join(words, " ")
}

// componentOf tells each executor's component, as far as it was read.
func componentOf(t *cluster.Topology) map[nimbusclient.ExecutorID]string {
	by := map[nimbusclient.ExecutorID]string{}
	if t.Info != nil {
		for _, e := range t.Info.ExecutorList {
			by[e.ID] = e.Component
		}
	}
	return by
}

// without says what the loss of a host would mean; nothing is sent.
func (s *slots) without(env screen.Env, p kit.Paint, h cluster.Host) []string {
	rows := []string{kit.Rule(p, "what if "+h.Name+" goes", "computed here, nothing is sent · D closes")}
	need := map[string]int{}
	free := 0
	for _, other := range env.Snap.Hosts {
		for _, slot := range other.Slots {
			switch {
			case other.ID == h.ID && slot.TopologyID != "":
				need[slot.TopologyID]++
			case other.ID != h.ID && other.LostAt.IsZero() && slot.State == cluster.SlotFree:
				free++
			}
		}
		if other.ID != h.ID && other.LostAt.IsZero() {
			free += other.FreeNoPort
		}
	}
	workers := 0
	for _, n := range need {
		workers += n
	}
	verdict := kit.S(theme.OK, "all placeable")
	if workers > free {
		verdict = kit.S(theme.Crit, fmt.Sprintf("%s would have no slot", plural(workers-free, "worker")))
	}
	rows = append(rows, p.Row(kit.T(fmt.Sprintf("   %s to place, %s left on other hosts: ",
		plural(workers, "worker"), plural(free, "free slot"))).Then(verdict)))
	for _, t := range lettered(env.Snap) {
		if n := need[t.Summary.ID]; n > 0 {
			rows = append(rows, p.Row(kit.T("   ").Add(letterTok(t.Letter), string(t.Letter)).
				Text(" "+t.Summary.Name).Add(theme.Dim, fmt.Sprintf(" loses %s meanwhile", plural(n, "worker"))).Then(lostSpouts(t, h))))
		}
	}
	return rows
}

// lostSpouts says which spouts would be silent until they are placed again.
func lostSpouts(t *cluster.Topology, h cluster.Host) kit.Line {
	if t.Info == nil || t.Structure == nil {
		return nil
	}
	total, here := map[string]int{}, map[string]int{}
	for _, e := range t.Info.ExecutorList {
		total[e.Component]++
		if e.Host == h.Name {
			here[e.Component]++
		}
	}
	l := kit.Line{}
	for _, c := range t.Structure.Components {
		if c.Kind == nimbusclient.Spout && here[c.ID] > 0 {
			l = l.Add(theme.Warn, fmt.Sprintf(" · spout %s loses %d of %s", c.ID, here[c.ID], plural(total[c.ID], "executor")))
		}
	}
	return l
}
