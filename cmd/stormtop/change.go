package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/journal"
	"github.com/stormtop/stormtop/internal/operate"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

// change is what every command that changes a cluster takes.
type change struct {
	yes, dryRun, noWait, force bool
	reason                     string
	settle                     string
}

// neverFromEnvironment are flags that confirm or allow a change: they must be
// typed each time.
var neverFromEnvironment = []string{"yes", "force", "dry-run"}

func (c *change) flags(cmd *cobra.Command, withForce string) {
	f := cmd.Flags()
	f.BoolVarP(&c.yes, "yes", "y", false, "do not ask; needed where nobody can be asked")
	f.BoolVar(&c.dryRun, "dry-run", false, "check everything and send nothing")
	f.StringVar(&c.reason, "reason", "", "why, for the audit")
	f.BoolVar(&c.noWait, "no-wait", false, "end when Nimbus has accepted it")
	f.StringVar(&c.settle, "settle-timeout", "2m", "how long it may go without a step, beyond its wait")
	if withForce != "" {
		f.BoolVar(&c.force, "force", false, withForce)
	}
}

const changeHelp = "\n\nPrints what it is about to do, asks for the topology's name on a terminal (--yes without one), and follows the change until it " +
	"has ended; progress goes to standard error. Ends with 5 when it was refused, 6 when it was sent and not confirmed, undone or superseded.\n\n" +
	"JSON: action, topology, id, sent, state (settled, gone, sent, undone, superseded, unknown, not-sent, refused, dry-run), words, command, " +
	"before and after (status, workers, executors by component)."

// ask is a change on its way.
type asked struct {
	*inquiry
	change
	gate   *operate.Gate
	target nimbusclient.TopologySummary
	plan   []report.Planned
}

// deedOf makes of a topology and the command's arguments what is to be done.
type deedOf func(ctx context.Context, c *asked, args []string) (operate.Deed, error)

// changing makes a command's run of a change. The first argument is the topology,
// by its exact name or id.
func (a *app) changing(c *change, make deedOf) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		format, err := a.chosenFormat(tabular())
		if err != nil {
			return err
		}
		settle, err := human.ParseDuration(c.settle)
		if err != nil || settle < time.Second {
			return usage("From 1s up.", "--settle-timeout %q is no time to wait.", c.settle)
		}
		cfg, err := a.load()
		if err != nil {
			return err
		}
		ctx, stop := interruptible(cmd.Context())
		defer stop()
		q := &inquiry{app: a, cfg: cfg, nimbus: nimbusclient.New(nimbusConfig(cfg)), format: format}
		defer q.close(ctx)
		one := &asked{inquiry: q, change: *c}
		if err := one.find(ctx, args[0]); err != nil {
			return interruptedOr(ctx, cmd, err)
		}
		one.gate = operate.New(operate.Config{
			Cluster: cfg.Name, Who: who(), Rules: rulesOf(cfg, cfg.Mode.Subcommand()), Settle: settle,
			Operator: operate.Over(nimbusConfig(cfg)), Reads: cluster.Over(q.nimbus), ZK: q.watched(), Audit: auditOf(cfg), Now: a.now,
		})
		defer one.gate.Close()
		deed, err := make(ctx, one, args)
		if err != nil {
			return interruptedOr(ctx, cmd, err)
		}
		deed.TopologyID, deed.Topology, deed.Reason = one.target.ID, one.target.Name, c.reason
		deed.DryRun, deed.Force = c.dryRun, c.force
		return interruptedOr(ctx, cmd, one.do(ctx, deed))
	}
}

func interruptedOr(ctx context.Context, cmd *cobra.Command, err error) error {
	if err != nil && ctx.Err() != nil && cmd.Context().Err() == nil {
		return exitCode(exitInterrupted)
	}
	return err
}

// find reads which topology is meant. A change takes the whole name: a beginning
// of it is not enough.
func (c *asked) find(ctx context.Context, wanted string) error {
	return c.read(ctx, func(s *nimbusclient.Session) error {
		list, err := s.Topologies()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(t nimbusclient.TopologySummary) bool { return t.Name == wanted || t.ID == wanted })
		if i < 0 {
			var names []string
			for _, t := range list {
				names = append(names, t.Name)
			}
			return &failure{
				code: exitNotFound, text: "There is no topology " + quote(wanted) + ".",
				hint: didYouMean(wanted, names, "A change takes the whole name or id. "+running(names)),
			}
		}
		c.target = list[i]
		return nil
	})
}

// watched opens ZooKeeper for watching a change; nil when it is not used or its
// servers are not known.
func (q *inquiry) watched() operate.ZooKeeper {
	if q.zk != nil {
		return q.zk
	}
	servers, root := addresses(q.cfg.ZooKeeper.V), q.cfg.ZooKeeperRoot.V
	if q.cfg.UseZooKeeper.V && len(servers) == 0 {
		servers, root = q.nimbusZooKeeper()
	}
	if !q.cfg.UseZooKeeper.V || len(servers) == 0 {
		q.warn("ZooKeeper is not used: stored parallelism and the end of workers are not seen.")
		return nil
	}
	return q.openZooKeeper(servers, root)
}

// do checks, asks, sends and follows.
func (c *asked) do(ctx context.Context, d operate.Deed) error {
	if err := c.gate.Check(d); err != nil {
		return refusalOf(err)
	}
	c.notice("about to %s %s (id %s) on %s%s", wording(d.Action), d.Topology, d.TopologyID, c.cfg.Name, withParameters(d))
	if command := d.Command(); command != "" {
		c.notice("the same as: %s", command)
	}
	if err := c.confirm(d); err != nil {
		return err
	}
	p, err := c.gate.Do(ctx, d)
	if err != nil {
		return refusalOf(err)
	}
	c.follow(ctx, p)
	return c.conclude(ctx, p)
}

func wording(a operate.Action) string {
	if a.OnWorker() {
		return "ask for " + string(a) + " of a worker of"
	}
	if a == operate.LogLevels || a == operate.Sample {
		return "change " + string(a) + " of"
	}
	return string(a)
}

func withParameters(d operate.Deed) string {
	if p := d.Parameters(); p != "" {
		return ": " + p
	}
	return ""
}

// confirm asks for the name on a terminal. Where nobody can be asked, --yes is
// needed.
func (c *asked) confirm(d operate.Deed) error {
	if c.yes || d.DryRun {
		return nil
	}
	in, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(in.Fd()) {
		return usage("--yes does it without asking, --dry-run shows what would be sent.", "Nobody can be asked here. Nothing was sent.")
	}
	want := d.Topology
	if c.cfg.Prod.V {
		want = c.cfg.Name + "/" + d.Topology
	}
	// Nobody can be told that standard error is gone.
	_, _ = fmt.Fprintf(c.stderr, "Type %s to go on: ", oneLine(want))
	line, err := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(line) != want || err != nil {
		return usage("", "The name does not match. Nothing was sent.")
	}
	return nil
}

// follow prints the steps of a change to standard error until it has ended.
func (c *asked) follow(ctx context.Context, p *operate.Progress) {
	told := ""
	for {
		s := p.State()
		if line := progressLine(s); line != told {
			told = line
			c.notice("%s", line)
		}
		if c.noWait && s.Words == "" && s.Verdict == operate.Running {
			return
		}
		select {
		case <-p.Done():
			if line := progressLine(p.State()); line != told {
				c.notice("%s", line)
			}
			return
		case <-ctx.Done():
			c.notice("no longer watched; Storm goes on with what it was told")
			return
		case <-p.Changes():
		}
	}
}

// progressLine is the newest of a change in a line.
func progressLine(s operate.State) string {
	if s.Verdict != operate.Running {
		return s.Words
	}
	if s.Stuck != "" {
		return s.Stuck
	}
	var at []string
	for _, step := range s.Steps {
		switch {
		case step.State == operate.UnderWay:
			at = append(at, strings.TrimSpace(step.Name+" "+step.Detail))
		case step.State == operate.Done && len(at) == 0:
			at = at[:0]
		}
	}
	line := strings.Join(at, ", ")
	if line == "" {
		line = "accepted"
	}
	if s.Words != "" {
		line = s.Words + "; " + line
	}
	if s.LeaderChanged {
		line += " (leader is now " + s.Leader + ")"
	}
	if s.Unanswered != "" {
		line += " (" + s.Unanswered + ")"
	}
	return line
}

// conclude prints what a change has come to.
func (c *asked) conclude(ctx context.Context, p *operate.Progress) error {
	s := p.State()
	verdict := s.Verdict
	if verdict == operate.Running {
		verdict = operate.Sent
	}
	answer := report.Change{
		Action: string(s.Deed.Action), Topology: s.Deed.Topology, ID: s.Deed.TopologyID, State: string(verdict), Words: s.Words,
		Sent: verdict != operate.DryRun && verdict != operate.NotSent, Parameters: s.Deed.Parameters(), Command: s.Deed.Command(),
		No: s.No, Took: s.Took, Plan: c.plan, Before: standing(p.Before()),
	}
	if s.AuditError != "" {
		c.warn("%s", s.AuditError)
	}
	switch {
	case verdict == operate.Gone:
		answer.After = report.Standing{Status: "gone"}
	case ctx.Err() == nil:
		answer.After = c.after(ctx)
	}
	if err := c.print(report.Changed(answer)); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case verdict.Reached(), c.noWait && verdict == operate.Sent:
		return nil
	}
	return exitCode(exitUnconfirmed)
}

// after reads how the topology stands now.
func (c *asked) after(ctx context.Context) report.Standing {
	var out report.Standing
	c.try(ctx, "how it stands afterwards is not known", func(s *nimbusclient.Session) error {
		info, err := s.InfoErrors(c.target.ID, nimbusclient.ErrorsNone)
		if errors.Is(err, nimbusclient.ErrNotAlive) {
			out = report.Standing{Status: "gone"}
			return nil
		}
		if err != nil {
			return err
		}
		slots, executors := map[string]bool{}, map[string]int{}
		for _, e := range info.ExecutorList {
			slots[fmt.Sprintf("%s:%d", e.Host, e.Port)] = true
			executors[e.Component]++
		}
		out = report.Standing{Status: string(info.Status), Workers: new(len(slots)), Executors: executors}
		return nil
	})
	return out
}

func standing(s operate.Standing) report.Standing {
	return report.Standing{Status: s.Status, Workers: new(s.Workers), Executors: s.Executors}
}

// refusalOf words a refusal as a failure with its exit code.
func refusalOf(err error) error {
	var r *operate.Refusal
	if !errors.As(err, &r) {
		return err
	}
	code := exitRefused
	switch r.Rule {
	case "gone", "worker":
		code = exitNotFound
	case "deed":
		code = exitUsage
	}
	return &failure{code: code, text: r.Text, hint: r.Hint}
}

// rulesOf are the guard rails that the configuration sets up.
func rulesOf(cfg *config.Config, mode config.Mode) operate.Rules {
	r := operate.Rules{
		Protected: cfg.Protect.V, MinKillWait: int(cfg.MinKillWait.V / time.Second),
		From: cfg.ChangeHours.V.From, To: cfg.ChangeHours.V.To, NeedReason: cfg.NeedReason.V, AuditOptional: cfg.AuditOptional.V,
	}
	if mode.ReadOnly {
		r.ReadOnly, r.ReadOnlyHint = mode.Reason, mode.Hint
	}
	if r.Protected != nil {
		r.ProtectedBy = fmt.Sprintf("protect: %s, %s", r.Protected, cfg.Protect.Origin.Short())
	}
	return r
}

// auditOf is the audit in the state directory.
func auditOf(cfg *config.Config) operate.Audit {
	if cfg.Paths.State == "" {
		return noAudit{}
	}
	return journal.NewAudit(filepath.Join(cfg.Paths.State, auditFile), time.Now)
}

const auditFile = "audit.jsonl"

// noAudit stands where there is no place for an audit.
type noAudit struct{}

var errNoState = errors.New("there is no state directory for the audit: neither HOME nor XDG_STATE_HOME is set")

func (noAudit) Writable() error                      { return errNoState }
func (noAudit) Intend(journal.Record) (int64, error) { return 0, errNoState }
func (noAudit) Conclude(journal.Record) error        { return errNoState }

// who is the user and the machine, for the audit.
func who() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return name + "@" + host
}
