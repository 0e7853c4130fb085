package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "The cluster on one screen, and what is wrong now",
		Long: "Sums up the cluster: Nimbuses, leader, supervisors, slots, topologies, and what the health rules find in one look. " +
			"Rules that compare several looks are the console's.\n\n" +
			"JSON: the keys of the Storm UI's cluster/summary, \"nimbuses\" as in nimbus/summary by host and port, and of stormtop alone " +
			"\"leader\" (host:port, null without one) and \"problems\" (level, where, rule, what …), the worst first. " +
			"Generic resources are an object instead of a text.",
		Example: "# is a leader elected?\nstormtop status -o json | jq -e .leader",
		Args:    noArguments,
		RunE: a.ask(tabular(), func(ctx context.Context, q *inquiry, _ []string) (report.Answer, error) {
			demand := cluster.Demand{AllTopologies: true, NimbusConf: true, Window: nimbusclient.Window10m}
			s, err := q.picture(ctx, demand, everyPage)
			if err != nil {
				return report.Answer{}, err
			}
			tracker := diagnose.Tracker{Limits: limits(q.cfg)}
			return report.Status(*s.Cluster, q.server, s.NimbusConf, tracker.Report(s, q.now())), nil
		}),
	}
}

// everyPage reports whether the ten-minute page of every topology was read or
// refused.
func everyPage(s *cluster.Snapshot) bool {
	for _, row := range s.Cluster.Topologies {
		t := s.Topologies[row.ID]
		if t == nil || t.Page(nimbusclient.Window10m, false) == nil && len(t.Errs) == 0 {
			return false
		}
	}
	return true
}

// limits are the thresholds of the health rules as configured.
func limits(cfg *config.Config) diagnose.Thresholds {
	t := cfg.Thresholds
	return diagnose.Thresholds{
		CapacityWarn: t.CapacityWarn.V, CapacityCrit: t.CapacityCrit.V, LoadWarn: t.ShellLoadWarn.V, LoadCrit: t.ShellLoadCrit.V,
		FailWarn: t.FailShareWarn.V, FailCrit: t.FailShareCrit.V, SkewWarn: t.Skew.V,
		RestartsWithin: t.RestartsWindow.V, ErrorWithin: t.NewError.V, SilentFor: t.SilentSpout.V,
		StuckBeyondWait: t.Stuck.V, LeftOnAfter: t.LeftOn.V,
	}
}
