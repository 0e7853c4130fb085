package report

import (
	"maps"

	"github.com/stormtop/stormtop/nimbusclient"
)

// Storm's names of the resources that have keys of their own, the newer name
// first; every other one is a generic resource.
const (
	onHeapName   = "onheap.memory.mb"
	offHeapName  = "offheap.memory.mb"
	memoryName   = "memory.mb"
	cpuName      = "cpu.pcore.percent"
	onHeapName1  = "topology.component.resources.onheap.memory.mb"
	offHeapName1 = "topology.component.resources.offheap.memory.mb"
	cpuName1     = "topology.component.cpu.pcore.percent"
	hostMemory1  = "supervisor.memory.capacity.mb"
	hostCPU1     = "supervisor.cpu.capacity"
)

// resource returns the first of the names that was sent.
func resource(m map[string]float64, names ...string) *float64 {
	for _, name := range names {
		if v, ok := m[name]; ok {
			return &v
		}
	}
	return nil
}

// generic returns the resources without a key of their own; nil when none were
// sent.
func generic(m map[string]float64) any {
	if m == nil {
		return nil
	}
	out := map[string]float64{}
	for name, v := range m {
		switch name {
		case onHeapName, offHeapName, memoryName, cpuName, onHeapName1, offHeapName1, cpuName1, hostMemory1, hostCPU1:
		default:
			out[name] = v
		}
	}
	return out
}

// genericLeft subtracts what is used from what there is; of what was not sent
// nothing is known to be left, as in the Storm UI.
func genericLeft(total, used map[string]float64) any {
	if total == nil || used == nil {
		return map[string]float64{}
	}
	left := maps.Clone(total)
	for name, v := range used {
		left[name] -= v
	}
	return generic(left)
}

// add sums optional numbers; a sum of which a part is missing is missing.
func add(parts ...*float64) any {
	sum := 0.0
	for _, p := range parts {
		if p == nil {
			return nil
		}
		sum += *p
	}
	return sum
}

// assignedFields are the resources a topology or worker asked for and got.
func assignedFields[T any](of func(T) nimbusclient.Assigned, requestedTotal func(T) any) []field[T] {
	return []field[T]{
		{key: "requestedMemOnHeap", get: func(v T) any { return ptr(of(v).RequestedMemOnHeap) }},
		{key: "requestedMemOffHeap", get: func(v T) any { return ptr(of(v).RequestedMemOffHeap) }},
		{key: "requestedTotalMem", get: requestedTotal},
		{key: "requestedCpu", get: func(v T) any { return ptr(of(v).RequestedCPU) }},
		{key: "requestedGenericResources", get: func(v T) any { return generic(of(v).RequestedGeneric) }},
		{key: "assignedMemOnHeap", get: func(v T) any { return ptr(of(v).AssignedMemOnHeap) }},
		{key: "assignedMemOffHeap", get: func(v T) any { return ptr(of(v).AssignedMemOffHeap) }},
		{key: "assignedTotalMem", title: "MEM", wide: true, show: megabytes, get: func(v T) any {
			return add(of(v).AssignedMemOnHeap, of(v).AssignedMemOffHeap)
		}},
		{key: "assignedCpu", title: "CPU", wide: true, show: percent, get: func(v T) any { return ptr(of(v).AssignedCPU) }},
		{key: "assignedGenericResources", get: func(v T) any { return generic(of(v).AssignedGeneric) }},
	}
}
