package sshpool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// dialled is an opened connection.
type dialled struct {
	client   *ssh.Client
	close    func()
	address  string
	settings Settings
}

// maxHops bounds a chain of jumps, which may be a circle.
const maxHops = 8

// startups is how often a connection that was dropped before the key exchange is
// tried again at once: sshd drops at random when many begin (MaxStartups).
const startups = 4

// dial opens a connection to the host, through its jumps or its proxy command.
func (h *Host) dial(ctx context.Context) (*dialled, error) {
	t, err := parseTarget(h.name)
	if err != nil {
		return nil, err
	}
	if i := strings.LastIndexByte(h.name, ':'); i > 0 && len(h.jumps) >= 0 && strings.Count(h.name, ":") == 1 {
		if hop, err := parseHop(h.name); err == nil {
			t = hop
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.pool.life, cancel)()
	s, err := h.pool.resolve(ctx, t)
	if err != nil {
		return nil, err
	}
	if depth(ctx) > maxHops {
		return nil, &Error{Host: h.name, Phase: "configuration", Err: ErrConfig, Detail: ": ProxyJump goes in a circle"}
	}
	for attempt := 0; ; attempt++ {
		d, err := h.open(ctx, s)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, errDropped) || attempt == startups-1 {
			if errors.Is(err, errDropped) {
				err = &Error{Host: h.name, Phase: "banner", Err: ErrLost, Detail: ": it closes new connections before they begin (MaxStartups?)"}
			}
			return nil, err
		}
		pause := time.NewTimer(time.Duration((0.2 + h.pool.cfg.Random()) * float64(int(1)<<attempt) * float64(300*time.Millisecond)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, ctx.Err()
		}
	}
}

type depthKey struct{}

func depth(ctx context.Context) int {
	n, _ := ctx.Value(depthKey{}).(int)
	return n
}

var errDropped = errors.New("dropped before the key exchange")

// open makes one try.
func (h *Host) open(ctx context.Context, s Settings) (*dialled, error) {
	select {
	case h.pool.dials <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	held := true
	free := func() {
		if held {
			held = false
			<-h.pool.dials
		}
	}
	defer free()
	timeout := h.pool.cfg.Timeout
	if s.ConnectTimeout > 0 {
		timeout = min(timeout, s.ConnectTimeout)
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	addr := net.JoinHostPort(s.HostName, strconv.Itoa(s.Port))
	jumps := append(slices.Clone(h.jumps), s.ProxyJump...)
	var raw net.Conn
	var err error
	switch {
	case len(jumps) > 0:
		free() // the jump takes its own
		last := jumps[len(jumps)-1]
		hop := h.pool.host(last, jumps[:len(jumps)-1])
		raw, err = hop.DialContext(context.WithValue(limited, depthKey{}, depth(ctx)+1), "tcp", addr)
	case s.ProxyCommand != "":
		raw, err = proxy(s.command(h.name))
	default:
		raw, err = h.pool.cfg.Dial(limited, "tcp", addr)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, dialError(h.name, "connecting", time.Since(began), err)
	}
	conn := &greeted{Conn: raw}
	client, err := h.handshake(limited, conn, s)
	if err != nil {
		_ = raw.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	var once sync.Once
	return &dialled{client: client, close: func() { once.Do(func() { _ = client.Close(); _ = raw.Close() }) }, address: addr, settings: s}, nil
}

// handshake speaks SSH on an open connection.
func (h *Host) handshake(ctx context.Context, conn *greeted, s Settings) (*ssh.Client, error) {
	began := time.Now()
	v, err := newVerifier(ctx, h.name, s, h.pool.cfg)
	if err != nil {
		return nil, err
	}
	l := &login{ctx: ctx, host: h.name, settings: s, cfg: h.pool.cfg, secrets: &h.pool.secrets}
	defer l.close()
	cfg := &ssh.ClientConfig{
		User: s.User, Auth: l.methods(), HostKeyCallback: v.callback, HostKeyAlgorithms: v.algorithms(), ClientVersion: "SSH-2.0-stormtop",
	}
	cfg.Ciphers = preferred(s.Ciphers, ssh.SupportedAlgorithms().Ciphers, fastFirst)
	cfg.KeyExchanges = preferred(s.KeyExchanges, ssh.SupportedAlgorithms().KeyExchanges, nil)
	cfg.MACs = preferred(s.MACs, ssh.SupportedAlgorithms().MACs, nil)
	// While somebody is asked, the clock of the handshake stands still: the host
	// has its own (LoginGraceTime).
	if ask := h.pool.cfg.Ask; ask == nil {
		if deadline, ok := ctx.Deadline(); ok {
			_ = conn.SetDeadline(deadline)
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, chans, reqs, err := ssh.NewClientConn(conn, h.name, cfg)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, h.handshakeError(ctx, conn, v, l, time.Since(began), err)
	}
	_ = conn.SetDeadline(time.Time{})
	return ssh.NewClient(c, chans, reqs), nil
}

// handshakeError words what went wrong by how far it had come.
func (h *Host) handshakeError(ctx context.Context, conn *greeted, v *verifier, l *login, took time.Duration, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	head, any := conn.head()
	phase := "login"
	switch {
	case !any:
		phase = "banner"
	case !v.seen:
		phase = "key exchange"
	}
	switch {
	case any && notSSH(head):
		return &Error{Host: h.name, Phase: "banner", Err: ErrNotSSH, Detail: " on " + conn.RemoteAddr().String() + ": " + what(head)}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), isTimeout(err):
		return dialError(h.name, phase, took, context.DeadlineExceeded)
	case phase == "login" && strings.Contains(err.Error(), "unable to authenticate"):
		e := &Error{Host: h.name, Phase: phase, Err: ErrAuth, Cause: err}
		e.Detail = " (" + offered(err) + "). Tried: " + l.keysTried()
		if l.cfg.Ask == nil && strings.Contains(err.Error(), "password") {
			e.Detail += "; nobody can be asked for a password here"
		}
		return e
	case phase != "login" && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || strings.HasSuffix(err.Error(), "EOF") || strings.Contains(err.Error(), "reset by peer")):
		return errDropped
	}
	return &Error{Host: h.name, Phase: phase, Err: ErrLost, Detail: " in " + phase + ": " + strings.TrimPrefix(strings.TrimPrefix(err.Error(), "ssh: "), "handshake failed: ")}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// offered are the methods that were tried, as the library's error names them.
func offered(err error) string {
	_, list, ok := strings.Cut(err.Error(), "attempted methods [")
	if list, _, _ = strings.Cut(list, "]"); !ok || list == "" {
		return "publickey"
	}
	var methods []string
	for m := range strings.FieldsSeq(list) {
		if m != "none" {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		return "no key"
	}
	return strings.Join(methods, ", ")
}

// greeted remembers the first bytes of a peer, which say what it is.
type greeted struct {
	net.Conn
	mu    sync.Mutex
	first []byte
}

func (c *greeted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := 64 - len(c.first); room > 0 && n > 0 {
		c.first = append(c.first, p[:min(n, room)]...)
	}
	return n, err
}

func (c *greeted) head() ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.first), len(c.first) > 0
}

// notSSH reports whether the first bytes are those of another protocol. A server
// may send lines before its version.
func notSSH(head []byte) bool {
	return bytes.HasPrefix(head, []byte("HTTP/")) || !bytes.HasPrefix(head, []byte("SSH-")[:min(4, len(head))]) && !bytes.Contains(head, []byte("\n"))
}

func what(head []byte) string {
	if bytes.HasPrefix(head, []byte("HTTP/")) {
		return "it speaks HTTP"
	}
	return "it answers with something else"
}

// fastFirst is what this machine's processor does by itself.
var fastFirst = []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}

// preferred keeps the configured algorithms that the library has, in their order;
// first come before the others. nil is the library's own choice.
func preferred(configured, supported, first []string) []string {
	if configured == nil {
		return nil
	}
	out := slices.DeleteFunc(slices.Clone(configured), func(a string) bool { return !slices.Contains(supported, a) })
	if len(out) == 0 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return rankIn(first, a) - rankIn(first, b)
	})
	return out
}

func rankIn(first []string, a string) int {
	if i := slices.Index(first, a); i >= 0 {
		return i
	}
	return len(first)
}
