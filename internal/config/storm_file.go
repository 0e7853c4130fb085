package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// stormYAML names the cluster that storm.yaml describes.
const stormYAML = "storm.yaml"

// Keys of storm.yaml that become settings.
const (
	stormSeeds      = "nimbus.seeds"
	stormHost       = "nimbus.host"
	stormPort       = "nimbus.thrift.port"
	stormBuffer     = "nimbus.thrift.max_buffer_size"
	stormZKServers  = "storm.zookeeper.servers"
	stormZKPort     = "storm.zookeeper.port"
	stormZKRoot     = "storm.zookeeper.root"
	stormTransport  = "storm.thrift.transport"
	stormUseTLS     = "nimbus.thrift.client.use.tls"
	stormLogDir     = "storm.log.dir"
	stormArtifacts  = "storm.workers.artifacts.dir"
	stormLogviewer  = "logviewer.port"
	stormUI         = "ui.port"
	stormUIActions  = "ui.actions.enabled"
	nimbusPort      = 6627
	zookeeperPort   = 2181
	etcStorm        = "/etc/storm/storm.yaml"
	stormUnusedNote = "recognised, not used by this version"
)

// stormDirect are the keys that mean the same as one of ours.
func stormDirect() map[string]string {
	return map[string]string{
		stormZKRoot: "zookeeper.root", stormLogDir: "log_dir", stormArtifacts: "artifacts_dir",
		stormLogviewer: "logviewer.port", stormUI: "ui.port", stormUIActions: "ui.actions.enabled",
	}
}

func stormUsed(key string) bool {
	switch key {
	case stormSeeds, stormHost, stormPort, stormBuffer, stormZKServers, stormZKPort, stormTransport, stormUseTLS:
		return true
	}
	_, ok := stormDirect()[key]
	return ok
}

// stormSecured are the keys of secured clusters: recognised and reported.
func stormSecured(key string) bool {
	switch key {
	case "java.security.auth.login.config", "storm.zookeeper.auth.scheme", "storm.zookeeper.auth.payload",
		"storm.zookeeper.auth.user", "storm.zookeeper.auth.password", "storm.zookeeper.superACL", "storm.zookeeper.topology.auth.scheme",
		"storm.zookeeper.topology.auth.payload", "nimbus.thrift.tls.port", "storm.principal.tolocal", "nimbus.admins", "nimbus.users":
		return true
	}
	return strings.HasPrefix(key, "nimbus.thrift.tls.client.") || strings.HasPrefix(key, "storm.zookeeper.ssl.")
}

// stormEntry is a key of storm.yaml, or of -c; texts is nil when the value is
// neither a scalar nor a list of scalars.
type stormEntry struct {
	texts  []string
	origin Origin
}

// stormFile is storm.yaml, read.
type stormFile struct {
	origin  Origin
	entries map[string]stormEntry
	// explicit is true when a flag or STORM_CONF_FILE names the file.
	explicit bool
}

// nimbus lists the hosts the file names, without ports; nil when none.
func (s *stormFile) nimbus() []string {
	if s == nil {
		return nil
	}
	for _, key := range []string{stormSeeds, stormHost} {
		var hosts []string
		for _, t := range s.entries[key].texts {
			if a, f := parseAddress(t); f == nil {
				hosts = append(hosts, a.Host)
			}
		}
		if len(hosts) > 0 {
			return hosts
		}
	}
	return nil
}

// parseStormFile reads storm.yaml. Unknown keys are Storm's business; of a key
// that stands twice the last one counts, as for Storm.
func parseStormFile(data []byte, origin Origin) (*stormFile, []Warning, *Error) {
	file := &stormFile{origin: origin, entries: map[string]stormEntry{}}
	top, err := parseYAML(data, origin)
	if err != nil || top == nil {
		return file, nil, err
	}
	var warnings []Warning
	for _, p := range pairs(top) {
		key := p.key.Value
		if !stormUsed(key) && !stormSecured(key) {
			continue
		}
		if before, ok := file.entries[key]; ok {
			warnings = append(warnings, Warning{
				Where: origin.at(p.key).where(),
				Text:  fmt.Sprintf("%s stands twice; this value counts, not the one on line %d", key, before.origin.Line),
			})
		}
		if isNull(p.value) {
			delete(file.entries, key)
			continue
		}
		texts, _ := scalars(p.value)
		file.entries[key] = stormEntry{texts, origin.at(p.key)}
	}
	return file, warnings, nil
}

// findStorm looks storm.yaml up in Storm's order.
func (s *sources) findStorm() (*stormFile, error) {
	in := s.in
	if g, ok := in.flag("storm-conf"); ok {
		file, err := s.readStorm(g.text(), true)
		return file, missing(err, g.origin.where(), g.text())
	}
	if name := in.env("STORM_CONF_FILE"); name != "" {
		// Storm finds a relative name on the class path, which is its conf directory.
		candidates := []string{name}
		if !filepath.IsAbs(name) {
			candidates = nil
			for _, dir := range []string{in.env("STORM_CONF_DIR"), inside(in.env("STORM_HOME"), "conf"), "."} {
				if dir != "" {
					candidates = append(candidates, filepath.Join(dir, name))
				}
			}
		}
		for _, c := range candidates {
			file, err := s.readStorm(c, true)
			if !errors.Is(err, fs.ErrNotExist) {
				return file, missing(err, "STORM_CONF_FILE", c)
			}
		}
		return nil, missing(fs.ErrNotExist, "STORM_CONF_FILE", name)
	}
	if dir := in.env("STORM_CONF_DIR"); dir != "" {
		file, err := s.readStorm(filepath.Join(dir, stormYAML), false)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
		s.warn(Warning{Where: "STORM_CONF_DIR", Text: "there is no storm.yaml in " + tilde(dir, in.Home)})
	} else {
		s.lookedAt = append(s.lookedAt, "$STORM_CONF_DIR")
	}
	var rest []string
	if in.Home != "" {
		rest = append(rest, filepath.Join(in.Home, ".storm", stormYAML))
	}
	if home := in.env("STORM_HOME"); home != "" {
		rest = append(rest, filepath.Join(home, "conf", stormYAML))
	}
	for _, name := range append(rest, etcStorm) {
		file, err := s.readStorm(name, false)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	if in.env("STORM_HOME") == "" {
		s.lookedAt = append(s.lookedAt, "$STORM_HOME")
	}
	return nil, nil
}

func inside(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// missing words the error of a file that somebody named.
func missing(err error, where, name string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	what := "cannot read " + quote(name) + ": " + plainCause(err)
	if errors.Is(err, fs.ErrNotExist) {
		what = "there is no file " + quote(name)
	}
	return &Error{Where: where, What: what, Hint: "Correct the name, or leave it out.", err: err}
}

// readStorm reads one candidate. Its error matches fs.ErrNotExist when there is
// no such file.
func (s *sources) readStorm(name string, explicit bool) (*stormFile, error) {
	if !explicit {
		s.lookedAt = append(s.lookedAt, tilde(name, s.in.Home))
	}
	data, writable, err := s.in.readFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fs.ErrNotExist
	case err != nil:
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Where: tilde(name, s.in.Home), What: "cannot be read: " + plainCause(err), Hint: "Check its permissions.", err: err}
		}
		return nil, e
	}
	origin := Origin{Kind: OriginStorm, Path: name, home: s.in.Home}
	file, warnings, bad := parseStormFile(data, origin)
	if bad != nil {
		return nil, bad
	}
	s.warn(warnings...)
	if writable {
		s.warn(worldWritable(origin))
	}
	file.explicit = explicit
	return file, nil
}

func worldWritable(o Origin) Warning {
	return Warning{Where: o.String(), Text: "anybody on this machine can change this file", Hint: "chmod o-w takes that away."}
}

// stormOptions reads -c key=value.
func stormOptions(g given) (map[string]stormEntry, []Warning, Errors) {
	var errs Errors
	var warnings []Warning
	entries := map[string]stormEntry{}
	for _, text := range g.texts {
		key, value, ok := strings.Cut(text, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" || strings.ContainsAny(key, " \t\n") {
			// The text may hold a secret, so it is not repeated.
			errs.add(&Error{Where: g.origin.where(), What: "a value is not of the form key=value", Hint: "Example: -c nimbus.thrift.port=6630."})
			continue
		}
		origin := Origin{Kind: OriginStormOption, Name: bounded(key, "")}
		if !stormUsed(key) && !stormSecured(key) {
			warnings = append(warnings, Warning{Where: origin.String(), Text: "stormtop has no use for this key", Hint: didYouMean(key, stormKeys())})
			continue
		}
		texts, null := jsonTexts(value)
		if null {
			delete(entries, key)
			continue
		}
		entries[key] = stormEntry{texts, origin}
	}
	return entries, warnings, errs
}

func stormKeys() []string {
	keys := []string{stormSeeds, stormHost, stormPort, stormBuffer, stormZKServers, stormZKPort, stormTransport}
	for key := range stormDirect() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// jsonTexts reads a value as `storm -c` does: JSON, or else plain text.
func jsonTexts(s string) (texts []string, null bool) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if len(s) > maxFile || d.Decode(&v) != nil || d.More() {
		return []string{s}, false
	}
	switch v := v.(type) {
	case nil:
		return nil, true
	case []any:
		for _, item := range v {
			switch item.(type) {
			case string, json.Number, bool:
				texts = append(texts, fmt.Sprint(item))
			default:
				return nil, false
			}
		}
		return texts, false
	case map[string]any:
		return nil, false
	default:
		return []string{fmt.Sprint(v)}, false
	}
}
