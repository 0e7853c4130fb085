package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/ui/theme"
)

// app is the program with what it needs of the world outside.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(name string) string
	files          config.Files
	home           string
	now            func() time.Time
	// console shows the interactive console.
	console func(ctx context.Context, cfg *config.Config, view string) error
	// keys lists the console's keys.
	keys func() []report.Key

	// output is -o; flags are those that the configuration reads.
	output string
	flags  *pflag.FlagSet
}

// main runs one command line and returns the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	a.plainWithoutColour(args)
	code := exitDone
	err := fang.Execute(ctx, root,
		fang.WithoutVersion(), fang.WithoutManpage(), fang.WithoutCompletions(),
		fang.WithErrorHandler(func(_ io.Writer, _ fang.Styles, err error) { code = conclude(a.stderr, err) }))
	if err == nil {
		return exitDone
	}
	return code
}

// plainWithoutColour passes --color on to the help, which only knows NO_COLOR.
func (a *app) plainWithoutColour(args []string) {
	colour := a.env(config.EnvName("color"))
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--color="); ok {
			colour = value
		} else if arg == "--color" && i+1 < len(args) {
			colour = args[i+1]
		}
	}
	if colour == "never" {
		// It cannot fail for this name, and then help would merely be coloured.
		_ = os.Setenv("NO_COLOR", "1")
	}
}

// root is the command tree.
func (a *app) root() *cobra.Command {
	var view string
	root := &cobra.Command{
		Use:   "stormtop [--view SCREEN]",
		Short: "A terminal console for Apache Storm",
		Long: "Without a command stormtop is an interactive console. Every question it answers can also be asked by a command, " +
			"as a table or as JSON with the key names of the Storm UI's REST API.\n\n" +
			"Each flag can also be set as STORMTOP_<FLAG>, such as STORMTOP_NIMBUS.",
		Example: "# the console, on the cluster of ~/.storm/storm.yaml\nstormtop\n" +
			"# the console on another cluster, beginning with a topology\nstormtop --nimbus nim-a --view topology:wordcount\n" +
			"# the topologies as JSON\nstormtop list -o json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(didYouMean(args[0], commandNames(cmd), "stormtop -h lists the commands."), "There is no command %q.", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil && !errors.Is(err, config.ErrChoose) {
				return err
			}
			if cfg == nil {
				return err
			}
			return a.console(cmd.Context(), cfg, view)
		},
	}
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetHelpCommand(a.helpCommand())
	root.SetFlagErrorFunc(flagError)
	root.Flags().StringVar(&view, "view", "", "screen to begin with: SCREEN or SCREEN:NAME")
	a.addFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.fromEnvironment(cmd) }
	root.AddCommand(
		a.statusCommand(), a.listCommand(), a.topologyCommand(), a.componentCommand(),
		a.supervisorsCommand(), a.slotsCommand(), a.workersCommand(), a.dagCommand(), a.confCommand(),
		a.tailCommand(), a.grepCommand(),
		a.zkCommand(), a.doctorCommand(), a.configCommand(), a.keysCommand(), a.versionCommand(), a.completionCommand(), a.demoCommand(),
		a.rebalanceCommand(), a.killCommand(), a.activateCommand(), a.deactivateCommand(), a.loglevelCommand(), a.debugCommand(),
		a.workerCommand(), a.waitCommand(),
	)
	for _, cmd := range root.Commands() {
		a.shortHelp(cmd)
	}
	return root
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	return names
}

// laterFlags are understood and stored but used by nothing in this version.
var laterFlags = []string{"env"}

// addFlags declares the flags that every command takes: those of the
// configuration, and -o.
func (a *app) addFlags(flags *pflag.FlagSet) {
	a.flags = flags
	flags.StringVarP(&a.output, "output", "o", "", "form of the answer: table, wide, json, jsonl, csv or name")
	for _, f := range config.Flags() {
		switch f.Kind {
		case config.FlagSwitch:
			flags.BoolP(f.Name, f.Short, false, f.Usage)
		case config.FlagList:
			flags.StringArrayP(f.Name, f.Short, nil, f.Usage+" ("+f.Argument+")")
		default:
			flags.StringP(f.Name, f.Short, "", f.Usage+" ("+f.Argument+")")
		}
		if slices.Contains(laterFlags, f.Name) {
			flags.Lookup(f.Name).Hidden = true
		}
	}
	flags.SortFlags = false
}

// commonFlags are shown in the help of every command; the others that all take
// are shown by stormtop -h.
var commonFlags = []string{"output", "nimbus", "zk", "cluster", "timeout"}

// shortHelp keeps a command's help to its own flags and the common ones.
func (a *app) shortHelp(cmd *cobra.Command) {
	cmd.SetHelpFunc(func(c *cobra.Command, args []string) {
		a.flags.VisitAll(func(f *pflag.Flag) {
			f.Hidden = f.Hidden || !slices.Contains(commonFlags, f.Name)
		})
		c.Root().HelpFunc()(c, args)
	})
	for _, sub := range cmd.Commands() {
		a.shortHelp(sub)
	}
}

// fromEnvironment gives flags that were not given their value of STORMTOP_<FLAG>.
// The configuration reads its own.
func (a *app) fromEnvironment(cmd *cobra.Command) error {
	var bad error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || slices.Contains(neverFromEnvironment, f.Name) || slices.ContainsFunc(config.Flags(), func(c config.Flag) bool { return c.Name == f.Name }) {
			return
		}
		name := config.EnvName(f.Name)
		if value := a.env(name); value != "" && bad == nil {
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				bad = usage("", "%s: %q is no value of --%s.", name, value, f.Name)
			}
		}
	})
	return bad
}

// flagError words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		hint := cmd.CommandPath() + " -h lists the flags."
		if dashes == "--" {
			hint = didYouMean("--"+name, names, hint)
		}
		return usage(hint, "There is no flag %s%s.", dashes, name)
	}
	return usage(cmd.CommandPath()+" -h shows how it is used.", "%s", sentence(upperFirst(err.Error())))
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// load resolves the configuration and prints what it warns of.
func (a *app) load() (*config.Config, error) {
	cfg, warnings, err := config.Load(config.Inputs{Flags: a.given(), Env: a.env, Files: a.files, Home: a.home, Themes: theme.Names()})
	for _, w := range warnings {
		a.notice("warning: %s", w.String())
	}
	return cfg, err
}

// given are the flags that were given, as the configuration wants them.
func (a *app) given() map[string][]string {
	out := map[string][]string{}
	a.flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			out[f.Name] = list.GetSlice()
			return
		}
		out[f.Name] = []string{f.Value.String()}
	})
	return out
}

// notice writes a line to standard error.
func (a *app) notice(format string, args ...any) {
	// Nobody can be told that standard error is gone.
	_, _ = fmt.Fprintf(a.stderr, "stormtop: %s\n", oneLine(fmt.Sprintf(format, args...)))
}

// interruptible ends a context at ctrl-c and TERM.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// noArguments refuses arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd.CommandPath()+" -h shows how it is used.", "%s takes no arguments, %q is too much.", cmd.CommandPath(), args[0])
	}
	return nil
}

// arguments wants as many arguments as there are names; those in brackets may be
// missing.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return usage(cmd.CommandPath()+" -h shows how it is used.", "%s takes %s; %q is too much.", cmd.CommandPath(), strings.Join(names, " "), args[len(names)])
		}
		if len(args) < len(names) && !strings.HasPrefix(names[len(args)], "[") {
			return usage(cmd.CommandPath()+" -h shows how it is used.", "%s needs %s.", cmd.CommandPath(), strings.Join(names[len(args):], " "))
		}
		return nil
	}
}
