package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// shells are those that completion can be made for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "The completion script for bash, zsh, fish or powershell",
		Long: "Prints the script that completes commands and flags in a shell. Load it at the beginning of each session, " +
			"or put it where the shell looks for such scripts.",
		Example: "source <(stormtop completion bash)\nstormtop completion zsh > \"${fpath[1]}/_stormtop\"\nstormtop completion fish | source",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := arguments("SHELL (bash, zsh, fish or powershell)")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(shells, args[0]) {
				return usage(didYouMean(args[0], shells, "bash, zsh, fish or powershell."), "There is no completion for %q.", args[0])
			}
			return nil
		},
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			default:
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
		},
	}
}

// helpCommand is -h as a command.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help for a command, as -h gives it",
		Long:    "Shows how a command is used, as -h after it does.",
		Example: "stormtop help topology",
		RunE: func(cmd *cobra.Command, args []string) error {
			found := cmd.Root()
			for _, name := range args {
				i := slices.IndexFunc(found.Commands(), func(c *cobra.Command) bool { return c.Name() == name || c.HasAlias(name) })
				if i < 0 {
					return usage(didYouMean(name, commandNames(found), "stormtop -h lists the commands."), "There is no command %q.", name)
				}
				found = found.Commands()[i]
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}
