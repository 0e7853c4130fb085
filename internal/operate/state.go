package operate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/stormtop/stormtop/zkview"
)

type profile = zkview.Profile

// state is the picture that a Progress publishes.
func (t *tracker) state() State {
	s := State{
		Deed: t.deed, Asked: t.asked, Steps: slices.Clone(t.steps), Verdict: t.verdict, Words: t.words,
		Status: t.before.status, Leader: t.leader, LeaderChanged: t.leaderChanged, Unanswered: t.unreachable, AuditError: t.auditError,
	}
	if t.verdict != Running {
		s.Took = t.took
	}
	if !t.seen {
		return s
	}
	o := &t.last
	if s.Status = o.status; !o.there {
		s.Status = ""
	}
	if t.verdict == Running {
		s.Took = o.at.Sub(t.asked)
		s.Stuck = t.stuck(o.at)
		s.Suspicious = max(0, t.settle-o.at.Sub(later(t.moved, t.asked.Add(t.wait()))))
	}
	s.Left = o.left
	if t.deed.Action == Rebalance {
		l := o.layout()
		s.Slots = t.moves(l)
		s.Components = t.components(o, l)
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func bySlot(a, b slot) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port)) }

// moves pairs the slots of before with those of now: those that stay, then those
// that went with those that came.
func (t *tracker) moves(l layout) []Move {
	var out []Move
	var went []slot
	for _, at := range slices.SortedFunc(maps.Keys(t.before.slots), bySlot) {
		if n, ok := l.slots[at]; ok {
			out = append(out, Move{at.String(), at.String(), t.before.slots[at], n, l.upIn[at] > 0 && t.passed})
		} else {
			went = append(went, at)
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(l.slots), bySlot) {
		if _, stayed := t.before.slots[at]; stayed {
			continue
		}
		m := Move{To: at.String(), After: l.slots[at], Up: l.upIn[at] > 0}
		if len(went) > 0 {
			m.From, m.Before = went[0].String(), t.before.slots[went[0]]
			went = went[1:]
		}
		out = append(out, m)
	}
	for _, at := range went {
		out = append(out, Move{From: at.String(), Before: t.before.slots[at]})
	}
	return out
}

func (t *tracker) components(o *observation, l layout) []ComponentState {
	sent := t.deed.Plan.Sent()
	var out []ComponentState
	for _, c := range t.deed.Plan.Topology.Components {
		s := ComponentState{
			Component: c.ID, Before: t.before.executors[c.ID], Asked: t.before.executors[c.ID], Now: l.components[c.ID], Up: l.up[c.ID],
			Tasks: c.Tasks, Stored: o.stored[c.ID],
		}
		if n, ok := sent[c.ID]; ok {
			s.Asked, s.Changed = n, true
		}
		for _, e := range o.executors {
			if e.component == c.ID && (e.uptime == 0 || !e.reported) {
				s.MissingHeartbeats = append(s.MissingHeartbeats, e.id.String())
			}
		}
		out = append(out, s)
	}
	return out
}
