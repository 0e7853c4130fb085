package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Settings of stormtop itself, and an example to begin with",
		Long:    "Shows where each setting of stormtop comes from, or prints an example to begin with.",
		Example: "# every setting with its origin\nstormtop config show --origin",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(didYouMean(args[0], []string{"init", "show"}, "There are config init and config show."), "There is no command %q.", "config "+args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage("stormtop config show, or stormtop config init.", "config needs to know what to do.")
		},
	}
	cmd.AddCommand(a.configInitCommand(), a.configShowCommand())
	return cmd
}

func (a *app) configInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init",
		Short:   "A commented example of config.yaml",
		Long:    "Prints a commented example of config.yaml to standard output. Nothing is written to disk.",
		Example: "mkdir -p ~/.config/stormtop\nstormtop config init > ~/.config/stormtop/config.yaml",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.stdout, config.Example())
			return err
		},
	}
}

func (a *app) configShowCommand() *cobra.Command {
	var origin bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Every setting with its value, secrets masked",
		Long:    "Lists every setting as it is in effect, with --origin also the flag, variable or file:line it comes from.",
		Example: "# where does the Nimbus address come from?\nstormtop config show --origin | grep ^nimbus",
		Args:    noArguments,
	}
	cmd.Flags().BoolVar(&origin, "origin", false, "with the place each value comes from")
	cmd.RunE = func(*cobra.Command, []string) error {
		format, err := a.chosenFormat(tabular())
		if err != nil {
			return err
		}
		cfg, err := a.load()
		if err != nil {
			return err
		}
		var list []report.Setting
		for _, s := range cfg.Settings() {
			list = append(list, report.Setting{Key: s.Key, Value: s.Value, Origin: s.Origin.String(), Note: s.Note})
		}
		return printAnswer(a, cfg, report.Settings(list, origin), report.Head{Cluster: cfg.Name, AsOf: a.now().Round(0)}, format)
	}
	return cmd
}
