package nimbusclient

import (
	"fmt"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
)

// node is any Thrift value: a struct's fields, a container's elements, or the
// bytes of a scalar.
type node struct {
	kind  thrift.TType
	id    int16 // of a field
	key   thrift.TType
	value thrift.TType
	inner []*node // fields; elements; keys and values in turn
	bytes []byte
}

// treeReader and treeWriter copy a value without knowing its type.
type treeReader struct {
	t *testing.T
	p thrift.TProtocol
}

func (r treeReader) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r treeReader) read(kind thrift.TType) *node {
	ctx := r.t.Context()
	n := &node{kind: kind}
	switch kind {
	case thrift.STRUCT:
		for {
			_, k, id, err := r.p.ReadFieldBegin(ctx)
			r.check(err)
			if k == thrift.STOP {
				return n
			}
			field := r.read(k)
			field.id = id
			n.inner = append(n.inner, field)
		}
	case thrift.MAP:
		k, v, size, err := r.p.ReadMapBegin(ctx)
		r.check(err)
		n.key, n.value = k, v
		for range size {
			n.inner = append(n.inner, r.read(k), r.read(v))
		}
	case thrift.LIST, thrift.SET:
		v, size, err := r.p.ReadListBegin(ctx)
		r.check(err)
		n.value = v
		for range size {
			n.inner = append(n.inner, r.read(v))
		}
	case thrift.STRING:
		b, err := r.p.ReadBinary(ctx)
		r.check(err)
		n.bytes = b
	default:
		for range map[thrift.TType]int{thrift.BOOL: 1, thrift.I16: 2, thrift.I32: 4, thrift.I64: 8, thrift.DOUBLE: 8}[kind] {
			b, err := r.p.ReadByte(ctx)
			r.check(err)
			n.bytes = append(n.bytes, byte(b))
		}
	}
	return n
}

// write leaves out the fields at the path without, where struct fields count
// and elements do not, and writes the struct there empty if hollow.
func (n *node) write(t *testing.T, p thrift.TProtocol, path, without string, hollow bool) {
	ctx := t.Context()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch n.kind {
	case thrift.STRUCT:
		for _, f := range n.inner {
			at := fmt.Sprintf("%s.%d", path, f.id)
			switch {
			case at != without:
				check(p.WriteFieldBegin(ctx, "", f.kind, f.id))
				f.write(t, p, at, without, hollow)
			case hollow && f.kind == thrift.STRUCT:
				check(p.WriteFieldBegin(ctx, "", f.kind, f.id))
				check(p.WriteFieldStop(ctx))
			}
		}
		check(p.WriteFieldStop(ctx))
	case thrift.MAP:
		check(p.WriteMapBegin(ctx, n.key, n.value, len(n.inner)/2))
	case thrift.LIST, thrift.SET:
		check(p.WriteListBegin(ctx, n.value, len(n.inner)))
	case thrift.STRING:
		check(p.WriteBinary(ctx, n.bytes))
	default:
		for _, b := range n.bytes {
			check(p.WriteByte(ctx, int8(b)))
		}
	}
	if n.kind != thrift.STRUCT {
		for i, e := range n.inner {
			// A key is told apart from its value.
			at := path
			if n.kind == thrift.MAP && i%2 == 0 {
				at += "k"
			}
			e.write(t, p, at, without, hollow)
		}
	}
}

// paths collects the path of every field.
func (n *node) paths(path string, into map[string]bool) {
	for i, e := range n.inner {
		at := path
		switch {
		case n.kind == thrift.STRUCT:
			at = fmt.Sprintf("%s.%d", path, e.id)
			into[at] = true
		case n.kind == thrift.MAP && i%2 == 0:
			at += "k"
		}
		e.paths(at, into)
	}
}

// A server that leaves out any field, or sends any struct empty, as an older
// or newer Storm may, costs that field and nothing else.
func TestMissingFields(t *testing.T) {
	tried := map[string]bool{}
	for version, server := range recordedVersions {
		for _, r := range recordings(t, version) {
			read, known := reads[r.method]
			if !known || r.reply == nil || r.applied != 0 || r.result == nil || r.method == "getTopologyInfoByName" {
				continue
			}
			tree := treeReader{t, stormthrift.NewReader(bodyOf(r.reply))}.read(thrift.STRUCT)
			paths := map[string]bool{}
			tree.paths("", paths)
			for path := range paths {
				if path == ".0" || tried[r.method+path] {
					continue // without any result it is another answer
				}
				tried[r.method+path] = true
				for _, hollow := range []bool{false, true} {
					buf, w := stormthrift.NewWriter()
					tree.write(t, w, "", path, hollow)
					s, _ := play(t.Context(), server, func(request []byte) []byte {
						return append(message(r.method, thrift.REPLY, seqOf(request)), buf.Bytes()...)
					})
					if _, err := read(s, r.args); err != nil {
						t.Errorf("%s %s without %s (hollow %v): %v", version, r.name, path, hollow, err)
					}
				}
			}
		}
	}
	if len(tried) < 400 {
		t.Errorf("only %d fields were left out", len(tried))
	}
}
