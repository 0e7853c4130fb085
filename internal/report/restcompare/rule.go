package restcompare

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule says how one key is compared.
type Rule int

// The rules.
const (
	// Exact values are equal; numbers in full precision.
	Exact Rule = iota
	// Decimal is a number that REST writes as a text with fixed decimals, "0"
	// when there is none.
	Decimal
	// Clock is a number of seconds that goes on between two answers.
	Clock
	// PrettyClock is the same, written "2m 40s" by REST and as a number by us.
	PrettyClock
	// Millis is a time in milliseconds in REST and in seconds here.
	Millis
	// Generic are resources, written "gpu=2.0 fpga=1.0" by REST and as an object
	// by us.
	Generic
	// Sampling is a percentage; REST writes 10, the form's default, when sampling
	// is off.
	Sampling
	// Config is a configuration whose secrets are masked here.
	Config
)

// String names the rule as the list prints it.
func (r Rule) String() string {
	return [...]string{"exact", "decimals", "clock", "clock as text", "ms to s", "resources", "sampling", "configuration"}[r]
}

// clock reports whether a value moves by itself.
func (r Rule) clock() bool { return r == Clock || r == PrettyClock }

// equal compares one value of REST with one of ours. It returns what is wrong, ""
// when nothing is.
func (k Key) equal(rest, ours any, round time.Duration) string {
	if ours == nil && (rest == nil || k.Unsent && empty(rest)) {
		return ""
	}
	wrong := fmt.Sprintf("REST %s, stormtop %s", text(rest), text(ours))
	ok := false
	switch k.Rule {
	case Exact:
		ok = sameValue(rest, ours)
	case Decimal:
		ok = sameDecimal(rest, ours)
	case Clock:
		ok = near(number(rest), number(ours), round)
	case PrettyClock:
		pretty, _ := rest.(string)
		secs, err := prettySeconds(pretty)
		ok = err == nil && near(secs, number(ours), round)
	case Millis:
		ok = number(rest) == number(ours)*1000
	case Generic:
		ok = sameGeneric(rest, ours)
	case Sampling:
		ok = sameValue(rest, ours) || ours == nil && number(rest) == 10
	case Config:
		ok = sameConfig(rest, ours)
	}
	if ok {
		return ""
	}
	return wrong
}

// empty reports whether REST's value is what the UI writes for nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == "" || strings.Trim(v, "0.") == ""
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	case bool:
		return !v
	}
	return v == nil
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 160 {
		return string(b[:160]) + "…"
	}
	return string(b)
}

func number(v any) float64 {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f
		}
	}
	return math.NaN()
}

// sameValue compares JSON values; numbers by value, to the last digits that two
// languages may write differently.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		n, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, y := number(a), number(n)
		return x == y || math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(a) != len(m) {
			return false
		}
		for key, v := range a {
			if other, there := m[key]; !there || !sameValue(v, other) {
				return false
			}
		}
		return true
	case []any:
		l, ok := b.([]any)
		return ok && slices.EqualFunc(a, l, sameValue)
	default:
		return a == b
	}
}

// sameDecimal compares a text such as "26.331" with a number: they may differ by
// half of the last decimal, and by what a float of four bytes loses, which 0.9 and
// 1.x go through.
func sameDecimal(rest, ours any) bool {
	n, ok := ours.(json.Number)
	if !ok {
		return false
	}
	s, isText := rest.(string)
	if !isText {
		return sameValue(rest, ours)
	}
	x, y := number(s), number(n)
	decimals := 0
	if _, after, found := strings.Cut(s, "."); found {
		decimals = len(after)
	}
	return math.Abs(x-y) <= 0.5*math.Pow10(-decimals)*(1+1e-9)+math.Abs(y)*6e-8
}

// near compares two readings of one clock that were taken within round.
func near(a, b float64, round time.Duration) bool {
	return math.Abs(a-b) <= math.Ceil(round.Seconds())+1
}

// prettySeconds reads "1d 2h 3m 4s".
func prettySeconds(s string) (float64, error) {
	total := 0.0
	for part := range strings.FieldsSeq(s) {
		unit := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[part[len(part)-1]]
		n, err := strconv.Atoi(part[:len(part)-1])
		if err != nil || unit == 0 {
			return 0, fmt.Errorf("no duration: %q", s)
		}
		total += float64(n) * unit
	}
	return total, nil
}

// sameGeneric compares "gpu=2.0 fpga=1.0" with {"fpga":1,"gpu":2}.
func sameGeneric(rest, ours any) bool {
	s, ok := rest.(string)
	if !ok {
		return rest == nil && ours == nil
	}
	m, ok := ours.(map[string]any)
	if !ok {
		return s == "" && ours == nil
	}
	fields := strings.Fields(s)
	if len(fields) != len(m) {
		return false
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		if number(value) != number(m[name]) {
			return false
		}
	}
	return true
}

// Masked stands where stormtop does not show a secret.
const Masked = "********"

func sameConfig(rest, ours any) bool {
	if s, ok := ours.(string); ok && strings.Contains(s, Masked) {
		return true
	}
	switch rest := rest.(type) {
	case map[string]any:
		m, ok := ours.(map[string]any)
		if !ok || len(rest) != len(m) {
			return false
		}
		for key, v := range rest {
			if other, there := m[key]; !there || !sameConfig(v, other) {
				return false
			}
		}
		return true
	case []any:
		l, ok := ours.([]any)
		return ok && slices.EqualFunc(rest, l, sameConfig)
	default:
		return sameValue(rest, ours)
	}
}
