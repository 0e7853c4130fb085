package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) componentCommand() *cobra.Command {
	var flags windowFlags
	cmd := &cobra.Command{
		Use:   "component NAME COMPONENT",
		Short: "One component: streams, executors, errors",
		Long: "Shows a component of a topology: its totals, its streams, how the work is spread over its executors, and the errors " +
			"that ZooKeeper still holds.\n\n" +
			"JSON: the keys of the Storm UI's topology/ID/component/COMP; streams by component and stream, executors by their first task, " +
			"errors from the newest to the oldest. Of stormtop alone: \"kind\", \"skew\" (work per task of the busiest executor over the " +
			"mean of the others), \"systemComponents\", \"computed\", and of an executor \"share\" (of the component's work) and \"tuplesInside\" (L, see topology).",
		Example: "# which executor does most of the work\nstormtop component wordcount count -o json | jq '.executorStats | max_by(.executed)'",
		Args:    arguments("NAME", "COMPONENT"),
	}
	flags.add(cmd.Flags())
	cmd.RunE = a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		window, err := parseWindow(flags.window)
		if err != nil {
			return report.Answer{}, err
		}
		var component *nimbusclient.Component
		var structure *nimbusclient.Structure
		var conf string
		err = q.read(ctx, func(s *nimbusclient.Session) error {
			t, err := findTopology(s, args[0])
			if err != nil {
				return err
			}
			if structure, err = s.Structure(t.ID); err != nil {
				return err
			}
			name, err := findComponent(structure, t.Name, args[1])
			if err != nil {
				return err
			}
			if component, err = s.Component(t.ID, name, window, flags.sys); err != nil {
				return err
			}
			conf, err = s.Conf(t.ID)
			return err
		})
		if err != nil {
			return report.Answer{}, err
		}
		d := q.detail(conf)
		d.Structure = structure
		q.extras(ctx, component.TopologyID, &d)
		return report.Component(*component, d), nil
	})
	return cmd
}
