//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/term"
)

// The console runs in a child process. A panic in a goroutine of a library, an
// end for want of memory and a SIGKILL cannot be caught from inside; the parent
// outlives them all, so it can put the terminal back as it was found. Both stay
// in one process group: suspend, resume and the keyboard's signals reach both.

// supervisedEnv marks the child. Its value is the number of the descriptor on
// which the child writes the report of a crash; the next one is a pipe that
// ends when the parent does.
const supervisedEnv = "STORMTOP_SUPERVISED"

// maxCrash bounds the report of a crash.
const maxCrash = 1 << 20

// leaveTerminal undoes what the console may have switched on: synchronised
// output, mouse, bracketed paste, focus reports, keyboard protocols, the
// alternate screen, hidden cursor, colours.
const leaveTerminal = "\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l" +
	"\x1b[>4;0m\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m\r"

// supervise runs this program once more as the console's child and returns the
// exit code to end with. done is false when this process is the child itself or
// cannot supervise (no terminal), and must go on as the console.
//
// saveCrash stores the report of a crash and returns where it is.
func supervise(ctx context.Context, saveCrash func(report string) (string, error)) (code int, done bool) {
	if os.Getenv(supervisedEnv) != "" || !term.IsTerminal(os.Stdin.Fd()) || !term.IsTerminal(os.Stdout.Fd()) {
		return 0, false
	}
	before, err := term.GetState(os.Stdin.Fd())
	if err != nil {
		return 0, false
	}
	self, err := os.Executable()
	if err != nil {
		return 0, false
	}
	report, reportW, err := os.Pipe()
	if err != nil {
		return 0, false
	}
	defer report.Close()
	lifeR, life, err := os.Pipe()
	if err != nil {
		reportW.Close()
		return 0, false
	}
	defer life.Close()

	child := exec.CommandContext(context.WithoutCancel(ctx), self, os.Args[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Env = append(os.Environ(), supervisedEnv+"=3")
	child.ExtraFiles = []*os.File{reportW, lifeR}
	err = child.Start()
	reportW.Close()
	lifeR.Close()
	if err != nil {
		return 0, false
	}

	// The keyboard's signals reach the child by itself; what is sent to this
	// process alone is passed on.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	signal.Ignore(syscall.SIGTTOU) // restoring the terminal must not stop us
	go func() {
		for s := range signals {
			// The child may be gone already; then there is nobody to tell.
			_ = child.Process.Signal(s)
		}
	}()

	text, readErr := io.ReadAll(io.LimitReader(report, maxCrash))
	waitErr := child.Wait()
	signal.Stop(signals)
	close(signals)
	if readErr != nil {
		text = nil
	}
	return aftermath(before, bytes.TrimSpace(text), waitErr, saveCrash), true
}

// aftermath restores the terminal when the child could not, says what happened
// and returns the exit code.
func aftermath(before *term.State, report []byte, waitErr error, saveCrash func(string) (string, error)) int {
	var exit *exec.ExitError
	if waitErr == nil {
		return 0
	}
	if !errors.As(waitErr, &exit) {
		fmt.Fprintf(os.Stderr, "stormtop: waiting for the console: %v\n", waitErr)
		return 1
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if len(report) == 0 && (!ok || !status.Signaled()) {
		return exit.ExitCode() // it ended by its own will and cleaned up itself
	}
	restoreErr := term.Restore(os.Stdin.Fd(), before)
	_, writeErr := io.WriteString(os.Stdout, leaveTerminal)
	if err := errors.Join(restoreErr, writeErr); err != nil {
		fmt.Fprintf(os.Stderr, "stormtop: restoring the terminal: %v; `stty sane` does it by hand\n", err)
	}
	if len(report) > 0 {
		first, _, _ := strings.Cut(string(report), "\n")
		fmt.Fprintf(os.Stderr, "stormtop crashed: %s\n", first)
		if path, err := saveCrash(string(report) + "\n"); err == nil {
			fmt.Fprintf(os.Stderr, "The report is in %s; please send it to us.\n", path)
		} else {
			fmt.Fprintf(os.Stderr, "%s\n(The report could not be saved: %v)\n", report, err)
		}
		return 2
	}
	fmt.Fprintf(os.Stderr, "stormtop was ended by signal %d (%s); the terminal is restored.\n", status.Signal(), status.Signal())
	return 128 + int(status.Signal())
}

// superviseChild connects the console to the parent that watches it: the report
// of a crash goes there, and orphaned is closed when the parent is gone. Without
// a parent it does nothing.
func superviseChild() (orphaned <-chan struct{}, err error) {
	value := os.Getenv(supervisedEnv)
	if value == "" {
		return nil, nil
	}
	fd, err := strconv.Atoi(value)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s is set to %q; it belongs to stormtop itself, unset it", supervisedEnv, value)
	}
	// Processes started from the console must not inherit the mark.
	if err := os.Unsetenv(supervisedEnv); err != nil {
		return nil, fmt.Errorf("unsetting %s: %w", supervisedEnv, err)
	}
	syscall.CloseOnExec(fd)
	syscall.CloseOnExec(fd + 1)
	report := os.NewFile(uintptr(fd), "crash report")
	if err := debug.SetCrashOutput(report, debug.CrashOptions{}); err != nil {
		return nil, fmt.Errorf("directing crash reports: %w", err)
	}
	// The runtime holds its own copy; only a crash writes there.
	if err := report.Close(); err != nil {
		return nil, fmt.Errorf("closing the crash pipe: %w", err)
	}
	life := os.NewFile(uintptr(fd+1), "parent")
	gone := make(chan struct{})
	// This goroutine ends with the process: it waits for the parent, which
	// outlives the console.
	go func() {
		_, _ = io.Copy(io.Discard, life)
		close(gone)
	}()
	return gone, nil
}
