package sshpool

import (
	"net"
	"os"
	"sync"
	"time"
)

// deadlined gives a channel deadlines. When one passes, the reads and writes
// under way and all later ones fail with os.ErrDeadlineExceeded, because the
// channel is closed: unlike those of TCP they cannot be taken back.
type deadlined struct {
	net.Conn

	mu    sync.Mutex
	timer *time.Timer
	at    [2]time.Time // of reading and of writing
	late  bool
}

func newDeadlined(c net.Conn) *deadlined { return &deadlined{Conn: c} }

func (d *deadlined) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	return n, d.word(err)
}

func (d *deadlined) Write(p []byte) (int, error) {
	n, err := d.Conn.Write(p)
	return n, d.word(err)
}

func (d *deadlined) word(err error) error {
	if err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.late {
		return os.ErrDeadlineExceeded
	}
	return err
}

func (d *deadlined) Close() error {
	_ = d.SetDeadline(time.Time{})
	return d.Conn.Close()
}

// SetDeadline sets both deadlines.
func (d *deadlined) SetDeadline(t time.Time) error { return d.set([2]bool{true, true}, t) }

// SetReadDeadline sets that of reading.
func (d *deadlined) SetReadDeadline(t time.Time) error { return d.set([2]bool{true, false}, t) }

// SetWriteDeadline sets that of writing.
func (d *deadlined) SetWriteDeadline(t time.Time) error { return d.set([2]bool{false, true}, t) }

func (d *deadlined) set(which [2]bool, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range which {
		if which[i] {
			d.at[i] = t
		}
	}
	next := d.at[0]
	if next.IsZero() || !d.at[1].IsZero() && d.at[1].Before(next) {
		next = d.at[1]
	}
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if !next.IsZero() {
		d.timer = time.AfterFunc(time.Until(next), d.expire)
	}
	return nil
}

func (d *deadlined) expire() {
	d.mu.Lock()
	now := time.Now()
	over := false
	for _, at := range d.at {
		over = over || !at.IsZero() && !now.Before(at)
	}
	d.late = d.late || over
	d.mu.Unlock()
	if over {
		_ = d.Conn.Close()
	}
}
