package logs

import "bytes"

// traceState recognises the lines that belong to a trace by their look, for
// files whose lines begin with no time.
type traceState struct {
	// python: inside a traceback, after "Traceback (most recent call last):".
	python bool
	// ended: the traceback's last line has been seen; only another one chained
	// to it may follow.
	ended bool
	// chained: a sentence that chains two tracebacks has been seen.
	chained bool
}

var (
	tracebackHead  = []byte("Traceback (most recent call last):")
	groupTraceback = []byte("Exception Group Traceback (most recent call last):")
	duringHandling = []byte("During handling of the above exception, another exception occurred:")
	directCause    = []byte("The above exception was the direct cause of the following exception:")
)

// begin looks at the first line of a record.
func (t *traceState) begin(line []byte) {
	*t = traceback(line)
}

// traceback is the state after the line. All lines of an exception group are
// indented, so none is awaited that is not.
func traceback(line []byte) traceState {
	if bytes.Contains(line, groupTraceback) {
		return traceState{ended: true}
	}
	return traceState{python: bytes.Contains(line, tracebackHead)}
}

func tracebackIn(line []byte) bool {
	return bytes.Contains(line, tracebackHead) || bytes.Contains(line, groupTraceback)
}

// more reports whether the line goes on with the record.
func (t *traceState) more(line []byte) bool {
	if len(line) == 0 {
		return t.python || t.ended
	}
	switch {
	case bytes.Equal(line, duringHandling), bytes.Equal(line, directCause):
		was := t.ended || t.python
		t.chained = true
		return was
	case tracebackIn(line):
		was := t.chained || line[0] == ' ' || javaCause(line)
		*t = traceback(line)
		return was
	}
	if line[0] == ' ' || line[0] == '\t' {
		return true
	}
	if t.python {
		// The line that names the exception ends the traceback.
		t.python, t.ended = false, true
		return true
	}
	return javaCause(line)
}

// javaCause recognises the lines of a Java trace that are not indented.
func javaCause(line []byte) bool {
	switch line[0] {
	case 'C':
		return bytes.HasPrefix(line, []byte("Caused by: "))
	case 'S':
		return bytes.HasPrefix(line, []byte("Suppressed: "))
	case '.':
		return bytes.HasPrefix(line, []byte("... ")) && bytes.HasSuffix(line, []byte(" more"))
	case 'a':
		return bytes.HasPrefix(line, []byte("at ")) && bytes.HasSuffix(line, []byte(")"))
	default:
		return false
	}
}

var openBracket = []byte(" [")

// lineLevel is the level that the first line of a record names.
func lineLevel(line []byte, s stamp) Level {
	if s.layout == stampPair {
		return pairLevel(line)
	}
	rest := line[s.after:]
	rest = rest[:min(len(rest), 512)]
	// Storm: " [LEVEL] " after the logger and the thread.
	for i := 0; ; {
		j := bytes.Index(rest[i:], openBracket)
		if j < 0 {
			break
		}
		i += j + 2
		if end := bytes.IndexByte(rest[i:min(len(rest), i+12)], ']'); end > 0 {
			if l := levelOf(rest[i : i+end]); l != LevelNone {
				return l
			}
		}
	}
	if s.layout == stampBracket || s.layout == stampUptime {
		// The JVM's unified log: [time][level][tags], the level padded.
		for len(rest) > 2 && rest[0] == '[' {
			end := bytes.IndexByte(rest, ']')
			if end < 0 {
				break
			}
			if l := levelOf(bytes.TrimSpace(rest[1:end])); l != LevelNone {
				return l
			}
			rest = rest[end+1:]
		}
		rest = bytes.TrimLeft(rest, " ")
	}
	return wordLevel(rest, s.layout != stampNone)
}

// wordLevel finds the level as Python's logging writes it: alone between " - ",
// as the first word after the time, or before a colon at the line's beginning.
func wordLevel(rest []byte, stamped bool) Level {
	if bytes.HasPrefix(rest, dash) {
		for range 4 {
			rest = rest[len(dash):]
			end := bytes.Index(rest, dash)
			word := rest
			if end >= 0 {
				word = rest[:end]
			}
			if l := levelOf(bytes.TrimSpace(word)); l != LevelNone {
				return l
			}
			if end < 0 {
				return LevelNone
			}
			rest = rest[end:]
		}
		return LevelNone
	}
	if stamped {
		rest = bytes.TrimLeft(rest, " \t")
	}
	end := bytes.IndexAny(rest[:min(len(rest), 16)], " :]\t|")
	if end < 4 {
		return LevelNone
	}
	word := rest[:end]
	if word[0] == '[' {
		word = word[1:]
	}
	if word[0] < 'A' || word[0] > 'Z' || (!stamped && rest[end] != ':') {
		return LevelNone
	}
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return LevelNone
		}
	}
	return levelOf(word)
}

var dash = []byte(" - ")

// pairLevel is the level among the pairs of a JSON or logfmt line.
func pairLevel(line []byte) Level {
	level := LevelNone
	n := 0
	eachPair(line, func(key, value Span) bool {
		n++
		switch string(key.of(line)) {
		case "level", "lvl", "severity", "levelname", "loglevel", "log.level", "@level":
			level = levelOf(value.of(line))
			return false
		}
		return n < 32
	})
	return level
}
