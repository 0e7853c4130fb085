package cluster

import (
	"context"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// Prime gives the trends a past before [Poller.Run] begins, for a cluster whose
// time its owner can move. It reads every executor of the chosen topologies
// times times, as a poll would, and calls forward between two readings, which
// must move the cluster by a heartbeat. Nothing but the points of the trends is
// kept, so that what the first snapshot says otherwise was read by Run itself.
// It must have returned before Run is called.
func (p *Poller) Prime(ctx context.Context, times int, chosen func(nimbusclient.TopologySummary) bool, forward func()) error {
	m := newMemory(time.Now(), p.cfg.Every)
	for i := range times {
		if i > 0 {
			forward()
		}
		seen := map[string]*nimbusclient.TopologyInfo{}
		var conf map[string]any
		var server nimbusclient.Server
		err := p.cfg.Nimbus.Read(ctx, func(r Reader) error {
			server = r.Server()
			if i == 0 {
				text, err := r.NimbusConf()
				if err != nil {
					return err
				}
				conf = decode(text)
			}
			c, err := r.Cluster()
			if err != nil {
				return err
			}
			for _, row := range c.Topologies {
				if !chosen(row) {
					continue
				}
				info, err := r.Info(row.ID)
				if err != nil {
					return err
				}
				seen[row.ID] = info
			}
			return nil
		})
		if err != nil {
			return err
		}
		m.setServer(server, conf)
		for id, info := range seen {
			d := m.detail(id)
			d.trends.see(info, d.heartbeat(m.heartbeat(), server.Line))
		}
	}
	p.primed = map[string]trends{}
	for id, d := range m.details {
		p.primed[id] = d.trends
	}
	return nil
}
