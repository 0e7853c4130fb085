package sshd

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"mvdan.cc/sh/v3/syntax"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// Bounds of one command line, so that no client can take the server's memory or
// its processor for ever.
const (
	maxLine   = 128 << 10 // of the line, as Linux' MAX_ARG_STRLEN
	maxSteps  = 1 << 20   // commands run without a line read
	maxDepth  = 100       // functions, evals and substitutions inside each other
	maxValue  = 1 << 20   // of a variable, or of what is substituted
	maxFields = 1 << 16   // arguments of a command
	maxJobs   = 64        // at once, pipelines included
)

// Exit statuses of a shell.
const (
	statusUsage     = 2
	statusNotFound  = 127
	statusCannotRun = 126
	statusPipe      = 128 + 13
	statusKilled    = 128 + 9
)

// program is a command line and what it is connected to.
type program struct {
	line     string
	user     string
	env      map[string]string
	in       io.Reader
	out, err io.Writer
}

// job is a running command line with everything it started: what would be a
// process group.
type job struct {
	m      *Machine
	view   hostfs.View
	user   string
	cancel context.CancelCauseFunc
	steps  atomic.Int64
	jobs   atomic.Int64
	pid    int
	next   atomic.Int64
	work   sync.WaitGroup // background jobs and the sides of pipes

	mu    sync.Mutex
	pipes map[io.Closer]bool
}

// run runs a command line. It returns when the line has ended, with its exit
// status, or with the cause when it was killed.
func (m *Machine) run(ctx context.Context, p program) (status int, cause error) {
	ctx, j, end := m.newJob(ctx, p.user)
	defer end()
	sh := newShell(j, p)
	defer sh.closeFiles()
	if len(p.line) > maxLine {
		sh.complain("Argument list too long")
		return statusCannotRun, nil
	}
	status = sh.protected(func() int { return sh.source(ctx, p.line) })
	if err := context.Cause(ctx); err != nil {
		return statusKilled, err
	}
	return status, nil
}

// newJob begins a job. The function that it returns ends what is left of it in
// the background: a session leaves nothing behind here.
func (m *Machine) newJob(ctx context.Context, user string) (context.Context, *job, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	j := &job{m: m, view: m.Files.As(user), user: user, cancel: cancel, pid: 20000, pipes: map[io.Closer]bool{}}
	stop := context.AfterFunc(ctx, j.hangUp)
	return ctx, j, func() {
		cancel(killed("HUP"))
		j.work.Wait()
		stop()
	}
}

// hangUp closes every pipe, so that nobody waits at one.
func (j *job) hangUp() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for p := range j.pipes {
		_ = p.Close()
	}
}

// step counts a command and reports whether there may be one more.
func (j *job) step(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	if j.steps.Add(1) > maxSteps {
		j.cancel(killed("XCPU"))
		return false
	}
	return true
}

// pipe is a pipe that ends with the job.
func (j *job) pipe() (*file, *file) {
	r, w := io.Pipe()
	j.mu.Lock()
	j.pipes[r], j.pipes[w] = true, true
	j.mu.Unlock()
	forget := func(c io.Closer) func() {
		return func() {
			_ = c.Close()
			j.mu.Lock()
			delete(j.pipes, c)
			j.mu.Unlock()
		}
	}
	return newFile(r, nil, forget(r)), newFile(nil, w, forget(w))
}

// file is something open under a descriptor; several descriptors and shells may
// share one.
type file struct {
	r     io.Reader
	w     io.Writer
	disk  *hostfs.File // when it is one
	close func()
	refs  atomic.Int32
}

func newFile(r io.Reader, w io.Writer, closing func()) *file {
	f := &file{r: r, w: w, close: closing}
	f.refs.Store(1)
	return f
}

func (f *file) share() *file {
	f.refs.Add(1)
	return f
}

func (f *file) drop() {
	if f.refs.Add(-1) == 0 && f.close != nil {
		f.close()
	}
}

var errBadDescriptor = errors.New("bad file descriptor")

func (f *file) Read(p []byte) (int, error) {
	if f == nil || f.r == nil {
		return 0, errBadDescriptor
	}
	return f.r.Read(p)
}

func (f *file) Write(p []byte) (int, error) {
	if f == nil || f.w == nil {
		return 0, errBadDescriptor
	}
	return f.w.Write(p)
}

// parse reads a command line as a POSIX shell does.
func parse(line string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
}

// protected runs part of a script; what goes wrong inside the shell itself ends
// the script, not the server.
func (sh *shell) protected(run func() int) (status int) {
	defer func() {
		if err := recover(); err != nil {
			if sh.job.m.Panicked != nil {
				sh.job.m.Panicked(err, debug.Stack())
			}
			sh.complain("internal error")
			sh.job.cancel(killed("SEGV"))
			status = 128 + 11
		}
	}()
	return run()
}
