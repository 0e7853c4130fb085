package sshpool

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// login is one attempt to log in on one host: the ways, and what was tried.
type login struct {
	ctx      context.Context //nolint:containedctx // of the one handshake it is made for
	host     *Host
	settings Settings
	// ask asks the user; nil when there is nobody to ask. It is called aside:
	// what takes a person's time uses up neither that of the handshake nor a
	// place among those that are under way.
	ask   func(Question) (Answer, error)
	aside func(func())

	mu      sync.Mutex
	tried   []string
	used    string // the key or way that signed last
	allowed []string
	agent   net.Conn
	// learnt says that the user unlocked a key: the next attempt has no need of
	// them. password is the one that was tried last, locked why a key stayed so.
	learnt   bool
	password string
	locked   error
}

func (l *login) note(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.tried, name) {
		l.tried = append(l.tried, name)
	}
}

func (l *login) close() {
	if l.agent != nil {
		_ = l.agent.Close()
	}
}

func (l *login) askAside(q Question) (a Answer, err error) {
	l.aside(func() { a, err = l.ask(q) })
	return a, err
}

// methods are the ways to log in, in OpenSSH's order.
func (l *login) methods() []ssh.AuthMethod {
	var list []ssh.AuthMethod
	if l.settings.Pubkey {
		list = append(list, ssh.PublicKeysCallback(l.signers))
	}
	if l.ask == nil {
		return list
	}
	if l.settings.Interactive {
		list = append(list, ssh.RetryableAuthMethod(ssh.KeyboardInteractive(l.interactive()), l.settings.Prompts))
	}
	if l.settings.Password {
		list = append(list, ssh.RetryableAuthMethod(ssh.PasswordCallback(l.passwords()), l.settings.Prompts))
	}
	return list
}

// watch learns what the server allows; it leaves the choice to the library.
func (l *login) watch(ctx *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allowed = ctx.AllowedMethods
	return nil, nil
}

// passwords gives the password that worked before, once, then asks.
func (l *login) passwords() func() (string, error) {
	kept, attempt := l.host.pool.secrets.password(l.account()), 0
	return func() (string, error) {
		l.note("password")
		if kept != "" {
			text := kept
			kept = ""
			l.using("password", text)
			return text, nil
		}
		l.host.pool.secrets.forgetPassword(l.account())
		attempt++
		a, err := l.askAside(Question{Kind: AskPassword, Attempt: attempt})
		if err != nil {
			return "", err
		}
		l.using("password", a.Text)
		return a.Text, nil
	}
}

func (l *login) interactive() ssh.KeyboardInteractiveChallenge {
	attempt := 0
	return func(_, instruction string, questions []string, echos []bool) ([]string, error) {
		if len(questions) == 0 {
			return nil, nil
		}
		attempt++
		l.note("keyboard-interactive")
		answers := make([]string, len(questions))
		for i, q := range questions {
			prompt := clip(strings.TrimSpace(instruction+" "+q), 400)
			a, err := l.askAside(Question{Kind: AskInteractive, Prompt: prompt, Echo: echos[i], Attempt: attempt})
			if err != nil {
				return nil, err
			}
			answers[i] = a.Text
		}
		l.using("keyboard-interactive", "")
		return answers, nil
	}
}

func (l *login) using(way, password string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used, l.password = way, password
}

// account is what a password belongs to.
func (l *login) account() string { return l.settings.User + "@" + l.settings.address() }

// succeeded keeps what worked for the next connection.
func (l *login) succeeded() (way string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used == "password" {
		l.host.pool.secrets.keepPassword(l.account(), l.password)
	}
	if l.used == "" {
		return "no key"
	}
	return l.used
}

// denied words that the host did not let the user in.
func (l *login) denied(cause error) *Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &Error{Host: l.host.name, Phase: phaseLogin, Err: ErrAuth, Cause: cause, Tried: slices.Clone(l.tried)}
	if len(l.allowed) > 0 {
		e.Text = " (" + clip(strings.Join(l.allowed, ", "), 200) + ")"
	}
	tried := "none"
	if len(l.tried) > 0 {
		tried = strings.Join(l.tried, ", ")
	}
	e.Text += " for " + l.settings.User + ". Keys tried: " + clip(tried, 400)
	if l.locked != nil {
		e.Text += "; " + words(l.locked)
	}
	if l.ask == nil && (slices.Contains(l.allowed, "password") || slices.Contains(l.allowed, "keyboard-interactive")) {
		if !slices.Contains(l.allowed, "publickey") {
			e.Text += "; it wants a password, and there is nobody to ask"
		}
	}
	return e
}

// secrets are what the user typed once for all hosts of a pool: unlocked keys by
// file, passwords by account. Both live as long as the pool.
type secrets struct {
	mu        sync.Mutex
	keys      map[string]ssh.Signer
	refused   map[string]bool
	passwords map[string]string
}

func newSecrets() *secrets {
	return &secrets{keys: map[string]ssh.Signer{}, refused: map[string]bool{}, passwords: map[string]string{}}
}

func (s *secrets) password(account string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords[account]
}

func (s *secrets) keepPassword(account, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passwords[account] = text
}

func (s *secrets) forgetPassword(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.passwords, account)
}

func (s *secrets) key(file string) (ssh.Signer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[file], s.refused[file]
}

func (s *secrets) keepKey(file string, key ssh.Signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[file] = key
}

func (s *secrets) refuse(file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[file] = true
}

// again lets the user be asked for what they did not want to give.
func (s *secrets) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.refused)
}

func (s *secrets) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
	clear(s.passwords)
}

var errWrongPassphrase = errors.New("the passphrase was wrong")
