package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/operate"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/rebalance"
)

// wish is what the flags of rebalance say.
type wish struct {
	wait, workers   int
	executors       []string
	resources, conf string
	goal            string
}

func (a *app) rebalanceCommand() *cobra.Command {
	var c change
	var w wish
	cmd := &cobra.Command{
		Use:   "rebalance NAME [-w SECS] [-n WORKERS] [-e COMP=N]… | --propose GOAL",
		Short: "Change workers and executors, and see it settle",
		Long: "Shows what Storm will make of it (executors are clamped to the tasks, which are fixed at submit; predicted capacity; slots needed and free), " +
			"warns, sends it and follows it until every executor has reported. It ends as settled, undone (a new leader can fall back to the " +
			"parallelism it knew) or superseded.\n\n" +
			"GOAL is a plan to be made: no-bolt-over=0.7, spread, or shrink=WORKERS; with --dry-run it is only shown." + changeHelp,
		Example: "# four executors for split, three workers\nstormtop rebalance wordcount -e split=4 -n 3\n" +
			"# what would bring every bolt below 70 %\nstormtop rebalance wordcount --propose no-bolt-over=0.7 --dry-run",
		Args: arguments("NAME"),
	}
	c.flags(cmd, "send although fewer slots are free than are asked for")
	f := cmd.Flags()
	f.IntVarP(&w.wait, "wait", "w", 0, "seconds until workers are moved (default: the message timeout)")
	f.IntVarP(&w.workers, "num-workers", "n", 0, "workers wanted")
	f.StringArrayVarP(&w.executors, "executor", "e", nil, "executors of a component, COMP=N; may be repeated")
	f.StringVarP(&w.resources, "resources", "r", "", `resources for each task as JSON, {"split":{"cpu.pcore.percent":50}} (Storm 2.0)`)
	f.StringVarP(&w.conf, "topology-conf", "t", "", "configuration to override as a JSON object (Storm 2.0)")
	f.StringVar(&w.goal, "propose", "", "let a plan be made for a goal")
	cmd.RunE = a.changing(&c, func(ctx context.Context, c *asked, _ []string) (operate.Deed, error) {
		p, err := c.planned(ctx)
		if err != nil {
			return operate.Deed{}, err
		}
		if err := w.into(&p, cmd.Flags().Changed, c); err != nil {
			return operate.Deed{}, err
		}
		p.Force = c.force
		c.plan = planRows(p)
		for _, warning := range p.Check() {
			if warning.Grade != rebalance.Block { // the gate refuses those
				c.warn("%s.", warning.Text)
			}
		}
		if !c.dryRun {
			if err := report.Plan(c.plan).Write(c.stderr, report.Head{}, report.Options{Format: report.FormatTable, ASCII: c.ascii(c.cfg)}); err != nil {
				return operate.Deed{}, err
			}
		}
		for _, w := range c.warnings {
			c.notice("warning: %s", w)
		}
		c.told = len(c.warnings)
		return operate.Deed{Action: operate.Rebalance, Plan: &p}, nil
	})
	return cmd
}

// planned reads what a plan needs to know, over the last ten minutes.
func (c *asked) planned(ctx context.Context) (rebalance.Plan, error) {
	const window = nimbusclient.Window10m
	ready := func(s *cluster.Snapshot) bool {
		t := s.Topology(c.target.ID)
		_, ok := diagnose.PlanTopology(s, c.target.ID, window)
		return ok && t.Conf != nil && (t.Page(window, true) != nil || len(t.Errs) > 0)
	}
	s, err := c.picture(ctx, diagnose.PlanDemand(c.target.ID, window), ready)
	if err != nil {
		return rebalance.Plan{}, err
	}
	t, ok := diagnose.PlanTopology(s, c.target.ID, window)
	if !ok {
		return rebalance.Plan{}, &failure{code: exitUnreachable, text: "The executors of " + c.target.Name + " could not be read."}
	}
	return rebalance.Plan{Topology: t, Cluster: diagnose.PlanCluster(s, 0, c.cfg.MaxRebalanceFactor.V)}, nil
}

// into puts the flags into a plan.
func (w *wish) into(p *rebalance.Plan, given func(flag string) bool, c *asked) error {
	if w.goal != "" {
		if len(w.executors) > 0 || given("num-workers") {
			return usage("Leave one of them out.", "--propose makes the plan, -e and -n say it.")
		}
		if err := w.propose(p, c); err != nil {
			return err
		}
	}
	if given("wait") {
		p.Wait = &w.wait
	}
	if given("num-workers") {
		p.Workers = &w.workers
	}
	for _, text := range w.executors {
		component, n, err := rebalance.ParseExecutors(text)
		if err != nil {
			return usage("As in -e split=4.", "-e %s", sentence(err.Error()))
		}
		if p.Executors == nil {
			p.Executors = map[string]int{}
		}
		p.Executors[component] = n
	}
	if w.resources != "" {
		if err := json.Unmarshal([]byte(w.resources), &p.Resources); err != nil {
			return usage(`As in -r '{"split":{"cpu.pcore.percent":50}}'.`, "-r: this is no JSON object of resources: %v.", err)
		}
	}
	if w.conf != "" {
		d := json.NewDecoder(strings.NewReader(w.conf))
		d.UseNumber()
		if err := d.Decode(&p.Conf); err != nil || d.More() || p.Conf == nil {
			return usage(`As in -t '{"topology.max.spout.pending":100}'.`, "-t: this is no JSON object.")
		}
	}
	return nil
}

func (w *wish) propose(p *rebalance.Plan, c *asked) error {
	word, value, _ := strings.Cut(w.goal, "=")
	var goal rebalance.Goal
	var n float64
	if value != "" {
		if _, err := fmt.Sscanf(value, "%g", &n); err != nil {
			n = 0
		}
	}
	switch {
	case word == "no-bolt-over" && n > 0:
		goal = rebalance.NoBoltOver(n)
	case word == "spread" && value == "":
		goal = rebalance.SpreadOver()
	case word == "shrink" && n >= 1 && n == math.Trunc(n):
		goal = rebalance.ShrinkTo(int(n))
	default:
		return usage("no-bolt-over=0.7, spread, or shrink=WORKERS.", "There is no goal %q.", w.goal)
	}
	made, why, err := rebalance.Propose(p.Topology, p.Cluster, goal)
	for _, line := range why {
		c.notice("%s", line)
	}
	if err != nil {
		return &failure{code: exitCondition, text: sentence(upperFirst(err.Error()))}
	}
	*p = made
	return nil
}

// planRows are the plan as a table: the workers, then every component.
func planRows(p rebalance.Plan) []report.Planned {
	list := []report.Planned{{
		Now: p.Topology.Workers, New: p.WorkersAfter(),
		Note: fmt.Sprintf("free slots: %d, needed: %d", p.Cluster.FreeSlots, p.MoreSlots()),
	}}
	for _, q := range p.Predict() {
		row := report.Planned{
			Component: q.Component.ID, Kind: kindOf(q.Component), Tasks: q.Component.Tasks, Now: q.Component.Executors, New: q.Executors, Note: q.Doubt,
		}
		if q.Component.Kind == rebalance.Bolt && !q.Component.Shell {
			row.Capacity = q.Component.Capacity
		}
		if !math.IsNaN(q.Capacity) {
			row.Predicted = &q.Capacity
		}
		list = append(list, row)
	}
	return list
}

func kindOf(c rebalance.Component) string {
	switch {
	case c.Kind == rebalance.System:
		return "system"
	case c.Shell:
		return "shell"
	}
	return "jvm"
}
