//go:build lab

package zkview

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// labClient connects to a real cluster's ZooKeeper, named as host:port/root.
func labClient(t *testing.T) *Client {
	t.Helper()
	where := os.Getenv("STORMTOP_LAB_ZK")
	if where == "" {
		where = require.Env(t, "STORMTOP_ZK", "a real ZooKeeper with Storm's tree, host:port/root")
	}
	servers, root, _ := strings.Cut(where, "/")
	c := New(Config{Servers: strings.Split(servers, ","), Root: root, Logf: t.Logf})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t)
	})
	return c
}

func TestLabView(t *testing.T) {
	c, ctx := labClient(t), within(t)
	view, err := c.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Missing) > 0 {
		t.Errorf("parts of a real tree were not read: %v", view.Missing)
	}
	if len(view.Supervisors) == 0 {
		t.Error("no supervisor")
	}
	for _, s := range view.Supervisors {
		if s.Host == "" || len(s.Ports) == 0 || s.UptimeSecs == nil || time.Since(s.Time).Abs() > time.Minute {
			t.Errorf("supervisor %+v", s)
		}
	}
	hosts := map[string]bool{}
	for _, s := range view.Supervisors {
		hosts[s.ID] = true
	}
	for id, a := range view.Assignments {
		storm, ok := view.Storms[id]
		if !ok || storm.Name == "" || storm.Status == "" || storm.Workers == nil {
			t.Errorf("topology %s: %+v", id, storm)
		}
		for tasks, slot := range a.Executors {
			if a.Hosts[slot.Node] == "" || !hosts[slot.Node] || slot.Port == 0 || a.Starts[tasks] == 0 {
				t.Errorf("%s %v: slot %+v", id, tasks, slot)
			}
		}
	}
	t.Logf("%d supervisors, %d topologies, leader %+v, nimbuses %v",
		len(view.Supervisors), len(view.Storms), view.Leader, view.Nimbuses)
}

// TestLabTree opens every node of a real tree: each must be decoded, or say why
// not, and no secret may be read.
func TestLabTree(t *testing.T) {
	c, ctx := labClient(t), within(t)
	encodings := map[string]int{}
	var walk func(path string)
	walk = func(path string) {
		node, err := c.Node(ctx, path)
		if errors.Is(err, ErrNoNode) {
			return // it went away since it was listed
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		encodings[node.Encoding]++
		if c.secret(path) && (node.Raw != nil || node.Decoded != nil) {
			t.Errorf("%s was read", path)
		}
		if node.Decoded == nil && node.Hint == "" && node.Encoding != "empty" {
			t.Errorf("%s: %s, neither decoded nor explained", path, node.Encoding)
		}
		children, err := c.Children(ctx, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		for _, child := range children {
			walk(child.Path)
		}
	}
	walk(c.Root())
	names := make([]string, 0, len(encodings))
	for name := range encodings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Logf("%4d %s", encodings[name], name)
	}
}

// TestLabWatch follows a supervisor's node, which is rewritten every five
// seconds: the watch must go off again and again.
func TestLabWatch(t *testing.T) {
	c, ctx := labClient(t), within(t)
	view, err := c.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	path := c.join("supervisors", view.Supervisors[0].ID)
	changed, stop, err := c.Watch(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	version := -1
	for range 2 {
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatal("no change was told")
		}
		node, err := c.Node(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if node.Stat.Version <= version {
			t.Errorf("version %d after %d", node.Stat.Version, version)
		}
		version = node.Stat.Version
	}
}
