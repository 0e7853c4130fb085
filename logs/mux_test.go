package logs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/logs/rotatetest"
)

// memHost is a host with one disk; it can be out of reach.
type memHost struct {
	disk  *memDisk
	down  atomic.Bool
	clock Clock
}

func (h *memHost) Host(string) Host { return h }

func (h *memHost) Files(context.Context) (FileSystem, error) {
	if h.down.Load() {
		return nil, errors.New("connection refused")
	}
	return h.disk, nil
}

func (h *memHost) Start(context.Context, string) (Process, error) {
	return nil, errors.New("no commands here")
}
func (h *memHost) Clock() Clock { return h.clock }

func newMemHost() *memHost {
	h := &memHost{disk: newMemDisk(time.Now)}
	h.disk.tick = func() error {
		if h.down.Load() {
			return errBroken
		}
		return nil
	}
	return h
}

// texts gives all records of a store, marks in dashes.
func texts(s *Store) []string {
	var out []string
	lo, hi := s.Range()
	for seq := lo; seq < hi; seq++ {
		r, ok := s.At(seq)
		if !ok {
			continue
		}
		if r.Mark != MarkNone {
			out = append(out, "── "+string(r.Text)+" ──")
			continue
		}
		out = append(out, string(r.Text))
	}
	return out
}

func TestMuxReadsAFileToItsEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "some.log")
	if err := os.WriteFile(file, []byte("2026-11-21 10:00:00.000 a\n2026-11-21 10:00:01.000 b\n  at x\n2026-11-21 10:00:02.000 c\nend"), 0o644); err != nil {
		t.Fatal(err)
	}
	store := NewStore(StoreConfig{})
	m := NewMux(MuxConfig{Store: store, Lines: 4})
	m.Set([]Source{{Path: file}, {Path: file + ".none"}})
	<-m.Done()
	want := []string{"2026-11-21 10:00:01.000 b\n  at x", "2026-11-21 10:00:02.000 c\nend"}
	if got := texts(store); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	states := m.States()
	if s := states[0]; s.State != StateDone || s.Lines != 4 || s.Via != "local" || s.Words != "" {
		t.Errorf("state of the file: %+v", s)
	}
	if s := states[1]; s.State != StateDone || !strings.HasPrefix(s.Words, "waiting for /") {
		t.Errorf("state of no file: %+v", s)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestMuxReadsStandardInput(t *testing.T) {
	store := NewStore(StoreConfig{})
	m := NewMux(MuxConfig{Store: store, Stdin: strings.NewReader("one\ntwo\n\nthree")})
	m.Set([]Source{{Kind: KindStdin}})
	<-m.Done()
	_ = m.Close()
	if got := strings.Join(texts(store), "|"); got != "one|two||three" {
		t.Errorf("got %q", got)
	}
}

func TestMuxMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newMemHost()
		store := NewStore(StoreConfig{})
		zone := time.UTC
		w := &rotatetest.Writer{Disk: host.disk, Name: "worker.log", Now: func() time.Time { return time.Now().UTC() }}
		src := Source{Host: "w4", Port: 6702, Kind: KindWorker, Path: "/logs/worker.log", Note: "split [17-18]", Zone: zone}
		m := NewMux(MuxConfig{Hosts: host, Store: store, Follow: true, Lines: 10, Random: func() float64 { return 1 }})
		defer func() { _ = m.Close() }()
		m.Set(nil)
		write := func(n int) {
			t.Helper()
			if err := w.Lines(n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
		}
		write(2)
		m.Set([]Source{src})
		time.Sleep(3 * time.Second)
		write(1)
		_ = w.Rotate()
		write(1)
		host.down.Store(true)
		time.Sleep(3 * time.Second)
		_ = w.Lines(2)
		_ = w.Rotate()
		host.down.Store(false)
		write(2)
		host.down.Store(true)
		for range 12 {
			_ = w.Lines(1)
			_ = w.Rotate()
		}
		time.Sleep(10 * time.Second)
		host.down.Store(false)
		time.Sleep(10 * time.Second)
		_ = w.Lines(1)
		time.Sleep(20 * time.Second)
		m.Set(nil)
		time.Sleep(time.Minute)
		var got []string
		for _, line := range texts(store) {
			got = append(got, regexp.MustCompile(`^\d.* n=`).ReplaceAllString(line, "n="))
		}
		want := []string{
			"── joined: split [17-18] now here ──", "n=1", "n=2", "n=3",
			"── rotated: worker.log → worker.log.1.gz, 0 lines lost ──", "n=4",
			"── lost: connection reset by peer; retry in 1s ──",
			"── back after 3s, continued at byte 63, nothing missed ──", "n=5", "n=6",
			"── rotated: worker.log → worker.log.2.gz, 0 lines lost ──", "n=7", "n=8",
			"── lost: connection reset by peer; retry in 1s ──",
			"── back after 15s ──",
			"── gap: lines between … and … were rotated away (≈ …), after byte 126 ──", "n=12",
		}
		text := strings.Join(got, "\n")
		text = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d`).ReplaceAllString(text, "…")
		text = regexp.MustCompile(`≈ [^)]*`).ReplaceAllString(text, "≈ …")
		if !strings.HasPrefix(text, strings.Join(want, "\n")) {
			t.Errorf("got\n%s\nwant\n%s", text, strings.Join(want, "\n"))
		}
		if !strings.HasSuffix(text, "n=21\n── left: worker stopped, old file read to its end ──") {
			t.Errorf("the end: %s", text[max(0, len(text)-200):])
		}
		s := m.States()[0]
		if s.State != StateLeft || s.Gaps != 1 || s.Breaks != 2 || s.Via != "sftp" || s.Zone != zone {
			t.Errorf("state %+v", s)
		}
	})
}

func TestMuxHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newMemHost()
		store := NewStore(StoreConfig{})
		w := &rotatetest.Writer{Disk: host.disk, Name: "worker.log", Now: time.Now}
		m := NewMux(MuxConfig{Hosts: host, Store: store, Follow: true, Lines: -1})
		defer func() { _ = m.Close() }()
		_ = w.Lines(3)
		m.Set([]Source{{Host: "a", Path: "/logs/worker.log"}})
		time.Sleep(5 * time.Second)
		m.Hold(true)
		time.Sleep(5 * time.Second)
		for range 4 {
			_ = w.Rotate()
			_ = w.Lines(5)
		}
		time.Sleep(10 * time.Second)
		if _, hi := store.Range(); hi != 3 || m.States()[0].State != StateHeld {
			t.Errorf("while held: %d records, %v", hi, m.States()[0].State)
		}
		m.Hold(false)
		time.Sleep(20 * time.Second)
		var check rotatetest.Checker
		for _, line := range texts(store) {
			if !strings.HasPrefix(line, "── rotated") {
				check.Line([]byte(line))
			}
		}
		check.End(w.Written())
		if err := check.Err(); err != nil {
			t.Error(err)
		}
	})
}

// TestManySourcesOneGate has many sources on a host that is down: they try
// together, not one after the other.
func TestManySourcesOneGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newMemHost()
		host.down.Store(true)
		g := gate{first: firstRetry}
		now := time.Now()
		first := g.failed(now, 1)
		for range 100 {
			if next := g.failed(now, 1); !next.Equal(first) {
				t.Fatalf("another attempt at %v, the first at %v", next, first)
			}
		}
		wait := first.Sub(now)
		for range 20 {
			now = now.Add(wait)
			wait = g.failed(now, 1).Sub(now)
		}
		if wait != lastRetry {
			t.Errorf("waits %v in the end", wait)
		}
	})
}

func TestAgainstABuffer(t *testing.T) {
	// A reader of what the mux stored sees each byte of the log once.
	synctest.Test(t, func(t *testing.T) {
		host := newMemHost()
		store := NewStore(StoreConfig{})
		m := NewMux(MuxConfig{Hosts: host, Store: store, Follow: true, Lines: -1})
		defer func() { _ = m.Close() }()
		m.Set([]Source{{Host: "a", Path: "/logs/worker.log"}})
		var all bytes.Buffer
		file, _ := host.disk.Create("worker.log")
		for i := range 200 {
			line := strings.Repeat("x", i*37%500) + "\n"
			all.WriteString(line)
			for _, half := range []string{line[:len(line)/2], line[len(line)/2:]} {
				_, _ = file.Write([]byte(half))
				time.Sleep(time.Duration(i%7) * 50 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		if got := strings.Join(texts(store), "\n") + "\n"; got != all.String() {
			t.Errorf("%d bytes came of %d", len(got), all.Len())
		}
	})
}

// TestCloseLeavesAFrozenHost has a host that answers nothing any more.
func TestCloseLeavesAFrozenHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newMemHost()
		frozen := make(chan struct{})
		host.disk.tick = func() error { <-frozen; return errBroken }
		m := NewMux(MuxConfig{Hosts: host, Store: NewStore(StoreConfig{}), Follow: true})
		m.Set([]Source{{Host: "a", Path: "/logs/worker.log"}})
		time.Sleep(time.Second)
		begun := time.Now()
		if err := m.Close(); err == nil || time.Since(begun) != closeGrace {
			t.Errorf("closed after %v: %v", time.Since(begun), err)
		}
		close(frozen) // the connection ends
	})
}
