package follow

// Hold makes all sources wait at their offsets while on is set.
func (s *Session) Hold(on bool) { s.Mux().Hold(on) }

// Late counts the lines that came too late to stand at their place.
func (s *Session) Late() int64 { return s.Mux().Stats().Late }
