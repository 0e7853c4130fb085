package main

import (
	"context"
	"sync"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/screen"
)

// logSessions opens the console's log sessions and tells it when one of them has
// something new. Close it after the console.
type logSessions struct {
	sessions *follow.Sessions
	changed  chan struct{}
	cancel   context.CancelFunc
	life     context.Context //nolint:containedctx // of the goroutines that close ends
	work     sync.WaitGroup

	mu      sync.Mutex
	watched map[*follow.Session]bool
}

// newLogSessions shares a poller's feed with the sessions; Run of the feed is the
// caller's.
func newLogSessions(cfg *config.Config, feed *follow.Feed, hosts logs.Hosts, why string, viewer logs.Logviewer) *logSessions {
	l := &logSessions{changed: make(chan struct{}, 1), watched: map[*follow.Session]bool{}}
	l.life, l.cancel = context.WithCancel(context.Background())
	zone, err := config.Zone(cfg.LogZone.V)
	if err != nil {
		zone = nil // it was checked when the configuration was read
	}
	l.sessions = follow.NewSessions(follow.Config{
		Feed: feed, Hosts: hosts, NoSSH: why, Logviewer: viewer, Places: placesOf(cfg), Python: cfg.PythonLogs.V,
		Lines: consoleLines, Follow: true, Reorder: mergeWindow(cfg.LogReorder.V), Zone: zone, Budget: int64(cfg.LogMemory.V),
	})
	return l
}

// consoleLines is how much of each file's past a session begins with.
const consoleLines = 200

// Open gives the session of a target.
func (l *logSessions) Open(t screen.LogTarget) screen.LogSession {
	target := follow.Target{TopologyID: t.TopologyID, Host: t.Host, Port: t.Port, Daemon: t.Daemon, From: t.From, To: t.To}
	if t.Component != "" {
		target.Components = []string{t.Component}
	}
	s := l.sessions.Open(target)
	l.watch(s)
	return s
}

// Changed tells that some session shows something new.
func (l *logSessions) Changed() <-chan struct{} { return l.changed }

// watch passes on what a session tells, once for each.
func (l *logSessions) watch(s *follow.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched[s] || l.life.Err() != nil {
		return
	}
	l.watched[s] = true
	l.work.Go(func() {
		for {
			select {
			case <-l.life.Done():
				return
			case <-s.Done():
				l.mu.Lock()
				delete(l.watched, s)
				l.mu.Unlock()
				return
			case <-s.Changed():
				select {
				case l.changed <- struct{}{}:
				default:
				}
			}
		}
	})
}

// close ends all sessions.
func (l *logSessions) close() {
	l.cancel()
	l.work.Wait()
	l.sessions.Close()
}

// fed is a poller whose pictures go through a feed.
type fed struct {
	*follow.Feed
	poller *cluster.Poller
}

func (f fed) Refresh()                     { f.poller.Refresh() }
func (f fed) SetEvery(every time.Duration) { f.poller.SetEvery(every) }
