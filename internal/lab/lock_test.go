package lab

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLockPorts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.lock")
	since := time.Date(2026, 11, 21, 4, 5, 6, 0, time.UTC)
	mine := holder{"2.8.3", "/var/lab", since}
	lock, err := lockPorts(path, mine)
	if err != nil || lock == nil {
		t.Fatalf("a free lock gives %v, %v", lock, err)
	}
	again, err := lockPorts(path, holder{"2.8.3", "/var/lab", since.Add(time.Hour)})
	if again != nil || err != nil {
		t.Errorf("the same cluster again gets %v, %v; want neither", again, err)
	}
	for _, other := range []holder{{"2.8.3", "/var/other", since}, {"2.8.2", "/var/lab", since}} {
		_, err = lockPorts(path, other)
		if _, ok := errors.AsType[*portsTaken](err); !ok {
			t.Fatalf("another cluster's error is %v", err)
		}
		const want = "Storm 2.8.3 in /var/lab has these ports since 04:05:06: end it with STORM=2.8.3 STORMTOP_LAB_DIR=/var/lab stormlab down"
		if err.Error() != want {
			t.Errorf("another cluster is told %q\nwant %q", err, want)
		}
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = lockPorts(path, holder{"0.9.7", "/x", since})
	if err != nil || lock == nil {
		t.Fatalf("a lock given back gives %v, %v", lock, err)
	}
	_ = lock.Close()
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "2.8.3") {
		t.Errorf("the lock still says %q, %v", text, err)
	}
}

func TestLockPortsWithAnUnreadableHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ports.lock")
	lock, err := lockPorts(path, holder{"2.8.3", "/var/lab", time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := lock.Truncate(3); err != nil {
		t.Fatal(err)
	}
	_, err = lockPorts(path, holder{"2.8.3", "/var/lab", time.Now()})
	if err == nil || !strings.Contains(err.Error(), "another lab cluster has these ports") {
		t.Errorf("error is %v", err)
	}
}

func TestTurn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "turn.lock")
	var told strings.Builder
	l, err := New(Settings{Version: "2.8.3"}, &told)
	if err != nil {
		t.Fatal(err)
	}
	release, err := l.turn(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.turn(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second turn at the same time gives %v", err)
	}
	if !strings.Contains(told.String(), "waiting for another stormlab to finish") {
		t.Errorf("who waits is told %q", told.String())
	}
	release()
	release, err = l.turn(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

func TestPortsFree(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(Settings{Version: "2.8.3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.line.ports.ui = listener.Addr().(*net.TCPAddr).Port
	ui := []daemon{{"ui", "ui", "127.0.0.1"}}
	err = l.portsFree(t.Context(), ui)
	if err == nil || !strings.Contains(err.Error(), "ui@127.0.0.1 cannot listen on "+listener.Addr().String()) {
		t.Errorf("a taken port gives %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.portsFree(t.Context(), ui); err != nil {
		t.Errorf("a free port gives %v", err)
	}
}
