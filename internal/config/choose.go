package config

import "strings"

// choice is which cluster to resolve, and how.
type choice struct {
	cluster string // "" for none, storm.yaml for that file
	origin  Origin // of the choice
	// switched leaves out the flags that describe the first target.
	switched bool
	// noEnvTarget leaves STORMTOP_NIMBUS and STORMTOP_ZK out.
	noEnvTarget bool
	// adHoc is true when --nimbus or its variable names the target.
	adHoc bool
	// undecided is true when several clusters are named and none was chosen.
	undecided bool
}

// choose settles which cluster is meant. What is said on the command line
// about the target outranks what the environment says about it as a whole, so
// that an exported STORMTOP_NIMBUS never replaces the address of a --cluster.
func (s *sources) choose() (choice, error) {
	in := s.in
	if g, ok := in.flag("env"); ok {
		return choice{}, &Error{
			Where: g.origin.where(), What: "streamparse's config.json is not supported by this version",
			Hint: "Name the cluster in config.yaml, or use --nimbus HOST.",
		}
	}
	flagCluster, hasFlagCluster := in.commandLine("cluster")
	flagNimbus, hasFlagNimbus := in.commandLine("nimbus")
	envCluster, hasEnvCluster := in.environment("cluster")
	envNimbus, hasEnvNimbus := in.environment("nimbus")
	_, hasStormConf := in.commandLine("storm-conf")
	_, hasOptions := in.commandLine("c")
	hasSeeds := hasOptions && s.seedOption() != ""
	pointed := hasFlagCluster || hasFlagNimbus || hasStormConf || hasSeeds
	if pointed {
		ignored := func(g given, has bool, with bool) {
			if has && with {
				s.warn(Warning{Where: g.origin.Name, Text: "is ignored: the command line names the target"})
			}
		}
		ignored(envNimbus, hasEnvNimbus, !hasFlagNimbus)
		ignored(envCluster, hasEnvCluster, !hasFlagCluster)
		if zk, ok := in.environment("zk"); ok {
			if _, given := in.commandLine("zk"); !given {
				s.warn(Warning{Where: zk.origin.Name, Text: "is ignored: the command line names the target"})
			}
		}
	}
	ch := choice{noEnvTarget: pointed}
	switch {
	case hasFlagCluster:
		ch.cluster, ch.origin, ch.adHoc = flagCluster.text(), flagCluster.origin, hasFlagNimbus
	case hasFlagNimbus:
		ch.origin, ch.adHoc = flagNimbus.origin, true
	case hasSeeds:
		ch.adHoc = true
	case hasStormConf:
		ch.cluster = stormYAML
	case hasEnvCluster:
		ch.cluster, ch.origin, ch.adHoc = envCluster.text(), envCluster.origin, hasEnvNimbus
	case hasEnvNimbus:
		ch.origin, ch.adHoc = envNimbus.origin, true
	case s.seedOption() != "":
		ch.adHoc = true
	case s.file != nil && len(s.file.preset.Texts) > 0:
		ch.cluster, ch.origin = s.file.preset.Texts[0], s.file.preset.Origin
	case s.file != nil && len(s.file.clusters) == 1:
		ch.cluster = s.file.clusters[0].name
	case s.file != nil && len(s.file.clusters) > 1:
		ch.undecided = true
	case s.storm != nil || s.stormErr != nil:
		ch.cluster = stormYAML
	}
	return ch, s.known(ch)
}

// seedOption is the -c key that names Nimbus, or "".
func (s *sources) seedOption() string {
	for _, key := range []string{stormSeeds, stormHost} {
		if _, ok := s.options[key]; ok {
			return key
		}
	}
	return ""
}

// known checks that the chosen cluster exists.
func (s *sources) known(ch choice) error {
	switch ch.cluster {
	case "":
		return nil
	case stormYAML:
		if s.stormErr != nil {
			return s.stormErr
		}
		if s.storm == nil {
			return &Error{Where: ch.origin.where(), What: "no storm.yaml was found", Hint: "Looked at: " + strings.Join(s.lookedAt, ", ") + "."}
		}
		return nil
	}
	if _, ok := s.file.find(ch.cluster); ok {
		return nil
	}
	names := s.file.names()
	if s.storm != nil {
		names = append(names, stormYAML)
	}
	hint := didYouMean(ch.cluster, names)
	switch {
	case hint != "":
	case len(names) == 0:
		hint = "No cluster is configured. Looked at: " + strings.Join(s.lookedAt, ", ") + "."
	default:
		hint = "Clusters: " + strings.Join(names, ", ") + "."
	}
	return &Error{Where: ch.origin.where(), What: "there is no cluster " + quote(ch.cluster), Hint: hint}
}
