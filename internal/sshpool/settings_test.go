package sshpool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// configTexts are ssh configurations to be read by ssh and by the reader of our
// own, for the host "w1" unless the first line says "# host user port".
var configTexts = []string{
	"",
	"Host w1\n HostName 10.0.0.1\n User storm\n Port 2222",
	"Host w*\n HostName %h.dc1.example\nHost w1\n User late\n User never",
	"Host *.dc1 w1 x\n Port 23\nHost !w1 *\n Port 24",
	"Host * !w1\n Port 23\nHost *\n Port 24",
	"host=w1\nport = 2200\nuser=\"a user\"\nUser b",
	"  Host w1  \n\tPort\t2201\n\n# Port 1\n   # more",
	"Host w1 # a comment\n Port 2202 # and another",
	"Host W1\n Port 2203\nHost w1\n Port 2204",
	"# W1\nHost w1\n Port 2205\nHost W1\n Port 2206",
	"Match host w1\n Port 2207",
	"Match host w1,x user bob\n Port 2208\nHost *\n Port 2209",
	"# w1 bob\nMatch host w1,x user bob\n Port 2208\nHost *\n Port 2209",
	"Match originalhost w1\n HostName w1.example\nMatch host *.example\n Port 2210",
	"Match !host w2\n Port 2211",
	"Match all\n Port 2212",
	"Match final all\n Port 2213\nHost *\n User first",
	"Host w1\n HostName deep.example\nMatch final host deep.example\n Port 2214",
	"Match localuser nobody-at-all\n Port 2215\nMatch localuser *\n Port 2216",
	"Host w1\n ProxyJump bastion\n ProxyCommand nc %h %p",
	"Host w1\n ProxyCommand nc %h %p | cat\n ProxyJump bastion",
	"Host w1\n ProxyJump none\nHost *\n ProxyJump bastion",
	"Host w1\n ProxyJump ops@a:23,b",
	"Host w1\n IdentityFile ~/.ssh/one\n IdentityFile \"/with space/two\"\nHost *\n IdentityFile /three\n IdentityFile /three",
	"Host w1\n UserKnownHostsFile /k1 /k2\n GlobalKnownHostsFile /g",
	"Host w1\n UserKnownHostsFile none\n StrictHostKeyChecking accept-new\n HashKnownHosts yes",
	"Host w1\n HostKeyAlias %n.alias",
	"Host w1\n HostKeyAlias alias\n CheckHostIP yes\n NoHostAuthenticationForLocalhost yes",
	"Host w1\n ConnectTimeout 1m30s\n ServerAliveInterval 20\n ServerAliveCountMax 5",
	"Host w1\n IdentityAgent none\n IdentitiesOnly yes\n PasswordAuthentication no\n NumberOfPasswordPrompts 1",
	"Host w1\n AddressFamily inet6\n PubkeyAuthentication no\n KbdInteractiveAuthentication no",
	"Host w1\n CertificateFile /c1\n CertificateFile ~/c2\n RevokedHostKeys /r",
	"Include {dir}/more\nHost w1\n Port 2217",
	"Host other\n Include {dir}/more\nHost w1\n Port 2218",
	"Host w1\n Include {dir}/m*\n Port 2219",
	"Host w?\n Port 2220\nHost w\n Port 1",
	"Host w1\n SendEnv LANG LC_*\n ForwardAgent yes\n LocalForward 8080 localhost:80\n RequestTTY no\n Port 2221",
	"# storm@w1 \nHost w1\n User other\n Port 2222",
	"Host w1\n Ciphers aes128-ctr,aes256-ctr\n MACs hmac-sha2-256\n KexAlgorithms curve25519-sha256\n HostKeyAlgorithms ssh-ed25519\n PubkeyAcceptedAlgorithms ssh-ed25519",
	"User global\nHost w1\n Port 2223\n User local",
	"Host \"w1\"\n Port 2224",
	"Host w1 w1\r\n Port 2225\r\n",
}

func TestOwnReadingOfTheConfigurationIsThatOfSSH(t *testing.T) {
	ssh := require.Tool(t, "ssh")
	home := homeDir()
	same := 0
	for i, text := range configTexts {
		t.Run(fmt.Sprintf("%02d", i+1), func(t *testing.T) {
			dir := t.TempDir()
			text := strings.ReplaceAll(text, "{dir}", dir)
			write(t, filepath.Join(dir, "more"), "Host w1\n Port 2300\n User included\n")
			file := filepath.Join(dir, "config")
			write(t, file, text)
			tgt := target{host: "w1"}
			if rest, ok := strings.CutPrefix(text, "# "); ok {
				line, _, _ := strings.Cut(rest, "\n")
				words := strings.Fields(line)
				tgt, _ = parseTarget(words[0])
				if len(words) > 1 {
					tgt.user = words[1]
				}
			}
			theirText, err := askSSH(t.Context(), ssh, file, tgt)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := parseSettings(theirText, tgt, home)
			if err != nil {
				theirs = Settings{From: err.Error()}
			}
			ourText, err := readConfig(t.Context(), file, tgt)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := parseSettings(ourText, tgt, home)
			if err != nil {
				ours = Settings{From: err.Error()}
			}
			for _, s := range []*Settings{&theirs, &ours} {
				// Algorithms that nobody named, and files that nobody did, differ by version.
				if !strings.Contains(text, "Ciphers") {
					s.Ciphers, s.MACs, s.KeyExchanges, s.HostKeyAlgorithms, s.PubkeyAlgorithms = nil, nil, nil, nil, nil
				}
				s.CAAlgorithms, s.Notes = nil, nil
				s.IdentityFiles = slices.DeleteFunc(s.IdentityFiles, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "id_") })
			}
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("%s\n(-ssh +ours)\n%s", text, diff)
			} else {
				same++
			}
		})
	}
	t.Logf("%d of %d configurations are read as ssh does", same, len(configTexts))
}

func TestWhatIsNotFollowedIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	write(t, file, "Match exec \"touch canary\"\n Port 1\nMatch tagged x\n Port 2\nHost *\n Port 3\n CanonicalizeHostname yes\n")
	text, err := readConfig(t.Context(), file, target{host: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSettings(text, target{host: "w1"}, "")
	if err != nil || s.Port != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if got := strings.Join(s.Notes, "; "); got != "Match exec is not followed; Match tagged is not followed; CanonicalizeHostname is not followed" {
		t.Errorf("the notes are %q", got)
	}
	if exists("canary") {
		t.Error("a command was run")
	}
	if _, err := readConfig(t.Context(), file+".gone", target{host: "w1"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestTheHostWithoutSSHInstalled(t *testing.T) {
	s := startServer(t)
	file := s.config(t)
	t.Setenv("PATH", t.TempDir())
	h := newPool(t, Config{File: file}).Host("one")
	if got := output(t, h, "echo in"); got != "in" || h.State().From != ownReading {
		t.Errorf("%q, %+v", got, h.State())
	}
}

func TestAConfigurationThatSSHRefuses(t *testing.T) {
	require.Tool(t, "ssh")
	file := filepath.Join(t.TempDir(), "config")
	write(t, file, "Host *\n  NoSuchThing yes\n")
	_, err := newPool(t, Config{File: file}).Host("w1").Start(within10(t), "true")
	says(t, err, ErrConfig, "line 2: Bad configuration option: nosuchthing")
	write(t, file, "Host *\n Port 99999\n")
	_, err = newPool(t, Config{File: file}).Host("w1").Start(within10(t), "true")
	says(t, err, ErrConfig, "w1: the ssh configuration cannot be used: ")
}

func TestNamesThatCannotBe(t *testing.T) {
	require.Tool(t, "ssh")
	canary := filepath.Join(t.TempDir(), "canary")
	for _, name := range []string{
		"", "-oProxyCommand=touch " + canary, "-F", "a b", "a;touch " + canary, "`touch " + canary + "`", "$(touch " + canary + ")", "a\nb",
		"a\x00b", "a'b", `a"b`, "a\\b", "a|b", "a>b", "a/b", "@", "@host", "user@", "-u@host", "u ser@host", "u;x@host", "`x`@host",
		strings.Repeat("a", 300), "a\x1b[31m",
	} {
		h := newPool(t, Config{}).Host(name)
		_, err := h.Start(within10(t), "true")
		says(t, err, ErrHostName, "")
		if state := h.State(); state.Phase != Failed {
			t.Errorf("%q: %+v", name, state)
		}
	}
	// ssh itself passes these on as they are.
	for _, line := range []string{"HostName -oProxyCommand=id", "HostName `id`", "HostName a;id", "User `id`", "User -x", "ProxyJump -oProxyCommand=id"} {
		file := filepath.Join(t.TempDir(), "config")
		write(t, file, "Host w1\n "+line+"\n ProxyCommand sh -c 'touch "+canary+"' %h %r\n")
		if _, err := newPool(t, Config{File: file}).Host("w1").Start(within10(t), "true"); !errors.Is(err, ErrHostName) && !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if exists(canary) {
		t.Error("a name was executed")
	}
}

func TestTokens(t *testing.T) {
	t.Setenv("WHERE", "/there")
	s := Settings{HostName: "10.0.0.1", User: "storm", Port: 2222, IdentityFiles: []string{"~/k_%r_%h", "${WHERE}/%n/%p%%", "none"}, IdentityAgent: "$WHERE"}
	s.expand("w1", "/home/me")
	if diff := cmp.Diff([]string{"/home/me/k_storm_10.0.0.1", "/there/w1/2222%"}, s.IdentityFiles); diff != "" {
		t.Error(diff)
	}
	if s.IdentityAgent != "/there" {
		t.Errorf("the agent is at %s", s.IdentityAgent)
	}
	s.ProxyCommand = "nc -x %% %h %p %r %n"
	if got := s.command("w1"); got != "nc -x % 10.0.0.1 2222 storm w1" {
		t.Errorf("the ProxyCommand is %q", got)
	}
}

func TestAESGoesFirst(t *testing.T) {
	list := []string{"chacha20-poly1305@openssh.com", "aes256-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"}
	got := preferAES(slices.Clone(list))
	if len(got) != len(list) || got[0] != "aes256-gcm@openssh.com" && got[0] != list[0] {
		t.Errorf("the order is %v", got)
	}
}

func TestTheClock(t *testing.T) {
	sent := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	unix := sent.Unix()
	trip := 40 * time.Millisecond
	for name, c := range map[string]struct {
		first, names     string
		offset, accuracy time.Duration
		zone             string
		wrong            bool
	}{
		"GNU":               {fmt.Sprintf("%d 520000000 +0100", unix), "TZ \n/usr/share/zoneinfo/Europe/Berlin\nEtc/UTC", 500 * time.Millisecond, trip / 2, "Europe/Berlin", false},
		"TZ first":          {fmt.Sprintf("%d 020000000 -0500", unix), "TZ :America/New_York\n/usr/share/zoneinfo/Europe/Berlin", 0, trip / 2, "America/New_York", false},
		"a name that lies":  {fmt.Sprintf("%d 020000000 +0530", unix), "TZ \nEurope/Berlin", 0, trip / 2, "UTC+05:30", false},
		"macOS":             {fmt.Sprintf("%d N -0330", unix+7), "TZ ", 7*time.Second + 480*time.Millisecond, 520 * time.Millisecond, "UTC-03:30", false},
		"without the field": {fmt.Sprintf("%d +0000", unix), "", 480 * time.Millisecond, 520 * time.Millisecond, "UTC", false},
		"no time":           {"date: not found", "", 0, 0, "", true},
		"no zone":           {fmt.Sprintf("%d 1 CET", unix), "", 0, 0, "", true},
		"far away":          {"99999999999999999999 1 +0000", "", 0, 0, "", true},
	} {
		got, err := parseClock(c.first, c.names, sent, trip)
		if c.wrong {
			if err == nil {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if err != nil || got.Offset != c.offset || got.Accuracy != c.accuracy || got.Zone.String() != c.zone {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
