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
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// QuestionKind says what a Question is about.
type QuestionKind uint8

// The questions.
const (
	AskHostKey QuestionKind = iota
	AskPassphrase
	AskPassword
	AskInteractive
)

// Question is what only the user can answer. Its words come from the host or from
// files and must be made harmless before they are shown.
type Question struct {
	Kind QuestionKind
	Host string
	// Address, KeyType, Fingerprint and OtherKeys are of AskHostKey.
	Address, KeyType, Fingerprint string
	OtherKeys                     []string
	// File is the key of AskPassphrase; Attempt counts from 1.
	File    string
	Attempt int
	// Prompt is the host's own of AskInteractive, Echo whether the answer may be
	// shown.
	Prompt string
	Echo   bool
}

// Answer is the user's.
type Answer struct {
	// Yes accepts a host key for this session, Remember for good too.
	Yes, Remember bool
	Text          string
}

// attempts is how often a passphrase or a password is asked for.
const attempts = 3

// login finds the ways to log in on one host, and remembers what was tried.
type login struct {
	ctx      context.Context //nolint:containedctx // of the one handshake it is made for
	host     string
	settings Settings
	cfg      Config
	secrets  *secrets

	mu    sync.Mutex
	tried []string
	agent net.Conn
}

// secrets are the passphrases that were given, by file, so that each is asked
// for once a pool.
type secrets struct {
	mu   sync.Mutex
	keys map[string]ssh.Signer
}

func (l *login) note(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.tried, name) {
		l.tried = append(l.tried, name)
	}
}

// keysTried names what was offered, "none" for nothing.
func (l *login) keysTried() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tried) == 0 {
		return "none"
	}
	return strings.Join(l.tried, ", ")
}

func (l *login) close() {
	if l.agent != nil {
		_ = l.agent.Close()
	}
}

// methods are the ways to log in, in OpenSSH's order.
func (l *login) methods() []ssh.AuthMethod {
	list := []ssh.AuthMethod{ssh.PublicKeysCallback(l.signers)}
	if l.cfg.Ask == nil {
		return list
	}
	return append(list,
		ssh.RetryableAuthMethod(ssh.KeyboardInteractive(l.interactive), attempts),
		ssh.RetryableAuthMethod(ssh.PasswordCallback(l.password), attempts))
}

func (l *login) password() (string, error) {
	l.note("password")
	a, err := l.cfg.Ask(l.ctx, Question{Kind: AskPassword, Host: l.host, Prompt: l.settings.User + "@" + l.host})
	return a.Text, err
}

func (l *login) interactive(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, q := range questions {
		l.note("keyboard-interactive")
		a, err := l.cfg.Ask(l.ctx, Question{Kind: AskInteractive, Host: l.host, Prompt: q, Echo: echos[i]})
		if err != nil {
			return nil, err
		}
		answers[i] = a.Text
	}
	return answers, nil
}

// signers are the keys to offer: those of the agent that a file names, the rest of
// the agent's, then files. A certificate goes before its key.
func (l *login) signers() ([]ssh.Signer, error) {
	held := l.fromAgent()
	var files []ssh.Signer
	for _, name := range l.settings.IdentityFiles {
		if s := l.fromFile(name); s != nil {
			files = append(files, s)
		}
	}
	var out []ssh.Signer
	add := func(s ssh.Signer) {
		if !slices.ContainsFunc(out, func(o ssh.Signer) bool { return string(o.PublicKey().Marshal()) == string(s.PublicKey().Marshal()) }) {
			out = append(out, s)
		}
	}
	find := func(list []ssh.Signer, key ssh.PublicKey) ssh.Signer {
		i := slices.IndexFunc(list, func(s ssh.Signer) bool { return string(s.PublicKey().Marshal()) == string(key.Marshal()) })
		if i < 0 {
			return nil
		}
		return list[i]
	}
	for _, cert := range l.certificates() {
		for _, list := range [][]ssh.Signer{held, files} {
			if s := find(list, cert.Key); s != nil {
				if c, err := ssh.NewCertSigner(cert, s); err == nil {
					add(c)
					break
				}
			}
		}
	}
	for _, f := range files { // those of the agent that are also configured
		if s := find(held, f.PublicKey()); s != nil {
			add(s)
		}
	}
	if !l.settings.IdentitiesOnly {
		for _, s := range held {
			add(s)
		}
	}
	for _, f := range files {
		add(f)
	}
	out = l.accepted(out)
	for _, s := range out {
		if n, ok := s.(noted); ok {
			l.note(n.name)
		} else {
			l.note("certificate " + short(s.PublicKey()))
		}
	}
	return out, nil
}

// accepted keeps the keys whose algorithms the configuration accepts.
func (l *login) accepted(list []ssh.Signer) []ssh.Signer {
	allow := l.settings.PubkeyAlgorithms
	if allow == nil {
		return list
	}
	return slices.DeleteFunc(list, func(s ssh.Signer) bool {
		kind := s.PublicKey().Type()
		names := []string{kind}
		switch kind {
		case ssh.KeyAlgoRSA:
			names = []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512, kind}
		case ssh.CertAlgoRSAv01:
			names = []string{ssh.CertAlgoRSASHA256v01, ssh.CertAlgoRSASHA512v01, kind}
		}
		return !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(allow, n) })
	})
}

// fromAgent are the keys of the agent; none when it does not answer.
func (l *login) fromAgent() []ssh.Signer {
	if l.settings.IdentityAgent == "" {
		return nil
	}
	var d net.Dialer
	conn, err := d.DialContext(l.ctx, "unix", l.settings.IdentityAgent)
	if err != nil {
		return nil
	}
	l.agent = conn
	list, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil
	}
	for i, s := range list {
		list[i] = noted{s, "agent:" + short(s.PublicKey())}
	}
	return list
}

func short(key ssh.PublicKey) string {
	f := ssh.FingerprintSHA256(key)
	return f[:min(len(f), 15)]
}

// fromFile reads a private key; nil when there is none or it cannot be used. One
// with a passphrase is unlocked when the host has agreed to it.
func (l *login) fromFile(name string) ssh.Signer {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	key, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return noted{key, base(name)}
	}
	var locked *ssh.PassphraseMissingError
	if !errors.As(err, &locked) || l.cfg.Ask == nil {
		return nil
	}
	public := locked.PublicKey
	if public == nil {
		if text, err := os.ReadFile(name + ".pub"); err == nil {
			public, _, _, _, _ = ssh.ParseAuthorizedKey(text)
		}
	}
	if public == nil {
		return nil
	}
	return noted{lockedKey{l, name, text, public}, base(name)}
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// certificates are those that are configured and those that lie beside a key.
func (l *login) certificates() []*ssh.Certificate {
	names := slices.Clone(l.settings.CertificateFiles)
	for _, f := range l.settings.IdentityFiles {
		names = append(names, f+"-cert.pub")
	}
	var out []*ssh.Certificate
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		if cert, ok := key.(*ssh.Certificate); ok && err == nil {
			out = append(out, cert)
		}
	}
	return out
}

// noted is a key with the name by which an error calls it.
type noted struct {
	ssh.Signer
	name string
}

func (n noted) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	if s, ok := n.Signer.(ssh.AlgorithmSigner); ok {
		return s.SignWithAlgorithm(rand, data, algorithm)
	}
	return n.Sign(rand, data)
}

// lockedKey asks for its passphrase when it is to sign.
type lockedKey struct {
	l      *login
	file   string
	text   []byte
	public ssh.PublicKey
}

func (k lockedKey) PublicKey() ssh.PublicKey { return k.public }

func (k lockedKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

func (k lockedKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s, err := k.unlock()
	if err != nil {
		return nil, err
	}
	if a, ok := s.(ssh.AlgorithmSigner); ok && algorithm != "" {
		return a.SignWithAlgorithm(rand, data, algorithm)
	}
	return s.Sign(rand, data)
}

func (k lockedKey) unlock() (ssh.Signer, error) {
	k.l.secrets.mu.Lock() // one question at a time, and each passphrase once
	defer k.l.secrets.mu.Unlock()
	if s := k.l.secrets.keys[k.file]; s != nil {
		return s, nil
	}
	for attempt := 1; attempt <= attempts; attempt++ {
		a, err := k.l.cfg.Ask(k.l.ctx, Question{Kind: AskPassphrase, Host: k.l.host, File: k.file, Attempt: attempt})
		if err != nil {
			return nil, err
		}
		if s, err := ssh.ParsePrivateKeyWithPassphrase(k.text, []byte(a.Text)); err == nil {
			k.l.secrets.keys[k.file] = s
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s: the passphrase was wrong %d times", k.file, attempts)
}
