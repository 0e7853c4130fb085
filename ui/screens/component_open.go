package screens

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/screen"
)

// open opens an executor's worker or a stream's source, or unfolds an error.
func (s *component) open(env screen.Env) tea.Cmd {
	switch s.parts.Active() {
	case s.executorPart:
		r, on := s.executors.Selected()
		if !on {
			return nil
		}
		if id := supervisorOf(env, s.id, r.Host, r.Port); id != "" {
			return screen.Open("supervisor", screen.Arg{Host: id, Port: r.Port, TopologyID: s.id})
		}
		return screen.Problem(fmt.Sprintf("No supervisor of host %s is known.", safetext.Clean(r.Host)))
	case s.inputPart:
		if r, on := s.inputs.Selected(); on {
			return screen.Open("component", screen.Arg{TopologyID: s.id, Component: r.Component})
		}
	case s.errorPart:
		if r, on := s.errors.Selected(); on {
			s.unfolded[r.key] = !s.unfolded[r.key]
			s.errors.SetFilter(s.errors.Filter()) // lines of rows have changed
		}
	}
	return nil
}

// supervisorOf finds the supervisor of a worker; several may share a host.
func supervisorOf(env screen.Env, topologyID, host string, port int) string {
	id := ""
	for _, h := range env.Snap.Hosts {
		if h.Name != host {
			continue
		}
		if id == "" {
			id = h.ID
		}
		for _, slot := range h.Slots {
			if slot.Port == port && slot.TopologyID == topologyID {
				return h.ID
			}
		}
	}
	return id
}

func (s *component) orders() *picker {
	switch s.parts.Active() {
	case s.inputPart:
		return pickOrder(s.inputs, func(title string) { s.inputs.SortBy(title, false) })
	case s.errorPart:
		return nil
	}
	return pickOrder(s.executors, func(title string) { s.executors.SortBy(title, false) })
}

func (s *component) columns() *picker {
	switch s.parts.Active() {
	case s.inputPart:
		return pickColumns(s.look.g, s.inputs)
	case s.errorPart:
		return pickColumns(s.look.g, s.errors)
	}
	return pickColumns(s.look.g, s.executors, columnStorm)
}

func (s *component) copyID() tea.Cmd {
	switch s.parts.Active() {
	case s.inputPart:
		if r, on := s.inputs.Selected(); on {
			return screen.Copy(r.Component, r.Component)
		}
	case s.errorPart:
		if r, on := s.errors.Selected(); on {
			return screen.Copy("the error", r.text)
		}
	default:
		if r, on := s.executors.Selected(); on {
			at := fmt.Sprintf("%s:%d", r.Host, r.Port)
			return screen.Copy(at, at)
		}
	}
	return nil
}

func (s *component) copyRow() tea.Cmd {
	switch s.parts.Active() {
	case s.inputPart:
		return copyRow(s.inputs)
	case s.errorPart:
		return copyRow(s.errors)
	}
	return copyRow(s.executors)
}
