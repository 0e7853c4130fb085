package zkview

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// describe makes the lines of a struct. With a known name the fields have
// Storm's names, otherwise their numbers.
func describe(value wireValue, of string) []Field {
	if of == "Assignment" {
		return describeAssignment(value)
	}
	fields := make([]Field, 0, len(value.fields))
	for _, f := range value.fields {
		fields = append(fields, describeField(f, of))
	}
	return fields
}

func describeField(f wireField, of string) Field {
	known, ok := labels[of][f.id]
	if !ok {
		known.name = "field " + strconv.Itoa(int(f.id))
	}
	return describeValue(known.name, f.value, known)
}

func describeValue(name string, v wireValue, known label) Field {
	field := Field{Label: name}
	switch v.kind {
	case wireStruct:
		if known.of == "NodeInfo" {
			field.Value = nodePort(v, nil)
			break
		}
		field.Children = describe(v, known.of)
	case wireList, wireSet:
		if texts, ok := scalars(v.items, known.style); ok {
			field.Value = strings.Join(texts, " ")
			break
		}
		field.Value = counted(len(v.items))
		for i, item := range v.items {
			field.Children = append(field.Children, describeValue(strconv.Itoa(i), item, known))
		}
	case wireMap:
		field.Value = counted(len(v.pairs))
		for _, pair := range v.pairs {
			line := describeValue(keyText(pair[0]), pair[1], known)
			line.Tasks = taskRange(pair[0])
			field.Children = append(field.Children, line)
		}
		sortFields(field.Children)
	default:
		field.Value = scalarText(v, known.style)
	}
	return field
}

// describeAssignment puts the host beside each slot and sums up start times.
func describeAssignment(value wireValue) []Field {
	hosts := map[string]string{}
	for _, f := range value.fields {
		if f.id != 2 {
			continue
		}
		for _, pair := range f.value.pairs {
			hosts[string(pair[0].text)] = string(pair[1].text)
		}
	}
	fields := make([]Field, 0, len(value.fields))
	for _, f := range value.fields {
		field := describeField(f, "Assignment")
		switch f.id {
		case 3:
			field.Children = nil
			for _, pair := range f.value.pairs {
				field.Children = append(field.Children, Field{
					Label: keyText(pair[0]), Value: nodePort(pair[1], hosts), Tasks: taskRange(pair[0]),
				})
			}
			sortFields(field.Children)
		case 5:
			field.Children = nil
			for _, pair := range f.value.pairs {
				field.Children = append(field.Children,
					describeValue(nodePort(pair[0], hosts), pair[1], label{of: "WorkerResources"}))
			}
			sortFields(field.Children)
		case 4:
			field.Value = startTimes(f.value.pairs)
		}
		fields = append(fields, field)
	}
	return fields
}

// startTimes sums up the start times of executors: all at once, or how many
// differ from the oldest.
func startTimes(pairs [][2]wireValue) string {
	if len(pairs) == 0 {
		return counted(0)
	}
	counts := map[int64]int{}
	oldest, newest := pairs[0][1].num, pairs[0][1].num
	for _, pair := range pairs {
		at := pair[1].num
		counts[at]++
		oldest, newest = min(oldest, at), max(newest, at)
	}
	if len(counts) == 1 {
		return "all " + epochText(time.Unix(oldest, 0))
	}
	return fmt.Sprintf("%d of %d differ: newest %s", len(pairs)-counts[oldest], len(pairs), epochText(time.Unix(newest, 0)))
}

// nodePort shows a NodeInfo as host:port, or with the node's id where its host
// is not known.
func nodePort(v wireValue, hosts map[string]string) string {
	node, ports := "", []string(nil)
	for _, f := range v.fields {
		switch f.id {
		case 1:
			node = string(f.value.text)
		case 2:
			for _, item := range f.value.items {
				ports = append(ports, strconv.FormatInt(item.num, 10))
			}
		}
	}
	if host, ok := hosts[node]; ok {
		node = host
	}
	return printable(node) + ":" + strings.Join(ports, ",")
}

// taskRange reads the key of a map by executor: a list of two numbers, or an
// ExecutorInfo.
func taskRange(key wireValue) *TaskRange {
	switch {
	case key.kind == wireList && len(key.items) == 2 && isInteger(key.items[0].kind):
		return &TaskRange{Start: int(key.items[0].num), End: int(key.items[1].num)}
	case key.kind == wireStruct && len(key.fields) == 2 &&
		key.fields[0].id == 1 && key.fields[1].id == 2 && key.fields[0].value.kind == wireI32:
		return &TaskRange{Start: int(key.fields[0].value.num), End: int(key.fields[1].value.num)}
	}
	return nil
}

func isInteger(kind byte) bool { return kind == wireI16 || kind == wireI32 || kind == wireI64 }

func keyText(key wireValue) string {
	if tasks := taskRange(key); tasks != nil {
		return fmt.Sprintf("[%d-%d]", tasks.Start, tasks.End)
	}
	switch key.kind {
	case wireStruct:
		parts := make([]string, 0, len(key.fields))
		for _, f := range key.fields {
			parts = append(parts, keyText(f.value))
		}
		return strings.Join(parts, " ")
	case wireList, wireSet:
		parts := make([]string, 0, len(key.items))
		for _, item := range key.items {
			parts = append(parts, keyText(item))
		}
		return strings.Join(parts, ",")
	}
	return scalarText(key, plain)
}

func scalars(items []wireValue, how style) ([]string, bool) {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		switch item.kind {
		case wireStruct, wireList, wireSet, wireMap, wireString:
			return nil, false
		}
		texts = append(texts, scalarText(item, how))
	}
	return texts, true
}

func scalarText(v wireValue, how style) string {
	switch v.kind {
	case wireString:
		return printable(string(v.text))
	case wireBool:
		return strconv.FormatBool(v.num != 0)
	case wireDouble:
		if how == percent {
			return doubleText(v.double) + " %"
		}
		return doubleText(v.double)
	}
	return numberText(v.num, how)
}

func numberText(n int64, how style) string {
	switch how {
	case epochSecs:
		return epochText(time.Unix(n, 0))
	case epochMillis:
		return epochText(time.UnixMilli(n))
	case seconds:
		return strconv.FormatInt(n, 10) + " s"
	case percent:
		return strconv.FormatInt(n, 10) + " %"
	case plain:
	case status, levelAction, profileAction:
		if name, ok := enums[how][n]; ok {
			return name
		}
	}
	return strconv.FormatInt(n, 10)
}

// epochText shows a moment in UTC with the number that the node holds.
func epochText(at time.Time) string {
	if at.Year() < 1971 || at.Year() > 9999 {
		return strconv.FormatInt(at.Unix(), 10) // not a date
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}

func doubleText(d float64) string {
	if math.IsNaN(d) {
		return "NaN"
	}
	return strconv.FormatFloat(d, 'g', -1, 64)
}

// printable keeps text as it is and shows bytes that are none in hexadecimal.
func printable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return "0x" + hex.EncodeToString([]byte(text[:min(len(text), 256)]))
}

func counted(n int) string { return "(" + strconv.Itoa(n) + ")" }

// sortFields orders the lines of a map: executors by their tasks, the rest by
// name.
func sortFields(fields []Field) {
	slices.SortFunc(fields, func(a, b Field) int {
		if a.Tasks != nil && b.Tasks != nil {
			return cmp.Or(cmp.Compare(a.Tasks.Start, b.Tasks.Start), cmp.Compare(a.Tasks.End, b.Tasks.End))
		}
		return cmp.Compare(a.Label, b.Label)
	})
}
