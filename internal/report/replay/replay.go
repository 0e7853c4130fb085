// Package replay answers Thrift calls as a real Nimbus once did, from
// recordings of Storm 0.9.7, 1.2.2 and 2.8.3, for tests. Each recording comes
// with the answers that the Storm UI's REST API gave to the same questions at
// the same moment.
//
// Start with [Load] and [Recording.Serve].
package replay

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed storm-*.tar.gz
var archives embed.FS

// Versions are those recorded.
var Versions = [...]string{"0.9.7", "1.2.2", "2.8.3"}

// Recording is what one cluster was asked and answered.
type Recording struct {
	Version string
	calls   map[string][]byte // reply by method and arguments
	unknown map[string][]byte // reply about a topology that is not there, by method
	rest    map[string][]byte
}

// Load reads the recording of a version.
func Load(version string) (*Recording, error) {
	f, err := archives.Open("storm-" + version + ".tar.gz")
	if err != nil {
		return nil, fmt.Errorf("loading a recording: %w", err)
	}
	defer func() { _ = f.Close() }() // it was read only
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("loading a recording: %w", err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("loading a recording: %w", err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("loading a recording: %w", err)
		}
	}
	rec := &Recording{Version: version, calls: map[string][]byte{}, unknown: map[string][]byte{}, rest: map[string][]byte{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if page, ok := strings.CutPrefix(name, "ui/"); ok {
			rec.rest[strings.TrimSuffix(page, ".json")] = files[name]
			continue
		}
		request, ok := strings.CutSuffix(name, ".req")
		if !ok {
			continue
		}
		m, err := parse(files[name][4:])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		reply := files[request+".rep"]
		if _, twice := rec.calls[m.key()]; !twice {
			rec.calls[m.key()] = reply
		}
		if _, twice := rec.unknown[m.method]; !twice && strings.Contains(name, "unknown") {
			rec.unknown[m.method] = reply
		}
	}
	return rec, nil
}

// Pages lists the names of the REST answers.
func (r *Recording) Pages() []string { return slices.Sorted(maps.Keys(r.rest)) }

// recordedAt is when the calls were made, where the pages do not say.
var recordedAt = map[string]int64{"0.9.7": 1795235329, "1.2.2": 1795233391}

// Page returns the body of a REST answer and when it was given; nil when it was
// not recorded.
func (r *Recording) Page(name string) (body []byte, at time.Time) {
	data := r.rest[name]
	// The recordings of 2.8.3 wrap the body in what was asked and when.
	var wrapped struct {
		At   float64
		Body json.RawMessage
	}
	if err := json.Unmarshal(data, &wrapped); err == nil && wrapped.Body != nil {
		return wrapped.Body, time.UnixMilli(int64(wrapped.At * 1000))
	}
	return data, time.Unix(recordedAt[r.Version], 0)
}

// message is a Thrift message in the strict binary encoding.
type message struct {
	method string
	seqid  []byte
	args   []byte
}

func (m message) key() string { return m.method + "\x00" + string(m.args) }

var errMessage = errors.New("no Thrift message")

func parse(frame []byte) (message, error) {
	if len(frame) < 12 || frame[0] != 0x80 {
		return message{}, errMessage
	}
	n := int(binary.BigEndian.Uint32(frame[4:]))
	if n < 0 || len(frame) < 12+n {
		return message{}, errMessage
	}
	return message{string(frame[8 : 8+n]), frame[8+n : 12+n], frame[12+n:]}, nil
}

// Server is a Nimbus on loopback that answers from a recording. It also counts
// what it could not answer.
type Server struct {
	Addr string

	rec      *Recording
	listener net.Listener
	port     uint16
	wg       sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	unheard []string
}

// Serve starts a server on a free port of 127.0.0.1. The recorded Nimbus says
// that it is there too, so that a client that follows it comes back.
func (r *Recording) Serve(ctx context.Context) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving a recording: %w", err)
	}
	s := &Server{Addr: l.Addr().String(), rec: r, listener: l, conns: map[net.Conn]bool{}}
	s.port = l.Addr().(*net.TCPAddr).AddrPort().Port()
	s.wg.Go(s.accept)
	return s, nil
}

// Close ends the server and waits for its goroutines. It returns the calls that
// no recording answers, each once.
func (s *Server) Close() []string {
	_ = s.listener.Close() // nobody is left to tell
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	slices.Sort(s.unheard)
	return slices.Compact(s.unheard)
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			defer func() {
				_ = conn.Close()
				s.mu.Lock()
				delete(s.conns, conn)
				s.mu.Unlock()
			}()
			s.serve(conn)
		})
	}
}

// serve answers frames until one is no call or the recorded server closed.
func (s *Server) serve(conn net.Conn) {
	for {
		var size [4]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(size[:])
		if n > 1<<20 {
			return
		}
		frame := make([]byte, n)
		if _, err := io.ReadFull(conn, frame); err != nil {
			return
		}
		m, err := parse(frame)
		if err != nil {
			return
		}
		reply := s.answer(m)
		if reply == nil {
			return
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// answer finds the recorded reply and puts the caller's sequence number into it.
func (s *Server) answer(m message) []byte {
	reply, ok := s.rec.calls[m.key()]
	if !ok {
		s.mu.Lock()
		s.unheard = append(s.unheard, fmt.Sprintf("%s %q", m.method, m.args))
		s.mu.Unlock()
		reply = s.rec.unknown[m.method]
	}
	if len(reply) < 4 {
		return nil
	}
	reply = bytes.Clone(reply)
	answered, err := parse(reply[4:])
	if err != nil {
		return nil
	}
	copy(answered.seqid, m.seqid)
	if m.method == "getLeader" || m.method == "getClusterInfo" {
		s.rebase(reply)
	}
	return reply
}

// rebase replaces the port of the recorded Nimbuses: field 2 of NimbusSummary, an
// i32.
func (s *Server) rebase(reply []byte) {
	for _, port := range []uint16{6627, 26627} {
		was := binary.BigEndian.AppendUint32([]byte{8, 0, 2}, uint32(port))
		is := binary.BigEndian.AppendUint32([]byte{8, 0, 2}, uint32(s.port))
		for i := 0; ; {
			at := bytes.Index(reply[i:], was)
			if at < 0 {
				break
			}
			copy(reply[i+at:], is)
			i += at + len(was)
		}
	}
}
