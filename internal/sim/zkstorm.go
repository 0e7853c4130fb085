package sim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/url"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// The sessions that own the ephemeral nodes of daemons and workers.
const (
	nimbusSession     = 0x2000_0000_0000_0001
	supervisorSession = 0x2000_0000_0000_0100
	workerSession     = 0x2000_0000_0001_0000
)

// mirror writes a world into a tree as Storm 2.x does: gzipped Thrift, and only
// what changed.
type mirror struct {
	w        *World
	tree     *zkTree
	hosts    []string // of the Nimbuses
	ports    []int
	leader   func() int
	assigned map[string]int
	beat     map[string]float64
	wrote    map[string]float64 // supervisors, when
	lead     int
}

func newMirror(w *World, tree *zkTree, hosts []string, ports []int, leader func() int) *mirror {
	return &mirror{
		w: w, tree: tree, hosts: hosts, ports: ports, leader: leader, lead: -1,
		assigned: map[string]int{}, beat: map[string]float64{}, wrote: map[string]float64{},
	}
}

// sync brings the tree up to date.
func (m *mirror) sync() {
	// A slow client must not hold up the world, hence in two parts.
	m.tree.tell(m.write())
}

func (m *mirror) write() []event {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.tree.change(int64(m.w.now*1000), func() {
		if m.lead < 0 {
			m.found()
		}
		m.nimbuses()
		m.supervisors()
		for i, t := range m.w.topologies {
			m.assignment(t)
			m.workerbeats(t)
			m.errors(t, int64(i))
		}
	})
}

// found writes what stays.
func (m *mirror) found() {
	for _, path := range []string{
		"/zookeeper/config", "/zookeeper/quota", "/storm/assignments", "/storm/backpressure", "/storm/blobstore",
		"/storm/blobstoremaxkeysequencenumber", "/storm/credentials", "/storm/errors", "/storm/leader-lock", "/storm/logconfigs",
		"/storm/nimbuses", "/storm/profilerconfigs", "/storm/storms", "/storm/supervisors", "/storm/workerbeats",
	} {
		m.tree.put(path, container, 0)
	}
	for i, host := range m.hosts {
		address := fmt.Sprintf("%s:%d:0", host, m.ports[i])
		m.tree.put("/storm/nimbuses/"+host, packed(&storm.NimbusSummary{
			Host: new(host), Port: new(int32(m.ports[i])), UptimeSecs: new(int32(m.w.nimbuses[i].started)),
			IsLeader: new(false), Version: new(Version), TlsPort: new(int32(0)),
		}), nimbusSession+int64(i))
		for _, t := range m.w.topologies {
			for _, kind := range []string{"stormcode.ser", "stormconf.ser", "stormjar.jar"} {
				key := t.id + "-" + kind
				m.tree.put("/storm/blobstore/"+key+"/"+address+"-1", nil, nimbusSession+int64(i))
				if i == 0 {
					m.tree.put("/storm/blobstoremaxkeysequencenumber/"+key+"/1", container, 0)
				}
			}
		}
	}
	for _, t := range m.w.topologies {
		m.tree.put("/storm/credentials/"+t.id, packed(&storm.TopologyHistoryInfo{}), 0)
		m.tree.nodes["/storm/credentials/"+t.id].secret = true
		m.tree.put("/storm/storms/"+t.id, packed(t.base()), 0)
	}
}

func (t *topology) base() *storm.StormBase {
	executors := map[string]int32{"__system": 0}
	for _, c := range t.components {
		executors[c.id] = int32(len(c.executors))
	}
	return &storm.StormBase{
		Name: new(t.name), Status: new(storm.TopologyStatus_ACTIVE), NumWorkers: new(int32(t.blueprint.workers)),
		ComponentExecutors: executors, LaunchTimeSecs: new(int32(t.launched)), Owner: new(t.owner),
		ComponentDebug: map[string]*storm.DebugOptions{}, Principal: new(""),
	}
}

// nimbuses queues them for the lock; the first in line leads.
func (m *mirror) nimbuses() {
	if m.lead == m.leader() {
		return
	}
	m.lead = m.leader()
	m.tree.keep("/storm/leader-lock", nil)
	for i := range m.hosts {
		at := (m.lead + i) % len(m.hosts)
		m.tree.put(fmt.Sprintf("/storm/leader-lock/_c_%08x-ade5-40d2-acec-%012x-latch-%010d", 0x459b0d84+at, 0xae18b44b+at, 4+i),
			fmt.Appendf(nil, "%s:%d:0", m.hosts[at], m.ports[at]), nimbusSession+int64(at))
	}
}

func (m *mirror) supervisors() {
	present := map[string]bool{}
	for i, h := range m.w.hosts {
		if !h.listed(m.w.now) {
			continue
		}
		present[h.node] = true
		if h.lost || m.w.now < m.wrote[h.node]+supervisorSecs {
			continue
		}
		m.wrote[h.node] = m.w.now
		used, every := []int64{}, []int64{}
		for _, p := range h.ports {
			every = append(every, int64(p))
			if m.w.workerAt(h, p) != nil {
				used = append(used, int64(p))
			}
		}
		m.tree.put("/storm/supervisors/"+h.node, packed(&storm.SupervisorInfo{
			TimeSecs: new(int64(m.w.now)), Hostname: new(h.name), AssignmentID: new(h.node), UsedPorts: used, Meta: every,
			SchedulerMeta: map[string]string{}, UptimeSecs: new(int64(m.w.now - h.started)), Version: new(Version),
			ResourcesMap: map[string]float64{"cpu.pcore.percent": 400, "memory.mb": 4096}, ServerPort: new(int32(6628)),
		}), supervisorSession+int64(i))
	}
	m.tree.keep("/storm/supervisors", present)
}

func (m *mirror) assignment(t *topology) {
	if m.assigned[t.id] == t.assignedAt {
		return
	}
	m.assigned[t.id] = t.assignedAt
	a := &stormthrift.Assignment{
		MasterCodeDir: new("/var/lib/storm"), NodeHost: map[string]string{},
		ExecutorNodePort:  map[stormthrift.Executor]stormthrift.NodePort{},
		ExecutorStartSecs: map[stormthrift.Executor]int64{}, WorkerResources: map[stormthrift.NodePort]*storm.WorkerResources{},
		TotalSharedOffHeap: map[string]float64{}, Owner: new(t.owner),
	}
	executors := map[stormthrift.NodePort]float64{}
	for _, e := range t.byTask {
		slot := stormthrift.NodePort{Node: e.on.host.node, Port: int64(e.on.port)}
		tasks := stormthrift.Executor{Start: int64(e.start), End: int64(e.end)}
		a.NodeHost[slot.Node] = e.on.host.name
		a.ExecutorNodePort[tasks] = slot
		a.ExecutorStartSecs[tasks] = int64(e.on.started - launchSecs)
		executors[slot]++
	}
	for slot, n := range executors {
		a.TotalSharedOffHeap[slot.Node] = 0
		a.WorkerResources[slot] = &storm.WorkerResources{
			MemOnHeap: new(n * heapMB), MemOffHeap: new(0.0), CPU: new(n * cpuPercent), SharedMemOnHeap: new(0.0), SharedMemOffHeap: new(0.0),
			Resources: map[string]float64{}, SharedResources: map[string]float64{},
		}
	}
	m.tree.put("/storm/assignments/"+t.id, packed(a), 0)
}

func (m *mirror) workerbeats(t *topology) {
	top := "/storm/workerbeats/" + t.id
	present := map[string]bool{}
	for _, wk := range t.workers {
		name := fmt.Sprintf("%s-%d", wk.host.node, wk.port)
		if wk.beatAt == 0 {
			continue
		}
		present[name] = true
		path := top + "/" + name
		if m.beat[path] == wk.beatAt {
			continue
		}
		m.beat[path] = wk.beatAt
		stats, uptime := map[*storm.ExecutorInfo]*storm.ExecutorStats{}, 0.0
		for _, e := range t.byTask {
			if e.on == wk {
				stats[&storm.ExecutorInfo{TaskStart: new(int32(e.start)), TaskEnd: new(int32(e.end))}] = e.reported
				uptime = e.reportedUptime
			}
		}
		m.tree.put(path, packed(&storm.ClusterWorkerHeartbeat{
			StormID: new(t.id), ExecutorStats: stats, TimeSecs: new(int32(wk.beatAt)), UptimeSecs: new(int32(uptime)),
		}), 0)
	}
	m.tree.keep(top, present)
	for path := range m.beat {
		if parentOf(path) == top && !present[nameOf(path)] {
			delete(m.beat, path)
		}
	}
}

func (m *mirror) errors(t *topology, number int64) {
	for _, c := range t.components {
		if c.last == nil {
			continue
		}
		top := "/storm/errors/" + t.id + "/" + url.QueryEscape(c.id)
		present := map[string]bool{}
		for i := range c.errors {
			f := &c.errors[i]
			name := fmt.Sprintf("e%010d", f.sequence)
			present[name] = true
			if m.tree.nodes[top+"/"+name] == nil {
				data := packed(f.info())
				m.tree.put(top+"/"+name, data, workerSession+number)
			}
		}
		m.tree.keep(top, present)
		last := top + "-last-error"
		if data := packed(c.last.info()); m.tree.nodes[last] == nil || !bytes.Equal(m.tree.nodes[last].data, data) {
			m.tree.put(last, data, 0)
		}
	}
}

// deflaters keeps the tables of compressors, which are most of the cost of a
// small node.
var deflaters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// packed is what GzipThriftSerializationDelegate writes. The structs here are
// made by this package and always have a form on the wire, so that an error
// could only be a mistake of ours; readers would see an empty node.
func packed(v thrift.TStruct) []byte {
	plain, err := stormthrift.Marshal(v)
	if err != nil {
		return nil
	}
	var buf bytes.Buffer
	z := deflaters.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is put there
	defer deflaters.Put(z)
	z.Reset(&buf)
	_, err = z.Write(plain)
	if err != nil || z.Close() != nil {
		return nil
	}
	return buf.Bytes()
}
