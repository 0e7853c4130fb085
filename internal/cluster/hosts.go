package cluster

import (
	"cmp"
	"slices"
	"time"
	"unicode"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

const (
	// lostFor is how long a lost host stays listed.
	lostFor = 24 * time.Hour
	// leavingFor is how long the old worker of a released slot may run on.
	leavingFor = 30 * time.Second
	// comingFor is how long an assigned slot may stay without a heartbeat before
	// it is no longer called new.
	comingFor = 5 * time.Minute
	// maxLives bounds the remembered lives of one slot's worker.
	maxLives = 32
)

// place is one slot as workers and logs name it.
type place struct {
	node string // supervisor id
	port int
}

// slotMemory is what several polls tell about a slot.
type slotMemory struct {
	topology string
	since    time.Time // when it got its topology, as seen here
	uptime   int       // newest uptime of its worker, seconds
	reported bool      // its worker has beaten since
	restarts int
	lives    []int
	// left is what ran here until when.
	left   string
	leftAt time.Time
}

// hostMemory is a supervisor that was seen.
type hostMemory struct {
	id, name string
	last     Host
	lostAt   time.Time
}

// hostKey compares names with the numbers in them as numbers: w2 before w10.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		x, restA := chunk(a)
		y, restB := chunk(b)
		if x != y {
			if isDigit(x) && isDigit(y) {
				if c := cmp.Compare(len(trimZeros(x)), len(trimZeros(y))); c != 0 {
					return c
				}
				if c := cmp.Compare(trimZeros(x), trimZeros(y)); c != 0 {
					return c
				}
			} else {
				return cmp.Compare(x, y)
			}
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// chunk splits off a run of digits or of anything else.
func chunk(s string) (head, rest string) {
	digits := s[0] >= '0' && s[0] <= '9'
	for i := range len(s) {
		if (s[i] >= '0' && s[i] <= '9') != digits {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isDigit(s string) bool { return unicode.IsDigit(rune(s[0])) }

func trimZeros(s string) string {
	for len(s) > 1 && s[0] == '0' {
		s = s[1:]
	}
	return s
}

// assigned turns an assignment into its slots with their executors.
func assigned(a zkview.Assignment) map[place][]nimbusclient.ExecutorID {
	slots := map[place][]nimbusclient.ExecutorID{}
	for tasks, slot := range a.Executors {
		at := place{slot.Node, slot.Port}
		slots[at] = append(slots[at], nimbusclient.ExecutorID{Start: tasks.Start, End: tasks.End})
	}
	for _, list := range slots {
		slices.SortFunc(list, func(a, b nimbusclient.ExecutorID) int { return cmp.Compare(a.Start, b.Start) })
	}
	return slots
}

// hosts joins the supervisors of Nimbus and ZooKeeper, the assignments and the
// workers into the slot map.
func (m *memory) hosts(now time.Time) []Host {
	by := map[string]*Host{}
	get := func(id, name string) *Host {
		h := by[id]
		if h == nil {
			h = &Host{ID: id, Name: name}
			by[id] = h
		}
		if h.Name == "" {
			h.Name = name
		}
		return h
	}
	if m.cluster != nil {
		for i := range m.cluster.Supervisors {
			s := m.cluster.Supervisors[i]
			get(s.ID, s.Host).Supervisor = &s
		}
	}
	if m.zk != nil {
		for _, s := range m.zk.Supervisors {
			h := get(s.ID, s.Host)
			for _, port := range s.Ports {
				h.Slots = append(h.Slots, Slot{Port: port})
			}
		}
	}
	m.place(by, now)
	for id, h := range by {
		page := m.pages[id]
		h.Workers, h.WorkersAt, h.Err = page.workers, page.at, page.err
		for _, w := range h.Workers {
			s := slotOf(h, w.Port)
			if s.TopologyID == "" {
				s.TopologyID, s.State = w.TopologyID, SlotUsed
			}
			if s.Executors == 0 && w.Executors != nil {
				s.Executors = *w.Executors
			}
			if w.TopologyID == s.TopologyID && w.UptimeSecs != nil {
				up := *w.UptimeSecs
				s.UptimeSecs = &up
			}
		}
		h.finish(m.slots)
	}
	return m.withLost(by, now)
}

// place puts the assignments into the hosts' slots, with what moves.
func (m *memory) place(by map[string]*Host, now time.Time) {
	if m.zk != nil {
		for id, a := range m.zk.Assignments {
			for at, executors := range assigned(a) {
				h := by[at.node]
				if h == nil { // assigned to a supervisor that is gone
					h = &Host{ID: at.node, Name: a.Hosts[at.node], LostAt: now}
					by[at.node] = h
				}
				s := slotOf(h, at.port)
				s.TopologyID, s.State, s.Tasks, s.Executors = id, SlotUsed, executors, len(executors)
				for _, e := range executors {
					start := time.Unix(a.Starts[zkview.TaskRange{Start: e.Start, End: e.End}], 0)
					if start.Unix() > 0 && (s.StartAt.IsZero() || start.Before(s.StartAt)) {
						s.StartAt = start
					}
				}
			}
		}
	}
	for at, mem := range m.slots {
		h := by[at.node]
		if h == nil {
			continue
		}
		s := slotOf(h, at.port)
		s.Restarts, s.Lives = mem.restarts, slices.Clone(mem.lives)
		switch {
		case s.TopologyID != "" && s.TopologyID == mem.topology:
			if !mem.reported && !mem.since.IsZero() && now.Sub(mem.since) < comingFor {
				s.State = SlotComing
			}
			if mem.uptime > 0 {
				up := mem.uptime
				s.UptimeSecs = &up
			}
		case s.TopologyID == "" && mem.left != "" && now.Sub(mem.leftAt) < leavingFor:
			s.TopologyID, s.State = mem.left, SlotLeaving
		}
	}
}

// slotOf finds or adds a host's slot by port.
func slotOf(h *Host, port int) *Slot {
	for i := range h.Slots {
		if h.Slots[i].Port == port {
			return &h.Slots[i]
		}
	}
	h.Slots = append(h.Slots, Slot{Port: port})
	return &h.Slots[len(h.Slots)-1]
}

// finish sorts the slots and counts free ones whose port nobody told.
func (h *Host) finish(map[place]*slotMemory) {
	slices.SortFunc(h.Slots, func(a, b Slot) int { return cmp.Compare(a.Port, b.Port) })
	if h.Supervisor != nil && h.Supervisor.Slots != nil {
		h.FreeNoPort = max(0, *h.Supervisor.Slots-len(h.Slots))
	}
}

// withLost remembers the hosts and adds those that are gone, as they were last.
func (m *memory) withLost(by map[string]*Host, now time.Time) []Host {
	out := make([]Host, 0, len(by))
	for id, h := range by {
		if h.LostAt.IsZero() {
			m.seen[id] = &hostMemory{id: id, name: h.Name, last: *h}
			out = append(out, *h)
		}
	}
	alive := map[string]bool{}
	for _, h := range out {
		alive[h.Name] = true
	}
	for id, mem := range m.seen {
		if h := by[id]; h != nil && h.LostAt.IsZero() {
			continue
		}
		if mem.lostAt.IsZero() {
			mem.lostAt = now
		}
		// A supervisor that came back under another id is not lost.
		if now.Sub(mem.lostAt) > lostFor || alive[mem.name] && mem.name != "" && !sharedName(m.seen, mem.name, id) {
			delete(m.seen, id)
			continue
		}
		lost := mem.last
		lost.LostAt, lost.Supervisor, lost.Workers = mem.lostAt, nil, nil
		lost.Slots = slices.Clone(lost.Slots)
		for i := range lost.Slots {
			lost.Slots[i].State = SlotLost
		}
		out = append(out, lost)
	}
	slices.SortFunc(out, func(a, b Host) int {
		if c := compareNames(a.Name, b.Name); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return out
}

// sharedName reports whether several supervisors alive use one host name, as
// two on one machine do; then a new id is no proof of a return.
func sharedName(seen map[string]*hostMemory, name, except string) bool {
	n := 0
	for id, mem := range seen {
		if id != except && mem.name == name && mem.lostAt.IsZero() {
			n++
		}
	}
	return n > 1
}
