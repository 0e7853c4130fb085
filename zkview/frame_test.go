package zkview

import (
	"math"
	"strings"
	"testing"
)

// body builds the part of a frame behind the header.
func body(parts ...any) []byte {
	var p packet
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			p.i32(int32(v))
		case int64:
			p.i64(v)
		case string:
			p.text(v)
		case []byte:
			p.b = append(p.b, v...)
		case fakeStat:
			p.stat(v)
		}
	}
	return p.b
}

func TestCheckReply(t *testing.T) {
	stat := fakeStat{Czxid: 1}
	for _, test := range []struct {
		name string
		op   int32
		body []byte
		ok   bool
	}{
		{"data", opGetData, body("hello", stat), true},
		{"no data at all", opGetData, body(-1, stat), true},
		{"data of length -2", opGetData, body(-2, stat), false},
		{"data longer than the frame", opGetData, body(1000, []byte("x"), stat), false},
		{"data without a stat", opGetData, body("hello"), false},
		{"data with half a stat", opGetData, body("hello", make([]byte, statSize-1)), false},
		{"nothing where data should be", opGetData, nil, false},
		{"children", opGetChildren2, body(2, "a", "b", stat), true},
		{"no children", opGetChildren2, body(0, stat), true},
		{"a vector bomb", opGetChildren2, body(math.MaxInt32), false},
		{"a negative vector", opGetChildren2, body(-1, stat), false},
		{"one child of two", opGetChildren2, body(2, "a"), false},
		{"a child of negative length", opGetChildren2, body(1, -1, stat), false},
		{"a child longer than the frame", opGetChildren2, body(1, math.MaxInt32, stat), false},
		{"children without a stat", opGetChildren, body(1, "a"), true},
		{"a stat", opExists, body(stat), true},
		{"half a stat", opExists, body(int64(1)), false},
		{"an ACL", opGetACL, body(1, 31, "world", "anyone", stat), true},
		{"an ACL bomb", opGetACL, body(math.MaxInt32, 31, "world", "anyone", stat), false},
		{"an ACL that breaks off", opGetACL, body(1, 31, "world"), false},
		{"a longer reply than known", opExists, body(stat, "new in some version"), true},
		{"ping", opPing, nil, true},
		{"auth", opSetAuth, nil, true},
		{"watches", opSetWatches, nil, true},
		{"goodbye", opClose, nil, true},
		{"an operation never sent", 14, body(stat), false},
	} {
		if err := checkReply(test.op, test.body); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestCheckEvent(t *testing.T) {
	for _, test := range []struct {
		name string
		body []byte
		ok   bool
	}{
		{"an event", body(3, 3, "/storm/storms"), true},
		{"an event without a path", body(3, 3), false},
		{"a path longer than the frame", body(3, 3, math.MaxInt32), false},
		{"a path of negative length", body(3, 3, -1), false},
		{"nothing", nil, false},
	} {
		if err := checkEvent(test.body); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestCheckHello(t *testing.T) {
	for _, test := range []struct {
		name string
		body []byte
		ok   bool
	}{
		{"a session", body(0, 10000, int64(7), "0123456789abcdef"), true},
		{"read-only flag behind it", body(0, 10000, int64(7), "0123456789abcdef", []byte{1}), true},
		{"an expired session", body(0, 0, int64(0), "0123456789abcdef"), true},
		{"a timeout of zero, which stops the library's ticker", body(0, 0, int64(7), "x"), false},
		{"a negative timeout", body(0, -1, int64(7), "x"), false},
		{"a timeout of a month", body(0, math.MaxInt32, int64(7), "x"), false},
		{"a password longer than the frame", body(0, 10000, int64(7), 1000), false},
		{"a huge password", body(0, 10000, int64(7), strings.Repeat("x", 5000)), false},
		{"half a greeting", body(0, 10000), false},
	} {
		if err := checkHello(test.body); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSent(t *testing.T) {
	frame := body(13+8, 42, opGetData, "/storm/a", []byte{0}) // length, xid, op, path, watch
	xid, op, path, err := sent(frame)
	if err != nil || xid != 42 || op != opGetData || path != "/storm/a" {
		t.Errorf("sent = %d %d %q %v", xid, op, path, err)
	}
	if _, _, _, err := sent(frame[:len(frame)-1]); err == nil {
		t.Error("half a request was taken for one")
	}
}
