package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) dagCommand() *cobra.Command {
	var sys bool
	cmd := &cobra.Command{
		Use:   "dag NAME",
		Short: "The graph of a topology as text, DOT or JSON",
		Long: "Shows which component feeds which, over which stream and by which grouping.\n\n" +
			"JSON: \"components\" in the order in which tuples reach them, then by id, and \"edges\" by source, stream and target.",
		Example: "# a picture\nstormtop dag wordcount -o dot | dot -Tsvg -o wordcount.svg",
		Args:    arguments("NAME"),
	}
	cmd.Flags().BoolVar(&sys, "sys", false, "with Storm's own components and streams")
	formats := []report.Format{report.FormatText, report.FormatDOT, report.FormatJSON}
	cmd.RunE = a.ask(formats, func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		var g report.Graph
		err := q.read(ctx, func(s *nimbusclient.Session) error {
			t, err := findTopology(s, args[0])
			if err != nil {
				return err
			}
			structure, err := s.Structure(t.ID)
			if err != nil {
				return err
			}
			g = report.Graph{ID: t.ID, Name: t.Name, Structure: *structure, Sys: sys}
			return nil
		})
		if err != nil {
			return report.Answer{}, err
		}
		q.try(ctx, "numbers of executors are not known", func(s *nimbusclient.Session) (err error) {
			g.Page, err = s.Topology(g.ID, nimbusclient.Window10m, true)
			return err
		})
		return report.DAG(g), nil
	})
	return cmd
}
