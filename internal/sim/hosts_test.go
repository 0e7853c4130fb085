package sim

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// login reaches a host of a served world.
func login(t testing.TB, s *Server, host string) *ssh.Client {
	t.Helper()
	c, err := s.Dial(t.Context(), "tcp", host+":22")
	if err != nil {
		t.Fatal(err)
	}
	conn, channels, requests, err := ssh.NewClientConn(c, host, &ssh.ClientConfig{
		User: s.SSHUser(), Auth: []ssh.AuthMethod{ssh.PublicKeys(s.SSHKey())}, HostKeyCallback: ssh.FixedHostKey(s.HostKeys()[host]),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, channels, requests)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// sh is what a command prints on a host.
func sh(t testing.TB, c *ssh.Client, command string) string {
	t.Helper()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	out, err := session.Output(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

func TestAWorkersLogGrows(t *testing.T) {
	s, err := Serve(t.Context(), NewDemo(1, testStart), Wires{Every: time.Hour, Within: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := login(t, s, "w1")
	const count = "cat /var/log/storm/workers-artifacts/wordcount-*/6700/worker.log | wc -l"
	before := sh(t, c, count)
	s.Step(30 * time.Second)
	if after := sh(t, c, count); after == before {
		t.Errorf("%s lines before and after half a minute", strings.TrimSpace(before))
	}
}
