package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// stormView is what storm.yaml and -c say together.
type stormView struct {
	layer     Layer
	nimbus    int // port for Nimbus hosts without one
	zookeeper int // port for ZooKeeper servers without one
	transport Value[string]
	unused    []Setting
	warnings  []Warning
}

// viewStorm lays -c over storm.yaml (nil when it is left aside or absent) and
// translates the keys to ours.
func viewStorm(file *stormFile, options map[string]stormEntry, errs *Errors) stormView {
	v := stormView{layer: Layer{Name: stormYAML, Entries: map[string]Entry{}}, nimbus: nimbusPort, zookeeper: zookeeperPort}
	all := map[string]stormEntry{}
	if file != nil {
		maps.Copy(all, file.entries)
	}
	for key, e := range options {
		all[key] = e
		// One of the two names of the same thing hides the other below it.
		if key == stormHost {
			if _, ok := options[stormSeeds]; !ok {
				delete(all, stormSeeds)
			}
		}
	}
	for key, e := range all {
		if e.texts == nil && stormUsed(key) {
			errs.add(at(e.origin, &fault{key + " wants a value, or a list of values", "See Storm's defaults.yaml for its form."}))
			delete(all, key)
		}
	}
	for key, ours := range stormDirect() {
		if e, ok := all[key]; ok {
			v.layer.Entries[ours] = Entry{e.texts, e.origin}
		}
	}
	for _, key := range []string{stormHost, stormSeeds} {
		if e, ok := all[key]; ok && len(e.texts) > 0 {
			v.layer.Entries["nimbus"] = Entry{e.texts, e.origin}
		}
	}
	if e, ok := all[stormZKServers]; ok && len(e.texts) > 0 {
		v.layer.Entries["zookeeper.servers"] = Entry{e.texts, e.origin}
	}
	v.nimbus = stormPortOf(all, stormPort, nimbusPort, errs)
	v.zookeeper = stormPortOf(all, stormZKPort, zookeeperPort, errs)
	v.frame(all)
	v.security(all)
	return v
}

func stormPortOf(all map[string]stormEntry, key string, usual int, errs *Errors) int {
	e, ok := all[key]
	if !ok {
		return usual
	}
	t, f := single(e.texts)
	n := usual
	if f == nil {
		n, f = parsePort(t)
	}
	if f != nil {
		errs.add(at(e.origin, f))
		return usual
	}
	return n
}

// frame lets a server's own buffer raise our bound, never lower it: Storm's
// default of 1 MiB bounds what Nimbus reads, not what it answers.
func (v *stormView) frame(all map[string]stormEntry) {
	e, ok := all[stormBuffer]
	if !ok || len(e.texts) != 1 {
		return
	}
	if n, err := strconv.ParseInt(e.texts[0], 10, 64); err == nil && n > defaultMaxFrame {
		v.layer.Entries["nimbus.max_frame"] = Entry{[]string{strconv.FormatInt(min(n, 1<<30), 10)}, e.origin}
	}
}

// security reports what a secured cluster would need.
func (v *stormView) security(all map[string]stormEntry) {
	const tail = "this version speaks the plain transport only, so Nimbus will probably refuse"
	if e, ok := all[stormTransport]; ok && len(e.texts) == 1 {
		class := e.texts[0]
		name := class[strings.LastIndexByte(class, '.')+1:]
		switch {
		case name == "SimpleTransportPlugin":
			v.transport = Value[string]{transportPlain, e.origin}
		case name != "":
			v.transport = Value[string]{bounded(name, ""), e.origin}
			v.warnings = append(v.warnings, Warning{Where: e.origin.where(), Text: stormTransport + " asks for " + v.transport.V + "; " + tail})
		}
	}
	if e, ok := all[stormUseTLS]; ok && len(e.texts) == 1 {
		if on, f := parseBool(e.texts[0]); f == nil && on {
			v.transport = Value[string]{"TLS", e.origin}
			v.warnings = append(v.warnings, Warning{Where: e.origin.where(), Text: stormUseTLS + " asks for TLS; " + tail})
		}
	}
	for key, e := range all {
		if !stormSecured(key) {
			continue
		}
		value := strings.Join(e.texts, ", ")
		if Secret(key) && value != "" {
			value = Masked
		}
		v.unused = append(v.unused, Setting{Key: key, Value: bounded(MaskText(value), ""), Origin: e.origin, Note: stormUnusedNote})
	}
	slices.SortFunc(v.unused, func(a, b Setting) int { return strings.Compare(a.Key, b.Key) })
	for _, s := range v.unused {
		switch s.Key {
		case "nimbus.admins", "nimbus.users", "storm.principal.tolocal", "nimbus.thrift.tls.port":
		default:
			v.warnings = append(v.warnings, Warning{Where: s.Origin.where(), Text: s.Key + " is recognised and not used: secured clusters are not supported by this version"})
		}
	}
}
