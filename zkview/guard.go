package zkview

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// maxPending bounds the requests that wait for a reply on one connection.
const maxPending = 4096

// guard stands between the network and the ZooKeeper library. The library
// believes every length and count it reads: a frame of four bytes ends the
// process, a list that claims two thousand million names allocates them. So
// each frame is read whole under one deadline, checked against the request that
// it answers, and handed over only then; the first violation closes the
// connection.
//
// Read is called by one goroutine of the library, Write by another.
type guard struct {
	net.Conn
	patience time.Duration // for one frame once its first bytes are there
	floor    int64         // the newest zxid seen before this connection
	// lost is told once why the connection ended.
	lost func(error)
	// answered is told of the first reply to a request of ours.
	answered func()

	mu       sync.Mutex
	greeted  bool // the connect request is out
	pending  map[int32]request
	idle     time.Time // the library's read deadline
	ended    bool
	hasReply bool
	zxid     int64 // the newest seen

	// What follows belongs to the reading goroutine.
	welcomed bool // the connect reply is in
	begun    time.Time
	frame    []byte
	unread   []byte
}

// request is what a reply is checked against.
type request struct {
	op   int32
	path string
}

// violation is a frame that breaks the protocol.
type violation struct {
	text, hint string
	path       string // of the request whose reply was too large; "" otherwise
}

func (v *violation) Error() string { return v.text }

// portHint is what to ask when something else answers.
const portHint = "is this ZooKeeper's client port (2181)?"

// thriftMark begins every message of Thrift's binary protocol.
const thriftMark = 0x8001

// errClosedEarly says that a peer hung up before it had answered the greeting.
var errClosedEarly = errors.New("closes the connection at once")

// errNeedsSASL says that a server wants a SASL login before anything else.
var errNeedsSASL = errors.New("answers, but asks for SASL")

func newGuard(conn net.Conn, patience time.Duration, floor int64, lost func(error), answered func()) *guard {
	return &guard{
		Conn: conn, patience: patience, floor: floor, zxid: floor, lost: lost, answered: answered,
		pending: make(map[int32]request), begun: time.Now(),
	}
}

// SetReadDeadline keeps the library's deadline for the gap between frames.
func (g *guard) SetReadDeadline(at time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = at
	return nil
}

// Write notes what is asked and sends it. A failed write closes the connection
// and is not returned: the library would answer the request twice, and the
// reading side learns of the end anyway.
func (g *guard) Write(data []byte) (int, error) {
	if err := g.note(data); err != nil {
		g.end(err)
		return len(data), nil
	}
	if _, err := g.Conn.Write(data); err != nil {
		g.end(err)
	}
	return len(data), nil
}

func (g *guard) note(data []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.greeted {
		g.greeted = true
		if len(data) >= 16 && g.floor > 0 {
			// A server that lags behind what was already shown must refuse us:
			// no view goes back in time. The library starts each session at 0.
			binary.BigEndian.PutUint64(data[8:], uint64(g.floor))
		}
		return nil
	}
	xid, op, path, err := sent(data)
	if err != nil {
		return fmt.Errorf("an outgoing request was not understood: %w", err)
	}
	if xid == xidPing {
		return nil
	}
	if len(g.pending) >= maxPending {
		return fmt.Errorf("%d requests without an answer", len(g.pending))
	}
	g.pending[xid] = request{op: op, path: path}
	return nil
}

// Read hands over the bytes of checked frames.
func (g *guard) Read(data []byte) (int, error) {
	if len(g.unread) == 0 {
		if err := g.next(); err != nil {
			g.end(err)
			return 0, err
		}
	}
	n := copy(data, g.unread)
	g.unread = g.unread[n:]
	return n, nil
}

// Close ends the connection.
func (g *guard) Close() error {
	g.end(net.ErrClosed)
	return nil
}

// end closes the connection and tells why, once.
func (g *guard) end(cause error) {
	g.mu.Lock()
	first := !g.ended
	g.ended = true
	g.mu.Unlock()
	if first {
		_ = g.Conn.Close() // nothing was left to be written
		g.lost(cause)
	}
}

// goodbye asks the server to end the session; the answer ends the connection.
func (g *guard) goodbye() {
	op := int32(opClose)
	frame := make([]byte, 0, 12)
	frame = binary.BigEndian.AppendUint32(frame, 8)
	frame = binary.BigEndian.AppendUint32(frame, xidGoodbye)
	frame = binary.BigEndian.AppendUint32(frame, uint32(op))
	_, _ = g.Write(frame) // a failure ends the connection too
}

// next reads one frame, header included, and checks it.
func (g *guard) next() error {
	if cap(g.frame) > 256<<10 {
		g.frame = nil // a rare large one is not kept
	}
	g.frame = grow(g.frame[:0], 4)
	deadline := g.begun.Add(g.patience) // of the greeting
	if g.welcomed {
		g.mu.Lock()
		deadline = g.idle
		g.mu.Unlock()
	}
	if err := g.fill(g.frame, deadline); err != nil {
		if !g.welcomed && isEOF(err) {
			return errClosedEarly
		}
		return err
	}
	if g.welcomed {
		deadline = time.Now().Add(g.patience)
	}
	size := binary.BigEndian.Uint32(g.frame)
	if !g.welcomed {
		return g.welcome(size, deadline)
	}
	return g.reply(size, deadline)
}

// welcome reads the reply to the connect request.
func (g *guard) welcome(size uint32, deadline time.Time) error {
	if size < minHello || size > maxHello {
		return strangeGreeting(size)
	}
	g.frame = grow(g.frame, int(size))
	if err := g.fill(g.frame[4:], deadline); err != nil {
		return fmt.Errorf("the greeting breaks off: %w", err)
	}
	if binary.BigEndian.Uint16(g.frame[4:]) == thriftMark {
		return &violation{text: "a Thrift server answers there", hint: "that may be Nimbus' port; ZooKeeper's is 2181"}
	}
	if err := checkHello(g.frame[4:]); err != nil {
		return &violation{text: "does not speak ZooKeeper: its greeting has " + err.Error(), hint: portHint}
	}
	g.welcomed = true
	g.unread = g.frame
	return nil
}

// reply reads a reply or an event.
func (g *guard) reply(size uint32, deadline time.Time) error {
	if size < headerSize {
		return &violation{text: fmt.Sprintf("sent a frame of %d bytes, too short for a reply", size)}
	}
	g.frame = grow(g.frame, headerSize)
	if err := g.fill(g.frame[4:], deadline); err != nil {
		return err
	}
	xid := int32(binary.BigEndian.Uint32(g.frame[4:]))
	zxid := int64(binary.BigEndian.Uint64(g.frame[8:]))
	code := int32(binary.BigEndian.Uint32(g.frame[16:]))
	asked, known := g.answer(xid, zxid)
	if size > maxFrame {
		g.proven() // what it speaks is ZooKeeper
		return &violation{
			text: fmt.Sprintf("announces a reply of %d bytes, more than the %d allowed", size, maxFrame),
			path: asked.path,
		}
	}
	g.frame = grow(g.frame, int(size)-headerSize)
	if err := g.fill(g.frame[4+headerSize:], deadline); err != nil {
		return err
	}
	body := g.frame[4+headerSize:]
	var err error
	switch {
	case xid == xidEvent:
		err = checkEvent(body)
	case xid == xidPing:
	case xid == xidGoodbye && known:
		return io.EOF
	case !known:
		err = fmt.Errorf("transaction id %d, which was not asked", xid)
	case code == needsSASL:
		return errNeedsSASL
	case code == authFailed:
		return &violation{text: "refused the credentials", hint: "zookeeper.auth: scheme and payload"}
	case code == 0:
		err = checkReply(asked.op, body)
	}
	if err != nil {
		return &violation{text: "sent a reply with " + err.Error()}
	}
	if known && code == 0 {
		g.proven()
	}
	g.unread = g.frame
	return nil
}

// answer takes the request that xid answers off the list.
func (g *guard) answer(xid int32, zxid int64) (request, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.zxid = max(g.zxid, zxid)
	asked, known := g.pending[xid]
	delete(g.pending, xid)
	return asked, known
}

// newest returns the newest zxid seen.
func (g *guard) newest() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.zxid
}

func (g *guard) proven() {
	g.mu.Lock()
	first := !g.hasReply
	g.hasReply = true
	g.mu.Unlock()
	if first {
		g.answered()
	}
}

// fill reads exactly len(data) bytes before the deadline.
func (g *guard) fill(data []byte, deadline time.Time) error {
	if len(data) == 0 {
		return nil // the peer may have hung up behind the last byte
	}
	if err := g.Conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	_, err := io.ReadFull(g.Conn, data)
	return err
}

// isEOF reports whether the peer hung up; a tunnel says so in its own way.
func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe)
}

// grow lengthens data by n bytes. What a peer announces is allocated at most
// once and never beyond maxFrame.
func grow(data []byte, n int) []byte {
	if cap(data)-len(data) >= n {
		return data[:len(data)+n]
	}
	longer := make([]byte, len(data)+n)
	copy(longer, data)
	return longer
}

// strangeGreeting names the other protocols that answer on a wrong port.
func strangeGreeting(size uint32) error {
	var word [4]byte
	binary.BigEndian.PutUint32(word[:], size)
	switch {
	case string(word[:]) == "HTTP":
		return &violation{text: "a web server answers there", hint: portHint}
	case string(word[:]) == "SSH-":
		return &violation{text: "an ssh server answers there", hint: portHint}
	case word[0] == 0x15 && word[1] == 3:
		return &violation{text: "answers with TLS", hint: "this is a secure client port; use the plain one"}
	}
	return &violation{
		text: fmt.Sprintf("does not speak ZooKeeper: its greeting announces %d bytes", size),
		hint: portHint,
	}
}
