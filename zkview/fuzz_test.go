package zkview

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
)

// libraryDecode reads the body of a reply the way the library does, trusting
// every count; it panics where the library would, and returns what the library
// would allocate.
func libraryDecode(op int32, body []byte) (allocated int) {
	n := 0
	length := func() int {
		v := int(binary.BigEndian.Uint32(body[n:][:4:4]))
		n += 4
		return v
	}
	text := func() {
		size := length()
		_ = body[n:][:size:size]
		n += size
		allocated += size
	}
	switch op {
	case opGetChildren2:
		count := length()
		allocated += 16 * count
		for range count {
			text()
		}
		_ = body[n:][:statSize:statSize]
	case opGetData:
		if size := int(int32(binary.BigEndian.Uint32(body[n:][:4:4]))); size < 0 {
			n += 4
		} else {
			text()
		}
		_ = body[n:][:statSize:statSize]
	case opExists:
		_ = body[n:][:statSize:statSize]
	case opGetACL:
		count := length()
		allocated += 40 * count
		for range count {
			_ = length()
			text()
			text()
		}
		_ = body[n:][:statSize:statSize]
	}
	return allocated
}

// FuzzCheckReply: what passes the check neither ends the library nor makes it
// allocate more than a small multiple of what was sent.
func FuzzCheckReply(f *testing.F) {
	ops := []int32{opGetChildren2, opGetData, opExists, opGetACL}
	f.Add(uint8(0), body(2, "a", "b", fakeStat{}))
	f.Add(uint8(0), body(1<<30, "a"))
	f.Add(uint8(0), body(-1))
	f.Add(uint8(1), body("hello", fakeStat{}))
	f.Add(uint8(1), body(-1, fakeStat{}))
	f.Add(uint8(2), body(fakeStat{}))
	f.Add(uint8(3), body(1, 31, "world", "anyone", fakeStat{}))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		op := ops[int(which)%len(ops)]
		if checkReply(op, data) != nil {
			return
		}
		if allocated := libraryDecode(op, data); allocated > 8*len(data)+64 {
			t.Errorf("%d bytes make the library allocate %d", len(data), allocated)
		}
	})
}

// FuzzPeer lets a peer answer the first request with anything: the client must
// come to a result and end.
func FuzzPeer(f *testing.F) {
	reply := func(xid, code int32, parts ...any) []byte {
		var p packet
		p.reply(xid, 1, code)
		p.b = append(p.b, body(parts...)...)
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(p.b))), p.b...)
	}
	f.Add(reply(1, 0, 2, "a", "b", fakeStat{}))
	f.Add(reply(1, 0, 1<<30))
	f.Add(reply(1, -101))
	f.Add(reply(1, -112))
	f.Add(reply(1, needsSASL))
	f.Add(reply(-1, 0, 3, 3, "/storm"))
	f.Add(reply(-2, 0))
	f.Add(reply(7, 0))
	f.Add([]byte{0, 0, 0, 4, 1, 2, 3, 4})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		zk := newFakeZK()
		zk.hook = func(c *fakeConn, _, _ int32, _ string) bool {
			c.raw(data)
			_ = c.Close()
			return true
		}
		c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial, Timeout: time.Second, Random: func() float64 { return 0 }})
		list, err := c.children(context.Background(), "/storm", false)
		if err == nil && len(list.names) > len(data)/4 {
			t.Errorf("%d names out of %d bytes", len(list.names), len(data))
		}
		if known := (*ReadError)(nil); err != nil && !errors.As(err, &known) {
			t.Errorf("an error without words: %v", err)
		}
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		zk.shut()
	})
}

// FuzzDecode opens any payload at any path as the browser does, and as the view
// does.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"2.8.3-killed", "1.2.2-reads", "0.9.7-reads"} {
		rec := load(f, name)
		for _, path := range rec.names {
			if data := rec.nodes[path].data; len(data) > 1 && len(data) < 3000 {
				f.Add(path, data)
				if inner, how, err := unpack(data, 1<<20); err == nil && how == packedGzip {
					f.Add(path, inner)
				}
			}
		}
	}
	f.Add("/kafka/id/partition_0", []byte(`{"offset":1,"partition":0}`))
	f.Add("/storm/leader-lock/x-0000000001", []byte("nim:6627:0"))
	c := New(Config{MaxNode: 64 << 10})
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		node := Node{Path: path}
		c.decode(&node, data)
		if lines := count(node.Decoded); lines > maxClojure {
			t.Errorf("%d lines out of %d bytes", lines, len(data))
		}
		if node.Encoding == "" {
			t.Error("a payload without a name")
		}
		rec, err := c.openRecord(data)
		if err != nil {
			return
		}
		if s, err := toSupervisor("id", rec); err == nil && s.Host == "" && rec.isJava {
			t.Error("a supervisor without a host")
		}
		if a, err := toAssignment("id", rec, Stat{}); err == nil && (a.Hosts == nil || a.Executors == nil || a.Starts == nil) {
			t.Error("an assignment without maps")
		}
		if s, err := toStorm("id", rec, Stat{}); err == nil && s.TopologyID == "" {
			t.Error("a topology without its id")
		}
		_, _ = toError("c", rec, false)
		_, _ = toHeartbeat(Slot{}, rec)
		_, _ = toProfile(rec)
		_, _ = toLogLevels(rec)
		if toNimbus("name", rec) == "" && !rec.isJava && len(data) == 0 {
			t.Error("a Nimbus without a name")
		}
		if l, err := parseLeader(string(data)); err == nil && (l.Port < 0 || l.Port > 65535) {
			t.Errorf("leader %+v", l)
		}
		if o, ok := parseOffset(path, data); ok && !strings.Contains(string(data), "{") {
			t.Errorf("offset %+v", o)
		}
	})
}

func count(fields []Field) int {
	n := len(fields)
	for _, f := range fields {
		n += count(f.Children)
	}
	return n
}

// FuzzStruct: the reader without a schema and the one that picks fields agree
// on what is a struct, and re-reading a prefix never succeeds as a whole.
func FuzzStruct(f *testing.F) {
	rec := load(f, "1.2.2-reads")
	for _, path := range rec.names {
		if inner, how, err := unpack(rec.nodes[path].data, 1<<20); err == nil && how == packedGzip {
			f.Add(inner)
		}
	}
	f.Add([]byte{0})
	f.Add([]byte{13, 0, 1, 8, 8, 0x7f, 0xff, 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := parseStruct(data)
		if err != nil {
			return
		}
		if picked, err := pickFields(data, 3, 4); err != nil {
			t.Errorf("read as a struct, but not picked from: %v", err)
		} else if a, b := value.number(3), picked.number(3); (a == nil) != (b == nil) || a != nil && *a != *b {
			t.Errorf("field 3 is %v and %v", a, b)
		}
		if len(data) > 1 {
			if _, err := parseStruct(data[:len(data)-1]); err == nil {
				t.Error("a struct without its end was read")
			}
		}
	})
}
