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
	"mvdan.cc/sh/v3/pattern"
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

func (sh *shell) stmts(ctx context.Context, list []*syntax.Stmt) {
	for _, s := range list {
		if sh.leaving != staying || !sh.job.step(ctx) {
			return
		}
		sh.stmt(ctx, s)
	}
}

// condition runs statements of which failing is no error.
func (sh *shell) condition(ctx context.Context, list []*syntax.Stmt) {
	sh.guarded++
	sh.stmts(ctx, list)
	sh.guarded--
}

func (sh *shell) stmt(ctx context.Context, s *syntax.Stmt) {
	if s.Background {
		sh.launch(ctx, s)
		return
	}
	if s.Negated {
		sh.guarded++
	}
	sh.redirected(ctx, s.Redirs, func() { sh.command(ctx, s.Cmd) })
	if s.Negated {
		sh.guarded--
		sh.status = flag(sh.status != 0, 0, 1)
	}
	if _, list := s.Cmd.(*syntax.BinaryCmd); sh.onError && sh.status != 0 && sh.guarded == 0 && sh.leaving == staying && !list && !s.Negated {
		sh.leaving = exiting
	}
}

func flag(when bool, yes, no int) int {
	if when {
		return yes
	}
	return no
}

// launch runs a statement in the background.
func (sh *shell) launch(ctx context.Context, s *syntax.Stmt) {
	if sh.job.jobs.Add(1) > maxJobs {
		sh.job.jobs.Add(-1)
		sh.complain("cannot fork")
		sh.status, sh.leaving = 254, exiting
		return
	}
	child := sh.fork()
	child.pid = sh.job.pid + int(sh.job.next.Add(1))
	// A job in the background that was not told otherwise reads nothing.
	if old := child.files[0]; old != nil {
		old.drop()
	}
	child.files[0] = newFile(nothing{}, nil, nil)
	ctx, cancel := context.WithCancelCause(ctx)
	b := &background{done: make(chan struct{}), cancel: cancel}
	sh.bg[child.pid], sh.lastBg = b, child.pid
	plain := *s
	plain.Background = false
	sh.job.work.Go(func() {
		defer close(b.done)
		defer sh.job.jobs.Add(-1)
		defer cancel(nil)
		defer child.closeFiles()
		b.status = child.protected(func() int {
			child.stmt(ctx, &plain)
			return child.status
		})
	})
	sh.status = 0
}

func (sh *shell) command(ctx context.Context, cmd syntax.Command) {
	switch c := cmd.(type) {
	case nil: // redirections alone
		sh.status = 0
	case *syntax.CallExpr:
		sh.call(ctx, c)
	case *syntax.BinaryCmd:
		sh.binary(ctx, c)
	case *syntax.Block:
		sh.stmts(ctx, c.Stmts)
	case *syntax.Subshell:
		child := sh.fork()
		child.stmts(ctx, c.Stmts)
		child.closeFiles()
		sh.status = child.status
	case *syntax.IfClause:
		sh.branch(ctx, c)
	case *syntax.WhileClause:
		sh.while(ctx, c)
	case *syntax.ForClause:
		sh.each(ctx, c)
	case *syntax.CaseClause:
		sh.choose(ctx, c)
	case *syntax.FuncDecl:
		if c.Name == nil {
			sh.complain("syntax error near unexpected token `)'")
			sh.status, sh.leaving = statusUsage, exiting
			return
		}
		sh.funcs[c.Name.Value] = c.Body
		sh.status = 0
	default:
		sh.complain("syntax error: %T is not supported", cmd)
		sh.status, sh.leaving = statusUsage, exiting
	}
}

func (sh *shell) binary(ctx context.Context, c *syntax.BinaryCmd) {
	switch c.Op {
	case syntax.AndStmt, syntax.OrStmt:
		sh.guarded++
		sh.stmt(ctx, c.X)
		sh.guarded--
		if sh.leaving == staying && (sh.status == 0) == (c.Op == syntax.AndStmt) {
			sh.stmt(ctx, c.Y)
		}
	case syntax.Pipe:
		sh.pipeline(ctx, c)
	default:
		sh.complain("syntax error: %s is not supported", c.Op)
		sh.status, sh.leaving = statusUsage, exiting
	}
}

// pipeline runs both sides at once; the status is that of the right one.
func (sh *shell) pipeline(ctx context.Context, c *syntax.BinaryCmd) {
	if sh.job.jobs.Add(1) > maxJobs {
		sh.job.jobs.Add(-1)
		sh.complain("cannot fork")
		sh.status, sh.leaving = 254, exiting
		return
	}
	r, w := sh.job.pipe()
	left, right := sh.fork(), sh.fork()
	left.replace(1, w)
	right.replace(0, r)
	done := make(chan struct{})
	sh.job.work.Go(func() {
		defer close(done)
		defer sh.job.jobs.Add(-1)
		defer left.closeFiles()
		left.protected(func() int {
			left.stmt(ctx, c.X)
			return left.status
		})
	})
	right.stmt(ctx, c.Y)
	right.closeFiles()
	<-done
	sh.status = right.status
}

func (sh *shell) replace(fd int, f *file) {
	if old := sh.files[fd]; old != nil {
		old.drop()
	}
	sh.files[fd] = f
}

func (sh *shell) branch(ctx context.Context, c *syntax.IfClause) {
	for ; c != nil; c = c.Else {
		if len(c.Cond) > 0 {
			if sh.condition(ctx, c.Cond); sh.leaving != staying || ctx.Err() != nil {
				return
			}
			if sh.status != 0 {
				sh.status = 0
				continue
			}
		}
		sh.stmts(ctx, c.Then)
		return
	}
}

// looping runs one turn of a loop and reports whether there may be another.
func (sh *shell) looping(ctx context.Context, body []*syntax.Stmt) bool {
	sh.inLoop++
	sh.stmts(ctx, body)
	sh.inLoop--
	if sh.leaving == breaking || sh.leaving == continuing {
		if sh.levels--; sh.levels > 0 {
			return false // an outer loop is meant
		}
		again := sh.leaving == continuing
		sh.leaving = staying
		return again
	}
	return sh.leaving == staying && sh.job.step(ctx)
}

func (sh *shell) while(ctx context.Context, c *syntax.WhileClause) {
	last := 0
	for {
		sh.inLoop++
		sh.condition(ctx, c.Cond)
		sh.inLoop--
		if sh.leaving != staying || ctx.Err() != nil {
			return
		}
		if (sh.status == 0) == c.Until {
			break
		}
		again := sh.looping(ctx, c.Do)
		last = sh.status
		if !again {
			return
		}
	}
	sh.status = last
}

func (sh *shell) each(ctx context.Context, c *syntax.ForClause) {
	words, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		sh.complain("syntax error: bad for loop variable")
		sh.status, sh.leaving = statusUsage, exiting
		return
	}
	items := sh.params
	if words.InPos.IsValid() {
		var err error
		if items, err = sh.fields(ctx, words.Items); err != nil {
			sh.failed(err)
			return
		}
	}
	sh.status = 0
	for _, item := range items {
		if err := sh.set(words.Name.Value, item); err != nil {
			sh.failed(err)
			return
		}
		if !sh.looping(ctx, c.Do) {
			return
		}
	}
}

func (sh *shell) choose(ctx context.Context, c *syntax.CaseClause) {
	text, err := sh.literal(ctx, c.Word)
	if err != nil {
		sh.failed(err)
		return
	}
	sh.status = 0
	for _, item := range c.Items {
		for _, word := range item.Patterns {
			p, err := expand.Pattern(sh.config(ctx), word)
			if err != nil {
				sh.failed(err)
				return
			}
			if match(p, text) {
				sh.stmts(ctx, item.Stmts)
				return
			}
		}
	}
}

// match reports whether a shell pattern describes the whole of a text.
func match(p, text string) bool {
	expr, err := pattern.Regexp(p, pattern.EntireString)
	if err != nil {
		return p == text
	}
	re, err := compile(expr)
	return err == nil && re.MatchString(text)
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
