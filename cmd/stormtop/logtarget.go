package main

import (
	"path/filepath"
	"regexp"
	"strings"
)

// logTarget is one TARGET of tail and grep.
type logTarget struct {
	text string
	kind targetKind
	// Of a topology.
	topology   string
	components []string
	// Of a file; user is "" when the target names none.
	user, host, path string
}

type targetKind int

const (
	targetTopology targetKind = iota
	targetLocal
	targetRemote
	targetStdin
)

// remoteTarget is [USER@]HOST:/PATH, as scp writes it.
var remoteTarget = regexp.MustCompile(`^(?:([^@:/\s]+)@)?([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.%]+\]):(/.*)$`)

// parseLogTarget divides a target. known asks whether a topology has a name; it
// is only called for a word with a dot behind its first slash, which may be
// either a file or a topology's component.
func parseLogTarget(text, home string, known func(topology string) bool) (logTarget, error) {
	t := logTarget{text: text}
	switch {
	case text == "":
		return t, usage("A target is a topology, TOPOLOGY/COMPONENT, a file, HOST:/PATH or -.", "An empty target.")
	case text == "-":
		t.kind = targetStdin
		return t, nil
	case text == "~" || strings.HasPrefix(text, "~/"):
		if home == "" {
			return t, usage("Write the path in full.", "~ stands for the home directory, and HOME is not set.")
		}
		t.kind, t.path = targetLocal, filepath.Join(home, text[1:])
		return t, nil
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "./"), strings.HasPrefix(text, "../"), strings.HasPrefix(text, "~"):
		t.kind, t.path = targetLocal, text
		return t, nil
	}
	if m := remoteTarget.FindStringSubmatch(text); m != nil {
		t.kind, t.user, t.host, t.path = targetRemote, m[1], strings.Trim(m[2], "[]"), m[3]
		return t, nil
	}
	head, rest, slash := strings.Cut(text, "/")
	// Storm lets no topology's name hold a dot.
	if strings.Contains(head, ".") || strings.Contains(rest, ".") && !known(head) {
		t.kind, t.path = targetLocal, text
		return t, nil
	}
	if head == "" || slash && strings.Trim(rest, ",") == "" {
		return t, usage("Write TOPOLOGY, or TOPOLOGY/COMPONENT[,COMPONENT].", "%s names no topology and component.", quote(text))
	}
	t.kind, t.topology = targetTopology, head
	if slash {
		for one := range strings.SplitSeq(rest, ",") {
			if one != "" {
				t.components = append(t.components, one)
			}
		}
	}
	return t, nil
}
