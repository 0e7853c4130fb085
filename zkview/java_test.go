package zkview

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// canonical writes a translated value in one way: maps sorted by key, vectors,
// lists and sets alike in brackets, records as maps.
func canonical(value any) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case keyword:
		return ":" + string(v)
	case string:
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case vector:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = canonical(item)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case dict:
		parts := make([]string, len(v.pairs))
		for i, pair := range v.pairs {
			parts[i] = canonical(pair[0]) + " " + canonical(pair[1])
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprintf("?%T", value)
}

// edn reads the part of Clojure's notation that the recordings use.
type edn struct{ rest string }

func (e *edn) space() { e.rest = strings.TrimLeft(e.rest, " ,\n\t") }

func (e *edn) value(t *testing.T) any {
	t.Helper()
	e.space()
	switch {
	case e.rest == "":
		t.Fatal("the notation ends inside a value")
	case strings.HasPrefix(e.rest, "#{"):
		e.rest = e.rest[2:]
		return e.many(t, "}")
	case e.rest[0] == '{':
		e.rest = e.rest[1:]
		items := e.many(t, "}")
		d := dict{}
		for i := 0; i+1 < len(items); i += 2 {
			d.pairs = append(d.pairs, [2]any{items[i], items[i+1]})
		}
		return d
	case e.rest[0] == '[':
		e.rest = e.rest[1:]
		return e.many(t, "]")
	case e.rest[0] == '(':
		e.rest = e.rest[1:]
		return e.many(t, ")")
	case e.rest[0] == '"':
		quoted, err := strconv.QuotedPrefix(e.rest)
		if err != nil {
			t.Fatalf("%v: %.40s", err, e.rest)
		}
		e.rest = e.rest[len(quoted):]
		text, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	end := strings.IndexAny(e.rest, " ,\n]})")
	if end < 0 {
		end = len(e.rest)
	}
	word := e.rest[:end]
	e.rest = e.rest[end:]
	switch {
	case word == "nil":
		return nil
	case word == "true", word == "false":
		return word == "true"
	case word[0] == ':':
		return keyword(word[1:])
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		t.Fatalf("a word that is no value: %q", word)
	}
	return f
}

func (e *edn) many(t *testing.T, end string) vector {
	t.Helper()
	list := vector{}
	for {
		e.space()
		if rest, ok := strings.CutPrefix(e.rest, end); ok {
			e.rest = rest
			return list
		}
		list = append(list, e.value(t))
	}
}

// TestRecordsOf09 compares every Java-serialised node of a 0.9.7 cluster with
// what Storm's own classes read from it.
func TestRecordsOf09(t *testing.T) {
	rec := load(t, "0.9.7-reads")
	text := string(inflate(t, "0.9.7-reads.edn.gz"))
	compared := 0
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		head, rest, _ := strings.Cut(text, "\n")
		path, class, _ := strings.Cut(head, " ")
		e := &edn{rest: rest}
		want := canonical(e.value(t))
		text = e.rest
		value, err := parseJava(rec.nodes[path].data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := toClojure(value)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if c := canonical(got); c != want {
			t.Errorf("%s %s:\n got %.600s\nwant %.600s", path, class, c, want)
		}
		if d, ok := got.(dict); !ok || d.class != "" && d.class != class {
			t.Errorf("%s: class %q, want %q", path, d.class, class)
		}
		compared++
	}
	if compared != 39 {
		t.Errorf("%d records compared", compared)
	}
}

// TestJavaTrees checks what the recordings hold no sample of.
func TestJavaTrees(t *testing.T) {
	object := func(class string, fields map[string]any) *javaObject {
		return &javaObject{class: class, fields: fields}
	}
	array := func(items ...any) *javaArray { return &javaArray{items: items} }
	key := func(name string) *javaObject {
		return object("clojure.lang.Keyword", map[string]any{"sym": object("clojure.lang.Symbol", map[string]any{"name": name})})
	}
	leaf := func(items ...any) *javaObject {
		return object("clojure.lang.PersistentVector$Node", map[string]any{"array": array(items...)})
	}
	numbers := func(from, to int64) []any {
		var list []any
		for n := from; n < to; n++ {
			list = append(list, n)
		}
		return list
	}
	self := object("clojure.lang.Cons", map[string]any{"_first": int64(1)})
	self.fields["_more"] = self
	deep := array()
	for range 200 {
		deep = array(deep)
	}
	wide := array("x")
	for range 40 {
		wide = array(wide, wide)
	}
	for _, test := range []struct {
		name  string
		value any
		want  string // "" for an error
	}{
		{
			"a vector of two levels",
			object("clojure.lang.PersistentVector", map[string]any{
				"cnt": int64(40), "shift": int64(5),
				"root": leaf(leaf(numbers(0, 32)...), nil), "tail": array(numbers(32, 40)...),
			}),
			canonical(vector(numbers(0, 40))),
		},
		{
			"a hash map with a deeper node, an array node and nil",
			object("clojure.lang.PersistentHashMap", map[string]any{
				"hasNull": true, "nullValue": int64(9),
				"root": object("clojure.lang.PersistentHashMap$ArrayNode", map[string]any{"array": array(
					nil,
					object("clojure.lang.PersistentHashMap$BitmapIndexedNode", map[string]any{"array": array(
						key("a"), int64(1), nil,
						object("clojure.lang.PersistentHashMap$HashCollisionNode", map[string]any{"array": array(key("b"), int64(2))}),
					)}),
				)}),
			}),
			"{:a 1, :b 2, nil 9}",
		},
		{
			"a set",
			object("clojure.lang.PersistentHashSet", map[string]any{
				"impl": object("clojure.lang.PersistentArrayMap", map[string]any{"array": array(int64(6700), int64(6700))}),
			}),
			"[6700]",
		},
		{
			"a list",
			object("clojure.lang.PersistentList", map[string]any{
				"_first": int64(1),
				"_rest": object("clojure.lang.Cons", map[string]any{
					"_first": int64(2),
					"_more": object("clojure.lang.LazySeq", map[string]any{
						"s": object("clojure.lang.ChunkedCons", map[string]any{
							"chunk": object("clojure.lang.ArrayChunk", map[string]any{
								"array": array(int64(0), int64(3), int64(4)), "off": int64(1), "end": int64(3),
							}),
						}),
					}),
				}),
			}),
			"[1 2 3 4]",
		},
		{"an empty list", object("clojure.lang.PersistentList$EmptyList", nil), "[]"},
		{
			"the keys of a map",
			object("clojure.lang.APersistentMap$KeySeq", map[string]any{
				"seq": object("clojure.lang.PersistentArrayMap$Seq", map[string]any{
					"array": array(int64(6700), "a", int64(6701), "b"), "i": int64(0),
				}),
			}),
			"[6700 6701]",
		},
		{"a Java list", &javaObject{class: "java.util.ArrayList", notes: []any{[]byte{0, 0}, "a", "b"}}, `["a" "b"]`},
		{"a Java map", &javaObject{class: "java.util.HashMap", notes: []any{[]byte{0}, "a", int64(1)}}, `{"a" 1}`},
		{"an unknown object", object("a.b.C", map[string]any{"some_name": int64(1), "__meta": "x"}), "{:some-name 1}"},
		{"a circle", self, ""},
		{"too deep", deep, ""},
		{"a thousand thousand thousand references to one object", wide, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := toClojure(test.value)
			switch {
			case test.want == "" && err == nil:
				t.Error("no error")
			case test.want != "" && err != nil:
				t.Error(err)
			case test.want != "" && canonical(got) != test.want:
				t.Errorf("%s, want %s", canonical(got), test.want)
			}
		})
	}
}

func TestDamagedJava(t *testing.T) {
	rec := load(t, "0.9.7-reads")
	whole := rec.nodes["/storm/storms/lab-words-2-1795235169"].data
	for n := range len(whole) {
		if _, err := parseJava(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were read as a value", n, len(whole))
		}
	}
}
