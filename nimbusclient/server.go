package nimbusclient

import "strings"

// Line is a family of Storm versions that answer alike.
type Line int

// The lines, oldest first, so that they can be compared.
const (
	LineUnknown Line = iota
	V0_9
	V0_10
	V1
	V2
)

// String returns the line as people say it.
func (l Line) String() string {
	switch l {
	case V0_9:
		return "0.9"
	case V0_10:
		return "0.10"
	case V1:
		return "1.x"
	case V2:
		return "2.x"
	default:
		return "unknown"
	}
}

// Server is what is known about the Nimbus that answers. It was found with
// Thrift calls only.
type Server struct {
	Addr string // as dialled
	// Version is what it calls itself, such as "2.8.3"; "" for 0.9, which
	// tells nobody.
	Version string
	Line    Line
	// HasGetLeader is since 1.1, HasPageCalls since 1.0, HasInfoOptions since
	// 0.10.
	HasGetLeader   bool
	HasPageCalls   bool
	HasInfoOptions bool
	// Transport is the name of the one it is spoken to in.
	Transport string
}

// runs words the version for an error text.
func (s Server) runs() string {
	if s.Version != "" {
		return s.Version
	}
	return s.Line.String()
}

// lineOf reads the line from a version text.
func lineOf(version string) Line {
	switch {
	case strings.HasPrefix(version, "0.9."):
		return V0_9
	case strings.HasPrefix(version, "0.10."):
		return V0_10
	case strings.HasPrefix(version, "1."):
		return V1
	case version != "" && version[0] >= '2' && version[0] <= '9' && strings.Contains(version, "."):
		return V2
	default:
		return LineUnknown
	}
}
