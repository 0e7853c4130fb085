package sshpool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings are what OpenSSH would do for a host. Names of files are absolute and
// have no tokens left.
type Settings struct {
	HostName, User, HostKeyAlias string
	Port                         int
	// Family is the network to dial, "tcp", "tcp4" or "tcp6".
	Family string
	// ProxyJump are the hops before the host, the nearest to us first; where
	// there are none, ProxyCommand is run instead of a connection, if any.
	ProxyJump    []string
	ProxyCommand string

	// IdentityFiles and CertificateFiles are offered in this order.
	IdentityFiles, CertificateFiles []string
	IdentitiesOnly                  bool
	// IdentityAgent is the agent's socket, "" for none.
	IdentityAgent string
	// Pubkey, Password and Interactive say which ways to log in are allowed.
	Pubkey, Password, Interactive bool
	// Prompts is how often a password may be asked for.
	Prompts int
	// Batch says that the user wants to be asked nothing for this host.
	Batch bool

	// UserKnownHosts are read before GlobalKnownHosts; a new key is written to the
	// first.
	UserKnownHosts, GlobalKnownHosts []string
	RevokedKeys                      string
	HashKnownHosts, CheckHostIP      bool
	// NoLocalhostCheck is NoHostAuthenticationForLocalhost.
	NoLocalhostCheck bool
	// StrictHostKeyChecking is "ask", "yes", "accept-new" or "no".
	StrictHostKeyChecking string

	// ConnectTimeout and AliveInterval are 0 when they are not set.
	ConnectTimeout, AliveInterval time.Duration
	AliveCount                    int

	// Algorithms in order of preference; nil takes the library's.
	Ciphers, KeyExchanges, MACs, HostKeyAlgorithms, PubkeyAlgorithms, CAAlgorithms []string
	// OwnOrder says that the configuration orders HostKeyAlgorithms itself, so
	// that the keys that are known must not change it.
	OwnOrder bool

	// From says who decided, "ssh -G" or "own reading of ssh_config"; Notes what
	// of the configuration is not followed.
	From  string
	Notes []string
}

const (
	// maxResolved bounds what `ssh -G` may print.
	maxResolved = 1 << 20
	// resolveTimeout bounds `ssh -G`: a Match exec may run anything.
	resolveTimeout = 10 * time.Second
	// ownReading is Settings.From without ssh.
	ownReading = "own reading of ssh_config (there is no ssh)"
)

// resolve finds the settings for a host, from scratch: the files may have changed.
func (p *Pool) resolve(ctx context.Context, t target) (Settings, error) {
	if p.cfg.Resolve != nil {
		s, err := p.cfg.Resolve(ctx, t.host)
		if err != nil {
			return s, asError(t.host, ErrConfig, err)
		}
		return s.complete(t), nil
	}
	var text []byte
	from := "ssh -G"
	if ssh, err := exec.LookPath("ssh"); err == nil {
		if text, err = askSSH(ctx, ssh, p.cfg.File, t); err != nil {
			return Settings{}, err
		}
	} else {
		from = ownReading
		if text, err = readConfig(ctx, p.cfg.File, t); err != nil {
			return Settings{}, &Error{Host: t.host, Phase: phaseConfig, Err: ErrConfig, Cause: err}
		}
	}
	s, err := parseSettings(text, t, homeDir())
	if err != nil {
		return s, err
	}
	s.From = from
	s.OwnOrder = from != ownReading && p.ownOrder(ctx, s.HostKeyAlgorithms)
	return s, nil
}

// askSSH runs `ssh -G`. The host cannot be taken for an option, and no shell is
// involved.
func askSSH(ctx context.Context, ssh, file string, t target) ([]byte, error) {
	args := []string{"-G"}
	if file != "" {
		args = append(args, "-F", file)
	}
	if t.user != "" {
		args = append(args, "-l", t.user)
	}
	if t.port != 0 {
		args = append(args, "-p", strconv.Itoa(t.port))
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, ssh, append(args, "--", t.host)...)
	out, said := &bounded{limit: maxResolved}, &bounded{limit: 4096}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, said, time.Second
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, &Error{
			Host: t.host, Phase: phaseConfig, Err: ErrTimeout, Cause: ctx.Err(),
			Text: " in ssh -G after " + inSeconds(resolveTimeout), Advice: "A Match exec of the ssh configuration may hang.",
		}
	case err != nil:
		text := clip(strings.ReplaceAll(strings.TrimSpace(said.String()), "\r", ""), 400)
		if text == "" {
			text = err.Error()
		}
		return nil, &Error{Host: t.host, Phase: phaseConfig, Err: ErrConfig, Cause: err, Text: ": " + text}
	case out.dropped() > 0:
		return nil, &Error{Host: t.host, Phase: phaseConfig, Err: ErrConfig, Text: ": ssh -G prints more than is credible"}
	}
	return out.Bytes(), nil
}

// ownOrder reports whether the configuration orders the algorithms itself. ssh
// orders them by the keys it knows when the user has none, or only adds and
// removes some; `ssh -G` does not tell which, its defaults do.
func (p *Pool) ownOrder(ctx context.Context, list []string) bool {
	p.defaults.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
		defer cancel()
		ssh, err := exec.LookPath("ssh")
		if err != nil {
			return
		}
		out := &bounded{limit: maxResolved}
		cmd := exec.CommandContext(ctx, ssh, "-G", "-F", "none", "--", "defaults")
		cmd.Stdout = out
		if cmd.Run() != nil {
			return
		}
		if s, err := parseSettings(out.Bytes(), target{host: "defaults"}, ""); err == nil {
			p.defaults.algorithms = s.HostKeyAlgorithms
		}
	})
	last := -1
	for _, a := range list {
		switch i := slices.Index(p.defaults.algorithms, a); {
		case i < 0:
			last = len(p.defaults.algorithms) // added ones come last
		case i < last:
			return true
		default:
			last = i
		}
	}
	return false
}

// parseSettings reads what `ssh -G` prints: a keyword in small letters and its
// value, a line each. home is the user's directory.
func parseSettings(text []byte, t target, home string) (Settings, error) {
	s := Settings{
		Port: 22, Family: "tcp", StrictHostKeyChecking: "ask", AliveCount: aliveCount,
		Pubkey: true, Password: true, Interactive: true, Prompts: 3,
	}
	var jump string
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		value = strings.TrimSpace(value)
		switch key = strings.ToLower(key); key {
		case "port":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 65535 {
				return s, &Error{Host: t.host, Phase: phaseConfig, Err: ErrConfig, Text: fmt.Sprintf(": the port %q", clip(value, 40))}
			}
			s.Port = n
		case "proxyjump":
			jump = value
		case "identityfile":
			s.IdentityFiles = append(s.IdentityFiles, value)
		case "certificatefile":
			s.CertificateFiles = append(s.CertificateFiles, value)
		case "note":
			s.Notes = append(s.Notes, value)
		case "knownhostscommand", "verifyhostkeydns":
			if !isNone(value) && value != "no" && value != "false" {
				s.Notes = append(s.Notes, key+" is not followed")
			}
		default:
			s.set(key, value)
		}
	}
	if jump != "" && !isNone(jump) {
		s.ProxyJump = strings.Split(jump, ",")
	}
	s = s.complete(t)
	s.expand(t.host, home)
	return s, s.check(t.host)
}

// set takes the keywords whose value needs no thought.
func (s *Settings) set(key, value string) {
	on := value == "yes" || value == "true"
	switch key {
	case "hostname":
		s.HostName = strings.ToLower(value)
	case "user":
		s.User = value
	case "hostkeyalias":
		s.HostKeyAlias = value
	case "addressfamily":
		s.Family = map[string]string{"inet": "tcp4", "inet6": "tcp6"}[value]
	case "proxycommand":
		s.ProxyCommand = value
	case "identitiesonly":
		s.IdentitiesOnly = on
	case "identityagent":
		s.IdentityAgent = value
	case "pubkeyauthentication":
		s.Pubkey = value != "no" && value != "false"
	case "passwordauthentication":
		s.Password = on
	case "kbdinteractiveauthentication", "challengeresponseauthentication":
		s.Interactive = on
	case "numberofpasswordprompts":
		s.Prompts = wholeNumber(value, 3)
	case "batchmode":
		s.Batch = on
	case "userknownhostsfile":
		s.UserKnownHosts = fileList(value)
	case "globalknownhostsfile":
		s.GlobalKnownHosts = fileList(value)
	case "revokedhostkeys":
		s.RevokedKeys = value
	case "hashknownhosts":
		s.HashKnownHosts = on
	case "checkhostip":
		s.CheckHostIP = on
	case "nohostauthenticationforlocalhost":
		s.NoLocalhostCheck = on
	case "stricthostkeychecking":
		s.StrictHostKeyChecking = strictness(value)
	case "connecttimeout":
		s.ConnectTimeout = time.Duration(wholeNumber(value, 0)) * time.Second
	case "serveraliveinterval":
		s.AliveInterval = time.Duration(wholeNumber(value, 0)) * time.Second
	case "serveralivecountmax":
		s.AliveCount = max(1, wholeNumber(value, aliveCount))
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
	case "casignaturealgorithms":
		s.CAAlgorithms = strings.Split(value, ",")
	}
}

// complete puts what the caller named above the configuration, and fills in what
// ssh takes for granted.
func (s Settings) complete(t target) Settings {
	if s.HostName == "" {
		s.HostName = strings.ToLower(t.host)
	}
	if s.Family == "" {
		s.Family = "tcp"
	}
	if t.user != "" {
		s.User = t.user
	}
	if s.User == "" {
		s.User = localUser()
	}
	if t.port != 0 {
		s.Port = t.port
	}
	if s.Port == 0 {
		s.Port = 22
	}
	if s.StrictHostKeyChecking == "" {
		s.StrictHostKeyChecking = "ask"
	}
	if s.AliveCount == 0 {
		s.AliveCount = aliveCount
	}
	if s.Prompts == 0 {
		s.Prompts = 3
	}
	return s
}

// check refuses what would mislead a shell, ssh or a person: the configuration
// may come from elsewhere, and `ssh -G` passes it on untouched.
func (s *Settings) check(host string) error {
	bad := func(what, text string) error {
		return &Error{Host: host, Phase: phaseConfig, Err: ErrHostName, Text: fmt.Sprintf(": the %s %q", what, clip(text, 80))}
	}
	if !plainName(s.HostName) {
		return bad("HostName", s.HostName)
	}
	if !plainUser(s.User) {
		return bad("User", s.User)
	}
	return nil
}

// address is where the host listens, host:port.
func (s *Settings) address() string { return hostPort(s.HostName, s.Port) }

func strictness(value string) string {
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

func isNone(s string) bool { return strings.EqualFold(s, "none") }

func wholeNumber(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return min(n, 1<<20)
	}
	return otherwise
}

// fileList splits a list of files. `ssh -G` prints names with spaces without
// quotes; what cannot begin a file's name goes on with the one before.
func fileList(s string) []string {
	var out []string
	for word := range strings.SplitSeq(s, " ") {
		if len(out) > 0 && (word == "" || !strings.ContainsRune("/~.%$", rune(word[0])) && !isNone(word)) {
			out[len(out)-1] += " " + word
			continue
		}
		out = append(out, word)
	}
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// asError makes an Error of whatever a caller's function returned.
func asError(host string, kind, err error) error {
	if isError(err) {
		return err
	}
	return &Error{Host: host, Phase: phaseConfig, Err: kind, Cause: err}
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}
