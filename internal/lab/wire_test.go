package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
)

// answer is a reply frame without its length: method, then what body writes.
func answer(kind int32, method string, body func(*bytes.Buffer)) []byte {
	b := new(bytes.Buffer)
	version := uint32(0x80010000)
	putI32(b, int32(version)|kind)
	putString(b, method)
	putI32(b, 1)
	body(b)
	b.WriteByte(tStop)
	return b.Bytes()
}

// summary writes a ClusterSummary with one supervisor, one topology and the
// given Nimbus daemons on the port.
func summary(port int32, nimbuses ...[2]string) func(*bytes.Buffer) {
	return func(b *bytes.Buffer) {
		putField(b, tStruct, 0)
		putField(b, tList, 1)
		b.WriteByte(tStruct)
		putI32(b, 1)
		putField(b, tString, 1)
		putString(b, "w1")
		putField(b, tI32, 3)
		putI32(b, 4)
		putField(b, tI32, 4)
		putI32(b, 2)
		putField(b, tString, 5)
		putString(b, "abc")
		putField(b, tMap, 7) // a map that is only skipped
		b.Write([]byte{tString, tDouble})
		putI32(b, 1)
		putString(b, "cpu")
		b.Write(make([]byte, 8))
		b.WriteByte(tStop)
		if len(nimbuses) == 0 {
			putField(b, tI32, 2)
			putI32(b, 77)
		}
		putField(b, tList, 3)
		b.WriteByte(tStruct)
		putI32(b, 1)
		putField(b, tString, 1)
		putString(b, "wc-1-1")
		putField(b, tString, 2)
		putString(b, "wc")
		putField(b, tI32, 5)
		putI32(b, 3)
		putField(b, tString, 7)
		putString(b, "ACTIVE")
		b.WriteByte(tStop)
		if len(nimbuses) > 0 {
			putField(b, tList, 4)
			b.WriteByte(tStruct)
			putI32(b, int32(len(nimbuses)))
		}
		for _, n := range nimbuses {
			putField(b, tString, 1)
			putString(b, n[0])
			putField(b, tI32, 2)
			putI32(b, port)
			putField(b, tBool, 4)
			b.WriteByte(map[string]byte{"leader": 1}[n[1]])
			putField(b, tString, 5)
			putString(b, "2.8.3")
			b.WriteByte(tStop)
		}
		b.WriteByte(tStop)
	}
}

func TestParseState(t *testing.T) {
	for _, c := range []struct {
		name     string
		nimbuses [][2]string
		leads    bool
		listed   []string
	}{
		{"the leader", [][2]string{{"127.0.0.2", ""}, {"127.0.0.1", "leader"}}, true, []string{"127.0.0.2:6627 standby, 2.8.3", "127.0.0.1:6627 leader, 2.8.3"}},
		{"a standby", [][2]string{{"127.0.0.2", "leader"}, {"127.0.0.1", ""}}, false, []string{"127.0.0.2:6627 leader, 2.8.3", "127.0.0.1:6627 standby, 2.8.3"}},
		{"before 1.0", nil, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := reply("getClusterInfo", answer(2, "getClusterInfo", summary(6627, c.nimbuses...)))
			if err != nil {
				t.Fatal(err)
			}
			s, leads := parseState("127.0.0.1:6627", got)
			want := state{
				leader: "127.0.0.1:6627", nimbuses: c.listed, supervisors: []string{"w1 2/4 slots, id abc"},
				topologies: []topology{{id: "wc-1-1", name: "wc", status: "ACTIVE", workers: 3}},
			}
			if leads != c.leads || !reflect.DeepEqual(s, want) {
				t.Errorf("got %+v, leads %v\nwant %+v, leads %v", s, leads, want, c.leads)
			}
		})
	}
}

func TestReplyRefusals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		frame      []byte
	}{
		{"an application exception", "getLeader: Invalid method name: 'getLeader'", answer(3, "getLeader", func(b *bytes.Buffer) {
			putField(b, tString, 1)
			putString(b, "Invalid method name: 'getLeader'")
		})},
		{"a declared exception", "getLeader: refused: wc is not alive", answer(2, "getLeader", func(b *bytes.Buffer) {
			putField(b, tStruct, 1)
			putField(b, tString, 1)
			putString(b, "wc is not alive")
			b.WriteByte(tStop)
		})},
	} {
		_, err := reply("getLeader", c.frame)
		var said *refusal
		if !errors.As(err, &said) || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if got, err := reply("killTopologyWithOpts", answer(2, "killTopologyWithOpts", func(*bytes.Buffer) {})); got != nil || err != nil {
		t.Errorf("an empty result is %v, %v", got, err)
	}
}

func TestReplyCutShort(t *testing.T) {
	whole := answer(2, "getClusterInfo", summary(6627, [2]string{"127.0.0.1", "leader"}))
	for n := range whole {
		if _, err := reply("getClusterInfo", whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes pass for a whole reply", n, len(whole))
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add(answer(2, "getClusterInfo", summary(6627, [2]string{"127.0.0.1", "leader"})))
	f.Add(answer(3, "x", func(b *bytes.Buffer) { putField(b, tString, 1); putString(b, "no") }))
	f.Add(bytes.Repeat([]byte{tList}, 200))
	f.Fuzz(func(t *testing.T, frame []byte) {
		got, err := reply("x", frame)
		if err == nil {
			parseState("127.0.0.1:6627", got)
		}
	})
}

// serve answers every connection's first frame with the reply and hands the
// requests to got. A nil reply is the summary of a cluster that this very
// Nimbus leads.
func serve(t *testing.T, reply []byte, got chan<- []byte) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if reply == nil {
		port := int32(listener.Addr().(*net.TCPAddr).Port)
		reply = framed(answer(2, "getClusterInfo", summary(port, [2]string{"127.0.0.1", "leader"})))
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			head := make([]byte, 4)
			if _, err := io.ReadFull(conn, head); err == nil {
				body := make([]byte, binary.BigEndian.Uint32(head))
				if _, err := io.ReadFull(conn, body); err == nil && got != nil {
					got <- body
				}
			}
			_, _ = conn.Write(reply)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func framed(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestCall(t *testing.T) {
	got := make(chan []byte, 1)
	addr := serve(t, framed(answer(2, "getLeader", summary(6627))), got)
	result, err := call(t.Context(), addr, "getLeader", func(b *bytes.Buffer) {
		putField(b, tString, 1)
		putString(b, "wc")
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := result.(record); !ok {
		t.Errorf("the result is %T", result)
	}
	want := "\x80\x01\x00\x01\x00\x00\x00\x09getLeader\x00\x00\x00\x01\x0b\x00\x01\x00\x00\x00\x02wc\x00"
	if sent := string(<-got); sent != want {
		t.Errorf("sent %q\nwant %q", sent, want)
	}
}

func TestCallRefusesHugeFrames(t *testing.T) {
	addr := serve(t, []byte("HTTP/1.1 400 Bad Request\r\n"), nil)
	_, err := call(t.Context(), addr, "getLeader", nil)
	if err == nil || !strings.Contains(err.Error(), "a frame of 1213486160 bytes") {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call(ctx, addr, "getLeader", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
