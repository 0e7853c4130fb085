package zkview

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
)

// The bounds of the browser.
const (
	maxRaw       = 64 << 10 // bytes of a payload that are shown raw
	maxListed    = 10_000   // children listed
	maxChildStat = 2_000    // children whose stat is asked for
)

// Children lists a node, sorted by name, with the stat of each of the first two
// thousand children. The path is absolute and may lie outside Storm's root. At
// most ten thousand children are returned, then with ErrTooLarge beside them.
func (c *Client) Children(ctx context.Context, path string) ([]Child, error) {
	path = cleanPath(path)
	list, err := c.children(ctx, path, c.book.arm(watchKey{path, watchChildren}))
	if err != nil {
		c.book.disarm(watchKey{path, watchChildren})
		return nil, err
	}
	var tooMany error
	if len(list.names) > maxListed {
		list.names = list.names[:maxListed]
		tooMany = &ReadError{Op: "listing " + path, Text: "more than 10000 children, the rest is not shown", Err: ErrTooLarge}
	}
	children := make([]Child, len(list.names))
	for i, name := range list.names {
		full := strings.TrimSuffix(path, "/") + "/" + name
		children[i] = Child{Name: name, Path: full, Secret: c.secret(full)}
	}
	next := make(chan int)
	var work sync.WaitGroup
	var once sync.Once
	var lost error
	for range min(len(children), maxInFlight) {
		work.Go(func() {
			for i := range next {
				stat, err := c.exists(ctx, children[i].Path, false)
				switch {
				case err == nil:
					children[i].Stat = &stat
				case !errors.Is(err, ErrNoNode) && !errors.Is(err, ErrNoAuth):
					once.Do(func() { lost = err })
				}
			}
		})
	}
	for i := range children[:min(len(children), maxChildStat)] {
		next <- i
	}
	close(next)
	work.Wait()
	if lost != nil {
		return nil, lost
	}
	c.noteLeader(ctx, path, children)
	return children, tooMany
}

// noteLeader marks the leader among the nodes that wait for the lock.
func (c *Client) noteLeader(ctx context.Context, path string, children []Child) {
	if below, inside := c.below(path); !inside || below != "leader-lock" || len(children) == 0 {
		return
	}
	names := make([]string, len(children))
	for i := range children {
		names[i] = children[i].Name
	}
	first := firstInLine(names)
	for i := range children {
		if children[i].Name != first {
			continue
		}
		got, err := c.get(ctx, children[i].Path, false)
		if err != nil {
			return
		}
		if leader, err := parseLeader(string(got.data)); err == nil {
			children[i].Note = "leader " + printable(leader.Host)
		}
	}
}

// Node reads and decodes one node. The path is absolute and may lie outside
// Storm's root. A node that holds a secret is returned with its stat alone.
func (c *Client) Node(ctx context.Context, path string) (Node, error) {
	path = cleanPath(path)
	key := watchKey{path, watchData}
	if c.secret(path) {
		stat, err := c.exists(ctx, path, false)
		return Node{Path: path, Stat: stat, Encoding: "secret", Hint: "•••• never shown"}, err
	}
	// The size is asked first, so that a node beyond the bounds is not sent.
	stat, err := c.exists(ctx, path, c.book.arm(key))
	if err != nil {
		if !errors.Is(err, ErrNoNode) { // that leaves a watch for its creation
			c.book.disarm(key)
		}
		return Node{}, c.withACL(ctx, path, err)
	}
	node := Node{Path: path, Stat: stat}
	if stat.DataLength > c.cfg.MaxNode {
		node.Encoding, node.Hint = "bytes", "too large to read"
		return node, nil
	}
	got, err := c.get(ctx, path, false)
	if err != nil {
		return node, err
	}
	node.Stat = got.stat
	node.Raw, node.Truncated = got.data, len(got.data) > maxRaw
	if node.Truncated {
		node.Raw = bytes.Clone(got.data[:maxRaw])
	}
	c.decode(&node, got.data)
	return node, nil
}

// Watch follows one node: the channel tells, conflated, that its data or its
// children changed, or that the connection was replaced. Each signal must be
// answered with [Client.Node] and [Client.Children], which arm the watch again.
// Following ends with stop.
func (c *Client) Watch(ctx context.Context, path string) (changed <-chan struct{}, stop func(), err error) {
	path = cleanPath(path)
	signal := make(chan struct{}, 1)
	stop = c.book.follow(path, signal)
	if _, err := c.exists(ctx, path, c.book.arm(watchKey{path, watchData})); err != nil && !errors.Is(err, ErrNoNode) {
		stop()
		return nil, nil, err
	}
	if _, err := c.children(ctx, path, c.book.arm(watchKey{path, watchChildren})); err != nil {
		c.book.disarm(watchKey{path, watchChildren})
		if !errors.Is(err, ErrNoNode) {
			stop()
			return nil, nil, err
		}
	}
	return signal, stop, nil
}

// cleanPath makes a typed path one that ZooKeeper takes.
func cleanPath(path string) string {
	path = "/" + strings.Trim(strings.TrimSpace(path), "/")
	return path
}
