package sshpool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// server is a real OpenSSH server on a port of its own.
type server struct {
	dir  string
	port int
	cmd  *exec.Cmd
	log  *bounded
}

// keys are made once a test binary: RSA takes long.
var keys struct {
	sync.Mutex
	made map[string][]byte
}

// keyFile puts a key of the given kind into dir and returns its path. The same
// kind and number is the same key everywhere.
func keyFile(t testing.TB, dir, kind string, number int) string {
	t.Helper()
	keygen := require.Tool(t, "ssh-keygen")
	keys.Lock()
	defer keys.Unlock()
	if keys.made == nil {
		keys.made = map[string][]byte{}
	}
	file := filepath.Join(dir, fmt.Sprintf("%s_%d", kind, number))
	if exists(file) {
		return file
	}
	id := kind + strconv.Itoa(number)
	if keys.made[id] == nil {
		run(t, keygen, "-q", "-t", kind, "-N", "", "-C", id, "-f", file)
		keys.made[id], keys.made[id+".pub"] = read(t, file), read(t, file+".pub")
	}
	write(t, file, string(keys.made[id]))
	write(t, file+".pub", string(keys.made[id+".pub"]))
	return file
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startServer starts sshd with the user's key of ed25519 number 0 allowed in and
// the host key of ed25519 number 1, unless lines say other host keys.
func startServer(t testing.TB, lines ...string) *server {
	t.Helper()
	sshd := require.Tool(t, "sshd")
	if os.Getuid() == 0 {
		// sshd's unprivileged child is locked into this directory.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &server{dir: t.TempDir(), log: &bounded{limit: 1 << 20}}
	user := keyFile(t, s.dir, "ed25519", 0)
	config := []string{
		"ListenAddress 127.0.0.1", "PidFile none", "StrictModes no", "UsePAM no",
		"AuthorizedKeysFile " + user + ".pub", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"PermitRootLogin yes", "MaxStartups 100", "LogLevel VERBOSE",
		"SetEnv HOME=" + s.dir, // a person's start-up files can take seconds
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Subsystem") || strings.HasPrefix(l, "#no sftp") }) {
		config = append(config, "Subsystem sftp internal-sftp")
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "HostKey ") }) {
		config = append(config, "HostKey "+keyFile(t, s.dir, "ed25519", 1))
	}
	// The first value counts for sshd, so the test's own come first.
	config = append(slices.Clone(lines), config...)
	for attempt := 0; ; attempt++ {
		s.port = freePort(t)
		file := filepath.Join(s.dir, "sshd_config")
		write(t, file, strings.Join(append(config, fmt.Sprintf("Port %d", s.port)), "\n")+"\n")
		s.cmd = exec.Command(sshd, "-D", "-e", "-f", file) //nolint:noctx // ended by the clean-up below
		s.cmd.Stderr = s.log
		s.cmd.Env = append(os.Environ(), "HOME="+s.dir)
		ownGroup(s.cmd)
		if err := s.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if s.listens() {
			break
		}
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		if attempt == 3 {
			t.Fatalf("sshd does not start:\n%s", s.log)
		}
	}
	t.Cleanup(func() {
		_ = killGroup(s.cmd)
		_ = s.cmd.Wait()
		if t.Failed() {
			t.Logf("sshd says:\n%s", clip(s.log.String(), 4000))
		}
	})
	return s
}

// listens awaits the server's greeting.
func (s *server) listens() bool {
	for range 200 {
		conn, err := net.Dial("tcp", s.address()) //nolint:noctx // loopback
		if err == nil {
			_ = conn.Close()
			return true
		}
		if !errors.Is(err, os.ErrNotExist) {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return false
}

func (s *server) address() string { return hostPort("127.0.0.1", s.port) }

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// knownLine is the line of known_hosts for a key of the test.
func knownLine(t testing.TB, dir, names string, number int) string {
	t.Helper()
	fields := strings.Fields(string(read(t, keyFile(t, dir, "ed25519", number)+".pub")))
	return names + " " + fields[0] + " " + fields[1]
}

// config writes an ssh_config with a host "one" for the server, whose key is
// known, and further lines for it.
func (s *server) config(t testing.TB, lines ...string) string {
	t.Helper()
	known := filepath.Join(s.dir, "known_hosts")
	if !exists(known) {
		write(t, known, knownLine(t, s.dir, fmt.Sprintf("[127.0.0.1]:%d", s.port), 1)+"\n")
	}
	text := "Host one\n" + strings.Join(lines, "\n") + "\n" + fmt.Sprintf(
		"HostName 127.0.0.1\nPort %d\nIdentityFile %s\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile %s\nGlobalKnownHostsFile none\nHashKnownHosts no\n",
		s.port, filepath.Join(s.dir, "ed25519_0"), known)
	file := filepath.Join(s.dir, "config")
	write(t, file, text)
	return file
}

// pool makes a pool that is closed with the test.
func newPool(t testing.TB, cfg Config) *Pool {
	t.Helper()
	p := New(cfg)
	t.Cleanup(p.Close)
	return p
}

func within10(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func output(t testing.TB, h *Host, command string) string {
	t.Helper()
	out, err := h.Output(within10(t), command, 1<<20)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(bytes.TrimRight(out, "\n"))
}
