package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxClusters bounds the clusters of one file.
const maxClusters = 200

// configFile is config.yaml, read and checked.
type configFile struct {
	origin   Origin
	preset   Entry // `default:`, no texts when absent
	clusters []block
	top      Layer
}

// block is one cluster of config.yaml.
type block struct {
	name   string
	origin Origin
	layer  Layer
}

func (f *configFile) find(name string) (block, bool) {
	if f == nil {
		return block{}, false
	}
	for _, b := range f.clusters {
		if b.name == name {
			return b, true
		}
	}
	return block{}, false
}

func (f *configFile) names() []string {
	if f == nil {
		return nil
	}
	names := make([]string, len(f.clusters))
	for i, b := range f.clusters {
		names[i] = b.name
	}
	return names
}

// later are keys whose place is kept; each sentence says what to do meanwhile.
func later() map[string]string {
	return map[string]string{
		"nimbus.via":     "Remove it or reach Nimbus directly.",
		"tls":            "Only the plain transport is; remove it.",
		"sasl":           "Only the plain transport is; remove it.",
		"kerberos":       "Only the plain transport is; remove it.",
		"zookeeper.auth": "Remove it; ZooKeeper is read without authentication.",
		"zookeeper.tls":  "Remove it; ZooKeeper is read without TLS.",
	}
}

// keyAliases are second spellings; a group cannot also be a list, so the list
// of seeds has a name of its own inside `nimbus:`.
func keyAliases() map[string]string {
	return map[string]string{"nimbus.hosts": "nimbus", "nimbus.seeds": "nimbus"}
}

// parseConfigFile reads config.yaml. Every fault is reported, at most
// maxErrors; the settings of all clusters are checked, chosen or not.
func parseConfigFile(data []byte, origin Origin, in Inputs) (*configFile, Errors) {
	var errs Errors
	file := &configFile{origin: origin, top: Layer{Name: "config.yaml", Entries: map[string]Entry{}}}
	top, err := parseYAML(data, origin)
	if err != nil {
		return nil, Errors{err}
	}
	if top == nil {
		return file, nil
	}
	r := &reader{file: origin, in: in, errs: &errs}
	var clusters, preset *yaml.Node
	rest := &yaml.Node{Kind: yaml.MappingNode, Line: top.Line, Column: top.Column}
	seen := map[string]int{}
	for _, p := range pairs(top) {
		switch p.key.Value {
		case "clusters":
			clusters = p.value
		case "default":
			preset = p.value
		default:
			rest.Content = append(rest.Content, p.key, p.value)
			continue
		}
		r.once(seen, p.key)
	}
	r.block(rest, atTop, file.top)
	if clusters != nil && !isNull(clusters) {
		r.clusters(clusters, file)
	}
	if preset != nil && !isNull(preset) {
		r.preset(preset, file)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return file, nil
}

// reader walks config.yaml.
type reader struct {
	file Origin
	in   Inputs
	errs *Errors
}

func (r *reader) bad(n *yaml.Node, what, hint string) {
	r.errs.add(at(r.file.at(n), &fault{what, hint}))
}

// once reports a key that stands twice.
func (r *reader) once(seen map[string]int, key *yaml.Node) bool {
	if line, ok := seen[key.Value]; ok {
		r.bad(key, fmt.Sprintf("%s is already given on line %d", key.Value, line), "Keep one of the two.")
		return false
	}
	seen[key.Value] = key.Line
	return true
}

func (r *reader) preset(n *yaml.Node, file *configFile) {
	texts, ok := scalars(n)
	if !ok || len(texts) != 1 {
		r.bad(n, "default is the name of one cluster", "Write default: NAME.")
		return
	}
	file.preset = Entry{texts, r.file.at(n)}
	if _, ok := file.find(texts[0]); !ok && texts[0] != stormYAML {
		hint := didYouMean(texts[0], file.names())
		if hint == "" {
			hint = "Clusters are named below clusters:."
		}
		r.bad(n, "there is no cluster "+quote(texts[0]), hint)
	}
}

func (r *reader) clusters(n *yaml.Node, file *configFile) {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "clusters is not a list of names with settings", "Write clusters:, then each NAME: indented, its settings below it.")
		return
	}
	seen := map[string]int{}
	for _, p := range pairs(n) {
		if r.errs.full() {
			return
		}
		if len(file.clusters) == maxClusters {
			r.bad(p.key, fmt.Sprintf("more than %d clusters", maxClusters), "Divide them over several files; --config chooses one.")
			return
		}
		if p.key.Kind != yaml.ScalarNode {
			r.bad(p.key, "a cluster's name is plain text", "")
			continue
		}
		if f := clusterName(p.key.Value); f != nil {
			r.bad(p.key, f.what, f.hint)
			continue
		}
		if !r.once(seen, p.key) {
			continue
		}
		b := block{p.key.Value, r.file.at(p.key), Layer{Name: "config.yaml, cluster " + p.key.Value, Entries: map[string]Entry{}}}
		switch {
		case isNull(p.value):
		case p.value.Kind != yaml.MappingNode:
			r.bad(p.value, "the cluster "+b.name+" has no settings", "Write at least nimbus: HOST below the name.")
		default:
			r.block(p.value, inCluster, b.layer)
		}
		file.clusters = append(file.clusters, b)
	}
}

// block reads the settings of one scope and checks each value.
func (r *reader) block(n *yaml.Node, s scope, into Layer) {
	known, other := map[string]spec{}, map[string]bool{}
	for _, sp := range specs() {
		if sp.scope&s != 0 {
			known[sp.key] = sp
		} else {
			other[sp.key] = true
		}
	}
	r.walk(n, "", s, known, other, into)
	if e, ok := into.Entries["zookeeper"]; ok {
		delete(into.Entries, "zookeeper")
		into.addZooKeeper(e)
	}
	scratch := defaults(Paths{})
	for key, sp := range known {
		if e, ok := into.Entries[key]; ok {
			if f := sp.read(scratch, e.Texts, e.Origin, r.in); f != nil {
				r.errs.add(at(e.Origin, f))
			}
		}
	}
	slices.SortStableFunc(*r.errs, byPlace)
}

func (r *reader) walk(n *yaml.Node, prefix string, s scope, known map[string]spec, other map[string]bool, into Layer) {
	for _, p := range pairs(n) {
		if r.errs.full() {
			return
		}
		if p.key.Kind != yaml.ScalarNode {
			r.bad(p.key, "a key is plain text", "Each line is KEY: VALUE.")
			continue
		}
		path := prefix + p.key.Value
		if alias, ok := keyAliases()[path]; ok && s == inCluster {
			path = alias
		}
		if hint, ok := keptPlace(path); ok && s == inCluster {
			if texts, _ := scalars(p.value); !isNull(p.value) && (len(texts) != 1 || texts[0] != "none") {
				r.bad(p.key, path+" is not supported by this version", hint)
			}
			continue
		}
		_, leaf := known[path]
		leaf = leaf || path == "zookeeper" && s == inCluster
		group := isGroup(path, known)
		switch {
		case group && p.value.Kind == yaml.MappingNode:
			r.walk(p.value, path+".", s, known, other, into)
		case isNull(p.value) && (leaf || group):
			// A key without a value, as when all below it is a comment.
		case leaf:
			r.leaf(p, path, into)
		case group:
			r.bad(p.value, path+" is a group of settings", "Below it belong "+strings.Join(below(path, known), ", ")+".")
		default:
			r.unknown(p.key, path, s, known, other)
		}
	}
}

func (r *reader) leaf(p pair, path string, into Layer) {
	texts, ok := scalars(p.value)
	if !ok {
		r.bad(p.value, path+" wants a value, or a list of values", "")
		return
	}
	if before, ok := into.Entries[path]; ok {
		r.bad(p.key, fmt.Sprintf("%s is already given on line %d", path, before.Origin.Line), "Keep one of the two.")
		return
	}
	into.Entries[path] = Entry{texts, r.file.at(p.key)}
}

func (r *reader) unknown(key *yaml.Node, path string, s scope, known map[string]spec, other map[string]bool) {
	hint := ""
	names := make([]string, 0, 2*len(known))
	for name := range known {
		// The name in full, and the group alone for a mistyped group.
		names = append(names, name)
		if i := strings.IndexByte(name, '.'); i > 0 {
			names = append(names, name[:i])
		}
	}
	if s == atTop {
		names = append(names, "clusters", "default")
	}
	slices.Sort(names)
	switch {
	case other[path] && s == atTop:
		hint = "It belongs into a cluster: clusters: NAME: " + path + "."
	case other[path]:
		hint = "It belongs at the top of the file, not into a cluster."
	default:
		if near := nearest(path, names); near != "" {
			hint = "Did you mean " + near + "?"
		} else {
			hint = "config init prints an example with every key."
		}
	}
	r.bad(key, "unknown key "+quote(path), hint)
}

func keptPlace(path string) (hint string, ok bool) {
	for key, hint := range later() {
		if path == key || strings.HasPrefix(path, key+".") {
			return hint, true
		}
	}
	return "", false
}

func isGroup(path string, known map[string]spec) bool {
	for key := range known {
		if strings.HasPrefix(key, path+".") {
			return true
		}
	}
	return false
}

func below(path string, known map[string]spec) []string {
	var names []string
	for key := range known {
		if rest, ok := strings.CutPrefix(key, path+"."); ok {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// byPlace orders faults of one file as they stand in it.
func byPlace(a, b *Error) int {
	return slices.Compare(place(a.Where), place(b.Where))
}

// place takes the trailing numbers of file:line:column.
func place(where string) []int {
	var nums []int
	parts := strings.Split(where, ":")
	for _, p := range parts[max(0, len(parts)-2):] {
		n := 0
		if _, err := fmt.Sscanf(p, "%d", &n); err == nil {
			nums = append(nums, n)
		}
	}
	return nums
}
