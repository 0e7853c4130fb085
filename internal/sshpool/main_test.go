package sshpool

import (
	"io"
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// pipeTo makes the test binary a ProxyCommand: it joins its standard streams with
// the address in this variable.
const pipeTo = "STORMTOP_TEST_PIPE_TO"

func TestMain(m *testing.M) {
	if addr := os.Getenv(pipeTo); addr != "" {
		conn, err := net.Dial("tcp", addr) //nolint:noctx // loopback
		if err != nil {
			os.Exit(1)
		}
		go func() {
			_, _ = io.Copy(conn, os.Stdin)
			_ = conn.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(os.Stdout, conn)
		os.Exit(0)
	}
	// Whatever a developer's agent or configuration holds must not matter.
	_ = os.Unsetenv("SSH_AUTH_SOCK")
	_ = os.Unsetenv("SSH_ASKPASS")
	goleak.VerifyTestMain(m)
}
