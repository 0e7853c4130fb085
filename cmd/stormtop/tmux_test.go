//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// pane is one real terminal, in a tmux server of its own.
type pane struct {
	t      *testing.T
	tmux   string
	socket string
	// patience is how long await waits.
	patience time.Duration
}

// newPane starts a shell in a terminal of the given size, as a user has it.
func newPane(t *testing.T, w, h int) *pane {
	t.Helper()
	p := &pane{t: t, tmux: require.Tool(t, "tmux"), socket: filepath.Join(t.TempDir(), "tmux"), patience: 30 * time.Second}
	p.run("-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), "env", "PS1=ready$ ", "LC_ALL=C.UTF-8", "HISTFILE="+os.DevNull, "HOME="+t.TempDir(), "bash", "--norc", "--noprofile", "-i")
	t.Cleanup(func() {
		_ = exec.CommandContext(context.Background(), p.tmux, "-S", p.socket, "kill-server").Run()
	})
	p.await("a prompt", func(s string) bool { return strings.Contains(s, "ready$") })
	return p
}

func (p *pane) run(args ...string) string {
	p.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(p.t.Context(), p.tmux, append([]string{"-S", p.socket}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("tmux %v: %v: %s", args, err, errs.String())
	}
	return out.String()
}

// screen is what the terminal shows.
func (p *pane) screen() string { return p.run("capture-pane", "-p") }

// keys types real keys, in tmux's notation.
func (p *pane) keys(keys ...string) { p.run(append([]string{"send-keys"}, keys...)...) }

// await polls the screen until it is as wanted; the deadline is the test's
// patience, not an assertion about speed.
func (p *pane) await(what string, ok func(string) bool) string {
	p.t.Helper()
	return p.awaitOf(what, p.screen, ok)
}

func (p *pane) awaitOf(what string, get func() string, ok func(string) bool) string {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(p.patience)
	for {
		got := get()
		if ok(got) {
			return got
		}
		select {
		case <-deadline:
			p.t.Fatalf("waited in vain for %s; the screen shows:\n%s", what, p.screen())
		case <-tick.C:
		}
	}
}

// prompted reports whether the shell waits for a command: an earlier prompt is
// on the screen as soon as the alternate one is left, before the program ends.
func prompted(screen string) bool {
	lines := strings.Split(strings.TrimRight(screen, " \n"), "\n")
	return strings.TrimSpace(lines[len(lines)-1]) == "ready$"
}

// state is everything a program can leave behind in a terminal: line settings,
// alternate screen, cursor, mouse, keypad and cursor-key modes.
func (p *pane) state() string {
	p.t.Helper()
	marker := filepath.Join(p.t.TempDir(), "stty")
	p.keys("stty -a > "+marker, "Enter")
	stty := p.awaitOf("stty", func() string {
		data, err := os.ReadFile(marker)
		if err != nil {
			return ""
		}
		return string(data)
	}, func(s string) bool { return strings.HasSuffix(s, "\n") && strings.Contains(s, "echo") })
	modes := p.run("display-message", "-p",
		"alternate=#{alternate_on} cursor=#{cursor_flag} mouse=#{mouse_any_flag}#{mouse_sgr_flag} keypad=#{keypad_flag}#{keypad_cursor_flag} insert=#{insert_flag} wrap=#{wrap_flag} origin=#{origin_flag}")
	return stty + modes
}

// buildConsole builds the program once for the tests that run it.
func buildConsole(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "stormtop")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return bin
}

// linked gives a program another name.
func linked(t *testing.T, bin string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stormtop")
	if err := os.Link(bin, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// closedPort is an address at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// consolePID finds the console's child, the process that draws.
func (p *pane) consolePID(bin string) int {
	p.t.Helper()
	out := p.awaitOf("the console's process", func() string {
		list, err := exec.CommandContext(p.t.Context(), "pgrep", "-f", "^"+bin).Output()
		if err != nil {
			return ""
		}
		return string(list)
	}, func(s string) bool { return len(strings.Fields(s)) >= 2 })
	pids := strings.Fields(out)
	var child int
	if _, err := fmt.Sscan(pids[len(pids)-1], &child); err != nil {
		p.t.Fatal(err)
	}
	return child
}

func TestTerminalIsLeftAsItWasFound(t *testing.T) {
	t.Parallel()
	bin := buildConsole(t)
	address := closedPort(t)
	for _, c := range []struct {
		name string
		end  func(p *pane, bin string)
		says string
	}{
		{name: "quit", end: func(p *pane, _ string) { p.keys("q"); p.keys("q") }},
		{name: "ctrl-c", end: func(p *pane, _ string) { p.keys("C-c") }},
		{name: "crash in the runtime", end: func(p *pane, bin string) { kill(t, p.consolePID(bin), syscall.SIGABRT) }, says: "stormtop crashed"},
		{name: "killed", end: func(p *pane, bin string) { kill(t, p.consolePID(bin), syscall.SIGKILL) }, says: "ended by signal 9"},
		{name: "terminated", end: func(p *pane, bin string) { kill(t, p.consolePID(bin), syscall.SIGTERM) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// A name of its own tells this console's processes from the others'.
			bin := linked(t, bin)
			p := newPane(t, 80, 24)
			before := p.state()
			p.keys("clear; "+bin+" --nimbus "+address+" --no-zk; echo over=$?", "Enter")
			p.await("the console", func(s string) bool { return strings.Contains(s, "connections") && strings.Contains(s, "help") })
			c.end(p, bin)
			shown := p.await("the shell", func(s string) bool { return strings.Contains(s, "over=") })
			if strings.Contains(shown, "connections") {
				t.Errorf("the console's screen is still there:\n%s", shown)
			}
			if !strings.Contains(shown, c.says) {
				t.Errorf("the end is not explained with %q:\n%s", c.says, shown)
			}
			if after := p.state(); after != before {
				t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	bin := buildConsole(t)
	p := newPane(t, 80, 24)
	before := p.state()
	p.keys("clear; "+bin+" --nimbus "+closedPort(t)+" --no-zk", "Enter")
	console := func(s string) bool { return strings.Contains(s, "connections") && strings.Contains(s, "help") }
	p.await("the console", console)
	p.keys("C-z")
	p.await("the shell", func(s string) bool { return strings.Contains(s, "Stopped") && prompted(s) })
	if during := p.state(); during != before {
		t.Errorf("while suspended the terminal is\n%s\nbefore it was\n%s", during, before)
	}
	p.keys("fg", "Enter")
	p.await("the console again", console)
	p.keys("C-c")
	p.await("the shell", prompted)
	if after := p.state(); after != before {
		t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("signal %v to %d: %v", sig, pid, err)
	}
}
