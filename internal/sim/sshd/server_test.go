package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Unix(1795233392, 123456789).UTC()

func signer(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// machine is a host with a few files.
func machine(t testing.TB) *Machine {
	t.Helper()
	files := hostfs.New(at)
	for name, text := range map[string]string{
		"/home/storm/a.txt":              "one\ntwo\nthree\n",
		"/home/storm/b.txt":              "alpha\nBeta\ngamma [1]\n",
		"/var/log/storm/worker.log":      strings.Repeat("line\n", 100) + "last\n",
		"/home/storm/dir/a b'c\"d$e.log": "odd\n",
		"/etc/hostname":                  "w1\n",
	} {
		dir := name[:strings.LastIndexByte(name, '/')]
		if err := files.MkdirAll(dir, "storm", 0o755, at); err != nil {
			t.Fatal(err)
		}
		if err := files.WriteFile(name, "storm", 0o644, []byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.WriteFile("/etc/shadow", "root", 0o640, []byte("secret\n"), at); err != nil {
		t.Fatal(err)
	}
	return &Machine{
		Name: "w1", Files: files, Home: "/home/storm", Now: func() time.Time { return at },
		Processes: func() []Process {
			return []Process{
				{PID: 812, Parent: 1, User: "storm", Started: at.Add(-time.Hour), CPU: 61 * time.Second, RSS: 201000, Args: []string{"java", "-Dworker.port=6700", "org.apache.storm.daemon.worker.Worker"}},
				{PID: 900, Parent: 812, User: "storm", Started: at.Add(-time.Hour), CPU: time.Second, RSS: 9000, Args: []string{"python3", "split.py"}},
			}
		},
		Panicked: func(what any, stack []byte) { t.Errorf("panic: %v\n%s", what, stack) },
	}
}

// serve puts a machine on loopback.
func serve(t testing.TB, conf Config) (*Server, *ssh.ClientConfig) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own listener
	if err != nil {
		t.Fatal(err)
	}
	host, user := signer(t), signer(t)
	conf.HostKey = host
	if conf.Machine == nil {
		conf.Machine = machine(t)
	}
	conf.Authorize = func(name string, key ssh.PublicKey) bool {
		return name == "storm" && string(key.Marshal()) == string(user.PublicKey().Marshal())
	}
	s := Serve(l, conf)
	t.Cleanup(s.Close)
	return s, &ssh.ClientConfig{User: "storm", Auth: []ssh.AuthMethod{ssh.PublicKeys(user)}, HostKeyCallback: ssh.FixedHostKey(host.PublicKey()), Timeout: 10 * time.Second}
}

func dial(t testing.TB, s *Server, conf *ssh.ClientConfig) *ssh.Client {
	t.Helper()
	c, err := ssh.Dial("tcp", s.Addr().String(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestACommandOverSSH(t *testing.T) {
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	session.Stderr = &complaints
	out, err := session.Output("tail -n 1 /var/log/storm/worker.log | grep -c last; echo $(hostname); nope")
	if string(out) != "1\nw1\n" || complaints.String() != "sh: nope: command not found\n" {
		t.Errorf("%q, %q", out, complaints.String())
	}
	if exit, ok := errors.AsType[*ssh.ExitError](err); !ok || exit.ExitStatus() != 127 {
		t.Errorf("it ended with %v", err)
	}
}
