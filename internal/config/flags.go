package config

import (
	"slices"
	"strings"
)

// FlagKind says what a flag takes.
type FlagKind int

// The kinds of flags.
const (
	FlagText   FlagKind = iota // one value
	FlagList                   // one value each time, repeatable
	FlagSwitch                 // none, or =true or =false
)

// Flag is a command-line flag that Load reads. The caller declares it to its
// parser and hands its values over in Inputs.Flags.
type Flag struct {
	Name     string // long name without dashes; the key in Inputs.Flags
	Short    string // one letter, or empty
	Kind     FlagKind
	Argument string // what a help text calls the value
	Usage    string // one phrase
	// key is the setting given; empty for the flags that choose files and modes.
	key string
	// fixed is the setting's text when the switch is on.
	fixed string
}

// String is the flag as a user writes it.
func (f Flag) String() string {
	if f.Name == "c" {
		return "-c"
	}
	return "--" + f.Name
}

// Flags are the flags that Load reads, in the order of a help text.
func Flags() []Flag {
	return []Flag{
		{Name: "nimbus", Kind: FlagList, Argument: "HOST[:PORT]", Usage: "Nimbus seed, repeatable or comma-separated", key: "nimbus"},
		{Name: "zk", Kind: FlagList, Argument: "HOST[:PORT],…[/ROOT]", Usage: "ZooKeeper servers and Storm's root", key: "zookeeper"},
		{Name: "cluster", Kind: FlagText, Argument: "NAME", Usage: "cluster named in config.yaml"},
		{Name: "env", Short: "E", Kind: FlagText, Argument: "NAME", Usage: "environment of streamparse's config.json (not supported by this version)"},
		{Name: "config", Kind: FlagText, Argument: "FILE", Usage: "config.yaml to read instead of the usual one"},
		{Name: "storm-conf", Kind: FlagText, Argument: "FILE", Usage: "storm.yaml to read instead of searching for one"},
		{Name: "c", Short: "c", Kind: FlagList, Argument: "KEY=VALUE", Usage: "one key over storm.yaml, as storm -c"},
		{Name: "ssh-config", Short: "F", Kind: FlagText, Argument: "FILE", Usage: "OpenSSH client configuration", key: "ssh.config"},
		{Name: "ssh-user", Kind: FlagText, Argument: "USER", Usage: "login name on worker hosts", key: "ssh.user"},
		{Name: "ssh-port", Kind: FlagText, Argument: "PORT", Usage: "SSH port of worker hosts", key: "ssh.port"},
		{Name: "log-dir", Kind: FlagText, Argument: "DIR", Usage: "storm.log.dir on worker hosts", key: "log_dir"},
		{Name: "artifacts-dir", Kind: FlagText, Argument: "DIR", Usage: "storm.workers.artifacts.dir on worker hosts", key: "artifacts_dir"},
		{Name: "no-zk", Kind: FlagSwitch, Usage: "do without ZooKeeper", key: "zookeeper.enabled", fixed: "false"},
		{Name: "no-ssh", Kind: FlagSwitch, Usage: "do without SSH", key: "ssh.enabled", fixed: "false"},
		{Name: "timeout", Kind: FlagText, Argument: "TIME", Usage: "limit of one answer: 7, 7s, 500ms", key: "timeout"},
		{Name: "max-frame", Kind: FlagText, Argument: "SIZE", Usage: "largest answer of Nimbus: 16M", key: "nimbus.max_frame"},
		{Name: "readonly", Kind: FlagSwitch, Usage: "refuse every change"},
		{Name: "write", Kind: FlagSwitch, Usage: "allow changes on a cluster that no configuration names"},
		{Name: "theme", Kind: FlagText, Argument: "NAME", Usage: "colours of the console", key: "ui.theme"},
		{Name: "color", Kind: FlagText, Argument: "auto|always|never", Usage: "colours at all", key: "ui.color"},
		{Name: "no-unicode", Kind: FlagSwitch, Usage: "draw with ASCII only", key: "ui.unicode", fixed: "false"},
		{Name: "mouse", Kind: FlagSwitch, Usage: "start with the mouse on", key: "ui.mouse", fixed: "true"},
		{Name: "every", Kind: FlagText, Argument: "TIME", Usage: "time between polls", key: "ui.every"},
		{Name: "keys", Kind: FlagText, Argument: "FILE", Usage: "key bindings", key: "keys"},
	}
}

// neverFromEnv are the flags that confirm or allow a change.
var neverFromEnv = [...]string{"yes", "write", "force"}

// EnvName is the variable that stands for a flag: STORMTOP_SSH_USER for
// ssh-user; empty for --yes, --write and --force, which are taken from the
// command line only.
func EnvName(flag string) string {
	if slices.Contains(neverFromEnv[:], flag) {
		return ""
	}
	return "STORMTOP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// given is a flag's value with the layer that gave it.
type given struct {
	texts  []string
	origin Origin
}

// flag looks a flag up on the command line, then in the environment.
func (in Inputs) flag(name string) (given, bool) {
	if g, ok := in.commandLine(name); ok {
		return g, true
	}
	return in.environment(name)
}

func (in Inputs) commandLine(name string) (given, bool) {
	texts, ok := in.Flags[name]
	if !ok || len(texts) == 0 {
		return given{}, false
	}
	return given{texts, Origin{Kind: OriginFlag, Name: Flag{Name: name}.String()}}, true
}

func (in Inputs) environment(name string) (given, bool) {
	variable := EnvName(name)
	if variable == "" {
		return given{}, false
	}
	value := in.env(variable)
	if value == "" {
		return given{}, false
	}
	texts := []string{value}
	if name == "c" {
		// The values may hold commas, so one key=value stands on a line.
		texts = strings.Split(strings.TrimRight(value, "\n"), "\n")
	}
	return given{texts, Origin{Kind: OriginEnv, Name: variable}}, true
}

// text is the last value of a flag that takes one, as parsers do.
func (g given) text() string { return g.texts[len(g.texts)-1] }

// on reads a switch.
func (g given) on() (bool, *Error) {
	b, f := parseBool(g.text())
	if f != nil {
		return false, at(g.origin, f)
	}
	return b, nil
}

// flagLayer turns flags, or variables, into settings. skip names the flags to
// leave out.
func (in Inputs) flagLayer(name string, look func(string) (given, bool), skip func(string) bool, errs *Errors) Layer {
	layer := Layer{Name: name, Entries: map[string]Entry{}}
	for _, f := range Flags() {
		if f.key == "" || skip(f.Name) {
			continue
		}
		g, ok := look(f.Name)
		if !ok {
			continue
		}
		switch {
		case f.Kind == FlagSwitch:
			on, err := g.on()
			if err != nil {
				errs.add(err)
				continue
			}
			text := f.fixed
			if !on {
				// --no-zk=false says the opposite, over lower layers.
				b, _ := parseBool(f.fixed)
				text = map[bool]string{true: "false", false: "true"}[b]
			}
			layer.Entries[f.key] = Entry{[]string{text}, g.origin}
		case f.key == "zookeeper":
			layer.addZooKeeper(Entry{g.texts, g.origin})
		case f.Kind == FlagText:
			layer.Entries[f.key] = Entry{[]string{g.text()}, g.origin}
		default:
			layer.Entries[f.key] = Entry{g.texts, g.origin}
		}
	}
	return layer
}
