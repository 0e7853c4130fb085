package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/zkview"
)

// Children is the answer of `zk ls`: the children of a node, sorted by name.
func Children(path string, list []zkview.Child) Answer {
	fields := childFields()
	made := rows(list, fields)
	a := Answer{
		body: object{{"path", path}, {"children", made}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: "No children."}},
	}
	for _, c := range list {
		a.names = append(a.names, c.Path)
	}
	return a
}

func childFields() []field[zkview.Child] {
	type child = zkview.Child
	of := func(get func(s *zkview.Stat) any) func(child) any {
		return func(c child) any {
			if c.Stat == nil {
				return nil
			}
			return get(c.Stat)
		}
	}
	return []field[child]{
		{key: "name", title: "NAME", get: func(c child) any { return c.Name }},
		{key: "path", get: func(c child) any { return c.Path }},
		{key: "children", title: "CHILDREN", show: count, get: of(func(s *zkview.Stat) any { return s.NumChildren })},
		{key: "dataLength", title: "BYTES", show: count, get: of(func(s *zkview.Stat) any { return s.DataLength })},
		{key: "version", title: "VERSION", show: plain, get: of(func(s *zkview.Stat) any { return s.Version })},
		{key: "modified", title: "MODIFIED", get: of(func(s *zkview.Stat) any { return instant(s.Mtime) })},
		{key: "ephemeral", title: "EPHEMERAL", show: yes, get: of(func(s *zkview.Stat) any { return s.EphemeralOwner != 0 })},
		{key: "secret", get: func(c child) any { return c.Secret }},
		{key: "note", title: "NOTE", absent: " ", get: func(c child) any {
			if c.Note == "" && c.Secret {
				return "secret, never read"
			}
			return word(c.Note)
		}},
	}
}

// Node is the answer of `zk get`: one node, decoded as far as it can be. Raw adds
// the bytes as stored: as text when they are UTF-8, else in hexadecimal.
func Node(n zkview.Node, raw bool) Answer {
	body := object{
		{"path", n.Path},
		{"encoding", word(n.Encoding)},
		{"value", valueTree(n.Decoded)},
		{"hint", word(n.Hint)},
		{"stat", statObject(n.Stat)},
	}
	if raw {
		text := any(nil)
		if utf8.Valid(n.Raw) {
			text = string(n.Raw)
		}
		body = append(body, pair{"raw", text}, pair{"rawHex", fmt.Sprintf("%x", n.Raw)}, pair{"truncated", n.Truncated})
	}
	leaves := flatten(n.Decoded, "", 0)
	fields := leafFields()
	a := Answer{body: body, records: rows(leaves, fields), keys: keys(fields), names: []string{n.Path}}
	if raw {
		stored := object{{"path", n.Path}, {"encoding", body.get("encoding")}, {"rawHex", body.get("rawHex")}, {"truncated", n.Truncated}}
		a.records, a.keys = []object{stored}, objectKeys(stored)
	}
	facts := []fact{
		{"path", n.Path},
		{"holds", n.Encoding},
		{"stat", fmt.Sprintf("version %d · %s bytes · %s children · zxid 0x%x", n.Stat.Version, count(n.Stat.DataLength), count(n.Stat.NumChildren), n.Stat.Mzxid)},
		{"modified", plainTime(n.Stat)},
	}
	if n.Hint != "" {
		facts = append(facts, fact{"note", n.Hint})
	}
	a.sections = []section{{facts: facts}}
	if raw {
		a.sections = append(a.sections, section{title: "stored", facts: rawLines(n)})
	} else if len(leaves) > 0 {
		a.sections = append(a.sections, section{title: "value", facts: treeFacts(leaves)})
	}
	return a
}

func plainTime(s zkview.Stat) string {
	if s.Mtime.IsZero() {
		return "–"
	}
	return s.Mtime.UTC().Format("2006-01-02 15:04:05Z")
}

func statObject(s zkview.Stat) object {
	return object{
		{"czxid", s.Czxid},
		{"mzxid", s.Mzxid},
		{"pzxid", s.Pzxid},
		{"created", instant(s.Ctime)},
		{"modified", instant(s.Mtime)},
		{"version", s.Version},
		{"cversion", s.Cversion},
		{"aversion", s.Aversion},
		{"ephemeralOwner", s.EphemeralOwner},
		{"dataLength", s.DataLength},
		{"children", s.NumChildren},
	}
}

// valueTree is the decoded value: a list of labels with their values and what is
// below them.
func valueTree(list []zkview.Field) any {
	if list == nil {
		return nil
	}
	out := make([]object, len(list))
	for i, f := range list {
		out[i] = object{{"label", f.Label}, {"value", word(f.Value)}, {"children", valueTree(f.Children)}}
	}
	return out
}

// leaf is one line of a decoded value.
type leaf struct {
	path, label, value string
	depth              int
}

func flatten(list []zkview.Field, above string, depth int) []leaf {
	var out []leaf
	for _, f := range list {
		path := f.Label
		if above != "" {
			path = above + " / " + f.Label
		}
		out = append(out, leaf{path, f.Label, f.Value, depth})
		out = append(out, flatten(f.Children, path, depth+1)...)
	}
	return out
}

func leafFields() []field[leaf] {
	return []field[leaf]{
		{key: "label", get: func(l leaf) any { return l.path }},
		{key: "value", get: func(l leaf) any { return word(l.value) }},
	}
}

func treeFacts(list []leaf) []fact {
	out := make([]fact, len(list))
	for i, l := range list {
		out[i] = fact{safetext.Spaces(2*l.depth) + safetext.Clean(l.label), l.value}
	}
	return out
}

// maxRawLines bounds what is printed of a node's bytes.
const maxRawLines = 4096

// rawLines shows stored bytes: text as text, else sixteen bytes a line.
func rawLines(n zkview.Node) []fact {
	var lines []string
	if text := string(n.Raw); utf8.Valid(n.Raw) && !strings.ContainsFunc(text, binary) {
		lines = safetext.Lines(text, maxRawLines)
	} else {
		lines = safetext.Lines(strings.TrimSuffix(zkview.Hex(n.Raw), "\n"), maxRawLines)
	}
	out := make([]fact, 0, len(lines)+1)
	for _, line := range lines {
		out = append(out, fact{"", line})
	}
	if n.Truncated {
		out = append(out, fact{"", "… cut here"})
	}
	return out
}

// binary reports a character that no text holds.
func binary(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }
