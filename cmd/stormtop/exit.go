package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// The exit codes.
const (
	exitDone        = 0
	exitCondition   = 1 // condition not met, a fault found
	exitUsage       = 2 // usage or configuration
	exitUnreachable = 3
	exitNotFound    = 4
	exitRefused     = 5
	exitUnconfirmed = 6 // sent but not confirmed, undone or superseded
	exitPartial     = 7 // some hosts are missing, each named
	exitInterrupted = 130
)

// exitCode ends the program without a further word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// failure is an error with the sentence, the hint and the exit code it ends in.
type failure struct {
	code int
	text string // a sentence
	hint string // what to try; "" when there is nothing to say
}

func (f *failure) Error() string { return f.text }

func usage(hint, format string, args ...any) *failure {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, args...), hint: hint}
}

// conclude prints what went wrong and returns the exit code.
func conclude(w io.Writer, err error) int {
	var quiet exitCode
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		return exitDone
	case errors.As(err, &quiet):
		return int(quiet)
	}
	code, lines := explain(err)
	for _, l := range lines {
		text := strings.Join(safetext.Lines(l.text, maxErrorLines), "\n")
		// Nobody is told when standard error is gone too.
		_, _ = fmt.Fprintf(w, "stormtop: %s\n", text)
		if l.hint != "" {
			_, _ = fmt.Fprintf(w, "  %s\n", strings.Join(safetext.Lines(l.hint, maxErrorLines), "\n  "))
		}
	}
	return code
}

const maxErrorLines = 30

// said is a sentence with its hint.
type said struct{ text, hint string }

// explain finds the words and the exit code of an error.
func explain(err error) (int, []said) {
	var own *failure
	var faults config.Errors
	var fault *config.Error
	var nimbus *nimbusclient.Error
	switch {
	case errors.As(err, &own):
		return own.code, []said{{own.text, own.hint}}
	case errors.As(err, &faults):
		var out []said
		for _, f := range faults {
			out = append(out, said{sentence(f.Error()), f.Hint})
		}
		return exitUsage, out
	case errors.As(err, &fault):
		return exitUsage, []said{{sentence(fault.Error()), fault.Hint}}
	case errors.As(err, &nimbus):
		return nimbusCode(nimbus), []said{{nimbus.Error(), nimbusHint(nimbus)}}
	case errors.Is(err, context.Canceled):
		return exitInterrupted, []said{{"Interrupted.", ""}}
	case errors.Is(err, context.DeadlineExceeded):
		return exitUnreachable, []said{{"No answer in time.", "--timeout raises the limit."}}
	}
	if zk, ok := errors.AsType[*zkview.ReadError](err); ok {
		hint := zk.Hint
		if strings.HasPrefix(hint, "zk ls ") {
			hint = "stormtop " + hint
		}
		return zkCode(zk), []said{{sentence(zk.Error()), hint}}
	}
	return exitCondition, []said{{sentence(err.Error()), ""}}
}

// sentence ends a phrase as one.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!") {
		return s
	}
	return s + "."
}

func nimbusCode(e *nimbusclient.Error) int {
	// Of what happened, not of what happened to single seeds.
	switch {
	case errors.Is(e.Err, nimbusclient.ErrNotAlive):
		return exitNotFound
	case refused(e.Err), errors.Is(e.Err, nimbusclient.ErrInvalid):
		return exitRefused
	case errors.Is(e.Err, nimbusclient.ErrOutcomeUnknown):
		return exitUnconfirmed
	default:
		return exitUnreachable
	}
}

// nimbusHint gives the client's hint in the words of a command: the console's
// screens are not here.
func nimbusHint(e *nimbusclient.Error) string {
	hint := e.Hint()
	switch {
	case errors.Is(e.Err, nimbusclient.ErrNotAlive):
		return "stormtop list shows what runs."
	case errors.Is(e.Err, nimbusclient.ErrNoLeader) && strings.Contains(hint, ":zk"):
		return "Look at leader-lock with stormtop zk ls; at least one healthy Nimbus is needed."
	case strings.Contains(hint, ":conn"):
		return "stormtop doctor looks at each address; is the port 6627 open from here?"
	}
	return hint
}

func zkCode(e *zkview.ReadError) int {
	switch {
	case errors.Is(e, zkview.ErrNoNode):
		return exitNotFound
	case errors.Is(e, zkview.ErrNoAuth), errors.Is(e, zkview.ErrSecret), errors.Is(e, zkview.ErrTooLarge):
		return exitRefused
	case errors.Is(e, zkview.ErrPath):
		return exitUsage
	default:
		return exitUnreachable
	}
}
