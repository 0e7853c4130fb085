package config

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// sources are the inputs with the files read, so that another cluster can be
// resolved without reading them again. Nobody changes them after Load.
type sources struct {
	in       Inputs
	paths    Paths
	file     *configFile // nil when there is none
	storm    *stormFile  // nil when there is none, or when stormErr is set
	stormErr error       // storm.yaml was found and cannot be used
	options  map[string]stormEntry
	guards   guards
	lookedAt []string
	warnings []Warning
	first    choice
}

func (s *sources) warn(w ...Warning) { s.warnings = append(s.warnings, w...) }

// Load reads all layers and resolves them. Warnings are given with and without
// an error. The error is an *Error or Errors; with ErrChoose (errors.Is) the
// Config is usable but has no target.
func Load(in Inputs) (*Config, []Warning, error) {
	s := &sources{in: in, paths: in.paths()}
	if err := s.read(); err != nil {
		return nil, s.warnings, err
	}
	first, err := s.choose()
	if err != nil {
		return nil, s.warnings, err
	}
	s.first = first
	c, warnings, err := s.resolve(first)
	return c, append(slices.Clone(s.warnings), warnings...), err
}

// read opens the files and the switches that need no file.
func (s *sources) read() error {
	var errs Errors
	if s.in.Home == "" {
		s.warn(Warning{Where: "HOME", Text: "is not set, so no file of the user is read or saved", Hint: "--config and --storm-conf name files."})
	}
	if s.in.env("STORMTOP_WRITE") != "" {
		s.warn(Warning{Where: "STORMTOP_WRITE", Text: "is ignored: only --write on the command line allows changes"})
	}
	if err := s.readConfig(); err != nil {
		return err
	}
	storm, err := s.findStorm()
	if err != nil {
		_, flagged := s.in.flag("storm-conf")
		if flagged || s.in.env("STORM_CONF_FILE") != "" {
			return err
		}
		s.stormErr = err
	}
	s.storm = storm
	if g, ok := s.in.flag("c"); ok {
		options, warnings, bad := stormOptions(g)
		s.options = options
		s.warn(warnings...)
		errs = append(errs, bad...)
	}
	s.readGuards(&errs)
	return errs.or()
}

func (s *sources) readConfig() error {
	name, named := s.paths.Config, ""
	if g, ok := s.in.flag("config"); ok {
		name, named = g.text(), g.origin.where()
		s.paths.Config = name
	}
	if name == "" {
		return nil
	}
	s.lookedAt = append(s.lookedAt, tilde(name, s.in.Home))
	data, writable, err := s.in.readFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named == "":
		return nil
	case err != nil && named != "":
		return missing(err, named, name)
	case err != nil:
		return missing(err, tilde(name, s.in.Home), name)
	}
	origin := Origin{Kind: OriginConfig, Path: name, home: s.in.Home}
	if writable {
		s.warn(worldWritable(origin))
	}
	file, errs := parseConfigFile(data, origin, s.in)
	if len(errs) > 0 {
		return errs.or()
	}
	s.file = file
	return nil
}

// readGuards reads --readonly and --write. --readonly=false lifts nothing that
// the variable forbids.
func (s *sources) readGuards(errs *Errors) {
	for _, look := range []func(string) (given, bool){s.in.environment, s.in.commandLine} {
		g, ok := look("readonly")
		if !ok {
			continue
		}
		on, err := g.on()
		if err != nil {
			errs.add(err)
			continue
		}
		if on {
			s.guards.readOnly = Value[bool]{true, g.origin}
		}
	}
	if g, ok := s.in.commandLine("write"); ok {
		on, err := g.on()
		if err != nil {
			errs.add(err)
		}
		s.guards.write = on
	}
}

// resolve lays the layers over each other for one cluster.
func (s *sources) resolve(ch choice) (*Config, []Warning, error) {
	var errs Errors
	c := defaults(s.paths)
	c.src, c.LookedAt = s, s.lookedAt
	layers := s.layers(ch, &errs)
	var warnings []Warning

	options := s.options
	if ch.switched {
		options = nil
	}
	storm := s.storm
	if target := strongestNimbus(layers, options); len(target) > 0 && storm != nil && ch.cluster != stormYAML {
		if hosts := storm.nimbus(); len(hosts) > 0 && disjoint(hosts, target) {
			warnings = append(warnings, Warning{
				Where: storm.origin.String(), Text: "describes another cluster (" + strings.Join(hosts, ", ") + "), so it is left aside",
				Hint: "--cluster storm.yaml chooses it.",
			})
			storm = nil
		}
	}
	view := viewStorm(storm, options, &errs)
	layers[rankStorm] = view.layer
	warnings = append(warnings, view.warnings...)
	warnings = append(warnings, shadowed(layers)...)
	if s.stormErr != nil {
		warnings = append(warnings, Warning{Text: s.stormErr.Error() + "; the file is left aside"})
	}

	warnings = append(warnings, s.adoptGuards(ch, &layers, view.nimbus)...)
	apply(c, layers, s.in, &errs)
	c.recognised = view.unused
	if !c.Transport.Set() && view.transport.Set() {
		c.Transport = view.transport
	}
	c.Nimbus.V = withPort(c.Nimbus.V, view.nimbus)
	c.ZooKeeper.V = withPort(c.ZooKeeper.V, view.zookeeper)
	s.name(c, ch, view.nimbus, &errs)
	errs = append(errs, c.Thresholds.check()...)
	warnings = append(warnings, c.decideMode(s.guards)...)
	if len(errs) > 0 {
		return nil, warnings, errs.or()
	}
	if ch.undecided {
		c.Nimbus = Value[[]Address]{}
		return c, warnings, &Error{
			Where: s.file.origin.String(), What: "names several clusters and no default",
			Hint: "Add --cluster NAME (" + strings.Join(s.file.names(), ", ") + "), or default: NAME to the file.", err: ErrChoose,
		}
	}
	return c, warnings, nil
}

// layers builds all but the storm layer.
func (s *sources) layers(ch choice, errs *Errors) [ranks]Layer {
	targets := []string{"nimbus", "zk"}
	skipFlags := func(name string) bool {
		return ch.switched && (slices.Contains(targets, name) || name == "log-dir" || name == "artifacts-dir")
	}
	skipEnv := func(name string) bool {
		return skipFlags(name) || ch.noEnvTarget && slices.Contains(targets, name)
	}
	var layers [ranks]Layer
	layers[rankFlags] = s.in.flagLayer("flags", s.in.commandLine, skipFlags, errs)
	layers[rankEnv] = s.in.flagLayer("environment", s.in.environment, skipEnv, errs)
	if b, ok := s.file.find(ch.cluster); ok {
		layers[rankCluster] = b.layer
	}
	if s.file != nil {
		layers[rankConfigTop] = s.file.top
	}
	return layers
}

// name settles what the cluster is called and whether a file names it.
func (s *sources) name(c *Config, ch choice, port int, errs *Errors) {
	c.Configured = c.Nimbus.Set()
	c.NameOrigin = c.Nimbus.Origin
	b, inFile := s.file.find(ch.cluster)
	switch {
	case ch.undecided:
		c.NameOrigin = Origin{}
		return
	case inFile:
		c.Name, c.NameOrigin = b.name, b.origin
		own, _ := parseAddresses(b.layer.Entries["nimbus"].Texts)
		c.AdHoc = ch.adHoc && !within(c.Nimbus.V, withPort(own, port))
		if !c.Nimbus.Set() {
			errs.add(&Error{Where: b.origin.where(), What: "the cluster " + b.name + " names no Nimbus", Hint: "Add nimbus: HOST below the name."})
		}
	case ch.cluster == stormYAML:
		c.Name = stormYAML
		c.AdHoc = ch.adHoc
		if s.storm != nil {
			c.NameOrigin = s.storm.origin
		}
	default:
		c.AdHoc = ch.adHoc
		if len(c.Nimbus.V) > 0 {
			c.Name = c.Nimbus.V[0].Host
		}
	}
}

// shadowed reports -c keys that a stronger layer hides.
func shadowed(layers [ranks]Layer) []Warning {
	var warnings []Warning
	for key, e := range layers[rankStorm].Entries {
		if e.Origin.Kind != OriginStormOption {
			continue
		}
		for _, l := range layers[:rankStorm] {
			if over, ok := l.Entries[key]; ok {
				warnings = append(warnings, Warning{Where: e.Origin.String(), Text: "has no effect: " + over.Origin.String() + " outranks storm.yaml and -c"})
				break
			}
		}
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return strings.Compare(a.Where, b.Where) })
	return warnings
}

// check refuses limits where `crit` would come before `warn`.
func (t Thresholds) check() Errors {
	var errs Errors
	for _, p := range []struct {
		name       string
		warn, crit Value[float64]
	}{
		{"restarts", t.RestartsWarn, t.RestartsCrit},
		{"capacity", t.CapacityWarn, t.CapacityCrit},
		{"shell_load", t.ShellLoadWarn, t.ShellLoadCrit},
		{"fail_share", t.FailShareWarn, t.FailShareCrit},
	} {
		if p.crit.V >= p.warn.V {
			continue
		}
		o := p.crit.Origin
		if !p.crit.Set() {
			o = p.warn.Origin
		}
		errs.add(at(o, &fault{"thresholds." + p.name + ".crit is below thresholds." + p.name + ".warn", "Raise crit or lower warn."}))
	}
	return errs
}
