package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
)

// logRun is one run of tail or grep: its targets, and what it reaches them by.
type logRun struct {
	*app
	cfg     *config.Config
	query   *logQuery
	flags   *logFlags
	targets []follow.Target
	fixed   []logs.Source
	hosts   *sshHosts // nil when no target is on another host
	feed    *follow.Feed
	nimbus  *nimbusclient.Client
	zk      *lazyTree
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// openLogs reads the targets; those of the cluster are looked up.
func (a *app) openLogs(ctx context.Context, flags *logFlags, texts []string) (*logRun, error) {
	q, err := flags.read(a)
	if err != nil {
		return nil, err
	}
	cfg, err := a.load()
	if err != nil && !errors.Is(err, config.ErrChoose) {
		return nil, err
	}
	chosen := err
	r := &logRun{app: a, cfg: cfg, query: q, flags: flags, nimbus: nimbusclient.New(nimbusConfig(cfg)), zk: &lazyTree{timeout: cfg.Timeout.V}}
	if flags.timezone == "" && cfg.LogZone.V != "" {
		if q.zone, err = config.Zone(cfg.LogZone.V); err != nil {
			return nil, err
		}
	}
	ctx, r.cancel = context.WithCancel(ctx)
	if err := r.resolve(ctx, texts, chosen); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// resolve finds what the targets mean. chosen is the error of a configuration
// that names several clusters.
func (r *logRun) resolve(ctx context.Context, texts []string, chosen error) error {
	var list []nimbusclient.TopologySummary
	var asked error
	ask := func() error {
		if list != nil || asked != nil {
			return asked
		}
		if chosen != nil {
			asked = chosen
			return asked
		}
		asked = r.nimbus.Read(ctx, func(s *nimbusclient.Session) (err error) {
			list, err = s.Topologies()
			return err
		})
		return asked
	}
	known := func(name string) bool {
		return ask() == nil && slices.ContainsFunc(list, func(t nimbusclient.TopologySummary) bool { return t.Name == name || t.ID == name })
	}
	var here *time.Location // of files of this machine, which may be of another
	if r.flags.timezone != "" {
		here = r.query.zone
	}
	for _, text := range texts {
		t, err := parseLogTarget(text, r.home, known)
		if err != nil {
			return err
		}
		switch t.kind {
		case targetStdin:
			r.fix(logs.Source{Kind: logs.KindStdin, Zone: here})
		case targetLocal:
			if info, err := os.Stat(t.path); err == nil && info.IsDir() {
				return usage("Name the files in it, such as "+filepath.Join(t.path, "*.log")+".", "%s is a directory.", quote(t.path))
			}
			r.fix(logs.Source{Path: t.path, Zone: here})
		case targetRemote:
			host := t.host
			if t.user != "" {
				host = t.user + "@" + t.host
			}
			r.fix(logs.Source{Host: host, Path: t.path})
		default:
			if err := ask(); err != nil {
				return err
			}
			if err := r.topology(ctx, list, t); err != nil {
				return err
			}
		}
	}
	if len(r.targets) > 0 {
		r.watch(ctx)
	}
	if len(r.targets) > 0 || slices.ContainsFunc(r.fixed, func(s logs.Source) bool { return s.Host != "" }) {
		r.hosts = r.sshHosts(r.cfg, r.logviewerPort)
	}
	return nil
}

// logviewerPort is what Nimbus' configuration says, 0 when it says nothing.
func (r *logRun) logviewerPort() int {
	if r.feed == nil {
		return 0
	}
	return logviewerPort(r.feed.Latest())
}

// logviewerPort is that of a picture of the cluster, which may be nil.
func logviewerPort(s *cluster.Snapshot) int {
	if s == nil {
		return 0
	}
	switch p := s.NimbusConf["logviewer.port"].(type) {
	case float64:
		return int(p)
	case json.Number:
		n, _ := p.Int64()
		return int(n)
	}
	return 0
}

func (r *logRun) fix(s logs.Source) {
	if !slices.ContainsFunc(r.fixed, func(o logs.Source) bool { return o.Key() == s.Key() }) {
		r.fixed = append(r.fixed, s)
	}
}

// topology finds a topology and its components by their names.
func (r *logRun) topology(ctx context.Context, list []nimbusclient.TopologySummary, t logTarget) error {
	top, err := matchTopology(list, t.topology)
	if err != nil {
		return err
	}
	target := follow.Target{
		TopologyID: top.ID, Host: r.flags.host, Port: r.flags.port, Kinds: r.query.kinds, From: r.query.since, To: r.query.until,
	}
	if len(t.components) > 0 {
		var structure *nimbusclient.Structure
		err := r.nimbus.Read(ctx, func(s *nimbusclient.Session) (err error) {
			structure, err = s.Structure(top.ID)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range t.components {
			id, err := findComponent(structure, top.Name, c)
			if err != nil {
				return err
			}
			target.Components = append(target.Components, id)
		}
	}
	r.targets = append(r.targets, target)
	return nil
}

// watch keeps a picture of the cluster, so that the files stay those of the
// topology wherever its workers go.
func (r *logRun) watch(ctx context.Context) {
	poller := cluster.New(pollerConfig(r.cfg, r.nimbus, r.zk))
	r.feed = follow.NewFeed(poller)
	r.running.Go(func() { poller.Run(ctx) })
	r.running.Go(func() { r.feed.Run(ctx) })
}

func (r *logRun) close() {
	r.cancel()
	r.running.Wait()
	r.zk.close(context.Background())
	r.nimbus.Close()
	if r.hosts != nil {
		r.hosts.Close()
	}
}

// session is the configuration of what finds and reads the files.
func (r *logRun) session() follow.Config {
	c := follow.Config{
		Feed: r.feed, Zone: r.query.zone, Since: r.query.since, Until: r.query.until, Reorder: r.cfg.LogReorder.V,
		Budget: int64(r.cfg.LogMemory.V), Stdin: r.stdin, Python: r.cfg.PythonLogs.V, Places: placesOf(r.cfg), Now: r.now,
	}
	if r.hosts != nil {
		c.Hosts, c.NoSSH, c.Logviewer = r.hosts.Hosts, r.hosts.why, r.hosts.logviewer
	}
	return c
}

// placesOf are the directories that the configuration names.
func placesOf(cfg *config.Config) follow.Places {
	var p follow.Places
	if cfg.LogDir.V != "" {
		p.LogDir = follow.Told{Dir: cfg.LogDir.V, From: cfg.LogDir.Origin.Short()}
	}
	if cfg.ArtifactsDir.V != "" {
		p.ArtifactsDir = follow.Told{Dir: cfg.ArtifactsDir.V, From: cfg.ArtifactsDir.Origin.Short()}
	}
	return p
}

// printer makes the printer of records. of tells what a source is; several says
// that lines need the names of their sources.
func (r *logRun) printer(of func(int32) logs.Source, several bool) *report.Records {
	terminal := r.isTerminal()
	o := report.RecordOptions{
		Format: r.query.format, Template: r.query.template, Tabs: !terminal, ASCII: r.ascii(r.cfg), Prefix: several,
		Topologies: len(r.targets) > 1, Source: of, Highlight: r.query.highlight,
	}
	switch r.cfg.UI.Color.V {
	case "always":
		o.Colour = true
	case "never":
	default:
		o.Colour = terminal && r.env("NO_COLOR") == "" && r.env("TERM") != "dumb"
	}
	return report.NewRecords(r.stdout, report.Head{Cluster: r.cfg.Name, AsOf: r.now().Round(0)}, o)
}

func (r *logRun) isTerminal() bool {
	f, ok := r.stdout.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// several reports whether lines may come from more than one source.
func (r *logRun) several() bool {
	return len(r.targets) > 0 || len(r.fixed) > 1 || len(r.fixed) == 1 && r.fixed[0].Host != ""
}

// hostProblem is a host, or a file, that could not be read.
type hostProblem struct{ where, why, hint string }

// problemOf words why a host's files are not known.
func problemOf(m follow.Missing) hostProblem {
	p := hostProblem{where: m.Host, why: strings.TrimPrefix(m.Err.Error(), m.Host+": ")}
	if own, ok := errors.AsType[*sshpool.Error](m.Err); ok {
		p.hint = own.Hint()
	}
	return p
}

// partial tells what is missing and chooses the exit code: nothing at all was
// reached, nothing was found, or some of it.
func (r *logRun) partial(problems []hostProblem, reached int, absent bool) error {
	if len(problems) == 0 {
		return nil
	}
	for _, p := range problems {
		r.notice("%s: %s", safetext.Clean(p.where), strings.TrimSpace(sentence(p.why)+" "+p.hint))
	}
	switch {
	case reached > 0:
		return exitCode(exitPartial)
	case absent:
		return exitCode(exitNotFound)
	}
	return exitCode(exitUnreachable)
}

// spoken is a mark as one line of standard error.
func spoken(rec *logs.Record, src logs.Source) string {
	return fmt.Sprintf("%s: %s", report.Label(src), strings.Join(strings.Fields(string(rec.Text)), " "))
}

// settle waits until the files are known.
func (r *logRun) settle(ctx context.Context, s *follow.Session) error {
	progress := time.NewTicker(2 * time.Second)
	defer progress.Stop()
	for {
		select {
		case <-s.Settled():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-progress.C:
			if note := s.Note(); note != "" && r.talks() {
				r.notice("%s", note)
			}
			if err := r.clusterLost(); err != nil {
				return err
			}
		}
	}
}

// clusterLost is the error of a cluster that answered the first question and
// none since.
func (r *logRun) clusterLost() error {
	if r.feed == nil {
		return nil
	}
	s := r.feed.Latest()
	if s == nil || s.Cluster != nil || s.ZK != nil || s.Link.NimbusErr == nil || s.Link.Attempt < 3 {
		return nil
	}
	return s.Link.NimbusErr
}

// talks reports whether progress is told: to a terminal only.
func (r *logRun) talks() bool {
	f, ok := r.stderr.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}
