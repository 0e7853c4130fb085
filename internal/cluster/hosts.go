package cluster

import (
	"cmp"
	"slices"
	"time"

	"github.com/stormtop/stormtop/zkview"
)

const (
	// lostFor is how long a lost host stays listed.
	lostFor = 24 * time.Hour
	// maxLost bounds the lost hosts that are listed; the longest gone go first.
	maxLost = 500
)

// hostMemory is a supervisor that was seen.
type hostMemory struct {
	last   Host
	inZK   bool // ZooKeeper has listed it
	lostAt time.Time
}

// hosts joins the supervisors of Nimbus and ZooKeeper with what their slots run
// into the slot map, lost ones included.
func (m *memory) hosts(link Link, now time.Time) []Host {
	by := m.present(link)
	if m.zk != nil {
		for _, s := range m.zk.Supervisors {
			if h := by[s.ID]; h != nil {
				for _, port := range s.Ports {
					h.Slots = append(h.Slots, Slot{Port: port})
				}
			}
		}
	}
	m.fill(by, now)
	for id, h := range by {
		page := m.hostsOf[id]
		h.Workers, h.WorkersAt, h.Err = page.workers, page.at, page.err
		slices.SortFunc(h.Slots, func(a, b Slot) int { return cmp.Compare(a.Port, b.Port) })
		if h.Supervisor != nil && h.Supervisor.Slots != nil {
			h.FreeNoPort = max(0, *h.Supervisor.Slots-len(h.Slots))
		}
	}
	return m.withLost(by, now)
}

// present lists the supervisors that are registered. ZooKeeper is where they
// register, so it decides as long as it answers; only a supervisor that it
// never listed is taken from Nimbus, in case the two are of different clusters.
// Without ZooKeeper Nimbus decides, and when neither answers all stay.
func (m *memory) present(link Link) map[string]*Host {
	by := map[string]*Host{}
	zkTells := m.zkLive && told(m.zk, "/supervisors")
	nimbusTells := m.cluster != nil && link.NimbusErr == nil
	if m.zk != nil && (zkTells || !nimbusTells) {
		for _, s := range m.zk.Supervisors {
			by[s.ID] = &Host{ID: s.ID, Name: s.Host}
		}
	}
	if zkTells {
		for _, id := range unread(m.zk, "/supervisors") {
			by[id] = &Host{ID: id, Name: m.hostName(id)}
		}
	}
	if m.cluster == nil {
		return by
	}
	for i := range m.cluster.Supervisors {
		s := m.cluster.Supervisors[i]
		h := by[s.ID]
		if h == nil {
			if was := m.seen[s.ID]; zkTells && was != nil && was.inZK {
				continue
			}
			h = &Host{ID: s.ID}
			by[s.ID] = h
		}
		h.Name, h.Supervisor = cmp.Or(s.Host, h.Name), &s
	}
	return by
}

// fill puts what is known of each slot into its host.
func (m *memory) fill(by map[string]*Host, now time.Time) {
	for at, mem := range m.slots.slots {
		h := by[at.node]
		if h == nil {
			if mem.topology == "" {
				continue
			}
			// Assigned to a supervisor that is gone or that nobody has seen.
			h = &Host{ID: at.node, Name: m.hostName(at.node), LostAt: now}
			by[at.node] = h
		}
		s := h.slot(at.port)
		s.Restarts, s.Lives, s.BeatAt = mem.restarts, mem.lives, mem.beatAt
		switch {
		case mem.topology != "":
			s.TopologyID, s.State, s.Tasks, s.Executors = mem.topology, SlotUsed, mem.tasks, mem.executors
			if len(mem.tasks) > 0 {
				s.Executors = len(mem.tasks)
			}
			if mem.coming(now) {
				s.State = SlotComing
			}
			if mem.first > 0 {
				s.StartAt = time.Unix(mem.first, 0)
			}
			if mem.uptime > 0 {
				up := mem.uptime
				s.UptimeSecs = &up
			}
		case mem.leaving(m.heartbeat(), now):
			s.TopologyID, s.State = mem.left, SlotLeaving
		}
	}
}

// slot finds or adds a slot by port.
func (h *Host) slot(port int) *Slot {
	if s := h.Slot(port); s != nil {
		return s
	}
	h.Slots = append(h.Slots, Slot{Port: port})
	return &h.Slots[len(h.Slots)-1]
}

// withLost remembers the hosts and adds those that are gone as they were last,
// sorted by name.
func (m *memory) withLost(by map[string]*Host, now time.Time) []Host {
	inZK := map[string]bool{}
	if m.zkLive {
		for _, s := range m.zk.Supervisors {
			inZK[s.ID] = true
		}
	}
	out := make([]Host, 0, len(by))
	names := map[string]int{} // how many are there by that name
	for id, h := range by {
		mem := m.seen[id]
		if mem == nil {
			mem = &hostMemory{}
			m.seen[id] = mem
		}
		mem.inZK = mem.inZK || inZK[id]
		if h.LostAt.IsZero() {
			mem.last, mem.lostAt = *h, time.Time{}
			out = append(out, *h)
			names[h.Name]++
		} else if mem.last.ID == "" {
			mem.last = *h
		}
	}
	var lost []Host
	for id, mem := range m.seen {
		if h := by[id]; h != nil && h.LostAt.IsZero() {
			continue
		}
		if mem.lostAt.IsZero() {
			mem.lostAt = now
		}
		// One supervisor by the same name is the lost one under a new id; several
		// are several on one machine, and tell nothing.
		if now.Sub(mem.lostAt) > lostFor || mem.last.Name != "" && names[mem.last.Name] == 1 {
			delete(m.seen, id)
			continue
		}
		lost = append(lost, mem.lost())
	}
	if len(lost) > maxLost {
		slices.SortFunc(lost, func(a, b Host) int { return b.LostAt.Compare(a.LostAt) })
		for _, h := range lost[maxLost:] {
			delete(m.seen, h.ID)
		}
		lost = lost[:maxLost]
	}
	out = append(out, lost...)
	slices.SortFunc(out, func(a, b Host) int { return cmp.Or(CompareNames(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// lost is a host as it was last seen.
func (mem *hostMemory) lost() Host {
	h := mem.last
	h.LostAt, h.Supervisor, h.Workers = mem.lostAt, nil, nil
	h.Slots = slices.Clone(h.Slots)
	for i := range h.Slots {
		h.Slots[i].State = SlotLost
	}
	return h
}

// told reports whether a part of ZooKeeper's tree could be read.
func told(v *zkview.View, part string) bool {
	if v == nil {
		return false
	}
	_, missing := v.Missing[part]
	return !missing
}
