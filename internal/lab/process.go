package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownerVariable marks every process of a cluster: it holds the work directory,
// workers and their children inherit it, ssh sessions are given it by sshd.
const ownerVariable = "STORMTOP_LAB_OWNER"

// process is one live process. A pid alone is no identity, because numbers are
// reused; pid and born together are.
type process struct {
	pid, parent int
	born        uint64 // clock ticks from boot to its start
	resident    int64  // bytes
	command     string // arguments joined by spaces
}

// processes reads what runs from /proc, or from a directory like it.
type processes struct{ root string }

func (ps processes) file(pid int, name string) string {
	return filepath.Join(ps.root, strconv.Itoa(pid), name)
}

// threads says whether a process whose first thread ended has others, which
// still hold its files and ports.
func (ps processes) threads(pid int) bool {
	tasks, err := os.ReadDir(ps.file(pid, "task"))
	return err == nil && len(tasks) > 1
}

// read returns the process of that pid; a zombie counts as gone.
func (ps processes) read(pid int) (process, bool) {
	stat, err := os.ReadFile(ps.file(pid, "stat"))
	if err != nil {
		return process{}, false
	}
	// The second field is the name in parentheses and may hold anything.
	_, rest, ok := bytes.Cut(stat, []byte("("))
	end := bytes.LastIndexByte(rest, ')')
	if !ok || end < 0 {
		return process{}, false
	}
	fields := strings.Fields(string(rest[end+1:]))
	if len(fields) < 22 || fields[0] == "X" || (fields[0] == "Z" && !ps.threads(pid)) {
		return process{}, false
	}
	p := process{pid: pid}
	pages := 0
	for _, f := range []struct {
		text string
		into *int
	}{{fields[1], &p.parent}, {fields[21], &pages}} {
		if *f.into, err = strconv.Atoi(f.text); err != nil {
			return process{}, false
		}
	}
	if p.born, err = strconv.ParseUint(fields[19], 10, 64); err != nil {
		return process{}, false
	}
	p.resident = int64(pages) * int64(os.Getpagesize())
	if argv, err := os.ReadFile(ps.file(pid, "cmdline")); err == nil {
		p.command = strings.TrimSpace(strings.ReplaceAll(string(argv), "\x00", " "))
	}
	return p, true
}

// all returns every live process by its pid.
func (ps processes) all() map[int]process {
	out := map[int]process{}
	entries, err := os.ReadDir(ps.root)
	if err != nil {
		return out
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := ps.read(pid); ok {
			out[pid] = p
		}
	}
	return out
}

// of returns the processes of the cluster whose work directory is dir: those
// that carry its mark or name its files, and all their descendants. The
// calling process and its ancestors are never among them: stormlab may itself
// run in a session of the lab's sshd.
func (ps processes) of(dir string) map[int]process {
	every := ps.all()
	mine := map[int]bool{}
	for pid, p := range every {
		if ps.marked(p, dir) {
			mine[pid] = true
		}
	}
	for grew := true; grew; {
		grew = false
		for pid, p := range every {
			if !mine[pid] && mine[p.parent] {
				mine[pid], grew = true, true
			}
		}
	}
	for pid := os.Getpid(); pid > 0; pid = every[pid].parent {
		delete(mine, pid)
	}
	maps.DeleteFunc(every, func(pid int, _ process) bool { return !mine[pid] })
	return every
}

func (ps processes) marked(p process, dir string) bool {
	if strings.Contains(p.command, "-Dstorm.local.dir="+dir+"/") {
		return true
	}
	environ, err := os.ReadFile(ps.file(p.pid, "environ"))
	if err != nil {
		return false // another user's, or gone
	}
	mark := []byte(ownerVariable + "=" + dir)
	if slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(v []byte) bool { return bytes.Equal(v, mark) }) {
		return true
	}
	// sshd overwrites its environment with its title; the library that it
	// was started with stays mapped, even when the file was replaced.
	if strings.HasPrefix(p.command, "sshd") {
		mapped, err := os.ReadFile(ps.file(p.pid, "maps"))
		return err == nil && bytes.Contains(mapped, []byte(" "+filepath.Join(dir, preloaded)))
	}
	return false
}

// descendants returns the processes below pid.
func (ps processes) descendants(pid int) []process {
	every := ps.all()
	var out []process
	for above := []int{pid}; len(above) > 0; above = above[1:] {
		for _, p := range every {
			if p.parent == above[0] {
				out = append(out, p)
				above = append(above, p.pid)
			}
		}
	}
	return out
}

// alive says whether that very process still runs. A dead child of ours is
// collected, so that it does not stay behind as a zombie.
func (ps processes) alive(p process) bool {
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(p.pid, &status, syscall.WNOHANG, nil); err == nil && pid == p.pid {
		return false
	}
	now, ok := ps.read(p.pid)
	return ok && now.born == p.born
}

// end ends the processes: first with the signal, those that do not heed it
// within patience with SIGKILL. The error names what still runs.
func (ps processes) end(ctx context.Context, victims []process, sig syscall.Signal, patience time.Duration) error {
	for _, try := range []struct {
		sig  syscall.Signal
		wait time.Duration
	}{{sig, patience}, {syscall.SIGKILL, 5 * time.Second}} {
		victims = slices.DeleteFunc(victims, func(p process) bool { return !ps.alive(p) })
		for _, p := range victims {
			if err := syscall.Kill(p.pid, try.sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("ending process %d: %w", p.pid, err)
			}
		}
		limit, cancel := context.WithTimeout(ctx, try.wait)
		tick := time.NewTicker(20 * time.Millisecond)
		for len(victims) > 0 && limit.Err() == nil {
			select {
			case <-limit.Done():
			case <-tick.C:
			}
			victims = slices.DeleteFunc(victims, func(p process) bool { return !ps.alive(p) })
		}
		tick.Stop()
		cancel()
		if len(victims) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("process %d does not end: %s", victims[0].pid, clip(victims[0].command, 80))
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
