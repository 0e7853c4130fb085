package follow

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"
)

const (
	// keptFor is how long a session goes on after nobody looks at it any more.
	keptFor = 15 * time.Minute
	// maxSessions is how many there may be; of more, the one unseen for longest
	// is closed.
	maxSessions = 8
)

// Sessions opens sessions and keeps those that were left a while. Close it.
type Sessions struct {
	cfg    Config
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	list []*Session // the one opened last is the last
}

// NewSessions makes a manager whose sessions all read as cfg says.
func NewSessions(cfg Config) *Sessions {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Sessions{cfg: cfg, cancel: cancel}
	m.wg.Go(func() { m.sweepAlways(ctx) })
	return m
}

// Open gives the session of a target: the one there is, or another one.
func (m *Sessions) Open(t Target) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range m.list {
		if reflect.DeepEqual(s.Target(), t) {
			m.list = append(slices.Delete(m.list, i, i+1), s)
			s.mu.Lock()
			s.released = time.Time{}
			s.mu.Unlock()
			return s
		}
	}
	m.drop(maxSessions - 1)
	cfg := m.cfg
	if !t.From.IsZero() || !t.To.IsZero() {
		cfg.Since, cfg.Until, cfg.Rotated = t.From, t.To, true
	}
	s := New(cfg, []Target{t}, nil)
	m.list = append(m.list, s)
	return s
}

// drop closes the sessions unseen for longest until at most n are left; those
// that are seen stay. The lock is held.
func (m *Sessions) drop(n int) {
	for len(m.list) > n {
		oldest := -1
		for i, s := range m.list {
			if at := s.unseenSince(); !at.IsZero() && (oldest < 0 || at.Before(m.list[oldest].unseenSince())) {
				oldest = i
			}
		}
		if oldest < 0 {
			return
		}
		m.end(oldest)
	}
}

// end closes one session, which may take as long as a host needs. The lock is
// held.
func (m *Sessions) end(i int) {
	s := m.list[i]
	m.list = slices.Delete(m.list, i, i+1)
	m.wg.Go(func() { _ = s.Close() })
}

func (m *Sessions) sweepAlways(ctx context.Context) {
	const often = 30 * time.Second
	t := time.NewTicker(often)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			m.sweep()
		}
	}
}

// sweep closes the sessions that were left long ago.
func (m *Sessions) sweep() {
	now := m.cfg.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range slices.Backward(m.list) {
		if at := s.unseenSince(); !at.IsZero() && now.Sub(at) >= keptFor {
			m.end(i)
		}
	}
}

// Close ends all sessions and awaits their ends.
func (m *Sessions) Close() {
	m.cancel()
	m.mu.Lock()
	for len(m.list) > 0 {
		m.end(0)
	}
	m.mu.Unlock()
	m.wg.Wait()
}

// unseenSince is when a session was released, zero while it is looked at.
func (s *Session) unseenSince() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.released
}
