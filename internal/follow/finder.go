package follow

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/follow/remote"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
)

// The bounds and periods of asking hosts.
const (
	askTimeout   = 30 * time.Second // of one question with the connection's making
	firstRetry   = 2 * time.Second
	maxRetry     = 30 * time.Second
	relistAfter  = 5 * time.Second // directories of Python logs
	maxEntries   = 20_000          // of one directory
	maxHostsAsks = 16              // at a time
)

// Found is a file with whether the target wants it: files of other kinds are
// listed for who wants to choose them.
type Found struct {
	logs.Source
	Wanted bool
}

// Missing is a host whose files could not be found, and why.
type Missing struct {
	Host string
	Err  error
	// Retry is when it is asked again; zero when nobody does.
	Retry time.Time
}

// finder remembers what hosts said. Its owner calls it from one goroutine; the
// questions run in others, which end with the context and are awaited by wait.
type finder struct {
	places Places
	python []string
	hosts  logs.Hosts
	now    func() time.Time
	// guess names the files of a host that cannot be asked, for the logviewer,
	// which knows them by topology and port.
	guess bool

	known   map[string]*hostMemory
	answers chan answer
	slots   chan struct{}
	wg      sync.WaitGroup
}

// hostMemory is what is known of one host.
type hostMemory struct {
	dirs   Dirs
	found  bool
	asking bool
	err    error
	wait   time.Duration // of the next failure
	retry  time.Time

	listings map[string][]entry
	wanted   []string // directories of the newest listing
	listed   time.Time
	listing  bool
}

// answer is what a question found out.
type answer struct {
	host     string
	dirs     Dirs
	listings map[string][]entry // nil for a question about directories
	err      error
}

func newFinder(places Places, python []string, hosts logs.Hosts, now func() time.Time) *finder {
	return &finder{
		places: places, python: python, hosts: hosts, now: now, known: map[string]*hostMemory{},
		answers: make(chan answer), slots: make(chan struct{}, maxHostsAsks),
	}
}

// plan is what is to be followed now.
type plan struct {
	files   []Found
	missing []Missing
	// looking are the hosts that have not answered yet; unknown says that the
	// picture of the cluster lacks something.
	looking []string
	unknown bool
	// again is when to plan anew though nothing else changed; zero is never.
	again time.Time
}

// plan works out the files of a target and begins the questions it needs.
func (f *finder) plan(ctx context.Context, s *cluster.Snapshot, t Target) plan {
	var p plan
	if s == nil {
		return plan{unknown: true}
	}
	places, line := f.places.withNimbus(s.NimbusConf), s.Link.Nimbus.Server.Line
	if t.Daemon != "" {
		if m := f.host(ctx, &p, t.Host, places, line); m != nil {
			if path := daemonLog(m.dirs, t.Daemon); path != "" {
				p.files = append(p.files, Found{Source: logs.Source{Host: t.Host, Kind: logs.KindDaemon, Path: path}, Wanted: true})
			}
		}
		return p
	}
	ids := []string{t.TopologyID}
	if t.TopologyID == "" {
		if ids = nil; t.Host != "" {
			ids = sorted(s.Topologies)
		}
	}
	for _, id := range ids {
		one := t
		one.TopologyID = id
		f.topology(ctx, &p, s, one, places, line)
	}
	return p
}

// topology adds the files of one topology's workers.
func (f *finder) topology(ctx context.Context, p *plan, s *cluster.Snapshot, t Target, places Places, line nimbusclient.Line) {
	workers, known := workersOf(s, t)
	if !known {
		p.unknown = true
		return
	}
	if s.NimbusConf == nil && s.NimbusConfErr == nil && len(workers) > 0 {
		if _, ok := places.settled(line); !ok {
			p.unknown = true // Nimbus may yet name the directories
			return
		}
	}
	kinds := t.Kinds
	if len(kinds) == 0 {
		kinds = []logs.Kind{logs.KindWorker, logs.KindPython}
	}
	topology := s.Topologies[t.TopologyID]
	for len(workers) > 0 {
		host := workers[0].host
		n := slices.IndexFunc(workers, func(w worker) bool { return w.host != host })
		if n < 0 {
			n = len(workers)
		}
		here := workers[:n]
		workers = workers[n:]
		m := f.host(ctx, p, host, places, line)
		if m == nil {
			continue
		}
		for _, w := range here {
			for _, kind := range workerKinds {
				if path := workerLog(line, m.dirs, w.id, w.port, kind); path != "" {
					p.files = append(p.files, Found{
						Source: logs.Source{Host: host, Port: w.port, TopologyID: w.id, Topology: w.name, Kind: kind, Path: path},
						Wanted: slices.Contains(kinds, kind),
					})
				}
			}
		}
		if slices.Contains(kinds, logs.KindPython) && m.found {
			f.pythonOf(ctx, p, m, topology, here, t.Components)
		}
	}
}

// pythonOf adds the files that a host's Python tasks write, and has their
// directories listed again from time to time.
func (f *finder) pythonOf(ctx context.Context, p *plan, m *hostMemory, topology *cluster.Topology, here []worker, only []string) {
	components := componentsOn(topology, here, only)
	list := searches(topology, here[0].id, here[0].name, templatesOf(topology, f.python, m.dirs), components)
	if len(list) == 0 {
		return
	}
	var dirs []string
	for _, s := range list {
		if !slices.Contains(dirs, s.dir) {
			dirs = append(dirs, s.dir)
		}
	}
	now := f.now()
	fresh := true
	for _, d := range dirs {
		if !slices.Contains(m.wanted, d) {
			m.wanted, fresh = append(m.wanted, d), false
		}
	}
	host := here[0].host
	if !m.listing && (!fresh || now.Sub(m.listed) >= relistAfter) {
		m.listing, m.listed = true, now
		all := slices.Clone(m.wanted)
		f.start(ctx, host, func(ctx context.Context, h logs.Host) answer {
			return answer{listings: listAll(ctx, h, all)}
		})
	}
	if m.listings == nil {
		p.looking = append(p.looking, host)
	}
	p.soon(m.listed.Add(relistAfter))
	p.addAll(pythonSources(host, here, components, list, m.listings))
}

func (p *plan) addAll(list []logs.Source) {
	for _, s := range list {
		p.files = append(p.files, Found{Source: s, Wanted: true})
	}
}

func (p *plan) soon(at time.Time) {
	if p.again.IsZero() || at.Before(p.again) {
		p.again = at
	}
}

// host gives what is known of a host; nil while its directories are not. It is
// asked when it never was and when its last failure is old enough.
func (f *finder) host(ctx context.Context, p *plan, name string, places Places, line nimbusclient.Line) *hostMemory {
	m := f.known[name]
	if m == nil {
		m = &hostMemory{wait: firstRetry}
		f.known[name] = m
	}
	if !m.found && !m.asking && !f.now().Before(m.retry) {
		m.asking = true
		f.start(ctx, name, func(ctx context.Context, h logs.Host) answer {
			d, err := look(ctx, h, places, line)
			return answer{dirs: d, err: err}
		})
	}
	switch {
	case m.found:
		return m
	case m.asking && m.err == nil:
		if !slices.Contains(p.looking, name) {
			p.looking = append(p.looking, name)
		}
	case m.err != nil:
		if !slices.ContainsFunc(p.missing, func(x Missing) bool { return x.Host == name }) {
			p.missing = append(p.missing, Missing{Host: name, Err: m.err, Retry: m.retry})
		}
		p.soon(m.retry)
		if f.guess {
			return &hostMemory{dirs: guessed(places, line), listings: map[string][]entry{}}
		}
	}
	return nil
}

// guessed are directories whose files only the logviewer can tell.
func guessed(places Places, line nimbusclient.Line) Dirs {
	if d, ok := places.decide(line, facts{}); ok {
		return d
	}
	return Dirs{Logs: "/", Artifacts: "/" + artifactsName, From: "the logviewer"}
}

// start runs a question in a goroutine that ends with the context.
func (f *finder) start(ctx context.Context, host string, ask func(context.Context, logs.Host) answer) {
	h := f.hosts.Host(host)
	f.wg.Go(func() {
		select {
		case f.slots <- struct{}{}:
			defer func() { <-f.slots }()
		case <-ctx.Done():
			return
		}
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		a := ask(asking, h)
		a.host = host
		select {
		case f.answers <- a:
		case <-ctx.Done():
		}
	})
}

// take notes an answer.
func (f *finder) take(a answer) {
	m := f.known[a.host]
	if a.listings != nil {
		m.listings, m.listing = a.listings, false
		return
	}
	m.asking, m.err = false, a.err
	if a.err != nil {
		m.retry = f.now().Add(m.wait)
		m.wait = min(2*m.wait, maxRetry)
		return
	}
	m.dirs, m.found, m.wait = a.dirs, true, firstRetry
}

// anew has every host asked again that failed.
func (f *finder) anew() {
	for _, m := range f.known {
		if m.err != nil {
			m.retry, m.wait = time.Time{}, firstRetry
		}
	}
}

// look finds a host's directories.
func look(ctx context.Context, h logs.Host, places Places, line nimbusclient.Line) (Dirs, error) {
	if d, ok := places.settled(line); ok {
		return d, nil
	}
	asked := places.asked()
	out, err := remote.Output(ctx, h, factsScript(asked), maxFacts)
	f := parseFacts(out, len(asked))
	if err != nil && !f.whole {
		// Perhaps there is no shell to be had, only files.
		var statErr error
		if f, statErr = stats(ctx, h, asked); statErr != nil {
			return Dirs{}, err
		}
	}
	d, ok := places.decide(line, f)
	if !ok {
		return d, errNoDirs
	}
	return d, nil
}

var errNoDirs = errors.New("nothing there says where Storm keeps its logs: no worker runs, and no usual place exists; --log-dir names it")

// stats looks for the directories over SFTP. Its error is that of a host that
// cannot be asked so either.
func stats(ctx context.Context, h logs.Host, dirs []string) (facts, error) {
	f := facts{there: map[int]bool{}}
	for i, d := range dirs {
		is, err := isDir(ctx, h, d)
		if err != nil {
			return f, err
		}
		f.there[i] = is
	}
	return f, nil
}

// listAll lists directories; one that cannot be listed is empty.
func listAll(ctx context.Context, h logs.Host, dirs []string) map[string][]entry {
	out := map[string][]entry{}
	for _, d := range dirs {
		infos, err := readDir(ctx, h, d)
		if err != nil {
			out[d] = nil
			continue
		}
		for _, i := range infos[:min(len(infos), maxEntries)] {
			out[d] = append(out[d], entry{name: i.Name(), changed: i.ModTime(), regular: i.Mode().IsRegular()})
		}
	}
	return out
}
