package sim

import (
	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// kind says what Nimbus wrote into ZooKeeper.
type kind int

const (
	baseWritten kind = iota
	assignmentWritten
	topologyRemoved
	logsWritten
	profileWritten
	profileRemoved
	credentialsWritten
)

// written is one of Nimbus' writes, with what it held then.
type written struct {
	kind        kind
	id          string // of the topology
	base        *storm.StormBase
	assignment  *stormthrift.Assignment
	logs        *storm.LogConfig
	profile     *profile
	credentials *credentials
}

// journal keeps a write for the mirror, if there is one, so that watchers see
// every state that a topology passes and in Storm's order.
func (w *World) journal(one written) {
	if w.mirrored {
		w.writes = append(w.writes, one)
	}
}

// take hands the writes since the last call over.
func (w *World) take() []written {
	out := w.writes
	w.writes = nil
	return out
}
