package cluster

import "github.com/stormtop/stormtop/nimbusclient"

// Demand says what is on screen and must be read. The zero value asks for the
// cluster summary and ZooKeeper's view only.
type Demand struct {
	// Pages asks for topology pages, by topology id.
	Pages map[string][]PageKey
	// Infos asks for every executor of these topologies (rates, skew).
	Infos map[string]bool
	// Structures and Confs are read once a topology id and kept.
	Structures map[string]bool
	Confs      map[string]bool
	LogConfigs map[string]bool
	// Components asks for component pages, by topology id.
	Components map[string][]ComponentKey
	// Hosts asks for supervisor pages, by supervisor id; "*" asks for all.
	Hosts map[string]bool
	// AllTopologies asks for the ten-minute page of every topology, in turn and
	// at most MaxPages of them a heartbeat, after what else is demanded.
	AllTopologies bool
	NimbusConf    bool
	// Window is the one that rates are computed over.
	Window nimbusclient.Window
}
