package nimbusclient

func (s *Session) computeTopology(id string, _ Window, _ bool) (*Topology, error) {
	return nil, &Error{Op: "getTopologyPageInfo", Addr: s.conn.addr, About: id, Err: ErrUnsupported, need: "1.0", runs: s.conn.server.runs()}
}

func (s *Session) computeComponent(id, component string, _ Window, _ bool) (*Component, error) {
	return nil, &Error{Op: "getComponentPageInfo", Addr: s.conn.addr, About: component + " of " + id, Err: ErrUnsupported, need: "1.0", runs: s.conn.server.runs()}
}
