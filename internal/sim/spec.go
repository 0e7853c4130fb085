package sim

// defaultStream is the stream of a component that declares no other.
const defaultStream = "default"

// blueprint is a topology as its author wrote it. Components are listed so that
// every one comes after those it reads from.
type blueprint struct {
	name       string
	owner      string
	workers    int
	ackers     int
	events     int     // topology.eventlogger.executors
	timeout    float64 // topology.message.timeout.secs
	maxPending float64 // topology.max.spout.pending, per task; 0 for no limit
	age        float64 // seconds since it was submitted, when the world begins
	components []part
}

// part is one component of a blueprint.
type part struct {
	id               string
	spout            bool
	executors, tasks int
	class            string // Java class; "" for a shell component
	command, script  string // of a shell component
	rate             float64
	daily            float64 // amplitude of the day's wave, 0 to 1
	replays          bool    // a spout that emits failed tuples again
	serviceMs        float64 // one tuple's work
	inputs           []input
	outputs          []output
	skew             float64        // exponent of the Zipf law of the keys of fields groupings
	keyed            bool           // its executors' queues tell tuple trees apart
	complaint        string         // what it reports when it fails a tuple
	conf             map[string]any // its own configuration
}

func (p part) shell() bool { return p.command != "" }

// How tuples choose a task.
type grouping int

const (
	shuffle grouping = iota
	localOrShuffle
	fields
	global
	all
	direct
)

type input struct {
	from, stream string
	how          grouping
	fields       []string
}

type output struct {
	stream string
	fields []string
	factor float64 // tuples emitted for each one executed, or for each that a spout begins
	direct bool    // the emitter chooses the task
}

// from is an input on the default stream.
func from(component string, how grouping, keys ...string) input {
	return input{from: component, stream: defaultStream, how: how, fields: keys}
}

// emits is an output on the default stream.
func emits(factor float64, names ...string) output {
	return output{stream: defaultStream, fields: names, factor: factor}
}
