package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Standing is how a topology stands before or after a change; nil and empty are
// what was not read.
type Standing struct {
	Status    string
	Workers   *int
	Executors map[string]int // by component
}

// Change is what `rebalance`, `kill` and the other commands that change a cluster
// have come to.
type Change struct {
	Action, Topology, ID string
	// Sent says whether Nimbus was told; State is "settled", "gone", "sent",
	// "undone", "superseded", "unknown", "not-sent", "refused" or "dry-run".
	Sent  bool
	State string
	Words string // what it came to, a sentence
	// Parameters and Command say what was asked for, the second as a line for
	// Storm's own client.
	Parameters, Command string
	No                  int64 // in the audit; 0 when it is not there
	Took                time.Duration
	Before, After       Standing
	// Plan is what a rebalance was to change; nil for the others.
	Plan []Planned
}

// Planned is one row of a rebalance's plan.
type Planned struct {
	Component string // "" for the workers
	Kind      string
	Tasks     int
	Now, New  int
	Capacity  *float64
	Predicted *float64 // nil when none can be said
	Note      string
}

// Changed is the answer of a command that changes a cluster.
func Changed(c Change) Answer {
	body := object{
		{"action", c.Action},
		{"topology", c.Topology},
		{"id", c.ID},
		{"sent", c.Sent},
		{"state", c.State},
		{"words", word(c.Words)},
		{"parameters", word(c.Parameters)},
		{"command", word(c.Command)},
		{"audit", nil},
		{"tookMs", c.Took.Milliseconds()},
		{"before", c.Before.object()},
		{"after", c.After.object()},
	}
	if c.No > 0 {
		body[8].value = c.No
	}
	fields := plannedFields()
	made := rows(c.Plan, fields)
	if c.Plan != nil {
		body = append(body, pair{"plan", made})
	}
	facts := []fact{{"topology", c.Topology}, {"id", c.ID}, {"state", c.State}}
	if c.Took > 0 {
		facts = append(facts, fact{"took", human.Span(c.Took)})
	}
	if words := c.Words; words != "" && words != c.State {
		facts = append(facts, fact{"outcome", words})
	}
	facts = append(facts, c.Before.fact("before"), c.After.fact("after"))
	a := Answer{body: body, records: []object{body}, keys: keysOf(body), names: []string{c.ID}}
	a.sections = append(a.sections, section{facts: slices.DeleteFunc(facts, func(f fact) bool { return f.text == "" })})
	if c.Plan != nil {
		a.sections = append(a.sections, section{title: "plan", columns: columns(fields), rows: made})
	}
	return a
}

// Plan is the answer that shows a rebalance before it is sent.
func Plan(list []Planned) Answer {
	fields := plannedFields()
	made := rows(list, fields)
	return Answer{
		body: object{{"plan", made}}, records: made, keys: keys(fields),
		sections: []section{{columns: columns(fields), rows: made, empty: "No components."}},
	}
}

func keysOf(o object) []string {
	out := make([]string, len(o))
	for i, p := range o {
		out[i] = p.key
	}
	return out
}

func (s Standing) object() any {
	if s.Status == "" && s.Workers == nil && s.Executors == nil {
		return nil
	}
	o := object{{"status", word(s.Status)}, {"workers", ptr(s.Workers)}}
	executors := object{}
	for _, c := range slices.Sorted(maps.Keys(s.Executors)) {
		executors = append(executors, pair{c, s.Executors[c]})
	}
	return append(o, pair{"executors", executors})
}

func (s Standing) fact(label string) fact {
	var parts []string
	if s.Status != "" {
		parts = append(parts, s.Status)
	}
	if s.Workers != nil {
		parts = append(parts, human.Count(*s.Workers)+" workers")
	}
	if len(s.Executors) > 0 {
		all := 0
		for _, n := range s.Executors {
			all += n
		}
		parts = append(parts, human.Count(all)+" executors")
	}
	return fact{label, strings.Join(parts, " · ")}
}

func plannedFields() []field[Planned] {
	return []field[Planned]{
		{key: "component", title: "COMPONENT", get: func(p Planned) any {
			if p.Component == "" {
				return "(workers)"
			}
			return p.Component
		}},
		{key: "kind", title: "KIND", get: func(p Planned) any { return word(p.Kind) }},
		{key: "tasks", title: "TASKS", show: count, get: func(p Planned) any {
			if p.Tasks == 0 {
				return nil
			}
			return p.Tasks
		}},
		{key: "now", title: "NOW", show: count, get: func(p Planned) any { return p.Now }},
		{key: "new", title: "NEW", show: count, get: func(p Planned) any { return p.New }},
		{key: "capacity", title: "CAPACITY", show: load, get: func(p Planned) any { return ptr(p.Capacity) }},
		{key: "predicted", title: "PREDICTED", show: load, get: func(p Planned) any { return ptr(p.Predicted) }},
		{key: "note", title: "NOTE", absent: " ", get: func(p Planned) any { return word(p.Note) }},
	}
}

// Waited is the answer of `wait`.
func Waited(topology, id, state string, reached bool) Answer {
	body := object{{"topology", topology}, {"id", word(id)}, {"state", state}, {"reached", reached}}
	return Answer{
		body: body, records: []object{body}, keys: keysOf(body), names: []string{id},
		sections: []section{{facts: []fact{{"topology", topology}, {"state", state}}}},
	}
}

// logLevel is one override of a log level.
type logLevel struct {
	logger string
	nimbusclient.LogLevel
	now time.Time
}

// LogLevels is the answer of `loglevel` without a change: the overrides that
// Nimbus has, by logger.
func LogLevels(id, name string, levels map[string]nimbusclient.LogLevel, now time.Time) Answer {
	list := make([]logLevel, 0, len(levels))
	for _, logger := range slices.Sorted(maps.Keys(levels)) {
		list = append(list, logLevel{logger, levels[logger], now})
	}
	fields := []field[logLevel]{
		{key: "logger", title: "LOGGER", get: func(l logLevel) any { return l.logger }},
		{key: "level", title: "LEVEL", get: func(l logLevel) any { return word(l.Target) }},
		{key: "endsInSecs", title: "ENDS IN", show: age, get: func(l logLevel) any { return l.endsIn() }},
		{key: "ended", title: "ENDED", show: yes, absent: " ", get: func(l logLevel) any {
			return l.TimeoutEpoch != nil && *l.TimeoutEpoch > 0 && *l.TimeoutEpoch <= now.UnixMilli()
		}},
		{key: "resetsTo", title: "RESETS TO", get: func(l logLevel) any { return word(l.Reset) }},
	}
	made := rows(list, fields)
	return Answer{
		body: object{{"id", id}, {"name", name}, {"levels", made}}, records: made, keys: keys(fields), names: slices.Sorted(maps.Keys(levels)),
		sections: []section{{columns: columns(fields), rows: made, empty: "No log level is overridden."}},
	}
}

// endsIn is the time left in seconds; nil when it does not end, or has.
func (l logLevel) endsIn() any {
	if l.TimeoutEpoch == nil || *l.TimeoutEpoch <= l.now.UnixMilli() {
		return nil
	}
	return (*l.TimeoutEpoch - l.now.UnixMilli()) / 1000
}
