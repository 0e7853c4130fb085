package search

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormtop/stormtop/logs"
)

// Config says what to look for and within which bounds.
type Config struct {
	Hosts logs.Hosts
	// Match decides about a line, without its line feed.
	Match func(line []byte) bool
	// Scan calls fn with every matching line of a plain file of this machine, in
	// order, until fn returns false; nil takes the file line by line.
	Scan func(path string, fn func(line []byte, offset int64) bool) error
	// Literals are texts of which every matching line holds one; nil when none
	// are known, and then files are read whole. With Fold a literal may be there
	// in any case of its ASCII letters.
	Literals []string
	Fold     bool
	// Context is how many lines around a match are given besides.
	Context int
	// Records selects whole records, and takes no context.
	Records bool
	// Since and Until bound the records' own time; zero is open.
	Since, Until time.Time
	// Rotated says whether a source's older files are searched too.
	Rotated func(logs.Source) bool
	// Stamps makes the reader of the times at the heads of a source's lines, in
	// nanoseconds since 1970 by this machine's clock. One is made for each file.
	Stamps func(logs.Source) func(line []byte) (nanos int64, ok bool)
	// Times asks for every match's time, even with one source.
	Times bool
	// Stdin is read for a source of that kind.
	Stdin io.Reader
	// Files gives the files of a source whose host offers neither commands nor
	// files; nil, or a nil answer, is no other way.
	Files func(logs.Source) logs.FileSystem
	// Bytes bounds what is read from hosts, over all of them; 0 is open.
	Bytes int64
	// HostsAtOnce bounds the hosts searched at a time; 0 is 16.
	HostsAtOnce int
	// Progress is called, by one goroutine at a time, when a source is done.
	Progress func(Progress)
}

// Progress is how far a search is.
type Progress struct {
	Done, Sources int
	Bytes         int64 // read from hosts
}

// Failure is a source that could not be searched, or not completely.
type Failure struct {
	Source logs.Source
	Err    error
}

// Result is what a search came to.
type Result struct {
	Matches  int64
	Failures []Failure
	// Streamed are the hosts whose files were read whole.
	Streamed []string
	Bytes    int64
}

const (
	defaultHosts = 16
	// perHost is how many sources of one host are searched at a time: its ssh
	// server allows ten sessions on a connection.
	perHost = 4
	// ahead is how many blocks of a local file wait for their turn.
	ahead = 256
)

// run is one search.
type run struct {
	cfg       Config
	sources   []logs.Source
	needTimes bool
	bytes     atomic.Int64

	mu     sync.Mutex
	result Result
	done   int
}

// Run searches the sources and gives the blocks to emit, merged by time. It
// returns when everything it started has ended; its error is that of emit or of
// the context, not that of a source.
func Run(ctx context.Context, cfg Config, sources []logs.Source, emit func(Block) error) (Result, error) {
	r := &run{cfg: cfg, sources: sources}
	if r.cfg.HostsAtOnce <= 0 {
		r.cfg.HostsAtOnce = defaultHosts
	}
	r.needTimes = len(sources) > 1 || cfg.Times || !cfg.Since.IsZero() || !cfg.Until.IsZero()
	searching, cancel := context.WithCancel(ctx)
	queues := make([]*queue, len(sources))
	for i := range queues {
		queues[i] = newQueue()
	}
	var wg sync.WaitGroup
	hosts := make(chan struct{}, r.cfg.HostsAtOnce)
	byHost := map[string][]int{}
	for i, s := range sources {
		if s.Host == "" {
			wg.Go(func() { r.finish(i, queues[i], r.local(searching, i, queues[i])) })
			continue
		}
		byHost[s.Host] = append(byHost[s.Host], i)
	}
	for _, list := range byHost {
		wg.Go(func() { r.host(searching, hosts, list, queues) })
	}
	err := merge(searching, queues, func(b Block) error {
		for _, l := range b.Lines {
			if l.Match {
				r.result.Matches++
			}
		}
		return emit(b)
	})
	cancel()
	for _, q := range queues {
		q.abandon()
	}
	wg.Wait()
	r.result.Bytes = r.bytes.Load()
	slices.Sort(r.result.Streamed)
	r.result.Streamed = slices.Compact(r.result.Streamed)
	if err == nil {
		err = ctx.Err()
	}
	return r.result, err
}

// host searches the sources of one host, a few at a time.
func (r *run) host(ctx context.Context, slots chan struct{}, list []int, queues []*queue) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		for _, i := range list {
			r.finish(i, queues[i], ctx.Err())
		}
		return
	}
	var wg sync.WaitGroup
	few := make(chan struct{}, perHost)
	for _, i := range list {
		few <- struct{}{}
		wg.Go(func() {
			defer func() { <-few }()
			blocks, err := r.remote(ctx, i)
			for _, b := range blocks {
				queues[i].put(b)
			}
			r.finish(i, queues[i], err)
		})
	}
	wg.Wait()
}

// finish notes the end of one source.
func (r *run) finish(at int, q *queue, err error) {
	r.mu.Lock()
	r.done++
	if err != nil && !errors.Is(err, errAbandoned) {
		r.result.Failures = append(r.result.Failures, Failure{r.sources[at], err})
	}
	if r.cfg.Progress != nil {
		r.cfg.Progress(Progress{Done: r.done, Sources: len(r.sources), Bytes: r.bytes.Load()})
	}
	r.mu.Unlock()
	q.close()
}

// local searches a file of this machine, or standard input.
func (r *run) local(ctx context.Context, at int, q *queue) error {
	src := r.sources[at]
	file := ""
	sel := r.selector(at, func(b Block) error {
		b.File = file
		return q.wait(ctx, b)
	})
	if src.Kind == logs.KindStdin {
		n := int64(0)
		if err := eachLine(r.cfg.Stdin, func(text []byte) error {
			n++
			return sel.line(n, text)
		}); err != nil {
			return err
		}
		return sel.end()
	}
	names := []string{""}
	if r.rotated(src) {
		if list, err := localRow(src.Path); err == nil && len(list) > 0 {
			names = list
		}
	}
	for _, file = range names {
		sel.restart()
		if err := r.localFile(ctx, src.Path+file, sel); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) localFile(ctx context.Context, name string, sel *selector) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", name)
	}
	if r.cfg.Scan != nil && !r.needTimes && !r.cfg.Records && r.cfg.Context == 0 && !packed(name) {
		return r.scan(ctx, name, sel)
	}
	return r.lines(ctx, f, packed(name), sel)
}

// scan takes the matching lines alone, where nothing else matters.
func (r *run) scan(ctx context.Context, name string, sel *selector) error {
	var failed error
	n := int64(0)
	if err := r.cfg.Scan(name, func(line []byte, _ int64) bool {
		n++
		if n&0xff == 0 && ctx.Err() != nil {
			failed = ctx.Err()
		}
		if failed == nil {
			failed = sel.emit(Block{Lines: []Line{{N: n, Match: true, Text: slices.Clone(line)}}})
		}
		return failed == nil
	}); err != nil {
		return err
	}
	return failed
}

// stamp makes the reader of a source's times; none is needed for the lines of one
// source in their order.
func (r *run) stamp(at int) stamp {
	if !r.needTimes && !r.cfg.Records {
		return func([]byte) (int64, bool) { return 0, false }
	}
	return r.cfg.Stamps(r.sources[at])
}

func (r *run) selector(at int, emit func(Block) error) *selector {
	s := &selector{
		match: r.cfg.Match, stamp: r.stamp(at), context: r.cfg.Context, records: r.cfg.Records,
		emit: func(b Block) error {
			b.Source = at
			return emit(b)
		},
	}
	if !r.cfg.Since.IsZero() {
		s.since = r.cfg.Since.UnixNano()
	}
	if !r.cfg.Until.IsZero() {
		s.until = r.cfg.Until.UnixNano()
	}
	return s
}

// bounded reports whether the time of a match decides about it.
func (r *run) bounded() bool { return !r.cfg.Since.IsZero() || !r.cfg.Until.IsZero() }

func (r *run) rotated(s logs.Source) bool { return r.cfg.Rotated != nil && r.cfg.Rotated(s) }

func (r *run) streamed(host string) {
	r.mu.Lock()
	r.result.Streamed = append(r.result.Streamed, host)
	r.mu.Unlock()
}

// counted charges what is read to the budget.
func (r *run) counted(in io.Reader) io.Reader { return &counting{r, in} }

type counting struct {
	r  *run
	in io.Reader
}

func (c *counting) Read(p []byte) (int, error) {
	if c.r.cfg.Bytes > 0 && c.r.bytes.Load() >= c.r.cfg.Bytes {
		return 0, errBudget
	}
	n, err := c.in.Read(p)
	c.r.bytes.Add(int64(n))
	return n, err
}

// OverBudget reports whether a source was not read to its end for the budget's
// sake.
func (f Failure) OverBudget() bool { return errors.Is(f.Err, errBudget) }
