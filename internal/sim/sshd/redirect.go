package sshd

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// redirected runs something with redirections in force. Afterwards the
// descriptors that they concern are as before; others that were opened meanwhile
// stay.
func (sh *shell) redirected(ctx context.Context, list []*syntax.Redirect, run func()) {
	if len(list) == 0 {
		run()
		return
	}
	saved := map[int]*file{}
	save := func(fd int) {
		if _, done := saved[fd]; done {
			return
		}
		saved[fd] = nil
		if f := sh.files[fd]; f != nil {
			saved[fd] = f.share()
		}
	}
	complaints := sh.files[2]
	if complaints != nil {
		complaints = complaints.share()
		defer complaints.drop()
	}
	for _, r := range list {
		if err := sh.redirect(ctx, r, save); err != nil {
			_, _ = fmt.Fprintf(complaints, "%s: %v\n", sh.name, err)
			sh.status = 1
			sh.restore(saved)
			return
		}
	}
	keep := sh.keepFiles
	sh.keepFiles = false
	run()
	if sh.keepFiles { // exec with redirections alone changes the shell's own
		for _, f := range saved {
			if f != nil {
				f.drop()
			}
		}
	} else {
		sh.restore(saved)
	}
	sh.keepFiles = keep
}

func (sh *shell) restore(saved map[int]*file) {
	for fd, f := range saved {
		sh.replace(fd, f)
	}
}

// redirect carries out one redirection, after save has been told of what it
// changes.
func (sh *shell) redirect(ctx context.Context, r *syntax.Redirect, save func(fd int)) error {
	fd, given := 0, r.N != nil
	if given {
		n, err := strconv.Atoi(r.N.Value)
		if err != nil || n > 255 {
			return fmt.Errorf("%s: Bad file descriptor", r.N.Value)
		}
		fd = n
	}
	out := func() int {
		if given {
			return fd
		}
		return 1
	}
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		body := ""
		if r.Hdoc != nil {
			var err error
			if quoted(r.Word) {
				body = r.Hdoc.Lit()
			} else if body, err = expand.Document(sh.config(ctx), r.Hdoc); err != nil {
				return explain(err)
			}
		}
		if r.Op == syntax.DashHdoc {
			lines := strings.SplitAfter(body, "\n")
			for i := range lines {
				lines[i] = strings.TrimLeft(lines[i], "\t")
			}
			body = strings.Join(lines, "")
		}
		save(fd)
		sh.replace(fd, newFile(bytes.NewReader([]byte(body)), nil, nil))
		return nil
	default:
	}
	name, err := sh.literal(ctx, r.Word)
	if err != nil {
		return err
	}
	switch r.Op {
	case syntax.DplIn, syntax.DplOut:
		if r.Op == syntax.DplOut {
			fd = out()
		}
		save(fd)
		if name == "-" {
			if old := sh.files[fd]; old != nil {
				old.drop()
			}
			delete(sh.files, fd)
			return nil
		}
		n, err := strconv.Atoi(name)
		if err != nil || sh.files[n] == nil {
			return fmt.Errorf("%s: Bad file descriptor", name)
		}
		if n != fd {
			sh.replace(fd, sh.files[n].share())
		}
		return nil
	case syntax.RdrIn:
		f, err := sh.openFile(name)
		if err != nil {
			return err
		}
		save(fd)
		sh.replace(fd, f)
		return nil
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrInOut:
		f, err := sh.createFile(name)
		if err != nil {
			return err
		}
		save(out())
		sh.replace(out(), f)
		return nil
	default:
	}
	return fmt.Errorf("syntax error: redirection %s is not supported", r.Op)
}

func quoted(w *syntax.Word) bool {
	for _, p := range w.Parts {
		if _, plain := p.(*syntax.Lit); !plain {
			return true
		}
	}
	return strings.Contains(w.Lit(), `\`)
}
