package report

import (
	"cmp"
	"math"
	"path"
	"slices"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// windowStats are the counters of one window.
type windowStats struct {
	window nimbusclient.Window
	nimbusclient.Stats
}

// WindowName returns the window as people write it: 10m, 3h, 1d or all.
func WindowName(w nimbusclient.Window) string {
	switch w {
	case nimbusclient.Window10m:
		return "10m"
	case nimbusclient.Window3h:
		return "3h"
	case nimbusclient.Window1d:
		return "1d"
	case nimbusclient.WindowAll:
		return "all"
	}
	return string(w)
}

// windowList puts the windows in order, the shortest first; others that a server
// may send come last.
func windowList[V any](m map[nimbusclient.Window]V) []nimbusclient.Window {
	list := make([]nimbusclient.Window, 0, len(m))
	for w := range m {
		list = append(list, w)
	}
	rank := func(w nimbusclient.Window) int {
		if i := slices.Index(nimbusclient.Windows[:], w); i >= 0 {
			return i
		}
		return len(nimbusclient.Windows)
	}
	slices.SortFunc(list, func(a, b nimbusclient.Window) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return list
}

// window is the first key of a row a window.
func windowField() field[windowStats] {
	return field[windowStats]{
		key: "window", title: "WINDOW", get: func(s windowStats) any { return string(s.window) },
		show: func(v any) string { return WindowName(nimbusclient.Window(plain(v))) },
	}
}

// The counters, alike in totals, components, streams and executors.

func flowFields[T any](of func(T) nimbusclient.Stats) []field[T] {
	return []field[T]{
		{key: "emitted", title: "EMITTED", sampled: true, show: count, get: func(v T) any { return ptr(of(v).Emitted) }},
		{key: "transferred", title: "TRANSFERRED", sampled: true, show: count, get: func(v T) any { return ptr(of(v).Transferred) }},
	}
}

func completeField[T any](of func(T) nimbusclient.Stats) field[T] {
	return field[T]{key: "completeLatency", title: "COMPLETE", show: latency, get: func(v T) any { return ptr(of(v).CompleteMs) }}
}

func workFields[T any](of func(T) nimbusclient.Stats) []field[T] {
	return []field[T]{
		{key: "executed", title: "EXECUTED", sampled: true, show: count, get: func(v T) any { return ptr(of(v).Executed) }},
		{key: "executeLatency", title: "EXECUTE", show: latency, get: func(v T) any { return ptr(of(v).ExecuteMs) }},
		{key: "processLatency", title: "PROCESS", show: latency, get: func(v T) any { return ptr(of(v).ProcessMs) }},
	}
}

func capacityField[T any](of func(T) nimbusclient.Stats) field[T] {
	return field[T]{key: "capacity", title: "CAPACITY", wide: true, show: load, get: func(v T) any { return ptr(of(v).Capacity) }}
}

func ackFields[T any](of func(T) nimbusclient.Stats) []field[T] {
	return []field[T]{
		{key: "acked", title: "ACKED", sampled: true, show: count, get: func(v T) any { return ptr(of(v).Acked) }},
		{key: "failed", title: "FAILED", sampled: true, show: count, get: func(v T) any { return ptr(of(v).Failed) }},
	}
}

// lastErrorChars is where the UI cuts the last error of a component.
const lastErrorChars = 200

// lastError is the text of a component's last error: whole for people, and cut
// where REST cuts it.
type lastError struct{ text string }

// cutError cuts a text as Java does, in UTF-16 units, without splitting a
// character.
func cutError(s string) string {
	units := 0
	for i, r := range s {
		if r > 0xffff {
			units++
		}
		if units++; units > lastErrorChars {
			return s[:i]
		}
	}
	return s
}

// lapsed is how many seconds ago an error was.
func lapsed(asOf time.Time, e *nimbusclient.ErrorInfo) any {
	if e == nil || asOf.IsZero() {
		return nil
	}
	return asOf.Unix() - e.Time
}

// shellOf names the interpreter a component runs in: "" for a JVM component,
// nil when the structure was not read or has no such component, as for the ones
// Storm adds itself.
func shellOf(s *nimbusclient.Structure, component string) *string {
	if s == nil {
		return nil
	}
	for _, c := range s.Components {
		if c.ID == component {
			name := ""
			if c.Shell != nil {
				name = path.Base(c.Shell.Command)
			}
			return &name
		}
	}
	return nil
}

// jvm is the kind of a component that needs no interpreter.
const jvm = "jvm"

// kindOf is the word for where a component runs.
func kindOf(shell *string) any {
	switch {
	case shell == nil:
		return nil
	case *shell == "":
		return jvm
	default:
		return *shell
	}
}

// loadField says how busy a bolt is: Storm's capacity for a JVM bolt, and L, the
// mean number of tuples inside its busiest task, for a shell one, whose capacity
// measures only the hand-over to its pipe.
func loadField[T any]() field[T] {
	return field[T]{title: "LOAD", cell: func(r object) string {
		kind, known := r.get("kind").(string)
		if known && kind != jvm {
			if inside := r.get("tuplesInside"); inside != nil {
				return "L " + load(inside)
			}
			return human.None
		}
		if capacity := r.get("capacity"); capacity != nil {
			return load(capacity)
		}
		return human.None
	}}
}

// insideField is L, which Storm does not give.
func insideField[T any](of func(T) *float64) field[T] {
	return field[T]{key: "tuplesInside", title: "INSIDE", wide: true, sampled: true, show: load, get: func(v T) any { return ptr(of(v)) }}
}

// known turns a number that may be unknown into an optional one.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
