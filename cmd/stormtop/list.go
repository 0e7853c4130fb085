package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"topologies"},
		Short:   "The topologies",
		Long: "Lists the topologies, sorted by name.\n\n" +
			"JSON: the keys of the Storm UI's topology/summary. Generic resources are an object instead of a text.",
		Example: "# names of all topologies that do not run\nstormtop list -o json | jq -r '.topologies[] | select(.status != \"ACTIVE\").name'",
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
			return report.List(*cluster, q.server, q.conf), nil
		}),
	}
}
