package sshpool

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func FuzzKnownHosts(f *testing.F) {
	f.Add([]byte("box.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPTGy6UtjYHkmJ0ruTnkVMfeZfZqzIFQhXzCc9iLLHn\n"), "box.example")
	f.Add([]byte("@cert-authority *.example,!x ssh-rsa AAAA\n@revoked\t* x y\n|1|AAAA|BBBB ssh-ed25519 AAAA\r\n"), "a.example")
	f.Add([]byte("[box]:2222 \x00\n#\n@ @\n"), "[box]:2222")
	f.Fuzz(func(t *testing.T, text []byte, host string) {
		var h knownHosts
		h.parse(bytes.NewReader(text), "known_hosts")
		if lines := bytes.Count(text, []byte("\n")) + 1; len(h.keys) > lines || len(h.skipped) > maxSkipped {
			t.Errorf("%d keys of %d lines, %d skipped", len(h.keys), lines, len(h.skipped))
		}
		for _, k := range h.of(host) {
			if !k.covers(host) || k.key == nil || k.line < 1 {
				t.Errorf("%+v is not about %q", k, host)
			}
		}
	})
}

func FuzzMatchPattern(f *testing.F) {
	f.Add("*.ex?mple", "box.example")
	f.Add("**a*?b", "aaab")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 200 || len(s) > 200 {
			return
		}
		if got, want := matchPattern(pattern, s), slowMatch(pattern, s, map[[2]int]bool{}); got != want {
			t.Errorf("%q with %q: %t", pattern, s, got)
		}
	})
}

// slowMatch is the definition.
func slowMatch(pattern, s string, failed map[[2]int]bool) bool {
	at := [2]int{len(pattern), len(s)}
	if failed[at] {
		return false
	}
	ok := false
	switch {
	case pattern == "":
		ok = s == ""
	case pattern[0] == '*':
		ok = slowMatch(pattern[1:], s, failed) || s != "" && slowMatch(pattern, s[1:], failed)
	case s != "" && (pattern[0] == '?' || pattern[0] == s[0]):
		ok = slowMatch(pattern[1:], s[1:], failed)
	}
	failed[at] = !ok
	return ok
}

func FuzzResolved(f *testing.F) {
	f.Add([]byte("hostname 10.0.0.1\nuser storm\nport 22\nproxyjump a,b@c:23\nidentityfile ~/.ssh/id_%r\n"))
	f.Add([]byte("hostname -oProxyCommand=id\n"))
	f.Add([]byte("userknownhostsfile /a b/c ~/x\nconnecttimeout none\nidentityagent $SOCK\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSettings(text, target{host: "w1"}, "/home/me")
		if err != nil {
			return
		}
		if !plainName(s.HostName) || !plainUser(s.User) || s.Port < 1 || s.Port > 65535 || s.AliveCount < 1 {
			t.Errorf("%+v", s)
		}
		if strings.ContainsAny(s.HostName+s.User, " \n;`$|&'\"") {
			t.Errorf("a shell would read something into %q or %q", s.HostName, s.User)
		}
	})
}

func FuzzOwnReading(f *testing.F) {
	for _, text := range configTexts {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(bytes.ToLower(text), []byte("include")) {
			return // of whatever this machine has
		}
		file := filepath.Join(dir, "config")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := readConfig(t.Context(), file, target{host: "w1"})
		if err != nil {
			return
		}
		if s, err := parseSettings(out, target{host: "w1"}, "/home/me"); err == nil && !plainName(s.HostName) {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzClock(f *testing.F) {
	f.Add("1763640000 520000000 +0100\n", "TZ \n/usr/share/zoneinfo/Europe/Berlin\n")
	f.Add("1763640000 N -0330", "../../etc/passwd")
	f.Fuzz(func(t *testing.T, first, names string) {
		c, err := parseClock(first, names, time.Unix(1763640000, 0), time.Millisecond)
		if err == nil && (c.Zone == nil || !c.Known) {
			t.Errorf("%+v", c)
		}
	})
}

func FuzzScript(f *testing.F) {
	f.Add("cat -- 'a b'; echo \\ ! \n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		command := Script(text)
		// Between the outer quotes nothing may be left that some shell reads.
		inner, ok := strings.CutPrefix(command, scriptStart)
		if !ok || !strings.HasSuffix(inner, "'") || strings.ContainsAny(inner[:len(inner)-1], "'!\n\r") {
			t.Errorf("%q", command)
		}
		if forLoginShell(command) != command {
			t.Error("it is wrapped twice")
		}
	})
}
