package logs

import (
	"path"
	"time"
)

// Kind says what a log file holds.
type Kind uint8

// The kinds of log files.
const (
	// KindFile is any file that was named by its path.
	KindFile Kind = iota
	// KindWorker is a worker's own log: worker.log, worker-6700.log on 0.9.
	KindWorker
	// KindErr and KindOut are what the worker's JVM wrote to its streams.
	KindErr
	KindOut
	// KindMetrics is what a metrics consumer wrote.
	KindMetrics
	// KindGC is the JVM's garbage collection log.
	KindGC
	// KindEvents is the event logger's file.
	KindEvents
	// KindPython is a file that a Python component writes by itself.
	KindPython
	// KindDaemon is the log of a Storm daemon.
	KindDaemon
	// KindStdin is this process' standard input.
	KindStdin
)

var kindNames = [...]string{"file", "worker", "err", "out", "metrics", "gc", "events", "python", "daemon", "stdin"}

// String is the kind as it is written in flags and on the screen.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "file"
}

// ParseKind is the reverse of [Kind.String].
func ParseKind(name string) (Kind, bool) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), true
		}
	}
	return KindFile, false
}

// A Source is one log file, or rather the row of files that carry its name one
// after the other as they are rotated.
type Source struct {
	// Host is the name ssh knows the host by; "" is this machine.
	Host string
	// Port is the worker's slot, 0 where there is none.
	Port int
	// TopologyID and Topology are the topology's id and name.
	TopologyID, Topology string
	Kind                 Kind
	// Component, Task and PID are what the file's own name tells (Python logs).
	Component string
	Task, PID int
	// Path is absolute on the host.
	Path string
	// Note says what is here for the mark where the source joins, such as
	// "split [17-18]"; "" names the file.
	Note string
	// Zone is that of times written without one; nil means that of the host.
	Zone *time.Location
}

// Key tells sources apart: host and path.
func (s Source) Key() string {
	if s.Kind == KindStdin {
		return "-"
	}
	return s.Host + ":" + s.Path
}

// Name is the last part of the path, the name marks speak of.
func (s Source) Name() string {
	if s.Kind == KindStdin {
		return "standard input"
	}
	return path.Base(s.Path)
}
