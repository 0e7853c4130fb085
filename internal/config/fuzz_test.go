package config

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkLoaded holds what is true of every configuration.
func checkLoaded(t *testing.T, b box) {
	t.Helper()
	c, ws, err := Load(b.inputs())
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.What == "" || len(e.What) > 2000 {
			t.Fatalf("error %T %v", err, err)
		}
		return
	}
	if len(c.Nimbus.V) == 0 || len(c.Nimbus.V) > maxTargets {
		t.Fatalf("%d seeds", len(c.Nimbus.V))
	}
	for _, a := range append(c.Nimbus.V, c.ZooKeeper.V...) {
		if a.Port < 1 || a.Port > 65535 || checkHost(a.Host) != nil {
			t.Fatalf("address %+v", a)
		}
	}
	if c.AdHoc && !c.Mode.ReadOnly {
		t.Fatalf("an ad-hoc cluster may be changed")
	}
	for _, s := range c.Settings() {
		if s.Key == "" || s.Origin.String() == "" && s.Note == "" || !utf8.ValidString(s.Value) {
			t.Fatalf("setting %+v", s)
		}
		if strings.Contains(s.Value, canary) && Secret(s.Key) {
			t.Fatalf("setting %+v", s)
		}
	}
	for _, w := range ws {
		if strings.Contains(w.String(), canary) {
			t.Fatalf("warning %v", w)
		}
	}
	for _, cl := range c.Clusters() {
		if _, _, err := c.For(cl.Name); err != nil {
			t.Fatalf("For %q: %v", cl.Name, err)
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add(twoClusters)
	f.Add(commented.ReplaceAllString(Example(), "$1"))
	f.Add("clusters: {a: &x {nimbus: h}, b: {<<: *x}}\n")
	f.Add("clusters:\n  a:\n    nimbus: x\n    ssh_password: " + canary + "\n")
	f.Add("\ufeffui:\r\n  theme: dark\r\n")
	for _, text := range hostile() {
		if len(text) < 4096 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkLoaded(t, box{files: map[string]string{confPath: text}})
	})
}

func FuzzStormFile(f *testing.F) {
	f.Add(stormFileText)
	f.Add("nimbus.seeds : [\"a\"]\nstorm.zookeeper.auth.payload: " + canary + "\n")
	f.Add("nimbus.host: !!java.net.URL [x]\n")
	f.Add("storm.zookeeper.servers: a\nstorm.zookeeper.port: 08\n")
	for _, text := range hostile() {
		if len(text) < 4096 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkLoaded(t, box{files: map[string]string{stormPath: text}})
		checkLoaded(t, box{files: map[string]string{stormPath: text, confPath: "clusters: {a: {nimbus: nim-a}}\n"}})
	})
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"nim-a:6627", "[::1]:6627", "zk1,zk2:2181/storm", "fe80::1%eth0", "http://x", "a:b:c", "[", "]", ":", "/", ",", "xn--a/\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseAddress(s); err == nil {
			again, err := ParseAddress(a.String())
			if err != nil || again != a {
				t.Fatalf("%q is %+v, printed %q, read again %+v %v", s, a, a, again, err)
			}
			if strings.HasPrefix(a.Host, "-") || hasControl(a.Host) {
				t.Fatalf("host %q", a.Host)
			}
		}
		if servers, root, err := ParseZooKeeper(s); err == nil {
			if len(servers) == 0 || root != "" && root[0] != '/' || hasControl(root) && utf8.ValidString(s) && !strings.ContainsFunc(root, func(r rune) bool { return r >= 0x80 && r < 0xa0 }) {
				t.Fatalf("%q: %v %q", s, servers, root)
			}
		}
		if _, err := ParseDuration(s); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
		if n, err := ParseSize(s); err == nil && n < 0 {
			t.Fatalf("size %d", n)
		}
	})
}

func FuzzKeysFile(f *testing.F) {
	f.Add("tables:\n  menu: v\n  graph: [X, Ctrl+G]\n")
	f.Add("everywhere: {help: [\"?\", f1]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseKeys([]byte(text), "keys.yaml", knownKeys())
		if err != nil {
			return
		}
		if len(b) != len(knownKeys()) {
			t.Fatalf("%d bindings", len(b))
		}
		for _, one := range b {
			for _, key := range one.Keys {
				if again, err := CanonicalKey(key); err != nil || again != key {
					t.Fatalf("key %q reads as %q %v", key, again, err)
				}
			}
		}
	})
}
