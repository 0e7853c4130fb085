package sshpool

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// A verdictCase is a known_hosts file, or several, and a server. In the texts {ed}
// is the server's ed25519 key, {ed2} another one, {rsa}, {rsa2}, {ecdsa} and
// {ecdsa2} likewise, {ca} and {ca2} are authorities, {rsaca} one with an RSA key,
// and {#name} is a name as ssh hashes it. The host is box.example.
type verdictCase struct {
	name   string
	server string // its keys, see hostKeys; "ed" when empty
	port   int    // 22 when 0
	known  string // the user's known_hosts
	second string // the user's second one
	global string
	lines  string // of ssh_config
	want   string // what OpenSSH says: "accept", "unknown", "changed", "revoked"
	added  string // with accept-new: what ssh-keygen -F must find afterwards
}

var verdictCases = []verdictCase{
	{name: "nothing known", want: "unknown"},
	{name: "the key", known: "box.example {ed}", want: "accept"},
	{name: "another key", known: "box.example {ed2}", want: "changed"},
	{name: "another key of another type", known: "box.example {rsa2}", want: "changed"},
	{name: "three keys, rsa known", server: "three", known: "box.example {rsa}", want: "accept"},
	{name: "three keys, ecdsa known", server: "three", known: "box.example {ecdsa}", want: "accept"},
	{name: "three keys, rsa right and ed25519 wrong", server: "three", known: "box.example {rsa}\nbox.example {ed2}", want: "changed"},
	{name: "three keys, ed25519 right and rsa wrong", server: "three", known: "box.example {rsa2}\nbox.example {ed}", want: "accept"},
	{name: "three keys, ecdsa wrong", server: "three", known: "box.example {ecdsa2}", want: "changed"},
	{name: "three keys, all known", server: "three", known: "box.example {rsa}\nbox.example {ecdsa}\nbox.example {ed}", want: "accept"},
	{name: "rsa server", server: "rsa", known: "box.example {rsa}", want: "accept"},
	{name: "rsa server, another rsa key", server: "rsa", known: "box.example {rsa2}", want: "changed"},
	{name: "wrong and right key", known: "box.example {ed2}\nbox.example {ed}", want: "accept"},
	{name: "in the second file", second: "box.example {ed}", want: "accept"},
	{name: "wrong in the first file, right in the second", known: "box.example {ed2}", second: "box.example {ed}", want: "accept"},
	{name: "in the global file", global: "box.example {ed}", want: "accept"},
	{name: "wrong in the global file", global: "box.example {ed2}", want: "changed"},
	{name: "right in the global file, wrong in the user's", known: "box.example {ed2}", global: "box.example {ed}", want: "accept"},
	{name: "a list of names", known: "a,box.example,127.0.0.1 {ed}", want: "accept"},
	{name: "a star", known: "* {ed}", want: "accept"},
	{name: "a domain", known: "*.example {ed2}", want: "changed"},
	{name: "a question mark", known: "?ox.example {ed}", want: "accept"},
	{name: "a question mark for nothing", known: "box.example? {ed}", want: "unknown"},
	{name: "excluded first", known: "!box.example,*.example {ed}", want: "unknown"},
	{name: "excluded last", known: "*.example,!box.example {ed}", want: "unknown"},
	{name: "another one excluded", known: "!fox.example,*.example {ed}", want: "accept"},
	{name: "excluded only", known: "!fox.example {ed}", want: "unknown"},
	{name: "capitals in the file", known: "BOX.Example {ed}", want: "accept"},
	{name: "capitals in the configuration", lines: "HostName BOX.example", known: "box.example {ed}", want: "accept"},
	{name: "hashed", known: "{#box.example} {ed}", want: "accept"},
	{name: "hashed, another key", known: "{#box.example} {ed2}", want: "changed"},
	{name: "hashed, another name", known: "{#fox.example} {ed}", want: "unknown"},
	{name: "a broken hash", known: "|1|AAAA|BBBB {ed}", want: "unknown"},
	{name: "hashed with its port", port: 2222, known: "{#[box.example]:2222} {ed}", want: "accept"},
	{name: "port", port: 2222, known: "[box.example]:2222 {ed}", want: "accept"},
	{name: "port, another key", port: 2222, known: "[box.example]:2222 {ed2}", want: "changed"},
	{name: "port, known without", port: 2222, known: "box.example {ed}", want: "accept"},
	{name: "port, another key known without", port: 2222, known: "box.example {ed2}", want: "unknown"},
	{name: "port wrong, right without", port: 2222, known: "box.example {ed}\n[box.example]:2222 {ed2}", want: "changed"},
	{name: "another port", port: 2222, known: "[box.example]:2223 {ed}", want: "unknown"},
	{name: "a domain with its port", port: 2222, known: "[*.example]:2222 {ed}", want: "accept"},
	{name: "any port", port: 2222, known: "[box.example]:* {ed}", want: "accept"},
	{name: "port 22 written out", known: "[box.example]:22 {ed}", want: "unknown"},
	{name: "alias", lines: "HostKeyAlias fox", known: "fox {ed}", want: "accept"},
	{name: "alias unknown", lines: "HostKeyAlias fox", known: "box.example {ed}", want: "unknown"},
	{name: "alias and port", port: 2222, lines: "HostKeyAlias fox", known: "fox {ed}", want: "accept"},
	{name: "alias written with a port", port: 2222, lines: "HostKeyAlias fox", known: "[fox]:2222 {ed}", want: "unknown"},
	{name: "after a malformed line", known: "this is no key\nbox.example {ed}", want: "accept"},
	{name: "after a key of an unknown type", known: "box.example ssh-new AAAA\nbox.example {ed}", want: "accept"},
	{name: "after a line of 70 KB", known: "box.example ssh-rsa " + strings.Repeat("A", 70<<10) + "\nbox.example {ed}", want: "accept"},
	{name: "line ends of Windows", known: "box.example {ed}\r\nfox {ed2}\r\n", want: "accept"},
	{name: "no end of the last line", known: "fox {ed2}\nbox.example {ed}<", want: "accept"},
	{name: "tabs", known: "box.example\t{ed}", want: "accept"},
	{name: "leading blanks", known: "  \t box.example {ed}", want: "accept"},
	{name: "comments", known: "# box.example {ed2}\n\n   # more\nbox.example {ed} me@here", want: "accept"},
	{name: "an unknown marker", known: "@trusted box.example {ed}", want: "unknown"},
	{name: "two markers", known: "@revoked @cert-authority box.example {ed}\nbox.example {ed}", want: "accept"},
	{name: "broken base64", known: "box.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAA", want: "unknown"},
	{name: "a type that is not the key's", known: "box.example ssh-rsa {ed-blob}", want: "unknown"},
	{name: "a name and nothing else", known: "box.example\nbox.example {ed}", want: "accept"},
	{name: "revoked", known: "@revoked * {ed}\nbox.example {ed}", want: "revoked"},
	{name: "revoked after it was named", known: "box.example {ed}\n@revoked * {ed}", want: "revoked"},
	{name: "revoked and not known", known: "@revoked box.example {ed}", want: "revoked"},
	{name: "another key revoked", known: "@revoked * {ed2}\nbox.example {ed}", want: "accept"},
	{name: "another key revoked, nothing known", known: "@revoked * {ed2}", want: "unknown"},
	{name: "revoked for another host", known: "@revoked fox {ed}\nbox.example {ed}", want: "accept"},
	{name: "revoked with a tab behind the marker", known: "@revoked\t* {ed}\nbox.example {ed}", want: "accept"},
	{name: "three keys, ed25519 revoked, rsa known", server: "three", known: "@revoked * {ed}\nbox.example {rsa}", want: "accept"},
	{name: "revoked for the port", port: 2222, known: "@revoked [box.example]:2222 {ed}\nbox.example {ed}", want: "revoked"},
	{name: "revoked without the port", port: 2222, known: "@revoked box.example {ed}", want: "revoked"},
	{name: "in RevokedHostKeys", lines: "RevokedHostKeys {dir}/ed.pub", known: "box.example {ed}", want: "revoked"},
	{name: "not in RevokedHostKeys", lines: "RevokedHostKeys {dir}/ed2.pub", known: "box.example {ed}", want: "accept"},
	{name: "no RevokedHostKeys there", lines: "RevokedHostKeys {dir}/nothing", known: "box.example {ed}", want: "revoked"},
	{name: "certificate", server: "valid", known: "@cert-authority *.example {ca}", want: "accept"},
	{name: "certificate, its authority unknown", server: "valid", want: "unknown"},
	{name: "certificate of another authority", server: "valid", known: "@cert-authority * {ca2}", want: "unknown"},
	{name: "certificate of another authority, key known", server: "valid", known: "@cert-authority * {ca2}\nbox.example {ed}", want: "accept"},
	{name: "certificate of another authority, another key known", server: "valid", known: "@cert-authority * {ca2}\nbox.example {ed2}", want: "changed"},
	{name: "authority for another domain", server: "valid", known: "@cert-authority *.org {ca}", want: "unknown"},
	{name: "authority without its marker", server: "valid", known: "box.example {ca}", want: "changed"},
	{name: "certificate and wrong key", server: "valid", known: "@cert-authority * {ca}\nbox.example {ed2}", want: "accept"},
	{name: "expired", server: "expired", known: "@cert-authority * {ca}", want: "unknown"},
	{name: "expired, key known", server: "expired", known: "@cert-authority * {ca}\nbox.example {ed}", want: "accept"},
	{name: "expired, another key known", server: "expired", known: "@cert-authority * {ca}\nbox.example {ed2}", want: "changed"},
	{name: "not yet valid", server: "early", known: "@cert-authority * {ca}", want: "unknown"},
	{name: "for another host", server: "other", known: "@cert-authority * {ca}", want: "unknown"},
	{name: "for nobody in particular", server: "anybody", known: "@cert-authority * {ca}", want: "accept"},
	{name: "for a pattern", server: "pattern", known: "@cert-authority * {ca}", want: "unknown"},
	{name: "for the alias", server: "other", lines: "HostKeyAlias fox.example", known: "@cert-authority fox.example {ca}", want: "accept"},
	{name: "certificate by RSA", server: "byrsa", known: "@cert-authority * {rsaca}", want: "accept"},
	{name: "certificate by RSA with SHA-1", server: "sha1", known: "@cert-authority * {rsaca}", want: "unknown"},
	{name: "authority revoked", server: "valid", known: "@cert-authority * {ca}\n@revoked * {ca}", want: "revoked"},
	{name: "certified key revoked", server: "valid", known: "@cert-authority * {ca}\n@revoked * {ed}", want: "revoked"},
	{name: "authority without the port", server: "valid", port: 2222, known: "@cert-authority box.example {ca}", want: "accept"},
	{name: "authority with the port", server: "valid", port: 2222, known: "@cert-authority [*.example]:2222 {ca}", want: "accept"},
	{name: "accept-new", lines: "StrictHostKeyChecking accept-new", want: "accept", added: "box.example"},
	{name: "accept-new with its port", port: 2222, lines: "StrictHostKeyChecking accept-new", want: "accept", added: "[box.example]:2222"},
	{name: "accept-new, hashed", lines: "StrictHostKeyChecking accept-new\nHashKnownHosts yes", want: "accept", added: "box.example"},
	{name: "accept-new, behind an open line", known: "fox {ed2}<", lines: "StrictHostKeyChecking accept-new", want: "accept", added: "box.example"},
	{name: "accept-new, changed", lines: "StrictHostKeyChecking accept-new", known: "box.example {ed2}", want: "changed"},
	{name: "asking, nobody there", lines: "StrictHostKeyChecking ask", want: "unknown"},
	{name: "off, unknown", lines: "StrictHostKeyChecking no", want: "accept", added: "box.example"},
	{name: "own order of algorithms", server: "three", lines: "HostKeyAlgorithms rsa-sha2-512,ssh-ed25519", known: "box.example {ed}", want: "changed"},
	{name: "an algorithm taken away", server: "three", lines: "HostKeyAlgorithms -ssh-ed25519", known: "box.example {rsa}", want: "accept"},
	{name: "one algorithm only", server: "three", lines: "HostKeyAlgorithms rsa-sha2-256", known: "box.example {ed}", want: "changed"},
}

// hostKeys are the lines of sshd_config for the servers of the cases.
func hostKeys(t *testing.T, dir, server string) []string {
	key := func(name string) string { return "HostKey " + filepath.Join(dir, name) }
	certificate := func(ca string, args ...string) []string {
		keygen := require.Tool(t, "ssh-keygen")
		own := filepath.Join(dir, server)
		write(t, own+".pub", string(read(t, filepath.Join(dir, "ed.pub"))))
		run(t, keygen, append(append([]string{"-q", "-s", filepath.Join(dir, ca), "-h", "-I", server}, args...), own+".pub")...)
		return []string{key("ed"), "HostCertificate " + own + "-cert.pub"}
	}
	switch server {
	case "rsa":
		return []string{key("rsa")}
	case "three":
		return []string{key("ed"), key("rsa"), key("ecdsa")}
	case "valid":
		return certificate("ca", "-n", "fox.example,box.example", "-V", "-1d:+1d")
	case "expired":
		return certificate("ca", "-n", "box.example", "-V", "-2d:-1d")
	case "early":
		return certificate("ca", "-n", "box.example", "-V", "+1d:+2d")
	case "other":
		return certificate("ca", "-n", "fox.example")
	case "anybody":
		return certificate("ca")
	case "pattern":
		return certificate("ca", "-n", "*.example")
	case "byrsa":
		return certificate("rsaca", "-n", "box.example")
	case "sha1":
		return certificate("rsaca", "-t", "ssh-rsa", "-n", "box.example")
	}
	return []string{key("ed")}
}

// TestHostKeyVerdictsAreThoseOfOpenSSH judges every case twice, by the ssh that is
// installed and by the pool.
func TestHostKeyVerdictsAreThoseOfOpenSSH(t *testing.T) {
	ssh := require.Tool(t, "ssh")
	dir := t.TempDir()
	for name, kind := range map[string]string{
		"ed": "ed25519 1", "ed2": "ed25519 2", "rsa": "rsa 1", "rsa2": "rsa 2", "ecdsa": "ecdsa 1", "ecdsa2": "ecdsa 2",
		"ca": "ed25519 3", "ca2": "ed25519 4", "rsaca": "rsa 3",
	} {
		var number int
		var word string
		if _, err := fmt.Sscan(kind, &word, &number); err != nil {
			t.Fatal(err)
		}
		file := keyFile(t, t.TempDir(), word, number)
		write(t, filepath.Join(dir, name), string(read(t, file)))
		write(t, filepath.Join(dir, name+".pub"), string(read(t, file+".pub")))
	}
	servers := map[string]*server{}
	for _, c := range verdictCases {
		if servers[c.server] == nil {
			servers[c.server] = startServer(t, hostKeys(t, dir, c.server)...)
		}
	}
	var same atomic.Int64
	t.Cleanup(func() { t.Logf("%d of %d verdicts are OpenSSH's", same.Load(), len(verdictCases)) })
	for i, c := range verdictCases {
		t.Run(fmt.Sprintf("%02d %s", i+1, c.name), func(t *testing.T) {
			t.Parallel()
			s := servers[c.server]
			theirs, theirWords := theirVerdict(t, ssh, c.config(t, dir, s))
			config := c.config(t, dir, s)
			ours, err := ourVerdict(t, config)
			if theirs != c.want {
				t.Errorf("ssh says %s, the table %s; %s", theirs, c.want, clip(theirWords, 400))
			}
			if ours != theirs {
				t.Errorf("ssh says %s, the pool %s (%v); %s", theirs, ours, err, clip(theirWords, 400))
			}
			if c.added != "" {
				run(t, "ssh-keygen", "-F", c.added, "-f", filepath.Join(filepath.Dir(config), "known"))
			}
			if !t.Failed() {
				same.Add(1)
			}
		})
	}
}

// config writes the files of a case and returns its ssh_config.
func (c verdictCase) config(t *testing.T, keys string, s *server) string {
	t.Helper()
	dir := t.TempDir()
	fill := func(text string) string {
		for _, name := range []string{"ed", "ed2", "rsa", "rsa2", "ecdsa", "ecdsa2", "ca", "ca2", "rsaca"} {
			fields := strings.Fields(string(read(t, filepath.Join(keys, name+".pub"))))
			text = strings.NewReplacer("{"+name+"}", fields[0]+" "+fields[1], "{"+name+"-blob}", fields[1]).Replace(text)
		}
		for {
			before, rest, ok := strings.Cut(text, "{#")
			if !ok {
				break
			}
			name, after, _ := strings.Cut(rest, "}")
			salt := []byte("01234567890123456789")
			text = before + "|1|" + base64.StdEncoding.EncodeToString(salt) + "|" + base64.StdEncoding.EncodeToString(hashOf(salt, name)) + after
		}
		return strings.ReplaceAll(text, "{dir}", keys)
	}
	for name, text := range map[string]string{"known": c.known, "second": c.second, "global": c.global} {
		if text == "" {
			continue
		}
		text, open := strings.CutSuffix(fill(text), "<")
		if !open {
			text += "\n"
		}
		write(t, filepath.Join(dir, name), text)
	}
	port := c.port
	if port == 0 {
		port = 22
	}
	me, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config")
	write(t, file, fmt.Sprintf("Host *\n%s\nHostName box.example\nPort %d\nProxyCommand env %s=%s %s\nIdentityFile %s\nIdentitiesOnly yes\nIdentityAgent none\n"+
		"UserKnownHostsFile %s/known %s/second\nGlobalKnownHostsFile %s/global\nStrictHostKeyChecking yes\nHashKnownHosts no\nUpdateHostKeys no\nBatchMode yes\n",
		fill(c.lines), port, pipeTo, s.address(), me, filepath.Join(s.dir, "ed25519_0"), dir, dir, dir))
	return file
}

// theirVerdict has ssh decide.
func theirVerdict(t *testing.T, ssh, config string) (verdict, words string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), ssh, "-F", config, "box", "true").CombinedOutput()
	text := string(out)
	switch {
	case err == nil:
		return "accept", text
	case strings.Contains(text, "REVOKED HOST KEY"), strings.Contains(text, "revoked by file"), strings.Contains(text, "in revoked keys file"):
		return "revoked", text
	case strings.Contains(text, "REMOTE HOST IDENTIFICATION HAS CHANGED"):
		return "changed", text
	case strings.Contains(text, "Host key verification failed"):
		return "unknown", text
	}
	return "other: " + clip(text, 200), text
}

// ourVerdict has the pool decide.
func ourVerdict(t *testing.T, config string) (string, error) {
	t.Helper()
	p := New(Config{File: config})
	defer p.Close()
	l, err := p.Host("box").link(within10(t), false)
	switch {
	case err == nil:
		l.release()
		return "accept", nil
	case errors.Is(err, ErrHostKeyRevoked):
		return "revoked", err
	case errors.Is(err, ErrHostKeyChanged):
		return "changed", err
	case errors.Is(err, ErrHostKeyUnknown):
		return "unknown", err
	}
	return "other", err
}
