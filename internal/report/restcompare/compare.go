package restcompare

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Decode reads an answer with its numbers as they were written.
func Decode(r io.Reader) (map[string]any, error) {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	out := map[string]any{}
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("decoding an answer: %w", err)
	}
	return out, nil
}

// Pair is a REST answer with stormtop's to the same question.
type Pair struct {
	Line string // of the server: "0.9", "0.10", "1.x" or "2.x"
	Rest map[string]any
	Ours map[string]any
	// Round is how long the answers took together; clocks may differ by it.
	Round time.Duration
}

// Result is the outcome of a comparison.
type Result struct {
	Compared    int      // values
	Unsent      int      // nulls of ours that stand for a zero or empty text of REST
	Differences []string // "path: REST x, stormtop y", sorted
}

// Compare holds a pair against the list of its endpoint.
func Compare(e Endpoint, p Pair) Result {
	c := &comparison{Pair: p}
	c.object("", e.Object, p.Rest, p.Ours)
	slices.Sort(c.result.Differences)
	return c.result
}

type comparison struct {
	Pair
	result Result
}

func (c *comparison) differ(path, format string, args ...any) {
	c.result.Differences = append(c.result.Differences, strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) object(path string, o Object, rest, ours map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		at := path + "." + name
		if list, ok := o.list(name); ok {
			c.list(at, list, rest[name], ours)
			continue
		}
		key, listed := o.key(name, c.Line)
		if !listed {
			if !o.leavesOut(name) {
				c.differ(at, "REST has this key and the list does not")
			}
			continue
		}
		value, there := ours[key.ours()]
		if !there {
			c.differ(at, "REST %s, stormtop has no %q", text(rest[name]), key.ours())
			continue
		}
		c.result.Compared++
		if value == nil && rest[name] != nil {
			c.result.Unsent++
		}
		if wrong := key.equal(rest[name], value, c.Round); wrong != "" {
			c.differ(at, "%s", wrong)
		}
	}
}

func (c *comparison) list(path string, l List, rest any, ours map[string]any) {
	theirs, ok := objects(rest)
	if !ok {
		c.differ(path, "REST has no list here")
		return
	}
	own, ok := objects(ours[l.ours()])
	if !ok {
		c.differ(path, "stormtop has no list %q", l.ours())
		return
	}
	left := map[string][]map[string]any{}
	for _, row := range own {
		id := l.id(row, c.Line, false)
		left[id] = append(left[id], row)
	}
	for _, row := range theirs {
		id := l.id(row, c.Line, true)
		at := path + "[" + short(id) + "]"
		if len(left[id]) == 0 {
			c.differ(at, "stormtop has no such row")
			continue
		}
		c.object(at, l.Row, row, left[id][0])
		left[id] = left[id][1:]
	}
	for id, rows := range left {
		if len(rows) > 0 {
			c.differ(path+"["+short(id)+"]", "REST has no such row")
		}
	}
}

func short(id string) string {
	id = strings.TrimSuffix(id, "|")
	if len(id) > 60 {
		return id[:60] + "…"
	}
	return id
}

// id tells rows apart; REST's keys may be called otherwise here.
func (l List) id(row map[string]any, line string, rest bool) string {
	var b strings.Builder
	for _, name := range l.ID {
		k, ok := l.Row.key(name, line)
		if !ok {
			continue
		}
		if k.Line == "" && slices.ContainsFunc(l.Row.Keys, func(other Key) bool { return other.Line == line && other.Ours == name }) {
			continue // this line calls it otherwise
		}
		var v any
		if rest {
			v = row[name]
			if n := number(v); k.Rule == Millis {
				v = json.Number(fmt.Sprint(int64(n) / 1000))
			}
		} else {
			v = row[k.ours()]
		}
		fmt.Fprintf(&b, "%v|", v)
	}
	return b.String()
}

func objects(v any) ([]map[string]any, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		out = append(out, o)
	}
	return out, true
}

func (o Object) key(name, line string) (Key, bool) {
	found := -1
	for i, k := range o.Keys {
		if k.Name == name && (k.Line == line || k.Line == "" && found < 0) {
			found = i
		}
	}
	if found < 0 {
		return Key{}, false
	}
	return o.Keys[found], true
}

func (o Object) leavesOut(name string) bool {
	return slices.ContainsFunc(o.LeftOut, func(l LeftOut) bool { return l.Name == name })
}

func (o Object) list(name string) (List, bool) {
	i := slices.IndexFunc(o.Lists, func(l List) bool { return l.Name == name })
	if i < 0 {
		return List{}, false
	}
	return o.Lists[i], true
}

// Same reports whether two REST answers agree in all that is compared but the
// clocks.
func Same(e Endpoint, line string, a, b map[string]any) bool {
	return slices.Equal(flat(e.Object, line, "", a), flat(e.Object, line, "", b))
}

// flat lists what is compared, in an order that does not depend on REST's.
func flat(o Object, line, path string, rest map[string]any) []string {
	var out []string
	for name, v := range rest {
		if list, ok := o.list(name); ok {
			rows, _ := objects(v)
			for _, row := range rows {
				out = append(out, flat(list.Row, line, path+name+"["+list.id(row, line, true)+"].", row)...)
			}
			continue
		}
		if k, ok := o.key(name, line); ok && !k.Rule.clock() {
			out = append(out, path+name+"="+text(v))
		}
	}
	slices.Sort(out)
	return out
}
