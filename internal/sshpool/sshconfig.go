package sshpool

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// readConfig reads ssh_config where there is no ssh to do it, and answers in the
// form of `ssh -G`. Host, Match and Include work as in ssh, with two exceptions
// that are told in the notes: a Match that would have to run a command, or asks
// for what is not known here, does not apply, and names are not canonicalised.
// Keywords that concern nothing here are passed over, also those that ssh does
// not know.
func readConfig(_ context.Context, file string, t target) ([]byte, error) {
	r := &configReader{target: t, host: t.host, home: homeDir(), values: map[string][]string{}}
	if t.user != "" {
		r.values["user"] = []string{t.user}
	}
	if t.port != 0 {
		r.values["port"] = []string{strconv.Itoa(t.port)}
	}
	read := func() error {
		switch {
		case isNone(file):
			return nil
		case file != "":
			return r.file(file, filepath.Join(r.home, ".ssh"), true, 0)
		}
		if err := r.file(filepath.Join(r.home, ".ssh", "config"), filepath.Join(r.home, ".ssh"), false, 0); err != nil {
			return err
		}
		return r.file("/etc/ssh/ssh_config", "/etc/ssh", false, 0)
	}
	if err := read(); err != nil {
		return nil, err
	}
	if r.wantsFinal {
		r.final, r.host = true, r.hostName()
		if err := read(); err != nil {
			return nil, err
		}
	}
	return r.print(), nil
}

// configReader gathers the values for one host. As in ssh, the first one counts.
type configReader struct {
	target     target
	host, home string
	values     map[string][]string
	final      bool // the second pass, which `Match final` asks for
	wantsFinal bool
	notes      []string
}

const (
	maxInclude     = 16
	maxConfigFile  = 4 << 20
	maxConfigFiles = 256
)

func (r *configReader) hostName() string {
	if v := r.values["hostname"]; len(v) > 0 {
		return strings.ToLower(strings.NewReplacer("%%", "%", "%h", r.target.host).Replace(v[0]))
	}
	return strings.ToLower(r.target.host)
}

func (r *configReader) note(text string) {
	if !slices.Contains(r.notes, text) && len(r.notes) < 8 {
		r.notes = append(r.notes, text)
	}
}

// file reads one file; dir is where the relative names of its includes begin.
func (r *configReader) file(name, dir string, must bool, depth int) error {
	return r.lines(name, dir, must, depth, true)
}

func (r *configReader) lines(name, dir string, must bool, depth int, active bool) error {
	info, err := os.Stat(name)
	if err != nil {
		if must {
			return fmt.Errorf("reading the ssh configuration: %w", err)
		}
		return nil
	}
	if info.IsDir() || info.Size() > maxConfigFile {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		if must {
			return fmt.Errorf("reading the ssh configuration: %w", err)
		}
		return nil
	}
	outer := active
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, maxConfigFile+1)
	for n := 1; scanner.Scan(); n++ {
		key, args, err := splitConfig(scanner.Text())
		switch {
		case err != nil:
			return fmt.Errorf("%s line %d: %w", name, n, err)
		case key == "":
		case len(args) == 0:
			return fmt.Errorf("%s line %d: %s has no value", name, n, key)
		case key == "host":
			active = outer && matchWords(strings.Join(args, ","), r.host) // here capitals count
		case key == "match":
			if active, err = r.match(args); err != nil {
				return fmt.Errorf("%s line %d: %w", name, n, err)
			}
			active = active && outer
		case key == "include":
			if err := r.include(args, dir, depth, active); err != nil {
				return err
			}
		case active:
			r.take(key, args)
		}
	}
	return scanner.Err()
}

// include reads further files; what stands in them applies only where the
// include itself does.
func (r *configReader) include(args []string, dir string, depth int, active bool) error {
	if depth >= maxInclude {
		return errors.New("the includes of the ssh configuration are nested too deeply")
	}
	for _, pattern := range args {
		if rest, ok := strings.CutPrefix(pattern, "~/"); ok {
			pattern = filepath.Join(r.home, rest)
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(dir, pattern)
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, name := range names[:min(len(names), maxConfigFiles)] {
			if err := r.lines(name, dir, false, depth+1, active); err != nil {
				return err
			}
		}
	}
	return nil
}

// lasting are the keywords of which every value counts.
var lasting = []string{"identityfile", "certificatefile"}

func (r *configReader) take(key string, args []string) {
	value := args
	switch key {
	case "proxycommand", "userknownhostsfile", "globalknownhostsfile":
	default:
		value = args[:1]
	}
	switch {
	case slices.Contains(lasting, key):
		if !slices.Contains(r.values[key], value[0]) {
			r.values[key] = append(r.values[key], value[0])
		}
	case key == "proxyjump" && r.values["proxycommand"] != nil, key == "proxycommand" && r.values["proxyjump"] != nil:
		// Whichever comes first keeps the other out.
	case r.values[key] == nil:
		r.values[key] = value
	}
}

// match decides about a Match line: all its criteria must hold.
func (r *configReader) match(args []string) (bool, error) {
	holds := true
	for i := 0; i < len(args); i++ {
		word := strings.ToLower(args[i])
		name, not := strings.CutPrefix(word, "!")
		value := ""
		if k, v, ok := strings.Cut(name, "="); ok {
			name, value = k, v
		} else if name != "all" && name != "canonical" && name != "final" {
			if i+1 >= len(args) {
				return false, fmt.Errorf("match %s has no value", name)
			}
			i++
			value = args[i]
		}
		ok := false
		switch name {
		case "all":
			ok = true
		case "final":
			r.wantsFinal = true
			ok = r.final
		case "canonical":
		case "host":
			ok = matchList(value, r.hostName())
		case "originalhost":
			ok = matchList(value, strings.ToLower(r.target.host))
		case "user":
			ok = matchWords(value, r.user())
		case "localuser":
			ok = matchWords(value, localUser())
		default:
			r.note("Match " + clip(name, 20) + " is not followed")
			holds = false
			continue
		}
		holds = holds && ok != not
	}
	return holds, nil
}

func (r *configReader) user() string {
	if v := r.values["user"]; len(v) > 0 {
		return v[0]
	}
	return localUser()
}

// matchList matches a list of patterns, some negated, with a host.
func matchList(list, host string) bool { return matchWords(strings.ToLower(list), host) }

func matchWords(list, s string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		pattern, not := strings.CutPrefix(strings.TrimSpace(pattern), "!")
		if matchPattern(pattern, s) {
			if not {
				return false
			}
			found = true
		}
	}
	return found
}

// print writes the values as `ssh -G` does, with ssh's defaults for what is not
// set.
func (r *configReader) print() []byte {
	var out bytes.Buffer
	line := func(key string, values ...string) { fmt.Fprintf(&out, "%s %s\n", key, strings.Join(values, " ")) }
	r.values["hostname"] = []string{r.hostName()}
	defaults := map[string][]string{
		"identityfile":         {"~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk"},
		"userknownhostsfile":   {"~/.ssh/known_hosts", "~/.ssh/known_hosts2"},
		"globalknownhostsfile": {"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"},
	}
	for key, values := range defaults {
		if r.values[key] == nil {
			r.values[key] = values
		}
	}
	lists := map[string]func(ssh.Algorithms) []string{
		"ciphers": func(a ssh.Algorithms) []string { return a.Ciphers }, "macs": func(a ssh.Algorithms) []string { return a.MACs },
		"kexalgorithms":            func(a ssh.Algorithms) []string { return a.KeyExchanges },
		"hostkeyalgorithms":        func(a ssh.Algorithms) []string { return a.HostKeys },
		"pubkeyacceptedalgorithms": func(a ssh.Algorithms) []string { return a.PublicKeyAuths },
	}
	if v := r.values["pubkeyacceptedkeytypes"]; v != nil && r.values["pubkeyacceptedalgorithms"] == nil {
		r.values["pubkeyacceptedalgorithms"] = v
	}
	delete(r.values, "pubkeyacceptedkeytypes")
	keys := make([]string, 0, len(r.values))
	for key := range r.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		values := r.values[key]
		switch {
		case slices.Contains(lasting, key):
			for _, v := range values {
				line(key, v)
			}
			continue
		case lists[key] != nil:
			values = []string{assemble(values[0], lists[key](ssh.SupportedAlgorithms()))}
		case key == "connecttimeout" || key == "serveraliveinterval":
			values = []string{strconv.Itoa(configSeconds(values[0]))}
		case key == "canonicalizehostname" && values[0] != "no":
			r.note("CanonicalizeHostname is not followed")
		}
		line(key, values...)
	}
	for _, note := range r.notes {
		line("note", note)
	}
	return out.Bytes()
}

// assemble writes out a list of algorithms that adds to the default (+), takes
// from it (-) or goes before it (^).
func assemble(value string, defaults []string) string {
	if value == "" {
		return strings.Join(defaults, ",")
	}
	list := strings.Split(value[1:], ",")
	named := func(a string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return matchPattern(p, a) })
	}
	rest := slices.DeleteFunc(slices.Clone(defaults), named)
	switch value[0] {
	case '+':
		return strings.Join(append(slices.Clone(defaults), slices.DeleteFunc(list, func(a string) bool { return slices.Contains(defaults, a) })...), ",")
	case '-':
		return strings.Join(rest, ",")
	case '^':
		return strings.Join(append(list, rest...), ",")
	}
	return value
}

// configSeconds reads a time of ssh_config: 90, 90s, 1m30s, 2h.
func configSeconds(s string) int {
	total, n := 0, 0
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' {
			n = min(n*10+int(c-'0'), 1<<20)
			continue
		}
		factor := map[byte]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[c|0x20]
		total, n = total+n*factor, 0
	}
	return min(total+n, 1<<20)
}

// splitConfig splits a line into its keyword, in small letters, and its arguments.
// Quotes hold words together, a backslash protects a quote or another one, and a #
// at the beginning of a word begins a comment.
func splitConfig(line string) (key string, args []string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil, nil
	}
	end := strings.IndexAny(line, " \t=")
	if end < 0 {
		return strings.ToLower(line), nil, nil
	}
	key = strings.ToLower(line[:end])
	rest := strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t")
	if key == "proxycommand" || key == "localcommand" || key == "remotecommand" || key == "knownhostscommand" {
		return key, []string{rest}, nil // a shell's line, as it stands
	}
	args, err = splitWords(rest)
	return key, args, err
}

func splitWords(s string) ([]string, error) {
	var out []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == '#' {
			return out, nil
		}
		var word strings.Builder
		quote := byte(0)
		i := 0
		for ; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '\\' && i+1 < len(s) && (s[i+1] == '\'' || s[i+1] == '"' || s[i+1] == '\\' || quote == 0 && s[i+1] == ' '):
				i++
				word.WriteByte(s[i])
			case quote == 0 && (c == ' ' || c == '\t'):
				goto done
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			default:
				word.WriteByte(c)
			}
		}
	done:
		if quote != 0 {
			return nil, errors.New("a quote is not closed")
		}
		out, s = append(out, word.String()), s[i:]
	}
}
