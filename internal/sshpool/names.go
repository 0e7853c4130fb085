package sshpool

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// target is a host as it was named: [user@]host, and [user@]host:port for a jump.
type target struct {
	host, user string
	port       int
}

// parseTarget reads [user@]host.
func parseTarget(name string) (target, error) {
	t := target{host: name}
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		t.user, t.host = name[:i], name[i+1:]
		if !plainUser(t.user) {
			return t, &Error{Host: clip(name, 80), Phase: phaseConfig, Err: ErrHostName, Text: fmt.Sprintf(": the user in %q", clip(name, 80))}
		}
	}
	if !plainName(t.host) {
		return t, &Error{Host: clip(name, 80), Phase: phaseConfig, Err: ErrHostName, Text: fmt.Sprintf(": %q", clip(t.host, 80))}
	}
	return t, nil
}

// parseHop reads a jump: [user@]host[:port] or ssh://[user@]host[:port].
func parseHop(hop string) (target, error) {
	rest := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(hop), "ssh://"), "/")
	port := 0
	if i := strings.LastIndexByte(rest, ':'); i > 0 && (strings.Count(rest, ":") == 1 || rest[i-1] == ']') {
		n, err := strconv.Atoi(rest[i+1:])
		if err != nil || n < 1 || n > 65535 {
			return target{}, &Error{Host: clip(hop, 80), Phase: phaseConfig, Err: ErrConfig, Text: fmt.Sprintf(": the port of the jump %q", clip(hop, 80))}
		}
		rest, port = rest[:i], n
	}
	t, err := parseTarget(strings.NewReplacer("[", "", "]", "").Replace(rest))
	t.port = port
	return t, err
}

// maxName is the length of a DNS name.
const maxName = 255

// plainName says that a host's name can be neither an option nor anything to a
// shell, a terminal or a known_hosts file.
func plainName(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._-:%", c) >= 0:
		case c >= 0x80: // an internationalised name; the resolver judges it
		default:
			return false
		}
	}
	return true
}

// plainUser says the same of a user's name, which may also be that of a directory
// service.
func plainUser(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' || s[len(s)-1] == '\\' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || strings.IndexByte("'\"`$;&<>|(){}", c) >= 0 {
			return false
		}
	}
	return true
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// expand writes ~, the tokens of ssh_config(5) and ${VARIABLES} out.
func (s *Settings) expand(host, home string) {
	list := func(names []string) []string {
		var out []string
		for _, name := range names {
			if name = s.path(name, host, home); name != "" && !isNone(name) {
				out = append(out, name)
			}
		}
		return out
	}
	s.IdentityFiles, s.CertificateFiles = list(s.IdentityFiles), list(s.CertificateFiles)
	s.UserKnownHosts, s.GlobalKnownHosts = list(s.UserKnownHosts), list(s.GlobalKnownHosts)
	s.RevokedKeys = s.orNothing(s.path(s.RevokedKeys, host, home))
	s.HostKeyAlias = s.orNothing(s.tokens(s.HostKeyAlias, host, home))
	if isNone(s.ProxyCommand) {
		s.ProxyCommand = ""
	}
	switch agent := s.IdentityAgent; {
	case agent == "" || agent == "SSH_AUTH_SOCK":
		s.IdentityAgent = os.Getenv("SSH_AUTH_SOCK")
	case isNone(agent):
		s.IdentityAgent = ""
	case agent[0] == '$' && !strings.HasPrefix(agent, "${"):
		s.IdentityAgent = os.Getenv(agent[1:])
	default:
		s.IdentityAgent = s.path(agent, host, home)
	}
}

func (s *Settings) orNothing(value string) string {
	if isNone(value) {
		return ""
	}
	return value
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

func (s *Settings) path(name, host, home string) string {
	name = variable.ReplaceAllStringFunc(name, func(v string) string { return os.Getenv(v[2 : len(v)-1]) })
	if name == "~" || strings.HasPrefix(name, "~/") {
		name = home + name[1:]
	} else if rest, ok := strings.CutPrefix(name, "~"); ok {
		who, tail, _ := strings.Cut(rest, "/")
		if u, err := user.Lookup(who); err == nil {
			name = filepath.Join(u.HomeDir, tail)
		}
	}
	return s.tokens(name, host, home)
}

// tokens writes %h and its like out.
func (s *Settings) tokens(text, host, home string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "localhost"
	}
	short, _, _ := strings.Cut(machine, ".")
	key := s.HostKeyAlias
	if key == "" {
		key = host
	}
	jump := strings.Join(s.ProxyJump, ",")
	sum := sha1.Sum([]byte(machine + s.HostName + strconv.Itoa(s.Port) + s.User)) //nolint:gosec // the definition of %C
	return strings.NewReplacer(
		"%%", "%", "%C", hex.EncodeToString(sum[:]), "%d", home, "%h", s.HostName, "%i", strconv.Itoa(os.Getuid()), "%j", jump,
		"%k", key, "%L", short, "%l", machine, "%n", host, "%p", strconv.Itoa(s.Port), "%r", s.User, "%u", localUser(),
	).Replace(text)
}

// command is the ProxyCommand with its tokens written out. What they stand for
// was checked to be nothing to a shell.
func (s *Settings) command(host string) string {
	return strings.NewReplacer("%%", "%", "%h", s.HostName, "%n", host, "%p", strconv.Itoa(s.Port), "%r", s.User).Replace(s.ProxyCommand)
}
