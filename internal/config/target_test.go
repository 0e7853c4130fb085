package config

import (
	"errors"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	good := map[string]Address{
		"nim-a": {"nim-a", 0}, "nim-a:6627": {"nim-a", 6627}, " nim-a ": {"nim-a", 0}, "10.0.0.1:1": {"10.0.0.1", 1},
		"[::1]:6627": {"::1", 6627}, "[::1]": {"::1", 0}, "::1": {"::1", 0}, "fe80::1%eth0": {"fe80::1%eth0", 0},
		"[fe80::1%eth0]:7": {"fe80::1%eth0", 7}, "storm_nimbus_1:65535": {"storm_nimbus_1", 65535}, "a.b.example.": {"a.b.example.", 0},
	}
	for in, want := range good {
		got, err := ParseAddress(in)
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", in, got, err)
		}
		again, err := ParseAddress(got.String())
		if err != nil || again != got {
			t.Errorf("%q printed as %q reads as %+v %v", in, got, again, err)
		}
	}
	bad := map[string]string{
		"": "empty", "nim-a:": "the port is missing", "nim-a:x": `the port "x" is not a number from 1 to 65535`, "nim-a:0": "not a number from 1",
		"nim-a:65536": "not a number from 1", "nim-a:-1": "not a number", ":6627": "the host name is missing", "http://nim-a:8080/": "is a URL",
		"[::1": "lacks the closing ]", "[::1]x": "is not a port", "[nim-a]:1": "is no IPv6 address", "a:1:2": "more than one colon",
		"ops@nim-a": "user name", "nim a": "it holds ' '", "-oProxyCommand": "begins with a dash", "nim-a/x": "slash", "nïm": "outside ASCII",
		"a\x1b[31m": "it holds", "fe80::1%-x": "begins with a dash", strings.Repeat("a", 254): "longer than 253", "x:" + strings.Repeat("1", 500): "longer than 300", "a:+1": "not a number",
	}
	for in, part := range bad {
		_, err := ParseAddress(in)
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %q", in, err, part)
		}
	}
	if _, err := ParseAddress("http://u:hunter2@nim-a"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("password of a URL: %v", err)
	}
}

func TestBadFlagsArePlainSentences(t *testing.T) {
	cases := []struct{ flag, value, where, what, hint string }{
		{"nimbus", "nim-a:x", "--nimbus", "the port", "6627"},
		{"nimbus", "", "--nimbus", "the address is empty", "HOST"},
		{"nimbus", "a,,b", "--nimbus", "the address is empty", "HOST"},
		{"zk", "zk1/a//b", "--zk", "empty or dotted part", "/storm"},
		{"zk", "/storm", "--zk", "the address is empty", "HOST"},
		{"timeout", "soon", "--timeout", `"soon" is not a length of time`, "500ms"},
		{"timeout", "0", "--timeout", `"0" is out of bounds`, "1ms to 1h"},
		{"timeout", "-3", "--timeout", `"-3" is negative`, "7s"},
		{"max-frame", "16X", "--max-frame", `"16X" is not a number of bytes`, "16M"},
		{"no-zk", "perhaps", "--no-zk", `"perhaps" is neither true nor false`, "true or false"},
		{"readonly", "perhaps", "--readonly", "neither", ""},
		{"ssh-port", "0", "--ssh-port", "the port", ""},
		{"c", "novalue", "-c", "not of the form key=value", "-c nimbus"},
		{"c", "nimbus.thrift.port=x", "-c nimbus.thrift.port", "the port", ""},
		{"c", `storm.log.dir={"a":1}`, "-c storm.log.dir", "wants a value", ""},
		{"ssh-config", "a\nb", "--ssh-config", "is not a path", ""},
	}
	for _, tc := range cases {
		e, _ := box{flags: map[string][]string{tc.flag: {tc.value}}}.fails(t)
		if e.Where != tc.where || !strings.Contains(e.What, tc.what) || !strings.Contains(e.Hint, tc.hint) {
			t.Errorf("--%s %q: %+v", tc.flag, tc.value, e)
		}
		if tc.flag == "c" {
			continue
		}
		e, _ = box{env: map[string]string{EnvName(tc.flag): tc.value}, flags: nil}.envFails(t, tc.value)
		if e != nil && e.Where != EnvName(tc.flag) {
			t.Errorf("%s=%q: %+v", EnvName(tc.flag), tc.value, e)
		}
	}
	in := box{flags: map[string][]string{"theme": {"pnk"}}}.inputs()
	in.Themes = []string{"dark", "light"}
	_, _, err := Load(in)
	if err == nil || err.Error() != `--theme: there is no theme "pnk"` {
		t.Errorf("%v", err)
	}
}

// envFails is fails, but an empty variable counts as unset.
func (b box) envFails(t *testing.T, value string) (*Error, error) {
	t.Helper()
	if value == "" {
		return nil, nil
	}
	_, _, err := Load(b.inputs())
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("%v gave %v", b.env, err)
		return nil, err
	}
	return e, err
}

func TestParseZooKeeper(t *testing.T) {
	servers, root, err := ParseZooKeeper("zk1, zk2:2182,[::1]:2183/storm/live/")
	if err != nil || addressTexts(servers) != "zk1, zk2:2182, [::1]:2183" || root != "/storm/live" {
		t.Errorf("%v %q %v", servers, root, err)
	}
	if _, root, err = ParseZooKeeper("zk1"); err != nil || root != "" {
		t.Errorf("%q %v", root, err)
	}
	if _, root, err = ParseZooKeeper("zk1/"); err != nil || root != "/" {
		t.Errorf("%q %v", root, err)
	}
	for _, bad := range []string{"", "/storm", "zk1/a/../b", "zk1/a,zk2/b", "http://zk1/x", "zk1/\x00"} {
		if _, _, err := ParseZooKeeper(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestDurationsSizesShares(t *testing.T) {
	for in, want := range map[string]string{"7": "7s", "0.5": "500ms", "500ms": "500ms", "7s": "7s", "90m": "90m", "1h30m": "90m", "2d": "2d", "0": "0s", "1.5d": "36h", "86400": "1d", "7.5s": "7500ms"} {
		d, err := ParseDuration(in)
		if err != nil || durationText(d) != want {
			t.Errorf("%q: %v %v", in, durationText(d), err)
		}
	}
	for _, bad := range []string{"", "s", "-1", "-1s", "1e3", "inf", "NaN", "0x10", "7 parsecs", "1..2", "999999999999999999999", "99999999d", "d"} {
		if d, err := ParseDuration(bad); err == nil {
			t.Errorf("%q: %v", bad, d)
		}
	}
	for in, want := range map[string]int64{"16777216": 16 << 20, "16M": 16 << 20, "16MiB": 16 << 20, "16mb": 16 << 20, "64k": 64 << 10, "1G": 1 << 30, "12B": 12, "0": 0} {
		if n, err := ParseSize(in); err != nil || n != want {
			t.Errorf("%q: %v %v", in, n, err)
		}
	}
	for _, bad := range []string{"", "M", "16X", "-1", "1.5M", "12i", "12ib", "99999999999999999999", "0x10"} {
		if n, err := ParseSize(bad); err == nil {
			t.Errorf("%q: %v", bad, n)
		}
	}
	for in, want := range map[string]float64{"0.5%": 0.005, "0.005": 0.005, "5 %": 0.05, "100%": 1, "0": 0} {
		if n, f := parseShare(in); f != nil || round6(n) != want {
			t.Errorf("%q: %v %v", in, n, f)
		}
	}
	for _, bad := range []string{"", "%", "101%", "2", "-1%", "NaN"} {
		if n, f := parseShare(bad); f == nil {
			t.Errorf("%q: %v", bad, n)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"protect", "prod", "nimbus", "mode"}
	for in, want := range map[string]string{"protct": "protect", "prdo": "prod", "nimbsu": "nimbus", "zebra": "", "": "", "m": ""} {
		if got := nearest(in, names); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
