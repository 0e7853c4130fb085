//go:build lab && unix

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/lab"
)

// labLine runs a command line against the lab.
func labLine(t *testing.T, ctx context.Context, c *lab.Cluster, stdout, stderr io.Writer, line ...string) int { //nolint:revive // the test comes first
	t.Helper()
	return program(t, stdout, stderr).main(ctx, append(line, "--nimbus", strings.Join(c.Nimbus, ","), "--zk", c.Zookeeper, "-F", c.SSHConfig))
}

// labAwait waits for what a loaded machine may take minutes for.
func labAwait(t *testing.T, what string, ok func() bool, said func() string) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s: %s", what, said())
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// TestLabTailFindsTheLogs asks for the logs of whatever runs: every version of
// Storm keeps them somewhere else, and Nimbus does not say where.
func TestLabTailFindsTheLogs(t *testing.T) {
	c := openLab(t)
	ids, err := c.TopologyIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name := range ids {
		t.Run(name, func(t *testing.T) {
			var out, said bytes.Buffer
			code := 0
			labAwait(t, "lines of every worker", func() bool { // which may be starting yet
				out.Reset()
				said.Reset()
				code = labLine(t, t.Context(), c, &out, &said, "tail", name, "-l", "3", "-o", "jsonl", "--files", "worker")
				return code == exitDone
			}, func() string { return said.String() })
			list := readRecords(t, out.String())
			if len(list) == 0 {
				t.Fatalf("tail: %d, %q, %q", code, out.String(), said.String())
			}
			for _, r := range list {
				if r.Source == nil || !strings.HasPrefix(*r.Source, c.LogDir+"/") {
					t.Errorf("record %+v", r)
				}
			}
			out.Reset()
			code = labLine(t, t.Context(), c, &out, &said, "grep", "Launched subprocess with pid|Launching worker for", name, "--count")
			if n, err := strconv.Atoi(strings.TrimSpace(out.String())); err != nil || n < 1 || code != exitDone {
				t.Errorf("grep: %d, %q, %q", code, out.String(), said.String())
			}
		})
	}
}

// TestLabTailOverTheLogviewer reads the same lines without ssh, and says so.
func TestLabTailOverTheLogviewer(t *testing.T) {
	c := openLab(t)
	if len(c.Logviewers) == 0 {
		t.Skip("no logviewer runs")
	}
	ids, err := c.TopologyIDs(t.Context())
	if err != nil || len(ids) == 0 {
		t.Fatalf("topologies %v, %v", ids, err)
	}
	var name string
	for name = range ids {
		break
	}
	port := c.Logviewers[0][strings.LastIndexByte(c.Logviewers[0], ':')+1:]
	var out, said bytes.Buffer
	code := labLine(t, t.Context(), c, &out, &said, "tail", name, "-l", "3", "--no-ssh", "-c", "logviewer.port="+port)
	t.Logf("%s", said.String())
	if code != exitDone || strings.Count(out.String(), "\n") < 2 || !strings.Contains(said.String(), "read over its logviewer, because of --no-ssh") {
		t.Errorf("%d, %q, %q", code, out.String(), said.String())
	}
}

// followed is a tail that runs, with what it printed.
type followed struct {
	name  string
	mu    sync.Mutex
	lines []string
	errs  bytes.Buffer
	code  chan int
	stop  context.CancelFunc
}

func (f *followed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.errs.Write(p)
}

func (f *followed) have() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lines)
}

func (f *followed) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.errs.String()
}

func follows(t *testing.T, c *lab.Cluster, name string, flags ...string) *followed {
	ctx, cancel := context.WithCancel(t.Context())
	f := &followed{name: name, code: make(chan int, 1), stop: cancel}
	read, write := io.Pipe()
	go func() {
		code := labLine(t, ctx, c, write, f, append([]string{"tail", "numbers/numbers", "-f", "-l", "0", "--files", "worker"}, flags...)...)
		_ = write.Close()
		f.code <- code
	}()
	go func() {
		for s := bufio.NewScanner(read); s.Scan(); {
			f.mu.Lock()
			f.lines = append(f.lines, s.Text())
			f.mu.Unlock()
		}
	}()
	return f
}

// numbered is one line of the bolt: which process wrote it, and its number.
var numbered = regexp.MustCompile(`numbered (\d+) (\d+) (\d+) `)

// count reads the numbers of every process in the order of the lines.
func count(lines []string) map[string][]int {
	out := map[string][]int{}
	for _, l := range lines {
		if m := numbered.FindStringSubmatch(l); m != nil {
			n, _ := strconv.Atoi(m[3])
			out[m[1]+"/"+m[2]] = append(out[m[1]+"/"+m[2]], n)
		}
	}
	return out
}

// onDisk reads the highest number of every process in the files themselves.
func onDisk(t *testing.T, c *lab.Cluster, id string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, dir := range c.HostDirs {
		files, err := filepath.Glob(filepath.Join(dir, "logs", "workers-artifacts", id, "*", "worker.log*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := os.Open(name)
			if err != nil {
				continue // rotated away
			}
			var in io.Reader = f
			if strings.HasSuffix(name, ".gz") {
				if in, err = gzip.NewReader(f); err != nil {
					_ = f.Close()
					continue // being written
				}
			}
			for s := bufio.NewScanner(in); s.Scan(); {
				if m := numbered.FindStringSubmatch(s.Text()); m != nil {
					n, _ := strconv.Atoi(m[3])
					out[m[1]+"/"+m[2]] = max(out[m[1]+"/"+m[2]], n)
				}
			}
			_ = f.Close()
		}
	}
	return out
}

// TestLabTailLosesNothing follows a Python bolt's numbered lines over two hosts
// through a rebalance, the end of a worker and three rotations, with both
// followers at once: no number is missing, doubled or out of order.
func TestLabTailLosesNothing(t *testing.T) {
	c := openLab(t)
	if len(c.Hosts) < 2 {
		t.Skipf("Storm %s runs on one host", c.Version)
	}
	if err := c.Submit(t.Context(), "numbers"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.KillTopology(context.WithoutCancel(t.Context()), "numbers", 1); err != nil {
			t.Errorf("ending the topology: %v", err)
		}
	})
	ids, err := c.TopologyIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	both := []*followed{}
	await := func(what string, ok func() bool) {
		t.Helper()
		labAwait(t, what, ok, func() string {
			var b strings.Builder
			for _, f := range both {
				fmt.Fprintf(&b, "%s has lines of %d processes; %s\n", f.name, len(count(f.have())), f.said())
			}
			return b.String()
		})
	}
	await("lines of four processes", func() bool { return len(onDisk(t, c, ids["numbers"])) >= 4 })
	both = []*followed{follows(t, c, "sftp"), follows(t, c, "exec", "--exec")}
	seen := func(n int) func() bool {
		return func() bool {
			for _, f := range both {
				if len(count(f.have())) < n {
					return false
				}
			}
			return true
		}
	}
	await("lines of all processes in both tails", seen(4))
	change := func(workers string) {
		t.Helper()
		var out, said bytes.Buffer
		if code := labLine(t, t.Context(), c, &out, &said, "rebalance", "numbers", "-w", "1", "-n", workers, "--yes", "--no-wait"); code != exitDone {
			t.Fatalf("rebalance: %d, %q, %q", code, out.String(), said.String())
		}
	}
	for range 2 {
		if err := c.Rotate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	change("1")
	await("the processes after the rebalance", seen(8))

	pids, err := filepath.Glob(filepath.Join(c.HostDirs[c.Hosts[0]], "logs", "workers-artifacts", ids["numbers"], "*", "worker.pid"))
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob(filepath.Join(c.HostDirs[c.Hosts[1]], "logs", "workers-artifacts", ids["numbers"], "*", "worker.pid"))
	killed := 0
	for _, name := range append(pids, more...) {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || pid <= 1 {
			continue
		}
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte("-Dstorm.id="+ids["numbers"])) && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Fatal("no worker to kill")
	}
	await("the processes after the worker's end", seen(12))
	if err := c.Rotate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := onDisk(t, c, ids["numbers"])
	await("everything that was on the disk", func() bool {
		for _, f := range both {
			got := count(f.have())
			for process, n := range want {
				if list := got[process]; len(list) > 0 && list[len(list)-1] < n {
					return false
				}
			}
		}
		return true
	})
	for _, f := range both {
		f.stop()
		if code := <-f.code; code != exitInterrupted {
			t.Errorf("%s ends with %d", f.name, code)
		}
		got := count(f.have())
		total := 0
		for process, list := range got {
			for i, n := range list {
				total++
				if i > 0 && n != list[i-1]+1 {
					t.Errorf("%s, process %s: %d comes after %d", f.name, process, n, list[i-1])
				}
			}
		}
		// Processes that began after the tail are there from their first line.
		first := 0
		for _, list := range got {
			if list[0] == 1 {
				first++
			}
		}
		if first < 8 || len(got) < len(want) {
			t.Errorf("%s: %d of %d processes, %d from their first line; standard error %s", f.name, len(got), len(want), first, f.said())
		}
		t.Logf("%s: %d numbered lines of %d processes", f.name, total, len(got))
	}
}
