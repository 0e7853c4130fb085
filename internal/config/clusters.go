package config

// Cluster is one line of the cluster switcher.
type Cluster struct {
	Name   string
	Nimbus []Address // ports filled in
	From   Origin    // where the cluster is named
	Mode   Mode
	Prod   bool
	// Current is true for the cluster this Config is about.
	Current bool
}

// Clusters lists the clusters that can be switched to with For: an ad-hoc
// target first, then those of config.yaml in the order of the file, then the
// one of storm.yaml. Clusters whose settings do not fit together are left out;
// For says why.
func (c *Config) Clusters() []Cluster {
	var names []string
	if first := c.src.first; first.cluster == "" && !first.undecided {
		names = append(names, "")
	}
	names = append(names, c.src.file.names()...)
	if c.src.storm != nil {
		names = append(names, stormYAML)
	}
	var list []Cluster
	for _, name := range names {
		one, _, err := c.For(name)
		if err != nil {
			continue
		}
		list = append(list, Cluster{
			Name: one.Name, Nimbus: one.Nimbus.V, From: one.NameOrigin, Mode: one.Mode,
			Prod: one.Prod.V, Current: one.Name == c.Name && one.NameOrigin == c.NameOrigin,
		})
	}
	return list
}

// For resolves another cluster from the files already read. The flags and
// variables that describe the first target (--nimbus, --zk, --log-dir,
// --artifacts-dir, -c) do not follow; --readonly, --timeout and the like do.
// The name of the first target, or "", gives the first target again.
func (c *Config) For(name string) (*Config, []Warning, error) {
	s := c.src
	first := s.first
	firstName := first.cluster
	if firstName == "" && !first.undecided {
		if one, _, err := s.resolve(first); err == nil {
			firstName = one.Name
		}
	}
	if !first.undecided && (name == "" || name == firstName) {
		// A configured cluster of the same name as an ad-hoc host is that cluster.
		if _, ok := s.file.find(name); !ok || first.cluster == name {
			return s.resolve(first)
		}
	}
	ch := choice{cluster: name, switched: true, noEnvTarget: true}
	if err := s.known(ch); err != nil {
		return nil, nil, err
	}
	if name == "" {
		ch.undecided = first.undecided
	}
	return s.resolve(ch)
}
