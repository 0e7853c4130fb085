package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/sshpool"
)

func TestNobodyToAsk(t *testing.T) {
	k := &asker{open: func() (io.ReadWriteCloser, error) { return nil, os.ErrNotExist }}
	if _, err := k.ask(t.Context(), sshpool.Question{Kind: sshpool.AskHostKey}); !errors.Is(err, errNobody) {
		t.Errorf("without a terminal: %v", err)
	}
}

// typed is a terminal at which somebody has typed already.
type typed struct {
	io.Reader
	shown bytes.Buffer
}

func (t *typed) Write(p []byte) (int, error) { return t.shown.Write(p) }
func (t *typed) Close() error                { return nil }

func TestQuestionsAtTheTerminal(t *testing.T) {
	for words, want := range map[string]sshpool.Answer{
		"yes\n": {Yes: true, Remember: true}, "once\n": {Yes: true}, "no\n": {}, "y\n": {}, "\n": {}, " YES \r": {Yes: true, Remember: true}, "SHA256:abc\n": {Remember: true, Text: "SHA256:abc"}, "nyes\x7f\x7f\x7f\x7fyes\n": {Yes: true, Remember: true},
	} {
		tty := &typed{Reader: strings.NewReader(words)}
		k := &asker{open: func() (io.ReadWriteCloser, error) { return tty, nil }}
		got, err := k.ask(t.Context(), sshpool.Question{Kind: sshpool.AskHostKey, Host: "w1\x1b[2J", Key: sshpool.Key{Type: "ssh-ed25519", Fingerprint: "SHA256:abc"}})
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", words, got, err, want)
		}
		if shown := tty.shown.String(); strings.Contains(shown, "\x1b") || !strings.Contains(shown, "SHA256:abc") {
			t.Errorf("the question is %q", shown)
		}
	}
	for kind, words := range map[sshpool.QuestionKind]string{
		sshpool.AskPassphrase: "passphrase of /k", sshpool.AskPassword: "w1: password", sshpool.AskInteractive: "w1: code?",
	} {
		tty := &typed{Reader: strings.NewReader("secret\n")}
		k := &asker{open: func() (io.ReadWriteCloser, error) { return tty, nil }}
		got, err := k.ask(t.Context(), sshpool.Question{Kind: kind, Host: "w1", File: "/k", Prompt: "code?\n"})
		if err != nil || got.Text != "secret" || !strings.Contains(tty.shown.String(), words) || strings.Contains(tty.shown.String(), "secret") {
			t.Errorf("%q: %+v, %v", tty.shown.String(), got, err)
		}
	}
	k := &asker{open: func() (io.ReadWriteCloser, error) { return &typed{Reader: strings.NewReader("\x03")}, nil }}
	if _, err := k.ask(t.Context(), sshpool.Question{Kind: sshpool.AskPassword}); !errors.Is(err, context.Canceled) {
		t.Errorf("ctrl-c: %v", err)
	}
}
