package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

type builtin func(ctx context.Context, sh *shell, args []string) int

// specials are found before functions, and assignments before them stay.
var specials map[string]builtin

// builtins are the shell's other commands.
var builtins map[string]builtin

func init() { // the table refers to functions that refer to the table
	specials = map[string]builtin{
		":": succeed, "eval": doEval, "exec": doExec, "exit": doExit, "return": doReturn, "break": doLeave(breaking),
		"continue": doLeave(continuing), "export": doExport, "readonly": doReadonly, "set": doSet, "shift": doShift,
		"trap": doTrap, "unset": doUnset, "times": succeed,
	}
	builtins = map[string]builtin{
		"cd": doCd, "pwd": doPwd, "read": doRead, "wait": doWait, "kill": doKill, "command": doCommand, "type": doType,
		"local": doExport, "umask": doUmask, "ulimit": doUlimit, "hash": succeed, "jobs": succeed, "sh": doSh, "bash": doSh, "dash": doSh,
		"xargs": doXargs, "env": doEnv, "nohup": doPrefix, "nice": doPrefix, "stdbuf": doPrefix, "setsid": doPrefix, "ionice": doPrefix,
		"timeout": doTimeout,
	}
}

func succeed(context.Context, *shell, []string) int { return 0 }

// nothing is an empty input.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// openFile opens a file for a redirection.
func (sh *shell) openFile(name string) (*file, error) {
	if name == "/dev/null" {
		return newFile(nothing{}, nil, nil), nil
	}
	if fd, ok := sh.descriptor(name); ok {
		if held := sh.files[fd]; held != nil && held.disk != nil {
			return onDisk(held.disk.Reopen()), nil
		}
		return sh.inherit(fd)
	}
	if name == "" {
		return nil, errors.New(": No such file or directory")
	}
	f, err := sh.job.view.Open(sh.path(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, hostfs.Words(err))
	}
	return onDisk(f), nil
}

// onDisk is a file of the disk under a descriptor.
func onDisk(f *hostfs.File) *file {
	out := newFile(f, nil, nil)
	out.disk = f
	return out
}

// descriptor is the number in a path that names an open file of the shell.
func (sh *shell) descriptor(name string) (int, bool) {
	switch name {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/", fmt.Sprintf("/proc/%d/fd/", sh.job.pid)} {
		if number, ok := strings.CutPrefix(name, dir); ok {
			fd, err := strconv.Atoi(number)
			return fd, err == nil && fd >= 0
		}
	}
	return 0, false
}

// stat describes a path, also one that names an open file.
func (sh *shell) stat(name string, follow bool) (hostfs.Info, error) {
	if fd, ok := sh.descriptor(name); ok && follow {
		held := sh.files[fd]
		switch {
		case held == nil:
			return hostfs.Info{}, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
		case held.disk != nil:
			return held.disk.Stat(), nil
		}
		return hostfs.Pipe(sh.job.m.Now()), nil
	}
	if follow {
		return sh.job.view.Stat(sh.path(name))
	}
	return sh.job.view.Lstat(sh.path(name))
}

func (sh *shell) inherit(fd int) (*file, error) {
	if f := sh.files[fd]; f != nil {
		return f.share(), nil
	}
	return nil, fmt.Errorf("%d: Bad file descriptor", fd)
}

// createFile opens a file for writing, which only a few devices allow.
func (sh *shell) createFile(name string) (*file, error) {
	if name == "/dev/null" {
		return newFile(nothing{}, io.Discard, nil), nil
	}
	if fd, ok := sh.descriptor(name); ok {
		return sh.inherit(fd)
	}
	full := sh.path(name)
	if i, err := sh.job.view.Stat(full); err == nil && i.IsDir() {
		return nil, fmt.Errorf("%s: Is a directory", name)
	}
	if _, err := sh.job.view.Stat(path.Dir(full)); err != nil {
		return nil, fmt.Errorf("%s: %s", name, hostfs.Words(err))
	}
	return nil, fmt.Errorf("%s: Permission denied", name)
}

func doEval(ctx context.Context, sh *shell, args []string) int {
	return sh.eval(ctx, strings.Join(args[1:], " "))
}

func doExec(ctx context.Context, sh *shell, args []string) int {
	if len(args) > 1 && args[1] == "--" {
		args = args[1:]
	}
	if len(args) == 1 {
		sh.keepFiles = true
		return 0
	}
	sh.status = 0
	if _, ok := builtins[args[1]]; ok {
		sh.status = builtins[args[1]](ctx, sh, args[1:])
	} else {
		sh.status = sh.program(ctx, args[1:])
	}
	sh.atExit = "" // the shell is no more
	sh.leaving = exiting
	return sh.status
}

func doExit(_ context.Context, sh *shell, args []string) int {
	status := sh.status
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			sh.complain("exit: %s: numeric argument required", args[1])
			n = statusUsage
		}
		status = n & 255
	}
	sh.leaving = exiting
	return status
}

func doReturn(ctx context.Context, sh *shell, args []string) int {
	if sh.inFunc == 0 {
		return doExit(ctx, sh, args)
	}
	status := doExit(ctx, sh, args)
	sh.leaving = returning
	return status
}

func doLeave(how leaving) builtin {
	return func(_ context.Context, sh *shell, args []string) int {
		n := 1
		if len(args) > 1 {
			var err error
			if n, err = strconv.Atoi(args[1]); err != nil || n < 1 {
				sh.complain("%s: %s: loop count out of range", args[0], args[1])
				return 1
			}
		}
		if sh.inLoop == 0 {
			return 0
		}
		sh.levels, sh.leaving = min(n, sh.inLoop), how
		return 0
	}
}

func doExport(_ context.Context, sh *shell, args []string) int {
	if len(args) == 1 || args[1] == "-p" {
		for _, name := range slices.Sorted(maps.Keys(sh.vars)) {
			if v := sh.vars[name]; v.Exported {
				_, _ = fmt.Fprintf(sh.files[1], "export %s='%s'\n", name, strings.ReplaceAll(v.String(), "'", `'\''`))
			}
		}
		return 0
	}
	return sh.mark(args, func(v *expand.Variable) { v.Exported = v.Exported || args[0] == "export" })
}

func doReadonly(_ context.Context, sh *shell, args []string) int {
	return sh.mark(args, func(v *expand.Variable) { v.ReadOnly = true })
}

// mark sets variables given as NAME or NAME=VALUE and changes what they are.
func (sh *shell) mark(args []string, change func(*expand.Variable)) int {
	for _, a := range args[1:] {
		name, value, given := strings.Cut(a, "=")
		if !isName(name) {
			sh.complain("%s: `%s': not a valid identifier", args[0], a)
			return 1
		}
		if given {
			if err := sh.set(name, value); err != nil {
				sh.complain("%v", err)
				return 1
			}
		}
		v := sh.vars[name]
		change(&v)
		sh.vars[name] = v
	}
	return 0
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func doSet(_ context.Context, sh *shell, args []string) int {
	rest := args[1:]
	for len(rest) > 0 {
		a := rest[0]
		switch {
		case a == "--":
			sh.params = rest[1:]
			return 0
		case a == "-o" || a == "+o":
			if len(rest) > 1 {
				rest = rest[1:]
			}
		case len(a) > 1 && (a[0] == '-' || a[0] == '+'):
			for _, c := range a[1:] {
				switch c {
				case 'e':
					sh.onError = a[0] == '-'
				case 'f':
					sh.noGlob = a[0] == '-'
				case 'u':
					sh.noUnset = a[0] == '-'
				}
			}
		default:
			sh.params = rest
			return 0
		}
		rest = rest[1:]
	}
	return 0
}

func doShift(_ context.Context, sh *shell, args []string) int {
	n := 1
	if len(args) > 1 {
		var ok bool
		if n, ok = sh.number(args[1]); !ok {
			sh.complain("shift: %s: numeric argument required", args[1])
			return 1
		}
	}
	if n > len(sh.params) {
		return 1
	}
	sh.params = sh.params[n:]
	return 0
}

// doTrap keeps what is to be done at the end; signals end a job here whatever
// is trapped.
func doTrap(_ context.Context, sh *shell, args []string) int {
	if len(args) < 3 {
		return 0
	}
	for _, name := range args[2:] {
		if name == "EXIT" || name == "0" {
			if sh.atExit = args[1]; args[1] == "-" {
				sh.atExit = ""
			}
		}
	}
	return 0
}

func doUnset(_ context.Context, sh *shell, args []string) int {
	for _, a := range args[1:] {
		if a == "-v" || a == "-f" {
			continue
		}
		if sh.vars[a].ReadOnly {
			sh.complain("unset: %s: cannot unset: readonly variable", a)
			return 1
		}
		delete(sh.vars, a)
		if len(args) > 1 && args[1] == "-f" {
			delete(sh.funcs, a)
		}
	}
	return 0
}

func doCd(_ context.Context, sh *shell, args []string) int {
	to := homeOf(sh.job.user)
	if len(args) > 1 && (args[1] == "--" || args[1] == "-P" || args[1] == "-L") {
		args = args[1:]
	}
	if len(args) > 1 {
		to = args[1]
	}
	if to == "-" {
		to = sh.vars["OLDPWD"].String()
	}
	full := sh.path(to)
	i, err := sh.job.view.Stat(full)
	switch {
	case err == nil && !i.IsDir():
		err = hostfs.ErrNotDirectory
	case err == nil:
		err = sh.job.view.Access(full, 1)
	}
	if err != nil {
		sh.complain("cd: %s: %s", to, hostfs.Words(err))
		return 1
	}
	sh.export("OLDPWD", sh.dir)
	sh.dir = path.Clean(full)
	sh.export("PWD", sh.dir)
	return 0
}

func doPwd(_ context.Context, sh *shell, _ []string) int {
	_, err := fmt.Fprintln(sh.files[1], sh.dir)
	return flag(err == nil, 0, 1)
}

// doRead reads a line, a byte at a time so that nothing after it is taken.
func doRead(ctx context.Context, sh *shell, args []string) int {
	raw := false
	names := args[1:]
	for len(names) > 0 && strings.HasPrefix(names[0], "-") {
		raw = raw || strings.Contains(names[0], "r")
		names = names[1:]
	}
	var line []byte
	var one [1]byte
	ended := false
	for len(line) < maxValue && ctx.Err() == nil {
		if _, err := io.ReadFull(sh.files[0], one[:]); err != nil {
			ended = true
			break
		}
		if one[0] == '\n' {
			if !raw && len(line) > 0 && line[len(line)-1] == '\\' {
				line = line[:len(line)-1]
				continue
			}
			break
		}
		line = append(line, one[0])
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	if !ended {
		// What is fed with lines may go on as long as they come.
		sh.job.steps.Store(0)
	}
	values := expand.ReadFields(sh.config(ctx), string(line), len(names), raw)
	for i, name := range names {
		value := ""
		if i < len(values) {
			value = values[i]
		}
		if err := sh.set(name, value); err != nil {
			sh.complain("read: %v", err)
			return 1
		}
	}
	return flag(ended, 1, 0)
}

func doWait(ctx context.Context, sh *shell, args []string) int {
	wait := func(b *background) bool {
		select {
		case <-b.done:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if len(args) == 1 {
		for _, b := range sh.bg {
			if !wait(b) {
				return statusKilled
			}
		}
		return 0
	}
	status := 0
	for _, a := range args[1:] {
		pid, _ := strconv.Atoi(a)
		b := sh.bg[pid]
		if b == nil {
			sh.complain("wait: pid %s is not a child of this shell", a)
			status = statusNotFound
			continue
		}
		if !wait(b) {
			return statusKilled
		}
		status = b.status
	}
	return status
}

// doKill ends jobs of this session; processes of the machine belong to others.
func doKill(_ context.Context, sh *shell, args []string) int {
	signal, rest := "TERM", args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "--" {
		if rest[0] == "-l" {
			_, _ = fmt.Fprintln(sh.files[1], "HUP INT QUIT KILL TERM STOP CONT")
			return 0
		}
		signal = strings.TrimPrefix(rest[0], "-")
		rest = rest[1:]
		if signal == "s" && len(rest) > 0 {
			signal, rest = rest[0], rest[1:]
		}
	}
	if named := map[string]string{"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "15": "TERM"}[signal]; named != "" {
		signal = named
	}
	signal = strings.TrimPrefix(signal, "SIG")
	status := 0
	for _, a := range rest {
		pid, err := strconv.Atoi(a)
		b := sh.bg[pid]
		switch {
		case a == "--":
		case err != nil:
			sh.complain("kill: %s: arguments must be process or job IDs", a)
			status = 1
		case pid == 0 || pid == -sh.job.pid || pid == sh.job.pid:
			if signal != "0" {
				sh.job.cancel(killed(signal))
			}
		case b != nil:
			if signal != "0" {
				b.cancel(killed(signal))
			}
		case sh.job.m.alive(pid):
			sh.complain("kill: (%d) - Operation not permitted", pid)
			status = 1
		default:
			sh.complain("kill: (%d) - No such process", pid)
			status = 1
		}
	}
	return status
}

func (m *Machine) alive(pid int) bool {
	if m.Processes == nil {
		return false
	}
	return slices.ContainsFunc(m.Processes(), func(p Process) bool { return p.PID == pid })
}

func known(name string) bool {
	return specials[name] != nil || builtins[name] != nil || tools[name] != nil
}

func doCommand(ctx context.Context, sh *shell, args []string) int {
	if len(args) > 2 && (args[1] == "-v" || args[1] == "-V") {
		return doType(ctx, sh, append([]string{"command"}, args[2:]...))
	}
	if len(args) > 1 {
		name := args[1]
		if b := specials[name]; b != nil {
			return b(ctx, sh, args[1:])
		}
		if b := builtins[name]; b != nil {
			return b(ctx, sh, args[1:])
		}
		return sh.program(ctx, args[1:])
	}
	return 0
}

func doType(_ context.Context, sh *shell, args []string) int {
	status := 0
	for _, name := range args[1:] {
		switch {
		case !known(name) && sh.funcs[name] == nil:
			if status = 1; args[0] == "type" {
				sh.complain("type: %s: not found", name)
			}
		case args[0] == "type":
			_, _ = fmt.Fprintf(sh.files[1], "%s is %s\n", name, location(name))
		default:
			_, _ = fmt.Fprintln(sh.files[1], location(name))
		}
	}
	return status
}

func location(name string) string {
	if tools[name] != nil {
		return "/usr/bin/" + name
	}
	return name
}

func doUmask(_ context.Context, sh *shell, args []string) int {
	if len(args) == 1 {
		_, _ = fmt.Fprintln(sh.files[1], "0022")
	}
	return 0
}

func doUlimit(_ context.Context, sh *shell, args []string) int {
	if len(args) < 3 {
		_, _ = fmt.Fprintln(sh.files[1], "1024")
	}
	return 0
}
