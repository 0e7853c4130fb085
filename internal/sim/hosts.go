package sim

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
	"github.com/stormtop/stormtop/internal/sim/sshd"
)

// The sizes at which logs are rotated: small, so that it can be watched.
const (
	defaultLogBytes = 512 << 10
	pystormBytes    = 256 << 10
	pystormBackups  = 3
)

// supervisorPID is the supervisor's process on every host.
const supervisorPID = 700

// machines are the disks and processes of a world's hosts. A host begins to have
// them when somebody logs in to it: until then nothing is written and nothing is
// paid. What it wrote before is then made up from what the model counted. Equal
// seeds, equal steps and equal moments of the first login make equal files.
//
// Everything but the reading of disks is done with the world's lock held.
type machines struct {
	w    *World
	seed uint64
	conf hostConf
	all  map[string]*machine
	list []*machine
}

type hostConf struct {
	LogBytes int64
}

// machine is a host from the inside.
type machine struct {
	of     *machines
	name   string
	host   *host // nil for one that is a Nimbus only
	disk   *hostfs.FS
	skew   float64 // seconds by which its clock is ahead
	opened bool
	lost   bool
	places map[string]*place
	words  string // its configuration in a log
	super  *supervisor
	old    []*logFile // Python files of processes that are no more, oldest first
	nimbus *nimbusLog
}

func newMachines(w *World, conf hostConf) *machines {
	if conf.LogBytes <= 0 {
		conf.LogBytes = defaultLogBytes
	}
	ms := &machines{w: w, seed: w.seed, conf: conf, all: map[string]*machine{}}
	add := func(name string, h *host) {
		m := &machine{of: ms, name: name, host: h, places: map[string]*place{}}
		if name == "w4" {
			m.skew = 3.2
		}
		m.disk = hostfs.New(moment(w.start - 40*86400))
		ms.all[name] = m
		ms.list = append(ms.list, m)
	}
	for _, n := range w.nimbuses {
		add(n.host, nil)
	}
	for _, h := range w.hosts {
		add(h.name, h)
	}
	return ms
}

// open begins a host's disk, unless it has begun.
func (ms *machines) open(name string) {
	ms.w.mu.Lock()
	defer ms.w.mu.Unlock()
	m := ms.all[name]
	if m == nil || m.opened {
		return
	}
	m.opened = true
	m.layOut()
	for i, n := range ms.w.nimbuses {
		if n.host == name {
			m.nimbus = newNimbusLog(m, i)
			m.nimbus.step(ms.w.now)
		}
	}
	if m.host != nil && !m.host.lost {
		m.super = newSupervisor(m)
	}
	m.recall()
	if m.super != nil {
		m.super.step(ms.w.now)
	}
}

// watch follows the world after each of its steps; the lock is held.
func (ms *machines) watch(dt float64) {
	for _, m := range ms.list {
		if m.opened {
			m.step(dt)
		}
	}
}

// settle makes the files that a rotation took away a moment ago.
func (ms *machines) settle() {
	ms.w.mu.Lock()
	defer ms.w.mu.Unlock()
	for _, m := range ms.list {
		for _, s := range m.places {
			s.log.settle(s.clock(ms.w.now))
		}
	}
}

// layOut makes what every host of the cluster has.
func (m *machine) layOut() {
	at := moment(m.of.w.start - 40*86400)
	for _, dir := range []string{"/etc", "/tmp", "/bin", "/usr/bin", "/var/log", "/opt", "/home"} {
		mkdir(m.disk, dir, "root", 0o755, at)
	}
	mkdir(m.disk, "/root", "root", 0o700, at)
	for _, dir := range []string{"/home/storm", logDir + "/workers-artifacts", localDir + "/workers", localDir + "/supervisor/stormdist", stormHome + "/conf", stormHome + "/log4j2", stormHome + "/lib", stormHome + "/lib-worker", stormHome + "/extlib", pystormDir} {
		mkdir(m.disk, dir, stormUser, 0o755, at)
	}
	write := func(name, owner, text string) {
		mode := fs.FileMode(0o644)
		if owner == "root" && strings.HasSuffix(name, "shadow") {
			mode = 0o640
		}
		if err := m.disk.WriteFile(name, owner, mode, []byte(text), at); err != nil {
			panic("sim: " + err.Error())
		}
	}
	write("/etc/hostname", "root", m.name+"\n")
	write("/etc/timezone", "root", "Etc/UTC\n")
	write("/etc/os-release", "root", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n")
	write("/etc/passwd", "root", "root:x:0:0:root:/root:/bin/bash\nstorm:x:998:998:Apache Storm:/home/storm:/bin/sh\n")
	write("/etc/shadow", "root", "root:*:19000:0:99999:7:::\n")
	write(stormHome+"/RELEASE", stormUser, Version+"\n")
	write(stormHome+"/conf/storm.yaml", stormUser, m.yaml())
	write(stormHome+"/log4j2/worker.xml", stormUser, strings.ReplaceAll(workerXML, "{size}", fmt.Sprintf("%d KB", m.of.conf.LogBytes>>10)))
}

// workerXML is how a worker's lines are written and rotated.
const workerXML = `<?xml version="1.0" encoding="UTF-8"?>
<configuration monitorInterval="60" shutdownHook="disable">
  <properties>
    <property name="pattern">%d{yyyy-MM-dd HH:mm:ss.SSS} %c{1.} %t [%p] %msg%n</property>
  </properties>
  <appenders>
    <RollingFile name="A1" fileName="${sys:workers.artifacts}/${sys:storm.id}/${sys:worker.port}/${sys:logfile.name}"
                 filePattern="${sys:workers.artifacts}/${sys:storm.id}/${sys:worker.port}/${sys:logfile.name}.%i.gz">
      <PatternLayout><pattern>${pattern}</pattern></PatternLayout>
      <Policies><SizeBasedTriggeringPolicy size="{size}"/></Policies>
      <DefaultRolloverStrategy max="9"/>
    </RollingFile>
  </appenders>
  <loggers>
    <root level="info"><appender-ref ref="A1"/></root>
  </loggers>
</configuration>
`

// yaml is the host's storm.yaml.
func (m *machine) yaml() string {
	var out strings.Builder
	conf := m.confOf()
	for _, key := range []string{"storm.zookeeper.servers", "nimbus.seeds", "storm.local.hostname", "storm.local.dir", "storm.log.dir", "supervisor.slots.ports", "worker.childopts", "executor.metrics.frequency.secs"} {
		fmt.Fprintf(&out, "%s: %s\n", key, inJSON(conf[key]))
	}
	return out.String()
}

func inJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(out)
}

// conf is the host's configuration as its workers log it.
func (m *machine) conf() string {
	if m.words == "" {
		m.words = javaMap(m.confOf(), false)
	}
	return m.words
}

// now is the host's clock; ahead is how long the present step has lasted.
func (m *machine) now(ahead time.Duration) time.Time {
	return m.of.w.Now().Add(time.Duration(m.skew*float64(time.Second)) + ahead).UTC()
}

// workers are those that have a process here, or will have.
func (m *machine) workers() []*worker {
	var out []*worker
	for _, t := range m.of.w.topologies {
		for _, wk := range t.workers {
			if wk.host == m.host && !wk.dead {
				out = append(out, wk)
			}
		}
	}
	return out
}

// step writes what the host's processes say in a step of the world.
func (m *machine) step(dt float64) {
	now := m.of.w.now
	if m.nimbus != nil {
		m.nimbus.step(now)
	}
	if m.host == nil {
		return
	}
	if m.host.lost {
		if !m.lost {
			m.lost = true
			for _, s := range m.places {
				s.life, s.queue = nil, nil
			}
			m.super = nil
		}
		return
	}
	m.lost = false
	if m.super == nil {
		m.super = newSupervisor(m)
	}
	here := map[*place]bool{}
	for _, wk := range m.workers() {
		s := m.place(wk.of, wk.port)
		here[s] = true
		if s.life != nil && (s.life.wk != wk || s.life.started != wk.started) {
			s.end(now, wk.started-startSecs)
		}
		if s.life == nil {
			s.begin(wk)
		}
	}
	for _, s := range m.sorted() {
		if s.life != nil && !here[s] {
			s.end(now, math.Inf(1))
		}
		at := s.clock(now)
		s.log.compress(at)
		s.log.settle(at)
		s.step(now, dt)
	}
	m.super.step(now)
}

// maxOld is how many files of ended Python processes a host keeps.
const maxOld = 12

// retire closes the Python files of a worker that ended, and removes the oldest
// ones of the host: every process begins a new one.
func (m *machine) retire(s *place) {
	for _, name := range slices.Sorted(maps.Keys(s.python)) {
		m.old = append(m.old, s.python[name])
	}
	s.python = map[string]*logFile{}
	at := s.clock(m.of.w.now)
	for len(m.old) > maxOld {
		f := m.old[0]
		m.old = m.old[1:]
		f.remove(f.path, at)
		for n := 1; n <= f.keep; n++ {
			f.remove(f.numbered(n, ""), at)
		}
	}
}

// sorted are the places in an order that does not change.
func (m *machine) sorted() []*place {
	out := make([]*place, 0, len(m.places))
	for _, s := range m.places {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *place) int { return strings.Compare(a.dir, b.dir) })
	return out
}

// processes are what ps shows.
func (m *machine) processes() []sshd.Process {
	m.of.w.mu.Lock()
	defer m.of.w.mu.Unlock()
	w := m.of.w
	out := []sshd.Process{{PID: 1, User: "root", Started: m.boot(), RSS: 12000, Args: []string{"/sbin/init"}}}
	out = append(out, sshd.Process{PID: 611, Parent: 1, User: "root", Started: m.boot(), RSS: 9000, Args: []string{"sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"}})
	if m.host != nil {
		out = append(out, sshd.Process{PID: supervisorPID, Parent: 1, User: stormUser, Started: m.boot().Add(2 * time.Minute), CPU: time.Duration((w.now-m.host.started)*0.004) * time.Second, RSS: 310000, Args: daemon("supervisor", "org.apache.storm.daemon.supervisor.Supervisor", "-Xmx256m")})
	}
	for _, n := range w.nimbuses {
		if n.host == m.name && n.running(w.now) {
			out = append(out, sshd.Process{PID: supervisorPID + 20, Parent: 1, User: stormUser, Started: moment(n.started), CPU: time.Duration((w.now-n.started)*0.01) * time.Second, RSS: 720000, Args: daemon("nimbus", "org.apache.storm.daemon.nimbus.Nimbus", "-Xmx1024m")})
		}
	}
	for _, s := range m.sorted() {
		l := s.life
		if l == nil || w.now < l.launched {
			continue
		}
		up := w.now - l.launched
		out = append(out,
			sshd.Process{PID: l.pid - 2, Parent: supervisorPID, User: stormUser, Started: s.clock(l.launched), CPU: time.Duration(up*0.002) * time.Second, RSS: 61000, Args: s.logWriter()},
			sshd.Process{PID: l.pid, Parent: l.pid - 2, User: stormUser, Started: s.clock(l.launched), CPU: time.Duration(up*0.31) * time.Second, RSS: 180000 + int64(l.pid%97)*900, Args: s.java()})
		for _, mo := range l.mouths {
			for _, pid := range mo.pids {
				out = append(out, sshd.Process{PID: pid, Parent: l.pid, User: stormUser, Started: s.clock(l.launched + 2), CPU: time.Duration(up*0.12) * time.Second, RSS: 14000 + int64(pid%31)*120, Args: []string{mo.e.of.command, mo.e.of.script}})
			}
		}
	}
	return out
}

func (m *machine) boot() time.Time {
	if m.host != nil {
		return moment(math.Max(m.host.started-120, 0))
	}
	return moment(m.of.w.start - 40*86400)
}
