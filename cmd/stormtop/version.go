package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "The version of this program",
		Long:    "Prints the version of this program, of the Go it was built with, and the platform.",
		Example: "# for a report of a fault\nstormtop version",
		Args:    noArguments,
		RunE: a.local(func([]string) (report.Answer, error) {
			return report.Version(report.Program{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}), nil
		}),
	}
}

func (a *app) keysCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "keys",
		Short:   "The keys of the console",
		Long:    "Lists the keys of the console.",
		Example: "# as a table for a wiki\nstormtop keys -o csv",
		Args:    noArguments,
		RunE: a.local(func([]string) (report.Answer, error) {
			return report.Keys(a.keys()), nil
		}),
	}
}

// local makes a command's run of an answer that needs no cluster.
func (a *app) local(fn func(args []string) (report.Answer, error)) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		format, err := a.chosenFormat(tabular())
		if err != nil {
			return err
		}
		answer, err := fn(args)
		if err != nil {
			return err
		}
		return printAnswer(a, nil, answer, report.Head{AsOf: a.now().Round(0)}, format)
	}
}
