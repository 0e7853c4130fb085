package sim

import (
	"net"
	"sync"
	"time"
)

// socketBuffer is how much an end of a connection takes before its reader asks,
// as the buffer of a socket does.
const socketBuffer = 64 << 10

// lingering is how long a closed end tries to deliver what it has taken.
const lingering = time.Second

// buffered is an end of a net.Pipe that does not wait for the other end's reader:
// protocols in which both sides speak first need that.
type buffered struct {
	net.Conn
	mu      sync.Mutex
	changed *sync.Cond
	pending []byte
	failed  error
	closed  bool
}

func newBuffered(c net.Conn, work *sync.WaitGroup) *buffered {
	b := &buffered{Conn: c}
	b.changed = sync.NewCond(&b.mu)
	work.Go(b.deliver)
	return b
}

// deliver passes on what was written, until the end is closed.
func (b *buffered) deliver() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for len(b.pending) == 0 && !b.closed && b.failed == nil {
			b.changed.Wait()
		}
		if b.failed != nil || len(b.pending) == 0 {
			_ = b.Conn.Close()
			return
		}
		part := b.pending
		b.pending = nil
		b.changed.Broadcast()
		b.mu.Unlock()
		_, err := b.Conn.Write(part)
		b.mu.Lock()
		if err != nil {
			b.failed = err
			b.changed.Broadcast()
		}
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := 0; ; {
		for len(b.pending) >= socketBuffer && !b.closed && b.failed == nil {
			b.changed.Wait()
		}
		switch {
		case b.failed != nil:
			return n, b.failed
		case b.closed:
			return n, net.ErrClosed
		}
		take := min(len(p)-n, socketBuffer-len(b.pending))
		b.pending = append(b.pending, p[n:n+take]...)
		b.changed.Broadcast()
		if n += take; n == len(p) {
			return n, nil
		}
	}
}

// Close delivers what was written, for as long as somebody reads it.
func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	b.closed = true
	b.changed.Broadcast()
	// Whoever reads here is told at once.
	_ = b.SetReadDeadline(time.Unix(1, 0))
	return b.SetWriteDeadline(time.Now().Add(lingering))
}
