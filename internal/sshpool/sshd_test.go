package sshpool

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// daemon is an OpenSSH server of the test's own.
type daemon struct {
	dir, config string
	port        int
	user        string
	cmd         *exec.Cmd
}

// sshd starts OpenSSH's server with some lines of configuration; the client's
// configuration calls it "box".
func sshd(t *testing.T, lines ...string) *daemon {
	t.Helper()
	bin := require.Tool(t, "sshd")
	require.Tool(t, "ssh")
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if who.Uid == "0" {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := &daemon{dir: t.TempDir(), port: freePort(t), user: who.Username}
	d.newKey(t, "host")
	public := d.newKey(t, "id")
	d.write(t, "authorized_keys", string(ssh.MarshalAuthorizedKey(public)))
	sftp := "Subsystem sftp internal-sftp"
	for _, l := range lines {
		if strings.HasPrefix(l, "Subsystem") || l == "NoSFTP" {
			sftp = ""
		}
	}
	config := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\nLogLevel ERROR\n%s\n",
		d.port, d.dir, d.dir, sftp)
	for _, l := range lines {
		if l != "NoSFTP" {
			config += l + "\n"
		}
	}
	d.write(t, "sshd_config", config)
	d.cmd = exec.CommandContext(context.Background(), bin, "-D", "-e", "-f", filepath.Join(d.dir, "sshd_config"))
	log, err := os.Create(filepath.Join(d.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		_ = d.cmd.Wait()
		_ = log.Close()
	})
	d.client(t, "")
	await(t, "sshd listens", func() bool {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port))) //nolint:noctx // it answers at once or not
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
	return d
}

// client writes the client's configuration: "box" with its key known, and more.
func (d *daemon) client(t *testing.T, more string) {
	t.Helper()
	host, err := os.ReadFile(filepath.Join(d.dir, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, "known_hosts", fmt.Sprintf("[127.0.0.1]:%d %s", d.port, host))
	d.config = d.write(t, "config", fmt.Sprintf("Host box\n HostName 127.0.0.1\n Port %d\n%s\nHost *\n User %s\n IdentityFile %s/id\n IdentitiesOnly yes\n UserKnownHostsFile %s/known_hosts\n GlobalKnownHostsFile none\n",
		d.port, more, d.user, d.dir, d.dir))
}

func (d *daemon) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newKey writes a key pair and returns its public half.
func (d *daemon) newKey(t *testing.T, name string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, name, string(pem.EncodeToMemory(block)))
	d.write(t, name+".pub", string(ssh.MarshalAuthorizedKey(key)))
	return key
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // on loopback it takes no time
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// await polls until a condition holds; the limit is the test's patience.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// pool makes a pool on the daemon's client configuration.
func (d *daemon) pool(t *testing.T, change func(*Config)) *Pool {
	cfg := Config{File: d.config, Timeout: 20 * time.Second}
	if change != nil {
		change(&cfg)
	}
	p := New(cfg)
	t.Cleanup(p.Close)
	return p
}

func TestCommandsAndFiles(t *testing.T) {
	d := sshd(t)
	h := d.pool(t, nil).Host("box")
	out, err := h.Output(t.Context(), Script("echo out; echo err >&2; exit 3"), 100)
	var exit *ExitError
	if string(out) != "out\n" || !errors.As(err, &exit) || exit.Status != 3 || exit.Stderr != "err\n" {
		t.Errorf("%q, %v", out, err)
	}
	path := d.write(t, "some file", "hello")
	f, err := h.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, err := f.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if n, err := file.ReadAt(b, 2); n != 3 || string(b) != "llo" || err != nil {
		t.Errorf("%d %q %v", n, b, err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if info, err := file.Stat(); err != nil || info.Size() != 5 {
		t.Errorf("after a rename: %v, %v", info, err)
	}
	if _, err := f.Open(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if list, err := f.ReadDir(t.Context(), d.dir); err != nil || len(list) < 5 {
		t.Errorf("%v, %v", list, err)
	}
	s := h.State()
	if s.Phase != Ready || s.Connections != 1 || s.From != "ssh -G" || !s.Clock.Known || s.Clock.Offset.Abs() > time.Minute || s.Clock.Zone == nil {
		t.Errorf("%+v", s)
	}
}

func TestServersAsTheyAre(t *testing.T) {
	t.Run("no SFTP", func(t *testing.T) {
		d := sshd(t, "NoSFTP")
		h := d.pool(t, nil).Host("box")
		if _, err := h.Files(t.Context()); !errors.Is(err, ErrNoSFTP) {
			t.Errorf("%v", err)
		}
		if out, err := h.Output(t.Context(), Script("echo still"), 100); string(out) != "still\n" || err != nil {
			t.Errorf("%q %v", out, err)
		}
	})
	t.Run("an SFTP program that is missing", func(t *testing.T) {
		d := sshd(t, "Subsystem sftp /no/such/program")
		if _, err := d.pool(t, nil).Host("box").Files(t.Context()); !errors.Is(err, ErrNoSFTP) {
			t.Errorf("%v", err)
		}
	})
	t.Run("MaxSessions 2", func(t *testing.T) {
		d := sshd(t, "MaxSessions 2")
		h := d.pool(t, nil).Host("box")
		var all []*Process
		for range 7 {
			p, err := h.Start(t.Context(), Script("cat"))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
		if s := h.State(); s.Sessions != 7 || s.Connections < 4 || s.Connections > 5 {
			t.Errorf("%+v", s)
		}
		for _, p := range all {
			_ = p.Close()
		}
		if s := h.State(); s.Sessions != 0 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("MaxStartups 3", func(t *testing.T) {
		d := sshd(t, "MaxStartups 1:50:3")
		p := d.pool(t, nil)
		errs := make(chan error)
		for i := range 6 {
			go func() {
				// Each its own host, so that they connect at once.
				_, err := p.host("box", nil).Output(t.Context(), Script("true"), 10)
				if err == nil {
					_, err = New(Config{File: d.config}).closing(t, fmt.Sprint(i))
				}
				errs <- err
			}()
		}
		for range 6 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("wrong key", func(t *testing.T) {
		d := sshd(t)
		d.newKey(t, "id")
		_, err := d.pool(t, nil).Host("box").Output(t.Context(), "true", 10)
		if !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "Tried: id") {
			t.Errorf("%v", err)
		}
	})
	t.Run("password only", func(t *testing.T) {
		d := sshd(t, "PubkeyAuthentication no", "PasswordAuthentication yes", "KbdInteractiveAuthentication no")
		_, err := d.pool(t, nil).Host("box").Output(t.Context(), "true", 10)
		if !errors.Is(err, ErrAuth) {
			t.Errorf("%v", err)
		}
		asked := 0
		_, err = d.pool(t, func(c *Config) {
			c.Ask = func(_ context.Context, q Question) (Answer, error) {
				asked++
				return Answer{Text: "wrong"}, nil
			}
		}).Host("box").Output(t.Context(), "true", 10)
		if !errors.Is(err, ErrAuth) || asked == 0 || !strings.Contains(err.Error(), "password") {
			t.Errorf("%v, asked %d times", err, asked)
		}
	})
	t.Run("a passphrase", func(t *testing.T) {
		d := sshd(t)
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		d.write(t, "id", string(pem.EncodeToMemory(block)))
		d.write(t, "authorized_keys", string(ssh.MarshalAuthorizedKey(key)))
		var asked []Question
		h := d.pool(t, func(c *Config) {
			c.Ask = func(_ context.Context, q Question) (Answer, error) {
				asked = append(asked, q)
				return Answer{Text: map[int]string{1: "wrong", 2: "secret"}[q.Attempt]}, nil
			}
		}).Host("box")
		if _, err := h.Output(t.Context(), "true", 10); err != nil || len(asked) != 2 || asked[0].Kind != AskPassphrase {
			t.Errorf("%v, asked %+v", err, asked)
		}
	})
	t.Run("through a jump, and forwarding refused", func(t *testing.T) {
		d := sshd(t)
		d.client(t, fmt.Sprintf("Host far\n HostName 127.0.0.1\n Port %d\n ProxyJump box\nHost piped\n HostName 127.0.0.1\n Port %d\n ProxyCommand nc %%h %%p\n", d.port, d.port))
		p := d.pool(t, nil)
		if out, err := p.Host("far").Output(t.Context(), Script("echo far"), 10); string(out) != "far\n" || err != nil {
			t.Errorf("%q %v", out, err)
		}
		closed := freePort(t)
		if _, err := p.Host("box").DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(closed))); !errors.Is(err, ErrRefused) {
			t.Errorf("a closed port beyond: %v", err)
		}
		no := sshd(t, "AllowTcpForwarding no")
		if _, err := no.pool(t, nil).Host("box").DialContext(t.Context(), "tcp", "127.0.0.1:1"); !errors.Is(err, ErrForward) {
			t.Errorf("forwarding refused: %v", err)
		}
	})
	t.Run("a proxy command", func(t *testing.T) {
		require.Tool(t, "nc")
		d := sshd(t)
		d.client(t, " ProxyCommand nc %h %p\n")
		if out, err := d.pool(t, nil).Host("box").Output(t.Context(), Script("echo piped"), 10); string(out) != "piped\n" || err != nil {
			t.Errorf("%q %v", out, err)
		}
	})
}

// closing uses a pool once and closes it.
func (p *Pool) closing(t *testing.T, say string) ([]byte, error) {
	defer p.Close()
	return p.Host("box").Output(t.Context(), Script("echo "+say), 10)
}

func TestNothingIsLeftOnTheHost(t *testing.T) {
	d := sshd(t)
	p := New(Config{File: d.config})
	mark := filepath.Join(d.dir, "pid")
	proc, err := p.Host("box").Start(t.Context(), Watched("sh -c 'echo $PPID' > "+Quote(mark)+"; exec sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	await(t, "the command begins", func() bool {
		text, _ := os.ReadFile(mark)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	if err := proc.Close(); err != nil {
		t.Error(err)
	}
	if out, err := p.Host("box").Output(t.Context(), Watched("echo ends by itself; exit 4"), 100); string(out) != "ends by itself\n" || err == nil {
		t.Errorf("%q, %v", out, err)
	}
	await(t, "the command ends", func() bool { return syscall.Kill(pid, 0) != nil })
	p.Close()
}

func TestAConnectionThatBreaksIsOpenedAgain(t *testing.T) {
	d := sshd(t)
	var conns []net.Conn
	p := d.pool(t, func(c *Config) {
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			conns = append(conns, conn)
			return conn, err
		}
	})
	h := p.Host("box")
	proc, err := h.Start(t.Context(), Script("cat"))
	if err != nil {
		t.Fatal(err)
	}
	_ = conns[0].Close()
	var exit *ExitError
	if err := proc.Wait(); !errors.As(err, &exit) || exit.Status != -1 {
		t.Errorf("%v", err)
	}
	await(t, "the loss is seen", func() bool { return h.State().Connections == 0 })
	if out, err := h.Output(t.Context(), Script("echo again"), 10); string(out) != "again\n" || err != nil {
		t.Errorf("%q %v", out, err)
	}
}

func TestAPeerThatFreezesIsNoticed(t *testing.T) {
	d := sshd(t)
	d.client(t, " ServerAliveInterval 1\n")
	h := d.pool(t, nil).Host("box")
	proc, err := h.Start(t.Context(), Script("cat"))
	if err != nil {
		t.Fatal(err)
	}
	// The child that serves the connection stands still.
	if err := exec.CommandContext(t.Context(), "pkill", "-STOP", "-P", strconv.Itoa(d.cmd.Process.Pid)).Run(); err != nil {
		t.Fatal(err)
	}
	if err := proc.Wait(); err == nil {
		t.Error("the command ended well")
	}
	if s := h.State(); s.Err == nil || !errors.Is(s.Err, ErrTimeout) {
		t.Errorf("%+v", s)
	}
}
