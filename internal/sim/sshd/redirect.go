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

// redirected runs something with redirections in force.
func (sh *shell) redirected(ctx context.Context, list []*syntax.Redirect, run func()) {
	if len(list) == 0 {
		run()
		return
	}
	saved := make(map[int]*file, len(sh.files))
	for fd, f := range sh.files {
		saved[fd] = f.share()
	}
	for _, r := range list {
		if err := sh.redirect(ctx, r); err != nil {
			_, _ = fmt.Fprintf(saved[2], "%s: %v\n", sh.name, err)
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
			f.drop()
		}
	} else {
		sh.restore(saved)
	}
	sh.keepFiles = keep
}

func (sh *shell) restore(saved map[int]*file) {
	sh.closeFiles()
	sh.files = saved
}

// redirect carries out one redirection.
func (sh *shell) redirect(ctx context.Context, r *syntax.Redirect) error {
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
		sh.replace(fd, f)
		return nil
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrInOut:
		f, err := sh.createFile(name)
		if err != nil {
			return err
		}
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
