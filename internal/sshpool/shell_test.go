package sshpool

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// loginShells are the shells that people have on their hosts. ksh is mksh here.
var loginShells = []string{"sh", "dash", "bash", "mksh", "zsh", "fish", "tcsh"}

// hostileNames are names that some shell would read something into. A name that
// is executed makes the file "canary".
var hostileNames = []string{
	"plain.log", "two words", "  lead and trail  ", "-n", "--version", "-rf *", "it's", `"quoted"`, "`touch canary`", "$(touch canary)",
	"${HOME}", "$HOME", "; touch canary", "& touch canary", "| touch canary", "> canary", "a\nb", "a\ntouch canary\n", "'\ntouch canary\n'",
	"\n", "a\\nb", `back\slash`, `\`, `\\`, `'\''`, `\'`, "!!", "!touch canary", "a!b", "wow!", "#no comment", "~", "~root", "*", "?", "[a-z]",
	"{a,b}", "=ls", "%1", "^a^b", "a=b", "é ü 日本 🙂", "\u202edrow", "a\tb", "a\rb", "\x1b[31mred", "\x07", "\xff\xfe", "latin\xe9",
	"((1+1))", "$((1+1))", "<(id)", "@(a|b)", "$'\\n'", "`", "$", "''", strings.Repeat("long ", 40),
}

func TestHostileNamesReachEveryLoginShell(t *testing.T) {
	for _, shell := range loginShells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			path := require.Tool(t, shell)
			// What sshd does with the user's login shell.
			s := startServer(t, "ForceCommand "+path+` -c "$SSH_ORIGINAL_COMMAND"`)
			h := newPool(t, Config{File: s.config(t)}).Host("one")
			dir := t.TempDir()
			for i, name := range hostileNames {
				write(t, filepath.Join(dir, name), fmt.Sprintf("file %d of %q\n", i, name))
			}
			var paths []string
			var want string
			for i, name := range hostileNames {
				paths = append(paths, filepath.Join(dir, name))
				want += fmt.Sprintf("file %d of %q\n", i, name)
			}
			for how, command := range map[string]string{
				"quoted":  "cat -- " + Quote(paths...),
				"script":  Script("cd " + Quote(dir) + " && cat -- " + Quote(hostileNames...)),
				"watched": Watched("cd " + Quote(dir) + "\ncat -- " + Quote(hostileNames...)),
			} {
				if diff := cmp.Diff(want, output(t, h, command)+"\n"); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", how, diff)
				}
			}
			for _, at := range []string{dir, s.dir, "."} {
				if exists(filepath.Join(at, "canary")) {
					t.Errorf("a name was executed in %s", at)
				}
			}
			if home, err := os.UserHomeDir(); err == nil && exists(filepath.Join(home, "canary")) {
				t.Error("a name was executed at home")
			}
		})
	}
}

// Words without a newline are the same in every shell even without /bin/sh.
func TestQuotedWordsAreTheSameInEveryShell(t *testing.T) {
	for _, shell := range loginShells {
		t.Run(shell, func(t *testing.T) {
			path := require.Tool(t, shell)
			for _, name := range hostileNames {
				if strings.Contains(name, "\n") {
					continue
				}
				command := exec.CommandContext(t.Context(), path, "-c", "printf '[%s]' "+Quote(name, "", name))
				command.Dir = t.TempDir()
				out, err := command.Output()
				if want := "[" + name + "][][" + name + "]"; err != nil || string(out) != want {
					t.Errorf("%q: %q, %v", name, out, err)
				}
			}
		})
	}
}

func TestACommandWithANULByteIsRefused(t *testing.T) {
	if _, err := New(Config{}).Host("one").Start(t.Context(), "cat a\x00b"); !errors.Is(err, ErrNoCommand) {
		t.Errorf("it says %v", err)
	}
}
