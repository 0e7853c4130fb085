package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/logs"
)

// tailFlags are the flags of tail alone.
type tailFlags struct {
	logFlags
	follow  bool
	lines   string
	reorder string
	arrival bool
	byLine  bool
	exec    bool
}

// tailCommand prints the end of logs and goes on with what is added.
func (a *app) tailCommand() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail [TARGET…]",
		Short: "The merged, filtered log lines of a topology, or of files",
		Long: "Prints the last lines of every log file of its targets, merged by the lines' own time, and with -f goes on with what is " +
			"added: through rotations, broken connections, and wherever Storm moves the workers.\n\n" +
			"A TARGET is a topology or TOPOLOGY/COMPONENT[,COMPONENT] (the workers that run them, and their Python log files), a file of " +
			"this machine (with a / or a .), [USER@]HOST:/PATH, or - for standard input, which is also read when no target is given.\n\n" +
			"Patterns are RE2 and select whole records, so that a traceback stays together; --by-line selects lines. What came from " +
			"several files begins with its source. Joined, left and lost sources are told on standard error, or as records with the " +
			"key \"mark\". Control characters are printed in a visible form; -o jsonl holds the text as it was.\n\n" +
			"JSON lines: time, host, port, topology, component, task, pid, level, logger, thread, source, offset, text, lines, late, origins.",
		Example: "# the split bolt of wordcount wherever it runs, what took long\nstormtop tail wordcount/split -f -i 'took [0-9]+ms' -x DEBUG\n" +
			"# the same filters on any program's output\njournalctl -f | stormtop tail -f - --level warn",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(f.Fd()) {
					return usage("stormtop list -o name lists the topologies; - is standard input.", "stormtop tail needs a TARGET.")
				}
				args = []string{"-"}
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.interrupted(ctx, cmd.Context(), a.tail(ctx, &f, args, cmd.Flags().Changed("lines")))
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what is added")
	flags.StringVarP(&f.lines, "lines", "l", "10", "lines before the end of each file, or all")
	f.declare(cmd)
	flags.BoolVar(&f.byLine, "by-line", false, "patterns select lines, not whole records")
	flags.StringVar(&f.reorder, "reorder", "", "milliseconds a line waits for older ones of other files (250)")
	flags.BoolVar(&f.arrival, "no-merge", false, "lines in the order in which they arrive")
	flags.BoolVar(&f.exec, "exec", false, "read through a shell on the hosts even where there is SFTP")
	flags.Lookup("exec").Hidden = true
	return cmd
}

// interrupted turns the end by ctrl-c into its exit code.
func (a *app) interrupted(ctx, outer context.Context, err error) error {
	if err != nil && ctx.Err() != nil && outer.Err() == nil {
		return exitCode(exitInterrupted)
	}
	return err
}

func (a *app) tail(ctx context.Context, f *tailFlags, targets []string, linesGiven bool) error {
	lines, err := lineCount(f.lines)
	if err != nil {
		return err
	}
	r, err := a.openLogs(ctx, &f.logFlags, targets)
	if err != nil {
		return err
	}
	defer r.close()
	if !linesGiven && (f.count || !r.query.since.IsZero()) {
		lines = -1 // a count, or a span of time, means all there is
	}
	if f.follow && (f.count || r.query.format == report.FormatJSON && f.template == "") {
		return usage("Leave -f out, or use -o jsonl.", "An answer with -f has no end: neither --count nor -o json goes with it.")
	}
	cfg := r.session()
	cfg.Lines, cfg.Follow, cfg.Exec, cfg.Arrival = lines, f.follow, f.exec, f.arrival
	if cfg.Reorder, err = reorderWindow(f.reorder, r.cfg); err != nil {
		return err
	}
	filter, err := logs.NewFilter(r.query.terms)
	if err != nil {
		return err
	}
	s := follow.New(cfg, r.targets, r.fixed)
	defer func() { _ = s.Close() }()
	if !f.follow {
		if err := r.settle(ctx, s); err != nil {
			return err
		}
	}
	t := &tailing{logRun: r, s: s, store: s.Store(), filter: filter, f: f, done: s.Mux().Done()}
	t.out = r.printer(t.store.Source, r.several())
	if err := t.run(ctx); err != nil {
		return err
	}
	return t.end()
}

// reorderWindow reads --reorder, which outranks the configuration; a negative
// window is none.
func reorderWindow(text string, cfg *config.Config) (time.Duration, error) {
	window := cfg.LogReorder.V
	if text != "" {
		var ms int
		if _, err := fmt.Sscanf(text+"\n", "%d\n", &ms); err == nil && ms >= 0 && ms <= 60_000 {
			window = time.Duration(ms) * time.Millisecond
		} else if d, err := time.ParseDuration(text); err == nil && d >= 0 && d <= time.Minute {
			window = d
		} else {
			return 0, usage("Milliseconds from 0 to 60000.", "--reorder %s is out of bounds.", text)
		}
	}
	return mergeWindow(window), nil
}

// mergeWindow is a window as the merger takes it, to whom 0 is its default.
func mergeWindow(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// tailing prints what a session reads.
type tailing struct {
	*logRun
	f      *tailFlags
	s      *follow.Session
	store  *logs.Store
	filter *logs.Filter
	out    *report.Records
	done   <-chan struct{}

	next    atomic.Uint64 // number of the next record to print
	matches int64
	before  []logs.Record // context that waits for a match
	after   int           // context still to print
	skipped bool          // something was left out since the last line
	told    map[string]string
	dropped uint64
}

// run prints until everything was read, or until ctx ends.
func (t *tailing) run(ctx context.Context) error {
	holding, stop := context.WithCancel(ctx)
	defer stop()
	t.running.Go(func() { t.hold(holding) })
	t.told = map[string]string{}
	for {
		finished := false
		select {
		case <-t.done:
			finished = true
		default:
		}
		if err := t.drain(ctx); err != nil {
			return err
		}
		t.tell()
		if finished {
			return nil
		}
		select {
		case <-t.store.Changed():
		case <-t.s.Changed():
		case <-t.done:
		case <-ctx.Done():
			if err := t.drain(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			return ctx.Err()
		}
		if err := t.clusterLost(); err != nil && !t.f.follow {
			return err
		}
	}
}

// drain prints the records that are there.
func (t *tailing) drain(ctx context.Context) error {
	for n := 0; ; n++ {
		lo, hi := t.store.Range()
		next := t.next.Load()
		if next < lo {
			t.dropped += lo - next
			t.notice("%d records were dropped because the reader of this output is slow", lo-next)
			next = lo
		}
		if next >= hi {
			t.next.Store(next)
			break
		}
		for ; next < hi; next++ {
			rec, ok := t.store.At(next)
			if !ok {
				break // dropped meanwhile
			}
			if err := t.record(&rec); err != nil {
				return err
			}
			t.next.Store(next + 1)
			if next&0x3ff == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return t.out.Flush()
}

// record prints what the filter selects, with its context.
func (t *tailing) record(rec *logs.Record) error {
	if rec.Mark != logs.MarkNone {
		return t.mark(rec)
	}
	if t.f.byLine {
		one := *rec
		one.Lines, one.Origins = 1, nil
		for line := range bytes.SplitSeq(rec.Text, []byte("\n")) {
			one.Text = line
			if err := t.select1(&one); err != nil {
				return err
			}
			one.Offset += int64(len(line)) + 1
		}
		return nil
	}
	return t.select1(rec)
}

func (t *tailing) select1(rec *logs.Record) error {
	if t.filter.Match(rec, t.store.Source) {
		t.matches++
		if t.f.count {
			return nil
		}
		if t.f.context > 0 && t.skipped && t.matches > 1 {
			if err := t.out.Separate(); err != nil {
				return err
			}
		}
		for i := range t.before {
			if err := t.out.Write(&t.before[i], true); err != nil {
				return err
			}
		}
		t.before, t.after, t.skipped = t.before[:0], t.f.context, false
		return t.out.Write(rec, false)
	}
	if t.f.context == 0 || t.f.count {
		return nil
	}
	if t.after > 0 {
		t.after--
		return t.out.Write(rec, true)
	}
	if len(t.before) == t.f.context {
		copy(t.before, t.before[1:])
		t.before = t.before[:len(t.before)-1]
		t.skipped = true
	}
	t.before = append(t.before, *rec)
	return nil
}

// mark tells of what happened to a source: among the records where these are
// for programs, otherwise on standard error. Without -f only what is missing
// matters.
func (t *tailing) mark(rec *logs.Record) error {
	quiet := rec.Mark == logs.MarkJoined || rec.Mark == logs.MarkLeft || rec.Mark == logs.MarkRotated || rec.Mark == logs.MarkNote
	if t.f.count || quiet && (!t.f.follow || !t.several()) {
		return nil
	}
	if t.query.format != report.FormatTable && t.f.template == "" {
		return t.out.Write(rec, false)
	}
	if err := t.out.Flush(); err != nil {
		return err
	}
	t.notice("%s", spoken(rec, t.store.Source(rec.Source)))
	return nil
}

// tell says on standard error which files cannot be read, and which are read over
// the logviewer, once for each reason.
func (t *tailing) tell() {
	for _, st := range t.s.States() {
		key := report.Label(st.Source)
		if st.Via == "logviewer" && st.BytesRead > 0 && t.told["via "+st.Source.Host] == "" {
			t.told["via "+st.Source.Host] = "logviewer"
			t.notice("%s: read over its logviewer, because %s", st.Source.Host, sentence(t.noSSH(st)))
		}
		if !t.f.follow {
			continue
		}
		words := ""
		switch st.State {
		case logs.StateWaiting, logs.StateFailed:
			words = st.Words
		case logs.StateLost:
			words = st.Words
			if st.Index >= 0 && st.Lines > 0 {
				words = "" // a mark in the stream says so
			}
		default:
		}
		if words != "" && t.told[key] != words {
			t.notice("%s: %s", key, sentence(words))
		}
		t.told[key] = words
	}
}

// noSSH is why a host's files are not read over ssh.
func (t *tailing) noSSH(st logs.SourceState) string {
	if t.hosts.why != "" {
		return "of " + t.hosts.why
	}
	for _, m := range t.s.Missing() {
		if m.Host == st.Source.Host {
			return "of " + problemOf(m).why
		}
	}
	return "there is no ssh"
}

// hold makes the sources wait at their places while whoever reads our output is
// slower than they are and the memory for records is half used.
func (t *tailing) hold(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	mux, on := t.s.Mux(), false
	defer mux.Hold(false)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		lo, hi := t.store.Range()
		behind := hi - min(hi, max(lo, t.next.Load()))
		full := t.store.Bytes() > t.store.Budget()/2
		switch {
		case !on && full && behind > (hi-lo)/2:
			on = true
			mux.Hold(true)
		case on && behind < (hi-lo)/4+1:
			on = false
			mux.Hold(false)
		}
	}
}

// end ends the answer, and says what is missing in it.
func (t *tailing) end() error {
	var problems []hostProblem
	reached, absent := 0, true
	served := map[string]bool{}
	for _, st := range t.s.States() {
		served[st.Source.Host] = served[st.Source.Host] || st.Via == "logviewer" && st.BytesRead > 0
	}
	for _, m := range t.s.Missing() {
		if !served[m.Host] {
			problems, absent = append(problems, problemOf(m)), false
		}
	}
	for _, st := range t.s.States() {
		switch {
		case st.Index < 0:
		case st.State == logs.StateFailed:
			problems, absent = append(problems, hostProblem{where: report.Label(st.Source), why: st.Words}), false
		case st.State == logs.StateDone && st.Words != "" && st.BytesRead == 0:
			problems = append(problems, hostProblem{where: report.Label(st.Source), why: "nothing was read: " + st.Words})
		default:
			reached++
		}
	}
	if reached == 0 && len(problems) == 0 && len(t.targets) > 0 {
		t.notice("No worker runs what is asked for, or none of them has such a file.")
		return exitCode(exitNotFound)
	}
	var warnings []string
	for _, p := range problems {
		warnings = append(warnings, oneLine(p.where+": "+p.why))
	}
	if t.f.count {
		if _, err := fmt.Fprintf(t.stdout, "%d\n", t.matches); err != nil {
			return err
		}
	} else if err := t.out.Close(warnings); err != nil {
		return err
	}
	return t.partial(problems, reached, absent)
}
