package zkview

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxNodes bounds how many nodes of one kind a view reads.
const maxNodes = 10_000

// View reads what the console shows. Parts that cannot be read are named in
// View.Missing; an error means that there is no view at all: no server answers,
// there is no such root, or ctx ended.
//
// Supervisors and heartbeats are rewritten all the time and are read each time.
// Everything else is read again only when ZooKeeper told of a change, after a
// minute, and after each loss of the connection. What did not change is shared
// between views, which must not be changed.
func (c *Client) View(ctx context.Context) (View, error) {
	r := &reading{c: c, ctx: ctx, round: c.book.begin()}
	top, err := c.children(ctx, c.cfg.Root, false)
	if errors.Is(err, ErrNoNode) {
		return View{}, c.wrongRoot(ctx)
	}
	if err != nil && !errors.Is(err, ErrNoAuth) {
		return View{}, err
	}
	r.view = View{
		Root: c.cfg.Root, At: c.cfg.Now(),
		Assignments: map[string]Assignment{}, Storms: map[string]Storm{},
		LogConfigs: map[string][]LogLevel{}, Profiles: map[string][]Profile{},
		Heartbeats: map[string][]Heartbeat{}, Missing: map[string]string{},
	}
	// A root that may not be listed can still have readable children.
	present := func(name string) bool { return err != nil || slices.Contains(top.names, name) }
	for _, part := range []struct {
		name string
		read func()
	}{
		{"supervisors", r.supervisors},
		{"assignments", r.assignments},
		{"storms", r.storms},
		{"leader-lock", r.leader},
		{"nimbuses", r.nimbuses},
		{"logconfigs", r.logConfigs},
		{"profilerconfigs", r.profiles},
		{"workerbeats", r.heartbeats},
	} {
		if present(part.name) {
			r.work.Go(part.read)
		}
	}
	r.work.Wait()
	if r.fatal != nil {
		return View{}, r.fatal
	}
	c.book.end(r.round)
	c.beats.end(r.round)
	state := c.State()
	r.view.Server, r.view.Session = state.Server, state.Session
	slices.SortFunc(r.view.Supervisors, func(a, b Supervisor) int {
		return strings.Compare(a.Host+"\x00"+a.ID, b.Host+"\x00"+b.ID)
	})
	slices.Sort(r.view.Nimbuses)
	for _, beats := range r.view.Heartbeats {
		slices.SortFunc(beats, func(a, b Heartbeat) int {
			return cmp.Or(cmp.Compare(a.Slot.Node, b.Slot.Node), cmp.Compare(a.Slot.Port, b.Slot.Port))
		})
	}
	return r.view, nil
}

// wrongRoot says what there is instead of the root.
func (c *Client) wrongRoot(ctx context.Context) error {
	failed := &ReadError{
		Op: "listing " + c.cfg.Root, Text: "there is no such node on this ensemble", Err: ErrNoNode,
		Hint: "zookeeper.root (storm.zookeeper.root)",
	}
	if top, err := c.children(ctx, "/", false); err == nil && len(top.names) > 0 {
		failed.Hint += "; it has /" + strings.Join(top.names[:min(len(top.names), 8)], " /")
	}
	return failed
}

// reading is one View in the making. Its parts are read side by side; how many
// requests are on the wire is bounded by the client.
type reading struct {
	c     *Client
	ctx   context.Context
	round uint64
	work  sync.WaitGroup

	mu    sync.Mutex
	view  View
	fatal error
}

// put changes the view under its lock.
func (r *reading) put(change func(*View)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.view)
}

// missing notes why a path could not be read. A node that went away since it
// was listed is not missing; a lost connection or an ended context spoils the
// whole view.
func (r *reading) missing(path string, err error) {
	switch {
	case errors.Is(err, ErrNoNode):
		return
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrClosed), r.ctx.Err() != nil:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fatal == nil {
			r.fatal = err
		}
		return
	}
	reason := err.Error()
	if known := (*ReadError)(nil); errors.As(err, &known) {
		reason = known.reason()
	}
	below, _ := r.c.below(path)
	r.put(func(v *View) { v.Missing["/"+below] = reason })
}

// list names the children of a part. With watch, the answer is kept until
// ZooKeeper tells of a change.
func (r *reading) list(watch bool, parts ...string) []string {
	path := r.c.join(parts...)
	var (
		list listing
		err  error
	)
	if watch {
		list, err = watched(r.ctx, r.c, watchKey{path, watchChildren}, r.round,
			func(ctx context.Context, arm bool) (listing, error) { return r.c.children(ctx, path, arm) })
	} else {
		list, err = r.c.children(r.ctx, path, false)
	}
	if err != nil {
		r.missing(path, err)
		return nil
	}
	if len(list.names) > maxNodes {
		r.put(func(v *View) {
			v.Missing["/"+strings.Join(parts, "/")] = "only the first " + strconv.Itoa(maxNodes) +
				" of " + strconv.Itoa(len(list.names)) + " nodes are read"
		})
		list.names = list.names[:maxNodes]
	}
	return list.names
}

// each runs read for every name side by side and waits. Workers are bounded, so
// that ten thousand nodes are not ten thousand goroutines.
func (r *reading) each(names []string, read func(name string)) {
	next := make(chan string)
	var work sync.WaitGroup
	for range min(len(names), maxInFlight) {
		work.Go(func() {
			for name := range next {
				read(name)
			}
		})
	}
	for _, name := range names {
		if r.spoiled() {
			break
		}
		next <- name
	}
	close(next)
	work.Wait()
}

// spoiled reports whether reading on is useless.
func (r *reading) spoiled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fatal != nil
}

// decoded reads a node and opens its payload, and reports whether the node is
// there. One that cannot be read or decoded is noted as missing.
func (r *reading) decoded(path string, into func(record, Stat) error) bool {
	got, err := r.c.get(r.ctx, path, false)
	if err != nil {
		r.missing(path, err)
		return !errors.Is(err, ErrNoNode)
	}
	opened, err := r.c.openRecord(got.data)
	if err == nil {
		err = into(opened, got.stat)
	}
	if err != nil {
		r.missing(path, err)
	}
	return true
}

// decoding is what came of a node's payload. Reading under a watch keeps what came of decoding, good or bad: asking again
// would not make it better.
type decoding[T any] struct {
	value T
	err   error
}

// kept reads and decodes a node under a watch.
func kept[T any](r *reading, path string, into func(record, Stat) (T, error)) (T, bool) {
	got, err := watched(r.ctx, r.c, watchKey{path, watchData}, r.round,
		func(ctx context.Context, arm bool) (decoding[T], error) {
			got, err := r.c.get(ctx, path, arm)
			if err != nil {
				return decoding[T]{}, err
			}
			var d decoding[T]
			var opened record
			if opened, d.err = r.c.openRecord(got.data); d.err == nil {
				d.value, d.err = into(opened, got.stat)
			}
			return d, nil
		})
	if err == nil {
		err = got.err
	}
	if err != nil {
		r.missing(path, err)
	}
	return got.value, err == nil
}

func (r *reading) supervisors() {
	r.each(r.list(true, "supervisors"), func(id string) {
		path := r.c.join("supervisors", id)
		found := Supervisor{ID: id}
		there := r.decoded(path, func(rec record, _ Stat) error {
			read, err := toSupervisor(id, rec)
			if err == nil {
				found = read
			}
			return err
		})
		if there { // even when nothing else is known about it
			r.put(func(v *View) { v.Supervisors = append(v.Supervisors, found) })
		}
	})
}

func (r *reading) assignments() {
	r.each(r.list(true, "assignments"), func(id string) {
		found, ok := kept(r, r.c.join("assignments", id), func(rec record, stat Stat) (Assignment, error) {
			return toAssignment(id, rec, stat)
		})
		if ok {
			r.put(func(v *View) { v.Assignments[id] = found })
		}
	})
}

func (r *reading) storms() {
	r.each(r.list(true, "storms"), func(id string) {
		found, ok := kept(r, r.c.join("storms", id), func(rec record, stat Stat) (Storm, error) {
			return toStorm(id, rec, stat)
		})
		if ok {
			r.put(func(v *View) { v.Storms[id] = found })
		}
	})
}

// leader reads the holder of the lock: the child with the lowest sequence.
func (r *reading) leader() {
	names := r.list(true, "leader-lock")
	if len(names) == 0 {
		return
	}
	path := r.c.join("leader-lock", firstInLine(names))
	got, err := r.c.get(r.ctx, path, false)
	if err != nil {
		r.missing(path, err)
		return
	}
	leader, err := parseLeader(string(got.data))
	if err != nil {
		r.missing(path, err)
		return
	}
	r.put(func(v *View) { v.Leader = &leader })
}

// firstInLine returns the name with the lowest sequence number: ten digits
// behind the last dash of "_c_<uuid>-latch-0000000012". Sequences go on into the
// negative after two thousand million.
func firstInLine(names []string) string {
	return slices.MinFunc(names, func(a, b string) int { return strings.Compare(sequence(a), sequence(b)) })
}

func sequence(name string) string {
	return name[max(0, len(name)-10):]
}

func (r *reading) nimbuses() {
	r.each(r.list(true, "nimbuses"), func(name string) {
		addr, ok := kept(r, r.c.join("nimbuses", name), func(rec record, _ Stat) (string, error) {
			return toNimbus(name, rec), nil
		})
		if ok {
			r.put(func(v *View) { v.Nimbuses = append(v.Nimbuses, addr) })
		}
	})
}

func (r *reading) logConfigs() {
	r.each(r.list(true, "logconfigs"), func(id string) {
		levels, _ := kept(r, r.c.join("logconfigs", id), func(rec record, _ Stat) ([]LogLevel, error) {
			return toLogLevels(rec)
		})
		if len(levels) > 0 {
			r.put(func(v *View) { v.LogConfigs[id] = levels })
		}
	})
}

func (r *reading) profiles() {
	r.each(r.list(true, "profilerconfigs"), func(id string) {
		for _, name := range r.list(true, "profilerconfigs", id) {
			profile, ok := kept(r, r.c.join("profilerconfigs", id, name), func(rec record, _ Stat) (Profile, error) {
				return toProfile(rec)
			})
			if ok {
				r.put(func(v *View) { v.Profiles[id] = append(v.Profiles[id], profile) })
			}
		}
	})
}
