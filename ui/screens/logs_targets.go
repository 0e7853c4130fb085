package screens

import (
	"github.com/stormtop/stormtop/ui/screen"
)

// What l follows on each screen: the logs of the row under the cursor.

func (s *health) Logs(env screen.Env) (screen.Arg, bool) {
	f, on := s.table.Selected()
	if !on {
		return screen.Arg{}, false
	}
	return logsOf(env, screen.Arg{TopologyID: f.TopologyID, Component: f.Component, Host: f.Host, Port: f.Port})
}

func (s *overview) Logs(env screen.Env) (screen.Arg, bool) {
	on := s.arg()
	switch on.id {
	case "connections":
		if n, ok := s.nimbuses.Selected(); ok {
			return screen.Arg{Host: n.Host, Daemon: "nimbus"}, true
		}
	case "supervisor", "topology":
		return logsOf(env, on.arg)
	}
	return screen.Arg{}, false
}

func (s *topologies) Logs(screen.Env) (screen.Arg, bool) {
	row, on := s.table.Selected()
	return screen.Arg{TopologyID: row.ID}, on
}

func (s *topology) Logs(screen.Env) (screen.Arg, bool) {
	arg := screen.Arg{TopologyID: s.id}
	if r, on := s.selected(); on {
		arg.Component = r.ID
	}
	return arg, s.id != ""
}

func (s *component) Logs(screen.Env) (screen.Arg, bool) {
	return screen.Arg{TopologyID: s.id, Component: s.name}, true
}

func (s *slots) Logs(env screen.Env) (screen.Arg, bool) {
	h, ok := s.cursorHost(env)
	if !ok {
		return screen.Arg{}, false
	}
	slot := s.cursorSlot(env)
	if slot.TopologyID == "" {
		return screen.Arg{Host: h.Name, Daemon: "supervisor"}, true
	}
	return screen.Arg{TopologyID: slot.TopologyID, Host: h.Name, Port: slot.Port}, true
}

func (s *supervisor) Logs(env screen.Env) (screen.Arg, bool) {
	h := s.find(env)
	if h == nil {
		return screen.Arg{}, false
	}
	w, ok := s.workers.Selected()
	if !ok || w.topology == nil {
		return screen.Arg{Host: h.Name, Daemon: "supervisor"}, true
	}
	return screen.Arg{TopologyID: w.topology.Summary.ID, Host: h.Name, Port: w.Port}, true
}

func (s *changes) Logs(env screen.Env) (screen.Arg, bool) {
	row, on := s.table.Selected()
	if !on {
		return screen.Arg{}, false
	}
	return logsOf(env, screen.Arg{TopologyID: row.TopologyID, Component: row.Component, Host: row.Host, Port: row.Port})
}

// logsOf turns what a row is about into whose logs it has: a host is named by its
// supervisor's id there. Without a topology it is the supervisor's own log.
func logsOf(env screen.Env, arg screen.Arg) (screen.Arg, bool) {
	if arg.Host != "" {
		h := env.Snap.Host(arg.Host)
		if h == nil {
			return screen.Arg{TopologyID: arg.TopologyID, Component: arg.Component}, arg.TopologyID != ""
		}
		arg.Host = h.Name
	}
	switch {
	case arg.TopologyID != "":
		return arg, true
	case arg.Host != "":
		return screen.Arg{Host: arg.Host, Daemon: "supervisor"}, true
	}
	return screen.Arg{}, false
}
