package nimbusclient

import (
	"context"
	"errors"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// noSuchTopology is asked about to learn which calls a server knows.
const noSuchTopology = "no-such-topology-0-0"

// ask asks for the leader in the way the server understands. leads is set when
// it knows no leaders, because then it is the only one.
func (cn *conn) ask(ctx context.Context) (named *Nimbus, leads bool, err error) {
	cn.server.HasGetLeader = true
	named, err = cn.namedLeader(ctx)
	if !errors.Is(err, ErrUnsupported) {
		return named, false, err
	}
	cn.server.HasGetLeader = false
	s := &Session{ctx: ctx, conn: cn}
	cluster, err := s.Cluster()
	if errors.Is(err, ErrUnsupported) {
		return nil, false, &Error{Op: "getClusterInfo", Addr: cn.addr, Err: ErrNotNimbus}
	}
	if err != nil {
		return nil, false, err
	}
	if len(cluster.Nimbuses) > 0 {
		cn.server.Line = V1
		return cluster.leader(), false, nil
	}
	cn.server.HasPageCalls, err = s.knows(func(c *storm.NimbusClient) error {
		_, err := c.GetTopologyPageInfo(ctx, noSuchTopology, string(Window10m), false)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if cn.server.HasPageCalls {
		cn.server.Line = V1
		return nil, false, nil
	}
	cn.server.HasInfoOptions, err = s.knows(func(c *storm.NimbusClient) error {
		_, err := c.GetTopologyInfoWithOpts(ctx, noSuchTopology, errorsWanted(ErrorsNone))
		return err
	})
	cn.server.Line = V0_9
	if cn.server.HasInfoOptions {
		cn.server.Line = V0_10
	}
	for _, sup := range cluster.Supervisors {
		if lineOf(sup.Version) == cn.server.Line {
			cn.server.Version = sup.Version
		}
	}
	return nil, true, err
}

// namedLeader returns whom this Nimbus names, nil when nobody leads.
func (cn *conn) namedLeader(ctx context.Context) (*Nimbus, error) {
	s := &Session{ctx: ctx, conn: cn}
	if cn.server.HasGetLeader {
		return s.leader()
	}
	cluster, err := s.Cluster()
	if err != nil {
		return nil, err
	}
	return cluster.leader(), nil
}

func (cl *Cluster) leader() *Nimbus {
	for _, n := range cl.Nimbuses {
		if n.Leader {
			return &n
		}
	}
	return nil
}

// knows makes a call that must fail and reports whether the server knew it.
func (s *Session) knows(call func(*storm.NimbusClient) error) (bool, error) {
	err := s.wrap("", call(s.client()))
	switch {
	case errors.Is(err, ErrUnsupported):
		return false, nil
	case s.conn.broken != nil:
		return false, err
	}
	return true, nil
}

// identify finds out what the leader is able to answer.
func (cn *conn) identify(ctx context.Context) error {
	if cn.server.Line != LineUnknown && cn.server.Line < V1 {
		return nil // ask knows everything already
	}
	cn.server.HasPageCalls, cn.server.HasInfoOptions = true, true
	cn.server.Version = cn.leader.Version
	if line := lineOf(cn.leader.Version); line != LineUnknown {
		cn.server.Line = line
		return nil
	}
	s := &Session{ctx: ctx, conn: cn}
	two, err := s.knows(func(c *storm.NimbusClient) error {
		_, err := c.GetTopologySummaries(ctx)
		return err
	})
	if err == nil && !two {
		_, err = s.Owners()
		two = err == nil
		if errors.Is(err, ErrUnsupported) {
			err = nil
		}
	}
	cn.server.Line = V1
	if two {
		cn.server.Line = V2
	}
	return err
}
