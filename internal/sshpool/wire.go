package sshpool

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBanner bounds what a server may say before it names its version.
	maxBanner = 16 << 10
	// maxFirst is how much of it is kept to be shown.
	maxFirst = 200
)

var errOversizeBanner = errors.New("it says more than 16 KB before it names its version")

// wire is the connection under one SSH connection. It knows how far the handshake
// has come, what a peer that is not SSH said, and when the peer was last heard.
type wire struct {
	net.Conn

	since time.Time    // when it was made
	heard atomic.Int64 // when bytes came last, ns after since
	// writeLimit bounds one write, ns; 0 while the handshake has its own deadline.
	writeLimit atomic.Int64

	mu     sync.Mutex
	phase  string
	first  []byte // the beginning of what the peer said
	line   []byte // the beginning of its current line
	before int    // bytes read before the version
	closed bool
}

func newWire(conn net.Conn) *wire {
	return &wire{Conn: conn, since: time.Now(), phase: phaseBanner}
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.heard.Store(int64(time.Since(w.since)))
		if over := w.look(p[:n]); over {
			return 0, errOversizeBanner
		}
	}
	return n, err
}

// look watches for the line with the version.
func (w *wire) look(p []byte) (over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase != phaseBanner {
		return false
	}
	w.first = append(w.first, p[:min(len(p), maxFirst-len(w.first))]...)
	for _, c := range p {
		w.before++
		if c == '\n' {
			if bytes.HasPrefix(w.line, []byte("SSH-")) {
				w.phase = phaseKex
				return false
			}
			w.line = w.line[:0]
		} else if len(w.line) < 8 {
			w.line = append(w.line, c)
		}
	}
	return w.before > maxBanner
}

func (w *wire) Write(p []byte) (int, error) {
	if limit := w.writeLimit.Load(); limit > 0 {
		_ = w.SetWriteDeadline(time.Now().Add(time.Duration(limit)))
	}
	n, err := w.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// A part may be out: nothing can be said after it.
		_ = w.Close()
	}
	return n, err
}

func (w *wire) Close() error {
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	if closed {
		return nil
	}
	return w.Conn.Close()
}

func (w *wire) in(phase string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = phase
}

func (w *wire) progress() (phase, first string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.phase, string(w.first)
}

// silence is how long the peer has not been heard.
func (w *wire) silence() time.Duration {
	return time.Since(w.since) - time.Duration(w.heard.Load())
}

// guard closes a connection when its time is over. It stands still while the user
// is asked something.
type guard struct {
	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration
	since time.Time
	fired bool
	close io.Closer
}

func newGuard(d time.Duration, c io.Closer) *guard {
	g := &guard{left: d, close: c}
	g.resume()
	return g
}

func (g *guard) resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since = time.Now()
	g.timer = time.AfterFunc(g.left, func() {
		g.mu.Lock()
		g.fired = true
		g.mu.Unlock()
		_ = g.close.Close()
	})
}

func (g *guard) pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
	g.left = max(time.Second, g.left-time.Since(g.since))
}

// stop ends the guard and reports whether the time was over.
func (g *guard) stop() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer.Stop()
	return g.fired
}
