package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) slotsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "slots",
		Short: "Which slot of which host runs what",
		Long: "Lists every worker slot, by host and port. Which ports are free only ZooKeeper knows; without it free slots are counted.\n\n" +
			"JSON: \"supervisors\" with their \"slots\"; all keys of a slot are stormtop's own: port, state (free, used, starting, " +
			"leaving, lost), topologyId, topologyName, executors, tasks, uptimeSeconds.",
		Example: "# free slots of each host\nstormtop slots -o json | jq -r '.supervisors[] | \"\\(.host) \\(.slotsFree)\"'",
		Args:    noArguments,
		RunE: a.ask(tabular(), func(ctx context.Context, q *inquiry, _ []string) (report.Answer, error) {
			l, err := q.layout(ctx)
			if err != nil {
				return report.Answer{}, err
			}
			return report.Slots(l), nil
		}),
	}
}

func (a *app) workersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "workers [NAME]",
		Short: "The worker processes of one topology or all",
		Long: "Lists the worker processes with their uptime and resources, by host and port. RESTARTED says that a worker is more than " +
			"two minutes younger than its assignment, which ZooKeeper knows.\n\n" +
			"JSON: the keys of \"workers\" in the Storm UI's topology/ID; of stormtop alone \"state\" and \"restarted\".",
		Example: "# workers that restarted since they were assigned\nstormtop workers -o json | jq '.workers[] | select(.restarted)'",
		Args:    arguments("[NAME]"),
		RunE: a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
			id := ""
			if len(args) > 0 {
				err := q.read(ctx, func(s *nimbusclient.Session) error {
					t, err := findTopology(s, args[0])
					id = t.ID
					return err
				})
				if err != nil {
					return report.Answer{}, err
				}
			}
			l, err := q.layout(ctx)
			if err != nil {
				return report.Answer{}, err
			}
			return report.Workers(l, id), nil
		}),
	}
}
