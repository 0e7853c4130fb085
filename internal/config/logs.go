package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones by name on machines without the database
)

const (
	defaultLogMemory = 256 << 20
	maxPythonLog     = 1024 // bytes of one path
)

// PythonLogFields are the fields that a path of PythonLogs may hold, in braces;
// those of pystorm's own templates are accepted under their long names too.
func PythonLogFields() []string {
	return []string{"topology", "topology_id", "component", "task", "pid", "script"}
}

var bracedField = regexp.MustCompile(`\{([^{}]*)\}`)

// parsePythonLog checks a path template and gives its fields their short names.
func parsePythonLog(s string) (string, *fault) {
	hint := "Example: /srv/pylogs/pystorm_{topology}_{component}_{task}_{pid}.log."
	if len(s) > maxPythonLog || hasControl(s) || !strings.HasPrefix(s, "/") {
		return "", &fault{quote(s) + " is no absolute path", hint}
	}
	for long, short := range map[string]string{"topology_name": "topology", "component_name": "component", "task_id": "task"} {
		s = strings.ReplaceAll(s, "{"+long+"}", "{"+short+"}")
	}
	for _, m := range bracedField.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(PythonLogFields(), m[1]) {
			near := didYouMean(m[1], PythonLogFields())
			if near == "" {
				near = "Fields: {" + strings.Join(PythonLogFields(), "}, {") + "}."
			}
			return "", &fault{"there is no field " + quote("{"+m[1]+"}"), near}
		}
	}
	if strings.ContainsAny(bracedField.ReplaceAllString(s, ""), "{}") {
		return "", &fault{quote(s) + " holds a brace that belongs to no field", hint}
	}
	if strings.HasSuffix(s, "/") {
		return "", &fault{quote(s) + " names a directory, not a file", hint}
	}
	return s, nil
}

// parseZone checks the name of a time zone or an offset.
func parseZone(s string) (string, *fault) {
	s = strings.TrimSpace(s)
	if _, err := Zone(s); err != nil || s == "" {
		return "", &fault{quote(s) + " is no time zone", "Write its name, such as Europe/Berlin, or an offset, such as +02:00."}
	}
	return s, nil
}

// Zone finds a time zone by its IANA name, or makes one of an offset such as
// +02:00; "local" and the empty text are this machine's.
func Zone(s string) (*time.Location, error) {
	switch {
	case s == "", strings.EqualFold(s, "local"):
		return time.Local, nil
	case s[0] == '+' || s[0] == '-':
		at, err := time.Parse("-07:00", s)
		if err != nil {
			if at, err = time.Parse("-0700", s); err != nil {
				return nil, &Error{What: quote(s) + " is no offset", Hint: "Write it as +02:00."}
			}
		}
		_, offset := at.Zone()
		return time.FixedZone(s, offset), nil
	}
	loc, err := time.LoadLocation(s)
	if err != nil || hasControl(s) {
		return nil, &Error{What: quote(s) + " is no time zone", Hint: "Write its name, such as Europe/Berlin, or an offset, such as +02:00."}
	}
	return loc, nil
}

func parseLogMemory(s string) (int, *fault) {
	n, f := parseSize(s)
	if f != nil {
		return 0, f
	}
	if n < 16<<20 || n > 64<<30 {
		return 0, &fault{quote(s) + " is out of bounds", "Write a size from 16M to 64G; 256M is the default."}
	}
	return int(n), nil
}
