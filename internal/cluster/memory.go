package cluster

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// maxFeed bounds the change feed.
const maxFeed = 1000

// memory is what the poller knows. Its values are replaced, never changed, so
// that snapshots may share them.
type memory struct {
	since     time.Time
	seq       uint64
	cluster   *nimbusclient.Cluster
	clusterAt time.Time
	zk        *zkview.View
	zkAt      time.Time
	conf      map[string]any
	confOf    string // the Nimbus that conf was read from
	server    nimbusclient.Server
	window    nimbusclient.Window

	details map[string]*detail // by topology id
	pages   map[string]hostPage
	slots   map[place]*slotMemory
	seen    map[string]*hostMemory
	letters map[string]byte // by topology name

	last        *Snapshot
	feed        []Change
	feedDropped int
}

// hostPage is a supervisor's page.
type hostPage struct {
	workers []nimbusclient.Worker
	at      time.Time
	err     error
}

// detail is what was read about one topology.
type detail struct {
	pages      map[PageKey]*nimbusclient.Topology
	pageAt     map[PageKey]time.Time
	info       *nimbusclient.TopologyInfo
	infoAt     time.Time
	structure  *nimbusclient.Structure
	conf       map[string]any
	confOld    bool // asked to be read again
	logConfig  map[string]nimbusclient.LogLevel
	logAt      time.Time
	components map[ComponentKey]*nimbusclient.Component
	compAt     map[ComponentKey]time.Time
	errs       map[string]error
	trends     trends
	restarts   int
}

func newMemory(now time.Time) *memory {
	return &memory{
		since: now, details: map[string]*detail{}, pages: map[string]hostPage{}, slots: map[place]*slotMemory{},
		seen: map[string]*hostMemory{}, letters: map[string]byte{}, window: nimbusclient.Window10m,
	}
}

func (m *memory) detail(id string) *detail {
	d := m.details[id]
	if d == nil {
		d = &detail{
			pages: map[PageKey]*nimbusclient.Topology{}, pageAt: map[PageKey]time.Time{},
			components: map[ComponentKey]*nimbusclient.Component{}, compAt: map[ComponentKey]time.Time{},
			errs: map[string]error{},
		}
		m.details[id] = d
	}
	return d
}

// setCluster takes a confirmed cluster summary and forgets topologies that are
// gone.
func (m *memory) setCluster(c *nimbusclient.Cluster, at time.Time) {
	m.cluster, m.clusterAt = c, at
	alive := map[string]bool{}
	for _, t := range c.Topologies {
		alive[t.ID] = true
	}
	maps.DeleteFunc(m.details, func(id string, _ *detail) bool { return !alive[id] })
	known := map[string]bool{}
	for _, s := range c.Supervisors {
		known[s.ID] = true
	}
	maps.DeleteFunc(m.pages, func(id string, _ hostPage) bool { return !known[id] })
}

// setInfo takes all executors of a topology; restarts of its workers show in
// the executors' uptimes.
func (m *memory) setInfo(id string, info *nimbusclient.TopologyInfo, at time.Time) {
	d := m.detail(id)
	d.info, d.infoAt = info, at
	d.trends.see(info)
	for _, e := range info.ExecutorList {
		if e.UptimeSecs != nil && e.Stats != nil {
			m.observe(id, e.Host, e.Port, *e.UptimeSecs)
		}
	}
}

// observe notes a worker's uptime by host name and port, as Nimbus names them.
func (m *memory) observe(topology, host string, port, uptime int) {
	for at, s := range m.slots {
		if at.port != port || s.topology != topology || !m.named(at.node, host) {
			continue
		}
		m.beat(s, topology, uptime)
	}
}

// named reports whether a supervisor id is of the host name.
func (m *memory) named(node, host string) bool {
	if m.zk != nil {
		for _, a := range m.zk.Assignments {
			if name, ok := a.Hosts[node]; ok {
				return name == host
			}
		}
		for _, s := range m.zk.Supervisors {
			if s.ID == node {
				return s.Host == host
			}
		}
	}
	if m.cluster != nil {
		for _, s := range m.cluster.Supervisors {
			if s.ID == node {
				return s.Host == host
			}
		}
	}
	return false
}

// beat takes a worker's uptime. An uptime that fell is a restart, unless the
// slot has just been assigned anew.
func (m *memory) beat(s *slotMemory, topology string, uptime int) {
	if uptime <= 0 {
		return
	}
	if uptime < s.uptime && s.reported {
		s.restarts++
		s.lives = append(s.lives, s.uptime)
		s.lives = s.lives[max(0, len(s.lives)-maxLives):]
		if d := m.details[topology]; d != nil {
			d.restarts++
		}
	}
	s.uptime, s.reported = uptime, true
}

// setHostPage takes a supervisor's page.
func (m *memory) setHostPage(id string, p *nimbusclient.SupervisorPage, err error, at time.Time) {
	if err != nil {
		old := m.pages[id]
		old.err = err
		m.pages[id] = old
		return
	}
	m.pages[id] = hostPage{workers: p.Workers, at: at}
	// Without ZooKeeper the pages are all that tells of slots.
	for _, w := range p.Workers {
		node := cmp.Or(w.SupervisorID, id)
		s := m.slots[place{node, w.Port}]
		if s == nil && m.zk == nil {
			s = &slotMemory{topology: w.TopologyID, reported: true}
			m.slots[place{node, w.Port}] = s
		}
		if s != nil && m.zk == nil && s.topology != w.TopologyID {
			*s = slotMemory{topology: w.TopologyID, restarts: s.restarts, lives: s.lives}
		}
		if s != nil && s.topology == w.TopologyID && w.UptimeSecs != nil {
			m.beat(s, w.TopologyID, *w.UptimeSecs)
		}
	}
}

// setZK takes a reading of ZooKeeper and follows the slots through it.
func (m *memory) setZK(v zkview.View, at time.Time) {
	first := m.zk == nil
	m.zk, m.zkAt = &v, at
	now := map[place]string{}
	for id, a := range v.Assignments {
		for slot := range assigned(a) {
			now[slot] = id
		}
	}
	for slot, id := range now {
		s := m.slots[slot]
		switch {
		case s == nil:
			s = &slotMemory{topology: id, reported: first}
			if !first {
				s.since = at
			}
			m.slots[slot] = s
		case s.topology != id:
			*s = slotMemory{topology: id, since: at, restarts: 0}
		}
	}
	for slot, s := range m.slots {
		if _, used := now[slot]; !used && s.topology != "" {
			*s = slotMemory{left: s.topology, leftAt: at}
		}
		if s.topology == "" && at.Sub(s.leftAt) > comingFor {
			delete(m.slots, slot)
		}
	}
	for id, beats := range v.Heartbeats {
		for _, b := range beats {
			s := m.slots[place{b.Slot.Node, b.Slot.Port}]
			// A heartbeat older than the assignment is of the worker before.
			if s == nil || s.topology != id || b.UptimeSecs == nil || b.Time.Before(s.since) {
				continue
			}
			m.beat(s, id, int(*b.UptimeSecs))
		}
	}
}

// beatAt is the newest heartbeat of a topology, zero when unknown.
func (m *memory) beatAt(id string) time.Time {
	var newest time.Time
	if m.zk == nil {
		return newest
	}
	for _, b := range m.zk.Heartbeats[id] {
		if b.Time.After(newest) {
			newest = b.Time
		}
	}
	return newest
}

// heartbeat is how often statistics move on this server.
func (m *memory) heartbeat() time.Duration {
	if m.server.Line == nimbusclient.V2 || m.server.Line == nimbusclient.LineUnknown {
		if secs, ok := number(m.conf["executor.metrics.frequency.secs"]); ok && secs >= 1 {
			return time.Duration(secs * float64(time.Second))
		}
		return time.Minute
	}
	if secs, ok := number(m.conf["task.heartbeat.frequency.secs"]); ok && secs >= 1 {
		return time.Duration(secs * float64(time.Second))
	}
	return 3 * time.Second
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// letter gives a topology its letter, the first free one; names beyond the
// alphabet share.
func (m *memory) letter(name string) byte {
	if l, ok := m.letters[name]; ok {
		return l
	}
	used := map[byte]bool{}
	for _, l := range m.letters {
		used[l] = true
	}
	for l := byte('a'); l <= 'z'; l++ {
		if !used[l] {
			m.letters[name] = l
			return l
		}
	}
	l := 'a' + byte(len(m.letters)%26)
	m.letters[name] = l
	return l
}

// snapshot puts everything together. The feed grows by what changed since the
// last one.
func (m *memory) snapshot(link Link, now time.Time) *Snapshot {
	m.seq++
	s := &Snapshot{
		Seq: m.seq, Made: now, Link: link, Cluster: m.cluster, ClusterAt: m.clusterAt, ZK: m.zk, ZKAt: m.zkAt,
		HeartbeatPeriod: m.heartbeat(), NimbusConf: m.conf, Topologies: map[string]*Topology{}, Since: m.since,
	}
	for _, row := range s.TopologyRows() {
		s.Topologies[row.ID] = m.topology(row)
	}
	s.Hosts = m.hosts(now)
	changes := Diff(m.last, s)
	m.feed = append(changes, m.feed...)
	if over := len(m.feed) - maxFeed; over > 0 {
		m.feedDropped += over
		m.feed = m.feed[:maxFeed]
	}
	m.feed = slices.Clip(m.feed)
	s.Feed, s.FeedDropped = m.feed, m.feedDropped
	m.last = s
	return s
}

// topology puts together what is known of one topology.
func (m *memory) topology(row nimbusclient.TopologySummary) *Topology {
	d := m.detail(row.ID)
	t := &Topology{
		Summary: row, Letter: m.letter(row.Name),
		Pages: maps.Clone(d.pages), PageAt: maps.Clone(d.pageAt), Info: d.info, InfoAt: d.infoAt, Structure: d.structure,
		Conf: d.conf, LogConfig: d.logConfig, Components: maps.Clone(d.components), ComponentAt: maps.Clone(d.compAt),
		Errs: maps.Clone(d.errs), BeatAt: m.beatAt(row.ID), SampleRate: 0.05,
	}
	if rate, ok := number(d.conf["topology.stats.sample.rate"]); ok && rate > 0 && rate <= 1 {
		t.SampleRate = rate
	} else if rate, ok := sampleRate(d.info); ok {
		t.SampleRate = rate
	}
	t.Restarts = d.restarts
	t.Youngest = m.youngest(row.ID, d)
	if m.zk != nil {
		if base, ok := m.zk.Storms[row.ID]; ok {
			t.Drift = drift(base, m.zk.Assignments[row.ID], d.info)
		}
	}
	switch {
	case d.info != nil:
		t.Rates = Rates(d.info, d.structure, m.window)
		d.trends.fill(&t.Rates)
	default:
		if p := newestPage(d, m.window); p != nil {
			t.Rates = PageRates(p)
			t.Rates.shells(d.structure)
		}
	}
	return t
}

// shells takes the capacity away from shell bolts: it says nothing there, and
// a page alone does not tell their load.
func (r *TopologyRates) shells(s *nimbusclient.Structure) {
	for name, c := range r.Components {
		if isShell(s, name) {
			c.Load.Shell, c.Load.Value = true, unknown
			r.Components[name] = c
		}
	}
}

// sampleRate is what the executors say they measure.
func sampleRate(info *nimbusclient.TopologyInfo) (float64, bool) {
	if info == nil {
		return 0, false
	}
	for _, e := range info.ExecutorList {
		if e.Stats != nil && e.Stats.SampleRate != nil && !system(e.Component) && *e.Stats.SampleRate > 0 {
			return *e.Stats.SampleRate, true
		}
	}
	return 0, false
}

// youngest is the smallest uptime of a topology's workers, from whoever told
// last; nil when nobody did.
func (m *memory) youngest(id string, d *detail) *int {
	var out *int
	take := func(secs int) {
		if secs > 0 && (out == nil || secs < *out) {
			out = &secs
		}
	}
	for _, s := range m.slots {
		if s.topology == id && s.reported {
			take(s.uptime)
		}
	}
	if out != nil {
		return out
	}
	if p := newestPage(d, m.window); p != nil {
		for _, w := range p.Workers {
			if w.UptimeSecs != nil {
				take(*w.UptimeSecs)
			}
		}
	}
	return out
}

// newestPage is the page of the window if there is one, else the newest of any.
func newestPage(d *detail, w nimbusclient.Window) *nimbusclient.Topology {
	for _, sys := range []bool{false, true} {
		if p := d.pages[PageKey{Window: w, Sys: sys}]; p != nil {
			return p
		}
	}
	var newest *nimbusclient.Topology
	var at time.Time
	for key, p := range d.pages {
		if newest == nil || d.pageAt[key].After(at) {
			newest, at = p, d.pageAt[key]
		}
	}
	return newest
}
