package config

import "strings"

// Entry is a setting as it was written.
type Entry struct {
	// Texts are the scalars of a list, or the one scalar, unread.
	Texts  []string
	Origin Origin
}

// Layer is one source of settings, by key (see Settings). A reader of another
// format, such as streamparse's config.json, is a function that makes one.
type Layer struct {
	Name    string
	Entries map[string]Entry
}

// The ranks of the layers, strongest first. rankStreamparse is empty: this
// version does not read config.json.
const (
	rankFlags = iota
	rankEnv
	rankCluster
	rankConfigTop
	rankStreamparse
	rankStorm
	ranks
)

// addZooKeeper divides HOST,…/ROOT into the two settings it stands for.
func (l Layer) addZooKeeper(e Entry) {
	hosts, root := splitRoot(strings.Join(e.Texts, ","))
	l.Entries["zookeeper.servers"] = Entry{[]string{hosts}, e.Origin}
	if root != "" {
		l.Entries["zookeeper.root"] = Entry{[]string{root}, e.Origin}
	}
}

// apply reads each setting from the strongest layer that has it.
func apply(c *Config, layers [ranks]Layer, in Inputs, errs *Errors) {
	for _, sp := range specs() {
		for _, layer := range layers {
			e, ok := layer.Entries[sp.key]
			if !ok {
				continue
			}
			if f := sp.read(c, e.Texts, e.Origin, in); f != nil {
				errs.add(at(e.Origin, f))
			}
			break
		}
	}
}
