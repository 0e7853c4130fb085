package screens

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

const (
	unsetText  = "(unset)"
	maskedText = "(masked)"
	// deepest is how deep lists and maps are looked into.
	deepest = 50
)

// isUnset reports whether a value says that there is none.
func isUnset(v any) bool { return v == nil }

// sameValue compares two values as they came from JSON: numbers by what they
// are worth, however they are held.
func sameValue(a, b any) bool { return sameTo(a, b, 0) }

func sameTo(a, b any, depth int) bool {
	if depth > deepest {
		return false
	}
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, func(a, b any) bool { return sameTo(a, b, depth+1) })
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, func(a, b any) bool { return sameTo(a, b, depth+1) })
	}
	x, okX := numberOf(a)
	y, okY := numberOf(b)
	return okX && okY && x == y
}

// numberOf reads a number as JSON and YAML leave them.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case float32:
		return float64(n), true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// valueText writes a value on one line, as JSON but for texts, which stand
// without quotes.
func valueText(v any) string {
	switch x := v.(type) {
	case nil:
		return unsetText
	case string:
		if strings.TrimSpace(x) == "" {
			return strconv.Quote(x)
		}
		return x
	}
	return jsonText(v, "")
}

// jsonText writes a value as JSON, on several lines with an indent.
func jsonText(v any, indent string) string {
	if n, ok := numberOf(v); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// masker takes secrets out of values before they are shown, copied or saved.
type masker struct {
	secret func(key string) bool
	dots   string
	masked int // values taken out
}

func newMasker(env screen.Env) *masker {
	m := &masker{secret: env.Secret, dots: strings.Repeat("•", 8)}
	if m.secret == nil { // nothing says what is harmless
		m.secret = func(string) bool { return true }
	}
	if !env.Theme.Unicode {
		m.dots = theme.Fold(m.dots)
	}
	return m
}

// assigned finds name=value and name: value inside a text, such as
// -Djavax.net.ssl.keyStorePassword=… in the options of a JVM.
var assigned = regexp.MustCompile(`([\w.-]+)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)`)

// inURL finds the password of a URL.
var inURL = regexp.MustCompile(`(://[^\s/:@]*):[^\s/@]+@`)

// value returns what may be shown of the value of a key. An absent secret stays
// visible as absent.
func (m *masker) value(key string, v any) any { return m.inner(key, v, 0) }

func (m *masker) inner(key string, v any, depth int) any {
	if v == nil || v == "" {
		return v
	}
	if key != "" && m.secret(key) || depth > deepest {
		m.masked++
		return m.dots + " " + maskedText
	}
	switch x := v.(type) {
	case string:
		return m.text(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = m.inner("", x[i], depth+1)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, inner := range x {
			out[k] = m.inner(k, inner, depth+1)
		}
		return out
	}
	return v
}

func (m *masker) text(s string) string {
	s = assigned.ReplaceAllStringFunc(s, func(hit string) string {
		part := assigned.FindStringSubmatch(hit)
		if !m.secret(part[1]) {
			return hit
		}
		m.masked++
		return part[1] + part[2] + m.dots
	})
	return inURL.ReplaceAllStringFunc(s, func(hit string) string {
		m.masked++
		return inURL.FindStringSubmatch(hit)[1] + ":" + m.dots + "@"
	})
}

// trap is a setting that is known to surprise.
type trap struct {
	when   func(v any, version string) bool
	reason string
}

// traps are the known ones by key.
var traps = map[string]trap{
	"topology.max.spout.pending": {
		func(v any, _ string) bool { n, ok := numberOf(v); return isUnset(v) || ok && n <= 0 },
		"Spouts are not held back by the number of their tuples that are not acked yet. When a bolt is slow, tuples wait in " +
			"queues, run into topology.message.timeout.secs, fail and are sent again, which makes the queues longer. " +
			"Storm's own backpressure bounds the queues, not how long a tuple may take. It holds for spouts that track their tuples.",
	},
	"topology.acker.executors": {
		func(v any, _ string) bool { n, ok := numberOf(v); return ok && n == 0 },
		"Nothing is tracked: spouts get their acks at once, lost tuples are not sent again, and there is no complete latency.",
	},
	"topology.debug": {
		func(v any, _ string) bool { return v == true },
		"Every worker writes every tuple into its log.",
	},
	"topology.enable.message.timeouts": {
		func(v any, _ string) bool { return v == false },
		"Tuples never time out: one that is lost is neither failed nor sent again, and counts as pending for ever.",
	},
	"topology.max.task.parallelism": {
		func(v any, _ string) bool { return !isUnset(v) },
		"No component has more tasks than this, whatever it asks for.",
	},
	"topology.stats.sample.rate": {
		func(v any, _ string) bool { n, ok := numberOf(v); return ok && n == 1 },
		"Every tuple is measured. Counters are exact, at the cost of time for each tuple.",
	},
}

// bySubmit are keys that Storm sets itself when a topology is submitted.
var bySubmit = map[string]bool{
	"storm.id": true, "topology.name": true, "topology.submitter.principal": true, "topology.submitter.user": true,
	"topology.kryo.register": true, "topology.kryo.decorators": true, "storm.topology.submission.notifier.plugin.class": true,
}

// whenUnset says what Storm does without a value.
var whenUnset = map[string]string{
	"topology.acker.executors":       "one per worker",
	"topology.eventlogger.executors": "one per worker",
	"topology.tasks":                 "one per executor",
}

// stormKey reports whether a key is named as Storm names its own.
func stormKey(key string) bool {
	first, _, _ := strings.Cut(key, ".")
	return slices.Contains([]string{
		"topology", "storm", "nimbus", "supervisor", "worker", "ui", "drpc", "logviewer", "executor", "task", "pacemaker",
		"zmq", "transactional", "dev", "client", "java", "blobstore", "scheduler", "resource", "isolation", "backpressure",
		"num", "metrics", "pulse", "health", "cgroup", "localizer", "min", "profiler", "thrift", "multitenant", "container",
	}, first)
}
