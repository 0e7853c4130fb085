package logs

import "bytes"

// Level is the level a record was logged at.
type Level uint8

// The levels, in order.
const (
	// LevelNone is that of a record that names none; filters take it for INFO.
	LevelNone Level = iota
	LevelTrace
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
	LevelFatal
)

var levelNames = [...]string{"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// String is the level as Storm writes it, "" for none.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return ""
}

// floor is the level a filter compares.
func (l Level) floor() Level {
	if l == LevelNone {
		return LevelInfo
	}
	return l
}

// ParseLevel reads the name of a level in either case, the words of Java's and
// Python's logging included.
func ParseLevel(name string) (Level, bool) {
	l := levelOf([]byte(name))
	return l, l != LevelNone
}

// levelOf is the level that word names, LevelNone for any other word.
func levelOf(word []byte) Level {
	if len(word) < 4 || len(word) > 11 {
		return LevelNone
	}
	var buf [11]byte
	for i, c := range word {
		buf[i] = c &^ 0x20
	}
	switch string(bytes.TrimSpace(buf[:len(word)])) {
	case "TRACE", "FINEST", "FINER":
		return LevelTrace
	case "DEBUG", "FINE":
		return LevelDebug
	case "INFO", "NOTICE", "CONFIG":
		return LevelInfo
	case "WARN", "WARNING":
		return LevelWarn
	case "ERROR", "SEVERE":
		return LevelError
	case "FATAL", "CRITICAL", "EMERG", "ALERT", "PANIC":
		return LevelFatal
	default:
		return LevelNone
	}
}
