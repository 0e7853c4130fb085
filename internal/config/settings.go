package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scope says in which blocks of config.yaml a key may stand.
type scope int

const (
	inCluster scope = 1 << iota // clusters.NAME
	atTop                       // the file's top level
)

const (
	modeReadOnly = "read-only"
	modeWrite    = "write"
)

// spec is one setting: its key, where it may stand, how its text is read into
// the Config and shown again.
type spec struct {
	key   string
	scope scope
	// read parses texts and stores the value with its origin.
	read func(c *Config, texts []string, o Origin, in Inputs) *fault
	// show is the text for Settings and the note for an empty value.
	show func(c *Config) (text, note string, o Origin)
}

// one makes a spec for a single value of type T.
func one[T any](key string, s scope, field func(*Config) *Value[T], parse func(string) (T, *fault), show func(T) string, note string) spec {
	return spec{
		key: key, scope: s,
		read: func(c *Config, texts []string, o Origin, _ Inputs) *fault {
			text, f := single(texts)
			if f != nil {
				return f
			}
			v, f := parse(text)
			if f != nil {
				return f
			}
			*field(c) = Value[T]{v, o}
			return nil
		},
		show: func(c *Config) (string, string, Origin) {
			v := field(c)
			text := show(v.V)
			if text == "" {
				return "", note, v.Origin
			}
			return text, "", v.Origin
		},
	}
}

func single(texts []string) (string, *fault) {
	if len(texts) != 1 {
		return "", &fault{"one value is wanted, not a list", "Give a single value."}
	}
	return texts[0], nil
}

func addresses(key string, s scope, field func(*Config) *Value[[]Address], note string) spec {
	return spec{
		key: key, scope: s,
		read: func(c *Config, texts []string, o Origin, _ Inputs) *fault {
			list, f := parseAddresses(texts)
			if f != nil {
				return f
			}
			*field(c) = Value[[]Address]{list, o}
			return nil
		},
		show: func(c *Config) (string, string, Origin) {
			v := field(c)
			if len(v.V) == 0 {
				return "", note, v.Origin
			}
			return addressTexts(v.V), "", v.Origin
		},
	}
}

// file makes a spec for a path on this machine: ~ is the home directory, and a
// relative path in a file counts from that file.
func file(key string, s scope, field func(*Config) *Value[string], note string) spec {
	sp := one(key, s, field, parsePath, text, note)
	sp.read = func(c *Config, texts []string, o Origin, in Inputs) *fault {
		t, f := single(texts)
		if f != nil {
			return f
		}
		p, f := parsePath(t)
		if f != nil {
			return f
		}
		switch rest, isHome := strings.CutPrefix(p, "~/"); {
		case isHome && in.Home == "":
			return &fault{"~ stands for the home directory, and HOME is not set", "Write the path in full."}
		case isHome:
			p = filepath.Join(in.Home, rest)
		case p != "" && o.Path != "" && !filepath.IsAbs(p):
			p = filepath.Join(filepath.Dir(o.Path), p)
		}
		*field(c) = Value[string]{p, o}
		return nil
	}
	return sp
}

// themeSpec checks the name against the themes the caller has.
func themeSpec() spec {
	sp := one("ui.theme", atTop, func(c *Config) *Value[string] { return &c.UI.Theme }, parseWord, text, "")
	sp.read = func(c *Config, texts []string, o Origin, in Inputs) *fault {
		t, f := single(texts)
		if f != nil {
			return f
		}
		if t != "auto" && in.Themes != nil && !slices.Contains(in.Themes, t) {
			return &fault{"there is no theme " + quote(t), "Themes: auto, " + strings.Join(in.Themes, ", ") + "."}
		}
		c.UI.Theme = Value[string]{t, o}
		return nil
	}
	return sp
}

// texts makes a spec for a list of texts.
func texts(key string, s scope, field func(*Config) *Value[[]string], parse func(string) (string, *fault), note string) spec {
	return spec{
		key: key, scope: s,
		read: func(c *Config, list []string, o Origin, _ Inputs) *fault {
			if len(list) > maxTargets {
				return &fault{fmt.Sprintf("more than %d values", maxTargets), ""}
			}
			out := make([]string, 0, len(list))
			for _, one := range list {
				t, f := parse(one)
				if f != nil {
					return f
				}
				out = append(out, t)
			}
			*field(c) = Value[[]string]{out, o}
			return nil
		},
		show: func(c *Config) (string, string, Origin) {
			v := field(c)
			if len(v.V) == 0 {
				return "", note, v.Origin
			}
			return strings.Join(v.V, ", "), "", v.Origin
		},
	}
}

const fromNimbus = "Nimbus' own configuration decides"

// specs is the table of all settings, in the order of `config show`.
func specs() []spec {
	return slices.Concat(connectionSpecs(), clusterSpecs(), uiSpecs(), thresholdSpecs())
}

func connectionSpecs() []spec {
	return []spec{
		addresses("nimbus", inCluster, func(c *Config) *Value[[]Address] { return &c.Nimbus }, "no cluster is chosen"),
		one("nimbus.max_frame", inCluster|atTop, func(c *Config) *Value[int] { return &c.MaxFrame }, parseFrame,
			func(n int) string { return sizeText(int64(n)) }, ""),
		one("transport", inCluster, func(c *Config) *Value[string] { return &c.Transport }, parseTransport, text, ""),
		one("timeout", inCluster|atTop, func(c *Config) *Value[time.Duration] { return &c.Timeout },
			between(time.Millisecond, time.Hour), durationText, ""),
		one("zookeeper.enabled", inCluster, func(c *Config) *Value[bool] { return &c.UseZooKeeper }, parseBool, strconv.FormatBool, ""),
		addresses("zookeeper.servers", inCluster, func(c *Config) *Value[[]Address] { return &c.ZooKeeper }, fromNimbus),
		one("zookeeper.root", inCluster, func(c *Config) *Value[string] { return &c.ZooKeeperRoot }, parseRoot, text, fromNimbus+", else /storm"),
		one("ssh.enabled", inCluster|atTop, func(c *Config) *Value[bool] { return &c.UseSSH }, parseBool, strconv.FormatBool, ""),
		one("ssh.user", inCluster|atTop, func(c *Config) *Value[string] { return &c.SSHUser }, parseUser, text, "the ssh configuration decides"),
		one("ssh.port", inCluster|atTop, func(c *Config) *Value[int] { return &c.SSHPort }, parsePort, portText, "the ssh configuration decides"),
		file("ssh.config", inCluster|atTop, func(c *Config) *Value[string] { return &c.SSHConfig }, "~/.ssh/config and /etc/ssh/ssh_config"),
		one("log_dir", inCluster, func(c *Config) *Value[string] { return &c.LogDir }, parsePath, text, "Nimbus or the running workers say"),
		one("artifacts_dir", inCluster, func(c *Config) *Value[string] { return &c.ArtifactsDir }, parsePath, text, "Nimbus or the running workers say"),
		texts("logs.python", inCluster, func(c *Config) *Value[[]string] { return &c.PythonLogs }, parsePythonLog, "the topologies' own configuration says"),
		one("logs.timezone", inCluster|atTop, func(c *Config) *Value[string] { return &c.LogZone }, parseZone, text, "the worker hosts are asked"),
		one("logs.reorder", inCluster|atTop, func(c *Config) *Value[time.Duration] { return &c.LogReorder }, between(0, time.Minute), durationText, ""),
		one("logs.memory", inCluster|atTop, func(c *Config) *Value[int] { return &c.LogMemory }, parseLogMemory,
			func(n int) string { return sizeText(int64(n)) }, ""),
		one("logviewer.port", inCluster, func(c *Config) *Value[int] { return &c.LogviewerPort }, parsePort, portText, ""),
		one("ui.port", inCluster, func(c *Config) *Value[int] { return &c.UIPort }, parsePort, portText, ""),
	}
}

func clusterSpecs() []spec {
	return []spec{
		one("mode", inCluster, func(c *Config) *Value[string] { return &c.mode }, oneOf(modeReadOnly, modeWrite), text,
			"write when a configuration names the cluster, else read-only"),
		one("prod", inCluster, func(c *Config) *Value[bool] { return &c.Prod }, parseBool, strconv.FormatBool, ""),
		one("protect", inCluster, func(c *Config) *Value[*regexp.Regexp] { return &c.Protect }, parsePattern, patternText, "no topology is protected"),
		one("min_kill_wait", inCluster, func(c *Config) *Value[time.Duration] { return &c.MinKillWait },
			between(0, 24*time.Hour), durationText, ""),
		one("max_rebalance_factor", inCluster, func(c *Config) *Value[float64] { return &c.MaxRebalanceFactor }, parseNumber, numberText, ""),
		one("change_hours", inCluster, func(c *Config) *Value[Hours] { return &c.ChangeHours }, parseHours, Hours.String, "changes are allowed at any hour"),
		one("require_reason", inCluster, func(c *Config) *Value[bool] { return &c.NeedReason }, parseBool, strconv.FormatBool, ""),
		one("audit", inCluster|atTop, func(c *Config) *Value[bool] { return &c.AuditOptional }, parseAudit, auditText, ""),
		one("ui.actions.enabled", inCluster|atTop, func(c *Config) *Value[bool] { return &c.ActionsEnabled }, parseBool, strconv.FormatBool, ""),
	}
}

func uiSpecs() []spec {
	return []spec{
		themeSpec(),
		one("ui.color", atTop, func(c *Config) *Value[string] { return &c.UI.Color }, oneOf("auto", "always", "never"), text, ""),
		one("ui.unicode", atTop, func(c *Config) *Value[string] { return &c.UI.Unicode }, parseTriState, text, ""),
		one("ui.mouse", atTop, func(c *Config) *Value[bool] { return &c.UI.Mouse }, parseBool, strconv.FormatBool, ""),
		one("ui.every", atTop, func(c *Config) *Value[time.Duration] { return &c.UI.Every },
			between(time.Second, time.Hour), durationText, ""),
		file("keys", atTop, func(c *Config) *Value[string] { return &c.Keys }, "there is no place for one: HOME is not set"),
	}
}

func thresholdSpecs() []spec {
	num := func(key string, field func(*Thresholds) *Value[float64], parse func(string) (float64, *fault), show func(float64) string) spec {
		return one("thresholds."+key, atTop, func(c *Config) *Value[float64] { return field(&c.Thresholds) }, parse, show, "")
	}
	dur := func(key string, field func(*Thresholds) *Value[time.Duration]) spec {
		return one("thresholds."+key, atTop, func(c *Config) *Value[time.Duration] { return field(&c.Thresholds) },
			between(time.Second, 365*24*time.Hour), durationText, "")
	}
	return []spec{
		num("restarts.warn", func(t *Thresholds) *Value[float64] { return &t.RestartsWarn }, parseNumber, numberText),
		num("restarts.crit", func(t *Thresholds) *Value[float64] { return &t.RestartsCrit }, parseNumber, numberText),
		dur("restarts.window", func(t *Thresholds) *Value[time.Duration] { return &t.RestartsWindow }),
		num("capacity.warn", func(t *Thresholds) *Value[float64] { return &t.CapacityWarn }, parseNumber, numberText),
		num("capacity.crit", func(t *Thresholds) *Value[float64] { return &t.CapacityCrit }, parseNumber, numberText),
		num("shell_load.warn", func(t *Thresholds) *Value[float64] { return &t.ShellLoadWarn }, parseNumber, numberText),
		num("shell_load.crit", func(t *Thresholds) *Value[float64] { return &t.ShellLoadCrit }, parseNumber, numberText),
		num("fail_share.warn", func(t *Thresholds) *Value[float64] { return &t.FailShareWarn }, parseShare, shareText),
		num("fail_share.crit", func(t *Thresholds) *Value[float64] { return &t.FailShareCrit }, parseShare, shareText),
		dur("new_error", func(t *Thresholds) *Value[time.Duration] { return &t.NewError }),
		dur("silent_spout", func(t *Thresholds) *Value[time.Duration] { return &t.SilentSpout }),
		dur("stuck", func(t *Thresholds) *Value[time.Duration] { return &t.Stuck }),
		num("missing_beats", func(t *Thresholds) *Value[float64] { return &t.MissingBeats }, parseNumber, numberText),
		num("skew", func(t *Thresholds) *Value[float64] { return &t.Skew }, parseNumber, numberText),
		dur("left_on", func(t *Thresholds) *Value[time.Duration] { return &t.LeftOn }),
		dur("clock_offset", func(t *Thresholds) *Value[time.Duration] { return &t.ClockOffset }),
	}
}

// defaults are the values no layer has to give.
func defaults(p Paths) *Config {
	byDefault := Origin{Kind: OriginDefault}
	var (
		addrs = func(a ...Address) Value[[]Address] { return Value[[]Address]{a, byDefault} }
		str   = func(s string) Value[string] { return Value[string]{s, byDefault} }
		num   = func(n int) Value[int] { return Value[int]{n, byDefault} }
		real  = func(n float64) Value[float64] { return Value[float64]{n, byDefault} }
		is    = func(b bool) Value[bool] { return Value[bool]{b, byDefault} }
		dur   = func(d time.Duration) Value[time.Duration] { return Value[time.Duration]{d, byDefault} }
	)
	return &Config{
		Nimbus: addrs(Address{Host: "localhost"}), MaxFrame: num(defaultMaxFrame), Transport: str(transportPlain), Timeout: dur(7 * time.Second),
		UseZooKeeper: is(true), ZooKeeper: addrs(), ZooKeeperRoot: str(""),
		UseSSH: is(true), SSHUser: str(""), SSHPort: num(0), SSHConfig: str(""),
		LogDir: str(""), ArtifactsDir: str(""), PythonLogs: Value[[]string]{nil, byDefault}, LogZone: str(""),
		LogReorder: dur(250 * time.Millisecond), LogMemory: num(defaultLogMemory), LogviewerPort: num(8000), UIPort: num(8080),
		Prod: is(false), Protect: Value[*regexp.Regexp]{nil, byDefault}, MinKillWait: dur(0),
		MaxRebalanceFactor: real(0), ChangeHours: Value[Hours]{Hours{}, byDefault}, NeedReason: is(false), AuditOptional: is(false),
		ActionsEnabled: is(true), mode: str(""),
		UI:   UI{Theme: str("auto"), Color: str("auto"), Unicode: str("auto"), Mouse: is(false), Every: dur(10 * time.Second)},
		Keys: str(p.Keys), Paths: p,
		Thresholds: Thresholds{
			RestartsWarn: real(1), RestartsCrit: real(2), RestartsWindow: dur(30 * time.Minute),
			CapacityWarn: real(0.8), CapacityCrit: real(1), ShellLoadWarn: real(1), ShellLoadCrit: real(3),
			FailShareWarn: real(0.005), FailShareCrit: real(0.05), NewError: dur(10 * time.Minute),
			SilentSpout: dur(5 * time.Minute), Stuck: dur(2 * time.Minute), MissingBeats: real(3), Skew: real(3),
			LeftOn: dur(time.Hour), ClockOffset: dur(2 * time.Second),
		},
	}
}

// Settings lists every setting with its value, secrets masked, and its origin,
// in a fixed order; after them the keys of storm.yaml that are recognised and
// not used.
func (c *Config) Settings() []Setting {
	name := Setting{Key: "cluster", Value: c.Name, Origin: c.NameOrigin}
	switch {
	case c.Name == "":
		name.Note = "no cluster is chosen"
	case c.AdHoc:
		name.Note = "ad hoc: named by no configuration"
	case !c.Configured:
		name.Note = "Storm's default: nothing is configured"
	}
	list := []Setting{name}
	for _, sp := range specs() {
		value, note, origin := sp.show(c)
		if Secret(sp.key) && value != "" {
			value = Masked
		}
		list = append(list, Setting{Key: sp.key, Value: MaskText(value), Origin: origin, Note: note})
	}
	return append(list, c.recognised...)
}
