package sshd

import (
	"bytes"
	"context"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// limited keeps the beginning of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := 1<<20 - l.Len(); room > 0 {
		_, _ = l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// secret is in a real file and must never be in an answer.
const secret = "a real file was read"

func FuzzLine(f *testing.F) {
	dir := f.TempDir()
	real := filepath.Join(dir, "sh-interp-secret")
	if err := os.WriteFile(real, []byte(secret+"\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	for _, line := range commands {
		f.Add(line)
	}
	for _, line := range []string{
		"cat " + real, "cat < " + real, ". " + real, "sh " + real, "ls " + dir, "echo > " + dir + "/made", "exec 3>" + dir + "/made", "cat <(echo a)", "echo *" + dir + "/*", "x=" + real + "; cat $x",
		"f() { f; }; f", "()0", "read", "exec 2>/dev/null 00", "x='eval \"$x\"'; eval \"$x\"", "while :; do :; done", ":(){ :|:& };:", "x=aaaaaaaaaa; while :; do x=$x$x; done", "sh -c 'sh -c \"sh\"'", "echo {1..999999999}", "printf '%999999999d' 1", "seq 999999999999",
		"trap 'kill 0' EXIT; exit", "kill -9 $$", "kill -9 1", "$(echo $(echo $(echo a)))", "a=$((1/0))", "echo $((1<<99)) $((08))", "((((((((((a))))))))))", "case a in (a|b) ;; esac", "set -- $(seq 99999); echo $#", "cd /..; cat ../../etc/passwd", "tail -F nothing & sleep 0.01; kill $!", "grep -E '(((((a*)*)*)*)*)b' /home/storm/a.txt", "find / -name '*'", "ls -laR /", "dd if=/dev/zero", "head -c 99999999999999 /dev/zero", "read x < /dev/stdin; echo $x", "exec sh", "exec 1>&-; echo a", "cat /proc/self/environ /etc/passwd /etc/hostname",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m := machine(t)
		m.Home = "/home/storm"
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		var out, complaints limited
		status, cause := m.run(ctx, program{line: line, user: "storm", in: strings.NewReader("typed\n"), out: &out, err: &complaints})
		if cause == nil && (status < 0 || status > 255) {
			t.Errorf("status %d", status)
		}
		for _, text := range []string{out.String(), complaints.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("%q", text)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
			t.Error("a real file was written")
		}
	})
}

// What the interpreter must not be able to name, and so cannot reach.
var notInHere = []string{"os", "os/exec", "os/user", "os/signal", "syscall", "golang.org/x/sys/unix", "mvdan.cc/sh/v3/interp", "path/filepath", "plugin", "unsafe"}

func TestThePackageCannotReachTheMachine(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			imported := strings.Trim(i.Path.Value, `"`)
			if slices.Contains(notInHere, imported) && (name != "words.go" || imported != "path/filepath") { // for the separators of the library's globbing
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}
