package cluster

import (
	"context"
	"net"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

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
		for {
			view, err := zk.View(ctx)
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
		return
	}
	l.mem.setZK(r.view, time.Now())
	// A topology that Nimbus has not told of yet, or tells of no more, shows at
	// the next summary: bring it forward.
	if c := l.mem.cluster; c != nil && l.link.NimbusErr == nil {
		alive := map[string]bool{}
		for _, t := range c.Topologies {
			alive[t.ID] = true
		}
		for id, base := range r.view.Storms {
			row := rowOf(c, id)
			if !alive[id] || row != nil && base.Status != "" && string(row.Status) != base.Status {
				l.bringForward()
				return
			}
		}
		for id := range alive {
			if _, ok := r.view.Storms[id]; !ok {
				l.bringForward()
				return
			}
		}
	}
}

// bringForward makes the summary due, at most once a second.
func (l *loop) bringForward() {
	if time.Since(l.polled) > time.Second {
		l.polled = time.Time{}
		l.nudge()
	}
}

func rowOf(c *nimbusclient.Cluster, id string) *nimbusclient.TopologySummary {
	for i := range c.Topologies {
		if c.Topologies[i].ID == id {
			return &c.Topologies[i]
		}
	}
	return nil
}
