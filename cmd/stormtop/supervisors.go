package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) supervisorsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "supervisors",
		Short: "The hosts with their slots and resources",
		Long: "Lists the supervisors, sorted by host, then id.\n\n" +
			"JSON: the keys of the Storm UI's supervisor/summary. Generic resources are an object instead of a text.",
		Example: "# hosts without a free slot\nstormtop supervisors -o json | jq -r '.supervisors[] | select(.slotsFree == 0).host'",
		Args:    noArguments,
		RunE: a.ask(tabular(), func(ctx context.Context, q *inquiry, _ []string) (report.Answer, error) {
			var cluster *nimbusclient.Cluster
			err := q.read(ctx, func(s *nimbusclient.Session) (err error) {
				cluster, err = s.Cluster()
				return err
			})
			if err != nil {
				return report.Answer{}, err
			}
			return report.Supervisors(*cluster, q.server, q.conf), nil
		}),
	}
}
