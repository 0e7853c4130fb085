package sshpool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// says checks an error for its cause and its whole sentence.
func says(t *testing.T, err, want error, words string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v is no %q", err, want)
	}
	if !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") {
		t.Errorf("it says %q, not %q", err, words)
	}
	if errors.Is(want, ErrClosed) {
		return
	}
	if Hint(err) == "" {
		t.Errorf("%q comes without a hint", err)
	}
}

func TestFewSessionsAConnection(t *testing.T) {
	s := startServer(t, "MaxSessions 2")
	h := newPool(t, Config{File: s.config(t)}).Host("one")
	var all []*Process
	for range 7 {
		p, err := h.Start(within10(t), Script("cat"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if state := h.State(); state.Sessions != 7 || state.Connections != 4 || state.Limit != 2 {
		t.Errorf("with seven commands: %+v", state)
	}
	for _, p := range all {
		_ = p.Close()
	}
	if state := h.State(); state.Sessions != 0 {
		t.Errorf("afterwards: %+v", state)
	}
}

func TestNoSessionAtAll(t *testing.T) {
	s := startServer(t, "MaxSessions 0")
	h := newPool(t, Config{File: s.config(t)}).Host("one")
	_, err := h.Start(within10(t), "true")
	says(t, err, ErrSessions, "one: no more sessions: it refuses even one")
}

// TestManyAtOnce opens far more connections than the server wants to have waiting
// for their login.
func TestManyAtOnce(t *testing.T) {
	s := startServer(t, "MaxStartups 3")
	var lines []string
	for i := range 24 {
		lines = append(lines, fmt.Sprintf("Host h%d\nHostKeyAlias box", i))
	}
	file := s.config(t)
	write(t, file, strings.Join(lines, "\n")+"\n"+strings.Replace(string(read(t, file)), "Host one", "Host *", 1))
	write(t, filepath.Join(s.dir, "known_hosts"), knownLine(t, s.dir, "box", 1)+"\n")
	pool := newPool(t, Config{File: file})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			h := pool.Host(fmt.Sprintf("h%d", i))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if out, err := h.Output(ctx, "echo in", 100); err != nil || string(out) != "in\n" {
				t.Errorf("h%d: %q, %v", i, out, err)
			}
		})
	}
	wg.Wait()
}

func TestWithoutSFTP(t *testing.T) {
	for name, line := range map[string]string{"none": "#no sftp", "its program is missing": "Subsystem sftp /no/such/program"} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, line)
			h := newPool(t, Config{File: s.config(t)}).Host("one")
			for range 2 {
				_, err := h.Files(within10(t))
				says(t, err, ErrNoSFTP, "one: no SFTP subsystem")
			}
			if got := output(t, h, "echo still"); got != "still" {
				t.Errorf("a command says %q", got)
			}
		})
	}
}

func TestACommandThatIsNotThere(t *testing.T) {
	s := startServer(t)
	h := newPool(t, Config{File: s.config(t)}).Host("one")
	_, err := h.Output(within10(t), "no-such-tail -F x", 100)
	exit, ok := errors.AsType[*ExitError](err)
	if !ok || exit.Status != 127 || !strings.Contains(err.Error(), "not found") {
		t.Errorf("it says %v", err)
	}
}

func TestWhoMayNotLogIn(t *testing.T) {
	t.Run("wrong key", func(t *testing.T) {
		s := startServer(t)
		file := s.config(t, "IdentityFile "+keyFile(t, s.dir, "ed25519", 7), "IdentityFile "+keyFile(t, s.dir, "rsa", 7))
		write(t, file, strings.ReplaceAll(string(read(t, file)), "IdentityFile "+filepath.Join(s.dir, "ed25519_0"), "IdentityFile /nothing"))
		h := newPool(t, Config{File: file}).Host("one")
		_, err := h.Start(within10(t), "true")
		says(t, err, ErrAuth, "one: permission denied (publickey) for ")
		says(t, err, ErrAuth, "Keys tried: ed25519_7, rsa_7.")
		began := time.Now()
		if _, again := h.Start(within10(t), "true"); !errors.Is(again, ErrAuth) || time.Since(began) > 5*time.Second {
			t.Errorf("the second time: %v", again)
		}
		if state := h.State(); state.Phase != Failed || time.Until(state.RetryAt) < 30*time.Second {
			t.Errorf("its state: %+v", state)
		}
		// Once the user has helped, it need not wait.
		write(t, file, strings.ReplaceAll(string(read(t, file)), "/nothing", filepath.Join(s.dir, "ed25519_0")))
		h.Reconnect()
		if got := output(t, h, "echo in"); got != "in" {
			t.Errorf("afterwards: %q", got)
		}
	})
	t.Run("password only", func(t *testing.T) {
		s := startServer(t, "PubkeyAuthentication no", "PasswordAuthentication yes")
		_, err := newPool(t, Config{File: s.config(t)}).Host("one").Start(within10(t), "true")
		says(t, err, ErrAuth, "it wants a password, and there is nobody to ask")
		var asked []Question
		_, err = newPool(t, Config{File: s.config(t), Ask: func(_ context.Context, q Question) (Answer, error) {
			asked = append(asked, q)
			return Answer{Text: "wrong"}, nil
		}}).Host("one").Start(within10(t), "true")
		says(t, err, ErrAuth, "Keys tried: password.")
		if len(asked) != 3 || asked[2].Kind != AskPassword || asked[2].Attempt != 3 || asked[0].Address != s.address() {
			t.Errorf("the questions: %+v", asked)
		}
	})
	t.Run("too many keys", func(t *testing.T) {
		s := startServer(t, "MaxAuthTries 2")
		var lines []string
		for i := 10; i < 14; i++ {
			lines = append(lines, "IdentityFile "+keyFile(t, s.dir, "ed25519", i))
		}
		_, err := newPool(t, Config{File: s.config(t, lines...)}).Host("one").Start(within10(t), "true")
		says(t, err, ErrAuth, "Keys tried: ed25519_10, ed25519_11, ")
	})
}

func TestAPassphraseIsAskedForOnce(t *testing.T) {
	s := startServer(t)
	run(t, require.Tool(t, "ssh-keygen"), "-q", "-p", "-P", "", "-N", "secret", "-f", filepath.Join(s.dir, "ed25519_0"))
	_, err := newPool(t, Config{File: s.config(t)}).Host("one").Start(within10(t), "true")
	says(t, err, ErrAuth, "ed25519_0 (locked, and nobody to ask)")
	file := s.config(t)
	write(t, file, strings.Replace(string(read(t, file)), "Host one", "Host *", 1))
	var mu sync.Mutex
	var asked []Question
	pool := newPool(t, Config{File: file, Ask: func(_ context.Context, q Question) (Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, q)
		return Answer{Text: []string{"wrong", "secret"}[q.Attempt-1]}, nil
	}})
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c"} {
		wg.Go(func() {
			if out, err := pool.Host(name).Output(within10(t), "echo in", 10); string(out) != "in\n" || err != nil {
				t.Errorf("%s: %q, %v", name, out, err)
			}
		})
	}
	wg.Wait()
	if len(asked) != 2 || asked[0].Kind != AskPassphrase || filepath.Base(asked[0].File) != "ed25519_0" {
		t.Errorf("the questions: %+v", asked)
	}
}

func TestAgentAndCertificates(t *testing.T) {
	agentTool, add, keygen := require.Tool(t, "ssh-agent"), require.Tool(t, "ssh-add"), require.Tool(t, "ssh-keygen")
	dir := t.TempDir()
	sock := filepath.Join(dir, "agent")
	out := run(t, agentTool, "-a", sock, "-s")
	_, rest, _ := strings.Cut(out, "SSH_AGENT_PID=")
	pid, _, _ := strings.Cut(rest, ";")
	t.Cleanup(func() {
		if n, err := strconv.Atoi(pid); err == nil {
			_ = syscall.Kill(n, syscall.SIGTERM)
		}
	})
	t.Setenv("SSH_AUTH_SOCK", sock)
	s := startServer(t)
	run(t, add, "-q", keyFile(t, dir, "ed25519", 20), keyFile(t, dir, "rsa", 7), filepath.Join(s.dir, "ed25519_0"))
	config := func(lines string) string {
		file := s.config(t)
		text := strings.ReplaceAll(string(read(t, file)), "IdentityFile "+filepath.Join(s.dir, "ed25519_0")+"\n", "")
		text = strings.ReplaceAll(text, "IdentityAgent none\n", "")
		write(t, file, strings.Replace(text, "Host one\n", "Host one\n"+lines+"\n", 1))
		return file
	}
	t.Run("the agent's own", func(t *testing.T) {
		h := newPool(t, Config{File: config("IdentitiesOnly no")}).Host("one")
		if got := output(t, h, "echo in"); got != "in" || !strings.Contains(h.State().Way, "(agent)") {
			t.Errorf("%q, %+v", got, h.State())
		}
	})
	t.Run("named by its public half, and no other", func(t *testing.T) {
		public := filepath.Join(dir, "only.pub")
		write(t, public, string(read(t, filepath.Join(s.dir, "ed25519_0.pub"))))
		h := newPool(t, Config{File: config("IdentityFile " + public)}).Host("one")
		if got := output(t, h, "echo in"); got != "in" || h.State().Way != "only.pub" {
			t.Errorf("%q, %+v", got, h.State())
		}
		_, err := newPool(t, Config{File: config("IdentityFile " + filepath.Join(dir, "rsa_7.pub"))}).Host("one").Start(within10(t), "true")
		says(t, err, ErrAuth, "Keys tried: rsa_7.pub.")
	})
	t.Run("an agent that is gone", func(t *testing.T) {
		h := newPool(t, Config{File: config("IdentityAgent " + dir + "/nobody\nIdentityFile " + filepath.Join(s.dir, "ed25519_0"))}).Host("one")
		if got := output(t, h, "echo in"); got != "in" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a certificate", func(t *testing.T) {
		ca := keyFile(t, dir, "ed25519", 30)
		own := keyFile(t, dir, "rsa", 31)
		run(t, keygen, "-q", "-s", ca, "-I", "me", "-n", localUser(), own+".pub")
		s := startServer(t, "TrustedUserCAKeys "+ca+".pub")
		file := s.config(t, "CertificateFile "+own+"-cert.pub", "IdentityFile "+own)
		h := newPool(t, Config{File: file}).Host("one")
		if got := output(t, h, "echo in"); got != "in" || h.State().Way != "rsa_31-cert" {
			t.Errorf("%q, %+v", got, h.State())
		}
	})
}

// TestJumps reaches a server through others, each with a key of its own.
func TestJumps(t *testing.T) {
	first, second := startServer(t), startServer(t, "HostKey "+keyFile(t, t.TempDir(), "ed25519", 2))
	far := startServer(t)
	text := ""
	for name, s := range map[string]*server{"first": first, "second": second, "far": far} {
		number := 1
		if s == second {
			number = 2
		}
		known := filepath.Join(s.dir, "known")
		write(t, known, knownLine(t, s.dir, fmt.Sprintf("[127.0.0.1]:%d", s.port), number)+"\n")
		text += fmt.Sprintf("Host %s\nHostName 127.0.0.1\nPort %d\nUserKnownHostsFile %s\n", name, s.port, known)
	}
	text += fmt.Sprintf("Host *\nIdentityFile %s\nIdentitiesOnly yes\nIdentityAgent none\nGlobalKnownHostsFile none\n", filepath.Join(far.dir, "ed25519_0"))
	file := filepath.Join(t.TempDir(), "config")
	with := func(lines string) *Pool {
		write(t, file, lines+"\n"+text)
		return newPool(t, Config{File: file})
	}
	t.Run("two", func(t *testing.T) {
		p := with("Host far\nProxyJump first,second")
		if got := output(t, p.Host("far"), "echo far"); got != "far" {
			t.Errorf("it says %q", got)
		}
		if via := p.Host("far").State().Via; fmt.Sprint(via) != "[first second]" {
			t.Errorf("via %v", via)
		}
	})
	t.Run("one after another", func(t *testing.T) {
		p := with("Host far\nProxyJump second\nHost second\nProxyJump first")
		if got := output(t, p.Host("far"), "echo far"); got != "far" || p.Host("first").State().Phase != Ready {
			t.Errorf("it says %q", got)
		}
	})
	t.Run("in a circle", func(t *testing.T) {
		_, err := with("Host far\nProxyJump second\nHost second\nProxyJump first\nHost first\nProxyJump far").Host("far").Start(within10(t), "true")
		says(t, err, ErrLoop, "far: ProxyJump goes round in a circle: far → second → first → far.")
	})
	t.Run("over one whose key has changed", func(t *testing.T) {
		p := with("Host far\nProxyJump second\nHost second\nUserKnownHostsFile " + filepath.Join(far.dir, "known"))
		write(t, filepath.Join(far.dir, "known"), knownLine(t, far.dir, fmt.Sprintf("[127.0.0.1]:%d", second.port), 1)+"\n")
		_, err := p.Host("far").Start(within10(t), "true")
		says(t, err, ErrHostKeyChanged, "far: unreachable through second: second: HOST KEY CHANGED. Not connected, nothing sent.")
	})
	t.Run("over one that does not forward", func(t *testing.T) {
		no := startServer(t, "AllowTcpForwarding no")
		h := newPool(t, Config{File: no.config(t)}).Host("one")
		_, err := h.DialContext(within10(t), "tcp", "nim-a:6627")
		says(t, err, ErrForward, "one refuses to forward to nim-a:6627: administratively prohibited.")
		open := newPool(t, Config{File: first.config(t)}).Host("one")
		_, err = open.DialContext(within10(t), "tcp", hostPort("127.0.0.1", freePort(t)))
		says(t, err, ErrRefused, "from there to 127.0.0.1:")
	})
	t.Run("a tunnel", func(t *testing.T) {
		h := newPool(t, Config{File: first.config(t)}).Host("one")
		conn, err := h.DialContext(within10(t), "tcp", far.address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		greeting := make([]byte, 8)
		if _, err := conn.Read(greeting); err != nil || !strings.HasPrefix(string(greeting), "SSH-2.0") {
			t.Errorf("%q, %v", greeting, err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		rest := make([]byte, 1024)
		for err == nil {
			_, err = conn.Read(rest)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after its deadline: %v", err)
		}
	})
}

func TestProxyCommands(t *testing.T) {
	s := startServer(t)
	for name, c := range map[string]struct {
		command string
		want    error
		words   string
	}{
		"one that ends":          {"sh -c 'echo first >&2; echo no way there >&2; exit 1'", ErrLost, "one: connection lost: its ProxyCommand ended: no way there."},
		"one that is no program": {"/no/such/program %h %p", ErrLost, "its ProxyCommand ended: "},
		"one that says nothing":  {"sh -c 'sleep 1000 & sleep 1000'", ErrTimeout, "one: timeout in banner after 500ms."},
		"one that floods":        {"sh -c 'yes >&2'", ErrTimeout, "one: timeout in banner after 500ms."},
	} {
		t.Run(name, func(t *testing.T) {
			tag := fmt.Sprintf("stormtop-proxy-%d-%d", os.Getpid(), time.Now().UnixNano())
			pool := newPool(t, Config{File: s.config(t, "ProxyCommand env TAG="+tag+" "+c.command), Timeout: 500 * time.Millisecond})
			_, err := pool.Host("one").Start(within10(t), "true")
			says(t, err, c.want, c.words)
			eventually(t, "its processes have ended", func() bool { return tagged(t, tag) == 0 })
		})
	}
}

func TestALostConnectionIsOpenedAgain(t *testing.T) {
	s := startServer(t)
	var mu sync.Mutex
	var conns []net.Conn
	pool := newPool(t, Config{File: s.config(t), Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, conn)
		return conn, err
	}})
	h := pool.Host("one")
	for i := range 3 {
		p, err := h.Start(within10(t), Script("cat"))
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		_ = conns[i].Close()
		mu.Unlock()
		if err := p.Wait(); !errors.Is(err, ErrLost) {
			t.Errorf("a command: %v", err)
		}
		eventually(t, "the loss is seen", func() bool { return h.State().Connections == 0 })
	}
	if got := output(t, h, "echo again"); got != "again" {
		t.Errorf("it says %q", got)
	}
}
