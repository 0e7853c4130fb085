package sshpool

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const (
	// agentTimeout bounds what an agent takes to list its keys, signTimeout to
	// sign: the user may have to touch a key.
	agentTimeout = 10 * time.Second
	signTimeout  = 30 * time.Second
	// maxKeyFile bounds a key or certificate file.
	maxKeyFile = 1 << 20
)

// identity is a key to offer, by a name that a person knows it by.
type identity struct {
	ssh.Signer
	login *login
	name  string
}

// SignWithAlgorithm notes which key was wanted, that is, which the host accepts.
func (i identity) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	sig, err := i.sign(rand, data, algorithm)
	if err == nil {
		i.login.using(i.name, "")
	}
	return sig, err
}

func (i identity) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return i.SignWithAlgorithm(rand, data, "")
}

func (i identity) sign(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	if i.login.agent != nil {
		_ = i.login.agent.SetDeadline(time.Now().Add(signTimeout))
	}
	if s, ok := i.Signer.(ssh.AlgorithmSigner); ok && algorithm != "" {
		return s.SignWithAlgorithm(rand, data, algorithm)
	}
	return i.Signer.Sign(rand, data)
}

// signers are the keys to offer, in OpenSSH's order: certificates, keys of the
// agent that the configuration names, the agent's others, key files.
func (l *login) signers() ([]ssh.Signer, error) {
	held := l.fromAgent()
	var files []identity
	for _, name := range l.settings.IdentityFiles {
		if s, ok := l.fromFile(name, held); ok {
			files = append(files, s)
		}
	}
	var order []identity
	add := func(i identity) {
		if !slices.ContainsFunc(order, func(o identity) bool { return sameKey(o.PublicKey(), i.PublicKey()) }) {
			order = append(order, i)
		}
	}
	for _, cert := range l.certificates() {
		for _, i := range slices.Concat(held, files) {
			if !sameKey(i.PublicKey(), cert.Key) {
				continue
			}
			if s, err := ssh.NewCertSigner(cert, i.Signer); err == nil {
				add(identity{s, l, i.name + "-cert"})
				break
			}
		}
	}
	for _, f := range files {
		if at := slices.IndexFunc(held, func(h identity) bool { return sameKey(h.PublicKey(), f.PublicKey()) }); at >= 0 {
			add(identity{held[at].Signer, l, f.name})
		}
	}
	if !l.settings.IdentitiesOnly {
		for _, h := range held {
			add(h)
		}
	}
	for _, f := range files {
		add(f)
	}
	var out []ssh.Signer
	for _, i := range order {
		if s := l.accepted(i); s != nil {
			l.note(i.name)
			out = append(out, s)
		}
	}
	return out, nil
}

// accepted keeps a key to the algorithms that the configuration accepts; nil when
// it accepts none of the key's.
func (l *login) accepted(i identity) ssh.Signer {
	allow := l.settings.PubkeyAlgorithms
	if allow == nil {
		return i
	}
	kind := i.PublicKey().Type()
	switch kind {
	case ssh.KeyAlgoRSA, ssh.CertAlgoRSAv01:
		var names []string
		for _, a := range []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA} {
			wire := a
			if kind == ssh.CertAlgoRSAv01 {
				wire = strings.TrimSuffix(a, "@openssh.com") + "-cert-v01@openssh.com"
			}
			if slices.Contains(allow, wire) {
				names = append(names, a)
			}
		}
		if len(names) == 0 {
			return nil
		}
		if s, err := ssh.NewSignerWithAlgorithms(i, names); err == nil {
			return s
		}
		return i
	}
	if !slices.Contains(allow, kind) {
		return nil
	}
	return i
}

// fromAgent are the keys of the agent; none when it does not answer.
func (l *login) fromAgent() []identity {
	if l.settings.IdentityAgent == "" {
		return nil
	}
	dialer := net.Dialer{Timeout: agentTimeout}
	conn, err := dialer.DialContext(l.ctx, "unix", l.settings.IdentityAgent)
	if err != nil {
		return nil
	}
	if l.agent != nil {
		_ = l.agent.Close()
	}
	l.agent = conn
	_ = conn.SetDeadline(time.Now().Add(agentTimeout))
	client := agent.NewClient(conn)
	keys, err := client.List()
	if err != nil {
		return nil
	}
	list, err := client.Signers()
	if err != nil {
		return nil
	}
	var out []identity
	for _, s := range list {
		name := shortFingerprint(s.PublicKey())
		if i := slices.IndexFunc(keys, func(k *agent.Key) bool { return sameKey(k, s.PublicKey()) }); i >= 0 && keys[i].Comment != "" {
			name = filepath.Base(clip(keys[i].Comment, 60))
		}
		out = append(out, identity{s, l, name + " (agent)"})
	}
	return out
}

func shortFingerprint(key ssh.PublicKey) string {
	f := ssh.FingerprintSHA256(key)
	return f[:min(len(f), 15)]
}

// fromFile reads a private key. One with a passphrase is unlocked only when the
// host wants it; for that its public half must be known.
func (l *login) fromFile(name string, held []identity) (identity, bool) {
	text, err := readSmall(name)
	if _, _, _, _, public := ssh.ParseAuthorizedKey(text); err != nil || public == nil {
		// The agent may hold the key whose public half alone is here.
		if public := publicOf(name); public != nil {
			for _, h := range held {
				if sameKey(h.PublicKey(), public) {
					return identity{h.Signer, l, filepath.Base(name)}, true
				}
			}
		}
		return identity{}, false
	}
	base := filepath.Base(name)
	key, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return identity{key, l, base}, true
	}
	locked, ok := errors.AsType[*ssh.PassphraseMissingError](err)
	if !ok {
		l.note(base + " (unreadable)")
		return identity{}, false
	}
	public := locked.PublicKey
	if public == nil {
		public = publicOf(name)
	}
	switch {
	case public == nil:
		l.note(base + " (locked, without its .pub)")
		return identity{}, false
	case l.ask == nil && !slices.ContainsFunc(held, func(h identity) bool { return sameKey(h.PublicKey(), public) }):
		l.note(base + " (locked, and nobody to ask)")
		return identity{}, false
	}
	return identity{lockedKey{l, name, text, public}, l, base}, true
}

// publicOf reads the public half beside a private key, or where a public key is
// named itself.
func publicOf(name string) ssh.PublicKey {
	for _, file := range []string{name + ".pub", name} {
		if text, err := readSmall(file); err == nil {
			if key, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
				return key
			}
		}
	}
	return nil
}

func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s is no key file", name)
	}
	return os.ReadFile(name)
}

// certificates are those of the configuration and those that lie beside a key.
func (l *login) certificates() []*ssh.Certificate {
	names := slices.Clone(l.settings.CertificateFiles)
	for _, f := range l.settings.IdentityFiles {
		names = append(names, f+"-cert.pub")
	}
	var out []*ssh.Certificate
	for _, name := range names {
		text, err := readSmall(name)
		if err != nil {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		if cert, ok := key.(*ssh.Certificate); ok && err == nil && cert.CertType == ssh.UserCert {
			out = append(out, cert)
		}
	}
	return out
}

// lockedKey asks for its passphrase when it is to sign.
type lockedKey struct {
	login  *login
	file   string
	text   []byte
	public ssh.PublicKey
}

func (k lockedKey) PublicKey() ssh.PublicKey { return k.public }

func (k lockedKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

func (k lockedKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	var s ssh.Signer
	var err error
	k.login.aside(func() { s, err = k.unlock() })
	if err != nil {
		k.login.mu.Lock()
		k.login.locked = err
		k.login.mu.Unlock()
		return nil, err
	}
	if a, ok := s.(ssh.AlgorithmSigner); ok && algorithm != "" {
		return a.SignWithAlgorithm(rand, data, algorithm)
	}
	return s.Sign(rand, data)
}

// unlock asks for the passphrase, once a pool: whoever comes second finds the key
// or learns that the user did not want to give it.
func (k lockedKey) unlock() (ssh.Signer, error) {
	pool := k.login.host.pool
	if !pool.unlocking.lock(k.login.ctx) {
		return nil, k.login.ctx.Err()
	}
	defer pool.unlocking.unlock()
	kept, refused := pool.secrets.key(k.file)
	if kept != nil {
		return kept, nil
	}
	if refused || k.login.ask == nil {
		return nil, fmt.Errorf("%s is locked", filepath.Base(k.file))
	}
	for attempt := 1; attempt <= k.login.settings.Prompts; attempt++ {
		a, err := k.login.ask(Question{Kind: AskPassphrase, File: k.file, Attempt: attempt})
		if err != nil {
			pool.secrets.refuse(k.file)
			return nil, err
		}
		if s, err := ssh.ParsePrivateKeyWithPassphrase(k.text, []byte(a.Text)); err == nil {
			pool.secrets.keepKey(k.file, s)
			k.login.mu.Lock()
			k.login.learnt = true
			k.login.mu.Unlock()
			return s, nil
		}
	}
	pool.secrets.refuse(k.file)
	return nil, fmt.Errorf("%s: %w", filepath.Base(k.file), errWrongPassphrase)
}
