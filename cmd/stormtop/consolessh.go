package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/ui"
	"github.com/stormtop/stormtop/ui/screen"
)

// askIn puts the questions of ssh to the console.
func askIn(q *ui.Questions) func(context.Context, sshpool.Question) (sshpool.Answer, error) {
	kinds := map[sshpool.QuestionKind]ui.QuestionKind{
		sshpool.AskHostKey: ui.AskHostKey, sshpool.AskPassphrase: ui.AskPassphrase,
		sshpool.AskPassword: ui.AskPassword, sshpool.AskInteractive: ui.AskInteractive,
	}
	return func(ctx context.Context, asked sshpool.Question) (sshpool.Answer, error) {
		question := ui.Question{
			Kind: kinds[asked.Kind], Host: asked.Host, User: asked.User, Address: asked.Address, Via: asked.Via,
			KeyType: asked.Key.Type, Fingerprint: asked.Key.Fingerprint, Why: asked.Why, File: asked.File,
			Attempt: asked.Attempt, Prompt: asked.Prompt, Echo: asked.Echo,
		}
		for _, known := range asked.Others {
			question.Others = append(question.Others, known.String())
		}
		answer, err := q.Ask(ctx, question)
		return sshpool.Answer{Yes: answer.Yes, Remember: answer.Remember, Text: answer.Text}, err
	}
}

// sshStates says how the hosts of a pool are, as the console shows it.
func sshStates(pool *sshpool.Pool) []screen.SSHHost {
	states := pool.States()
	hosts := make([]screen.SSHHost, len(states))
	for i, s := range states {
		h := screen.SSHHost{Name: s.Name, State: s.Phase.String(), Words: s.Words, Hint: s.Hint, Way: s.Way, User: s.User, RetryAt: s.RetryAt}
		if refused, ok := errors.AsType[*sshpool.Error](s.Err); ok && errors.Is(refused, sshpool.ErrHostKeyChanged) {
			h.Changed, h.Offered = true, refused.Offered.String()
			for _, known := range refused.Known {
				h.Known = append(h.Known, known.String())
			}
		}
		hosts[i] = h
	}
	return hosts
}

// shell makes a command of the user's shell that reads in.
func shell(command string, in io.Reader) tea.ExecCommand {
	cmd := exec.Command(cmp.Or(os.Getenv("SHELL"), "/bin/sh"), "-c", command) //nolint:noctx // it ends when the user ends it
	cmd.Stdin = in
	return piped{cmd}
}

// piped is a command that keeps the input it was given, and ends well when it
// reads no further than it wants.
type piped struct{ *exec.Cmd }

func (p piped) SetStdin(io.Reader)    {}
func (p piped) SetStdout(w io.Writer) { p.Stdout = w }
func (p piped) SetStderr(w io.Writer) { p.Stderr = w }
