package zkview

import (
	"strings"
)

// What a Java-serialised value of Storm 0.9 means in Clojure: keyword, vector
// (also list, set and sequence), map (also record). Numbers, strings, booleans
// and nil are as parseJava returns them.
type (
	keyword string // without the colon
	vector  []any
	dict    struct {
		class string // of a record, "" for a map
		pairs [][2]any
	}
)

// maxClojure bounds the values a translation makes; shared objects could
// otherwise multiply without end.
const maxClojure = 200_000

// toClojure translates what parseJava returned.
func toClojure(value any) (any, error) {
	t := &translator{left: maxClojure}
	translated := t.value(value, 0)
	return translated, t.err
}

type translator struct {
	left int
	err  error
}

func (t *translator) value(value any, depth int) any {
	if t.left--; t.left < 0 || depth > maxJavaDepth {
		t.err = errJavaLarge
	}
	if t.err != nil {
		return nil
	}
	switch v := value.(type) {
	case *javaArray:
		return t.items(v.items, depth)
	case *javaObject:
		return t.object(v, depth)
	}
	return value
}

func (t *translator) items(items []any, depth int) vector {
	list := make(vector, 0, len(items))
	for _, item := range items {
		list = append(list, t.value(item, depth+1))
	}
	return list
}

func (t *translator) object(o *javaObject, depth int) any {
	switch o.class {
	case "java.lang.Integer", "java.lang.Long", "java.lang.Short", "java.lang.Byte",
		"java.lang.Double", "java.lang.Float", "java.lang.Boolean", "java.lang.Character":
		return o.fields["value"]
	case "clojure.lang.Keyword":
		if symbol, ok := o.fields["sym"].(*javaObject); ok {
			name, _ := symbol.fields["name"].(string)
			return keyword(name)
		}
	case "clojure.lang.Symbol":
		name, _ := o.fields["name"].(string)
		return keyword(name)
	case "clojure.lang.PersistentArrayMap":
		return dict{pairs: t.pairs(o.fields["array"], depth)}
	case "clojure.lang.PersistentHashMap":
		d := dict{pairs: t.trie(o.fields["root"], depth)}
		if has, _ := o.fields["hasNull"].(bool); has {
			d.pairs = append(d.pairs, [2]any{nil, t.value(o.fields["nullValue"], depth+1)})
		}
		return d
	case "clojure.lang.PersistentVector":
		return t.vector(o, depth)
	case "clojure.lang.PersistentHashSet":
		keys := vector{}
		if d, ok := t.value(o.fields["impl"], depth+1).(dict); ok {
			for _, pair := range d.pairs {
				keys = append(keys, pair[0])
			}
		}
		return keys
	case "java.util.ArrayList", "java.util.LinkedList", "java.util.HashSet":
		return t.items(withoutBlocks(o.notes), depth)
	case "java.util.HashMap", "java.util.LinkedHashMap", "java.util.TreeMap":
		return dict{pairs: t.pairs(&javaArray{items: withoutBlocks(o.notes)}, depth)}
	}
	if list, ok := t.sequence(o, depth); ok {
		return list
	}
	return t.recordOf(o, depth)
}

// sequence walks a linked list: lists, conses, realised lazy sequences and the
// key or value views of a map.
func (t *translator) sequence(start *javaObject, depth int) (vector, bool) {
	list := vector{}
	for o, ok := start, true; ok && o != nil && t.err == nil; {
		if t.left--; t.left < 0 {
			t.err = errJavaLarge
		}
		var next any
		switch o.class {
		case "clojure.lang.PersistentList$EmptyList":
			return list, true
		case "clojure.lang.PersistentList":
			list = append(list, t.value(o.fields["_first"], depth+1))
			next = o.fields["_rest"]
		case "clojure.lang.Cons":
			list = append(list, t.value(o.fields["_first"], depth+1))
			next = o.fields["_more"]
		case "clojure.lang.LazySeq":
			next = o.fields["s"]
		case "clojure.lang.ChunkedCons":
			list = append(list, t.chunk(o.fields["chunk"], depth)...)
			next = o.fields["_more"]
		case "clojure.lang.APersistentMap$KeySeq", "clojure.lang.APersistentMap$ValSeq":
			at := 0
			if strings.HasSuffix(o.class, "ValSeq") {
				at = 1
			}
			entries, _ := t.value(o.fields["seq"], depth+1).(vector)
			for _, entry := range entries {
				if pair, ok := entry.(vector); ok && len(pair) == 2 {
					list = append(list, pair[at])
				}
			}
			return list, true
		case "clojure.lang.PersistentArrayMap$Seq":
			from, _ := o.fields["i"].(int64)
			pairs := t.pairs(o.fields["array"], depth)
			for i := int(from / 2); i >= 0 && i < len(pairs); i++ {
				list = append(list, vector{pairs[i][0], pairs[i][1]})
			}
			return list, true
		default:
			return list, o != start
		}
		o, ok = next.(*javaObject)
	}
	return list, true
}

func (t *translator) chunk(value any, depth int) vector {
	o, ok := value.(*javaObject)
	if !ok {
		return nil
	}
	array, ok := o.fields["array"].(*javaArray)
	from, _ := o.fields["off"].(int64)
	to, _ := o.fields["end"].(int64)
	if !ok || from < 0 || to < from || to > int64(len(array.items)) {
		return nil
	}
	return t.items(array.items[from:to], depth)
}

// pairs reads an array of keys and values in turn.
func (t *translator) pairs(value any, depth int) [][2]any {
	array, ok := value.(*javaArray)
	if !ok {
		return nil
	}
	var pairs [][2]any
	for i := 0; i+1 < len(array.items); i += 2 {
		pairs = append(pairs, [2]any{t.value(array.items[i], depth+1), t.value(array.items[i+1], depth+1)})
	}
	return pairs
}

// trie reads the nodes of a hash map: a pair with a nil key holds a deeper node.
func (t *translator) trie(value any, depth int) [][2]any {
	node, ok := value.(*javaObject)
	if t.left--; t.left < 0 || depth > maxJavaDepth {
		t.err = errJavaLarge
	}
	if !ok || t.err != nil {
		return nil
	}
	array, ok := node.fields["array"].(*javaArray)
	if !ok {
		return nil
	}
	var pairs [][2]any
	if strings.HasSuffix(node.class, "$ArrayNode") {
		for _, item := range array.items {
			pairs = append(pairs, t.trie(item, depth+1)...)
		}
		return pairs
	}
	for i := 0; i+1 < len(array.items); i += 2 {
		key, value := array.items[i], array.items[i+1]
		if key != nil {
			pairs = append(pairs, [2]any{t.value(key, depth+1), t.value(value, depth+1)})
			continue
		}
		pairs = append(pairs, t.trie(value, depth+1)...)
	}
	return pairs
}

// vector reads a persistent vector: a tree of arrays and a tail.
func (t *translator) vector(o *javaObject, depth int) vector {
	shift, _ := o.fields["shift"].(int64)
	count, _ := o.fields["cnt"].(int64)
	list := t.leaves(o.fields["root"], int(shift), depth)
	if tail, ok := o.fields["tail"].(*javaArray); ok {
		list = append(list, t.items(tail.items, depth)...)
	}
	if count >= 0 && int64(len(list)) > count {
		list = list[:count]
	}
	return list
}

func (t *translator) leaves(value any, shift, depth int) vector {
	node, ok := value.(*javaObject)
	if t.left--; t.left < 0 || depth > maxJavaDepth {
		t.err = errJavaLarge
	}
	if !ok || t.err != nil {
		return nil
	}
	array, ok := node.fields["array"].(*javaArray)
	if !ok {
		return nil
	}
	var list vector
	for _, item := range array.items {
		switch {
		case item == nil:
		case shift > 0:
			list = append(list, t.leaves(item, shift-5, depth+1)...)
		default:
			list = append(list, t.value(item, depth+1))
		}
	}
	return list
}

// recordOf reads any other object by its fields. Clojure munges the names of a
// record's fields.
func (t *translator) recordOf(o *javaObject, depth int) dict {
	d := dict{class: o.class}
	for _, name := range sortedKeys(o.fields) {
		switch name {
		case "__meta", "__extmap", "_meta", "_hash", "_hasheq":
			continue
		}
		d.pairs = append(d.pairs, [2]any{keyword(unmunge(name)), t.value(o.fields[name], depth+1)})
	}
	return d
}

func unmunge(name string) string {
	return strings.NewReplacer("_PLUS_", "+", "__GT_", "->", "_GT_", ">", "_", "-").Replace(name)
}

// withoutBlocks drops the raw bytes a class wrote between its objects.
func withoutBlocks(notes []any) []any {
	var items []any
	for _, note := range notes {
		if _, raw := note.([]byte); !raw {
			items = append(items, note)
		}
	}
	return items
}
