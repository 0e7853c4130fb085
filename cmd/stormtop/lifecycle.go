package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/operate"
)

func (a *app) killCommand() *cobra.Command {
	var c change
	var wait int
	cmd := &cobra.Command{
		Use:   "kill NAME [-w SECS]",
		Short: "End a topology, and see it gone",
		Long: "Stops the topology's spouts, waits for the tuples in flight, and ends it. It is done when the id is gone from Nimbus and ZooKeeper, " +
			"its slots are free and its workers have ended." + changeHelp,
		Example: "# from a script, with ten seconds for the tuples in flight\nstormtop kill wordcount -w 10 --yes --reason 'moved to prod-b'",
		Args:    arguments("NAME"),
	}
	c.flags(cmd, "")
	cmd.Flags().IntVarP(&wait, "wait", "w", 0, "seconds until workers end (default: the message timeout)")
	cmd.RunE = a.changing(&c, func(context.Context, *asked, []string) (operate.Deed, error) {
		d := operate.Deed{Action: operate.Kill}
		if cmd.Flags().Changed("wait") {
			d.Wait = &wait
		}
		return d, nil
	})
	return cmd
}

func (a *app) activateCommand() *cobra.Command {
	return a.toggleCommand(operate.Activate, "Let a topology's spouts emit again", "stormtop activate wordcount --yes")
}

func (a *app) deactivateCommand() *cobra.Command {
	return a.toggleCommand(operate.Deactivate, "Stop a topology's spouts; its workers stay", "stormtop deactivate wordcount --yes")
}

func (a *app) toggleCommand(action operate.Action, short, example string) *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use: string(action) + " NAME", Short: short, Long: strings.TrimSuffix(short, ".") + "." + changeHelp,
		Example: "# without being asked\n" + example, Args: arguments("NAME"),
	}
	c.flags(cmd, "")
	cmd.RunE = a.changing(&c, func(context.Context, *asked, []string) (operate.Deed, error) {
		return operate.Deed{Action: action}, nil
	})
	return cmd
}
