package sshd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// shell is one shell process: variables, descriptors, a directory.
type shell struct {
	job    *job
	pid    int
	name   string
	params []string
	vars   map[string]expand.Variable
	funcs  map[string]*syntax.Stmt
	dir    string
	files  map[int]*file

	status  int // $?
	depth   int
	onError bool   // set -e
	noGlob  bool   // set -f
	noUnset bool   // set -u
	guarded int    // how many conditions we are in, where set -e does not act
	atExit  string // trap … EXIT
	lastBg  int
	bg      map[int]*background

	leaving leaving
	levels  int // of loops to leave
	inFunc  int
	inLoop  int

	keepFiles bool // exec made the redirections of its statement last
}

// leaving says why the statements of a script are not continued.
type leaving int

const (
	staying leaving = iota
	breaking
	continuing
	returning
	exiting
)

// background is a job that & started.
type background struct {
	done   chan struct{}
	status int
	cancel context.CancelCauseFunc
}

func newShell(j *job, p program) *shell {
	sh := &shell{
		job: j, pid: j.pid, name: "sh", vars: map[string]expand.Variable{}, funcs: map[string]*syntax.Stmt{}, bg: map[int]*background{},
		dir: j.m.Home,
		files: map[int]*file{
			0: newFile(p.in, nil, nil), 1: newFile(nil, p.out, nil), 2: newFile(nil, p.err, nil),
		},
	}
	for name, value := range p.env {
		sh.export(name, value)
	}
	for name, value := range map[string]string{
		"HOME": j.m.Home, "USER": p.user, "LOGNAME": p.user, "SHELL": "/bin/sh", "PWD": j.m.Home,
		"PATH": "/usr/local/bin:/usr/bin:/bin", "SSH_CONNECTION": "127.0.0.1 40022 127.0.0.1 22",
	} {
		sh.export(name, value)
	}
	sh.vars["IFS"] = expand.Variable{Set: true, Kind: expand.String, Str: " \t\n"}
	return sh
}

func (sh *shell) export(name, value string) {
	sh.vars[name] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: value}
}

// fork copies the shell, as a subshell does.
func (sh *shell) fork() *shell {
	c := *sh
	c.vars, c.funcs, c.files = maps.Clone(sh.vars), maps.Clone(sh.funcs), make(map[int]*file, len(sh.files))
	c.params, c.bg, c.atExit = slices.Clone(sh.params), map[int]*background{}, ""
	for fd, f := range sh.files {
		c.files[fd] = f.share()
	}
	c.leaving, c.inLoop = staying, 0
	return &c
}

func (sh *shell) closeFiles() {
	for _, f := range sh.files {
		f.drop()
	}
	sh.files = nil
}

// complain writes a line about a mistake to the shell's standard error.
func (sh *shell) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(sh.files[2], sh.name+": "+format+"\n", args...)
}

// source runs the text of a script and its EXIT trap.
func (sh *shell) source(ctx context.Context, text string) int {
	status := sh.eval(ctx, text)
	if trap := sh.atExit; trap != "" {
		sh.atExit, sh.leaving = "", staying
		if sh.eval(ctx, trap); sh.leaving == exiting {
			status = sh.status
		}
	}
	return status
}

// eval runs text in this shell.
func (sh *shell) eval(ctx context.Context, text string) int {
	if sh.depth++; sh.depth > maxDepth {
		sh.complain("too many nested commands")
		sh.depth--
		sh.status, sh.leaving = statusUsage, exiting
		return sh.status
	}
	defer func() { sh.depth-- }()
	f, err := parse(text)
	if err != nil {
		var at syntax.ParseError
		var other syntax.LangError
		switch {
		case errors.As(err, &at):
			sh.complain("line %d: syntax error: %s", at.Pos.Line(), at.Text)
		case errors.As(err, &other):
			sh.complain("line %d: syntax error: %s", other.Pos.Line(), other.Feature)
		default:
			sh.complain("syntax error: %v", err)
		}
		sh.status, sh.leaving = statusUsage, exiting
		return sh.status
	}
	sh.stmts(ctx, f.Stmts)
	return sh.status
}

// replace puts a file under a descriptor; nil closes it.
func (sh *shell) replace(fd int, f *file) {
	if old := sh.files[fd]; old != nil {
		old.drop()
	}
	if f == nil {
		delete(sh.files, fd)
		return
	}
	sh.files[fd] = f
}

// call runs a simple command.
func (sh *shell) call(ctx context.Context, c *syntax.CallExpr) {
	before := sh.status
	sh.status = 0 // what $(…) in the words leaves, when there is no command
	args, err := sh.arguments(ctx, c.Args, before)
	if err != nil {
		sh.failed(err)
		return
	}
	if len(args) == 0 {
		for _, a := range c.Assigns {
			if !sh.assign(ctx, a) {
				return
			}
		}
		return
	}
	var restore []func()
	for _, a := range c.Assigns {
		name := a.Name.Value
		old, had := sh.vars[name]
		restore = append(restore, func() {
			if delete(sh.vars, name); had {
				sh.vars[name] = old
			}
		})
		if !sh.assign(ctx, a) {
			return
		}
		v := sh.vars[name]
		v.Exported = true
		sh.vars[name] = v
	}
	sh.status = before
	sh.status = sh.runNamed(ctx, args)
	if _, special := specials[args[0]]; !special {
		for _, undo := range slices.Backward(restore) {
			undo()
		}
	}
}

// arguments expands the words of a command, in which $? is still what the
// command before left.
func (sh *shell) arguments(ctx context.Context, words []*syntax.Word, status int) ([]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	sh.status = status
	args, err := sh.fields(ctx, words)
	if len(args) == 0 && err == nil && sh.status == status {
		sh.status = 0
	}
	return args, err
}

func (sh *shell) assign(ctx context.Context, a *syntax.Assign) bool {
	value := ""
	if a.Value != nil {
		var err error
		if value, err = sh.literal(ctx, a.Value); err != nil {
			sh.failed(err)
			return false
		}
	}
	if err := sh.set(a.Name.Value, value); err != nil {
		sh.failed(err)
		return false
	}
	return true
}

// failed ends the script as an error in an expansion does.
func (sh *shell) failed(err error) {
	sh.complain("%v", err)
	sh.status, sh.leaving = statusUsage, exiting
	if errors.Is(err, errUnset) {
		sh.status = statusNotFound // as Bash has it
	}
}

// runNamed runs a function, a builtin or a program.
func (sh *shell) runNamed(ctx context.Context, args []string) int {
	if !sh.job.step(ctx) {
		return statusKilled
	}
	name := args[0]
	if special, ok := specials[name]; ok {
		return special(ctx, sh, args)
	}
	if body := sh.funcs[name]; body != nil {
		return sh.function(ctx, body, args)
	}
	if builtin, ok := builtins[name]; ok {
		return builtin(ctx, sh, args)
	}
	return sh.program(ctx, args)
}

func (sh *shell) function(ctx context.Context, body *syntax.Stmt, args []string) int {
	if sh.depth++; sh.depth > maxDepth {
		sh.depth--
		sh.complain("too many nested commands")
		sh.leaving = exiting
		return statusUsage
	}
	params := sh.params
	sh.params = args[1:]
	sh.inFunc++
	sh.stmt(ctx, body)
	sh.inFunc--
	sh.params = params
	sh.depth--
	if sh.leaving == returning {
		sh.leaving = staying
	}
	return sh.status
}

// program runs a tool of the machine.
func (sh *shell) program(ctx context.Context, args []string) int {
	name := args[0]
	if strings.Contains(name, "/") {
		base := name[strings.LastIndexByte(name, '/')+1:]
		dir := strings.TrimSuffix(name, base)
		installed := dir == "/bin/" || dir == "/usr/bin/" || dir == "/usr/local/bin/"
		if installed && (base == "sh" || base == "bash" || base == "dash") {
			return doSh(ctx, sh, args)
		}
		if !installed || tools[base] == nil {
			if i, err := sh.job.view.Stat(sh.path(name)); err == nil {
				if i.IsDir() {
					sh.complain("%s: Is a directory", name)
				} else {
					sh.complain("%s: Permission denied", name)
				}
				return statusCannotRun
			}
			sh.complain("%s: No such file or directory", name)
			return statusNotFound
		}
		name = base
	}
	tool := tools[name]
	if tool == nil {
		sh.complain("%s: command not found", name)
		return statusNotFound
	}
	return tool(ctx, newCall(sh, append([]string{name}, args[1:]...)))
}

// path is a path as the shell's directory makes it.
func (sh *shell) path(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return sh.dir + "/" + name
}

func (sh *shell) number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0
}
