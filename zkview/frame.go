package zkview

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The bounds of a frame, in bytes.
const (
	headerSize = 16       // xid, zxid, error of every reply
	statSize   = 68       // a node's stat on the wire
	maxFrame   = 4 << 20  // of a reply
	maxHello   = 64 << 10 // of the reply to the connect request
	minHello   = 20       // protocol, timeout, session, length of the password
	maxPasswd  = 1 << 10
)

// The session timeout a server may grant, in milliseconds. The library divides
// it into the period of a ticker, which ends the process when it is not
// positive.
const (
	minGranted = 100
	maxGranted = 24 * 60 * 60 * 1000
)

// The operations this package sends, and the transaction ids of what comes
// unasked.
const (
	opExists       = 3
	opGetData      = 4
	opGetACL       = 6
	opGetChildren  = 8
	opPing         = 11
	opGetChildren2 = 12
	opSetAuth      = 100
	opSetWatches   = 101
	opClose        = -11

	xidEvent   = -1
	xidPing    = -2
	xidGoodbye = 0x7fffffff // the library counts up from 1
)

// The errors that concern the session, not the request.
const (
	authFailed = -115 // the credentials were refused
	needsSASL  = -124 // only authenticated sessions are served
)

var errShortFrame = errors.New("a frame ends inside a value")

// fields walks over the encoded values of a frame and remembers the first one
// that claims more than is there.
type fields struct {
	rest []byte
	err  error
}

func (f *fields) skip(n int) {
	switch {
	case f.err != nil:
	case n > len(f.rest):
		f.err = errShortFrame
	default:
		f.rest = f.rest[n:]
	}
}

func (f *fields) int32() int32 {
	if f.err == nil && len(f.rest) < 4 {
		f.err = errShortFrame
	}
	if f.err != nil {
		return 0
	}
	n := int32(binary.BigEndian.Uint32(f.rest))
	f.rest = f.rest[4:]
	return n
}

func (f *fields) int64() int64 {
	if f.err == nil && len(f.rest) < 8 {
		f.err = errShortFrame
	}
	if f.err != nil {
		return 0
	}
	n := int64(binary.BigEndian.Uint64(f.rest))
	f.rest = f.rest[8:]
	return n
}

// buffer is a byte string whose length may be -1 for none.
func (f *fields) buffer() []byte {
	n := f.int32()
	if f.err == nil && n < -1 {
		f.err = fmt.Errorf("a byte string of %d bytes", n)
	}
	if f.err != nil || n < 0 {
		return nil
	}
	if int(n) > len(f.rest) {
		f.err = fmt.Errorf("a byte string of %d bytes in a frame with %d left", n, len(f.rest))
		return nil
	}
	value := f.rest[:n:n]
	f.rest = f.rest[n:]
	return value
}

// text is a string; the library reads -1 as four thousand million.
func (f *fields) text() string {
	if f.err == nil && len(f.rest) >= 4 && int32(binary.BigEndian.Uint32(f.rest)) < 0 {
		f.err = errors.New("a string of negative length")
	}
	return string(f.buffer())
}

// count is the number of elements of a list whose elements take at least min
// bytes each.
func (f *fields) count(least int) int {
	n := f.int32()
	if f.err == nil && (n < 0 || int(n) > len(f.rest)/least) {
		f.err = fmt.Errorf("a list of %d elements in a frame with %d bytes left", uint32(n), len(f.rest))
	}
	if f.err != nil {
		return 0
	}
	return int(n)
}

// checkReply says whether the body of a reply to op holds what it claims, so
// that decoding it allocates no more than it has and reads nothing beyond it.
func checkReply(op int32, body []byte) error {
	f := &fields{rest: body}
	switch op {
	case opGetChildren, opGetChildren2:
		for range f.count(4) {
			if f.text(); f.err != nil {
				break
			}
		}
		if op == opGetChildren2 {
			f.skip(statSize)
		}
	case opGetData:
		f.buffer()
		f.skip(statSize)
	case opExists:
		f.skip(statSize)
	case opGetACL:
		for range f.count(12) {
			f.int32()
			f.text()
			if f.text(); f.err != nil {
				break
			}
		}
		f.skip(statSize)
	case opSetAuth, opSetWatches, opPing, opClose:
	default:
		return fmt.Errorf("a reply to operation %d, which is never sent", op)
	}
	return f.err
}

// checkEvent does the same for a watch event.
func checkEvent(body []byte) error {
	f := &fields{rest: body}
	f.skip(8)
	f.text()
	return f.err
}

// checkHello does the same for the reply to the connect request.
func checkHello(body []byte) error {
	f := &fields{rest: body}
	f.int32()
	granted, session := f.int32(), f.int64()
	if passwd := f.buffer(); f.err == nil && len(passwd) > maxPasswd {
		return fmt.Errorf("a session password of %d bytes", len(passwd))
	}
	if f.err == nil && session != 0 && (granted < minGranted || granted > maxGranted) {
		return fmt.Errorf("a session timeout of %d ms", granted)
	}
	return f.err
}

// sent reads the transaction id, operation and path of an outgoing request.
func sent(frame []byte) (xid, op int32, path string, err error) {
	f := &fields{rest: frame}
	if size := f.int32(); f.err == nil && int(size) != len(f.rest) {
		return 0, 0, "", errShortFrame
	}
	xid, op = f.int32(), f.int32()
	switch op {
	case opExists, opGetData, opGetACL, opGetChildren, opGetChildren2:
		path = f.text()
	}
	return xid, op, path, f.err
}
