package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

// windowFlags are those of commands whose figures are of a window.
type windowFlags struct {
	window string
	sys    bool
}

func (w *windowFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&w.window, "window", "10m", "span of the counters: 10m, 3h, 1d or all")
	flags.BoolVar(&w.sys, "sys", false, "with Storm's own components and streams")
}

func (a *app) topologyCommand() *cobra.Command {
	var flags windowFlags
	var showConf bool
	cmd := &cobra.Command{
		Use:     "topology NAME",
		Aliases: []string{"stats"},
		Short:   "One topology: totals, spouts, bolts, workers",
		Long: "Shows a topology by its name, its id, or a beginning of either that only one has.\n\n" +
			"The column LOAD is Storm's capacity for a JVM bolt. For a shell bolt (Python …), whose capacity measures only the " +
			"hand-over to its pipe, it is L: the mean number of tuples inside its busiest task, rate × process latency; below 1 it has room.\n\n" +
			"JSON: the keys of the Storm UI's topology/ID; windows from the shortest to the longest, spouts and bolts by id, workers by host and port. " +
			"Of stormtop alone: \"systemComponents\" (--sys), \"computed\" (by stormtop, the server being older than 1.0), " +
			"and of a spout or bolt \"kind\" (jvm or its interpreter) and \"tuplesInside\" (L).",
		Example: "# one line a bolt, as CSV\nstormtop topology wordcount --window 3h -o csv",
		Args:    arguments("NAME"),
	}
	flags.add(cmd.Flags())
	cmd.Flags().BoolVar(&showConf, "conf", false, "with the configuration, secrets masked")
	cmd.RunE = a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		window, err := parseWindow(flags.window)
		if err != nil {
			return report.Answer{}, err
		}
		var page *nimbusclient.Topology
		var conf string
		err = q.read(ctx, func(s *nimbusclient.Session) error {
			t, err := findTopology(s, args[0])
			if err != nil {
				return err
			}
			if page, err = s.Topology(t.ID, window, flags.sys); err != nil {
				return err
			}
			if conf = page.Conf; conf == "" {
				conf, err = s.Conf(t.ID)
			}
			return err
		})
		if err != nil {
			return report.Answer{}, err
		}
		d := q.detail(conf)
		d.ShowConf = showConf
		q.extras(ctx, page.ID, &d)
		return report.Topology(*page, d), nil
	})
	return cmd
}

// extras reads the graph and the executors of a topology: what stormtop shows
// beyond Storm's own pages.
func (q *inquiry) extras(ctx context.Context, id string, d *report.Detail) {
	if d.Structure == nil {
		q.try(ctx, "kinds of components are not known", func(s *nimbusclient.Session) (err error) {
			d.Structure, err = s.Structure(id)
			return err
		})
	}
	q.try(ctx, "load of shell components and skew are not known", func(s *nimbusclient.Session) (err error) {
		d.Info, err = s.InfoErrors(id, nimbusclient.ErrorsNone)
		return err
	})
}
