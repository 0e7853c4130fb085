package main

import (
	"context"
	"errors"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// picture watches the cluster, as the console does, until enough is known, the
// cluster does not answer, or it takes too long; then the answer is made of what
// is there.
func (q *inquiry) picture(ctx context.Context, demand cluster.Demand, enough func(*cluster.Snapshot) bool) (*cluster.Snapshot, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	poller := cluster.New(q.polling())
	poller.Demand(demand)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		poller.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	// Each answer may take the whole timeout; the picture needs several.
	patience := time.NewTimer(2 * q.cfg.Timeout.V)
	defer patience.Stop()
	var s *cluster.Snapshot
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-patience.C:
			if s == nil || s.Cluster == nil {
				return nil, context.DeadlineExceeded
			}
			q.warn("Not everything was answered in %s.", 2*q.cfg.Timeout.V)
			return q.taken(s), nil
		case s = <-poller.Snapshots():
		}
		if s.Link.NimbusErr != nil {
			return nil, s.Link.NimbusErr
		}
		if s.Cluster != nil && s.NimbusConf != nil && settled(s) && enough(s) {
			return q.taken(s), nil
		}
	}
}

// settled reports whether ZooKeeper has answered, cannot, or is not used.
func settled(s *cluster.Snapshot) bool {
	return s.ZK != nil || s.Link.ZKErr != nil || s.Link.ZKOff != ""
}

// taken notes where and when the picture was taken and what is missing in it.
func (q *inquiry) taken(s *cluster.Snapshot) *cluster.Snapshot {
	q.server, q.conf, q.asOf = s.Link.Nimbus.Server, s.NimbusConf, s.ClusterAt
	const missing = "ports of free slots, desired parallelism and start times are not known"
	switch {
	case s.ZK != nil:
	case s.Link.ZKErr != nil:
		q.warn("ZooKeeper cannot be read (%v): %s.", s.Link.ZKErr, missing)
	case s.Link.ZKOff != "":
		q.warn("ZooKeeper is not used (%s): %s.", s.Link.ZKOff, missing)
	}
	return s
}

// polling is how a picture is taken: at once, without sparing Nimbus.
func (q *inquiry) polling() cluster.Config {
	p := cluster.Config{Nimbus: cluster.Over(q.nimbus), Every: time.Hour, MaxRPS: 1000, MaxPages: 1000}
	switch {
	case !q.cfg.UseZooKeeper.V:
		p.ZKOff = q.cfg.UseZooKeeper.Origin.Short()
	case len(q.cfg.ZooKeeper.V) > 0:
		p.ZK = q.openZooKeeper(addresses(q.cfg.ZooKeeper.V), q.cfg.ZooKeeperRoot.V)
	default:
		p.ZKLater = func(conf map[string]any, host string) (cluster.ZooKeeper, string) {
			servers, root := zooKeeperOf(conf, host)
			if len(servers) == 0 {
				return nil, "Nimbus' configuration names no servers"
			}
			return q.openZooKeeper(servers, root), ""
		}
	}
	return p
}

func (q *inquiry) openZooKeeper(servers []string, root string) *zkview.Client {
	q.zk = zkview.New(zkview.Config{Servers: servers, Root: root, Timeout: q.cfg.Timeout.V, Now: q.now})
	return q.zk
}

// layout reads which slot of which host runs what.
func (q *inquiry) layout(ctx context.Context) (report.Layout, error) {
	s, err := q.picture(ctx, cluster.Demand{Hosts: map[string]bool{"*": true}, NimbusConf: true}, func(s *cluster.Snapshot) bool {
		for _, h := range s.Hosts {
			if h.Supervisor != nil && h.WorkersAt.IsZero() && h.Err == nil {
				return s.Link.Nimbus.Server.Line < nimbusclient.V1 // which has no such pages
			}
		}
		return true
	})
	if err != nil {
		return report.Layout{}, err
	}
	l := report.Layout{AsOf: s.ClusterAt, Hosts: s.Hosts, Names: map[string]string{}}
	for _, t := range s.Cluster.Topologies {
		l.Names[t.ID] = t.Name
	}
	if !untold(s) {
		return l, nil
	}
	// Neither ZooKeeper nor pages of the supervisors: every executor names its
	// host and port.
	q.try(ctx, "which slots are in use is not fully known", func(n *nimbusclient.Session) error {
		l.Infos = nil
		for _, t := range s.Cluster.Topologies {
			info, err := n.InfoErrors(t.ID, nimbusclient.ErrorsNone)
			switch {
			case errors.Is(err, nimbusclient.ErrNotAlive): // gone meanwhile
			case err != nil:
				return err
			default:
				l.Infos = append(l.Infos, *info)
			}
		}
		return nil
	})
	return l, nil
}

// untold reports whether slots are in use of which nobody told by whom, or
// workers whose uptime is not known.
func untold(s *cluster.Snapshot) bool {
	for _, h := range s.Hosts {
		if h.Supervisor == nil || h.Supervisor.UsedSlots == nil {
			continue
		}
		told := 0
		for _, slot := range h.Slots {
			if slot.TopologyID != "" && slot.UptimeSecs != nil {
				told++
			}
		}
		if told < *h.Supervisor.UsedSlots {
			return true
		}
	}
	return false
}
