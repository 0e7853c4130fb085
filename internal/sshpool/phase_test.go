package sshpool

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// peer accepts connections on loopback and has each served by a function, until
// the test ends.
func peer(t *testing.T, serve func(net.Conn)) (host string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	addr := l.Addr().(*net.TCPAddr)
	return addr.IP.String(), addr.Port
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settingsFor makes the settings of a host with one known key, or none.
func settingsFor(t *testing.T, host string, port int, known ssh.PublicKey) Settings {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	if known != nil {
		write(t, file, knownName(host, port)+" "+string(ssh.MarshalAuthorizedKey(known)))
	}
	return Settings{
		HostName: host, Port: port, User: "storm", Pubkey: true, Password: true, Interactive: true, UserKnownHosts: []string{file},
	}
}

func resolved(s Settings) func(context.Context, string) (Settings, error) {
	return func(context.Context, string) (Settings, error) { return s, nil }
}

// inProcess serves SSH with a configuration; commands answer with their own text.
func inProcess(t *testing.T, config *ssh.ServerConfig) (host string, port int) {
	return peer(t, func(conn net.Conn) {
		server, chans, reqs, err := ssh.NewServerConn(conn, config)
		if err != nil {
			return
		}
		defer server.Close()
		go ssh.DiscardRequests(reqs)
		for c := range chans {
			if c.ChannelType() != "session" {
				_ = c.Reject(ssh.UnknownChannelType, "no")
				continue
			}
			ch, reqs, err := c.Accept()
			if err != nil {
				return
			}
			go func() {
				for r := range reqs {
					_ = r.Reply(r.Type == "exec", nil)
					if r.Type == "exec" {
						var m struct{ Command string }
						_ = ssh.Unmarshal(r.Payload, &m)
						_, _ = io.WriteString(ch, m.Command)
						_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{0}))
						_ = ch.Close()
					}
				}
			}()
		}
	})
}

func TestEveryPhaseHasAnEnd(t *testing.T) {
	const limit = 300 * time.Millisecond
	key := newSigner(t)
	hold := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	try := func(t *testing.T, s Settings, dial func(context.Context, string, string) (net.Conn, error)) error {
		t.Helper()
		p := New(Config{Resolve: resolved(s), Timeout: limit, Dial: dial})
		defer p.Close()
		_, err := p.Host("w4").Start(within10(t), "true")
		return err
	}
	t.Run("connecting", func(t *testing.T) {
		err := try(t, settingsFor(t, "192.0.2.1", 22, nil), func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		says(t, err, ErrTimeout, "w4: timeout in connecting to 192.0.2.1:22 after 300ms.")
	})
	t.Run("banner", func(t *testing.T) {
		host, port := peer(t, hold)
		says(t, try(t, settingsFor(t, host, port, nil), nil), ErrTimeout, "w4: timeout in banner after 300ms.")
	})
	t.Run("key exchange", func(t *testing.T) {
		host, port := peer(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-silent\r\n")
			hold(c)
		})
		says(t, try(t, settingsFor(t, host, port, nil), nil), ErrTimeout, "w4: timeout in key exchange after 300ms.")
	})
	t.Run("login", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		config := &ssh.ServerConfig{NoClientAuthCallback: func(ssh.ConnMetadata) (*ssh.Permissions, error) {
			<-release
			return nil, errors.New("no")
		}, NoClientAuth: true}
		config.AddHostKey(key)
		host, port := inProcess(t, config)
		says(t, try(t, settingsFor(t, host, port, key.PublicKey()), nil), ErrTimeout, "w4: timeout in login after 300ms.")
	})
	t.Run("refused", func(t *testing.T) {
		port := freePort(t)
		says(t, try(t, settingsFor(t, "127.0.0.1", port, nil), nil), ErrRefused, fmt.Sprintf("w4: connection refused at 127.0.0.1:%d.", port))
	})
	t.Run("name not found", func(t *testing.T) {
		err := try(t, settingsFor(t, "w4.invalid", 22, nil), func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "w4.invalid", IsNotFound: true}}
		})
		says(t, err, ErrUnknownHost, "w4: name not found: w4.invalid.")
	})
	t.Run("not SSH", func(t *testing.T) {
		host, port := peer(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 100))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno")
		})
		says(t, try(t, settingsFor(t, host, port, nil), nil), ErrNotSSH, `w4: does not speak SSH: it says "HTTP/1.1 400 Bad Request".`)
	})
	t.Run("a long banner", func(t *testing.T) {
		host, port := peer(t, func(c net.Conn) {
			for range 1 << 16 {
				if _, err := io.WriteString(c, "welcome to this very fine machine\r\n"); err != nil {
					return
				}
			}
		})
		says(t, try(t, settingsFor(t, host, port, nil), nil), ErrNotSSH, "w4: does not speak SSH: it says more than 16 KB")
	})
	t.Run("no common algorithm", func(t *testing.T) {
		config := &ssh.ServerConfig{NoClientAuth: true}
		config.Ciphers = []string{"aes128-ctr"}
		config.AddHostKey(key)
		host, port := inProcess(t, config)
		s := settingsFor(t, host, port, key.PublicKey())
		s.Ciphers = []string{"aes256-ctr"}
		says(t, try(t, s, nil), ErrAlgorithms, "aes128-ctr")
		s.Ciphers = []string{"rot13"}
		says(t, try(t, s, nil), ErrAlgorithms, "none of the configured Ciphers is implemented here")
	})
	t.Run("closed at once, for good", func(t *testing.T) {
		host, port := peer(t, func(net.Conn) {})
		says(t, try(t, settingsFor(t, host, port, nil), nil), ErrBusy, "it closed the connection at once")
	})
}

// TestNothingIsSentToAChangedHost looks at what a server has heard by the time its
// key is refused.
func TestNothingIsSentToAChangedHost(t *testing.T) {
	key, other := newSigner(t), newSigner(t)
	var mu sync.Mutex
	heard := 0
	config := &ssh.ServerConfig{NoClientAuth: true, NoClientAuthCallback: func(ssh.ConnMetadata) (*ssh.Permissions, error) {
		mu.Lock()
		defer mu.Unlock()
		heard++
		return nil, nil
	}}
	config.AddHostKey(key)
	host, port := inProcess(t, config)
	for _, strict := range []string{"ask", "yes", "accept-new", "no"} {
		s := settingsFor(t, host, port, other.PublicKey())
		s.StrictHostKeyChecking = strict
		p := newPool(t, Config{Resolve: resolved(s), Ask: func(context.Context, Question) (Answer, error) {
			t.Error("somebody was asked")
			return Answer{Yes: true, Remember: true}, nil
		}})
		_, err := p.Host("w1").Start(within10(t), "true")
		says(t, err, ErrHostKeyChanged, "w1: HOST KEY CHANGED. Not connected, nothing sent.")
		e, _ := errors.AsType[*Error](err)
		if e.Offered.Fingerprint != ssh.FingerprintSHA256(key.PublicKey()) || len(e.Known) != 1 ||
			e.Known[0].Fingerprint != ssh.FingerprintSHA256(other.PublicKey()) || e.Known[0].File != s.UserKnownHosts[0] || e.Known[0].Line != 1 {
			t.Errorf("the notice: %+v", e)
		}
		if state := p.Host("w1").State(); state.Phase != Failed || state.Words != err.Error() {
			t.Errorf("the state: %+v", state)
		}
	}
	if heard != 0 {
		t.Errorf("the server was told a user's name %d times", heard)
	}
}

func TestAnUnknownHostIsAskedAbout(t *testing.T) {
	key := newSigner(t)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	host, port := inProcess(t, config)
	fingerprint := ssh.FingerprintSHA256(key.PublicKey())
	for name, c := range map[string]struct {
		answer   Answer
		err      error
		in       bool
		remember bool
		words    string
	}{
		"no":                {words: "and not accepted"},
		"yes":               {answer: Answer{Yes: true}, in: true},
		"remember":          {answer: Answer{Yes: true, Remember: true}, in: true, remember: true},
		"its fingerprint":   {answer: Answer{Text: " " + fingerprint + "\n"}, in: true},
		"another one":       {answer: Answer{Text: "SHA256:abc"}, words: "not the one expected"},
		"nobody after all":  {err: errors.New("the terminal is gone"), words: "the terminal is gone"},
		"hashed, remember":  {answer: Answer{Remember: true}, in: true, remember: true},
		"no, and yes later": {words: "and not accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settingsFor(t, host, port, nil)
			s.HashKnownHosts = strings.HasPrefix(name, "hashed")
			asked, opened := 0, 0
			var conns []*watchedConn
			answer := c.answer
			p := newPool(t, Config{
				Resolve: resolved(s),
				Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
					if err != nil {
						return nil, err
					}
					opened++
					conns = append(conns, &watchedConn{Conn: conn})
					return conns[len(conns)-1], nil
				},
				Ask: func(_ context.Context, q Question) (Answer, error) {
					asked++
					if q.Kind != AskHostKey || q.Key.Fingerprint != fingerprint || q.Key.Type != "ssh-ed25519" || q.Host != "w2" {
						t.Errorf("the question is %+v", q)
					}
					for _, conn := range conns {
						if !conn.isClosed() {
							t.Error("a connection is held open while the user thinks")
						}
					}
					return answer, c.err
				},
			})
			h := p.Host("w2")
			out, err := h.Output(within10(t), "true", 100)
			if c.in != (err == nil) || c.in && string(out) != "true" {
				t.Fatalf("%q, %v", out, err)
			}
			if !c.in {
				says(t, err, ErrHostKeyUnknown, c.words)
				if _, again := h.Output(within10(t), "true", 100); again == nil || asked != 1 {
					t.Errorf("the second time, asked %d times: %v", asked, again)
				}
			}
			text, err := os.ReadFile(s.UserKnownHosts[0])
			if c.remember != (err == nil && len(text) > 0) {
				t.Errorf("known_hosts: %q, %v", text, err)
			}
			if s.HashKnownHosts && !bytes.HasPrefix(text, []byte("|1|")) {
				t.Errorf("not hashed: %s", text)
			}
			if name == "no, and yes later" {
				answer = Answer{Yes: true}
				h.Reconnect()
				if _, err := h.Output(within10(t), "true", 100); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			}
		})
	}
	t.Run("nobody to ask", func(t *testing.T) {
		_, err := newPool(t, Config{Resolve: resolved(settingsFor(t, host, port, nil))}).Host("w2").Start(within10(t), "true")
		says(t, err, ErrHostKeyUnknown, "and nobody to ask. Skipped.")
	})
}

// watchedConn tells whether it was closed.
type watchedConn struct {
	net.Conn
	mu     sync.Mutex
	closed bool
}

func (c *watchedConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

func (c *watchedConn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func TestPasswordsAreKeptAndQuestionsPassedOn(t *testing.T) {
	key := newSigner(t)
	config := &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() == "storm" && string(password) == "right" {
				return nil, nil
			}
			return nil, errors.New("no")
		},
	}
	config.AddHostKey(key)
	host, port := inProcess(t, config)
	var asked []Question
	p := newPool(t, Config{Resolve: resolved(settingsFor(t, host, port, key.PublicKey())), Ask: func(_ context.Context, q Question) (Answer, error) {
		asked = append(asked, q)
		return Answer{Text: []string{"wrong", "right"}[q.Attempt-1]}, nil
	}})
	h := p.Host("w3")
	if got := output(t, h, "echo"); got != "echo" || h.State().Way != "password" {
		t.Errorf("%q, %+v", got, h.State())
	}
	h.mu.Lock()
	_ = h.links[0].wire.Close()
	h.mu.Unlock()
	eventually(t, "the loss is seen", func() bool { return h.State().Connections == 0 })
	if got := output(t, h, "echo"); got != "echo" || len(asked) != 2 {
		t.Errorf("the second time: %q, asked %+v", got, asked)
	}

	interactive := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := ask("", "Welcome.", []string{"Code: ", "Name: "}, []bool{false, true})
		if err != nil || len(answers) != 2 || answers[0] != "Welcome. Code:" || answers[1] != "Welcome. Name: shown" {
			return nil, errors.New("no")
		}
		return nil, nil
	}}
	interactive.AddHostKey(key)
	host, port = inProcess(t, interactive)
	p = newPool(t, Config{Resolve: resolved(settingsFor(t, host, port, key.PublicKey())), Ask: func(_ context.Context, q Question) (Answer, error) {
		if q.Kind != AskInteractive {
			t.Errorf("the question is %+v", q)
		}
		if q.Echo {
			return Answer{Text: q.Prompt + " shown"}, nil
		}
		return Answer{Text: q.Prompt}, nil
	}})
	if got := output(t, p.Host("w3"), "echo"); got != "echo" {
		t.Errorf("%q", got)
	}
}

// TestAtMostEightDialsAtOnce counts connections that are being opened.
func TestAtMostEightDialsAtOnce(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	p := New(Config{
		Resolve: func(_ context.Context, host string) (Settings, error) { return Settings{HostName: host}, nil },
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			mu.Lock()
			now++
			if most = max(most, now); most == maxDials && now == maxDials {
				select {
				case <-full:
				default:
					close(full)
				}
			}
			mu.Unlock()
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { _, _ = p.Host(fmt.Sprintf("h%d", i)).Start(ctx, "true") })
	}
	<-full
	cancel()
	p.Close()
	wg.Wait()
	if most != maxDials {
		t.Errorf("%d dials at once", most)
	}
}

func TestAClosedPool(t *testing.T) {
	p := New(Config{})
	p.Close()
	p.Close()
	_, err := p.Host("one").Start(t.Context(), "true")
	if !errors.Is(err, ErrClosed) {
		t.Errorf("it says %v", err)
	}
}

// TestBackOff has a host refuse connections, and looks at the pauses.
func TestBackOff(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPool(t, Config{
		Resolve: resolved(Settings{HostName: "w5"}), Now: func() time.Time { return now }, Random: func() float64 { return 1 },
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route") },
	})
	h := p.Host("w5")
	var pauses []time.Duration
	for range 9 {
		_, err := h.Start(t.Context(), "true")
		says(t, err, ErrUnreachable, "w5: unreachable at w5:22: no route.")
		state := h.State()
		if state.Phase != Waiting || state.Words == "" {
			t.Fatalf("its state: %+v", state)
		}
		pauses = append(pauses, state.RetryAt.Sub(now))
		// A caller in a hurry gets the reason why it has to wait.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := h.Start(ctx, "true"); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a hurry: %v", err)
		}
		cancel()
		now = state.RetryAt
	}
	if got := fmt.Sprint(pauses); got != "[500ms 1s 2s 4s 8s 16s 30s 30s 30s]" {
		t.Errorf("the pauses are %s", got)
	}
}
