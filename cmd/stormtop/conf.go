package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) confCommand() *cobra.Command {
	var ofNimbus bool
	cmd := &cobra.Command{
		Use:     "conf NAME | --nimbus-conf",
		Short:   "The configuration of a topology or of Nimbus, secrets masked",
		Long:    "Prints a configuration as Nimbus gives it, sorted by key. Values of keys that speak of secrets are masked.",
		Example: "# the message timeout of a topology\nstormtop conf wordcount -o json | jq '.configuration[\"topology.message.timeout.secs\"]'",
	}
	cmd.Flags().BoolVar(&ofNimbus, "nimbus-conf", false, "Nimbus' own configuration")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if ofNimbus {
			return noArguments(cmd, args)
		}
		return arguments("NAME, or --nimbus-conf")(cmd, args)
	}
	cmd.RunE = a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		if ofNimbus {
			var text string
			err := q.read(ctx, func(s *nimbusclient.Session) (err error) {
				text, err = s.NimbusConf()
				return err
			})
			if err != nil {
				return report.Answer{}, err
			}
			return report.Conf("", "", decode(text)), nil
		}
		var topology nimbusclient.TopologySummary
		var text string
		err := q.read(ctx, func(s *nimbusclient.Session) (err error) {
			if topology, err = findTopology(s, args[0]); err != nil {
				return err
			}
			text, err = s.Conf(topology.ID)
			return err
		})
		if err != nil {
			return report.Answer{}, err
		}
		return report.Conf(topology.ID, topology.Name, decode(text)), nil
	})
	return cmd
}
