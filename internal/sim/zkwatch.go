package sim

import "strings"

// Kinds of watches, as clients name them when they remove one.
const (
	watchChildren = iota + 1
	watchData
	watchAny
	watchPersistent
	watchRecursive
)

// watches are what a client waits for. The first two are told of once: on a
// node's data or being, and on its children.
type watches struct {
	data, children        map[string]bool
	persistent, recursive map[string]bool
}

// maxWatches bounds the watches of one connection; with more it ends.
const maxWatches = 100_000

func (w *watches) count() int {
	return len(w.data) + len(w.children) + len(w.persistent) + len(w.recursive)
}

func newWatches() watches {
	return watches{data: map[string]bool{}, children: map[string]bool{}, persistent: map[string]bool{}, recursive: map[string]bool{}}
}

// hit reports whether a change concerns the client, and takes the watches on it
// that are for once.
func (w *watches) hit(kind int32, path string) bool {
	hit := w.persistent[path]
	if kind != nodeChildrenChanged {
		hit = hit || w.covers(path)
		if w.data[path] {
			delete(w.data, path)
			hit = true
		}
	}
	if (kind == nodeChildrenChanged || kind == nodeDeleted) && w.children[path] {
		delete(w.children, path)
		hit = true
	}
	return hit
}

// covers reports whether a recursive watch is on the node or above it.
func (w *watches) covers(path string) bool {
	for at := path; len(w.recursive) > 0; at = parentOf(at) {
		if w.recursive[at] {
			return true
		}
		if at == "/" {
			break
		}
	}
	return false
}

// drop removes the watches of a kind from a node and reports whether there was
// one.
func (w *watches) drop(kind int32, path string, only bool) bool {
	found := false
	for _, of := range []struct {
		kind int32
		set  map[string]bool
	}{{watchData, w.data}, {watchChildren, w.children}, {watchPersistent, w.persistent}, {watchRecursive, w.recursive}} {
		if (kind == watchAny || kind == of.kind) && of.set[path] {
			found = true
			if !only {
				delete(of.set, path)
			}
		}
	}
	return found
}

// notify tells the clients that wait for a change. It runs under the tree's
// lock: whoever is told of a change has not seen it yet.
func (z *zooKeeper) notify(kind int32, path string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for c := range z.conns {
		if c.watches.hit(kind, path) {
			c.event(kind, path)
		}
	}
}

func (c *zkConn) event(kind int32, path string) {
	var p packet
	p.header(xidEvent, -1, 0)
	p.i32(kind)
	p.i32(3) // connected
	p.text(path)
	c.send(p)
}

// takeOver takes a client's watches over from its last connection, and tells of
// what changed since, before the reply.
func (c *zkConn) takeOver(r *scanner, persistent bool) {
	since := r.i64()
	data, exist, child := r.texts(), r.texts(), r.texts()
	var lasting, recursive []string
	if persistent {
		lasting, recursive = r.texts(), r.texts()
	}
	if r.err != nil {
		return
	}
	z := c.zk.tree
	var late []event
	for _, path := range data {
		switch n := z.nodes[path]; {
		case n == nil:
			late = append(late, event{nodeDeleted, path})
		case n.stat.mzxid > since:
			late = append(late, event{nodeDataChanged, path})
		default:
			c.watches.data[path] = true
		}
	}
	for _, path := range exist {
		if z.nodes[path] != nil {
			late = append(late, event{nodeCreated, path})
		} else {
			c.watches.data[path] = true
		}
	}
	for _, path := range child {
		switch n := z.nodes[path]; {
		case n == nil:
			late = append(late, event{nodeDeleted, path})
		case n.stat.pzxid > since:
			late = append(late, event{nodeChildrenChanged, path})
		default:
			c.watches.children[path] = true
		}
	}
	for _, path := range lasting {
		c.watches.persistent[path] = true
	}
	for _, path := range recursive {
		c.watches.recursive[path] = true
	}
	for _, e := range late {
		c.event(e.kind, e.path)
	}
}

// descendants counts the nodes below path.
func (z *zkTree) descendants(path string) int32 {
	prefix, n := strings.TrimSuffix(path, "/")+"/", int32(0)
	for other := range z.nodes {
		if other != path && strings.HasPrefix(other, prefix) {
			n++
		}
	}
	return n
}
