package report

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
)

// field is one key of a row: what it is called in JSON, where its value comes
// from and, when it has a title, how it looks in a table.
type field[T any] struct {
	key string
	get func(T) any
	// title is the column's; without one the key is in JSON and CSV only.
	title string
	// show writes a value that is there; nil writes it as it is.
	show func(any) string
	// cell writes a column without a key of its own from the whole row.
	cell func(object) string
	// absent stands for a value that is not there; "" is [human.None].
	absent string
	// wide columns are left out of the plain table.
	wide bool
	// sampled columns hold estimates while the sample rate is below one.
	sampled bool
	// cut bounds the cells of a plain table's column, 0 does not.
	cut int
}

// row makes the object of one value.
func row[T any](v T, fields []field[T]) object {
	o := make(object, 0, len(fields))
	for _, f := range fields {
		if f.key != "" {
			o = append(o, pair{f.key, f.get(v)})
		}
	}
	return o
}

// rows makes the objects of a list; of none it makes an empty list, never nil.
func rows[T any](list []T, fields []field[T]) []object {
	out := make([]object, len(list))
	for i, v := range list {
		out[i] = row(v, fields)
	}
	return out
}

// keys lists the keys of rows.
func keys[T any](fields []field[T]) []string {
	var out []string
	for _, f := range fields {
		if f.key != "" {
			out = append(out, f.key)
		}
	}
	return out
}

// column is what a table needs of a field.
type column struct {
	key, title, absent string
	show               func(any) string
	cell               func(object) string
	wide, sampled      bool
	cut                int
}

func columns[T any](fields []field[T]) []column {
	var out []column
	for _, f := range fields {
		if f.title != "" {
			out = append(out, column{f.key, f.title, f.absent, f.show, f.cell, f.wide, f.sampled, f.cut})
		}
	}
	return out
}

// text returns the cell of a row.
func (c column) text(r object) string {
	if c.cell != nil {
		return c.cell(r)
	}
	v := r.get(c.key)
	if v == nil {
		return c.none()
	}
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return c.none()
	}
	if c.show != nil {
		return c.show(v)
	}
	return plain(v)
}

func (c column) none() string {
	if c.absent != "" {
		return c.absent
	}
	return human.None
}

// plain writes a value as a script would want it: numbers in full, no unit.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case lastError:
		return cutError(v.text)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
		return string(appendFloat(nil, v))
	case []string:
		return strings.Join(v, " ")
	default:
		return strings.Trim(string(appendJSON(nil, v, -1)), `"`)
	}
}

// number returns a value as a float, NaN when it is none.
func number(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		return v
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
	}
	return math.NaN()
}

// The ways a number is shown.

func count(v any) string   { return human.Count(number(v)) }
func latency(v any) string { return human.Latency(number(v)) }
func age(v any) string     { return human.AgeSecs(int64(number(v))) }
func load(v any) string    { return human.Capacity(number(v)) }

// several counts things.
func several(n any, thing string) string {
	switch {
	case n == nil:
		return human.Unknown + " " + thing + "s"
	case number(n) == 1:
		return "1 " + thing
	default:
		return count(n) + " " + thing + "s"
	}
}

// megabytes shows memory that Storm counts in MB.
func megabytes(v any) string { return human.Bytes(number(v) * (1 << 20)) }

// percent shows percent of a core.
func percent(v any) string { return human.Decimal(number(v), 0) + " %" }

// yes shows a switch: a word when it is on, nothing when it is off.
func yes(v any) string {
	if v == true {
		return "yes"
	}
	return human.None
}

// headline shows the line of an error that says what happened.
func headline(v any) string {
	if e, ok := v.(lastError); ok {
		return cluster.Headline(e.text)
	}
	return cluster.Headline(plain(v))
}
