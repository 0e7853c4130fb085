package lab

import (
	"context"
	"fmt"
	"io"
	"syscall"
)

// Start starts one daemon of the cluster, such as "nimbus" on "127.0.0.2",
// and returns when it answers; one that runs is left alone.
func (c *Cluster) Start(ctx context.Context, host, name string) error {
	l, err := c.lab()
	if err != nil {
		return err
	}
	return l.startOne(ctx, host, name)
}

// Stop ends one daemon as an operator would, with SIGTERM.
func (c *Cluster) Stop(ctx context.Context, host, name string) error {
	return c.signal(ctx, host, name, syscall.SIGTERM)
}

// Kill ends one daemon as a crash would, with SIGKILL. A leader should not be
// killed within the first seconds of its standby, which is still fetching the
// topologies' code and ends itself when that fails.
func (c *Cluster) Kill(ctx context.Context, host, name string) error {
	return c.signal(ctx, host, name, syscall.SIGKILL)
}

func (c *Cluster) signal(ctx context.Context, host, name string, sig syscall.Signal) error {
	l, err := c.lab()
	if err != nil {
		return err
	}
	return l.stopOne(ctx, host, name, sig)
}

// Running says whether the daemon runs, and its pid.
func (c *Cluster) Running(host, name string) (int, bool) {
	l, err := c.lab()
	if err != nil {
		return 0, false
	}
	d, err := l.find(host, name)
	if err != nil {
		return 0, false
	}
	p, ok := l.running(d)
	return p.pid, ok
}

// Submit submits the named topologies of the lab; those that run are left
// alone. It returns when every Nimbus has them, before their workers run.
func (c *Cluster) Submit(ctx context.Context, names ...string) error {
	l, err := c.lab()
	if err != nil {
		return err
	}
	return l.submit(ctx, names)
}

// KillTopology asks the leader to end the topology after wait seconds and
// does not wait for its end.
func (c *Cluster) KillTopology(ctx context.Context, name string, wait int32) error {
	l, err := c.lab()
	if err != nil {
		return err
	}
	return l.kill(ctx, name, wait)
}

// Leader returns host:port of the Nimbus that says of itself that it leads.
func (c *Cluster) Leader(ctx context.Context) (string, error) {
	l, err := c.lab()
	if err != nil {
		return "", err
	}
	s, err := l.ask(ctx)
	return s.leader, err
}

// TopologyIDs maps the names of the topologies that Nimbus lists to their ids.
func (c *Cluster) TopologyIDs(ctx context.Context) (map[string]string, error) {
	l, err := c.lab()
	if err != nil {
		return nil, err
	}
	s, err := l.ask(ctx)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string, len(s.topologies))
	for _, t := range s.topologies {
		ids[t.name] = t.id
	}
	return ids, nil
}

// Rotate makes every worker's log begin a new generation and returns when all
// did, telling its progress to out, which may be nil.
func (c *Cluster) Rotate(ctx context.Context, out io.Writer) error {
	l, err := New(c.Settings, out)
	if err != nil {
		return err
	}
	return l.rotate(ctx)
}

func (l *Lab) startOne(ctx context.Context, host, name string) error {
	d, err := l.find(host, name)
	if err != nil {
		return err
	}
	release, err := l.turn(ctx, l.set.Dir+".lock")
	if err != nil {
		return err
	}
	defer release()
	if p, ok := l.running(d); ok {
		l.say("%s runs already, pid %d", d, p.pid)
		return nil
	}
	if !exists(l.bindto()) || !exists(l.hostDir(host)) {
		return fmt.Errorf("starting %s: there is no cluster in %s: bring it up first", d, l.set.Dir)
	}
	if err := l.portsFree(ctx, []daemon{d}); err != nil {
		return err
	}
	w := &waiter{lab: l}
	if err := w.start(ctx, d, nil); err != nil {
		return err
	}
	if d.kind == "nimbus" {
		// It may well come up as a standby: then it need not lead.
		addr := hostPort(d.host, l.port(d))
		return w.until(ctx, d.String()+" answers", func(ctx context.Context) error {
			_, err := call(ctx, addr, "getClusterInfo", nil)
			return err
		})
	}
	return w.ready(ctx, d)
}

func (l *Lab) stopOne(ctx context.Context, host, name string, sig syscall.Signal) error {
	d, err := l.find(host, name)
	if err != nil {
		return err
	}
	release, err := l.turn(ctx, l.set.Dir+".lock")
	if err != nil {
		return err
	}
	defer release()
	return l.stop(ctx, d, sig)
}
