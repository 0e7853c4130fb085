package zkview

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hostile lists what a peer can do to a client, and the words that the operator
// reads about it.
var hostile = []struct {
	name     string
	greeting func(*fakeConn) bool
	hook     func(c *fakeConn, op, xid int32, path string) bool
	want     string
}{
	{
		name: "Z1 a frame shorter than a header",
		hook: func(c *fakeConn, _, _ int32, _ string) bool { c.raw([]byte{0, 0, 0, 4, 1, 2, 3, 4}); return true },
		want: "a frame of 4 bytes, too short for a reply",
	},
	{
		name: "an empty frame",
		hook: func(c *fakeConn, _, _ int32, _ string) bool { c.raw([]byte{0, 0, 0, 0}); return true },
		want: "too short for a reply",
	},
	{
		name: "Z2 a list of two thousand million children",
		hook: func(c *fakeConn, _, xid int32, _ string) bool {
			var p packet
			p.reply(xid, 1, 0)
			p.i32(math.MaxInt32)
			c.send(p)
			return true
		},
		want: "a list of 2147483647 elements in a frame with 0 bytes left",
	},
	{
		name: "a list of minus one children",
		hook: func(c *fakeConn, _, xid int32, _ string) bool {
			var p packet
			p.reply(xid, 1, 0)
			p.i32(-1)
			c.send(p)
			return true
		},
		want: "a list of 4294967295 elements",
	},
	{
		name: "Z3 a greeting of three thousand million bytes",
		greeting: func(c *fakeConn) bool {
			c.raw(binary.BigEndian.AppendUint32(nil, 3_000_000_000), make([]byte, 64))
			return true
		},
		want: "does not speak ZooKeeper: its greeting announces 3000000000 bytes",
	},
	{
		name:     "a greeting of nothing",
		greeting: func(c *fakeConn) bool { c.raw([]byte{0, 0, 0, 0}); return true },
		want:     "does not speak ZooKeeper",
	},
	{
		name: "a session timeout of zero",
		greeting: func(c *fakeConn) bool {
			var p packet
			p.i32(0)
			p.i32(0)
			p.i64(7)
			p.text("0123456789abcdef")
			c.send(p)
			return true
		},
		want: "a session timeout of 0 ms",
	},
	{
		name: "no session",
		greeting: func(c *fakeConn) bool {
			var p packet
			p.i32(0)
			p.i32(0)
			p.i64(0)
			p.text("0123456789abcdef")
			c.send(p)
			return true
		},
		want: "answers, but opens no session",
	},
	{
		name:     "Z11 accept and close",
		greeting: func(*fakeConn) bool { return false },
		want:     "closes the connection at once",
	},
	{
		name:     "a web server",
		greeting: func(c *fakeConn) bool { c.raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); return false },
		want:     "a web server answers there",
	},
	{
		name: "Nimbus, which answers a call that it does not know",
		greeting: func(c *fakeConn) bool {
			c.raw([]byte{0, 0, 0, 34}, []byte{0x80, 1, 0, 3}, make([]byte, 30))
			return true
		},
		want: "a Thrift server answers there",
	},
	{
		name:     "a TLS port",
		greeting: func(c *fakeConn) bool { c.raw([]byte{0x15, 3, 3, 0, 2, 2, 70}); return false },
		want:     "answers with TLS",
	},
	{
		name: "Z15 a server that wants SASL",
		hook: func(c *fakeConn, _, xid int32, _ string) bool {
			var p packet
			p.reply(xid, 1, needsSASL)
			c.send(p)
			return true
		},
		want: "answers, but asks for SASL",
	},
	{
		name: "a reply to nothing",
		hook: func(c *fakeConn, _, xid int32, _ string) bool {
			var p packet
			p.reply(xid+1000, 1, 0)
			c.send(p)
			return true
		},
		want: "which was not asked",
	},
	{
		name: "an event that claims more than it has",
		hook: func(c *fakeConn, _, _ int32, _ string) bool {
			var p packet
			p.reply(-1, 1, 0)
			p.i32(3)
			p.i32(3)
			p.i32(math.MaxInt32)
			c.send(p)
			return true
		},
		want: "a byte string of 2147483647 bytes",
	},
}

func TestHostilePeers(t *testing.T) {
	for _, test := range hostile {
		t.Run(test.name, func(t *testing.T) {
			zk := newFakeZK()
			zk.set("/storm/supervisors", nil)
			zk.greeting, zk.hook = test.greeting, test.hook
			c := zk.client(t)
			ctx := within(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.View(ctx)
			runtime.ReadMemStats(&after)
			mustBe(t, err, ErrUnavailable)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
				t.Errorf("%d bytes were allocated for it", grown)
			}
			state := c.State()
			if state.Servers[0].Contact != ContactBad || !strings.Contains(state.Servers[0].Outcome, test.want) {
				t.Errorf("state says %q, want %q", state.Servers[0].Outcome, test.want)
			}
			// The client is none the worse for it.
			zk.mu.Lock()
			zk.greeting, zk.hook = nil, nil
			zk.mu.Unlock()
			again(ctx, t, c)
		})
	}
}

// again waits until the client reads a view.
func again(ctx context.Context, t *testing.T, c *Client) View {
	t.Helper()
	for {
		c.Reconnect()
		view, err := c.View(ctx)
		if err == nil {
			return view
		}
		select {
		case <-c.Changes():
		case <-ctx.Done():
			t.Fatalf("no view any more: %v", err)
		}
	}
}

// TestSilentGreeting is Z4: a greeting that never ends is given up within the
// timeout.
func TestSilentGreeting(t *testing.T) {
	for name, sent := range map[string][]byte{
		"nothing":              nil,
		"a length":             {0, 0, 0, 37},
		"a length and a piece": {0, 0, 0, 37, 0, 0, 0, 0},
		"half a length":        {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zk := newFakeZK()
				zk.greeting = func(c *fakeConn) bool { c.raw(sent); _, _ = c.frame(); return false }
				c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial, Timeout: 3 * time.Second})
				begun := time.Now()
				_, err := c.View(context.Background())
				mustBe(t, err, ErrUnavailable)
				if took := time.Since(begun); took != 3*time.Second {
					t.Errorf("given up after %s, want 3s", took)
				}
				if err := c.Close(context.Background()); err != nil {
					t.Error(err)
				}
				zk.shut()
			})
		})
	}
}

// TestDrip sends a reply one byte a second: the whole frame has one deadline.
func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK()
		zk.set("/storm", nil)
		zk.hook = func(c *fakeConn, _, xid int32, _ string) bool {
			var p packet
			p.reply(xid, 1, 0)
			p.text(strings.Repeat("x", 100))
			p.stat(fakeStat{})
			frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(p.b))), p.b...)
			for i := range frame {
				if _, err := c.Write(frame[i : i+1]); err != nil {
					return true
				}
				time.Sleep(time.Second)
			}
			return true
		}
		c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial, Timeout: 3 * time.Second})
		begun := time.Now()
		_, err := c.Node(context.Background(), "/storm")
		mustBe(t, err, ErrUnavailable)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("given up after %s", took)
		}
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		zk.shut()
	})
}

// TestLargeReply announces more than the bound: the path is refused, the
// connection replaced, and the others go on.
func TestLargeReply(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm/big", []byte("x"))
	zk.set("/storm/small", []byte("y"))
	zk.hook = func(c *fakeConn, op, xid int32, path string) bool {
		if path != "/storm/big" || op != opGetChildren2 {
			return false
		}
		var p packet
		p.reply(xid, 1, 0)
		c.raw(binary.BigEndian.AppendUint32(nil, 17<<20), p.b)
		return true
	}
	c, ctx := zk.client(t), within(t)
	if _, err := c.Node(ctx, "/storm/small"); err != nil {
		t.Fatal(err)
	}
	_, err := c.Children(ctx, "/storm/big")
	mustBe(t, err, ErrTooLarge)
	if !strings.Contains(err.Error(), "17825792 bytes") {
		t.Errorf("error %q does not name the size", err)
	}
	asked := zk.count("12 /storm/big")
	_, err = c.Children(ctx, "/storm/big")
	mustBe(t, err, ErrTooLarge)
	if zk.count("12 /storm/big") != asked {
		t.Error("what broke the connection was asked again at once")
	}
	if _, err := c.Node(ctx, "/storm/small"); err != nil {
		t.Errorf("the others did not go on: %v", err)
	}
}

// TestGuardOverwrites checks the guard alone: a write that fails closes and
// tells once, and is not reported as an error.
func TestGuardWrites(t *testing.T) {
	near, far := net.Pipe()
	_ = far.Close()
	var causes []error
	g := newGuard(near, time.Second, 0, func(err error) { causes = append(causes, err) }, func() {})
	for range 3 {
		if n, err := g.Write(body(8, 1, opPing)); n != 12 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	if len(causes) != 1 || !errors.Is(causes[0], io.ErrClosedPipe) {
		t.Errorf("told %v, want one closed pipe", causes)
	}
	if _, err := g.Read(make([]byte, 4)); err == nil {
		t.Error("a closed guard can be read")
	}
}

func TestGuardPending(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go io.Copy(io.Discard, far) //nolint:errcheck // until closed
	var cause error
	g := newGuard(near, time.Second, 0, func(err error) { cause = err }, func() {})
	_, _ = g.Write(body(4, 0)) // the greeting is not looked at
	for xid := range maxPending + 1 {
		if _, err := g.Write(body(8, xid+1, opClose)); err != nil {
			t.Fatal(err)
		}
	}
	if cause == nil || !strings.Contains(cause.Error(), "4096 requests without an answer") {
		t.Errorf("cause %v", cause)
	}
}
