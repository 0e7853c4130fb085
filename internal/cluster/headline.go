package cluster

import "strings"

// traceback begins the text of a Python error; what happened stands at its end.
const traceback = "Traceback (most recent call last)"

// Headline is the line of a reported error that says what happened: the first,
// or of a Python traceback the last before the Java stack. It is remote text.
func Headline(report string) string {
	lines := strings.Split(strings.TrimSpace(report), "\n")
	what := strings.TrimSpace(lines[0])
	if !strings.Contains(what, traceback) {
		return what
	}
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, "\tat ") {
			break
		}
		if line = strings.TrimSpace(line); line != "" {
			what = line
		}
	}
	return what
}
