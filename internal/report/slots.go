package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Layout is which slot of which host runs what. Infos fill in what neither
// ZooKeeper nor supervisor pages told: before 1.1 there are no such pages.
type Layout struct {
	AsOf  time.Time
	Hosts []cluster.Host
	Infos []nimbusclient.TopologyInfo
	// Names are the topologies' names by id.
	Names map[string]string
}

// place is one slot of one host.
type place struct {
	supervisor, host string
	port             int // 0 for a free slot whose port nobody tells
	state            cluster.SlotState
	topology, name   string
	executors        *int
	tasks            []nimbusclient.ExecutorID
	uptime           *int
	start            time.Time
	worker           *nimbusclient.Worker
}

// slotWords are the states of a slot in JSON and tables.
var slotWords = map[cluster.SlotState]string{
	cluster.SlotFree:    "free",
	cluster.SlotUsed:    "used",
	cluster.SlotComing:  "starting",
	cluster.SlotLeaving: "leaving",
	cluster.SlotLost:    "lost",
}

// places lists every slot, by host, then supervisor, then port; free slots
// without a port last.
func (l Layout) places() []place {
	hosts := slices.Clone(l.Hosts)
	for i := range hosts {
		hosts[i].Slots = slices.Clone(hosts[i].Slots)
	}
	stray := l.fill(hosts)
	var out []place
	for _, h := range hosts {
		for _, s := range h.Slots {
			out = append(out, l.placeOf(h, s))
		}
		if !h.LostAt.IsZero() || h.Supervisor == nil || h.Supervisor.Slots == nil {
			continue
		}
		used := 0
		if h.Supervisor.UsedSlots != nil {
			used = *h.Supervisor.UsedSlots
		}
		known := usedSlots(h)
		for n := len(h.Slots); n < *h.Supervisor.Slots; n++ {
			p := place{supervisor: h.ID, host: h.Name}
			if known < used { // in use, but nobody tells by whom
				p.state = cluster.SlotUsed
				known++
			}
			out = append(out, p)
		}
	}
	out = append(out, stray...)
	slices.SortStableFunc(out, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.supervisor, b.supervisor), portOrder(a.port, b.port))
	})
	return out
}

func portOrder(a, b int) int {
	switch {
	case a == b:
		return 0
	case a == 0:
		return 1
	case b == 0:
		return -1
	}
	return cmp.Compare(a, b)
}

func usedSlots(h cluster.Host) int {
	n := 0
	for _, s := range h.Slots {
		if s.TopologyID != "" {
			n++
		}
	}
	return n
}

func (l Layout) placeOf(h cluster.Host, s cluster.Slot) place {
	p := place{
		supervisor: h.ID, host: h.Name, port: s.Port, state: s.State,
		topology: s.TopologyID, name: l.Names[s.TopologyID], tasks: s.Tasks, uptime: s.UptimeSecs, start: s.StartAt,
	}
	if s.Executors > 0 {
		p.executors = &s.Executors
	}
	for i := range h.Workers {
		if w := &h.Workers[i]; w.Port == s.Port && w.TopologyID == s.TopologyID {
			p.worker = w
		}
	}
	return p
}

// fill puts the executors of the infos into slots that are known to be of a host
// and say nothing yet. Two supervisors may share a host name; what fits neither
// is returned.
func (l Layout) fill(hosts []cluster.Host) (stray []place) {
	type at struct {
		host string
		port int
		id   string
	}
	by := map[at]*place{}
	for _, info := range l.Infos {
		for _, e := range info.ExecutorList {
			if e.ID.Start < 0 || e.Host == "" {
				continue // __system runs in every worker
			}
			key := at{e.Host, e.Port, info.ID}
			p := by[key]
			if p == nil {
				p = &place{host: e.Host, port: e.Port, state: cluster.SlotUsed, topology: info.ID, name: info.Name}
				by[key] = p
			}
			p.tasks = append(p.tasks, e.ID)
			if e.UptimeSecs != nil && (p.uptime == nil || *e.UptimeSecs > *p.uptime) {
				p.uptime = e.UptimeSecs
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(by), func(a, b at) int {
		return cmp.Or(strings.Compare(a.host, b.host), cmp.Compare(a.port, b.port), strings.Compare(a.id, b.id))
	})
	for _, key := range keys {
		p := by[key]
		n := len(p.tasks)
		p.executors = &n
		if !settle(hosts, p) {
			stray = append(stray, *p)
		}
	}
	return stray
}

// settle finds the slot a place is about: one that exists, else a new one when a
// single supervisor has that host name.
func settle(hosts []cluster.Host, p *place) bool {
	var named []*cluster.Host
	for i := range hosts {
		h := &hosts[i]
		if h.Name != p.host {
			continue
		}
		named = append(named, h)
		for j := range h.Slots {
			s := &h.Slots[j]
			if s.Port != p.port {
				continue
			}
			if s.TopologyID == "" || s.TopologyID == p.topology {
				s.TopologyID = p.topology
				if s.State == cluster.SlotFree {
					s.State = cluster.SlotUsed
				}
				if s.Executors == 0 {
					s.Executors, s.Tasks = *p.executors, p.tasks
				}
				if s.UptimeSecs == nil {
					s.UptimeSecs = p.uptime
				}
			}
			return true
		}
	}
	if len(named) != 1 {
		return false
	}
	named[0].Slots = append(named[0].Slots, cluster.Slot{
		Port: p.port, State: cluster.SlotUsed, TopologyID: p.topology, Executors: *p.executors, Tasks: p.tasks, UptimeSecs: p.uptime,
	})
	return true
}

// Slots is the answer of `slots`: every slot of every host and what runs in it.
// Supervisors are sorted by host, then id, their slots by port; slots whose port
// nobody tells come last. All keys but those of `supervisors` are stormtop's
// own.
func Slots(l Layout) Answer {
	list := l.places()
	fields := slotFields()
	made := rows(list, fields)
	var supervisors []object
	for start := 0; start < len(list); {
		end := start
		used := 0
		for ; end < len(list) && list[end].supervisor == list[start].supervisor && list[end].host == list[start].host; end++ {
			if list[end].state != cluster.SlotFree {
				used++
			}
		}
		supervisors = append(supervisors, object{
			{"id", word(list[start].supervisor)},
			{"host", list[start].host},
			{"slotsTotal", end - start},
			{"slotsUsed", used},
			{"slotsFree", end - start - used},
			{"slots", slices.Clone(made[start:end])},
		})
		start = end
	}
	a := Answer{
		body: object{{"supervisors", listOf(supervisors)}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: noSupervisor}},
	}
	for _, p := range list {
		if p.port != 0 {
			a.names = append(a.names, nimbusRow{host: p.host, port: p.port}.addr())
		}
	}
	return a
}

// listOf makes an empty list of none.
func listOf(list []object) []object {
	if list == nil {
		return []object{}
	}
	return list
}

func slotFields() []field[place] {
	return []field[place]{
		{key: "host", title: "HOST", get: func(p place) any { return p.host }},
		{key: "supervisorId", title: "SUPERVISOR", wide: true, get: func(p place) any { return word(p.supervisor) }},
		{key: "port", title: "PORT", show: plain, absent: "?", get: portOf},
		{key: "state", title: "STATE", get: func(p place) any { return slotWords[p.state] }},
		{key: "topologyName", title: "TOPOLOGY", get: func(p place) any { return word(p.name) }},
		{key: "topologyId", title: "ID", wide: true, get: func(p place) any { return word(p.topology) }},
		{key: "executors", title: "EXECUTORS", show: count, get: func(p place) any { return ptr(p.executors) }},
		{key: "tasks", title: "TASKS", wide: true, get: func(p place) any {
			if p.tasks == nil {
				return nil
			}
			return taskRanges(p.tasks)
		}},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(p place) any { return ptr(p.uptime) }},
	}
}

func portOf(p place) any {
	if p.port == 0 {
		return nil
	}
	return p.port
}

func taskRanges(list []nimbusclient.ExecutorID) []string {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b nimbusclient.ExecutorID) int { return cmp.Compare(a.Start, b.Start) })
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.String()
	}
	return out
}

// startSlack is how long a worker may take to come up after its assignment, and
// how old a reported uptime may be, before it counts as restarted.
const startSlack = 2 * time.Minute

// restarted says whether a worker is younger than its assignment: it has been
// restarted at least once since.
func (p place) restarted(asOf time.Time) any {
	if p.uptime == nil || p.start.IsZero() || asOf.IsZero() {
		return nil
	}
	return asOf.Sub(p.start)-time.Duration(*p.uptime)*time.Second > startSlack
}

// Workers is the answer of `workers`: the worker processes of one topology, or of
// all when the id is empty, as in REST's topology/ID "workers". They are sorted
// by host, then port. "restarted" is stormtop's own: the worker is more than two
// minutes younger than its assignment.
func Workers(l Layout, topologyID string) Answer {
	var list []place
	for _, p := range l.places() {
		if p.topology != "" && (topologyID == "" || p.topology == topologyID) {
			list = append(list, p)
		}
	}
	fields := placeFields(l.AsOf)
	made := rows(list, fields)
	a := Answer{
		body: object{{"workers", made}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: "No worker is assigned."}},
	}
	for _, p := range list {
		a.names = append(a.names, nimbusRow{host: p.host, port: p.port}.addr())
	}
	return a
}

func placeFields(asOf time.Time) []field[place] {
	assigned := func(get func(w *nimbusclient.Worker) any) func(place) any {
		return func(p place) any {
			if p.worker == nil {
				return nil
			}
			return get(p.worker)
		}
	}
	return []field[place]{
		{key: "host", title: "HOST", get: func(p place) any { return p.host }},
		{key: "port", title: "PORT", show: plain, absent: "?", get: portOf},
		{key: "supervisorId", title: "SUPERVISOR", wide: true, get: func(p place) any { return word(p.supervisor) }},
		{key: "topologyName", title: "TOPOLOGY", get: func(p place) any { return word(p.name) }},
		{key: "topologyId", title: "ID", wide: true, get: func(p place) any { return word(p.topology) }},
		{key: "owner", get: assigned(func(w *nimbusclient.Worker) any { return ptr(w.Owner) })},
		{key: "state", title: "STATE", get: func(p place) any { return slotWords[p.state] }},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(p place) any { return ptr(p.uptime) }},
		{key: "restarted", title: "RESTARTED", show: yes, absent: "?", get: func(p place) any { return p.restarted(asOf) }},
		{key: "executorsTotal", title: "EXECUTORS", show: count, get: func(p place) any { return ptr(p.executors) }},
		{key: "componentNumTasks", title: "TASKS", show: taskList, get: assigned(func(w *nimbusclient.Worker) any {
			if w.ComponentTasks == nil {
				return nil
			}
			return w.ComponentTasks
		})},
		{key: "assignedMemOnHeap", title: "HEAP", wide: true, show: megabytes, get: assigned(func(w *nimbusclient.Worker) any { return ptr(w.AssignedMemOnHeap) })},
		{key: "assignedMemOffHeap", title: "OFF HEAP", wide: true, show: megabytes, get: assigned(func(w *nimbusclient.Worker) any { return ptr(w.AssignedMemOffHeap) })},
		{key: "assignedCpu", title: "CPU", wide: true, show: percent, get: assigned(func(w *nimbusclient.Worker) any { return ptr(w.AssignedCPU) })},
	}
}
