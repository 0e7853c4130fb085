package sim

import (
	"encoding/binary"
	"errors"
)

// packet builds a frame.
type packet struct{ b []byte }

func (p *packet) i32(n int32)   { p.b = binary.BigEndian.AppendUint32(p.b, uint32(n)) }
func (p *packet) i64(n int64)   { p.b = binary.BigEndian.AppendUint64(p.b, uint64(n)) }
func (p *packet) text(s string) { p.i32(int32(len(s))); p.b = append(p.b, s...) }

func (p *packet) bool(b bool) {
	if b {
		p.b = append(p.b, 1)
		return
	}
	p.b = append(p.b, 0)
}

func (p *packet) texts(list []string) {
	p.i32(int32(len(list)))
	for _, s := range list {
		p.text(s)
	}
}

func (p *packet) header(xid int32, zxid int64, code int32) {
	p.i32(xid)
	p.i64(zxid)
	p.i32(code)
}

func (p *packet) stat(n *znode) {
	s := n.stat
	p.i64(s.czxid)
	p.i64(s.mzxid)
	p.i64(s.ctime)
	p.i64(s.mtime)
	p.i32(s.version)
	p.i32(s.cversion)
	p.i32(s.aversion)
	p.i64(s.owner)
	p.i32(int32(len(n.content())))
	p.i32(int32(len(n.children)))
	p.i64(s.pzxid)
}

var errShort = errors.New("a request ends inside a value")

// scanner reads a request and remembers the first value that is not whole.
type scanner struct {
	rest []byte
	err  error
}

func (r *scanner) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.rest)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *scanner) i32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *scanner) i64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (r *scanner) bool() bool {
	b := r.take(1)
	return len(b) == 1 && b[0] != 0
}

func (r *scanner) bytes() []byte {
	n := r.i32()
	if n == -1 {
		return nil
	}
	return r.take(int(n))
}

func (r *scanner) text() string { return string(r.bytes()) }

func (r *scanner) texts() []string {
	n := r.i32()
	if n < 0 || int(n) > len(r.rest)/4 {
		if n != -1 {
			r.err = errShort
		}
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		out = append(out, r.text())
	}
	return out
}
