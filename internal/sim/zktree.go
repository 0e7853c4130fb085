package sim

import (
	"maps"
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
	later    func() []byte // makes data when it is asked for; nil for made
	stat     stat
	children map[string]bool
}

// content is the node's data.
func (n *znode) content() []byte {
	if n.later != nil {
		n.data, n.later = n.later(), nil
	}
	return n.data
}

// The kinds of ZooKeeper's events.
const (
	nodeCreated         = 1
	nodeDeleted         = 2
	nodeDataChanged     = 3
	nodeChildrenChanged = 4
)

// zkTree is ZooKeeper's nodes. Changes fire watches through notify, which is
// called under the lock, so that nobody sees a change before its event.
type zkTree struct {
	mu     sync.Mutex
	nodes  map[string]*znode
	zxid   int64
	millis int64 // the present time
	notify func(kind int32, path string)
	// owned are the ephemeral nodes by session.
	owned map[int64]map[string]bool
}

type event struct {
	kind int32
	path string
}

func newTree() *zkTree {
	return &zkTree{
		nodes: map[string]*znode{"/": {children: map[string]bool{}}}, zxid: 0x200000000,
		notify: func(int32, string) {}, owned: map[int64]map[string]bool{},
	}
}

// change runs do under the lock.
func (z *zkTree) change(millis int64, do func()) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.millis = millis
	do()
}

// put creates or rewrites a node; session is not 0 for an ephemeral one.
func (z *zkTree) put(path string, data []byte, session int64) { z.set(path, data, nil, session) }

// putLater is put for data that is made when somebody reads it.
func (z *zkTree) putLater(path string, data func() []byte) { z.set(path, nil, data, 0) }

func (z *zkTree) set(path string, data []byte, later func() []byte, session int64) {
	if n := z.nodes[path]; n != nil {
		z.zxid++
		n.data, n.later, n.stat.mzxid, n.stat.mtime = data, later, z.zxid, z.millis
		n.stat.version++
		z.notify(nodeDataChanged, path)
		return
	}
	above := z.nodes[parentOf(path)]
	if above == nil {
		// Only the node right above one that Storm writes is made by Storm; what
		// is missing over that comes from the library, without data.
		z.parents(parentOf(parentOf(path)))
		z.put(parentOf(path), container, 0)
		above = z.nodes[parentOf(path)]
	}
	z.zxid++
	z.nodes[path] = &znode{data: data, later: later, children: map[string]bool{}, stat: stat{
		czxid: z.zxid, mzxid: z.zxid, pzxid: z.zxid, ctime: z.millis, mtime: z.millis, owner: session,
	}}
	if session != 0 {
		if z.owned[session] == nil {
			z.owned[session] = map[string]bool{}
		}
		z.owned[session][path] = true
	}
	above.children[nameOf(path)] = true
	above.stat.cversion++
	above.stat.pzxid = z.zxid
	z.notify(nodeCreated, path)
	z.notify(nodeChildrenChanged, parentOf(path))
}

func (z *zkTree) parents(path string) {
	if z.nodes[path] == nil {
		z.parents(parentOf(path))
		z.put(path, nil, 0)
	}
}

// end removes the ephemeral nodes of a session.
func (z *zkTree) end(session int64) {
	for _, path := range slices.Sorted(maps.Keys(z.owned[session])) {
		z.remove(path)
	}
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
	if owner := n.stat.owner; owner != 0 {
		delete(z.owned[owner], path)
		if len(z.owned[owner]) == 0 {
			delete(z.owned, owner)
		}
	}
	above := z.nodes[parentOf(path)]
	delete(above.children, nameOf(path))
	above.stat.cversion++
	above.stat.pzxid = z.zxid
	z.notify(nodeDeleted, path)
	z.notify(nodeChildrenChanged, parentOf(path))
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

// children are the names of the nodes below path, none when it is not there.
func (z *zkTree) children(path string) []string {
	if n := z.nodes[path]; n != nil {
		return namesOf(n)
	}
	return nil
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
