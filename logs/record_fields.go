package logs

import (
	"bytes"
	"time"
	"unsafe"
)

// BodyForm says how the body of a record is written.
type BodyForm uint8

// The forms of a body.
const (
	BodyText BodyForm = iota
	BodyJSON
	BodyLogfmt
)

// Fields are the parts of a record. The strings share the record's bytes; like
// those they are not safe for a screen.
type Fields struct {
	text []byte
	// Stamp is the time as it was written; empty when there is none.
	Stamp Span
	// Body is the message: what follows the time, logger, thread and level.
	Body Span
	// Logger and Thread are as written; "" when not there.
	Logger, Thread string
	// Component is the component that wrote it, known from an executor's thread
	// name, from ShellLog, or from the logger of a subprocess' stderr.
	Component string
	// Task is its task, 0 when not known. An executor of several tasks has the
	// last one in TaskTo.
	Task, TaskTo int
	// PID is that of the component's process, from ShellLog; 0 when not known.
	PID int
	// Shell is set when the line came from a subprocess through ShellLog.
	Shell bool
	// Form is how Body is written.
	Form BodyForm
}

// text gives a string that shares b, which is never changed.
func shared(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b))
}

// With fills in what the record's file tells by its name.
func (f Fields) With(src Source) Fields {
	if f.Component == "" {
		f.Component = src.Component
	}
	if f.Task == 0 {
		f.Task = src.Task
	}
	if f.PID == 0 {
		f.PID = src.PID
	}
	return f
}

// Pairs calls fn with the pairs of a JSON or logfmt body until it returns false.
// Values are as written, without the quotes of strings.
func (f Fields) Pairs(fn func(key, value string) bool) {
	if f.Form == BodyText {
		return
	}
	body := f.Body.of(f.text)
	eachPair(body, func(key, value Span) bool {
		return fn(shared(key.of(body)), shared(value.of(body)))
	})
}

// Value is the value of a pair of the body.
func (f Fields) Value(key string) (string, bool) {
	found, ok := "", false
	f.Pairs(func(k, v string) bool {
		if k == key {
			found, ok = v, true
		}
		return !ok
	})
	return found, ok
}

// Get is a field by the name it has in filters and templates: logger, thread,
// component, level and time are not among the pairs of a body.
func (f Fields) Get(name string) (string, bool) {
	switch name {
	case "logger":
		return f.Logger, f.Logger != ""
	case "thread":
		return f.Thread, f.Thread != ""
	case "component":
		return f.Component, f.Component != ""
	default:
		return f.Value(name)
	}
}

var (
	shellLog     = []byte("ShellLog pid:")
	shellName    = []byte(", name:")
	executorMark = []byte("-executor[")
)

// Fields takes the record apart.
func (r *Record) Fields() Fields {
	f := Fields{text: r.Text, Body: Span{0, len(r.Text)}}
	if r.Mark != MarkNone {
		return f
	}
	clock := clockReader{zone: utcZone}
	line := r.Text
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	s, ok := clock.head(line)
	if ok {
		f.Stamp = Span{s.from, s.to}
	}
	if ok && s.layout == stampPair {
		f.pairBody()
		return f
	}
	at := s.after
	if s.layout == stampBracket || s.layout == stampUptime {
		at = f.brackets(line, at)
	} else if i, end := levelBracket(line, at); end > 0 {
		f.head(line[at:i])
		at = end
	} else if ok {
		at = f.python(line, at)
	}
	for at < len(line) && line[at] == ' ' {
		at++
	}
	f.Body.From = at
	f.shell(line, at)
	f.executor()
	f.pairBody()
	return f
}

// levelBracket finds " [LEVEL]" after from: where it begins, and where what
// follows begins.
func levelBracket(line []byte, from int) (begin, end int) {
	limit := min(len(line), from+512)
	for i := from; ; {
		j := bytes.Index(line[i:limit], openBracket)
		if j < 0 {
			return 0, 0
		}
		i += j + 2
		if e := bytes.IndexByte(line[i:min(limit, i+12)], ']'); e > 0 && levelOf(line[i:i+e]) != LevelNone {
			return i - 2, i + e + 1
		}
	}
}

// brackets takes "[name][LEVEL]" apart, as Petrel writes it, and the JVM's
// "[level][tags ]", and says where the message begins.
func (f *Fields) brackets(line []byte, at int) int {
	for at < len(line) && line[at] == '[' {
		end := bytes.IndexByte(line[at:min(len(line), at+256)], ']')
		if end < 0 {
			break
		}
		word := bytes.TrimSpace(line[at+1 : at+end])
		if _, isTime := uptime(line[at:]); !isTime && levelOf(word) == LevelNone && f.Logger == "" {
			f.Logger = shared(word)
		}
		at += end + 1
	}
	return f.python(line, at)
}

// head takes "logger thread" apart; 0.9 and 0.10 write no thread.
func (f *Fields) head(b []byte) {
	b = bytes.TrimSpace(b)
	logger, thread, _ := bytes.Cut(b, []byte(" "))
	f.Logger, f.Thread = shared(logger), shared(bytes.TrimSpace(thread))
}

// python takes " - name - LEVEL - " or " LEVEL name " apart and says where the
// message begins.
func (f *Fields) python(line []byte, at int) int {
	rest := line[at:]
	if !bytes.HasPrefix(rest, dash) {
		trimmed := bytes.TrimLeft(rest, " ")
		skip := len(rest) - len(trimmed)
		if end := bytes.IndexAny(trimmed[:min(len(trimmed), 16)], " :"); end >= 4 && levelOf(trimmed[:end]) != LevelNone && wordLevel(trimmed, true) != LevelNone {
			return at + skip + end + 1
		}
		return at
	}
	// time - name - LEVEL - message, and the same without the level.
	at += len(dash)
	rest = line[at:]
	name, after, ok := bytes.Cut(rest, dash)
	if !ok {
		return at
	}
	if levelOf(name) != LevelNone {
		return at + len(name) + len(dash)
	}
	f.Logger = shared(name)
	at += len(name) + len(dash)
	if level, _, ok := bytes.Cut(after, dash); ok && levelOf(level) != LevelNone {
		at += len(level) + len(dash)
	}
	return at
}

// shell reads "ShellLog pid:N, name:C text".
func (f *Fields) shell(line []byte, at int) {
	rest := line[at:]
	if !bytes.HasPrefix(rest, shellLog) {
		return
	}
	i, pid := len(shellLog), 0
	for ; i < len(rest) && rest[i]-'0' <= 9 && pid < 1<<40; i++ {
		pid = pid*10 + int(rest[i]-'0')
	}
	if !bytes.HasPrefix(rest[i:], shellName) {
		return
	}
	i += len(shellName)
	name := rest[i:]
	if end := bytes.IndexByte(name, ' '); end >= 0 {
		name = name[:end]
	}
	i += len(name)
	if i < len(rest) {
		i++
	}
	f.Shell, f.PID, f.Component = true, pid, shared(name)
	f.Body.From = at + i
}

// executor reads the component and tasks off "Thread-17-orders-executor[10, 10]".
func (f *Fields) executor() {
	thread := []byte(f.Thread)
	i := bytes.LastIndex(thread, executorMark)
	if i < 0 {
		if !f.Shell && f.Component == "" && plainThread(f.Thread) && bytes.IndexByte([]byte(f.Logger), '.') < 0 {
			f.Component = f.Logger // a subprocess' stderr is logged by its component's name
		}
		return
	}
	from, rest := number(thread[i+len(executorMark):])
	for len(rest) > 0 && (rest[0] == ' ' || rest[0] == ',') {
		rest = rest[1:]
	}
	to, rest := number(rest)
	if len(rest) == 0 || rest[0] != ']' {
		return
	}
	f.Task, f.TaskTo = from, to
	name := thread[:i]
	if bytes.HasPrefix(name, []byte("Thread-")) {
		_, after := number(name[len("Thread-"):])
		name = bytes.TrimPrefix(after, []byte("-"))
	}
	if f.Component == "" && len(name) > 0 {
		f.Component = f.Thread[i-len(name) : i]
	}
}

// plainThread is the name Java gives to a thread without one.
func plainThread(name string) bool {
	const prefix = "Thread-"
	if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
		return false
	}
	_, rest := number([]byte(name[len(prefix):]))
	return len(rest) == 0
}

// number reads the digits at the beginning of b.
func number(b []byte) (int, []byte) {
	n, i := 0, 0
	for ; i < len(b) && b[i]-'0' <= 9 && n < 1<<40; i++ {
		n = n*10 + int(b[i]-'0')
	}
	return n, b[i:]
}

// pairBody recognises JSON and logfmt.
func (f *Fields) pairBody() {
	body := f.Body.of(f.text)
	if len(body) < 2 {
		return
	}
	any := func(_, _ Span) bool { return true }
	switch {
	case body[0] == '{':
		if eachJSON(body, any) {
			f.Form = BodyJSON
		}
	case logfmtKey(body[0]):
		if eachLogfmt(body, any) {
			f.Form = BodyLogfmt
		}
	}
}

// utcZone serves where only the place of a time matters, not the time.
var utcZone = time.UTC
