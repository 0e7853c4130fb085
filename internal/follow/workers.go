package follow

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// Target says what to follow.
type Target struct {
	// TopologyID is the exact id; "" for what is not of a topology.
	TopologyID string
	// Components keeps the workers that run one of them; nil keeps all.
	Components []string
	// Host and Port keep the workers there; "" and 0 keep all.
	Host string
	Port int
	// Kinds of file that are followed; nil is worker and python.
	Kinds []logs.Kind
	// Daemon asks for a daemon's own log on Host, such as "nimbus".
	Daemon string
	// From and To bound the lines' own time; zero is open.
	From, To time.Time
}

// worker is one worker process as the cluster assigned it.
type worker struct {
	host     string
	port     int
	id, name string // of the topology
	tasks    []int  // sorted
}

// workersOf lists the workers of a target, by host and port. known is false
// while the picture does not tell them yet.
func workersOf(s *cluster.Snapshot, t Target) (list []worker, known bool) {
	if s == nil || t.TopologyID == "" {
		return nil, false
	}
	tasks, name, known := assigned(s, t.TopologyID)
	if !known {
		return nil, false
	}
	topology := s.Topologies[t.TopologyID]
	for at, of := range tasks {
		if t.Host != "" && t.Host != at.host || t.Port != 0 && t.Port != at.port {
			continue
		}
		if len(t.Components) > 0 {
			runs := false
			for _, task := range of {
				c := componentOf(topology, task)
				if c == "" {
					return nil, false // not known yet which component has the task
				}
				runs = runs || slices.Contains(t.Components, c)
			}
			if !runs {
				continue
			}
		}
		slices.Sort(of)
		list = append(list, worker{host: at.host, port: at.port, id: t.TopologyID, name: name, tasks: slices.Compact(of)})
	}
	slices.SortFunc(list, func(a, b worker) int {
		return cmp.Or(cluster.CompareNames(a.host, b.host), cmp.Compare(a.port, b.port))
	})
	return list, true
}

type place struct {
	host string
	port int
}

// assigned reads a topology's placement: from ZooKeeper, which knows of a change
// first, or from the executors that Nimbus tells. A topology that is gone has no
// workers, and that is known.
func assigned(s *cluster.Snapshot, id string) (at map[place][]int, name string, known bool) {
	topology := s.Topologies[id]
	if topology == nil {
		return nil, id, s.Cluster != nil || s.ZK != nil
	}
	name = cmp.Or(topology.Summary.Name, id)
	at = map[place][]int{}
	put := func(p place, first, last int) {
		for task := first; task <= last && len(at[p]) < maxTasks; task++ {
			at[p] = append(at[p], task)
		}
	}
	if a, ok := assignmentOf(s, topology); ok {
		for r, slot := range a.Executors {
			put(place{cmp.Or(a.Hosts[slot.Node], hostOf(s, slot.Node)), slot.Port}, r.Start, r.End)
		}
		return at, name, true
	}
	if topology.Info == nil {
		return nil, name, false
	}
	for _, e := range topology.Info.ExecutorList {
		if e.Host != "" {
			put(place{e.Host, e.Port}, e.ID.Start, e.ID.End)
		}
	}
	return at, name, true
}

// assignmentOf is a topology's assignment in ZooKeeper, unless it could not be
// read or Nimbus has told its executors since ZooKeeper was lost.
func assignmentOf(s *cluster.Snapshot, topology *cluster.Topology) (zkview.Assignment, bool) {
	if s.ZK == nil {
		return zkview.Assignment{}, false
	}
	id := topology.Summary.ID
	for _, part := range []string{"/assignments", "/assignments/" + id} {
		if _, missing := s.ZK.Missing[part]; missing {
			return zkview.Assignment{}, false
		}
	}
	if s.Link.ZKErr != nil && topology.Info != nil && topology.InfoAt.After(s.ZKAt) {
		return zkview.Assignment{}, false
	}
	// Without one the topology is alive and has no workers.
	return s.ZK.Assignments[id], true
}

// componentOf names a task's component; "" while it is not known.
func componentOf(t *cluster.Topology, task int) string {
	return t.ComponentOf(nimbusclient.ExecutorID{Start: task, End: task})
}

// maxTasks bounds the tasks of one worker, against ranges that are nonsense.
const maxTasks = 100_000

// hostOf names the host of a supervisor.
func hostOf(s *cluster.Snapshot, node string) string {
	if h := s.Host(node); h != nil {
		return h.Name
	}
	return node
}

// plain reports whether a name may be a part of a path: Storm keeps slashes and
// dots out of its topologies' names, other programs may not.
func plain(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
