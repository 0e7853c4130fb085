package sshd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

func opened(t testing.TB, c *ssh.Client) *ssh.Session {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestWhoMayLogIn(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	for name, change := range map[string]func(c *ssh.ClientConfig){
		"another user":   func(c *ssh.ClientConfig) { c.User = "root" },
		"another key":    func(c *ssh.ClientConfig) { c.Auth = []ssh.AuthMethod{ssh.PublicKeys(signer(t))} },
		"a password":     func(c *ssh.ClientConfig) { c.Auth = []ssh.AuthMethod{ssh.Password("x")} },
		"no method":      func(c *ssh.ClientConfig) { c.Auth = nil },
		"another server": func(c *ssh.ClientConfig) { c.HostKeyCallback = ssh.FixedHostKey(signer(t).PublicKey()) },
	} {
		wrong := *conf
		change(&wrong)
		if c, err := ssh.Dial("tcp", s.Addr().String(), &wrong); err == nil {
			_ = c.Close()
			t.Errorf("%s is let in", name)
		}
	}
}

func TestTheEleventhSessionIsRefused(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	for range MaxSessions {
		opened(t, c)
	}
	_, err := c.NewSession()
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) || refused.Reason != ssh.ConnectionFailed || refused.Message != "open failed" {
		t.Errorf("the next one: %v", err)
	}
}

func TestASessionThatEndsMakesRoom(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{MaxSessions: 1})
	c := dial(t, s, conf)
	for range 20 {
		// The client returns when the channel is closed there, a moment before it
		// is counted here.
		for {
			one, err := c.NewSession()
			if _, refused := errors.AsType[*ssh.OpenChannelError](err); refused {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if out, err := one.Output("echo a"); err != nil || string(out) != "a\n" {
				t.Fatalf("%q, %v", out, err)
			}
			break
		}
	}
}

func TestTooManyClientsBeforeTheirLogin(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{StartupsBegin: 2, StartupsFull: 4, Random: func() float64 { return 0 }})
	read := func(c net.Conn) string {
		line, _ := bufio.NewReader(c).ReadString('\n')
		return line
	}
	var waiting []net.Conn
	for i, want := range []string{Version + "\r\n", Version + "\r\n", "Exceeded MaxStartups\r\n"} {
		c, err := net.Dial("tcp", s.Addr().String()) //nolint:noctx // to a server of the test
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if got := read(c); got != want {
			t.Errorf("client %d is told %q", i, got)
		}
		waiting = append(waiting, c)
	}
	_ = waiting[0].Close()
	// The place is free as soon as the server has noticed.
	for {
		if c, err := ssh.Dial("tcp", s.Addr().String(), conf); err == nil {
			_ = c.Close()
			return
		}
	}
}

func TestKeepAlivesAreAnswered(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	if yes, _, err := c.SendRequest("keepalive@openssh.com", true, nil); yes || err != nil {
		t.Errorf("%t, %v", yes, err)
	}
}

func TestSignalsAndStatuses(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	one := opened(t, c)
	if err := one.Start("tail -f /var/log/storm/worker.log"); err != nil {
		t.Fatal(err)
	}
	if err := one.Signal(ssh.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := one.Wait(); !errors.As(err, &exit) || exit.Signal() != "TERM" {
		t.Errorf("killed: %v", err)
	}
	two := opened(t, c)
	if err := two.Run("exit 42"); !errors.As(err, &exit) || exit.ExitStatus() != 42 {
		t.Errorf("exit 42: %v", err)
	}
	three := opened(t, c)
	if err := three.Run("kill 0"); !errors.As(err, &exit) || exit.Signal() != "TERM" {
		t.Errorf("kill 0: %v", err)
	}
}

// next reads lines until one is wanted; what comes before is an error.
func next(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	got, err := r.ReadString('\n')
	if got != want || err != nil {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

func TestTailFollowsThroughARotation(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	disk := s.conf.Machine.Files
	c := dial(t, s, conf)
	one := opened(t, c)
	out, err := one.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := one.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Start("tail -n 1 -F /var/log/storm/worker.log"); err != nil {
		t.Fatal(err)
	}
	lines, words := bufio.NewReader(out), bufio.NewReader(complaints)
	next(t, lines, "last\n")
	const name = "/var/log/storm/worker.log"
	w, err := disk.Reopen(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		w.Append(fmt.Appendf(nil, "before %d\n", i), at)
		if err := disk.Rename(name, name+".1", at); err != nil {
			t.Fatal(err)
		}
		next(t, lines, fmt.Sprintf("before %d\n", i))
		next(t, words, "tail: '"+name+"' has become inaccessible: No such file or directory\n")
		if w, err = disk.Create(name, "storm", 0o644, at); err != nil {
			t.Fatal(err)
		}
		w.Append(fmt.Appendf(nil, "after %d\n", i), at)
		next(t, words, "tail: '"+name+"' has appeared;  following new file\n")
		next(t, lines, fmt.Sprintf("after %d\n", i))
	}
	_ = one.Close()
}

func TestAWatchdogEndsATailWhenTheInputEnds(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	one := opened(t, c)
	in, err := one.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := one.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Start(`exec 3<&0; (cat <&3 >/dev/null; kill 0) & tail -n 1 -F /var/log/storm/worker.log | grep --line-buffered last`); err != nil {
		t.Fatal(err)
	}
	next(t, bufio.NewReader(out), "last\n")
	_ = in.Close()
	var exit *ssh.ExitError
	if err := one.Wait(); !errors.As(err, &exit) || exit.Signal() != "TERM" {
		t.Errorf("it ended with %v", err)
	}
}

func TestFilesOverSFTP(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	disk := s.conf.Machine.Files
	if err := disk.Symlink("worker.log", "/var/log/storm/link", "storm", at); err != nil {
		t.Fatal(err)
	}
	c, err := sftp.NewClient(dial(t, s, conf))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if wd, err := c.Getwd(); wd != "/home/storm" || err != nil {
		t.Errorf("it begins in %q, %v", wd, err)
	}
	const name = "/var/log/storm/worker.log"
	f, err := c.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4)
	if n, err := f.ReadAt(buf, 500); string(buf[:n]) != "last" || err != nil {
		t.Errorf("at 500: %q, %v", buf[:n], err)
	}
	if n, err := f.ReadAt(buf, 505); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	// The handle follows the file, not the name.
	w, err := disk.Reopen(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Rename(name, name+".1", at); err != nil {
		t.Fatal(err)
	}
	w.Append([]byte("more\n"), at)
	if _, err := disk.Create(name, "storm", 0o644, at); err != nil {
		t.Fatal(err)
	}
	if i, err := f.Stat(); err != nil || i.Size() != 510 {
		t.Errorf("the handle's size: %v, %v", i, err)
	}
	if n, err := f.ReadAt(buf, 505); string(buf[:n]) != "more" || err != nil {
		t.Errorf("what was added: %q, %v", buf[:n], err)
	}
	if i, err := c.Stat(name); err != nil || i.Size() != 0 {
		t.Errorf("the name's size: %v, %v", i, err)
	}
	if i, err := c.Lstat("/var/log/storm/link"); err != nil || i.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("a link: %v, %v", i, err)
	}
	if to, err := c.ReadLink("/var/log/storm/link"); to != "worker.log" || err != nil {
		t.Errorf("it leads to %q, %v", to, err)
	}
	if real, err := c.RealPath("/var/log/storm/link"); real != name || err != nil {
		t.Errorf("it is really %q, %v", real, err)
	}
	names := []string{}
	infos, err := c.ReadDir("/var/log/storm")
	for _, i := range infos {
		names = append(names, i.Name())
	}
	if err != nil || strings.Join(names, " ") != "link worker.log worker.log.1" {
		t.Errorf("the directory: %v, %v", names, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Open("/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for what, do := range map[string]func() error{
		"open what is root's": func() error { _, err := c.Open("/etc/shadow"); return err },
		"create":              func() error { _, err := c.Create("/home/storm/new"); return err },
		"append":              func() error { _, err := c.OpenFile(name, os.O_RDWR|os.O_APPEND); return err },
		"remove":              func() error { return c.Remove(name) },
		"rename":              func() error { return c.Rename(name, "/x") },
		"posix-rename":        func() error { return c.PosixRename(name, "/x") },
		"make a directory":    func() error { return c.Mkdir("/home/storm/d") },
		"truncate":            func() error { return c.Truncate(name, 0) },
		"chmod":               func() error { return c.Chmod(name, 0) },
		"link":                func() error { return c.Symlink("a", "/home/storm/b") },
	} {
		if err := do(); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestForwarding(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{Forward: func(_ context.Context, addr string) (net.Conn, error) {
		if addr != "nim-a:6627" {
			return nil, errors.New("refused")
		}
		here, there := net.Pipe()
		go func() {
			line, _ := bufio.NewReader(there).ReadString('\n')
			_, _ = io.WriteString(there, "heard "+line)
			_ = there.Close()
		}()
		return here, nil
	}})
	c := dial(t, s, conf)
	to, err := c.Dial("tcp", "nim-a:6627")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(to, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(to); string(got) != "heard hello\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := c.Dial("tcp", "10.0.0.1:80"); err == nil {
		t.Error("another address is reached")
	}
}

func TestAFrozenMachineSaysNothing(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	s.Freeze(true)
	answered := make(chan error, 1)
	go func() {
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("it answered: %v", err)
	case <-time.After(50 * time.Millisecond): // silence can only be waited for
	}
	fresh, err := net.Dial("tcp", s.Addr().String()) //nolint:noctx // to a server of the test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fresh.Close() }()
	_ = fresh.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := fresh.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a new client hears %d bytes, %v", n, err)
	}
	s.Freeze(false)
	if err := <-answered; err == nil {
		t.Error("the old connection lives on")
	}
	again := dial(t, s, conf)
	if out, err := opened(t, again).Output("hostname"); string(out) != "w1\n" || err != nil {
		t.Errorf("back: %q, %v", out, err)
	}
}

func TestAnInteractiveLogin(t *testing.T) {
	t.Parallel()
	s, conf := serve(t, Config{})
	c := dial(t, s, conf)
	one := opened(t, c)
	in, err := one.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := one.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := one.RequestPty("xterm", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	if err := one.Shell(); err != nil {
		t.Fatal(err)
	}
	screen := bufio.NewReader(out)
	until := func(text string) {
		t.Helper()
		seen := ""
		for !strings.HasSuffix(seen, text) {
			b, err := screen.ReadByte()
			if err != nil {
				t.Fatalf("%v after %q", err, seen)
			}
			seen += string(b)
		}
	}
	until("storm@w1:/home/storm$ ")
	_, _ = io.WriteString(in, "cd /var/log; x=5\r")
	until("storm@w1:/var/log$ ")
	_, _ = io.WriteString(in, "echo $x$x; nope\r")
	until("55\r\n-sh: nope: command not found\r\n")
	until("storm@w1:/var/log$ ")
	_, _ = io.WriteString(in, "tail -n 1 -f storm/worker.log\r")
	until("last\r\n")
	_, _ = io.WriteString(in, "\x03")
	until("^C\r\nstorm@w1:/var/log$ ")
	_, _ = io.WriteString(in, "exit 3\r")
	var exit *ssh.ExitError
	if err := one.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 3 {
		t.Errorf("it ended with %v", err)
	}
}

func TestOpenSSHsOwnClients(t *testing.T) {
	t.Parallel()
	ssh1, sftp1, scp := require.Tool(t, "ssh"), require.Tool(t, "sftp"), require.Tool(t, "scp")
	keygen := require.Tool(t, "ssh-keygen")
	dir := t.TempDir()
	run := func(name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", "id"); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	public, err := os.ReadFile(filepath.Join(dir, "id.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own listener
	if err != nil {
		t.Fatal(err)
	}
	host := signer(t)
	s := Serve(l, Config{Machine: machine(t), HostKey: host, Authorize: func(_ string, k ssh.PublicKey) bool { return string(k.Marshal()) == string(key.Marshal()) }})
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Addr().String())
	config := fmt.Sprintf("Host w1\n HostName 127.0.0.1\n Port %s\n User storm\n HostKeyAlias w1\n IdentityFile %s/id\n IdentitiesOnly yes\n UserKnownHostsFile %s/known\n StrictHostKeyChecking yes\n BatchMode yes\n", port, dir, dir)
	known := "w1 " + string(ssh.MarshalAuthorizedKey(host.PublicKey()))
	for name, text := range map[string]string{"config": config, "known": known, "batch": "pwd\ncd /var/log/storm\nls -l\nget worker.log\nput config\nrm worker.log\nbye\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run(ssh1, "-F", "config", "w1", "hostname; exit 7"); out != "w1\n" || exitCode(err) != 7 {
		t.Errorf("ssh: %q, %v", out, err)
	}
	if out, err := run(ssh1, "-F", "config", "-tt", "w1", "echo tty"); !strings.Contains(out, "tty") || err != nil {
		t.Errorf("ssh -tt: %q, %v", out, err)
	}
	out, err := run(sftp1, "-F", "config", "-b", "batch", "w1")
	if !strings.Contains(out, "Remote working directory: /home/storm") || !strings.Contains(out, "storm    storm") || !strings.Contains(out, "ermission denied") || exitCode(err) != 1 {
		t.Errorf("sftp: %s %v", out, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "worker.log")); err != nil || !strings.HasSuffix(string(got), "line\nlast\n") {
		t.Errorf("what sftp brought: %.20q, %v", got, err)
	}
	if out, err := run(scp, "-F", "config", "w1:/home/storm/a.txt", "copy"); err != nil {
		t.Errorf("scp: %s %v", out, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "copy")); string(got) != "one\ntwo\nthree\n" || err != nil {
		t.Errorf("what scp brought: %q, %v", got, err)
	}
	if out, err := run(scp, "-F", "config", "config", "w1:/home/storm/x"); err == nil || !strings.Contains(strings.ToLower(out), "permission denied") {
		t.Errorf("scp to the host: %s %v", out, err)
	}
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}
