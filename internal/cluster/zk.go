package cluster

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// probeEvery is how often the servers that are not in use are looked at.
const probeEvery = time.Minute

// prober is a ZooKeeper that can look at all its servers, for the header's
// count of those reachable.
type prober interface {
	Probe(ctx context.Context) zkview.State
}

// openZK opens ZooKeeper from Nimbus' own configuration, once.
func (l *loop) openZK(ctx context.Context, conf map[string]any, server nimbusclient.Server) {
	if l.zk != nil || l.zkTried || l.cfg.ZKLater == nil {
		return
	}
	l.zkTried = true
	host, _, err := net.SplitHostPort(server.Addr)
	if err != nil {
		host = server.Addr
	}
	zk, why := l.cfg.ZKLater(conf, host)
	if zk == nil {
		l.link.ZKOff = why
		return
	}
	l.zk, l.link.ZKOff = zk, ""
	l.startZK(ctx)
}

// startZK reads ZooKeeper whenever it changes and once every period, on a
// goroutine that ends with ctx and that Run awaits.
func (l *loop) startZK(ctx context.Context) {
	zk := l.zk
	l.wg.Go(func() {
		var probed time.Time
		for {
			view, err := zk.View(ctx)
			if p, ok := zk.(prober); ok && err == nil && time.Since(probed) >= probeEvery {
				p.Probe(ctx)
				probed = time.Now()
			}
			select {
			case <-ctx.Done():
				return
			case l.zkIn <- zkResult{view, err}:
			}
			l.mu.Lock()
			every := l.every
			l.mu.Unlock()
			timer := time.NewTimer(every)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			case <-l.zkWake:
			case <-zk.Changes():
				// More changes follow the first: a rebalance moves many nodes.
				timer.Reset(coalesce)
				select {
				case <-ctx.Done():
					timer.Stop()
					return
				case <-timer.C:
				}
			}
			timer.Stop()
		}
	})
}

func (l *loop) wakeZK() {
	select {
	case l.zkWake <- struct{}{}:
	default:
	}
}

// takeZK keeps a reading; a failed one leaves the last good one in place.
func (l *loop) takeZK(r zkResult) {
	l.link.ZKErr = r.err
	if r.err != nil {
		l.mem.zkLive = false
		return
	}
	l.mem.setZK(r.view, time.Now())
	// What appeared, went, or has a new leader is told by Nimbus with the next
	// summary: bring it forward. A view that says nothing new does not.
	alive := signature(r.view)
	if l.zkSeen != "" && alive != l.zkSeen {
		l.bringForward()
	}
	l.zkSeen = alive
}

// signature sums up who is alive and who leads.
func signature(v zkview.View) string {
	var parts []string
	for id, base := range v.Storms {
		parts = append(parts, id+" "+base.Status)
	}
	for _, s := range v.Supervisors {
		parts = append(parts, s.ID)
	}
	slices.Sort(parts)
	if v.Leader != nil {
		parts = append(parts, net.JoinHostPort(v.Leader.Host, strconv.Itoa(v.Leader.Port)))
	}
	return "of " + strings.Join(parts, "\n")
}

// bringForward makes the summary due, within a second of the last one at the
// soonest.
func (l *loop) bringForward() {
	soonest := l.polled.Add(time.Second)
	if now := time.Now(); l.polled.IsZero() || !now.Before(soonest) {
		l.polled, l.link.NextTry = time.Time{}, time.Time{}
		l.nudge()
		return
	}
	l.polled = soonest.Add(-l.mem.every)
	l.nudge()
}
