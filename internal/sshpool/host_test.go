package sshpool

import (
	"errors"
	"io"
	"path/filepath"
	"testing"
)

func TestOneConnectionServesCommandsAndFiles(t *testing.T) {
	s := startServer(t)
	p := newPool(t, Config{File: s.config(t)})
	h := p.Host("one")
	known := filepath.Join(s.dir, "known_hosts")
	write(t, known, string(read(t, known))+"this is no key\n")
	if got := h.State(); got.Phase != Idle {
		t.Fatalf("before anything was asked: %+v", got)
	}
	if got := output(t, h, "echo here"); got != "here" {
		t.Errorf("a command answers %q", got)
	}
	files, err := h.Files(within10(t))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(s.dir, "a file")
	write(t, name, "0123456789")
	f, err := files.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4)
	if _, err := f.ReadAt(buf, 3); err != nil || string(buf) != "3456" {
		t.Errorf("reading at 3: %q, %v", buf, err)
	}
	if n, err := f.ReadAt(buf, 8); n != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("reading at the end: %d, %v", n, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 10 {
		t.Errorf("the open file: %v, %v", info, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	state := h.State()
	if want := "passed over: " + known + ":2"; len(state.Notes) != 1 || state.Notes[0] != want {
		t.Errorf("the notes are %q, not %q", state.Notes, want)
	}
	clock := state.Clock
	if state.Phase != Ready || state.Connections != 1 || state.Way != "ed25519_0" || state.From != "ssh -G" {
		t.Errorf("at work: %+v", state)
	}
	if !clock.Known || clock.Zone == nil || clock.Offset.Abs() > clock.Accuracy+clock.Accuracy {
		t.Errorf("the clock of this very machine: %+v", clock)
	}
}
