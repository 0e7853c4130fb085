package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxKeys bounds the keys of one action.
const maxKeys = 10

// KeyAction is an action that keys.yaml may rebind.
type KeyAction struct {
	// Set is the group of screens whose keys must not collide, such as
	// "tables" or "logs". The empty set holds the actions that work in all.
	Set string
	// Action is the name used in keys.yaml.
	Action string
	// Keys are the keys without keys.yaml, in the form of CanonicalKey.
	Keys []string
	// Fixed actions, such as leaving with ctrl-c, keep their keys.
	Fixed bool
}

// everywhere is how keys.yaml names the empty set.
const everywhere = "everywhere"

func (a KeyAction) setName() string {
	if a.Set == "" {
		return everywhere
	}
	return a.Set
}

// Binding is the keys of one action as they are in effect.
type Binding struct {
	KeyAction
	// Rebound is true when keys.yaml gives the keys; Keys then holds them, and
	// may be empty: the action has no key.
	Rebound bool
	// Line in keys.yaml; 0 when not rebound.
	Line int
}

// ParseKeys reads keys.yaml:
//
//	tables:
//	  menu: x
//	  graph: [v, ctrl-g]
//	everywhere:
//	  help: ["?", f1]
//
// name is the file as messages call it. The result has one Binding for every
// known action, in the order given. Unknown sets and actions, keys that no
// terminal sends, and two actions on one key are faults; empty data rebinds
// nothing.
func ParseKeys(data []byte, name string, known []KeyAction) ([]Binding, error) {
	bindings := make([]Binding, len(known))
	for i, a := range known {
		bindings[i] = Binding{KeyAction: a}
	}
	k := &keyReader{file: Origin{Kind: OriginConfig, Path: name}, bindings: bindings}
	top, err := parseYAML(data, k.file)
	if err != nil {
		return nil, err
	}
	if top != nil {
		k.sets(top)
	}
	if len(k.errs) == 0 {
		k.conflicts()
	}
	if err := k.errs.or(); err != nil {
		return nil, err
	}
	return bindings, nil
}

// LoadKeys reads the file of Config.Keys with ParseKeys. A file that nobody
// asked for may be missing.
func LoadKeys(in Inputs, c *Config, known []KeyAction) ([]Binding, []Warning, error) {
	name := c.Keys.V
	if name == "" {
		b, err := ParseKeys(nil, "", known)
		return b, nil, err
	}
	shown := tilde(name, in.Home)
	data, writable, err := in.readFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.Keys.Set():
		b, err := ParseKeys(nil, shown, known)
		return b, nil, err
	case err != nil && c.Keys.Set():
		return nil, nil, missing(err, c.Keys.Origin.where(), name)
	case err != nil:
		return nil, nil, missing(err, shown, name)
	}
	var warnings []Warning
	if writable {
		warnings = append(warnings, worldWritable(Origin{Kind: OriginConfig, Path: name, home: in.Home}))
	}
	b, err := ParseKeys(data, shown, known)
	return b, warnings, err
}

type keyReader struct {
	file     Origin
	bindings []Binding
	errs     Errors
}

func (k *keyReader) bad(n *yaml.Node, what, hint string) {
	k.errs.add(at(k.file.at(n), &fault{what, hint}))
}

func (k *keyReader) sets(top *yaml.Node) {
	var names []string
	for _, b := range k.bindings {
		if !slices.Contains(names, b.setName()) {
			names = append(names, b.setName())
		}
	}
	seen := map[string]bool{}
	for _, p := range pairs(top) {
		set := p.key.Value
		switch {
		case k.errs.full():
			return
		case !slices.Contains(names, set):
			hint := didYouMean(set, names)
			if hint == "" {
				hint = "Sets: " + strings.Join(names, ", ") + "."
			}
			k.bad(p.key, "there is no set of keys "+quote(set), hint)
		case seen[set]:
			k.bad(p.key, set+" stands twice", "Keep one of the two.")
		case isNull(p.value):
		case p.value.Kind != yaml.MappingNode:
			k.bad(p.value, set+" is a group of actions", "Below it belongs ACTION: KEY.")
		default:
			seen[set] = true
			k.set(set, p.value)
		}
	}
}

func (k *keyReader) set(set string, n *yaml.Node) {
	for _, p := range pairs(n) {
		if k.errs.full() {
			return
		}
		action := p.key.Value
		i := slices.IndexFunc(k.bindings, func(b Binding) bool { return b.setName() == set && b.Action == action })
		if i < 0 {
			var names []string
			for _, b := range k.bindings {
				if b.setName() == set {
					names = append(names, b.Action)
				}
			}
			hint := didYouMean(action, names)
			if hint == "" {
				hint = "stormtop keys prints the names of the actions."
			}
			k.bad(p.key, set+" has no action "+quote(action), hint)
			continue
		}
		b := &k.bindings[i]
		switch {
		case b.Fixed:
			k.bad(p.key, action+" keeps its keys", "Remove the line.")
			continue
		case b.Rebound:
			k.bad(p.key, action+" stands twice", "Keep one of the two.")
			continue
		}
		texts, ok := scalars(p.value)
		if isNull(p.value) {
			texts, ok = nil, true
		}
		if !ok || len(texts) > maxKeys {
			k.bad(p.value, fmt.Sprintf("%s wants a key, or a list of up to %d keys", action, maxKeys), "")
			continue
		}
		keys := make([]string, 0, len(texts))
		for _, t := range texts {
			key, err := CanonicalKey(t)
			if err != nil {
				k.bad(p.value, err.Error(), "Examples: x, X, ?, ctrl-x, alt-x, shift-tab, enter, f5, pgdn.")
				continue
			}
			keys = append(keys, key)
		}
		b.Keys, b.Rebound, b.Line = keys, true, p.key.Line
	}
}

// conflicts reports two actions on one key in one set; an action that works
// everywhere collides with those of every set. Collisions among the keys that
// nobody rebound are the caller's own and not reported.
func (k *keyReader) conflicts() {
	for i, b := range k.bindings {
		for _, a := range k.bindings[:i] {
			if !a.Rebound && !b.Rebound || a.Set != b.Set && a.Set != "" && b.Set != "" {
				continue
			}
			for _, key := range b.Keys {
				if !slices.Contains(a.Keys, key) {
					continue
				}
				o := k.file
				o.Line = max(a.Line, b.Line)
				set := b.setName()
				if b.Set == "" {
					set = a.setName()
				}
				k.errs.add(&Error{
					Where: o.where(), What: fmt.Sprintf("%s is both %s and %s in %s", key, a.Action, b.Action, set),
					Hint: "stormtop keys --conflicts",
				})
			}
		}
	}
}

func namedKeys() []string {
	names := []string{
		"enter", "esc", "space", "tab", "backspace", "delete", "insert",
		"up", "down", "left", "right", "home", "end", "pgup", "pgdn",
	}
	for i := 1; i <= 12; i++ {
		names = append(names, "f"+strconv.Itoa(i))
	}
	return names
}

// CanonicalKey writes a key the one way the bindings use: modifiers first, in
// the order ctrl, alt, shift, each with a dash, then a printable character or
// a name such as enter, pgdn, f5. `Ctrl+X` becomes `ctrl-x`; an upper-case
// letter stays one.
func CanonicalKey(s string) (string, error) {
	rest := s
	mods := map[string]bool{}
	for {
		i := strings.IndexAny(rest, "-+")
		if i <= 0 || i == len(rest)-1 {
			break
		}
		mod := strings.ToLower(rest[:i])
		switch mod {
		case "control", "c":
			mod = "ctrl"
		case "meta", "option", "m":
			mod = "alt"
		}
		if mod != "ctrl" && mod != "alt" && mod != "shift" || mods[mod] {
			break
		}
		mods[mod] = true
		rest = rest[i+1:]
	}
	key := rest
	if r, size := utf8.DecodeRuneInString(rest); size == len(rest) && size > 0 && r != utf8.RuneError {
		switch {
		case r == ' ':
			key = "space"
		case !unicode.IsGraphic(r):
			return "", &fault{what: quote(s) + " is no key"}
		case mods["ctrl"] && r >= 'A' && r <= 'Z':
			// Terminals send the same byte for both cases.
			key = string(unicode.ToLower(r))
		case mods["shift"] && unicode.IsLetter(r):
			key = string(unicode.ToUpper(r))
			delete(mods, "shift")
		}
	} else {
		key = strings.ToLower(rest)
		switch key {
		case "escape":
			key = "esc"
		case "return":
			key = "enter"
		case "pageup":
			key = "pgup"
		case "pagedown", "pgdown":
			key = "pgdn"
		case "del":
			key = "delete"
		}
		if !slices.Contains(namedKeys(), key) {
			return "", &fault{what: quote(s) + " is no key"}
		}
	}
	var prefix strings.Builder
	for _, mod := range []string{"ctrl", "alt", "shift"} {
		if mods[mod] {
			prefix.WriteString(mod + "-")
		}
	}
	return prefix.String() + key, nil
}
