package sim

import "strings"

// What Storm assumes of an executor, in MB and in percent of a core.
const (
	heapMB     = 128.0
	cpuPercent = 10.0
)

// needs are the resources of executors.
type needs struct{ onHeap, offHeap, cpu float64 }

var assumed = needs{onHeap: heapMB, cpu: cpuPercent}

func (n *needs) add(o needs) {
	n.onHeap += o.onHeap
	n.offHeap += o.offHeap
	n.cpu += o.cpu
}

// named is how Storm lists them.
func (n *needs) named() map[string]float64 {
	return map[string]float64{"onheap.memory.mb": n.onHeap, "offheap.memory.mb": n.offHeap, "cpu.pcore.percent": n.cpu}
}

// override takes what a rebalance wishes, under Storm's names old or new.
func (n *needs) override(wishes map[string]float64) {
	for name, value := range wishes {
		switch {
		case strings.HasSuffix(name, "onheap.memory.mb"):
			n.onHeap = value
		case strings.HasSuffix(name, "offheap.memory.mb"):
			n.offHeap = value
		case strings.HasSuffix(name, "cpu.pcore.percent"):
			n.cpu = value
		}
	}
}

// needs are what the executors of a topology ask for together.
func (t *topology) needs() needs {
	var sum needs
	for _, e := range t.byTask {
		sum.add(e.of.needs)
	}
	return sum
}

// workerNeeds are the same of each worker.
func (t *topology) workerNeeds() map[*worker]needs {
	out := make(map[*worker]needs, len(t.workers))
	for _, e := range t.byTask {
		sum := out[e.on]
		sum.add(e.of.needs)
		out[e.on] = sum
	}
	return out
}
