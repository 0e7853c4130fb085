package report

import "github.com/stormtop/stormtop/internal/human"

// Grade says what a check came to.
type Grade string

// The grades. Only a fault makes `doctor` fail.
const (
	GradeOK    Grade = "ok"
	GradeNote  Grade = "note"
	GradeWarn  Grade = "warn"
	GradeFault Grade = "fault"
)

// Check is one thing that `doctor` looked at.
type Check struct {
	Area   string // "nimbus", "zookeeper", "server", "configuration"
	Target string // what was looked at: an address, a file, a call
	Grade  Grade
	Text   string // what was found, a phrase
	Hint   string // what to try; "" when there is nothing to say
}

// Doctor is the answer of `doctor`: the checks in the order they were made.
// "faults" counts those that failed.
func Doctor(list []Check) Answer {
	fields := checkFields()
	made := rows(list, fields)
	faults, warnings := 0, 0
	for _, c := range list {
		switch c.Grade {
		case GradeFault:
			faults++
		case GradeWarn:
			warnings++
		default:
		}
	}
	verdict := "No fault found"
	switch {
	case faults == 1:
		verdict = "1 fault"
	case faults > 1:
		verdict = human.Count(faults) + " faults"
	}
	if warnings > 0 {
		verdict += ", " + human.Count(warnings) + " to look at"
	}
	a := Answer{
		body: object{{"faults", faults}, {"checks", made}}, records: made, keys: keys(fields),
		sections: []section{
			{columns: columns(fields), rows: made, empty: "Nothing was checked."},
			{title: verdict + "."},
		},
	}
	for _, c := range list {
		if c.Grade == GradeFault {
			a.names = append(a.names, c.Target)
		}
	}
	return a
}

func checkFields() []field[Check] {
	return []field[Check]{
		{key: "grade", title: "RESULT", get: func(c Check) any { return string(c.Grade) }},
		{key: "area", title: "AREA", get: func(c Check) any { return c.Area }},
		{key: "target", title: "WHAT", get: func(c Check) any { return word(c.Target) }},
		{key: "found", title: "FOUND", get: func(c Check) any { return word(c.Text) }},
		{key: "hint", title: "HINT", absent: " ", get: func(c Check) any { return word(c.Hint) }},
	}
}
