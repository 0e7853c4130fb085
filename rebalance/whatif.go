package rebalance

import (
	"cmp"
	"slices"
)

// Slot is one slot of a host.
type Slot struct {
	Port       int
	TopologyID string // "" when it is free
	Executors  int
}

// Host is a machine with its slots.
type Host struct {
	ID, Name string
	Slots    []Slot
}

// Loss is what one topology loses.
type Loss struct {
	TopologyID string
	Workers    int // lost
	Left       int // workers on the other hosts
	Executors  int // that must go elsewhere
	// Placed is how many of the lost workers find a free slot elsewhere.
	Placed int
}

// Outcome says who loses what when hosts go, and whether it fits elsewhere.
type Outcome struct {
	Lost []Loss // most workers first, then by id
	// Needed are the slots that must be found elsewhere, Free those that there
	// are.
	Needed, Free int
}

// Fits reports whether every lost worker finds a slot.
func (o Outcome) Fits() bool { return o.Needed <= o.Free }

// WhatIf says what happens when the hosts of these ids are drained or die. Storm's
// even scheduler gives the slots left to the topologies by turns, fewest workers
// left first.
func WhatIf(hosts []Host, gone map[string]bool) Outcome {
	var o Outcome
	lost, left := map[string]*Loss{}, map[string]int{}
	for _, h := range hosts {
		for _, s := range h.Slots {
			switch {
			case s.TopologyID == "" && !gone[h.ID]:
				o.Free++
			case s.TopologyID == "":
			case !gone[h.ID]:
				left[s.TopologyID]++
			default:
				l := lost[s.TopologyID]
				if l == nil {
					l = &Loss{TopologyID: s.TopologyID}
					lost[s.TopologyID] = l
				}
				l.Workers++
				l.Executors += s.Executors
				o.Needed++
			}
		}
	}
	for id, l := range lost {
		l.Left = left[id]
		o.Lost = append(o.Lost, *l)
	}
	slices.SortFunc(o.Lost, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(b.Workers, a.Workers), cmp.Compare(a.TopologyID, b.TopologyID))
	})
	for range min(o.Free, o.Needed) {
		next := -1
		for i, l := range o.Lost {
			if l.Placed < l.Workers && (next < 0 || l.Left+l.Placed < o.Lost[next].Left+o.Lost[next].Placed) {
				next = i
			}
		}
		o.Lost[next].Placed++
	}
	return o
}
