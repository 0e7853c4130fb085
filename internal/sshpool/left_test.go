package sshpool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// eventually polls a condition of another process or machine; the limit is the
// test's patience.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// tagged counts the processes of this machine that carry a word in their
// environment or arguments.
func tagged(t testing.TB, tag string) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		require.Missing(t, "/proc")
	}
	n := 0
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), tag) {
			n++
		}
	}
	return n
}

func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		require.Missing(t, "/proc")
	}
	return len(list)
}

// startTagged starts a pipeline that would never end by itself and waits until it
// runs. Every process of it carries the tag.
func startTagged(t testing.TB, h *Host, tag, script string) *Process {
	t.Helper()
	p, err := h.Start(within10(t), Watched("TAG="+tag+"; export TAG; echo runs; "+script))
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(p).ReadString('\n')
	if line != "runs\n" {
		t.Fatalf("it says %q, %v", line, err)
	}
	eventually(t, "the command runs", func() bool { return tagged(t, tag) > 0 })
	return p
}

func TestNothingIsLeftBehind(t *testing.T) {
	s := startServer(t)
	file := s.config(t)
	follow := "tail -F " + Quote(filepath.Join(s.dir, "known_hosts")) + " | grep --line-buffered nothing | cat"
	before := openFiles(t)
	ends := map[string]func(*testing.T, *Pool, *Process){
		"the process is closed":   func(_ *testing.T, _ *Pool, p *Process) { _ = p.Close() },
		"the pool is closed":      func(_ *testing.T, p *Pool, _ *Process) { p.Close() },
		"the connection is reset": func(_ *testing.T, p *Pool, _ *Process) { _ = p.Host("one").links[0].wire.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			tag := fmt.Sprintf("stormtop-left-%d-%d", os.Getpid(), time.Now().UnixNano())
			pool := New(Config{File: file})
			defer pool.Close()
			h := pool.Host("one")
			p := startTagged(t, h, tag, follow)
			end(t, pool, p)
			eventually(t, "the pipeline has ended", func() bool { return tagged(t, tag) == 0 })
			if name == "the process is closed" {
				if got := output(t, h, "echo on"); got != "on" {
					t.Errorf("the host answers %q", got)
				}
				if state := h.State(); state.Sessions != 0 || state.Connections != 1 {
					t.Errorf("afterwards: %+v", state)
				}
			}
		})
	}
	eventually(t, "all files are closed", func() bool { return openFiles(t) <= before })
}

func TestAWatchedCommandSaysHowItEnded(t *testing.T) {
	s := startServer(t)
	h := newPool(t, Config{File: s.config(t)}).Host("one")
	out, err := h.Output(within10(t), Watched("echo out; echo err >&2; exit 3"), 100)
	exit, ok := errors.AsType[*ExitError](err)
	if string(out) != "out\n" || !ok || exit.Status != 3 || exit.Stderr != "err\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := h.Output(within10(t), Script("kill -KILL $$"), 100); !errors.As(err, &exit) || exit.Signal != "KILL" {
		t.Errorf("a killed one: %v", err)
	}
	if out, err := h.Output(within10(t), Script("yes"), 1000); len(out) != 1000 || !errors.Is(err, ErrTooLong) {
		t.Errorf("an endless one: %d bytes, %v", len(out), err)
	}
	// A flood of errors does not keep the output from coming.
	out, err = h.Output(within10(t), Script("yes error | head -c 9000000 >&2; echo done"), 100)
	if string(out) != "done\n" || err != nil {
		t.Errorf("after a flood: %q, %v", out, err)
	}
	p, err := h.Start(within10(t), Script("cat"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(p, "to and fro"); err != nil {
		t.Error(err)
	}
	if err := p.CloseInput(); err != nil {
		t.Error(err)
	}
	if back, err := io.ReadAll(p); string(back) != "to and fro" || err != nil {
		t.Errorf("%q, %v", back, err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// An unread command holds no more than its channel's window, and no other one.
func TestUnreadOutputIsBounded(t *testing.T) {
	s := startServer(t)
	h := newPool(t, Config{File: s.config(t)}).Host("one")
	p, err := h.Start(within10(t), Script("yes 0123456789012345678901234567890123456789"))
	if err != nil {
		t.Fatal(err)
	}
	var heap runtime.MemStats
	for range 20 {
		if got := output(t, h, "echo through"); got != "through" {
			t.Fatalf("the other command says %q", got)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&heap)
	if heap.HeapAlloc > 64<<20 {
		t.Errorf("%d MB on the heap", heap.HeapAlloc>>20)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if state := h.State(); state.Connections != 1 || state.Sessions != 0 {
		t.Errorf("afterwards: %+v", state)
	}
}

// children are the processes of sshd that serve connections.
func (s *server) children(t testing.TB) []int {
	t.Helper()
	var out []int
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 || fields[1] != strconv.Itoa(s.cmd.Process.Pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			out = append(out, pid)
		}
	}
	return out
}

func TestAFrozenPeerIsNoticed(t *testing.T) {
	s := startServer(t)
	pool := newPool(t, Config{File: s.config(t, "ServerAliveInterval 1", "ServerAliveCountMax 2")})
	h := pool.Host("one")
	p, err := h.Start(within10(t), Script("cat"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := h.Files(within10(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range s.children(t) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	}
	err = p.Wait()
	if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "no sign of life for 2s") {
		t.Errorf("the command: %v", err)
	}
	if _, err := files.Stat(t.Context(), "/"); !errors.Is(err, ErrLost) {
		t.Errorf("its files: %v", err)
	}
	eventually(t, "the host is marked", func() bool { return h.State().Phase == Waiting })
	if state := h.State(); !errors.Is(state.Err, ErrTimeout) || state.Hint == "" || state.RetryAt.IsZero() {
		t.Errorf("its state: %+v", state)
	}
	if got := output(t, h, "echo back"); got != "back" {
		t.Errorf("afterwards it says %q", got)
	}
	if state := h.State(); state.Phase != Ready || state.Err != nil {
		t.Errorf("its state afterwards: %+v", state)
	}
}
