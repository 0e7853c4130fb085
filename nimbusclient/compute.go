package nimbusclient

import (
	"cmp"
	"slices"
)

// Servers before 1.0 have no page calls. What their Storm UI shows is computed
// here from every executor's counters, by that UI's formulas.

// computeTopology reads what a topology page needs and computes it.
func (s *Session) computeTopology(id string, window Window, sys bool) (*Topology, error) {
	info, err := s.InfoErrors(id, ErrorsOne)
	if err != nil {
		return nil, err
	}
	kinds, err := s.kinds(id)
	if err != nil {
		return nil, err
	}
	conf, err := s.Conf(id)
	if err != nil {
		return nil, err
	}
	t := topologyOf(info, kinds, window, sys)
	t.Conf = conf
	return t, nil
}

// computeComponent reads what a component page needs and computes it.
func (s *Session) computeComponent(id, component string, window Window, sys bool) (*Component, error) {
	kinds, err := s.kinds(id)
	if err != nil {
		return nil, err
	}
	kind, known := kinds[component]
	if !known {
		return nil, &Error{Op: "getTopology", Addr: s.conn.addr, About: component + " of " + id, Err: ErrNotAlive}
	}
	info, err := s.Info(id)
	if err != nil {
		return nil, err
	}
	return componentOf(info, component, kind, window, sys), nil
}

// maxKinds bounds the topologies whose structure is remembered.
const maxKinds = 64

// kinds tells spouts from bolts, which the executors do not. A topology's
// structure never changes, so it is read once a connection.
func (s *Session) kinds(id string) (map[string]Kind, error) {
	if k, known := s.conn.kinds[id]; known {
		return k, nil
	}
	structure, err := s.Structure(id)
	if err != nil {
		return nil, err
	}
	k := make(map[string]Kind, len(structure.Components))
	for _, c := range structure.Components {
		k[c.ID] = c.Kind
	}
	if s.conn.kinds == nil || len(s.conn.kinds) >= maxKinds {
		s.conn.kinds = map[string]map[string]Kind{}
	}
	s.conn.kinds[id] = k
	return k, nil
}

func topologyOf(info *TopologyInfo, kinds map[string]Kind, window Window, sys bool) *Topology {
	t := &Topology{
		ID:               info.ID,
		Name:             info.Name,
		Status:           info.Status,
		UptimeSecs:       info.UptimeSecs,
		Owner:            info.Owner,
		SchedStatus:      info.SchedStatus,
		ReplicationCount: info.ReplicationCount,
		Window:           window,
		Sys:              sys,
		Totals:           map[Window]Totals{},
		Assigned:         info.Assigned,
		Computed:         true,
	}
	type slot struct {
		host string
		port int
	}
	slots := map[slot]bool{}
	executors := map[string][]Executor{}
	var spouts, bolts []Executor
	for _, e := range info.ExecutorList {
		slots[slot{e.Host, e.Port}] = true
		switch kinds[e.Component] {
		case Spout:
			spouts = append(spouts, e)
		case Bolt:
			bolts = append(bolts, e)
		default:
			continue // not in the structure: Storm shows it nowhere
		}
		executors[e.Component] = append(executors[e.Component], e)
	}
	t.Tasks, t.Executors, t.WorkerCount = new(tasksOf(info.ExecutorList)), new(len(info.ExecutorList)), new(len(slots))
	t.Totals = totalsOf(spouts, bolts, sys)
	for id, list := range executors {
		row := rowOf(id, kinds[id], list, info.Errors[id], window, sys)
		switch {
		case row.Kind == Spout:
			t.Spouts = append(t.Spouts, row)
		case sys || !isSystem(id):
			t.Bolts = append(t.Bolts, row)
		}
	}
	byID := func(a, b ComponentStats) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(t.Spouts, byID)
	slices.SortFunc(t.Bolts, byID)
	return t
}

// totalsOf sums what spouts and bolts emit; acks, fails and the latency count
// whole tuple trees, which only spouts see.
func totalsOf(spouts, bolts []Executor, sys bool) map[Window]Totals {
	s, b := aggregateOf(spouts, sys), aggregateOf(bolts, sys)
	out := map[Window]Totals{}
	for _, w := range append(s.windows(), b.windows()...) {
		trees, hops := s.at(w), b.at(w)
		out[w] = Totals{
			Emitted:     add(trees.Emitted, hops.Emitted),
			Transferred: add(trees.Transferred, hops.Transferred),
			Acked:       trees.Acked,
			Failed:      trees.Failed,
			CompleteMs:  trees.CompleteMs,
		}
	}
	return out
}

func rowOf(id string, kind Kind, executors []Executor, errs []ErrorInfo, window Window, sys bool) ComponentStats {
	row := ComponentStats{ID: id, Kind: kind, Stats: aggregateOf(executors, sys).at(window)}
	row.Executors, row.Tasks = new(len(executors)), new(tasksOf(executors))
	if kind == Bolt {
		var busiest float64
		for _, e := range executors {
			busiest = max(busiest, capacityOf(e))
		}
		row.Capacity = &busiest
	}
	if len(errs) > 0 {
		last := errs[0] // newest first
		row.LastError = &last
	}
	return row
}

func componentOf(info *TopologyInfo, component string, kind Kind, window Window, sys bool) *Component {
	c := &Component{
		ID:           component,
		Kind:         kind,
		TopologyID:   info.ID,
		TopologyName: info.Name,
		Status:       info.Status,
		Window:       window,
		Sys:          sys,
		Totals:       map[Window]Stats{},
		Errors:       info.Errors[component],
		Computed:     true,
	}
	var executors []Executor
	for _, e := range info.ExecutorList {
		if e.Component == component {
			executors = append(executors, e)
		}
	}
	c.Executors, c.Tasks = new(len(executors)), new(tasksOf(executors))
	all := aggregateOf(executors, sys)
	for _, w := range all.windows() {
		c.Totals[w] = all.at(w)
	}
	if kind == Bolt {
		c.Inputs = all.streams(window, true)
	}
	c.Outputs = all.streams(window, false)
	for _, e := range executors {
		row := ExecutorRow{ID: e.ID, Host: e.Host, Port: e.Port, UptimeSecs: e.UptimeSecs, Stats: aggregateOf([]Executor{e}, sys).at(window)}
		row.Executors, row.Tasks = new(1), new(e.ID.Tasks())
		if kind == Bolt {
			row.Capacity = new(capacityOf(e))
		}
		c.Execs = append(c.Execs, row)
	}
	c.sort()
	return c
}

func tasksOf(executors []Executor) int {
	var n int
	for _, e := range executors {
		n += e.ID.Tasks()
	}
	return n
}

// add sums counters of which either may be unknown.
func add(a, b *int64) *int64 {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return new(*a + *b)
}
