package cluster

import (
	"context"
	"errors"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// Reader asks one confirmed leader. *nimbusclient.Session is one.
type Reader interface {
	Server() nimbusclient.Server
	Cluster() (*nimbusclient.Cluster, error)
	Topology(id string, w nimbusclient.Window, sys bool) (*nimbusclient.Topology, error)
	Component(id, component string, w nimbusclient.Window, sys bool) (*nimbusclient.Component, error)
	Info(id string) (*nimbusclient.TopologyInfo, error)
	Structure(id string) (*nimbusclient.Structure, error)
	Conf(id string) (string, error)
	NimbusConf() (string, error)
	LogConfig(id string) (map[string]nimbusclient.LogLevel, error)
	SupervisorPage(id string, sys bool) (*nimbusclient.SupervisorPage, error)
}

// Nimbus is what a poller needs of Nimbus.
type Nimbus interface {
	// Read runs fn over one connection to the leader. What fn read counts only
	// when Read returns nil: then the answering daemon was the leader still.
	Read(ctx context.Context, fn func(Reader) error) error
	State() nimbusclient.State
}

// ZooKeeper is what a poller needs of ZooKeeper. *zkview.Client is one.
type ZooKeeper interface {
	View(ctx context.Context) (zkview.View, error)
	Changes() <-chan struct{}
	State() zkview.State
}

// Over makes a Nimbus of a client.
func Over(c *nimbusclient.Client) Nimbus { return client{c} }

type client struct{ c *nimbusclient.Client }

func (n client) State() nimbusclient.State { return n.c.State() }

func (n client) Read(ctx context.Context, fn func(Reader) error) error {
	return n.c.Read(ctx, func(s *nimbusclient.Session) error { return fn(s) })
}

// answered reports whether an error is Nimbus' own answer to one question, after
// which the connection goes on, and not a failure of the connection.
func answered(err error) bool {
	for _, is := range []error{
		nimbusclient.ErrNotAlive, nimbusclient.ErrUnauthorized, nimbusclient.ErrUnsupported, nimbusclient.ErrInternal,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
