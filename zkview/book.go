package zkview

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// rereadAfter is how long a value read under a watch is believed. A watch can be
// lost without a word (go-zookeeper/zk#83), so nothing is kept longer.
const rereadAfter = time.Minute

// watchKind tells a node's data from its list of children.
type watchKind int

const (
	watchData watchKind = iota
	watchChildren
)

type watchKey struct {
	path string
	kind watchKind
}

// entry is one watched thing.
type entry struct {
	armed   bool   // the server will tell of the next change
	version uint64 // grows with every change told
	fresh   bool   // value is what the server has, as far as it told
	value   any
	readAt  time.Time
	seen    uint64          // the round in which it was last wanted
	follow  []chan struct{} // of the browser
}

// tell signals the followers, who may not have looked at the last signal yet.
func (e *entry) tell() {
	for _, signal := range e.follow {
		select {
		case signal <- struct{}{}:
		default:
		}
	}
}

// book remembers which watches are armed on the present connection and what was
// read under them, so that what did not change is not read again.
type book struct {
	mu      sync.Mutex
	entries map[watchKey]*entry
	round   uint64
}

func newBook() *book { return &book{entries: make(map[watchKey]*entry)} }

// fired notes that a watch went off and reports whether what
// [Client.View] reads may have changed.
func (b *book) fired(event zk.Event) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	ours, known := false, false
	tell := func(kind watchKind) {
		e := b.entries[watchKey{event.Path, kind}]
		if e == nil {
			return
		}
		known = true
		e.armed, e.fresh = false, false
		e.version++
		e.tell()
		ours = ours || e.seen > 0
	}
	switch event.Type {
	case zk.EventNodeDataChanged, zk.EventNodeCreated:
		tell(watchData)
	case zk.EventNodeChildrenChanged:
		tell(watchChildren)
	case zk.EventNodeDeleted:
		tell(watchData)
		tell(watchChildren)
	default: // not about a node
		return false
	}
	// A watch whose mark was lost with a connection still counts.
	return ours || !known
}

// reset forgets everything: the connection that it holds for is gone. Followers
// are told, since they must read and arm again.
func (b *book) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, e := range b.entries {
		if len(e.follow) == 0 {
			delete(b.entries, key)
			continue
		}
		*e = entry{version: e.version + 1, follow: e.follow}
		e.tell()
	}
}

// begin starts a round of reading; end drops what the round did not want.
func (b *book) begin() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.round++
	return b.round
}

func (b *book) end(round uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, e := range b.entries {
		if len(e.follow) == 0 && e.seen < round {
			delete(b.entries, key)
		}
	}
}

// watched reads a thing under a watch. While the watch is armed and silent the
// last value is returned without asking.
func watched[T any](ctx context.Context, c *Client, key watchKey, round uint64, read func(context.Context, bool) (T, error)) (T, error) {
	b, now := c.book, c.cfg.Now()
	b.mu.Lock()
	e := b.entries[key]
	if e == nil {
		e = &entry{}
		b.entries[key] = e
	}
	e.seen = round
	if value, ok := e.value.(T); ok && e.fresh && e.armed && now.Sub(e.readAt) < rereadAfter {
		b.mu.Unlock()
		return value, nil
	}
	// The mark is set before the request, so that an event that overtakes the
	// answer finds it.
	arm := !e.armed
	e.armed = true
	version := e.version
	b.mu.Unlock()

	value, err := read(ctx, arm)

	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.version != version:
		// It changed meanwhile; the value is good but not kept.
	case err != nil:
		e.fresh = false
		if arm {
			e.armed = false
		}
	default:
		e.value, e.fresh, e.readAt = value, true, now
	}
	return value, err
}

// arm reports whether a read of a followed thing should set a watch, and marks
// it as armed. Things that nobody follows are not watched by the browser.
func (b *book) arm(key watchKey) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[key]
	if e == nil || len(e.follow) == 0 || e.armed {
		return false
	}
	e.armed = true
	return true
}

// disarm takes the mark back when the read failed.
func (b *book) disarm(key watchKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[key]; e != nil && len(e.follow) > 0 {
		e.armed = false
	}
}

// follow tells signal of changes of a node until the returned function is
// called.
func (b *book) follow(path string, signal chan struct{}) (stop func()) {
	keys := [2]watchKey{{path, watchData}, {path, watchChildren}}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range keys {
		e := b.entries[key]
		if e == nil {
			e = &entry{}
			b.entries[key] = e
		}
		e.follow = append(e.follow, signal)
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, key := range keys {
			e := b.entries[key]
			if e == nil {
				continue
			}
			e.follow = slices.DeleteFunc(e.follow, func(other chan struct{}) bool { return other == signal })
			if len(e.follow) == 0 && e.seen == 0 {
				delete(b.entries, key)
			}
		}
	}
}
