package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Exit codes of stormlab.
const (
	ExitOK      = 0
	ExitFailed  = 1 // also: status found something missing
	ExitUsage   = 2
	ExitMissing = 3 // the machine lacks a prerequisite
	// ExitInterrupted is the shell's number for a program ended by ctrl-c.
	ExitInterrupted = 130
)

const help = `stormlab brings up a real Apache Storm cluster on this machine.

usage: stormlab [--storm VERSION] COMMAND

  up                     download what is missing, start every daemon, wait until it answers
  down                   end every process of the cluster; its state stays
  clean                  down, and forget the state; downloads stay
  status                 what runs, and what the cluster says of itself (exit 1 when incomplete)
  env                    variables and flags for stormtop: eval "$(stormlab env)"
  submit NAME… | all     submit topologies: %s (2.x); any name before 2.0
  kill NAME [WAIT]       kill a topology after WAIT seconds (3)
  stop HOST DAEMON [-9]  end one daemon: nimbus, supervisor, zookeeper, ui, logviewer, sshd
  start HOST DAEMON      start it again
  rotate                 make every worker's log begin a new generation
  check                  say which prerequisites are missing (exit 3)

exit codes: 0 done, 1 failed or incomplete, 2 wrong usage, 3 a prerequisite is missing, 130 interrupted

environment:
  STORM                Storm's version, as --storm: %s (default %s)
  STORM_HOME           an unpacked Storm distribution, 1.x or 2.x, to run instead of Maven's artifacts
  STORM_WEBAPP_JAR     a storm-webapp jar for Storm 2.x, which is not published; without one there is no UI
  STORMTOP_LAB_CACHE   downloads (default: stormtop-lab in the user's cache directory)
  STORMTOP_LAB_DIR     state of the cluster (default: $TMPDIR/stormtop-lab-VERSION)
  LAB_ROLL_SIZE        size at which worker logs rotate (default "256 KB")
  LAB_RATE             factor for the topologies' tuple rates (default 1)
  LAB_WITHOUT          daemons to leave out, of: ui logviewer sshd
  JAVA_HOME            the JDK to use

prerequisites:
%s
Storm 2.x runs as two hosts, 127.0.0.1 and 127.0.0.2, on Storm's usual ports; older lines as one
host on ports of their own, so an old cluster can run beside a new one.
`

// Help is the text of stormlab -h.
func Help() string {
	var pre strings.Builder
	for _, p := range Prerequisites(Settings{Version: DefaultVersion, Cache: "/nonexistent"}) {
		fmt.Fprintf(&pre, "  %-10s %s (%s)\n", p.Name, p.For, p.Install)
	}
	return fmt.Sprintf(help, strings.Join(modernLine().topologies, ", "), strings.Join(Versions(), ", "), DefaultVersion, pre.String())
}

// Main runs the command line of stormlab and returns its exit code.
func Main(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	err := run(ctx, args, getenv, stdout)
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, context.Canceled) {
		_, _ = io.WriteString(stderr, "stormlab: interrupted\n")
		return ExitInterrupted
	}
	if !errors.Is(err, errIncomplete) {
		for line := range strings.Lines(err.Error()) {
			if _, e := fmt.Fprintf(stderr, "stormlab: %s\n", strings.TrimRight(line, "\n")); e != nil {
				break
			}
		}
	}
	if _, ok := errors.AsType[*UsageError](err); ok {
		return ExitUsage
	}
	if _, ok := errors.AsType[*missingError](err); ok {
		return ExitMissing
	}
	return ExitFailed
}

var errIncomplete = errors.New("the cluster is not complete")

func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	version, args, err := takeVersion(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("a command is missing: up, down, clean, status, env, submit, kill, stop, start, rotate or check (-h tells more)")
	}
	if slices.Contains([]string{"-h", "--help", "help"}, args[0]) {
		_, err := io.WriteString(stdout, Help())
		return err
	}
	if err := checkArguments(args); err != nil {
		return err
	}
	set, err := SettingsFrom(getenv, version)
	if err != nil {
		return err
	}
	running := false
	switch {
	case args[0] == "check":
	case args[0] == "up" && (set.WebappJar != "" || set.Distribution != ""):
	default:
		running = set.adopt(getenv)
	}
	if args[0] == "env" && !running {
		return fmt.Errorf("no cluster is up in %s", set.Dir)
	}
	l, err := New(set, stdout)
	if err != nil {
		return err
	}
	return l.perform(ctx, args, stdout)
}

// takeVersion takes --storm from the arguments.
func takeVersion(args []string) (string, []string, error) {
	version, rest := "", []string{}
	for i := 0; i < len(args); i++ {
		value, joined := strings.CutPrefix(args[i], "--storm=")
		switch {
		case joined:
			version = value
		case args[i] == "--storm":
			i++
			if i == len(args) {
				return "", nil, usagef("--storm needs a version: %s", strings.Join(Versions(), ", "))
			}
			version = args[i]
		default:
			rest = append(rest, args[i])
			continue
		}
		if version == "" {
			return "", nil, usagef("--storm needs a version: %s", strings.Join(Versions(), ", "))
		}
	}
	return version, rest, nil
}

func checkArguments(args []string) error {
	counts := map[string][2]int{
		"up": {0, 0}, "down": {0, 0}, "clean": {0, 0}, "status": {0, 0}, "env": {0, 0}, "rotate": {0, 0}, "check": {0, 0},
		"submit": {1, 100}, "kill": {1, 2}, "stop": {2, 3}, "start": {2, 2},
	}
	verb, rest := args[0], args[1:]
	want, ok := counts[verb]
	switch {
	case !ok:
		return usagef("there is no command %q (-h lists them)", verb)
	case len(rest) < want[0] || len(rest) > want[1]:
		forms := map[string]string{"submit": "NAME…", "kill": "NAME [WAIT]", "stop": "HOST DAEMON [-9]", "start": "HOST DAEMON"}
		return usagef("it is: stormlab %s", strings.TrimSpace(verb+" "+forms[verb]))
	case verb == "kill" && len(rest) == 2:
		if _, err := waitSeconds(rest[1]); err != nil {
			return err
		}
	case verb == "stop" && len(rest) == 3 && rest[2] != "-9":
		return usagef("stop knows the option -9 only, not %q", rest[2])
	}
	return nil
}

func waitSeconds(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 || n > 86400 {
		return 0, usagef("%q is no number of seconds to wait", text)
	}
	return int32(n), nil
}

// perform carries out a command whose arguments were checked.
func (l *Lab) perform(ctx context.Context, args []string, stdout io.Writer) error {
	verb, rest := args[0], args[1:]
	switch verb {
	case "up":
		_, err := l.Up(ctx)
		return err
	case "down":
		return l.Down(ctx)
	case "clean":
		return l.Clean(ctx)
	case "status":
		complete, err := l.status(ctx, stdout)
		if err == nil && !complete {
			err = errIncomplete
		}
		return err
	case "env":
		return l.describe().writeEnv(stdout)
	case "submit":
		return l.submit(ctx, rest)
	case "kill":
		wait := int32(3)
		if len(rest) == 2 {
			var err error
			if wait, err = waitSeconds(rest[1]); err != nil {
				return err
			}
		}
		return l.kill(ctx, rest[0], wait)
	case "stop":
		sig := syscall.SIGTERM
		if len(rest) == 3 {
			sig = syscall.SIGKILL
		}
		return l.stopOne(ctx, rest[0], rest[1], sig)
	case "start":
		return l.startOne(ctx, rest[0], rest[1])
	case "rotate":
		return l.rotate(ctx)
	}
	if missing := Missing(ctx, l.set); len(missing) > 0 {
		return &missingError{missing}
	}
	l.say("nothing is missing for Storm %s", l.set.Version)
	return nil
}
