package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
)

func minutesOf(n int) time.Duration { return time.Duration(n) * time.Minute }

// waitStates are what can be waited for.
var waitStates = []string{"ACTIVE", "INACTIVE", "settled", "gone"}

func (a *app) waitCommand() *cobra.Command {
	var limit string
	cmd := &cobra.Command{
		Use:   "wait NAME STATE",
		Short: "Wait until a topology is ACTIVE, INACTIVE, settled or gone",
		Long: "Settled means that it is neither REBALANCING nor KILLED and that every executor has sent a heartbeat. gone is reached by a topology " +
			"that is not there. Ends with 1 when the state was not reached in time.\n\nJSON: topology, id, state, reached.",
		Example: "# after a deployment\nstormtop wait wordcount settled --for 2m",
		Args:    arguments("NAME", "STATE"),
	}
	cmd.Flags().StringVar(&limit, "for", "5m", "how long to wait")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		i := slices.IndexFunc(waitStates, func(s string) bool { return strings.EqualFold(s, args[1]) })
		if i < 0 {
			return usage(didYouMean(args[1], waitStates, strings.Join(waitStates, ", ")+"."), "There is no state %q to wait for.", args[1])
		}
		patience, err := human.ParseDuration(limit)
		if err != nil || patience <= 0 {
			return usage("As in --for 2m.", "--for %q is no time to wait.", limit)
		}
		return a.ask(tabular(), func(ctx context.Context, q *inquiry, _ []string) (report.Answer, error) {
			return q.await(ctx, args[0], waitStates[i], patience)
		})(cmd, args)
	}
	return cmd
}

// await asks once a second until a topology is in a state.
func (q *inquiry) await(ctx context.Context, name, want string, patience time.Duration) (report.Answer, error) {
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := ""
	for {
		w, err := q.standing(ctx, name)
		if err != nil {
			return report.Answer{}, err
		}
		if w.is(want) {
			return report.Waited(name, w.id, w.state(), true), nil
		}
		if w.id == "" {
			return report.Answer{}, &failure{code: exitNotFound, text: "There is no topology " + quote(name) + "."}
		}
		if now := w.state(); now != told {
			told = now
			q.notice("%s is %s", name, now)
		}
		select {
		case <-ctx.Done():
			return report.Answer{}, context.Cause(ctx)
		case <-end.C:
			return report.Waited(name, w.id, w.state(), false), exitCode(exitCondition)
		case <-tick.C:
		}
	}
}

// waited is how a topology stands while it is waited for.
type waited struct {
	id            string // "" when it is not there
	status        nimbusclient.Status
	up, executors int
}

func (w waited) is(want string) bool {
	switch want {
	case "gone":
		return w.id == ""
	case "settled":
		return (w.status == nimbusclient.Active || w.status == nimbusclient.Inactive) && w.executors > 0 && w.up == w.executors
	}
	return string(w.status) == want
}

func (w waited) state() string {
	switch {
	case w.id == "":
		return "gone"
	case w.up < w.executors || w.executors == 0:
		return fmt.Sprintf("%s, %d of %d executors up", w.status, w.up, w.executors)
	}
	return string(w.status)
}

func (q *inquiry) standing(ctx context.Context, name string) (waited, error) {
	var w waited
	err := q.read(ctx, func(s *nimbusclient.Session) error {
		w = waited{}
		list, err := s.Topologies()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(t nimbusclient.TopologySummary) bool { return t.Name == name || t.ID == name })
		if i < 0 {
			return nil
		}
		w.id, w.status = list[i].ID, list[i].Status
		info, err := s.InfoErrors(w.id, nimbusclient.ErrorsNone)
		if err != nil {
			return err
		}
		for _, e := range info.ExecutorList {
			w.executors++
			if e.Stats != nil && e.UptimeSecs != nil && *e.UptimeSecs > 0 {
				w.up++
			}
		}
		return nil
	})
	return w, err
}
