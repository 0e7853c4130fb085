package report

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// pair is one key of an object. The value is nil, a string, a bool, an int, an
// int64, a float64, a time, an object, or a slice or map of these.
type pair struct {
	key   string
	value any
}

// object is a JSON object whose keys keep their order.
type object []pair

// get returns the value of a key, nil when it has none.
func (o object) get(key string) any {
	for _, p := range o {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// ptr turns an optional value into one of an object: nil stays nil.
func ptr[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// word turns a text into a value; the empty one was not sent.
func word[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// appendJSON writes v. With depth below 0 everything stands on one line,
// otherwise it is the number of indentations so far.
func appendJSON(dst []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return appendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case json.Number:
		return append(dst, v...)
	case time.Time:
		return appendString(dst, v.Format(time.RFC3339))
	case lastError:
		return appendString(dst, cutError(v.text))
	case object:
		return appendObject(dst, v, depth)
	case []object:
		return appendList(dst, v, depth)
	case []string:
		return appendList(dst, v, depth)
	case []any:
		return appendList(dst, v, depth)
	case map[string]float64:
		return appendMap(dst, v, depth)
	case map[string]int64:
		return appendMap(dst, v, depth)
	case map[string]any:
		return appendMap(dst, v, depth)
	default:
		return append(dst, "null"...)
	}
}

func appendObject(dst []byte, o object, depth int) []byte {
	if len(o) == 0 {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{')
	for i, p := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBreak(dst, depth, 1)
		dst = appendString(dst, p.key)
		dst = append(dst, ':')
		if depth >= 0 {
			dst = append(dst, ' ')
		}
		dst = appendJSON(dst, p.value, deeper(depth))
	}
	return append(appendBreak(dst, depth, 0), '}')
}

func appendList[T any](dst []byte, list []T, depth int) []byte {
	if len(list) == 0 {
		return append(dst, "[]"...)
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBreak(dst, depth, 1)
		dst = appendJSON(dst, v, deeper(depth))
	}
	return append(appendBreak(dst, depth, 0), ']')
}

// appendMap writes a map as an object with its keys sorted; a nil map is null.
func appendMap[V any](dst []byte, m map[string]V, depth int) []byte {
	if m == nil {
		return append(dst, "null"...)
	}
	o := make(object, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o = append(o, pair{k, m[k]})
	}
	return appendObject(dst, o, depth)
}

func deeper(depth int) int {
	if depth < 0 {
		return depth
	}
	return depth + 1
}

func appendBreak(dst []byte, depth, more int) []byte {
	if depth < 0 {
		return dst
	}
	dst = append(dst, '\n')
	for range depth + more {
		dst = append(dst, "  "...)
	}
	return dst
}

// appendFloat writes a number as encoding/json does; what is no number is null.
func appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, 64)
}

// appendString writes a JSON string. Besides what JSON demands it escapes every
// character that a terminal may act upon or that hides itself: C1 controls,
// DEL, line separators and format characters such as the bidirectional ones.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	unit := func(r rune) {
		dst = append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r >= ' ' && r < 0x7f:
			dst = append(dst, byte(r))
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r > 0xffff:
			r -= 0x10000
			unit(0xd800 + r>>10)
			unit(0xdc00 + r&0x3ff)
		default:
			unit(r)
		}
	}
	return append(dst, '"')
}
