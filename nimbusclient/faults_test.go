package nimbusclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

const (
	nimA = "nim-a:6627"
	nimB = "nim-b:6627"
)

// A peer that is not a healthy Nimbus is told in a plain sentence with a hint,
// within the timeout.
func TestFaultyPeers(t *testing.T) {
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, 4)
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_, _ = c.Write([]byte(text))
		}
	}
	list := func(kind byte, size ...byte) []byte { // a ClusterSummary-like success
		return append(append([]byte{thrift.STRUCT, 0, 0, thrift.LIST, 0, 1, kind}, size...), make([]byte, 64)...)
	}
	tests := []struct {
		name  string
		addr  string
		peer  func(net.Conn)
		want  error
		text  string
		hint  string
		after time.Duration // exactly; -1: at once
	}{
		{
			name: "hang", peer: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
			want: ErrTimeout, text: "nim-a:6627: accepts connections, but does not answer in 7s.", hint: "Is it Nimbus", after: 7 * time.Second,
		},
		{
			name: "half-open, nothing is even read", peer: func(net.Conn) { time.Sleep(time.Minute) },
			want: ErrTimeout, text: "does not answer in 7s", hint: "6627", after: 7 * time.Second,
		},
		{
			name: "slow loris", peer: answering(func(c net.Conn, _ []byte) {
				for _, b := range append([]byte{0, 0, 1, 0}, make([]byte, 256)...) {
					time.Sleep(300 * time.Millisecond)
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
				}
			}),
			want: ErrTimeout, text: "does not answer in 7s", hint: "6627", after: 7 * time.Second,
		},
		{
			name: "a frame of two gigabytes", peer: say("\x7f\xff\xff\xff"),
			want: ErrProtocol, text: "makes no sense: it announces 2147483647 bytes", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a frame of nothing", peer: say("\x00\x00\x00\x00"),
			want: ErrProtocol, text: "it announces 0 bytes", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a negative frame", peer: say("\xff\xff\xff\xff"),
			want: ErrProtocol, text: "it announces -1 bytes", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a web server", addr: "nim-a:8080", peer: say("HTTP/1.1 400 Bad Request\r\n\r\n"),
			want: ErrHTTP, text: "nim-a:8080 speaks HTTP, not Thrift. That looks like the UI port.", hint: "Nimbus listens on nimbus.thrift.port, usually 6627.", after: -1,
		},
		{
			name: "TLS", peer: say("\x15\x03\x01\x00\x02\x02\x46"),
			want: ErrTLS, text: "nim-a:6627 speaks TLS, not plain Thrift.", hint: "storm.thrift.transport", after: -1,
		},
		{
			name: "SASL", peer: say("\x04\x00\x00\x00\x10Invalid status 0"),
			want: ErrSASL, text: "nim-a:6627 answers, but asks for SASL.", hint: "Set transport:", after: -1,
		},
		{
			name: "ssh", addr: "nim-a:22", peer: say("SSH-2.0-OpenSSH_9.2\r\n"),
			want: ErrSSH, text: "nim-a:22 speaks SSH, not Thrift.", hint: "6627", after: -1,
		},
		{
			name: "closes at the first message", peer: func(c net.Conn) { _, _ = io.CopyN(io.Discard, c, 26) },
			want: ErrClosed, text: "closed the connection at the first message: it probably wants SASL or TLS", hint: "Set transport: in the cluster's config, or storm.thrift.transport in storm.yaml.", after: -1,
		},
		{
			name: "ZooKeeper", addr: "zk1:2181", peer: fakeZooKeeper,
			want: ErrZooKeeper, text: "zk1:2181 is ZooKeeper, not Nimbus.", hint: "--zk", after: -1,
		},
		{
			name: "a supervisor", addr: "w1:6628", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message(nameOf(request), thrift.EXCEPTION, seqOf(request), thrift.I32, 0, 2, 0, 0, 0, thrift.UNKNOWN_METHOD, 0))
			}),
			want: ErrNotNimbus, text: "w1:6628 speaks Thrift, but is not Nimbus.", hint: "6627", after: -1,
		},
		{
			name: "a list of a hundred million", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getLeader", thrift.REPLY, seqOf(request), list(thrift.STRUCT, 5, 0xf5, 0xe1, 0)...))
			}),
			want: ErrProtocol, text: "the answer to getLeader makes no sense", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a negative list", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getLeader", thrift.REPLY, seqOf(request), list(thrift.STRUCT, 255, 255, 255, 255)...))
			}),
			want: ErrProtocol, text: "the answer to getLeader makes no sense", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "deep nesting", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getLeader", thrift.REPLY, seqOf(request), bytes.Repeat([]byte{thrift.STRUCT, 0, 9}, 100_000)...))
			}),
			want: ErrProtocol, text: "the answer to getLeader makes no sense", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "the answer to another question", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getLeader", thrift.REPLY, seqOf(request)+1, 0))
			}),
			want: ErrProtocol, text: "it answers call 2, not 1", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "the answer to another method", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getUnrelated", thrift.REPLY, seqOf(request), 0))
			}),
			want: ErrProtocol, text: "it answers another call", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a question for an answer", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, request)
			}),
			want: ErrProtocol, text: "message type 1", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "closed inside a frame", peer: answering(func(c net.Conn, _ []byte) {
				_, _ = c.Write([]byte{0, 0, 1, 0, 1, 2, 3})
				_ = c.Close()
			}),
			want: ErrProtocol, text: "it ends after 3 of 256 bytes", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "closed inside a length", peer: answering(func(c net.Conn, _ []byte) {
				_, _ = c.Write([]byte{0, 0})
				_ = c.Close()
			}),
			want: ErrProtocol, text: "it ends inside a length", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a truncated frame", peer: answering(func(c net.Conn, request []byte) {
				_ = writeFrame(c, message("getLeader", thrift.REPLY, seqOf(request), thrift.STRUCT, 0, 0, thrift.STRING, 0, 1, 0, 0, 0, 9, 'n'))
			}),
			want: ErrProtocol, text: "the answer to getLeader makes no sense", hint: "Is this Nimbus?", after: -1,
		},
		{
			name: "a closed port", want: ErrRefused, text: "nim-a:6627: connection refused.", hint: "Is Nimbus running there?", after: -1,
		},
		{
			name: "a wrong name", addr: "nim-z:6627", want: ErrUnknownHost, text: "nim-z:6627: name not found.", hint: "/etc/hosts, DNS", after: -1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newFakeNet()
				addr := tt.addr
				if addr == "" {
					addr = nimA
				}
				if tt.peer != nil {
					n.listen(addr, tt.peer)
				}
				if errors.Is(tt.want, ErrRefused) {
					n.ips["nim-a"] = "10.0.0.1"
				}
				c := n.client(t, addr)
				began := time.Now()
				err := c.Read(t.Context(), func(*Session) error {
					t.Error("a session was opened")
					return nil
				})
				took := time.Since(began)
				e := asError(t, err)
				if !errors.Is(err, tt.want) || !errors.Is(err, ErrNoAnswer) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if !strings.Contains(e.Error(), tt.text) {
					t.Errorf("text %q, want %q", e.Error(), tt.text)
				}
				if !strings.Contains(e.Hint(), tt.hint) {
					t.Errorf("hint %q, want %q", e.Hint(), tt.hint)
				}
				if tt.after == -1 && took != 0 || tt.after > 0 && took != tt.after {
					t.Errorf("it took %v, want %v", took, tt.after)
				}
				state := c.State()
				if state.Leader.Phase != LeaderUnknown || len(state.Endpoints) != 1 || state.Endpoints[0].Err == nil {
					t.Errorf("state %+v", state)
				}
			})
		})
	}
}

// fakeZooKeeper does with a connection what ZooKeeper does: a greeting it
// understands is answered, anything else closes it.
func fakeZooKeeper(c net.Conn) {
	request, err := readFrame(c, 1<<20)
	if err != nil || len(request) < 44 {
		return
	}
	// An unknown session is answered with one that has ended.
	reply := make([]byte, 37)
	reply[19] = 16
	_ = writeFrame(c, reply)
}

// An address found to be ZooKeeper is not asked the second question again.
func TestZooKeeperIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.listen("zk1:2181", fakeZooKeeper)
		c := n.client(t, "zk1:2181")
		for range 3 {
			if err := tasks(t, c); !errors.Is(err, ErrZooKeeper) {
				t.Errorf("error %v", err)
			}
		}
		if got := n.dialled("zk1:2181"); got != 4 {
			t.Errorf("%d connections, want one a read and one to find out", got)
		}
	})
}

// A connection that failed is thrown away; the read is repeated once on a new
// one, and the reader begins anew.
func TestBrokenConnectionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA)
		c := n.client(t, nimA)
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		n.kill(nimA)
		n.listen(nimA, (&fakeNimbus{fakeCluster: f, self: nimA}).serve())
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		if got := n.dialled(nimA); got != 2 {
			t.Errorf("%d connections, want 2", got)
		}
		var runs int
		err := c.Read(t.Context(), func(s *Session) error {
			runs++
			_ = s.conn.net.Close()
			_, err := s.Cluster()
			return err
		})
		if e := asError(t, err); !errors.Is(e, ErrClosed) || e.Op != "getClusterInfo" || runs != 2 {
			t.Errorf("error %v after %d runs", err, runs)
		}
		// Nor may an error be hidden by the reader.
		if err := c.Read(t.Context(), func(s *Session) error {
			_ = s.conn.net.Close()
			_, _ = s.Cluster()
			return nil
		}); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v, want %v", err, ErrClosed)
		}
	})
}

// One reply above the limit costs that call only.
func TestFrameTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA)
		f.big = 17_000_000
		c := n.client(t, nimA)
		err := c.Read(t.Context(), func(s *Session) error {
			_, err := s.Conf("words-1-1")
			e := asError(t, err)
			if want := "nim-a:6627: the reply of 17.0 MB to getTopologyConf exceeds 16.8 MB."; !errors.Is(e, ErrFrameTooLarge) || e.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
			if want := "--max-frame raises the limit, or nimbus.max_frame in the config."; e.Hint() != want {
				t.Errorf("hint %q", e.Hint())
			}
			_, err = s.Cluster()
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if got := n.dialled(nimA); got != 1 {
			t.Errorf("%d connections, want 1", got)
		}
	})
}

// What Nimbus refuses or does not know is the answer to one question.
func TestRefusalsKeepTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA)
		c := n.client(t, nimA)
		f.refuse["getTopologyConf"] = true
		err := c.Read(t.Context(), func(s *Session) error {
			_, err := s.Conf("words-1-1")
			if e := asError(t, err); !errors.Is(e, ErrUnauthorized) || e.Error() != "Nimbus refuses getTopologyConf for user ops: not permitted." || e.Hint() == "" {
				t.Errorf("error %v", err)
			}
			f.mu.Lock()
			f.refuse["getTopologyConf"] = false
			f.mu.Unlock()
			_, err = s.Conf("gone-1-1")
			if e := asError(t, err); !errors.Is(e, ErrNotAlive) || e.Error() != "gone-1-1 is not alive." || e.Hint() == "" {
				t.Errorf("error %v", err)
			}
			_, err = s.Conf("words-1-1")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		// An error of the reader is its own.
		mine := errors.New("mine")
		if err := c.Read(t.Context(), func(*Session) error { return mine }); !errors.Is(err, mine) {
			t.Errorf("error %v, want %v", err, mine)
		}
		if n.dialled(nimA) != 1 {
			t.Errorf("%d connections, want 1", n.dialled(nimA))
		}
	})
}

// What an old server lacks is said with both versions.
func TestUnsupported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.listen(nimA, (&fakeNimbus{fakeCluster: &fakeCluster{}, self: nimA}).serve("getLeader", "getTopologyPageInfo", "getLogConfig"))
		c := n.client(t, nimA)
		err := c.Read(t.Context(), func(s *Session) error {
			_, err := s.LogConfig("words-1-1")
			return err
		})
		e := asError(t, err)
		if want := "getLogConfig needs Storm 1.0; nim-a:6627 runs 0.10."; !errors.Is(e, ErrUnsupported) || e.Error() != want || e.Hint() == "" {
			t.Errorf("error %v, want %q", err, want)
		}
	})
}

// Closing ends what is under way, and reads fail afterwards.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.listen(nimA, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		c := New(Config{Seeds: []string{nimA}, Dial: n.dial})
		failed := make(chan error, 1)
		go func() { failed <- c.Read(context.Background(), func(*Session) error { return nil }) }()
		synctest.Wait()
		began := time.Now()
		c.Close()
		if err := <-failed; !errors.Is(err, ErrClientClosed) || time.Since(began) != 0 {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if err := c.Read(t.Context(), func(*Session) error { return nil }); !errors.Is(err, ErrClientClosed) {
			t.Errorf("error %v", err)
		}
		c.Close()
		n.done.Wait()
	})
}

// The caller's context ends a read at once, and the client goes on.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _ := cluster(nimA)
		c := n.client(t, nimA)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		healthy := n.peers[nimA]
		n.listen(nimA, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		began := time.Now()
		err := c.Read(ctx, func(*Session) error { return nil })
		if want := "nim-a:6627: accepts connections, but does not answer in 1s."; !errors.Is(err, ErrTimeout) || err.Error() != want || time.Since(began) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began = time.Now()
		err = c.Read(ctx, func(*Session) error { return nil })
		if !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		n.listen(nimA, healthy)
		if err := tasks(t, c); err != nil {
			t.Error(err)
		}
	})
}
