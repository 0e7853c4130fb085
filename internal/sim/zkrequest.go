package sim

// ZooKeeper's operations, special transaction ids and errors.
const (
	opCreate          = 1
	opDelete          = 2
	opExists          = 3
	opGetData         = 4
	opSetData         = 5
	opGetACL          = 6
	opSetACL          = 7
	opGetChildren     = 8
	opSync            = 9
	opPing            = 11
	opGetChildren2    = 12
	opCheck           = 13
	opMulti           = 14
	opCreate2         = 15
	opReconfig        = 16
	opCheckWatches    = 17
	opRemoveWatches   = 18
	opCreateContainer = 19
	opDeleteContainer = 20
	opCreateTTL       = 21
	opMultiRead       = 22
	opAuth            = 100
	opSetWatches      = 101
	opEphemerals      = 103
	opDescendants     = 104
	opSetWatches2     = 105
	opAddWatch        = 106
	opWhoAmI          = 107
	opClose           = -11

	xidEvent = -1

	codeInconsistent  = -2
	codeUnimplemented = -6
	codeBadArguments  = -8
	codeNoNode        = -101
	codeNoAuth        = -102
	codeBadVersion    = -103
	codeAuthFailed    = -115
	codeNoWatcher     = -121
	codeNoReconfig    = -123
)

// answer replies to one request and reports whether the session goes on. The
// reply is put in the queue under the tree's lock, before the event of any later
// change.
func (c *zkConn) answer(xid, op int32, r *scanner) bool {
	z := c.zk.tree
	z.mu.Lock()
	defer z.mu.Unlock()
	c.zk.count(c, 1, 0)
	var body packet
	code := c.carryOut(op, r, &body)
	if r.err != nil || c.watches.count() > maxWatches {
		return false
	}
	var p packet
	p.header(xid, z.zxid, code)
	if code == 0 {
		p.b = append(p.b, body.b...)
	}
	c.send(p)
	if op == opClose {
		c.zk.expire(c.session)
	}
	return op != opClose && code != codeAuthFailed
}

// count adds to the figures that operators ask for.
func (z *zooKeeper) count(c *zkConn, received, sent int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.received += received
	z.sent += sent
	c.received += received
	c.sent += sent
}

// carryOut writes the body of the reply, or returns the error.
func (c *zkConn) carryOut(op int32, r *scanner, body *packet) int32 {
	switch op {
	case opPing, opClose:
		return 0
	case opSync:
		body.text(r.text())
		return 0
	case opAuth:
		return c.authenticate(r)
	case opSetWatches, opSetWatches2:
		c.takeOver(r, op == opSetWatches2)
		return 0
	case opAddWatch, opCheckWatches, opRemoveWatches:
		return c.watch(op, r, body)
	case opExists, opGetData, opGetChildren, opGetChildren2, opGetACL:
		return c.read(op, r, body)
	case opMultiRead:
		c.readAll(r, body)
		return 0
	case opMulti:
		c.changeAll(r, body)
		return 0
	case opEphemerals:
		r.text()
		body.texts(nil) // clients make none here
		return 0
	case opDescendants:
		path := r.text()
		if c.zk.tree.nodes[path] == nil {
			return codeNoNode
		}
		body.i32(c.zk.tree.descendants(path))
		return 0
	case opWhoAmI:
		body.i32(int32(len(c.names) / 2))
		for _, s := range c.names {
			body.text(s)
		}
		return 0
	case opReconfig:
		return codeNoReconfig
	default:
		return c.refuse(op, r)
	}
}

// authenticate takes the schemes that ZooKeeper has by itself.
func (c *zkConn) authenticate(r *scanner) int32 {
	r.i32()
	scheme, who := r.text(), r.text()
	switch scheme {
	case "ip":
	case "digest":
		if len(c.names) < 64 {
			c.names = append(c.names, "digest", user(who))
		}
	default:
		return codeAuthFailed
	}
	return 0
}

func user(digest string) string {
	for i := range len(digest) {
		if digest[i] == ':' {
			return digest[:i]
		}
	}
	return digest
}

func (c *zkConn) watch(op int32, r *scanner, body *packet) int32 {
	path, kind := r.text(), r.i32()
	if r.err != nil {
		return 0
	}
	if op == opAddWatch {
		switch kind {
		case 0:
			c.watches.persistent[path] = true
		case 1:
			c.watches.recursive[path] = true
		default:
			return codeBadArguments
		}
		body.i32(0)
		return 0
	}
	if !c.watches.drop(kind, path, op == opCheckWatches) {
		return codeNoWatcher
	}
	return 0
}

func (c *zkConn) read(op int32, r *scanner, body *packet) int32 {
	path := r.text()
	watch := op != opGetACL && r.bool()
	if r.err != nil {
		return 0
	}
	n := c.zk.tree.nodes[path]
	if watch && (n != nil || op == opExists) {
		if op == opGetChildren || op == opGetChildren2 {
			c.watches.children[path] = true
		} else {
			c.watches.data[path] = true
		}
	}
	if n == nil {
		return codeNoNode
	}
	body.node(op, n)
	return 0
}

// node is what a read tells of a node.
func (p *packet) node(op int32, n *znode) {
	switch op {
	case opGetData:
		p.text(string(n.content()))
	case opGetChildren, opGetChildren2:
		p.texts(namesOf(n))
		if op == opGetChildren {
			return
		}
	case opGetACL:
		p.i32(1)
		p.i32(31) // everything
		p.text("world")
		p.text("anyone")
	}
	p.stat(n)
}

// readAll answers several reads at once, each with its own error.
func (c *zkConn) readAll(r *scanner, body *packet) {
	for {
		op, done := r.i32(), r.bool()
		r.i32()
		if done || r.err != nil {
			break
		}
		var one packet
		code := int32(codeUnimplemented)
		if op == opGetData || op == opGetChildren {
			code = c.read(op, r, &one)
		} else {
			r.err = errShort // what follows cannot be told
		}
		if r.err != nil {
			return
		}
		if code != 0 {
			body.result(-1, code)
			body.i32(code)
			continue
		}
		body.result(op, 0)
		body.b = append(body.b, one.b...)
	}
	body.end()
}

// changeAll answers a transaction. It can only check; a change in it is refused
// and with it everything.
func (c *zkConn) changeAll(r *scanner, body *packet) {
	var ops, codes []int32
	failed := -1
	for {
		op, done := r.i32(), r.bool()
		r.i32()
		if done || r.err != nil {
			break
		}
		code := c.refuse(op, r)
		if r.err != nil {
			return
		}
		if code != 0 && failed < 0 {
			failed = len(codes)
		}
		ops, codes = append(ops, op), append(codes, code)
	}
	for i, op := range ops {
		switch {
		case failed < 0:
			body.result(op, 0) // a check has no result
			continue
		case i < failed:
			codes[i] = 0 // it was undone
		case i > failed:
			codes[i] = codeInconsistent
		}
		body.result(-1, codes[i])
		body.i32(codes[i])
	}
	body.end()
}

func (p *packet) result(op, code int32) {
	p.i32(op)
	p.bool(false)
	p.i32(code)
}

func (p *packet) end() {
	p.i32(-1)
	p.bool(true)
	p.i32(-1)
}

// refuse reads a request that would change something and says why it may not,
// in ZooKeeper's order: what must be there and is not comes first. A check alone
// can succeed.
func (c *zkConn) refuse(op int32, r *scanner) int32 {
	nodes := c.zk.tree.nodes
	path := ""
	switch op {
	case opCreate, opCreate2, opCreateContainer, opCreateTTL:
		path = parentOf(r.text())
		r.bytes()
		r.acl()
		r.i32() // flags
		if op == opCreateTTL {
			r.i64()
		}
	case opDelete:
		path = r.text()
		r.i32()
	case opDeleteContainer:
		path = r.text()
	case opSetData:
		path = r.text()
		r.bytes()
		r.i32()
	case opSetACL:
		path = r.text()
		r.acl()
		r.i32()
	case opCheck:
		path = r.text()
		version := r.i32()
		switch n := nodes[path]; {
		case n == nil:
			return codeNoNode
		case version != -1 && version != n.stat.version:
			return codeBadVersion
		}
		return 0
	default:
		return codeUnimplemented
	}
	if nodes[path] == nil {
		return codeNoNode
	}
	return codeNoAuth
}

func (r *scanner) acl() {
	n := r.i32()
	for range n {
		r.i32()
		r.text()
		r.text()
		if r.err != nil {
			return
		}
	}
}
