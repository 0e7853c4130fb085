package sshd

import (
	"context"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// stmts runs statements until one leaves them.
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
