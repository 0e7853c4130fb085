package sshpool

import (
	"context"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// link is one connection to a host.
type link struct {
	host     *Host
	wire     *wire
	client   *ssh.Client
	settings Settings
	way      string // how the user logged in
	steps    []Step
	hop      *link // the jump it runs through, held as long as it lives
	gone     chan struct{}

	// Guarded by host.mu.
	used    int       // sessions, and tunnels, that hold it
	session int       // sessions alone
	freed   time.Time // when a session ended last
	err     error
	idle    *time.Timer
}

func newLink(h *Host, w *wire, c *ssh.Client, s Settings, way string) *link {
	l := &link{host: h, wire: w, client: c, settings: s, way: way, gone: make(chan struct{})}
	interval, count := l.alive()
	w.writeLimit.Store(int64(interval * time.Duration(count)))
	return l
}

// alive are the interval and the number of the keep-alive.
func (l *link) alive() (time.Duration, int) {
	interval := l.settings.AliveInterval
	if interval <= 0 {
		interval = aliveInterval
	}
	return interval, max(1, l.settings.AliveCount)
}

// run keeps a connection alive until it ends, and then tells the host.
func (l *link) run(ctx context.Context) {
	ended := make(chan error, 1)
	go func() { ended <- l.client.Wait() }()
	stop := make(chan struct{})
	var alive sync.WaitGroup
	alive.Go(func() { l.ask(stop) })
	alive.Go(func() { l.listen(stop) })
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		_ = l.wire.Close()
		err = <-ended
	}
	close(stop)
	_ = l.wire.Close()
	alive.Wait()
	close(l.gone)
	l.host.lost(l, err)
	if l.hop != nil {
		l.hop.release()
	}
}

// ask asks the peer for a sign of life when nothing was heard for an interval.
// It waits for the answer as long as the connection is open.
func (l *link) ask(stop <-chan struct{}) {
	interval, _ := l.alive()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		if l.wire.silence() < interval {
			continue
		}
		if _, _, err := l.client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			return
		}
	}
}

// listen closes the connection when nothing was heard for too long. Closing it is
// the only thing that frees those who wait for an answer.
func (l *link) listen(stop <-chan struct{}) {
	interval, count := l.alive()
	patience := interval * time.Duration(count)
	ticker := time.NewTicker(max(time.Millisecond, interval/8))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		if silence := l.wire.silence(); silence >= patience {
			l.end(&Error{Host: l.host.name, Phase: phaseOpen, Err: ErrLost, Cause: ErrTimeout, Text: ": no sign of life for " + inSeconds(silence)})
			return
		}
	}
}

// end closes the connection for a reason.
func (l *link) end(err error) {
	l.host.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.host.mu.Unlock()
	_ = l.wire.Close()
}

// release gives back what was held for something that is no session.
func (l *link) release() { l.host.release(l, false) }
