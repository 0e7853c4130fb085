package sim

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"net/url"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// The sessions that own the ephemeral nodes of daemons and workers. A Nimbus has
// one for its lock and another for the rest.
const (
	nimbusSession     = 0x2000_0000_0000_0001
	lockSession       = 0x2000_0000_0000_0081
	supervisorSession = 0x2000_0000_0000_0100
	workerSession     = 0x2000_0000_0001_0000
)

// blobKeepSecs is how long a topology's code, heartbeats and errors stay after
// its end (nimbus.topology.blobstore.deletion.delay.ms).
const blobKeepSecs = 300

// blobs are what Nimbus keeps of each topology.
var blobs = []string{"stormcode.ser", "stormconf.ser", "stormjar.jar"}

// mirror writes a world into a tree as Storm 2.x does: gzipped Thrift, only what
// changed, and the states of topologies one after the other.
type mirror struct {
	w     *World
	tree  *zkTree
	hosts []string // of the Nimbuses
	ports []int

	began   bool
	leader  int                // that leader-info names
	since   []float64          // starts of the Nimbuses that are written
	beats   map[string]float64 // by path: the heartbeat that is written
	wrote   map[string]float64 // supervisors: when
	last    map[string]int     // by path: the last error that is written
	leaving []leaving
}

// leaving is a topology that has ended, until what is left of it goes.
type leaving struct {
	id   string
	ends float64
}

func newMirror(w *World, tree *zkTree, hosts []string, ports []int) *mirror {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mirrored = true
	return &mirror{
		w: w, tree: tree, hosts: hosts, ports: ports, leader: -1, since: make([]float64, len(hosts)),
		beats: map[string]float64{}, wrote: map[string]float64{}, last: map[string]int{},
	}
}

// sync brings the tree up to date.
func (m *mirror) sync() {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.tree.change(int64(m.w.now*1000), func() {
		if !m.began {
			m.begin()
		}
		for _, one := range m.w.take() {
			m.write(one)
		}
		m.nimbuses()
		m.supervisors()
		for i, t := range m.w.topologies {
			m.workerbeats(t)
			m.errors(t, int64(i))
		}
		m.leave()
	})
}

// begin writes what is there since before the world began.
func (m *mirror) begin() {
	m.began = true
	m.w.take() // they are in what follows
	for _, path := range []string{"/zookeeper", "/zookeeper/config", "/zookeeper/quota", "/storm/leader-lock", "/storm/blobstoremaxkeysequencenumber"} {
		m.tree.put(path, nil, 0)
	}
	for _, path := range []string{
		"/storm/assignments", "/storm/backpressure", "/storm/blobstore", "/storm/errors", "/storm/logconfigs", "/storm/nimbuses",
		"/storm/storms", "/storm/supervisors", "/storm/workerbeats",
	} {
		m.tree.put(path, container, 0)
	}
	m.nimbuses()
	for _, t := range m.w.topologies {
		for _, kind := range blobs {
			m.tree.put("/storm/blobstoremaxkeysequencenumber/"+t.id+"-"+kind, binary.BigEndian.AppendUint32(nil, 1), 0)
		}
		m.tree.put("/storm/workerbeats/"+t.id, container, 0)
		m.tree.put("/storm/errors/"+t.id, container, 0)
		m.tree.put("/storm/storms/"+t.id, packed(t.record()), 0)
		m.tree.put("/storm/assignments/"+t.id, packed(t.assignment()), 0)
	}
}

// write repeats one of Nimbus' writes.
func (m *mirror) write(one written) {
	switch one.kind {
	case baseWritten:
		m.tree.put("/storm/storms/"+one.id, packed(one.base), 0)
	case assignmentWritten:
		m.tree.put("/storm/assignments/"+one.id, packed(one.assignment), 0)
	case logsWritten:
		m.tree.put("/storm/logconfigs/"+one.id, packed(one.logs), 0)
	case profileWritten:
		m.tree.put("/storm/profilerconfigs/"+one.id+"/"+one.profile.node(), packed(one.profile.request), 0)
	case profileRemoved:
		m.tree.remove("/storm/profilerconfigs/" + one.id + "/" + one.profile.node())
	case credentialsWritten:
		m.tree.put("/storm/credentials/"+one.id, packed(one.credentials), 0)
	case topologyRemoved:
		for _, kind := range []string{"assignments", "credentials", "logconfigs", "profilerconfigs", "storms"} {
			m.tree.remove("/storm/" + kind + "/" + one.id)
		}
		// Its workers end and take with them what is theirs.
		m.tree.keep("/storm/workerbeats/"+one.id, nil)
		for _, component := range m.tree.children("/storm/errors/" + one.id) {
			m.tree.keep("/storm/errors/"+one.id+"/"+component, nil)
		}
		m.leaving = append(m.leaving, leaving{id: one.id, ends: m.w.now + blobKeepSecs})
	}
}

// leave removes what is left of topologies that ended some time ago.
func (m *mirror) leave() {
	kept := m.leaving[:0]
	for _, l := range m.leaving {
		if m.w.now < l.ends {
			kept = append(kept, l)
			continue
		}
		m.tree.remove("/storm/workerbeats/" + l.id)
		m.tree.remove("/storm/errors/" + l.id)
		for _, kind := range blobs {
			m.tree.remove("/storm/blobstore/" + l.id + "-" + kind)
			m.tree.remove("/storm/blobstoremaxkeysequencenumber/" + l.id + "-" + kind)
		}
	}
	m.leaving = kept
}

// nimbuses lists those that ZooKeeper knows of, with the topologies that they
// hold, and queues them for the lock.
func (m *mirror) nimbuses() {
	for i, host := range m.hosts {
		n := &m.w.nimbuses[i]
		since := 0.0
		if n.named {
			since = n.since
		}
		if m.since[i] == since {
			continue
		}
		if m.since[i] != 0 {
			m.tree.end(nimbusSession + int64(i))
		}
		m.since[i] = since
		if since != 0 {
			m.tree.put("/storm/nimbuses/"+host, packed(&storm.NimbusSummary{
				Host: new(host), Port: new(int32(m.ports[i])), UptimeSecs: new(int32(since)),
				IsLeader: new(false), Version: new(Version), TlsPort: new(int32(0)),
			}), nimbusSession+int64(i))
			for _, t := range m.w.topologies {
				for _, kind := range blobs {
					m.tree.put("/storm/blobstore/"+t.id+"-"+kind+"/"+m.address(i)+"-1", nil, nimbusSession+int64(i))
				}
			}
		}
	}
	queue := map[string]bool{}
	for _, l := range m.w.latches {
		name := fmt.Sprintf("_c_%08x-ade5-40d2-acec-%012x-latch-%010d", 0x459b0d84+l.sequence, 0xae18b44b+l.sequence, 4+l.sequence)
		queue[name] = true
		if path := "/storm/leader-lock/" + name; m.tree.nodes[path] == nil {
			m.tree.put(path, []byte(m.address(l.nimbus)), lockSession+int64(l.sequence))
		}
	}
	m.tree.keep("/storm/leader-lock", queue)
	if i := m.w.acting(); i >= 0 && i != m.leader {
		m.leader = i
		if m.tree.nodes["/storm/storm"] == nil {
			m.tree.put("/storm/storm", nil, 0)
		}
		m.tree.put("/storm/storm/leader-info", javaNimbus(m.hosts[i], m.ports[i]), 0)
	}
}

func (m *mirror) address(nimbus int) string {
	return fmt.Sprintf("%s:%d:0", m.hosts[nimbus], m.ports[nimbus])
}

// javaNimbus is a NimbusInfo as Java serialises it.
func javaNimbus(host string, port int) []byte {
	out := []byte("\xac\xed\x00\x05sr\x00\x22org.apache.storm.nimbus.NimbusInfo\x1d\xfe\xff\xd3\x84\xd47\x05\x02\x00\x04" +
		"Z\x00\x08isLeaderI\x00\x04portI\x00\x07tlsPortL\x00\x04hostt\x00\x12Ljava/lang/String;xp\x00")
	out = binary.BigEndian.AppendUint32(out, uint32(port))
	out = binary.BigEndian.AppendUint32(out, 0)
	out = binary.BigEndian.AppendUint16(append(out, 't'), uint16(len(host)))
	return append(out, host...)
}

func (m *mirror) supervisors() {
	present := map[string]bool{}
	var used map[slot]bool
	for i, h := range m.w.hosts {
		if !h.listed(m.w.now) {
			continue
		}
		present[h.node] = true
		if h.lost || m.w.now < m.wrote[h.node]+supervisorSecs {
			continue
		}
		if used == nil {
			used = m.w.used(nil)
		}
		m.wrote[h.node] = m.w.now
		busy, every := []int64{}, []int64{}
		for _, p := range h.ports {
			every = append(every, int64(p))
			if used[slot{h, p}] {
				busy = append(busy, int64(p))
			}
		}
		m.tree.put("/storm/supervisors/"+h.node, packed(&storm.SupervisorInfo{
			TimeSecs: new(int64(m.w.now)), Hostname: new(h.name), AssignmentID: new(h.node), UsedPorts: busy, Meta: every,
			UptimeSecs: new(int64(m.w.now - h.started)), Version: new(Version),
			ResourcesMap: map[string]float64{"cpu.pcore.percent": 400, "memory.mb": 4096}, ServerPort: new(int32(6628)),
		}), supervisorSession+int64(i))
	}
	m.tree.keep("/storm/supervisors", present)
}

// assignment is where a topology's executors are, as ZooKeeper stores it.
func (t *topology) assignment() *stormthrift.Assignment {
	a := &stormthrift.Assignment{
		MasterCodeDir: new("/var/lib/storm"), NodeHost: map[string]string{},
		ExecutorNodePort:  map[stormthrift.Executor]stormthrift.NodePort{},
		ExecutorStartSecs: map[stormthrift.Executor]int64{}, WorkerResources: map[stormthrift.NodePort]*storm.WorkerResources{},
		TotalSharedOffHeap: map[string]float64{}, Owner: new(t.owner),
	}
	for _, e := range t.byTask {
		slot := stormthrift.NodePort{Node: e.on.host.node, Port: int64(e.on.port)}
		tasks := stormthrift.Executor{Start: int64(e.start), End: int64(e.end)}
		a.NodeHost[slot.Node] = e.on.host.name
		a.ExecutorNodePort[tasks] = slot
		a.ExecutorStartSecs[tasks] = int64(e.since)
	}
	needs := t.workerNeeds()
	for _, wk := range t.workers {
		need := needs[wk]
		a.WorkerResources[stormthrift.NodePort{Node: wk.host.node, Port: int64(wk.port)}] = &storm.WorkerResources{
			MemOnHeap: new(need.onHeap), MemOffHeap: new(need.offHeap), CPU: new(need.cpu),
			SharedMemOnHeap: new(0.0), SharedMemOffHeap: new(0.0), Resources: need.named(), SharedResources: map[string]float64{},
		}
	}
	return a
}

// workerbeats writes the heartbeats that are new. They are packed when somebody
// reads them, which is seldom.
func (m *mirror) workerbeats(t *topology) {
	top := "/storm/workerbeats/" + t.id
	present := map[string]bool{}
	for _, wk := range t.workers {
		if wk.beatAt == 0 {
			continue
		}
		name := fmt.Sprintf("%s-%d", wk.host.node, wk.port)
		present[name] = true
		path := top + "/" + name
		if m.beats[path] == wk.beatAt {
			continue
		}
		m.beats[path] = wk.beatAt
		m.tree.putLater(path, wk.heartbeat())
	}
	there := m.tree.children(top)
	if len(present) == len(there) {
		return
	}
	for _, name := range there {
		if !present[name] {
			delete(m.beats, top+"/"+name)
		}
	}
	m.tree.keep(top, present)
}

// heartbeat returns what makes the payload of a worker's last heartbeat.
func (w *worker) heartbeat() func() []byte {
	type line struct {
		start, end int32
		stats      *storm.ExecutorStats
	}
	lines, uptime := []line{}, 0.0
	for _, e := range w.of.byTask {
		if e.on == w {
			lines = append(lines, line{int32(e.start), int32(e.end), e.reported})
			uptime = e.reportedUptime
		}
	}
	beat := &storm.ClusterWorkerHeartbeat{StormID: new(w.of.id), TimeSecs: new(int32(w.beatAt)), UptimeSecs: new(int32(uptime))}
	return func() []byte {
		beat.ExecutorStats = map[*storm.ExecutorInfo]*storm.ExecutorStats{}
		for _, l := range lines {
			beat.ExecutorStats[&storm.ExecutorInfo{TaskStart: &l.start, TaskEnd: &l.end}] = l.stats
		}
		return packed(beat)
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
				m.tree.put(top+"/"+name, packed(f.info()), workerSession+number)
			}
		}
		m.tree.keep(top, present)
		if last := top + "-last-error"; m.last[last] != c.last.sequence {
			m.last[last] = c.last.sequence
			m.tree.put(last, packed(c.last.info()), 0)
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
