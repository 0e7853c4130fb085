package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/follow/search"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
)

// grepFlags are the flags of grep alone.
type grepFlags struct {
	logFlags
	ignoreCase bool
	records    bool
	maxBytes   string
	maxTime    time.Duration
	maxHosts   int
}

// grepCommand searches the history of logs.
func (a *app) grepCommand() *cobra.Command {
	var f grepFlags
	cmd := &cobra.Command{
		Use:   "grep PATTERN [TARGET…]",
		Short: "Lines of current and rotated log files, searched on their hosts",
		Long: "Prints the lines that match an RE2 pattern, of all targets, merged by the lines' own time. TARGETs are those of stormtop " +
			"tail; without one, standard input. Of a topology the rotated files are searched too.\n\n" +
			"On a host the literal part of the pattern is looked for by grep -F, in packed files too, and only those lines travel; the " +
			"pattern decides here, so the answer is the same as for a copy of the files. A pattern without a literal part has the files " +
			"read whole, and that is said. --max-bytes, --max-time and --max-hosts bound the work.\n\n" +
			"Ends with 0 when a line matched, 1 when none did, 7 when a host is missing in the answer.",
		Example: "# deaths of Python processes in all there is of wordcount\nstormtop grep 'ShellBolt died' wordcount -C 3\n" +
			"# how many lines of a file\nstormtop grep 'took [0-9]{4,}ms' ./worker.log --count",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd.CommandPath()+" -h shows how it is used.", "%s needs PATTERN.", cmd.CommandPath())
			}
			if len(args) == 1 {
				args = append(args, "-")
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.interrupted(ctx, cmd.Context(), a.grep(ctx, &f, args[0], args[1:]))
		},
	}
	f.declare(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.ignoreCase, "ignore-case", false, "the pattern matches letters of either case")
	flags.BoolVar(&f.records, "records", false, "whole records: a traceback with its first line")
	flags.StringVar(&f.maxBytes, "max-bytes", "1G", "most bytes read from hosts; 0 is no limit")
	flags.DurationVar(&f.maxTime, "max-time", 5*time.Minute, "longest time for all hosts; 0 is no limit")
	flags.IntVar(&f.maxHosts, "max-hosts", 16, "hosts searched at a time")
	return cmd
}

func (a *app) grep(ctx context.Context, f *grepFlags, pattern string, targets []string) error {
	m, err := match.Compile([]string{pattern}, match.Options{IgnoreCase: f.ignoreCase || f.folds(pattern)})
	if err != nil {
		return usage("RE2 syntax; \\( for a literal bracket.", "%s: %v.", quote(pattern), err)
	}
	if f.records && f.context > 0 {
		return usage("Leave one of them out.", "--records gives whole records, -C lines around a line.")
	}
	limit, err := byteCount("--max-bytes", f.maxBytes)
	if err != nil {
		return err
	}
	if f.maxHosts < 1 || f.maxTime < 0 {
		return usage("", "--max-hosts is at least 1, --max-time at least 0.")
	}
	r, err := a.openLogs(ctx, &f.logFlags, targets)
	if err != nil {
		return err
	}
	defer r.close()
	if len(r.query.highlight) == 0 {
		r.query.highlight = []*match.Matcher{m}
	}
	g := &grepping{logRun: r, f: f, m: m, limit: limit}
	if n, done, err := g.countFile(); done {
		return g.counted(n, err)
	}
	return g.run(ctx)
}

// grepping is one run of grep.
type grepping struct {
	*logRun
	f       *grepFlags
	m       *match.Matcher
	limit   int64
	sources []logs.Source
	out     *report.Records
	matches int64
	last    search.Line // printed last, for telling groups apart
	lastOf  [2]string
	filter  *logs.Filter
}

// countFile counts in files of this machine alone, the fast way.
func (g *grepping) countFile() (n int64, done bool, err error) {
	q := g.query
	if !g.f.count || g.f.records || len(q.terms) > 0 || !q.since.IsZero() || !q.until.IsZero() || len(g.targets) > 0 {
		return 0, false, nil
	}
	for _, s := range g.fixed {
		if s.Host != "" || s.Kind == logs.KindStdin || strings.HasSuffix(s.Path, ".gz") {
			return 0, false, nil
		}
	}
	for _, s := range g.fixed {
		one, err := g.m.CountFile(s.Path, 0)
		if err != nil {
			return n, true, err
		}
		n += one
	}
	return n, true, nil
}

// counted prints a count.
func (g *grepping) counted(n int64, err error) error {
	if err != nil {
		code := exitUnreachable
		if errors.Is(err, fs.ErrNotExist) {
			code = exitNotFound
		}
		return &failure{code: code, text: sentence(upperFirst(err.Error()))}
	}
	if _, err := fmt.Fprintf(g.stdout, "%d\n", n); err != nil {
		return err
	}
	if n == 0 {
		return exitCode(exitCondition)
	}
	return nil
}

func (g *grepping) run(ctx context.Context) error {
	var err error
	if g.filter, err = logs.NewFilter(g.query.terms); err != nil {
		return err
	}
	missing, err := g.find(ctx)
	if err != nil {
		return err
	}
	if len(g.sources) == 0 && len(missing) == 0 {
		g.notice("No worker runs what is asked for, or none of them has such a file.")
		return exitCode(exitNotFound)
	}
	texts, fold := g.m.Literals()
	remote := map[string]bool{}
	for _, s := range g.sources {
		if s.Host != "" {
			remote[s.Host] = true
		}
	}
	if len(texts) == 0 && len(remote) > 0 {
		g.notice("The pattern has no literal part that a host could look for: the files are read whole, up to %s.", g.f.maxBytes)
	}
	of := func(i int32) logs.Source { return g.sources[i] }
	g.out = g.printer(of, g.several())
	searching := ctx
	if g.f.maxTime > 0 && len(remote) > 0 {
		var stop context.CancelFunc
		searching, stop = context.WithTimeout(ctx, g.f.maxTime)
		defer stop()
	}
	res, err := search.Run(searching, search.Config{
		Hosts: g.hostsOf(), Match: g.m.Match, Literals: texts, Fold: fold, Context: g.f.context, Records: g.f.records,
		Since: g.query.since, Until: g.query.until, Stamps: g.stamps, Times: g.query.format != report.FormatTable || len(g.query.terms) > 0,
		Files: g.otherFiles(),
		Scan: func(path string, fn func([]byte, int64) bool) error {
			return g.m.ScanFile(path, 0, fn)
		},
		Rotated: func(s logs.Source) bool { return s.TopologyID != "" }, Stdin: g.stdin, Bytes: g.limit, HostsAtOnce: g.f.maxHosts,
		Progress: g.progress(len(remote) > 0),
	}, g.sources, g.print)
	if err != nil && (ctx.Err() != nil || searching.Err() == nil) {
		return err
	}
	return g.end(res, missing, err != nil)
}

// find lists the files once; a change of assignment meanwhile does not matter to
// what is history.
func (g *grepping) find(ctx context.Context) ([]follow.Missing, error) {
	if len(g.targets) == 0 {
		g.sources = g.fixed
		return nil, nil
	}
	s := follow.NewFinding(g.session(), g.targets, g.fixed)
	defer func() { _ = s.Close() }()
	if err := g.settle(ctx, s); err != nil {
		return nil, err
	}
	for _, f := range s.Found() {
		if f.Wanted {
			g.sources = append(g.sources, f.Source)
		}
	}
	return s.Missing(), nil
}

func (g *grepping) hostsOf() logs.Hosts {
	if g.hosts == nil {
		return nil
	}
	return g.hosts
}

// otherFiles are those of the logviewer.
func (g *grepping) otherFiles() func(logs.Source) logs.FileSystem {
	if g.hosts == nil || g.hosts.logviewer == nil {
		return nil
	}
	return g.hosts.logviewer.Files
}

// stamps reads times as a host's clock and zone have them.
func (g *grepping) stamps(s logs.Source) func([]byte) (int64, bool) {
	zone, ahead := s.Zone, time.Duration(0)
	if s.Host != "" && g.hosts != nil {
		clock := g.hosts.Host(s.Host).Clock()
		if zone == nil {
			zone = clock.Zone
		}
		if clock.Known {
			ahead = clock.Offset
		}
	}
	if zone == nil {
		zone = g.query.zone
	}
	r := logs.NewStampReader(zone)
	return func(line []byte) (int64, bool) {
		ns, ok := r.Read(line)
		return ns - int64(ahead), ok
	}
}

// progress tells a terminal how far the hosts are.
func (g *grepping) progress(remote bool) func(search.Progress) {
	if !remote || !g.talks() {
		return nil
	}
	said := g.now()
	return func(p search.Progress) {
		if now := g.now(); now.Sub(said) >= 2*time.Second && p.Done < p.Sources {
			said = now
			g.notice("searched %d of %d files, %s read", p.Done, p.Sources, human.Bytes(float64(p.Bytes)))
		}
	}
}

// print prints a block: its lines one by one, or as one record.
func (g *grepping) print(b search.Block) error {
	src := g.sources[b.Source]
	of := [2]string{src.Key(), b.File}
	if g.f.context > 0 && g.matches > 0 && (of != g.lastOf || b.Lines[0].N != g.last.N+1) && !g.f.count {
		if err := g.out.Separate(); err != nil {
			return err
		}
	}
	g.last, g.lastOf = b.Lines[len(b.Lines)-1], of
	if g.f.records {
		var text []byte
		for i, l := range b.Lines {
			if i > 0 {
				text = append(text, '\n')
			}
			text = append(text, l.Text...)
		}
		return g.one(b, text, len(b.Lines), false)
	}
	for _, l := range b.Lines {
		if err := g.one(b, l.Text, 1, !l.Match); err != nil {
			return err
		}
	}
	return nil
}

func (g *grepping) one(b search.Block, text []byte, lines int, context bool) error {
	rec := logs.Record{Source: int32(b.Source), Time: b.Time, Text: text, Lines: int32(lines), Level: logs.LineLevel(text), Offset: -1}
	if !context {
		if !g.filter.Match(&rec, func(i int32) logs.Source { return g.sources[i] }) {
			return nil
		}
		g.matches++
	}
	if g.f.count {
		return nil
	}
	return g.out.Write(&rec, context)
}

// end says what is missing, and how it ended.
func (g *grepping) end(res search.Result, missing []follow.Missing, outOfTime bool) error {
	var problems []hostProblem
	absent := true
	for _, m := range missing {
		problems, absent = append(problems, problemOf(m)), false
	}
	reached := len(g.sources) - len(res.Failures)
	for _, f := range res.Failures {
		why := f.Err.Error()
		switch {
		case errors.Is(f.Err, fs.ErrNotExist):
			why = "there is no file " + f.Source.Path
			problems = append(problems, hostProblem{where: report.Label(f.Source), why: why})
			continue
		case f.OverBudget():
			why = "not searched to the end: --max-bytes " + g.f.maxBytes + " was reached"
			reached++
		case outOfTime:
			why = fmt.Sprintf("not searched to the end within --max-time %s", g.f.maxTime)
			reached++
		}
		problems, absent = append(problems, hostProblem{where: report.Label(f.Source), why: why}), false
	}
	if len(res.Streamed) > 0 {
		g.notice("No command could be run on %s: files were read whole.", strings.Join(res.Streamed, ", "))
	}
	var warnings []string
	for _, p := range problems {
		warnings = append(warnings, oneLine(p.where+": "+p.why))
	}
	if g.f.count {
		if _, err := fmt.Fprintf(g.stdout, "%d\n", g.matches); err != nil {
			return err
		}
	} else if err := g.out.Close(warnings); err != nil {
		return err
	}
	if err := g.partial(problems, reached, absent); err != nil {
		return err
	}
	if g.matches == 0 {
		return exitCode(exitCondition)
	}
	return nil
}
