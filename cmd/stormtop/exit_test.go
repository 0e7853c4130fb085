package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report/replay"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

func nimbusError(sentinel error, seeds ...*nimbusclient.Error) error {
	return fmt.Errorf("reading: %w", &nimbusclient.Error{Op: "getClusterInfo", Addr: "nim-a:6627", Err: sentinel, Seeds: seeds})
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		says string
	}{
		{nil, 0, ""},
		{fmt.Errorf("writing: %w", syscall.EPIPE), 0, ""},
		{exitCode(7), 7, ""},
		{usage("Try this.", "No %s.", "good"), 2, "stormtop: No good.\n  Try this.\n"},
		{&config.Error{Where: "--nimbus", What: "is no address", Hint: "Write HOST."}, 2, "stormtop: --nimbus: is no address.\n  Write HOST.\n"},
		{config.Errors{{What: "first"}, {What: "second"}}, 2, "stormtop: first.\nstormtop: second.\n"},
		{nimbusError(nimbusclient.ErrRefused), 3, "connection refused"},
		{nimbusError(nimbusclient.ErrNoAnswer, &nimbusclient.Error{Err: nimbusclient.ErrUnauthorized}), 3, ""},
		{nimbusError(nimbusclient.ErrNoLeader), 3, "stormtop zk ls"},
		{nimbusError(nimbusclient.ErrFrameTooLarge), 3, "--max-frame"},
		{nimbusError(nimbusclient.ErrNotAlive), 4, "stormtop list shows what runs."},
		{nimbusError(nimbusclient.ErrUnauthorized), 5, "not permitted"},
		{nimbusError(nimbusclient.ErrUnsupported), 5, "needs Storm"},
		{nimbusError(nimbusclient.ErrInternal), 5, "failed inside Nimbus"},
		{&zkview.ReadError{Op: "reading /x", Err: zkview.ErrNoNode, Hint: "zk ls /"}, 4, "stormtop: reading /x: no such node.\n  stormtop zk ls /\n"},
		{&zkview.ReadError{Op: "reading /x", Err: zkview.ErrNoAuth}, 5, "no read permission"},
		{&zkview.ReadError{Op: "reading x", Err: zkview.ErrPath}, 2, ""},
		{&zkview.ReadError{Op: "reading /x", Err: zkview.ErrUnavailable}, 3, ""},
		{context.DeadlineExceeded, 3, "No answer in time."},
		{context.Canceled, 130, "Interrupted."},
		{errors.New("something else"), 1, "stormtop: something else.\n"},
	} {
		var out bytes.Buffer
		if code := conclude(&out, test.err); code != test.code || !strings.Contains(out.String(), test.says) || test.says == "" && test.code < 2 && out.Len() > 0 {
			t.Errorf("%v: exit code %d and %q, want %d and %q", test.err, code, out.String(), test.code, test.says)
		}
	}
}

// No hint sends somebody at a shell prompt to a key of the console.
func TestHintsAreOfACommand(t *testing.T) {
	for _, sentinel := range []error{
		nimbusclient.ErrUnknownHost, nimbusclient.ErrRefused, nimbusclient.ErrUnreachable, nimbusclient.ErrHTTP, nimbusclient.ErrSSH,
		nimbusclient.ErrZooKeeper, nimbusclient.ErrTLS, nimbusclient.ErrSASL, nimbusclient.ErrTimeout, nimbusclient.ErrClosed,
		nimbusclient.ErrProtocol, nimbusclient.ErrNoAnswer, nimbusclient.ErrNoLeader, nimbusclient.ErrNotLeader, nimbusclient.ErrNotAlive,
		nimbusclient.ErrUnauthorized, nimbusclient.ErrUnsupported, nimbusclient.ErrInternal, nimbusclient.ErrFrameTooLarge,
	} {
		e := &nimbusclient.Error{Op: "getLeader", Addr: "nim-a:6627", Err: sentinel, Seeds: []*nimbusclient.Error{
			{Addr: "a:1", Err: nimbusclient.ErrRefused}, {Addr: "b:1", Err: nimbusclient.ErrRefused},
		}}
		if hint := nimbusHint(e); strings.Contains(hint, ":conn") || strings.Contains(hint, ":zk") || strings.Contains(hint, " 6 shows") {
			t.Errorf("%v: %q", sentinel, hint)
		}
	}
}

func TestErrorsAreHarmless(t *testing.T) {
	var out bytes.Buffer
	conclude(&out, usage("hint\x1b[2J", "text \x1b]0;x\a\u202e \u009b31m"))
	if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%q holds what does not print at %d", out.String(), i)
	}
}

// A reader that goes away is no error: nothing on standard error, exit code 0.
func TestClosedPipe(t *testing.T) {
	rec, err := replay.Load("2.8.3")
	if err != nil {
		t.Fatal(err)
	}
	server, err := rec.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is the program when it is called so.
	bin := filepath.Join(t.TempDir(), "stormtop")
	if err := os.Symlink(self, bin); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{{"list"}, {"conf", "wordcount", "-o", "json"}, {"config", "init"}, {"version"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		cmd := exec.CommandContext(t.Context(), bin, append(args, "--nimbus", server.Addr)...)
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &errs
		if err := cmd.Run(); err != nil || errs.Len() > 0 {
			t.Errorf("stormtop %v into a closed pipe: %v, %q", args, err, errs.String())
		}
		_ = w.Close()
	}
}
