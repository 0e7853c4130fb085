// Package require says what a test needs beyond Go itself.
//
// A test that wants sshd, ZooKeeper, tmux, Java or a running cluster asks for
// it here. Where the thing is missing the test is skipped with the reason, so
// that `make test` works on a machine with nothing but Go; with
// STORMTOP_REQUIRE=all, which CI sets, the same gap is a failure, so that no
// check goes missing unseen.
package require

import (
	"os"
	"os/exec"
	"testing"
)

// Tool skips the test unless the program name is on PATH or among the usual
// system directories, and returns its path.
func Tool(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	// Daemons such as sshd live outside a user's PATH.
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	Missing(t, "program "+name+" is not installed")
	return ""
}

// Env skips the test unless the environment variable name is set, and returns
// its value. The reason says what the variable stands for.
func Env(t testing.TB, name, reason string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		Missing(t, name+" is not set: "+reason)
	}
	return value
}

// Missing skips the test for the given reason, or fails it when
// STORMTOP_REQUIRE=all.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("STORMTOP_REQUIRE") == "all" {
		t.Fatalf("needed (STORMTOP_REQUIRE=all): %s", reason)
	}
	t.Skipf("not here: %s", reason)
}
