package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/nimbusclient"
)

func TestMatchTopology(t *testing.T) {
	var list []nimbusclient.TopologySummary
	for _, name := range []string{"word", "wordcount", "words-eu", "flaky"} {
		list = append(list, nimbusclient.TopologySummary{Name: name, ID: name + "-1-1700000000"})
	}
	for wanted, want := range map[string]string{
		"word":                 "word", // a whole name goes before beginnings
		"wordc":                "wordcount",
		"f":                    "flaky",
		"flaky-1-1700000000":   "flaky",
		"wordcount-1":          "wordcount",
		"words":                "words-eu",
		"words-eu-1-17000":     "words-eu",
		"word-1-1700000000":    "word",
		"flaky-2-1700000000":   "exit 4: There is no topology",
		"wor":                  "exit 2: word or wordcount or words-eu",
		"":                     "exit 4: There is no topology",
		"Flaky":                "exit 4: flaky?",
		"wordcuont":            "exit 4: wordcount?",
		"something else alike": "exit 4: There are flaky, word, wordcount, words-eu.",
	} {
		got, err := matchTopology(list, wanted)
		code, says, fails := strings.Cut(want, ": ")
		if !fails {
			if err != nil || got.Name != want {
				t.Errorf("%q: %q, %v, want %q", wanted, got.Name, err, want)
			}
			continue
		}
		var f *failure
		if !errors.As(err, &f) || code != map[int]string{2: "exit 2", 4: "exit 4"}[f.code] || !strings.Contains(f.text+" "+f.hint, says) {
			t.Errorf("%q: %+v, want %q", wanted, err, want)
		}
	}
	_, err := matchTopology(nil, "a")
	if f, ok := errors.AsType[*failure](err); !ok || f.hint != "No topology is running." {
		t.Errorf("of none: %+v", err)
	}
}

func TestFindComponent(t *testing.T) {
	s := &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{ID: "__acker"}, {ID: "split"}, {ID: "split-2"}, {ID: "sink"}}}
	for wanted, want := range map[string]string{"split": "split", "split-": "split-2", "si": "sink", "__a": "__acker", "s": "", "": "", "x": ""} {
		if got, err := findComponent(s, "t", wanted); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", wanted, got, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"topology", "topologies", "status", "stats", "slots", "supervisors"}
	for s, want := range map[string]string{
		"topolgy": "topology", "stat": "stats status", "slot": "slots", "zzz": "", "sups": "", "superv": "supervisors", "STATUS": "status stats",
	} {
		if got := strings.Join(nearest(s, names, 3), " "); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := nearest("s", names, 3); len(got) > 3 {
		t.Errorf("more than asked for: %v", got)
	}
	for _, pair := range [][2]string{{"", ""}, {"a", ""}, {"kitten", "sitting"}, {"日本", "日木"}} {
		if distance(pair[0], pair[1]) != distance(pair[1], pair[0]) {
			t.Errorf("%q is not as far from %q as the other way", pair[0], pair[1])
		}
	}
	if d := distance("kitten", "sitting"); d != 3 {
		t.Errorf("kitten to sitting: %d", d)
	}
}

func TestAbsolute(t *testing.T) {
	for _, test := range []struct {
		root string
		args []string
		want string
	}{
		{"/storm", nil, "/storm"},
		{"/storm", []string{"storms"}, "/storm/storms"},
		{"/storm", []string{"storms/a-1/"}, "/storm/storms/a-1"},
		{"/storm", []string{"/"}, "/"},
		{"/storm", []string{"/zookeeper"}, "/zookeeper"},
		{"/", []string{"storms"}, "/storms"},
	} {
		if got := absolute(test.root, test.args); got != test.want {
			t.Errorf("%v below %s: %s, want %s", test.args, test.root, got, test.want)
		}
	}
}

func TestConfigurationIsMasked(t *testing.T) {
	got := decode(`{"a.password":"hunter2","worker.childopts":"-Djavax.net.ssl.keyStorePassword=hunter2 -Xmx1g","n":12345678901234567890,"nested":{"secret.key":"hunter2"}}`)
	for key, value := range got {
		if text, ok := value.(string); ok && strings.Contains(text, "hunter2") {
			t.Errorf("%s shows the secret: %s", key, text)
		}
	}
	if nested, ok := got["nested"].(map[string]any); !ok || nested["secret.key"] != config.Masked {
		t.Errorf("nested: %v", got["nested"])
	}
	if len(decode("not JSON")) != 0 || len(decode("[1]")) != 0 {
		t.Error("what is no object is not empty")
	}
}

func TestWindows(t *testing.T) {
	for _, w := range nimbusclient.Windows {
		if got, err := parseWindow(string(w)); err != nil || got != w {
			t.Errorf("%s: %s, %v", w, got, err)
		}
	}
	for _, s := range []string{"", "5m", "600s", "ALL"} {
		if _, err := parseWindow(s); err == nil {
			t.Errorf("%q is a window", s)
		}
	}
	if !slices.Equal([]nimbusclient.Window{windows["10m"], windows["3h"], windows["1d"], windows["all"]}, nimbusclient.Windows[:]) {
		t.Error("the short words are out of order")
	}
}
