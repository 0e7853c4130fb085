package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// shellHost runs commands with a shell of this machine, as sshd does with the
// login shell.
type shellHost struct {
	shell []string
	env   []string
}

func (h shellHost) Files(context.Context) (FileSystem, error) { return nil, ErrNoFiles }
func (h shellHost) Clock() Clock                              { return Clock{} }

func (h shellHost) Start(_ context.Context, command string) (Process, error) {
	args := append(append([]string{}, h.shell...), "-c", command)
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // ended by Close
	cmd.Env = h.env
	p := &shellProcess{cmd: cmd}
	cmd.Stderr = &p.stderr
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, cmd.Start()
}

type shellProcess struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	stderr bytes.Buffer
}

func (p *shellProcess) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *shellProcess) Write(b []byte) (int, error) { return p.in.Write(b) }
func (p *shellProcess) Stderr() string              { return p.stderr.String() }
func (p *shellProcess) Wait() error                 { return p.cmd.Wait() }
func (p *shellProcess) Close() error {
	_ = p.in.Close() // the agent ends with its input
	return p.cmd.Wait()
}

// shells are login shells and what they run as /bin/sh does not matter to them.
func eachShell(t *testing.T, run func(t *testing.T, host shellHost)) {
	for _, shell := range [][]string{{"/bin/sh"}, {"bash"}, {"dash"}, {"ksh"}, {"zsh"}, {"fish"}, {"tcsh"}, {"busybox", "sh"}} {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			shell[0] = require.Tool(t, shell[0])
			run(t, shellHost{shell: shell, env: os.Environ()})
		})
	}
}

func TestExecReadsFiles(t *testing.T) {
	eachShell(t, func(t *testing.T, host shellHost) {
		for _, name := range []string{"worker.log", "a b'c\"$(touch canary)`x`;&\n-é*.log"} {
			dir := t.TempDir()
			file := filepath.Join(dir, name)
			content := bytes.Repeat([]byte("line\x00\n\n with \xff bytes\n"), 5000)
			if err := os.WriteFile(file, content, 0o644); err != nil {
				t.Fatal(err)
			}
			e, err := newExecFiles(t.Context(), host, file)
			if err != nil {
				t.Fatal(err)
			}
			info, err := e.Stat(t.Context(), file)
			if err != nil || info.Size() != int64(len(content)) || !info.Mode().IsRegular() || time.Since(info.ModTime()) > time.Hour {
				t.Fatalf("Stat: %v, %v", info, err)
			}
			f, err := e.Open(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			// The name goes to another file; the open one stays itself.
			if err := errors.Join(os.Rename(file, file+".1"), os.WriteFile(file, []byte("new"), 0o644)); err != nil {
				t.Fatal(err)
			}
			for _, at := range [][2]int{{0, 10}, {4095, 2}, {4096, 4096}, {7, 60000}, {len(content) - 5, 5}} {
				b := make([]byte, at[1])
				n, err := f.ReadAt(b, int64(at[0]))
				if err != nil || !bytes.Equal(b[:n], content[at[0]:at[0]+at[1]]) {
					t.Errorf("ReadAt(%d, %d): %d, %v: other bytes", at[0], at[1], n, err)
				}
			}
			if n, err := f.ReadAt(make([]byte, 100), int64(len(content)-3)); n != 3 || !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %d, %v", n, err)
			}
			if info, err := f.Stat(); err != nil || info.Size() != int64(len(content)) {
				t.Errorf("Stat of the open file: %v, %v", info, err)
			}
			if info, err := e.Stat(t.Context(), file); err != nil || info.Size() != 3 {
				t.Errorf("Stat of the new file: %v, %v", info, err)
			}
			infos, err := e.ReadDir(t.Context(), dir)
			if err != nil || len(infos) != 1 || infos[0].Name() != filepath.Base(name)+".1" || infos[0].Size() != int64(len(content)) {
				t.Errorf("ReadDir: %v, %v", infos, err)
			}
			if _, err := e.Open(t.Context(), file+".7"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("opening what is not there: %v", err)
			}
			if _, err := e.Stat(t.Context(), file+".7"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Stat of what is not there: %v", err)
			}
			if err := f.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := e.Close(); err != nil {
				t.Errorf("ending: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "canary")); err == nil {
				t.Error("a name was executed")
			}
			if _, err := os.Stat("canary"); err == nil {
				t.Error("a name was executed here")
			}
		}
	})
}

// TestExecWithoutItsProgram has a host without dd.
func TestExecWithoutItsProgram(t *testing.T) {
	host := shellHost{shell: []string{require.Tool(t, "sh")}, env: []string{"PATH=/nowhere"}}
	_, err := newExecFiles(t.Context(), host, "/tmp/x")
	if !errors.Is(err, errNoDD) {
		t.Fatalf("got %v", err)
	}
}

func TestCopyUntil(t *testing.T) {
	mark := []byte("\nabcdef ")
	for size := 16; size < 40; size++ {
		for pad := range 50 {
			body := strings.Repeat("x\nabcde", pad)
			in := body + string(mark) + "rest"
			var out bytes.Buffer
			r := newSmallReader(iotest.OneByteReader(strings.NewReader(in)), size)
			if err := copyUntil(&out, r, mark); err != nil || out.String() != body {
				t.Fatalf("size %d, pad %d: %v, %q", size, pad, err, out.String())
			}
			rest, _ := io.ReadAll(r)
			if string(rest) != "rest" {
				t.Fatalf("left %q", rest)
			}
		}
	}
	if err := copyUntil(io.Discard, newSmallReader(strings.NewReader("no end"), 16), mark); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without the mark: %v", err)
	}
}

func FuzzExecInfo(f *testing.F) {
	f.Add("12 1700000000 81a4")
	f.Add("0 0 41ed")
	f.Add("-1 x 8")
	f.Fuzz(func(t *testing.T, text string) {
		info, err := parseExecInfo("x", text)
		if err == nil && info.Size() < 0 {
			t.Error(fmt.Sprint(info))
		}
	})
}

func newSmallReader(r io.Reader, size int) *bufio.Reader { return bufio.NewReaderSize(r, size) }
