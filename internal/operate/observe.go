package operate

import (
	"context"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// observation is one look at a topology that a change is under way on.
type observation struct {
	at  time.Time
	err error // of Nimbus; then nothing below but ZooKeeper's part holds

	leader    string
	there     bool   // the id is among the topologies
	carrier   string // the id that the name carries now, "" for none
	status    nimbusclient.Status
	sched     string // sched_status
	executors []executorSeen
	sampling  map[string]nimbusclient.Debug
	levels    map[string]nimbusclient.LogLevel

	zk            bool // ZooKeeper was read
	stored        map[string]int
	storedWorkers *int
	inStorms      bool
	inAssignments bool
	assigned      int64 // the assignment's transaction, which grows with each change
	used          map[slot]bool
	taken         map[slot]bool // slots that other topologies are assigned to
	pending       []zkview.Profile
	left          []string // what of a killed topology is still in ZooKeeper
}

type executorSeen struct {
	component string
	id        nimbusclient.ExecutorID
	at        slot
	uptime    int // seconds; 0 before the first heartbeat
	reported  bool
}

// observe reads how things stand. It takes as long as Nimbus and ZooKeeper do.
func (p *Progress) observe(ctx context.Context) observation {
	o := observation{}
	o.err = p.cfg.Reads.Read(ctx, func(r cluster.Reader) error {
		o = observation{}
		return o.readNimbus(r, p.deed)
	})
	if p.cfg.ZK != nil {
		if v, err := p.cfg.ZK.View(ctx); err == nil {
			o.readZooKeeper(v, p.deed.TopologyID)
		}
	}
	o.at = p.cfg.Now()
	return o
}

func (o *observation) readNimbus(r cluster.Reader, d Deed) error {
	c, err := r.Cluster()
	if err != nil {
		return err
	}
	for _, n := range c.Nimbuses {
		if n.Leader {
			o.leader = n.Addr()
		}
	}
	for _, t := range c.Topologies {
		if t.Name == d.Topology {
			o.carrier = t.ID
		}
		if t.ID == d.TopologyID {
			o.there, o.status = true, t.Status
			if t.SchedStatus != nil {
				o.sched = *t.SchedStatus
			}
		}
	}
	if !o.there {
		return nil
	}
	info, err := r.Info(d.TopologyID)
	if err != nil {
		return err
	}
	o.sampling = info.Debug
	for _, e := range info.ExecutorList {
		x := executorSeen{component: e.Component, id: e.ID, at: slot{e.Host, e.Port}, reported: e.Stats != nil}
		if e.UptimeSecs != nil {
			x.uptime = *e.UptimeSecs
		}
		o.executors = append(o.executors, x)
	}
	if d.Action == LogLevels {
		o.levels, err = r.LogConfig(d.TopologyID)
	}
	return err
}

func (o *observation) readZooKeeper(v zkview.View, id string) {
	o.zk = true
	if s, ok := v.Storms[id]; ok {
		o.inStorms, o.stored, o.storedWorkers = true, s.ComponentExecutors, s.Workers
	}
	hosts := map[string]string{}
	o.used, o.taken = map[slot]bool{}, map[slot]bool{}
	for _, s := range v.Supervisors {
		hosts[s.ID] = s.Host
		for _, port := range s.UsedPorts {
			o.used[slot{s.Host, port}] = true
		}
	}
	for other, a := range v.Assignments {
		if other == id {
			o.inAssignments, o.assigned = true, a.Zxid
			continue
		}
		for _, at := range a.Executors {
			o.taken[slot{hosts[at.Node], at.Port}] = true
		}
	}
	o.pending = v.Profiles[id]
	if len(v.Heartbeats[id]) > 0 {
		o.left = append(o.left, "heartbeats")
	}
	if len(v.LogConfigs[id]) > 0 {
		o.left = append(o.left, "log levels")
	}
}

// layout is who runs where, and who has sent a heartbeat.
type layout struct {
	components, up map[string]int // executors, and those that have reported
	slots, upIn    map[slot]int
}

func (o *observation) layout() layout {
	l := layout{map[string]int{}, map[string]int{}, map[slot]int{}, map[slot]int{}}
	for _, e := range o.executors {
		l.components[e.component]++
		l.slots[e.at]++
		if e.uptime > 0 && e.reported {
			l.up[e.component]++
			l.upIn[e.at]++
		}
	}
	return l
}

// reported are all executors that have sent a heartbeat.
func (l layout) reported() (up, all int) {
	for slot, n := range l.slots {
		all += n
		up += l.upIn[slot]
	}
	return up, all
}

// running are the slots in which an executor has reported.
func (l layout) running() int {
	n := 0
	for _, up := range l.upIn {
		if up > 0 {
			n++
		}
	}
	return n
}
