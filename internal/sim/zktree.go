package sim

import (
	"slices"
	"strings"
	"sync"
)

// container is what Storm's ZooKeeper library leaves in a node without data.
var container = []byte{7}

// stat is ZooKeeper's, in its order on the wire.
type stat struct {
	czxid, mzxid, ctime, mtime  int64
	version, cversion, aversion int32
	owner                       int64 // the session of an ephemeral node
	pzxid                       int64
}

type znode struct {
	data     []byte
	stat     stat
	children map[string]bool
	secret   bool // only its writer may read it
}

// The kinds of ZooKeeper's events.
const (
	nodeCreated         = 1
	nodeDeleted         = 2
	nodeDataChanged     = 3
	nodeChildrenChanged = 4
)

// zkTree is ZooKeeper's nodes. Changes fire watches through notify, which is
// called without the lock and in the order of the changes.
type zkTree struct {
	mu     sync.Mutex
	nodes  map[string]*znode
	zxid   int64
	millis int64 // the present time
	notify func(kind int32, path string)
	events []event // to be told when the lock is free
}

type event struct {
	kind int32
	path string
}

func newTree() *zkTree {
	return &zkTree{nodes: map[string]*znode{"/": {children: map[string]bool{}}}, zxid: 0x200000000, notify: func(int32, string) {}}
}

// change runs do under the lock and returns what it changed, for tell.
func (z *zkTree) change(millis int64, do func()) []event {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.millis = millis
	do()
	events := z.events
	z.events = nil
	return events
}

// tell fires the watches on what changed.
func (z *zkTree) tell(events []event) {
	for _, e := range events {
		z.notify(e.kind, e.path)
	}
}

// put creates or rewrites a node; session is not 0 for an ephemeral one.
func (z *zkTree) put(path string, data []byte, session int64) {
	if n := z.nodes[path]; n != nil {
		z.zxid++
		n.data, n.stat.mzxid, n.stat.mtime = data, z.zxid, z.millis
		n.stat.version++
		z.events = append(z.events, event{nodeDataChanged, path})
		return
	}
	above := z.nodes[parentOf(path)]
	if above == nil {
		z.put(parentOf(path), container, 0)
		above = z.nodes[parentOf(path)]
	}
	z.zxid++
	z.nodes[path] = &znode{data: data, children: map[string]bool{}, stat: stat{
		czxid: z.zxid, mzxid: z.zxid, pzxid: z.zxid, ctime: z.millis, mtime: z.millis, owner: session,
	}}
	above.children[nameOf(path)] = true
	above.stat.cversion++
	above.stat.pzxid = z.zxid
	z.events = append(z.events, event{nodeCreated, path}, event{nodeChildrenChanged, parentOf(path)})
}

// remove deletes a node with everything below it.
func (z *zkTree) remove(path string) {
	n := z.nodes[path]
	if n == nil {
		return
	}
	for _, name := range namesOf(n) {
		z.remove(path + "/" + name)
	}
	z.zxid++
	delete(z.nodes, path)
	above := z.nodes[parentOf(path)]
	delete(above.children, nameOf(path))
	above.stat.cversion++
	above.stat.pzxid = z.zxid
	z.events = append(z.events, event{nodeDeleted, path}, event{nodeChildrenChanged, parentOf(path)})
}

// keep removes the children of path that are not wanted.
func (z *zkTree) keep(path string, wanted map[string]bool) {
	n := z.nodes[path]
	if n == nil {
		return
	}
	for _, name := range namesOf(n) {
		if !wanted[name] {
			z.remove(path + "/" + name)
		}
	}
}

func namesOf(n *znode) []string {
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func parentOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func nameOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
