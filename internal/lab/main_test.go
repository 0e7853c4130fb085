package lab

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand in for a daemon: with LAB_TEST_DAEMON
// set it says that it is ready and stays until it is killed or, in the mood
// "gentle", until SIGTERM.
func TestMain(m *testing.M) {
	switch os.Getenv("LAB_TEST_DAEMON") {
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		stay()
	case "gentle":
		stay()
	default:
		goleak.VerifyTestMain(m)
	}
}

// stay ends when its standard input does, which is when the test ends.
func stay() {
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
