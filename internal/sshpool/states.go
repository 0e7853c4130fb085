package sshpool

import (
	"slices"
	"strings"
)

// States are those of all hosts that were asked for, by name.
func (p *Pool) States() []State {
	p.mu.Lock()
	hosts := make([]*Host, 0, len(p.hosts))
	for _, h := range p.hosts {
		hosts = append(hosts, h)
	}
	p.mu.Unlock()
	states := make([]State, len(hosts))
	for i, h := range hosts {
		states[i] = h.State()
	}
	slices.SortFunc(states, func(a, b State) int { return strings.Compare(a.Name, b.Name) })
	return states
}
