package rebalance

import "slices"

// Kind is what a component is.
type Kind uint8

// The kinds of components.
const (
	Bolt Kind = iota
	Spout
	System // __acker and its like
)

// Component is one component as it runs.
type Component struct {
	ID    string
	Kind  Kind
	Shell bool // runs in another process, such as Python

	Tasks     int // fixed at submit: the most executors it can have
	Executors int // at work now

	// Capacity is the share of the time an executor of the component is busy in
	// the chosen window, 1 being all of it; nil when it is not known. It means
	// nothing for a shell component.
	Capacity *float64
	// Skew is the tuples per task of the busiest executor by the mean of the
	// others; 0 when it is not known.
	Skew float64
	// Resources are what the component asks of the resource aware scheduler for
	// each task, by the names of its configuration.
	Resources map[string]float64
}

// Topology is a topology as it runs.
type Topology struct {
	ID, Name string
	Status   string // as Nimbus names it: ACTIVE, INACTIVE, REBALANCING, KILLED
	Workers  int    // at work now
	Wanted   int    // as asked at submit or by the last rebalance; 0 when not known
	// MessageTimeout is topology.message.timeout.secs; 0 when not known.
	MessageTimeout int
	// AckedPerSecond and CompleteMillis tell how many tuples are in flight; 0 when
	// not known.
	AckedPerSecond, CompleteMillis float64
	// Components in the order they are to be shown.
	Components []Component
	// ResourceAware says that the resource aware scheduler places it, which
	// decides the number of workers by itself.
	ResourceAware bool
}

// Find returns the component of an id.
func (t *Topology) Find(id string) (Component, bool) {
	i := slices.IndexFunc(t.Components, func(c Component) bool { return c.ID == id })
	if i < 0 {
		return Component{}, false
	}
	return t.Components[i], true
}

// Executors are those of all components.
func (t *Topology) Executors() int {
	n := 0
	for _, c := range t.Components {
		n += c.Executors
	}
	return n
}

// Cluster is what the rest of the cluster allows.
type Cluster struct {
	FreeSlots int
	Hosts     int // that are alive
	// Major and Minor are Nimbus' version; 0.0 when not known.
	Major, Minor int
	// MinWait is the shortest wait in seconds that the operator's own rules allow.
	MinWait int
	// MaxFactor is how many times the executors or workers of now a plan may ask
	// for; 0 is any.
	MaxFactor float64
}

// before reports whether the cluster's version is known and older.
func (c Cluster) before(major, minor int) bool {
	if c.Major == 0 && c.Minor == 0 {
		return false
	}
	return c.Major < major || c.Major == major && c.Minor < minor
}

// overrides reports whether the cluster may know overrides of configuration and
// resources.
func (c Cluster) overrides() bool { return !c.before(2, 0) }
