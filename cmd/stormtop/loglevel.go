package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/operate"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) loglevelCommand() *cobra.Command {
	var c change
	var remove []string
	cmd := &cobra.Command{
		Use:   "loglevel NAME [LOGGER=LEVEL[:SECS]]… [-r LOGGER]…",
		Short: "Show, set and clear the log levels of a topology's workers",
		Long: "Without a level or -r it shows the overrides that Nimbus has. A level with SECS ends by itself, up to 30 s after its time. " +
			"Storm takes any word for a level; only those of log4j2 are sent." + changeHelp,
		Example: "# debugging output of the multilang bolts for ten minutes\nstormtop loglevel wordcount org.apache.storm.task.ShellBolt=DEBUG:600 --yes",
		Args: func(cmd *cobra.Command, args []string) error {
			return arguments("NAME")(cmd, args[:min(1, len(args))])
		},
	}
	c.flags(cmd, "")
	cmd.Flags().StringArrayVarP(&remove, "remove", "r", nil, "clear the override of a LOGGER; may be repeated")
	set := a.changing(&c, func(_ context.Context, _ *asked, args []string) (operate.Deed, error) {
		levels, err := parseLevels(args[1:], remove)
		return operate.Deed{Action: operate.LogLevels, Levels: levels}, err
	})
	show := a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		var levels map[string]nimbusclient.LogLevel
		var topology nimbusclient.TopologySummary
		err := q.read(ctx, func(s *nimbusclient.Session) (err error) {
			if topology, err = findTopology(s, args[0]); err != nil {
				return err
			}
			levels, err = s.LogConfig(topology.ID)
			return err
		})
		return report.LogLevels(topology.ID, topology.Name, levels, q.now()), err
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && len(remove) == 0 {
			return show(cmd, args)
		}
		return set(cmd, args)
	}
	return cmd
}

// parseLevels reads LOGGER=LEVEL[:SECS] and the loggers to clear.
func parseLevels(set, remove []string) (map[string]nimbusclient.LogLevel, error) {
	out := map[string]nimbusclient.LogLevel{}
	for _, text := range set {
		logger, rest, ok := strings.Cut(text, "=")
		if !ok || logger == "" || rest == "" {
			return nil, usage("As in org.apache.storm.task.ShellBolt=DEBUG:600.", "%q is not LOGGER=LEVEL[:SECS].", text)
		}
		level, secs, timed := strings.Cut(rest, ":")
		l := nimbusclient.LogLevel{Action: "UPDATE", Target: strings.ToUpper(level)}
		if timed {
			n, err := strconv.Atoi(secs)
			if err != nil || n < 1 {
				return nil, usage("Seconds from 1.", "%q: %q is no number of seconds.", text, secs)
			}
			l.TimeoutSecs = &n
		}
		out[logger] = l
	}
	for _, logger := range remove {
		if _, twice := out[logger]; twice {
			return nil, usage("Leave one of them out.", "%s is both set and cleared.", logger)
		}
		out[logger] = nimbusclient.LogLevel{Action: "REMOVE"}
	}
	return out, nil
}

func (a *app) debugCommand() *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use:   "debug NAME[/COMP] PERCENT|off",
		Short: "Sample tuples into events.log, or stop it",
		Long: "Storm 2.x adds a percentage to the one it has stored; what is missing to PERCENT is sent, and the stored one is read back. " +
			"Refused where the topology has no event logger, and for a multilang component whose worker would crash because its events go to " +
			"another worker unregistered with Kryo; --force does it nevertheless." + changeHelp,
		Example: "# a tenth of what split emits\nstormtop debug wordcount/split 10 --yes",
		Args:    arguments("NAME[/COMP]", "PERCENT|off"),
	}
	c.flags(cmd, "sample a multilang component although its worker may crash")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, component, _ := strings.Cut(args[0], "/")
		percent := 0.0
		if args[1] != "off" {
			var err error
			percent, err = strconv.ParseFloat(strings.TrimSuffix(args[1], "%"), 64)
			if err != nil || !(percent > 0 && percent <= 100) {
				return usage("A percentage above 0 and up to 100, or off.", "%q is no percentage.", args[1])
			}
		}
		return a.changing(&c, func(context.Context, *asked, []string) (operate.Deed, error) {
			return operate.Deed{Action: operate.Sample, Component: component, Percent: percent}, nil
		})(cmd, []string{name})
	}
	return cmd
}

func (a *app) workerCommand() *cobra.Command {
	actions := map[string]operate.Action{
		"restart": operate.RestartWorker, "jstack": operate.Jstack, "heap": operate.Heap,
		"profile": operate.ProfileStart, "profile-dump": operate.ProfileDump, "profile-stop": operate.ProfileStop,
	}
	var words []string
	for w := range actions {
		words = append(words, w)
	}
	slices.Sort(words)
	var c change
	var minutes int
	cmd := &cobra.Command{
		Use:   "worker restart|jstack|heap|profile NAME HOST:PORT",
		Short: "Restart one worker, or have its stacks, heap or profile written",
		Long: "Asks the worker's supervisor through Nimbus. The file appears in the worker's directory on its host; restart ends the worker's process, " +
			"which the supervisor starts again. The supervisor needs bin/flight.bash; on Storm 1.x one that lacks it ends itself at any such request." + changeHelp,
		Example: "# stack traces of a worker\nstormtop worker jstack wordcount w1:6700 --yes",
		Args:    arguments("restart|jstack|heap|profile", "NAME", "HOST:PORT"),
	}
	c.flags(cmd, "")
	cmd.Flags().IntVar(&minutes, "minutes", 5, "how long to profile")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		action, ok := actions[args[0]]
		if !ok {
			return usage(didYouMean(args[0], words, strings.Join(words, ", ")+"."), "There is no worker action %q.", args[0])
		}
		at := strings.LastIndexByte(args[2], ':')
		port, err := strconv.Atoi(args[2][at+1:])
		if at < 1 || err != nil {
			return usage("As stormtop workers lists them.", "%q is not HOST:PORT.", args[2])
		}
		return a.changing(&c, func(context.Context, *asked, []string) (operate.Deed, error) {
			return operate.Deed{Action: action, Host: args[2][:at], Port: port, For: minutesOf(minutes)}, nil
		})(cmd, args[1:2])
	}
	return cmd
}
