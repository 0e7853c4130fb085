package sshpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/cpu"
)

// busyTries is how often a connection is opened anew, after a short pause, when
// the server drops it before it has said anything, as sshd does beyond its
// MaxStartups.
const busyTries = 7

// dial is the opening of one connection to a host.
type dial struct {
	host     *Host
	settings Settings
	judge    *judge
	local    bool
	timeout  time.Duration
	guard    *guard
	steps    []Step
	began    time.Time

	// What the handshake came to.
	refused error         // of the host key
	unknown ssh.PublicKey // to be asked about
	verdict verdict
	login   *login
	server  string // what the server says before the login
}

// connect opens a connection, asking the user what has to be asked.
func (h *Host) connect(ctx context.Context) (*link, error) {
	d := &dial{host: h, began: time.Now()}
	settings, err := h.pool.resolve(ctx, h.target)
	if err != nil {
		return nil, named(h.name, err)
	}
	if h.via != nil {
		settings.ProxyJump, settings.ProxyCommand = h.via, ""
	}
	d.settings = settings
	d.timeout = h.pool.cfg.Timeout
	if d.timeout <= 0 {
		d.timeout = settings.ConnectTimeout
	}
	if d.timeout <= 0 {
		d.timeout = defaultTimeout
	}
	d.step("configuration")
	if err := h.pool.checkJumps(ctx, h, settings); err != nil {
		return nil, err
	}
	h.describe(settings)
	for busy := 0; ; {
		l, err := d.try(ctx)
		switch {
		case err == nil:
			return l, nil
		case d.unknown != nil:
			// The connection is closed: a server does not wait for a person.
			if err := d.askAboutKey(ctx); err != nil {
				return nil, err
			}
		case d.login != nil && d.login.learnt && errors.Is(err, ErrLost):
			// It was lost while the user typed the passphrase.
		case errors.Is(err, ErrBusy) && busy < busyTries:
			if !h.pool.pause(ctx, jittered(100*time.Millisecond<<busy, h.pool.cfg.Random)) {
				return nil, err
			}
			busy++
		default:
			return nil, err
		}
	}
}

// try opens one connection and logs in.
func (d *dial) try(ctx context.Context) (*link, error) {
	d.refused, d.unknown, d.login, d.server = nil, nil, nil, ""
	d.judge = newJudge(d.settings, d.host.pool.cfg.Now)
	for _, place := range d.judge.known.skipped {
		d.host.addNote("passed over: " + place)
	}
	hop, err := d.jump(ctx)
	if err != nil {
		return nil, err
	}
	l, err := d.over(ctx, hop)
	if err != nil {
		if hop != nil {
			hop.release()
		}
		return nil, err
	}
	l.hop = hop
	l.steps = d.steps
	return l, nil
}

// jump holds a connection to the last jump, nil where there is none. It may wait
// for the jump's own dial, so no place among the dials is taken yet.
func (d *dial) jump(ctx context.Context) (*link, error) {
	h, s := d.host, d.settings
	if len(s.ProxyJump) == 0 {
		return nil, nil
	}
	hop, err := h.pool.hop(s.ProxyJump)
	if err != nil {
		return nil, err
	}
	l, err := hop.link(ctx, false)
	if err != nil {
		return nil, &Error{Host: h.name, Phase: phaseDial, Err: ErrUnreachable, Cause: err, Text: " through " + hop.name + ": " + words(err)}
	}
	d.step("jump")
	return l, nil
}

// over opens a connection, as one of a few that may be opened at a time.
func (d *dial) over(ctx context.Context, hop *link) (*link, error) {
	if !d.host.pool.dials.lock(ctx) {
		return nil, ErrClosed
	}
	defer d.host.pool.dials.unlock()
	conn, err := d.transport(ctx, hop)
	if err != nil {
		return nil, err
	}
	w := newWire(conn)
	l, err := d.handshake(ctx, w)
	if err != nil {
		_ = w.Close()
	}
	return l, err
}

// transport opens what the SSH connection runs over: a connection through the
// last jump, a command, or TCP.
func (d *dial) transport(ctx context.Context, hop *link) (net.Conn, error) {
	h, s := d.host, d.settings
	if hop == nil && s.ProxyCommand != "" {
		conn, err := startProxy(ctx, h.name, s.command(h.target.host))
		d.step("ProxyCommand")
		return conn, err
	}
	dialing, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if hop != nil {
		conn, err := hop.host.dialThrough(dialing, hop, "tcp", s.address())
		if err != nil {
			return nil, err // it names the jump, whose doing it is
		}
		d.step("forward")
		return conn, nil
	}
	conn, err := h.pool.cfg.Dial(dialing, s.Family, s.address())
	if err != nil {
		return nil, dialError(h.name, s.address(), d.timeout, err)
	}
	d.step("tcp")
	return conn, nil
}

// handshake speaks SSH over a connection.
func (d *dial) handshake(ctx context.Context, w *wire) (*link, error) {
	h, s := d.host, d.settings
	d.local = d.judge.peer(w.RemoteAddr())
	d.guard = newGuard(d.timeout, w)
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	d.login = &login{ctx: ctx, host: h, settings: s}
	d.login.aside = func(f func()) {
		d.guard.pause()
		h.pool.dials.unlock()
		f()
		h.pool.dials <- struct{}{}
		d.guard.resume()
	}
	if h.pool.cfg.Ask != nil && !s.Batch {
		d.login.ask = func(q Question) (Answer, error) { return h.ask(ctx, s, q) }
	}
	defer d.login.close()
	config, err := d.config(w)
	if err != nil {
		d.guard.stop()
		stop()
		return nil, err
	}
	conn, chans, reqs, err := ssh.NewClientConn(w, s.address(), config)
	late := d.guard.stop()
	if stop(); err == nil && !late && ctx.Err() == nil {
		d.step("login")
		w.in(phaseOpen)
		return newLink(h, w, ssh.NewClient(conn, chans, reqs), s, d.login.succeeded()), nil
	}
	if err == nil {
		_ = conn.Close()
		err = context.Cause(ctx)
	}
	return nil, d.explain(ctx, w, late, err)
}

// config is what the library needs to know.
func (d *dial) config(w *wire) (*ssh.ClientConfig, error) {
	s := d.settings
	c := &ssh.ClientConfig{
		User:              s.User,
		Auth:              d.login.methods(),
		AuthCallback:      d.login.watch,
		ClientVersion:     "SSH-2.0-stormtop",
		HostKeyAlgorithms: d.judge.algorithms(),
		BannerCallback: func(text string) error {
			if d.server == "" {
				d.server = clip(text, 400)
			}
			return nil
		},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			d.step(phaseKex)
			err := d.hostKey(key)
			if err == nil {
				w.in(phaseLogin)
			}
			return err
		},
	}
	c.Ciphers = preferAES(usable(s.Ciphers, func(a ssh.Algorithms) []string { return a.Ciphers }))
	c.KeyExchanges = usable(s.KeyExchanges, func(a ssh.Algorithms) []string { return a.KeyExchanges })
	c.MACs = usable(s.MACs, func(a ssh.Algorithms) []string { return a.MACs })
	for name, list := range map[string][]string{
		"Ciphers": c.Ciphers, "KexAlgorithms": c.KeyExchanges, "MACs": c.MACs, "HostKeyAlgorithms": c.HostKeyAlgorithms,
	} {
		if len(list) == 0 {
			return nil, &Error{Host: d.host.name, Phase: phaseConfig, Err: ErrAlgorithms, Text: ": none of the configured " + name + " is implemented here"}
		}
	}
	return c, nil
}

// preferAES puts AES-GCM first where the processor has instructions for it: there
// it takes half the time of the others. It adds nothing to the list.
func preferAES(list []string) []string {
	if !cpu.X86.HasAES && !cpu.ARM64.HasAES && !cpu.S390X.HasAES {
		return list
	}
	slices.SortStableFunc(list, func(a, b string) int {
		return rankGCM(a) - rankGCM(b)
	})
	return list
}

func rankGCM(cipher string) int {
	if strings.HasSuffix(cipher, "-gcm@openssh.com") {
		return 0
	}
	return 1
}

// hostKey decides about the key that the host offers; what a person has to be
// asked is asked afterwards.
func (d *dial) hostKey(key ssh.PublicKey) error {
	plain := key
	if cert, ok := key.(*ssh.Certificate); ok {
		if !genuine(cert) {
			v := verdict{status: keyNew, why: "it is not signed by the authority it names"}
			d.refused = v.refusal(d.host.name, key, ". Not connected, nothing sent")
			return d.refused
		}
		plain = cert.Key
	}
	s := d.settings
	if s.NoLocalhostCheck && d.local && s.HostKeyAlias == "" {
		return nil
	}
	v := d.judge.verdict(key)
	switch {
	case v.status == keyOK:
		return nil
	case v.status != keyNew:
		d.refused = v.refusal(d.host.name, key, "")
	case d.host.pool.trusts(d.judge.name, plain):
		return nil
	case s.StrictHostKeyChecking == "no" || s.StrictHostKeyChecking == "accept-new":
		d.refused = d.remember(plain)
	case s.StrictHostKeyChecking == "yes":
		d.refused = v.refusal(d.host.name, key, " ("+offered(plain).String()+"), and StrictHostKeyChecking is on")
	case d.login.ask == nil:
		d.refused = v.refusal(d.host.name, key, " ("+offered(plain).String()+") and nobody to ask. Skipped")
	default:
		d.unknown, d.verdict = key, v
		d.refused = v.refusal(d.host.name, key, "")
	}
	return d.refused
}

// remember adds a key to the user's known hosts. A file that cannot be written is
// no reason to refuse the host: the key counts as long as the pool lives.
func (d *dial) remember(key ssh.PublicKey) error {
	s := d.settings
	d.host.pool.trust(d.judge.name, key)
	if len(s.UserKnownHosts) == 0 || !writable(s.HostName) {
		return nil
	}
	names := []string{strings.ToLower(d.judge.name)}
	if d.judge.ip != "" {
		names = append(names, d.judge.ip)
	}
	if err := remember(s.UserKnownHosts[0], names, key, s.HashKnownHosts); err != nil {
		d.host.addNote("the host key could not be added to " + s.UserKnownHosts[0] + ": " + words(err))
	}
	return nil
}

// askAboutKey asks about the key that the last attempt met.
func (d *dial) askAboutKey(ctx context.Context) error {
	key := d.unknown
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	q := Question{Kind: AskHostKey, Key: offered(key), Why: d.verdict.why}
	for _, k := range d.judge.known.of(knownName(d.settings.HostName, 22)) {
		if k.marker == markNone {
			q.Others = append(q.Others, k.public())
		}
	}
	a, err := d.host.ask(ctx, d.settings, q)
	switch {
	case err != nil:
		return d.verdict.refusal(d.host.name, key, " ("+q.Key.String()+"): "+words(err))
	case a.Remember:
		return d.remember(key)
	case a.Yes, a.Text != "" && strings.TrimSpace(a.Text) == q.Key.Fingerprint:
		d.host.pool.trust(d.judge.name, key)
		return nil
	case a.Text != "":
		return d.verdict.refusal(d.host.name, key, ": it is "+q.Key.Fingerprint+", not the one expected")
	}
	return d.verdict.refusal(d.host.name, key, " ("+q.Key.String()+") and not accepted")
}

// explain words why a handshake failed.
func (d *dial) explain(ctx context.Context, w *wire, late bool, err error) error {
	phase, first := w.progress()
	e := &Error{Host: d.host.name, Phase: phase, Cause: err}
	var negotiation *ssh.AlgorithmNegotiationError
	var network net.Error
	switch {
	case d.refused != nil:
		return d.refused
	case ctx.Err() != nil:
		return ErrClosed
	case late:
		e.Err, e.Text = ErrTimeout, " in "+phase+" after "+inSeconds(d.timeout)
	case errors.Is(err, errOversizeBanner):
		e.Err, e.Text = ErrNotSSH, ": "+errOversizeBanner.Error()
	case phase == phaseBanner && strings.Contains(first, "Exceeded MaxStartups"), phase == phaseBanner && strings.Contains(first, "Not allowed at this time"):
		e.Err, e.Text = ErrBusy, ": it says "+quoted(first)
	case phase == phaseBanner && first != "" && !strings.HasPrefix(first, "SSH-"):
		e.Err, e.Text = ErrNotSSH, ": it says "+quoted(first)
	case phase == phaseBanner && first == "" && d.proxyFailed(w, e):
	case phase == phaseBanner:
		e.Err, e.Text = ErrBusy, ": it closed the connection at once"
	case errors.As(err, &negotiation):
		e.Err, e.Text = ErrAlgorithms, ": "+words(negotiation)
	case phase == phaseLogin && !errors.Is(err, io.EOF) && !errors.As(err, &network) && !errors.Is(err, net.ErrClosed):
		return d.login.denied(err)
	default:
		e.Err, e.Text = ErrLost, " in "+phase+": "+words(err)
	}
	return e
}

// proxyFailed says what a ProxyCommand has to say about having ended.
func (d *dial) proxyFailed(w *wire, e *Error) bool {
	p, ok := w.Conn.(*proxy)
	if !ok {
		return false
	}
	_ = w.Close()
	e.Err, e.Text, e.Advice = ErrLost, ": its ProxyCommand ended: "+p.last(), "ProxyCommand for this host in ~/.ssh/config."
	return true
}

func quoted(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%q", clip(line, 80))
}

// dialError words why an address cannot be reached.
func dialError(host, address string, timeout time.Duration, err error) error {
	e := &Error{Host: host, Phase: phaseDial, Cause: err}
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return ErrClosed
	case errors.As(err, &dns) && !dns.IsTimeout:
		e.Err, e.Text = ErrUnknownHost, ": "+dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err, e.Text = ErrRefused, " at "+address
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		e.Err, e.Text = ErrTimeout, " in "+phaseDial+" to "+address+" after "+inSeconds(timeout)
	default:
		e.Err, e.Text = ErrUnreachable, " at "+address+": "+words(err)
	}
	return e
}

// named gives an error of another host's name, or of no host, the host's.
func named(host string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Host == host {
		return err
	}
	again := *e
	again.Host = host
	return &again
}

// Step is a part of opening a connection and how long it took.
type Step struct {
	Name string
	Took time.Duration
}

func (d *dial) step(name string) {
	now := time.Now()
	d.steps = append(d.steps, Step{name, now.Sub(d.began)})
	d.began = now
}

// hop is the last of a chain of jumps, reached through those before it. A single
// jump is reached as its own configuration says.
func (p *Pool) hop(jumps []string) (*Host, error) {
	last := len(jumps) - 1
	t, err := parseHop(jumps[last])
	var via []string
	if last > 0 {
		via = jumps[:last]
	}
	return p.host(t.host, t, via, err), err
}

// maxJumps bounds a chain of jumps.
const maxJumps = 16

// checkJumps follows the jumps of a host before any of them is dialled: hosts
// that wait for one another would wait for ever.
func (p *Pool) checkJumps(ctx context.Context, h *Host, s Settings) error {
	seen := []string{hostPort(s.HostName, s.Port)}
	names := []string{h.name}
	jumps := s.ProxyJump
	for len(jumps) > 0 {
		hop, err := p.hop(jumps)
		if err != nil {
			return named(h.name, err)
		}
		next, err := p.resolve(ctx, hop.target)
		if err != nil {
			return err
		}
		names = append(names, hop.name)
		if slices.Contains(seen, next.address()) || len(names) > maxJumps {
			return &Error{Host: h.name, Phase: phaseConfig, Err: ErrLoop, Text: ": " + strings.Join(names, " → ")}
		}
		seen = append(seen, next.address())
		if jumps = hop.via; jumps == nil {
			jumps = next.ProxyJump
		}
	}
	return nil
}

// pause waits, and reports false when the context ended meanwhile.
func (p *Pool) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jittered is a time between half of d and d.
func jittered(d time.Duration, random func() float64) time.Duration {
	return d/2 + time.Duration(random()*float64(d/2))
}
