package config

import (
	"slices"
	"strings"
)

// adoptGuards keeps the guard rails of a configured cluster when its Nimbus is
// named by hand: --write must not go around them.
func (s *sources) adoptGuards(ch choice, layers *[ranks]Layer, port int) []Warning {
	if !ch.adHoc || ch.cluster != "" || s.file == nil {
		return nil
	}
	texts, ok := firstNimbus(layers[:])
	if !ok {
		return nil
	}
	target, f := parseAddresses(texts)
	if f != nil {
		return nil
	}
	target = withPort(target, port)
	for _, b := range s.file.clusters {
		own, f := parseAddresses(b.layer.Entries["nimbus"].Texts)
		if f != nil || !overlap(withPort(own, port), target) {
			continue
		}
		guarded := Layer{Name: b.layer.Name, Entries: map[string]Entry{}}
		for _, key := range []string{
			"mode", "prod", "protect", "min_kill_wait", "max_rebalance_factor", "change_hours", "require_reason", "audit", "ui.actions.enabled",
		} {
			if e, ok := b.layer.Entries[key]; ok {
				guarded.Entries[key] = e
			}
		}
		if len(guarded.Entries) == 0 {
			continue
		}
		layers[rankCluster] = guarded
		return []Warning{{
			Where: b.origin.String(), Text: "this Nimbus belongs to the cluster " + b.name + ", whose guard rails apply",
			Hint: "--cluster " + b.name + " uses all its settings.",
		}}
	}
	return nil
}

func firstNimbus(layers []Layer) ([]string, bool) {
	for _, l := range layers {
		if e, ok := l.Entries["nimbus"]; ok {
			return e.Texts, true
		}
	}
	return nil, false
}

// strongestNimbus is the target above storm.yaml, nil when there is none.
func strongestNimbus(layers [ranks]Layer, options map[string]stormEntry) []string {
	if texts, ok := firstNimbus(layers[:rankStorm]); ok {
		return texts
	}
	for _, key := range []string{stormSeeds, stormHost} {
		if e, ok := options[key]; ok {
			return e.texts
		}
	}
	return nil
}

// disjoint says whether no host of texts is among hosts. A short name equals
// the name it begins.
func disjoint(hosts, texts []string) bool {
	list, f := parseAddresses(texts)
	if f != nil {
		return false
	}
	for _, a := range list {
		for _, h := range hosts {
			if sameHost(a.Host, h) {
				return false
			}
		}
	}
	return true
}

func sameHost(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSuffix(a, ".")), strings.ToLower(strings.TrimSuffix(b, "."))
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

func within(list, of []Address) bool {
	for _, a := range list {
		if !slices.Contains(of, a) {
			return false
		}
	}
	return true
}

func overlap(a, b []Address) bool {
	for _, x := range a {
		for _, y := range b {
			if sameHost(x.Host, y.Host) && x.Port == y.Port {
				return true
			}
		}
	}
	return false
}
