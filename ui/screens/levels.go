package screens

import (
	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/ui/kit"
)

// troubles says how bad things are, by what they are.
type troubles struct {
	topologies map[string]kit.Level    // by topology id
	components map[[2]string]kit.Level // by topology id and component
	hosts      map[string]kit.Level    // by supervisor id
	executors  map[workerAt]kit.Level
}

// workerAt is one worker.
type workerAt struct {
	host string // supervisor id
	port int
}

// foundIn sorts the findings of a report by what they are about.
func foundIn(rep diagnose.Report) troubles {
	t := troubles{
		topologies: map[string]kit.Level{}, components: map[[2]string]kit.Level{},
		hosts: map[string]kit.Level{}, executors: map[workerAt]kit.Level{},
	}
	for _, f := range rep.Findings {
		level := kitLevel(f.Level)
		if !level.Troubled() {
			continue
		}
		if f.TopologyID != "" {
			t.topologies[f.TopologyID] = max(t.topologies[f.TopologyID], level)
		}
		if f.Component != "" {
			at := [2]string{f.TopologyID, f.Component}
			t.components[at] = max(t.components[at], level)
		}
		switch {
		case f.Host != "" && f.Port != 0:
			at := workerAt{f.Host, f.Port}
			t.executors[at] = max(t.executors[at], level)
		case f.Host != "":
			t.hosts[f.Host] = max(t.hosts[f.Host], level)
		}
	}
	return t
}

// kitLevel is the glyph of a level.
func kitLevel(l cluster.Level) kit.Level {
	switch l {
	case cluster.LevelCrit:
		return kit.LevelCrit
	case cluster.LevelWarn:
		return kit.LevelWarn
	case cluster.LevelMove:
		return kit.LevelWait
	case cluster.LevelGood:
		return kit.LevelOK
	case cluster.LevelInfo:
	}
	return kit.LevelNone
}
