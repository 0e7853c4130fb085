package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

const (
	// maxFile bounds a configuration file; the largest seen is 22 KB,
	// and the worst 128 KiB of YAML take about 0.3 s to refuse.
	maxFile = 128 << 10
	// maxDepth bounds the nesting.
	maxDepth = 50
	// maxAliases bounds the references to anchors in one file.
	maxAliases = 1000
	// maxNodes bounds the values of one file; a referenced value counts once.
	maxNodes = 20000
	// maxList bounds a list that is read as one setting.
	maxList = 1000
)

// readFile reads a regular file of at most maxFile bytes. worldWritable is
// true when anybody may change the file.
func (in Inputs) readFile(name string) (data []byte, worldWritable bool, err error) {
	if in.Files.Stat == nil || in.Files.Open == nil {
		return nil, false, fs.ErrNotExist
	}
	info, err := in.Files.Stat(name)
	if err != nil {
		return nil, false, err
	}
	where := tilde(name, in.Home)
	switch {
	case info.IsDir():
		return nil, false, &Error{Where: where, What: "is a directory, not a file", Hint: "Name the file inside it."}
	case !info.Mode().IsRegular():
		return nil, false, &Error{Where: where, What: "is not a regular file", Hint: "Copy its content into a file."}
	case info.Size() > maxFile:
		return nil, false, tooLarge(where)
	}
	f, err := in.Files.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }()
	// The size may have grown since Stat.
	data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, false, &Error{Where: where, What: "cannot be read: " + plainCause(err), err: err}
	}
	if len(data) > maxFile {
		return nil, false, tooLarge(where)
	}
	return data, info.Mode().Perm()&0o002 != 0, nil
}

func tooLarge(where string) *Error {
	return &Error{Where: where, What: fmt.Sprintf("is larger than %d KiB", maxFile>>10), Hint: "Is this the right file? A configuration is a few KiB."}
}

// plainCause drops the path that the operating system's errors repeat.
func plainCause(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// parseYAML reads one YAML document and gives its top mapping, nil when the
// file holds only comments. Nothing is constructed from tags.
func parseYAML(data []byte, file Origin) (*yaml.Node, *Error) {
	bad := func(what, hint string) *Error { return &Error{Where: file.where(), What: what, Hint: hint} }
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(data) > maxFile:
		return nil, tooLarge(file.where())
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, bad("is UTF-16", "Save it as UTF-8.")
	case bytes.IndexByte(data, 0) >= 0:
		return nil, bad("holds NUL bytes, so it is not text", "Is this the right file?")
	case !utf8.Valid(data):
		return nil, bad("is not UTF-8 text", "Is this the right file? Save it as UTF-8.")
	}
	var doc yaml.Node
	err := yaml.Load(data, &doc, yaml.WithPlugin(loaderlimits.New(
		loaderlimits.DepthValue(maxDepth), loaderlimits.AliasValue(maxAliases))))
	if err != nil {
		return nil, yamlFault(err, file)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null" {
		return nil, nil
	}
	if err := checkNodes(top, file, new(int)); err != nil {
		return nil, err
	}
	if top.Kind != yaml.MappingNode {
		return nil, at(file.at(top), &fault{"is not a list of keys and values", "Each line is KEY: VALUE."})
	}
	return top, nil
}

// yamlFault words a syntax error.
func yamlFault(err error, file Origin) *Error {
	var le *yaml.LoadError
	if errors.As(err, &le) && le.Mark.Line > 0 {
		file.Line, file.Column = le.Mark.Line, le.Mark.Column
		what := le.Message
		if strings.Contains(what, "max depth") {
			what = fmt.Sprintf("is nested deeper than %d levels", maxDepth)
		}
		return &Error{Where: file.where(), What: bounded("is not YAML: "+what, "is nested"), Hint: "Check the indentation, brackets and quotes at that place."}
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "no documents"):
		return nil
	case strings.Contains(text, "multiple"):
		return &Error{Where: file.where(), What: "holds several documents", Hint: "Remove the lines that are only ---."}
	}
	return &Error{Where: file.where(), What: bounded("is not YAML: "+text, "")}
}

// bounded cuts a library's message, which may repeat the input, and drops the
// prefix when the message says unwrapped already what is wrong.
func bounded(s, unwrapped string) string {
	const most = 160
	if rest, ok := strings.CutPrefix(s, "is not YAML: "); ok && unwrapped != "" && strings.HasPrefix(rest, unwrapped) {
		s = rest
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		cut := most
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// at is the file's origin at a node.
func (o Origin) at(n *yaml.Node) Origin {
	o.Line, o.Column = n.Line, n.Column
	return o
}

// checkNodes refuses tags that ask for anything but plain values.
func checkNodes(n *yaml.Node, file Origin, count *int) *Error {
	if *count++; *count > maxNodes {
		return at(file, &fault{fmt.Sprintf("holds more than %d values", maxNodes), "Is this the right file?"})
	}
	if n.Kind != yaml.AliasNode {
		switch tag := n.ShortTag(); tag {
		case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map", "!!merge", "!!timestamp", "":
		default:
			return at(file.at(n), &fault{"the tag " + quote(tag) + " is refused: only plain values are read", "Write the value without the tag."})
		}
	}
	for _, inner := range n.Content {
		if err := checkNodes(inner, file, count); err != nil {
			return err
		}
	}
	return nil
}

// pair is a key of a mapping with its value, aliases followed.
type pair struct {
	key, value *yaml.Node
}

// pairs lists a mapping's entries, merged ones (<<) after its own.
func pairs(n *yaml.Node) []pair {
	var own, merged []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), follow(n.Content[i+1])
		if key.ShortTag() != "!!merge" {
			own = append(own, pair{key, value})
			continue
		}
		sources := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			sources = value.Content
		}
		for _, s := range sources {
			if s = follow(s); s.Kind != yaml.MappingNode {
				continue
			}
			// One level: a merge inside a merged mapping is rare enough to leave out.
			for j := 0; j+1 < len(s.Content); j += 2 {
				if key := follow(s.Content[j]); key.ShortTag() != "!!merge" {
					merged = append(merged, pair{key, follow(s.Content[j+1])})
				}
			}
		}
	}
	if len(merged) == 0 {
		return own
	}
	taken := make(map[string]bool, len(own))
	for _, o := range own {
		taken[o.key.Value] = true
	}
	for _, m := range merged {
		if !taken[m.key.Value] {
			taken[m.key.Value] = true
			own = append(own, m)
		}
	}
	return own
}

// follow goes from an alias to what it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			return n
		}
		n = n.Alias
	}
	return n
}

// isNull says whether a value was left out.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// scalars reads a scalar, or a list of scalars, as text. ok is false for
// anything else.
func scalars(n *yaml.Node) (texts []string, ok bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}, true
	case yaml.SequenceNode:
		if len(n.Content) > maxList {
			return nil, false
		}
		for _, item := range n.Content {
			if item = follow(item); item.Kind != yaml.ScalarNode || isNull(item) {
				return nil, false
			}
			texts = append(texts, item.Value)
		}
		return texts, true
	default:
		return nil, false
	}
}
