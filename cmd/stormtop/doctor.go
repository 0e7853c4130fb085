package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "What is reached, what is not and why, what the server lacks",
		Long: "Tries every Nimbus seed, ZooKeeper server and worker host (over ssh), says where logs are kept and who told so, compares the configuration with what the cluster says of itself, and lists " +
			"what this version of Storm does not tell. Ends with 1 when a fault is found.\n\n" +
			"JSON: \"faults\" (a number) and \"checks\" (grade: ok, note, warn or fault; area, target, found, hint) in the order they were made.",
		Example: "# only what needs attention\nstormtop doctor -o json | jq '.checks[] | select(.grade == \"fault\")'",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := a.chosenFormat(tabular())
			if err != nil {
				return err
			}
			cfg, warnings, err := config.Load(config.Inputs{Flags: a.given(), Env: a.env, Files: a.files, Home: a.home})
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			q := &inquiry{app: a, cfg: cfg, nimbus: nimbusclient.New(nimbusConfig(cfg)), format: format}
			defer q.close(ctx)
			d := &doctor{inquiry: q}
			d.configuration(warnings)
			d.seeds(ctx)
			d.cluster(ctx)
			d.zooKeeper(ctx)
			d.workerHosts(ctx)
			if ctx.Err() != nil && cmd.Context().Err() == nil {
				return exitCode(exitInterrupted)
			}
			if err := q.print(report.Doctor(d.checks)); err != nil {
				return err
			}
			if slices.ContainsFunc(d.checks, func(c report.Check) bool { return c.Grade == report.GradeFault }) {
				return exitCode(exitCondition)
			}
			return nil
		},
	}
}

// doctor collects checks.
type doctor struct {
	*inquiry
	checks []report.Check
	reach  *nimbusclient.Cluster // nil when no leader was reached
}

func (d *doctor) found(grade report.Grade, area, target, hint, format string, args ...any) {
	d.checks = append(d.checks, report.Check{Area: area, Target: target, Grade: grade, Text: oneLine(fmt.Sprintf(format, args...)), Hint: hint})
}

// configuration says what names the cluster, and repeats what the files warn of.
func (d *doctor) configuration(warnings []config.Warning) {
	const area = "configuration"
	cfg := d.cfg
	switch {
	case !cfg.Configured:
		d.found(report.GradeNote, area, "cluster", "--nimbus HOST, or a storm.yaml.", "nothing names a cluster; looked for %s", strings.Join(cfg.LookedAt, ", "))
	case cfg.AdHoc:
		d.found(report.GradeOK, area, "cluster", "", "%s, named by %s and by no file", cfg.Name, cfg.NameOrigin)
	default:
		d.found(report.GradeOK, area, "cluster", "", "%s, named by %s", cfg.Name, cfg.NameOrigin)
	}
	for _, w := range warnings {
		d.found(report.GradeWarn, area, w.Where, w.Hint, "%s", w.Text)
	}
}

// seeds tries every seed by itself.
func (d *doctor) seeds(ctx context.Context) {
	for _, seed := range addresses(d.cfg.Nimbus.V) {
		one := nimbusConfig(d.cfg)
		one.Seeds = []string{seed}
		client := nimbusclient.New(one)
		err := client.Read(ctx, func(*nimbusclient.Session) error { return nil })
		state := client.State()
		client.Close()
		d.seed(seed, state, err)
	}
}

// seed says how one address answered. A standby that names a leader out of reach
// answered all the same.
func (d *doctor) seed(addr string, state nimbusclient.State, err error) {
	const area = "nimbus"
	i := slices.IndexFunc(state.Endpoints, func(e nimbusclient.Endpoint) bool { return e.Addr == addr })
	var own *nimbusclient.Error
	if i >= 0 && errors.As(state.Endpoints[i].Err, &own) {
		d.found(report.GradeFault, area, addr, nimbusHint(own), "%s", own.Short())
		return
	}
	if i < 0 || state.Endpoints[i].Asked.IsZero() {
		text := "not asked"
		if err != nil {
			text = err.Error()
		}
		d.found(report.GradeFault, area, addr, "", "%s", text)
		return
	}
	e := state.Endpoints[i]
	var took time.Duration
	for _, step := range e.Steps {
		took += step.Took
	}
	role := "standby, names " + e.Names
	switch {
	case e.Names == "":
		role = "names no leader"
	case state.Leader.Dialled == addr:
		role = "leader"
	}
	d.found(report.GradeOK, area, addr, "", "%s, answers in %s", role, human.Latency(float64(took)/float64(time.Millisecond)))
}

// cluster asks the leader what it is, what it lacks and whether it agrees with
// the configuration.
func (d *doctor) cluster(ctx context.Context) {
	err := d.read(ctx, func(s *nimbusclient.Session) (err error) {
		d.reach, err = s.Cluster()
		return err
	})
	if err != nil {
		_, lines := explain(err)
		d.found(report.GradeFault, "server", "leader", lines[0].hint, "%s", strings.TrimSuffix(lines[0].text, "."))
		return
	}
	d.found(report.GradeOK, "server", d.server.Addr, "", "Storm %s, %d topologies, %d supervisors", versionOf(d.server), len(d.reach.Topologies), len(d.reach.Supervisors))
	for _, l := range lacks(d.server) {
		d.found(report.GradeNote, "server", l.what, "", "needs Storm %s: %s", l.since, l.instead)
	}
	d.agreement()
}

func versionOf(s nimbusclient.Server) string {
	if s.Version != "" {
		return s.Version
	}
	return s.Line.String() + " (it does not tell its version)"
}

// lack is something that a server does not offer.
type lack struct{ what, since, instead string }

func lacks(s nimbusclient.Server) []lack {
	var out []lack
	if !s.HasPageCalls {
		out = append(out,
			lack{"page calls", "1.0", "figures are computed here from every executor's"},
			lack{"log levels, sampling, profiling", "1.0", "not to be had"})
	}
	if !s.HasGetLeader {
		out = append(out,
			lack{"getLeader", "1.1", "the leader is read from the cluster summary, or there is only one"},
			lack{"workers and supervisor pages", "1.1", "taken from the executors, and from ZooKeeper"})
	}
	if s.Line < nimbusclient.V2 {
		out = append(out, lack{"owners, fragmented resources", "2.0", "not to be had"})
	}
	return out
}

// agreement compares the seeds with the daemons that Nimbus lists, and the
// versions of all.
func (d *doctor) agreement() {
	seeds := addresses(d.cfg.Nimbus.V)
	for _, n := range d.reach.Nimbuses {
		if !slices.Contains(seeds, n.Addr()) && !slices.ContainsFunc(d.cfg.Nimbus.V, func(a config.Address) bool { return a.Host == n.Host }) {
			d.found(report.GradeNote, "configuration", n.Addr(), "Add it, so that it is found when the others are down.", "a Nimbus of the cluster that is no seed here")
		}
		if n.Version != "" && n.Version != d.server.Version {
			d.found(report.GradeWarn, "server", n.Addr(), "", "runs Storm %s, the leader %s", n.Version, d.server.Version)
		}
	}
	versions := map[string][]string{}
	for _, s := range d.reach.Supervisors {
		if s.Version != "" && d.server.Version != "" && s.Version != d.server.Version {
			versions[s.Version] = append(versions[s.Version], s.Host)
		}
	}
	for version, hosts := range versions {
		slices.Sort(hosts)
		d.found(report.GradeWarn, "server", strings.Join(hosts, " "), "", "supervisors of Storm %s under a Nimbus of %s", version, d.server.Version)
	}
	if len(d.reach.Supervisors) == 0 {
		d.found(report.GradeFault, "server", "supervisors", "storm supervisor on the worker hosts; the same ZooKeeper root there?", "none is registered")
	}
}

// zooKeeper tries every server, then reads Storm's tree.
func (d *doctor) zooKeeper(ctx context.Context) {
	const area = "zookeeper"
	if !d.cfg.UseZooKeeper.V {
		d.found(report.GradeNote, area, d.cfg.UseZooKeeper.Origin.Short(), "", "not used: free ports, desired parallelism and the tree itself are not known")
		return
	}
	from := ""
	var zk *zkview.Client
	if len(d.cfg.ZooKeeper.V) > 0 {
		zk = d.openZooKeeper(addresses(d.cfg.ZooKeeper.V), d.cfg.ZooKeeperRoot.V)
		from = d.cfg.ZooKeeper.Origin.Short()
	} else if servers, root := d.nimbusZooKeeper(); len(servers) > 0 {
		zk = d.openZooKeeper(servers, root)
		from = "Nimbus' configuration"
	}
	if zk == nil {
		d.found(report.GradeNote, area, "servers", "--zk HOST names them.", "not known: nothing names them, and Nimbus does not answer")
		return
	}
	view, err := zk.View(ctx)
	for _, s := range zk.Probe(ctx).Servers {
		switch s.Contact {
		case zkview.ContactGood:
			d.found(report.GradeOK, area, s.Addr, "", "reached, from %s", from)
		default:
			d.found(report.GradeFault, area, s.Addr, sentence(upperFirst(s.Hint)), "%s", orWord(s.Outcome, "no answer"))
		}
	}
	if err != nil {
		_, lines := explain(err)
		d.found(report.GradeFault, area, zk.Root(), sentence(upperFirst(lines[0].hint)), "%s", strings.TrimSuffix(lines[0].text, "."))
		return
	}
	d.found(report.GradeOK, area, view.Root, "", "read on %s: %d assignments, %d supervisors", view.Server, len(view.Assignments), len(view.Supervisors))
	for _, path := range sortedKeys(view.Missing) {
		d.found(report.GradeWarn, area, path, "", "%s", view.Missing[path])
	}
	if d.reach != nil && len(d.reach.Supervisors) != len(view.Supervisors) {
		d.found(report.GradeWarn, area, view.Root, "Is this the ZooKeeper of this Nimbus? storm.zookeeper.root?", "holds %d supervisors, Nimbus tells of %d", len(view.Supervisors), len(d.reach.Supervisors))
	}
}

// workerHosts logs in on every supervisor's host, and asks where it keeps logs.
// Nobody is asked about keys or passwords.
func (d *doctor) workerHosts(ctx context.Context) {
	const area = "logs"
	if !d.cfg.UseSSH.V {
		d.found(report.GradeNote, area, d.cfg.UseSSH.Origin.Short(), "", "ssh is not used: logs are read over the logviewers")
		return
	}
	if d.reach == nil {
		return
	}
	var names []string
	for _, s := range d.reach.Supervisors {
		if !slices.Contains(names, s.Host) {
			names = append(names, s.Host)
		}
	}
	slices.SortFunc(names, cluster.CompareNames)
	hosts := hostsOf(d.cfg, func() int { return 0 }, nil)
	defer hosts.Close()
	for _, l := range follow.Locate(ctx, hosts.Hosts, placesOf(d.cfg), d.conf, d.server.Line, names) {
		dir := l.Dirs.Artifacts
		if dir == "" || d.server.Line == nimbusclient.V0_9 || d.server.Line == nimbusclient.V0_10 {
			dir = l.Dirs.Logs
		}
		switch {
		case l.Err == nil:
			d.found(report.GradeOK, area, l.Host, "", "ssh answers; worker logs in %s, from %s", dir, l.Dirs.From)
		case errors.Is(l.Err, fs.ErrNotExist):
			d.found(report.GradeWarn, area, l.Host, "--log-dir or --artifacts-dir names the right one.", "ssh answers; there is no %s, from %s", dir, l.Dirs.From)
		default:
			// The logviewer may do instead, and other questions need no ssh.
			p := problemOf(follow.Missing{Host: l.Host, Err: l.Err})
			d.found(report.GradeWarn, area, l.Host, p.hint, "no ssh: %s", strings.TrimSuffix(p.why, "."))
		}
	}
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
