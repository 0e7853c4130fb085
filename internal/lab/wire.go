package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"
)

// Thrift's types on the wire and the bounds within which a reply is believed.
const (
	tStop, tBool, tByte, tDouble, tI16, tI32 = 0, 2, 3, 4, 6, 8
	tI64, tString, tStruct, tMap, tSet       = 10, 11, 12, 13, 14
	tList                                    = 15

	maxFrame = 32 << 20
	maxDepth = 32
)

// record is a Thrift struct by field number. Strings are string, integers
// int64, lists []any; of a map only the length is kept.
type record map[int16]any

var errShort = errors.New("the reply ends early")

// refusal is what Nimbus answered instead of a result.
type refusal struct{ method, text string }

func (e *refusal) Error() string { return e.method + ": " + e.text }

// call asks the Nimbus at addr one question: framed binary Thrift, one
// connection, no schema. It is for readiness and the few actions of the lab;
// the console's own client shares nothing with it, so neither hides the
// other's mistakes.
func call(ctx context.Context, addr, method string, args func(*bytes.Buffer)) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", addr, err)
	}
	defer func() { _ = conn.Close() }()
	if limit, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(limit); err != nil {
			return nil, fmt.Errorf("asking %s: %w", addr, err)
		}
	}
	if _, err := conn.Write(request(method, args)); err != nil {
		return nil, fmt.Errorf("asking %s: %w", addr, err)
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, fmt.Errorf("%s from %s: %w", method, addr, err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return nil, fmt.Errorf("%s from %s: a frame of %d bytes", method, addr, size)
	}
	frame := make([]byte, size)
	if _, err := io.ReadFull(conn, frame); err != nil {
		return nil, fmt.Errorf("%s from %s: %w", method, addr, err)
	}
	got, err := reply(method, frame)
	if err != nil {
		return nil, fmt.Errorf("%s from %s: %w", method, addr, err)
	}
	return got, nil
}

func request(method string, args func(*bytes.Buffer)) []byte {
	body := new(bytes.Buffer)
	putI32(body, math.MinInt32|0x00010001) // strict binary, version 1, call
	putString(body, method)
	putI32(body, 1)
	if args != nil {
		args(body)
	}
	body.WriteByte(tStop)
	return append(binary.BigEndian.AppendUint32(nil, uint32(body.Len())), body.Bytes()...)
}

func putI32(b *bytes.Buffer, v int32) {
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(v)))
}

func putString(b *bytes.Buffer, s string) {
	putI32(b, int32(len(s)))
	b.WriteString(s)
}

func putField(b *bytes.Buffer, kind byte, id int16) {
	b.WriteByte(kind)
	b.Write(binary.BigEndian.AppendUint16(nil, uint16(id)))
}

// reply decodes one frame: the result, nil for none.
func reply(method string, frame []byte) (any, error) {
	r := &reader{data: frame}
	head := r.i32()
	if head < 0 {
		r.take(int(r.i32()))
	} else {
		r.take(int(head))
		r.take(1)
	}
	r.i32()
	body := r.record(0)
	if r.err != nil {
		return nil, r.err
	}
	if head < 0 && head&0xff == 3 {
		text, _ := body[1].(string)
		return nil, &refusal{method, text}
	}
	for id, v := range body {
		if id == 0 {
			continue
		}
		text := ""
		if thrown, ok := v.(record); ok {
			text, _ = thrown[1].(string)
		}
		return nil, &refusal{method, "refused: " + text}
	}
	return body[0], nil
}

// reader takes values off a frame; after the first error everything is zero.
type reader struct {
	data []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.data)) {
		r.err = errShort
	}
	if r.err != nil {
		return make([]byte, 8)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) i32() int32 { return int32(binary.BigEndian.Uint32(r.take(4))) }

// count reads the length of a container; every element takes at least a byte.
func (r *reader) count() int {
	n := int(r.i32())
	if r.err == nil && (n < 0 || n > len(r.data)) {
		r.err = errShort
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) record(depth int) record {
	out := record{}
	for r.err == nil {
		kind := r.take(1)[0]
		if kind == tStop || r.err != nil {
			break
		}
		id := int16(binary.BigEndian.Uint16(r.take(2)))
		out[id] = r.value(kind, depth+1)
	}
	return out
}

func (r *reader) value(kind byte, depth int) any {
	if depth > maxDepth {
		r.err = errors.New("the reply is nested too deeply")
		return nil
	}
	switch kind {
	case tBool:
		return r.take(1)[0] != 0
	case tByte:
		return int64(int8(r.take(1)[0]))
	case tI16:
		return int64(int16(binary.BigEndian.Uint16(r.take(2))))
	case tI32:
		return int64(r.i32())
	case tI64:
		return int64(binary.BigEndian.Uint64(r.take(8)))
	case tDouble:
		return math.Float64frombits(binary.BigEndian.Uint64(r.take(8)))
	case tString:
		return string(r.take(r.count()))
	case tStruct:
		return r.record(depth)
	case tList, tSet:
		item := r.take(1)[0]
		out := []any{}
		for range r.count() {
			out = append(out, r.value(item, depth+1))
			if r.err != nil {
				break
			}
		}
		return out
	case tMap:
		k, v := r.take(1)[0], r.take(1)[0]
		n := r.count()
		for range n {
			r.value(k, depth+1) // nothing here needs a map
			r.value(v, depth+1)
			if r.err != nil {
				break
			}
		}
		return n
	}
	if r.err == nil {
		r.err = fmt.Errorf("the reply has a value of unknown type %d", kind)
	}
	return nil
}
