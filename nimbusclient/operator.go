package nimbusclient

import (
	"context"
	"errors"
)

// Operator changes a cluster. Make one with [NewOperator]; it has connections of
// its own, so that a change never waits for a read.
type Operator struct{ c *Client }

// NewOperator returns an operator. It does no I/O.
func NewOperator(cfg Config) *Operator { return &Operator{New(cfg)} }

// Close ends what is under way and closes the connection.
func (o *Operator) Close() { o.c.Close() }

// Change is one change of a cluster, ready to be sent; the functions below make
// them. Storm takes kill, activate, deactivate, rebalance and debug by a
// topology's name, and log levels and profiling by its id.
type Change struct {
	// Op is the Thrift call.
	Op string
	// About is the name or id that is sent.
	About string

	send func(*Session) error
}

// Do finds the leader, runs prepare over the connection, makes sure that this
// Nimbus still leads, and sends the change that prepare returned once. prepare
// reads what the change rests on, as whether the name still has the same id; its
// error keeps the change from being sent and is returned as it is. It may run
// twice, when the first connection turned out to be stale.
//
// An error that is [ErrOutcomeUnknown] says that the request may have arrived: it
// must not be repeated before the cluster was asked. After any other error
// nothing was changed: either nothing was sent, or Nimbus answered that it
// refuses.
func (o *Operator) Do(ctx context.Context, prepare func(*Session) (Change, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.c.life, cancel)()
	select {
	case o.c.turn <- struct{}{}:
	case <-ctx.Done():
		return o.c.ended(ctx)
	}
	defer func() { <-o.c.turn }()

	var change Change
	look := func(s *Session) (err error) {
		change, err = prepare(s)
		return err
	}
	again, err := o.c.readOnce(ctx, look)
	if again && ctx.Err() == nil {
		_, err = o.c.readOnce(ctx, look)
	}
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return o.c.ended(ctx)
	case err != nil:
		return err
	}
	return o.c.sendOnce(ctx, change)
}

// sendOnce sends a change over the connection that was just confirmed.
func (c *Client) sendOnce(ctx context.Context, change Change) error {
	cn := c.conn
	cn.wrote = false
	err := change.send(&Session{ctx: ctx, conn: cn})
	if cn.broken == nil {
		return err
	}
	c.rec.failed(cn.addr, cn.broken)
	c.unsettled = true
	wrote := cn.wrote
	c.drop()
	if !wrote {
		return cn.broken
	}
	return &Error{Op: change.Op, Addr: cn.addr, Err: ErrOutcomeUnknown, Cause: cn.broken, About: change.About}
}

// RebalanceOptions are what a rebalance is to change; nil and empty stay as they
// are.
type RebalanceOptions struct {
	// Wait is in seconds; nil is the topology's message timeout.
	Wait *int
	// Workers is the number of workers wanted.
	Workers *int
	// Executors are wanted by component. Nimbus lowers them to the tasks.
	Executors map[string]int
	// Resources are component → resource → amount for each task (2.0).
	Resources map[string]map[string]float64
	// Conf is a JSON object of configuration to override (2.0); "" for none.
	Conf string
}

// KillTopology ends a topology after wait seconds; nil is its message timeout.
func KillTopology(name string, wait *int) Change {
	return Change{"killTopologyWithOpts", name, func(s *Session) error {
		return s.wrap(name, s.client().KillTopologyWithOpts(s.about(name), name, fromKill(wait)))
	}}
}

// ActivateTopology lets a topology's spouts emit again.
func ActivateTopology(name string) Change {
	return Change{"activate", name, func(s *Session) error {
		return s.wrap(name, s.client().Activate(s.about(name), name))
	}}
}

// DeactivateTopology stops a topology's spouts.
func DeactivateTopology(name string) Change {
	return Change{"deactivate", name, func(s *Session) error {
		return s.wrap(name, s.client().Deactivate(s.about(name), name))
	}}
}

// RebalanceTopology gives a topology other workers and executors.
func RebalanceTopology(name string, o RebalanceOptions) Change {
	return Change{"rebalance", name, func(s *Session) error {
		return s.wrap(name, s.client().Rebalance(s.about(name), name, fromRebalance(o)))
	}}
}

// SetLogConfig changes dynamic log levels of the topology with an id, by logger
// (1.0). Loggers that are not named stay. [LogLevel.Action] is "UPDATE" or
// "REMOVE".
func SetLogConfig(id string, levels map[string]LogLevel) Change {
	return Change{"setLogConfig", id, func(s *Session) error {
		return s.wrap(id, s.client().SetLogConfig(s.about(id), id, fromLogConfig(levels)))
	}}
}

// SampleTuples switches the sampling of tuples of a component, or of all with component
// "" (1.0). Storm 2.x adds percent to the percentage that it has stored.
func SampleTuples(name, component string, on bool, percent float64) Change {
	return Change{"debug", name, func(s *Session) error {
		return s.wrap(name, s.client().Debug(s.about(name), name, component, on, percent))
	}}
}

// RequestProfile asks the supervisor of one worker of the topology with an id for a
// profiler's action (1.0): JPROFILE_STOP, JPROFILE_DUMP, JMAP_DUMP, JSTACK_DUMP or
// JVM_RESTART. For JPROFILE_STOP, Time is when the recording is to end.
func RequestProfile(id string, r ProfileRequest) Change {
	return Change{"setWorkerProfiler", id, func(s *Session) error {
		request, err := fromProfileRequest(r)
		if err != nil {
			return err
		}
		return s.wrap(id, s.client().SetWorkerProfiler(s.about(id), id, request))
	}}
}
