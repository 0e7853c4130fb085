package sshpool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Settings are what OpenSSH would do for a host.
type Settings struct {
	HostName, User, HostKeyAlias string
	Port                         int
	// ProxyJump are the hops before the host, nearest to us first;
	// ProxyCommand is run instead when there are none.
	ProxyJump    []string
	ProxyCommand string

	IdentityFiles, CertificateFiles []string
	IdentitiesOnly                  bool
	// IdentityAgent is the agent's socket, "" for none.
	IdentityAgent string

	KnownHosts     []string // the user's first, then the system's
	FirstKnown     string   // where a new key is written
	RevokedKeys    string
	HashKnownHosts bool
	// StrictHostKeyChecking is "ask", "yes", "accept-new" or "no".
	StrictHostKeyChecking string

	ConnectTimeout time.Duration // 0 when it is not set
	AliveInterval  time.Duration // 0 when it is not set

	// Algorithms in order of preference; nil takes the library's.
	Ciphers, KeyExchanges, MACs, HostKeyAlgorithms, PubkeyAlgorithms []string

	// From says who decided: "ssh -G" or "stormtop's own reading of ~/.ssh/config".
	From string
}

// maxSettings bounds what `ssh -G` may print.
const maxSettings = 1 << 20

// resolveTimeout bounds `ssh -G`: a Match exec may run anything.
const resolveTimeout = 10 * time.Second

// resolve finds the settings for a host.
func (p *Pool) resolve(ctx context.Context, t target) (Settings, error) {
	if p.cfg.Resolve != nil {
		s, err := p.cfg.Resolve(ctx, t.host)
		return t.over(p.cfg, s), err
	}
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		s, err := p.readConfig(t)
		return t.over(p.cfg, s), err
	}
	s, err := askSSH(ctx, ssh, p.cfg, t)
	if err != nil {
		return Settings{}, err
	}
	return t.over(p.cfg, s), nil
}

// askSSH runs `ssh -G`. The name cannot be taken for an option or by a shell: it
// was checked, and there is none.
func askSSH(ctx context.Context, ssh string, cfg Config, t target) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	args := []string{"-G"}
	if cfg.File != "" {
		args = append(args, "-F", cfg.File)
	}
	if user := orText(t.user, cfg.User); user != "" {
		args = append(args, "-l", user)
	}
	if port := orInt(t.port, cfg.Port); port != 0 {
		args = append(args, "-p", strconv.Itoa(port))
	}
	cmd := exec.CommandContext(ctx, ssh, append(args, "--", t.host)...)
	out, errs := &bounded{limit: maxSettings}, &bounded{limit: 4096}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errs, time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return Settings{}, dialError(t.host, "configuration", resolveTimeout, ctx.Err())
		}
		said := strings.Join(strings.Fields(errs.String()), " ")
		return Settings{}, &Error{Host: t.host, Phase: "configuration", Err: ErrConfig, Cause: err, Detail: ": " + orText(said, err.Error())}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return parseSettings(out.Bytes(), t.host, home)
}

// parseSettings reads what `ssh -G` prints: a lower-case keyword and its value a
// line.
func parseSettings(text []byte, host, home string) (Settings, error) {
	s := Settings{Port: 22, StrictHostKeyChecking: "ask", From: "ssh -G"}
	var identities, certificates, user, system []string
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch key {
		case "hostname":
			s.HostName = value
		case "user":
			s.User = value
		case "port":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 65535 {
				return s, &Error{Host: host, Phase: "configuration", Err: ErrConfig, Detail: fmt.Sprintf(": port %q", value)}
			}
			s.Port = n
		case "hostkeyalias":
			s.HostKeyAlias = noneIsEmpty(value)
		case "proxyjump":
			if value = noneIsEmpty(value); value != "" {
				s.ProxyJump = strings.Split(value, ",")
			}
		case "proxycommand":
			s.ProxyCommand = noneIsEmpty(value)
		case "identityfile":
			identities = append(identities, value)
		case "certificatefile":
			certificates = append(certificates, value)
		case "identitiesonly":
			s.IdentitiesOnly = value == "yes"
		case "identityagent":
			s.IdentityAgent = value
		case "userknownhostsfile":
			user = fields(value)
		case "globalknownhostsfile":
			system = fields(value)
		case "revokedhostkeys":
			s.RevokedKeys = noneIsEmpty(value)
		case "hashknownhosts":
			s.HashKnownHosts = value == "yes"
		case "stricthostkeychecking":
			s.StrictHostKeyChecking = strict(value)
		case "connecttimeout":
			s.ConnectTimeout = seconds(value)
		case "serveraliveinterval":
			s.AliveInterval = seconds(value)
		case "ciphers":
			s.Ciphers = strings.Split(value, ",")
		case "kexalgorithms":
			s.KeyExchanges = strings.Split(value, ",")
		case "macs":
			s.MACs = strings.Split(value, ",")
		case "hostkeyalgorithms":
			s.HostKeyAlgorithms = strings.Split(value, ",")
		case "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes":
			s.PubkeyAlgorithms = strings.Split(value, ",")
		}
	}
	if s.HostName == "" {
		s.HostName = host
	}
	s.finish(host, home, identities, certificates, user, system)
	return s, nil
}

// finish expands the names of files.
func (s *Settings) finish(host, home string, identities, certificates, user, system []string) {
	paths := func(list []string) []string {
		var out []string
		for _, f := range list {
			if f = s.expand(f, host, home); f != "" && f != "none" {
				out = append(out, f)
			}
		}
		return out
	}
	s.IdentityFiles, s.CertificateFiles = paths(identities), paths(certificates)
	mine := paths(user)
	if len(mine) > 0 {
		s.FirstKnown = mine[0]
	}
	s.KnownHosts = append(mine, paths(system)...)
	s.RevokedKeys = s.expand(s.RevokedKeys, host, home)
	switch agent := s.IdentityAgent; agent {
	case "", "SSH_AUTH_SOCK":
		s.IdentityAgent = os.Getenv("SSH_AUTH_SOCK")
	case "none":
		s.IdentityAgent = ""
	default:
		if name, ok := strings.CutPrefix(agent, "$"); ok {
			s.IdentityAgent = os.Getenv(strings.Trim(name, "{}"))
		} else {
			s.IdentityAgent = s.expand(agent, host, home)
		}
	}
}

// expand writes ~ and the tokens of ssh_config(5) out. A user's other home is not
// looked up.
func (s *Settings) expand(path, host, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		path = filepath.Join(home, rest)
	}
	if !strings.Contains(path, "%") {
		return path
	}
	name, _ := os.Hostname()
	short, _, _ := strings.Cut(name, ".")
	return strings.NewReplacer("%%", "%", "%d", home, "%h", s.HostName, "%n", host, "%p", strconv.Itoa(s.Port), "%r", s.User,
		"%u", os.Getenv("USER"), "%i", strconv.Itoa(os.Getuid()), "%k", orText(s.HostKeyAlias, host), "%l", name, "%L", short).Replace(path)
}

// command is the ProxyCommand with its tokens written out.
func (s *Settings) command(host string) string {
	return strings.NewReplacer("%%", "%", "%h", s.HostName, "%n", host, "%p", strconv.Itoa(s.Port), "%r", s.User).Replace(s.ProxyCommand)
}

func strict(value string) string {
	switch value {
	case "yes", "true":
		return "yes"
	case "no", "off", "false":
		return "no"
	case "accept-new":
		return value
	}
	return "ask"
}

func noneIsEmpty(s string) string {
	if s == "none" {
		return ""
	}
	return s
}

func seconds(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 86400)) * time.Second
}

// fields splits a list of files, which may be quoted.
func fields(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if rest, ok := strings.CutPrefix(s, `"`); ok {
			name, after, _ := strings.Cut(rest, `"`)
			out, s = append(out, name), after
			continue
		}
		name, after, _ := strings.Cut(s, " ")
		out, s = append(out, name), after
	}
	return out
}

// target is a host as it was named: [user@]host[:port], the port only where a
// jump names it.
type target struct {
	host, user string
	port       int
}

var errName = errors.New("a host name has letters, digits, dots, dashes and underscores, and does not begin with a dash")

// parseTarget reads [user@]host.
func parseTarget(name string) (target, error) {
	t := target{host: name}
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		t.user, t.host = name[:i], name[i+1:]
		if t.user == "" || !plain(t.user) {
			return t, &Error{Host: name, Phase: "configuration", Err: ErrHostName, Cause: errName}
		}
	}
	if !plain(t.host) || len(t.host) > 255 {
		return t, &Error{Host: name, Phase: "configuration", Err: ErrHostName, Cause: errName}
	}
	return t, nil
}

// parseHop reads a jump: [user@]host[:port] or ssh://[user@]host[:port].
func parseHop(hop string) (target, error) {
	hop = strings.TrimPrefix(strings.TrimSpace(hop), "ssh://")
	port := 0
	if i := strings.LastIndexByte(hop, ':'); i > 0 && (strings.Count(hop, ":") == 1 || hop[i-1] == ']') {
		n, err := strconv.Atoi(hop[i+1:])
		if err != nil || n < 1 || n > 65535 {
			return target{}, &Error{Host: hop, Phase: "configuration", Err: ErrConfig, Detail: ": bad port of a jump"}
		}
		hop, port = hop[:i], n
	}
	t, err := parseTarget(strings.NewReplacer("[", "", "]", "").Replace(hop))
	t.port = port
	return t, err
}

// plain reports whether a name can be neither an option nor anything to a shell.
func plain(s string) bool {
	if s == "" || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:%+") == ""
}

// over puts what the caller named above the configuration.
func (t target) over(cfg Config, s Settings) Settings {
	s.User = orText(orText(t.user, cfg.User), s.User)
	s.Port = orInt(orInt(t.port, cfg.Port), s.Port)
	if s.HostName == "" {
		s.HostName = t.host
	}
	if s.Port == 0 {
		s.Port = 22
	}
	return s
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func orInt(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}
