package cluster

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

const (
	// maxFeed bounds the change feed.
	maxFeed = 1000
	// plannedFor is how long after the last sign of a rebalance new workers are
	// taken for its doing.
	plannedFor = 2 * time.Minute
)

// memory is what the poller knows. It does no I/O and is given every time, so
// that it is tested by itself.
type memory struct {
	since time.Time
	every time.Duration
	seq   uint64

	cluster   *nimbusclient.Cluster
	clusterAt time.Time
	server    nimbusclient.Server
	conf      map[string]any // of Nimbus; nil until read
	confOf    string         // the Nimbus it was read from
	confErr   error          // why it refused

	zk   *zkview.View
	zkAt time.Time
	// zkLive says that the newest reading of ZooKeeper went well.
	zkLive bool

	window  nimbusclient.Window
	details map[string]*detail // by topology id
	planned map[string]time.Time
	hostsOf map[string]hostPage // by supervisor id
	slots   *slotBook
	seen    map[string]*hostMemory
	letters letters

	last        *Snapshot
	feed        []Change
	feedDropped int
	changes     uint64
}

// hostPage is a supervisor's page.
type hostPage struct {
	workers []nimbusclient.Worker
	at      time.Time
	err     error
}

func newMemory(now time.Time, every time.Duration) *memory {
	return &memory{
		since: now, every: every, window: nimbusclient.Window10m,
		details: map[string]*detail{}, planned: map[string]time.Time{}, hostsOf: map[string]hostPage{},
		slots: newSlotBook(), seen: map[string]*hostMemory{},
	}
}

func (m *memory) detail(id string) *detail {
	d := m.details[id]
	if d == nil {
		d = newDetail()
		m.details[id] = d
	}
	return d
}

// setServer takes who answered, and its configuration where it was read.
func (m *memory) setServer(server nimbusclient.Server, conf map[string]any) {
	m.server = server
	if conf != nil {
		m.conf, m.confOf = conf, server.Addr
	}
	m.setLag()
}

func (m *memory) setEvery(every time.Duration) {
	m.every = every
	m.setLag()
}

func (m *memory) setLag() { m.slots.lag = 2*m.heartbeat() + m.every }

// setCluster takes a confirmed cluster summary and forgets what is gone.
func (m *memory) setCluster(c *nimbusclient.Cluster, at time.Time) {
	m.cluster, m.clusterAt = c, at
	alive := map[string]bool{}
	for _, t := range c.Topologies {
		alive[t.ID] = true
		if t.Status == nimbusclient.Rebalancing {
			m.planned[t.ID] = at
		}
	}
	if m.zkLive {
		for id := range m.zk.Storms {
			alive[id] = true
		}
	}
	gone := func(id string) bool { return !alive[id] }
	maps.DeleteFunc(m.details, func(id string, _ *detail) bool { return gone(id) })
	maps.DeleteFunc(m.planned, func(id string, _ time.Time) bool { return gone(id) })
	known := map[string]bool{}
	for _, s := range c.Supervisors {
		known[s.ID] = true
	}
	maps.DeleteFunc(m.hostsOf, func(id string, _ hostPage) bool { return !known[id] })
	if !m.slotsByZK() {
		m.slots.forget(gone, func(node string) bool { return !known[node] })
	}
}

// slotsByZK reports whether ZooKeeper tells what every slot runs.
func (m *memory) slotsByZK() bool {
	return m.zkLive && m.zk.Missing["/assignments"] == ""
}

// setPage takes a topology page; its workers tell of slots where ZooKeeper does
// not.
func (m *memory) setPage(id string, key PageKey, p *nimbusclient.Topology, at time.Time) {
	m.detail(id).setPage(key, p, at)
	if len(p.Workers) > 0 || !p.Computed && m.server.Line >= nimbusclient.V2 {
		m.tell(p.Workers, id, at, func(_ place, s *slotMemory) bool { return s.topology == id })
	}
}

// setInfo takes all executors of a topology; a worker's uptime is in each.
func (m *memory) setInfo(id string, info *nimbusclient.TopologyInfo, at time.Time) {
	m.detail(id).setInfo(info, at, max(m.heartbeat(), m.every))
	type named struct {
		host string
		port int
	}
	uptimes := map[named]int{}
	for _, e := range info.ExecutorList {
		if e.UptimeSecs != nil && e.Stats != nil {
			n := named{e.Host, e.Port}
			uptimes[n] = max(uptimes[n], *e.UptimeSecs)
		}
	}
	for n, up := range uptimes {
		for slot, s := range m.slots.slots {
			if slot.port == n.port && s.topology == id && m.hostName(slot.node) == n.host {
				m.slots.sight(slot, id, up, byNimbus, at)
			}
		}
	}
}

// hostName is the host of a supervisor id, "" when nobody told.
func (m *memory) hostName(node string) string {
	if h := m.seen[node]; h != nil && h.last.Name != "" {
		return h.last.Name
	}
	if m.cluster != nil {
		for _, s := range m.cluster.Supervisors {
			if s.ID == node {
				return s.Host
			}
		}
	}
	if m.zk != nil {
		for _, s := range m.zk.Supervisors {
			if s.ID == node {
				return s.Host
			}
		}
		for _, a := range m.zk.Assignments {
			if name, ok := a.Hosts[node]; ok {
				return name
			}
		}
	}
	return ""
}

// setHostPage takes a supervisor's page, or why there is none.
func (m *memory) setHostPage(id string, p *nimbusclient.SupervisorPage, err error, at time.Time) {
	if err != nil {
		old := m.hostsOf[id]
		old.err = err
		m.hostsOf[id] = old
		return
	}
	m.hostsOf[id] = hostPage{workers: p.Workers, at: at}
	m.tell(p.Workers, "", at, func(slot place, _ *slotMemory) bool { return slot.node == id })
}

// tell takes workers that a page named; topology is theirs where they do not say.
func (m *memory) tell(workers []nimbusclient.Worker, topology string, at time.Time, inScope func(place, *slotMemory) bool) {
	if !m.slotsByZK() {
		named := map[place]worker{}
		for _, w := range workers {
			if w.SupervisorID != "" {
				named[place{w.SupervisorID, w.Port}] = worker{cmp.Or(w.TopologyID, topology), value(w.Executors)}
			}
		}
		m.slots.tell(named, at, inScope)
	}
	for _, w := range workers {
		if w.UptimeSecs != nil {
			m.slots.sight(place{w.SupervisorID, w.Port}, cmp.Or(w.TopologyID, topology), *w.UptimeSecs, byNimbus, at)
		}
	}
}

// setZK takes a reading of ZooKeeper and follows the slots through it.
func (m *memory) setZK(v zkview.View, at time.Time) {
	first, old, previous := m.zk == nil, m.zk, m.zkAt
	m.zk, m.zkAt, m.zkLive = &v, at, true
	for id, base := range v.Storms {
		if base.Status == string(nimbusclient.Rebalancing) {
			m.planned[id] = at
			continue
		}
		if first {
			continue
		}
		if was, ok := old.Storms[id]; ok && (!maps.Equal(was.ComponentExecutors, base.ComponentExecutors) || value(was.Workers) != value(base.Workers)) {
			m.planned[id] = at
		}
	}
	if m.slotsByZK() {
		slots := map[place]placed{}
		for id, a := range v.Assignments {
			maps.Copy(slots, placedBy(id, a))
		}
		m.slots.assign(slots, at, first,
			func(id string) bool { return v.Missing["/assignments/"+id] != "" },
			func(id string) bool { t, ok := m.planned[id]; return ok && at.Sub(t) < plannedFor })
	}
	for id, beats := range v.Heartbeats {
		for _, b := range beats {
			slot := place{b.Slot.Node, b.Slot.Port}
			m.slots.beat(slot, id, b.Time, previous, at)
			if b.UptimeSecs != nil {
				m.slots.sight(slot, id, int(*b.UptimeSecs), byBeat, at)
			}
		}
	}
	for id, base := range v.Storms {
		if d := m.details[id]; d != nil {
			d.setDrift(drift(base, v.Assignments[id], d.taskOf, d.tasks), at)
		}
	}
	if m.cluster == nil {
		for id := range m.details {
			if _, ok := v.Storms[id]; !ok && v.Missing["/storms"] == "" {
				delete(m.details, id)
			}
		}
	}
}

// placedBy turns an assignment into its slots.
func placedBy(topology string, a zkview.Assignment) map[place]placed {
	slots := map[place]placed{}
	for tasks, slot := range a.Executors {
		at := place{slot.Node, slot.Port}
		p := slots[at]
		p.topology = topology
		p.tasks = append(p.tasks, nimbusclient.ExecutorID{Start: tasks.Start, End: tasks.End})
		if start := a.Starts[tasks]; start > 0 {
			if p.first == 0 || start < p.first {
				p.first = start
			}
			p.last = max(p.last, start)
		}
		slots[at] = p
	}
	for _, p := range slots {
		slices.SortFunc(p.tasks, func(a, b nimbusclient.ExecutorID) int { return cmp.Compare(a.Start, b.Start) })
	}
	return slots
}

// heartbeat is how often statistics move on this server.
func (m *memory) heartbeat() time.Duration {
	key, otherwise := "executor.metrics.frequency.secs", time.Minute
	if m.server.Line != nimbusclient.V2 && m.server.Line != nimbusclient.LineUnknown {
		key, otherwise = "task.heartbeat.frequency.secs", 3*time.Second
	}
	if secs, ok := number(m.conf[key]); ok && secs >= 1 {
		return time.Duration(secs * float64(time.Second))
	}
	return otherwise
}

// snapshot puts everything together. The feed grows by what changed since the
// last one.
func (m *memory) snapshot(link Link, now time.Time) *Snapshot {
	m.seq++
	s := &Snapshot{
		Seq: m.seq, Made: now, Link: link, Every: m.every, Cluster: m.cluster, ClusterAt: m.clusterAt, ZK: m.zk, ZKAt: m.zkAt,
		HeartbeatPeriod: m.heartbeat(), NimbusConf: m.conf, NimbusConfErr: m.confErr, Topologies: map[string]*Topology{}, Since: m.since,
	}
	rows := s.TopologyRows()
	m.letters.give(rows)
	for _, row := range rows {
		s.Topologies[row.ID] = m.topology(row)
	}
	s.Hosts = m.hosts(link, now)
	changes := Diff(m.last, s)
	for i := len(changes) - 1; i >= 0; i-- {
		m.changes++
		changes[i].Seq = m.changes
	}
	if len(changes) > 0 {
		m.feed = append(changes, m.feed...)
		if over := len(m.feed) - maxFeed; over > 0 {
			m.feedDropped += over
			m.feed = slices.Clone(m.feed[:maxFeed])
		}
	}
	s.Feed, s.FeedDropped = m.feed, m.feedDropped
	m.last = s
	return s
}

// topology puts together what is known of one topology.
func (m *memory) topology(row nimbusclient.TopologySummary) *Topology {
	d := m.detail(row.ID)
	newest, _, _ := m.slots.beats(row.ID)
	t := &Topology{
		Summary: row, Letter: m.letters.of[row.Name],
		Pages: maps.Clone(d.pages), PageAt: maps.Clone(d.pageAt), Info: d.info, InfoAt: d.infoAt, Structure: d.structure,
		LogConfig: d.logConfig, Components: maps.Clone(d.components), ComponentAt: maps.Clone(d.compAt),
		Errs: maps.Clone(d.errs), BeatAt: newest, SampleRate: d.sampleRate(),
		Restarts: m.slots.restarts[row.ID], Youngest: m.youngest(row.ID, d), taskOf: d.taskOf,
		HeartbeatPeriod: d.heartbeat(m.heartbeat(), m.server.Line),
	}
	t.Conf, t.ConfCall = d.configuration()
	if m.zkLive && (row.Status == nimbusclient.Active || row.Status == nimbusclient.Inactive) {
		t.Drift = d.settled
	}
	t.Rates = d.allRates(m.window, max(t.HeartbeatPeriod, m.every), t.Youngest)
	return t
}

// youngest is the smallest uptime of a topology's workers in seconds, from
// whoever told last; nil when nobody did.
func (m *memory) youngest(id string, d *detail) *int {
	if up := m.slots.youngest(id); up != nil {
		return up
	}
	var out *int
	if p := d.page(m.window); p != nil {
		for _, w := range p.Workers {
			if up := value(w.UptimeSecs); up > 0 && (out == nil || up < *out) {
				out = &up
			}
		}
	}
	return out
}

// unread lists the children of a part that could not be read.
func unread(v *zkview.View, part string) []string {
	var out []string
	for path := range v.Missing {
		if name, ok := strings.CutPrefix(path, part+"/"); ok && !strings.Contains(name, "/") {
			out = append(out, name)
		}
	}
	return out
}
