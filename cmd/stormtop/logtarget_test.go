package main

import (
	"fmt"
	"testing"
)

func TestLogTargets(t *testing.T) {
	asked := ""
	known := func(name string) bool { asked = name; return name == "words" }
	for text, want := range map[string]string{
		"-":                        "stdin",
		"wordcount":                "topology wordcount []",
		"wordcount/split":          "topology wordcount [split]",
		"wordcount/split,count":    "topology wordcount [split count]",
		"words/split.py":           "topology words [split.py]",
		"logs/worker.log":          "local logs/worker.log",
		"worker.log":               "local worker.log",
		"./wordcount":              "local ./wordcount",
		"../x/y":                   "local ../x/y",
		"/var/log/x":               "local /var/log/x",
		"~/x.log":                  "local /home/me/x.log",
		"~other/x.log":             "local ~other/x.log",
		"w1:/var/log/storm/ui.log": "remote  w1 /var/log/storm/ui.log",
		"me@w1.dc1:/a:b c":         "remote me w1.dc1 /a:b c",
		"me@[::1]:/x":              "remote me ::1 /x",
		"wordcount/":               "error",
		"wordcount/,":              "error",
		"":                         "error",
	} {
		asked = ""
		got, err := parseLogTarget(text, "/home/me", known)
		var said string
		switch {
		case err != nil:
			said = "error"
		case got.kind == targetStdin:
			said = "stdin"
		case got.kind == targetTopology:
			said = fmt.Sprintf("topology %s %v", got.topology, got.components)
		case got.kind == targetLocal:
			said = "local " + got.path
		default:
			said = fmt.Sprintf("remote %s %s %s", got.user, got.host, got.path)
		}
		if said != want {
			t.Errorf("%q is %s, want %s", text, said, want)
		}
		if asked != "" && text != "words/split.py" && text != "logs/worker.log" {
			t.Errorf("%q: the cluster was asked for %q", text, asked)
		}
	}
	// What ssh could take for an option is no host.
	if got, _ := parseLogTarget("-oProxyCommand=x:/y", "", known); got.kind == targetRemote {
		t.Errorf("a dash makes a host: %+v", got)
	}
}

func FuzzLogTarget(f *testing.F) {
	for _, s := range []string{"a/b", "w1:/x", "-", "~", "me@w1:/x", "a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseLogTarget(text, "/home/me", func(string) bool { return false })
		if err != nil {
			return
		}
		if got.kind == targetRemote && (got.host == "" || got.host[0] == '-' || got.path[0] != '/') {
			t.Errorf("%q: %+v", text, got)
		}
	})
}
