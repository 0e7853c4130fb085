// Package remote runs POSIX scripts on hosts.
//
// A script goes to /bin/sh over its standard input, so nothing of it ever stands
// on the command line that the login shell reads, whichever that is. Start with
// [Start]; inside a script, [Quote] makes a word of any text.
package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/stormtop/stormtop/logs"
)

// command makes /bin/sh read so many bytes of its input and do what they say. It
// means the same to every login shell.
const command = `exec /bin/sh -c 'eval "$(dd bs=1 count=%d 2>/dev/null)"'`

// Quote makes one word for /bin/sh of each text.
func Quote(texts ...string) string {
	words := make([]string, len(texts))
	for i, t := range texts {
		words[i] = "'" + strings.ReplaceAll(t, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}

// Start runs a script. The process is closed when ctx ends; the caller closes it
// in any case.
func Start(ctx context.Context, h logs.Host, script string) (*Process, error) {
	p, err := h.Start(ctx, fmt.Sprintf(command, len(script)))
	if err != nil {
		return nil, err
	}
	r := &Process{Process: p, ctx: ctx}
	r.stop = context.AfterFunc(ctx, func() { _ = p.Close() })
	if _, err := io.WriteString(p, script); err != nil {
		defer func() { _ = r.Close() }()
		return nil, r.explain(err)
	}
	return r, nil
}

// A Process is a script that runs.
type Process struct {
	logs.Process
	ctx  context.Context
	stop func() bool
}

// Wait awaits its end. Its error says what the script wrote to its standard
// error.
func (p *Process) Wait() error { return p.explain(p.Process.Wait()) }

// Close ends it.
func (p *Process) Close() error {
	p.stop()
	return p.Process.Close()
}

// Said is the first line of its standard error.
func (p *Process) Said() string {
	line, _, _ := strings.Cut(strings.TrimSpace(p.Stderr()), "\n")
	return line[:min(len(line), 200)]
}

func (p *Process) explain(err error) error {
	switch said := p.Said(); {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case err != nil && said != "":
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// Output runs a script and returns what it prints, at most limit bytes; the rest
// is not read.
func Output(ctx context.Context, h logs.Host, script string, limit int) ([]byte, error) {
	p, err := Start(ctx, h, script)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }()
	var out bytes.Buffer
	_, err = io.Copy(&out, io.LimitReader(p, int64(limit)))
	if err == nil && out.Len() < limit {
		err = p.Process.Wait()
	}
	return out.Bytes(), p.explain(err)
}
