package ui

import (
	"fmt"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// header is the first row: cluster, leader, freshness and mode always; version,
// ZooKeeper, clock and the program's name while there is room.
func (m *model) header() string {
	s := m.env.Snap
	style := kit.RowHeader
	name := m.env.ClusterName
	if m.env.Prod {
		style, name = kit.RowProd, name+" PROD"
	}
	left := []seg{
		{text: " stormtop ", rank: 4},
		{text: " " + name},
	}
	if v := stormVersion(s); v != "" {
		left = append(left, seg{text: "   Storm " + v, rank: 2})
	}
	left = append(left, seg{text: "   "})
	left = append(left, m.leader()...)
	left = append(left, m.zooKeeper()...)
	right := append(m.fresh(), seg{text: "   "})
	right = append(right, m.mode(), seg{text: "   " + m.env.Now.Format("15:04:05Z07:00"), rank: 5}, seg{text: " "})
	return row(m.env.Theme, m.lay.w, style, left, right)
}

// leader names who leads, or says in words why nobody does.
func (m *model) leader() []seg {
	l := m.env.Snap.Link.Nimbus.Leader
	addr := l.Nimbus.Addr()
	switch l.Phase {
	case nimbusclient.LeaderConfirmed:
		return []seg{{text: "leader " + addr}}
	case nimbusclient.LeaderSettling:
		return []seg{{text: "leader " + addr}, {text: " (taking over)", tok: theme.Wait}}
	case nimbusclient.LeaderDead:
		return []seg{{text: "leader " + addr}, {text: " (not answering)", tok: theme.Crit}}
	case nimbusclient.LeaderNone:
		return []seg{{text: "leader "}, {text: "none", tok: theme.Crit}}
	case nimbusclient.LeaderUnknown:
	}
	// Before 1.0 there is one Nimbus and no word of leading.
	if srv := m.env.Snap.Link.Nimbus.Server; (srv.Line == nimbusclient.V0_9 || srv.Line == nimbusclient.V0_10) && srv.Addr != "" {
		if m.env.Snap.Link.NimbusErr != nil {
			return []seg{{text: "nimbus " + srv.Addr}, {text: " (not answering)", tok: theme.Crit}}
		}
		return []seg{{text: "nimbus " + srv.Addr}}
	}
	return []seg{{text: "leader ?"}}
}

// zooKeeper says how many of its servers are known to be reachable; absent when
// it is not used.
func (m *model) zooKeeper() []seg {
	s := m.env.Snap
	if s.Link.ZKOff != "" {
		return nil
	}
	g := m.env.Theme.Glyphs
	good, total := s.Link.ZK.Reachable()
	glyph, tok := g.OK, theme.OK
	switch {
	case s.Link.ZKErr != nil:
		glyph, tok = g.Crit, theme.Crit
	case s.ZK == nil:
		glyph, tok = g.Wait, theme.Wait
	}
	return []seg{
		{text: "   zk ", rank: 3},
		{text: glyph, tok: tok, rank: 3},
		{text: fmt.Sprintf(" %d/%d", good, total), rank: 3},
	}
}

// fresh says how old the picture is, and that it is frozen or stale.
func (m *model) fresh() []seg {
	s := m.env.Snap
	if m.paused() {
		return []seg{{text: "PAUSED " + m.pausedAt.Format(time.TimeOnly), tok: theme.Paused}}
	}
	at := s.ClusterAt
	if at.IsZero() {
		at = s.ZKAt
	}
	if at.IsZero() {
		return []seg{{text: "no data yet"}}
	}
	age := max(0, m.env.Now.Sub(at))
	if s.Stale(m.env.Now) {
		return []seg{{text: "STALE " + human.Age(m.env.Now.Sub(s.Link.StaleSince)), tok: theme.Stale}}
	}
	beat := ""
	if p := s.HeartbeatPeriod; p > 0 && s.Cluster != nil {
		beat = fmt.Sprintf(" · stats ≤%s", every(p))
	}
	return []seg{{text: "data " + human.Age(age)}, {text: beat, rank: 3}}
}

func (m *model) mode() seg {
	tok := theme.Text
	if m.env.Mode.ReadOnly {
		tok = theme.Lock
	}
	return seg{text: m.env.Mode.Word, tok: tok}
}

// stormVersion is the version of the server, as far as it is known.
func stormVersion(s *cluster.Snapshot) string {
	if v := s.Link.Nimbus.Server.Version; v != "" {
		return v
	}
	if s.Cluster == nil {
		return ""
	}
	for _, n := range s.Cluster.Nimbuses {
		if n.Leader && n.Version != "" {
			return n.Version
		}
	}
	if line := s.Link.Nimbus.Server.Line; line != nimbusclient.LineUnknown {
		return line.String()
	}
	return ""
}

// every writes a period: "10s", "2m".
func every(d time.Duration) string { return human.Age(d) }
