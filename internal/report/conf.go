package report

import (
	"maps"
	"slices"
)

// Conf is the answer of `conf`: a configuration with its secrets masked already.
// The id is empty for Nimbus' own. Keys are sorted.
func Conf(id, name string, conf map[string]any) Answer {
	var body object
	if id != "" {
		body = object{{"id", id}, {"name", word(name)}}
	}
	body = append(body, pair{"configuration", anyMap(conf)})
	made := rows(confRows(conf), confFields())
	return Answer{
		body: body, records: made, keys: keys(confFields()), names: slices.Sorted(maps.Keys(conf)),
		sections: []section{confSection(conf)},
	}
}

func confSection(conf map[string]any) section {
	return section{
		title: titled("configuration", len(conf), ""), columns: columns(confFields()), rows: rows(confRows(conf), confFields()),
		empty: "Empty.",
	}
}

// setting is one key of a configuration.
type setting struct {
	key   string
	value any
}

func confRows(conf map[string]any) []setting {
	out := make([]setting, 0, len(conf))
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		out = append(out, setting{key, conf[key]})
	}
	return out
}

func confFields() []field[setting] {
	return []field[setting]{
		{key: "key", title: "KEY", get: func(s setting) any { return s.key }},
		{key: "value", title: "VALUE", show: confText, absent: "null", get: func(s setting) any { return s.value }},
	}
}

// confText shows a value of a configuration: a text as it is, the empty one in
// quotes, anything else as JSON.
func confText(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	return string(appendJSON(nil, v, -1))
}

// Setting is one setting of stormtop itself.
type Setting struct {
	Key, Value, Origin, Note string
}

// Settings is the answer of `config show`: every setting of stormtop in the order
// given, with its origin when it is asked for.
func Settings(list []Setting, origins bool) Answer {
	fields := []field[Setting]{
		{key: "key", title: "SETTING", get: func(s Setting) any { return s.Key }},
		{key: "value", title: "VALUE", get: func(s Setting) any { return word(s.Value) }},
	}
	if origins {
		fields = append(fields, field[Setting]{key: "origin", title: "ORIGIN", get: func(s Setting) any { return word(s.Origin) }})
	}
	fields = append(fields, field[Setting]{key: "note", title: "NOTE", absent: " ", get: func(s Setting) any { return word(s.Note) }})
	made := rows(list, fields)
	a := Answer{
		body: object{{"settings", made}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: "No settings."}},
	}
	for _, s := range list {
		a.names = append(a.names, s.Key)
	}
	return a
}

// Key is one key of the console.
type Key struct {
	Set, Keys, Action, Help string
}

// Keys is the answer of `keys`: the console's keys in the order given.
func Keys(list []Key) Answer {
	fields := []field[Key]{
		{key: "set", title: "WHERE", get: func(k Key) any { return word(k.Set) }},
		{key: "keys", title: "KEYS", get: func(k Key) any { return word(k.Keys) }},
		{key: "action", title: "ACTION", wide: true, get: func(k Key) any { return word(k.Action) }},
		{key: "help", title: "DOES", get: func(k Key) any { return word(k.Help) }},
	}
	made := rows(list, fields)
	a := Answer{
		body: object{{"keys", made}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: "No keys."}},
	}
	for _, k := range list {
		a.names = append(a.names, k.Action)
	}
	return a
}

// Program is what `version` tells.
type Program struct {
	Version, Go, Platform string
}

// Version is the answer of `version`.
func Version(p Program) Answer {
	body := object{{"version", p.Version}, {"go", p.Go}, {"platform", p.Platform}}
	return Answer{
		body: body, records: []object{body}, keys: objectKeys(body), names: []string{p.Version},
		sections: []section{{facts: []fact{{"stormtop", p.Version}, {"go", p.Go}, {"platform", p.Platform}}}},
	}
}
