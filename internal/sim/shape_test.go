package sim

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
)

// shape is what values on the wire have in common: kinds, fields that are there
// always or sometimes, elements. Values are kept of the few fields whose words
// matter.
type shape struct {
	kinds  map[string]bool
	seen   int
	fields map[string]*shape // of a struct, elements of a container
	words  map[string]bool
}

func newShape() *shape {
	return &shape{kinds: map[string]bool{}, fields: map[string]*shape{}, words: map[string]bool{}}
}

func (s *shape) field(name string) *shape {
	if s.fields[name] == nil {
		s.fields[name] = newShape()
	}
	return s.fields[name]
}

// spoken are the fields whose values are the same everywhere.
var spoken = []string{
	"status", "topology_status", "prev_status", "version", "storm_version", "isLeader", "type", "component_type", "blacklisted",
	"tlsPort", "principal", "action", "enable",
}

// lines are the shape as text, one path a line.
func (s *shape) lines(path string, of int) []string {
	text := path + ": " + strings.Join(slices.Sorted(maps.Keys(s.kinds)), " or ")
	if s.seen < of {
		text += ", not always"
	}
	if len(s.words) > 0 {
		text += " = " + strings.Join(slices.Sorted(maps.Keys(s.words)), " or ")
	}
	out := []string{text}
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		f := s.fields[name]
		of := s.seen
		if strings.HasPrefix(name, "[") {
			of = 0 // a container may be empty
		}
		sep := "."
		if of == 0 {
			sep = ""
		}
		out = append(out, f.lines(path+sep+name, of)...)
	}
	return out
}

var kindNames = map[thrift.TType]string{
	thrift.BOOL: "bool", thrift.BYTE: "byte", thrift.DOUBLE: "double", thrift.I16: "i16", thrift.I32: "i32", thrift.I64: "i64",
	thrift.STRING: "string", thrift.STRUCT: "struct", thrift.MAP: "map", thrift.SET: "set", thrift.LIST: "list",
}

// learn reads a value and adds it to the shape. The Go type only lends names.
func (s *shape) learn(p thrift.TProtocol, kind thrift.TType, t reflect.Type, name string) error {
	ctx := context.Background()
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s.seen++
	label := kindNames[kind]
	word := ""
	var err error
	switch kind {
	case thrift.BOOL:
		var v bool
		v, err = p.ReadBool(ctx)
		word = strconv.FormatBool(v)
	case thrift.I32:
		var v int32
		v, err = p.ReadI32(ctx)
		word = strconv.Itoa(int(v))
	case thrift.STRING:
		word, err = p.ReadString(ctx)
	case thrift.STRUCT:
		err = s.learnStruct(p, t)
	case thrift.LIST, thrift.SET:
		var of thrift.TType
		var n int
		if of, n, err = p.ReadListBegin(ctx); err != nil {
			return err
		}
		label += "<" + kindNames[of] + ">"
		for range n {
			if err = s.field("[]").learn(p, of, inside(t), name); err != nil {
				return err
			}
		}
	case thrift.MAP:
		label, err = s.learnMap(p, t, name)
	default:
		err = p.Skip(ctx, kind)
	}
	s.kinds[label] = true
	if word != "" && slices.Contains(spoken, name) {
		s.words[word] = true
	}
	return err
}

func (s *shape) learnStruct(p thrift.TProtocol, t reflect.Type) error {
	ctx := context.Background()
	for {
		_, kind, id, err := p.ReadFieldBegin(ctx)
		if err != nil || kind == thrift.STOP {
			return err
		}
		name, of := fieldOf(t, id)
		if err := s.field(name).learn(p, kind, of, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// learnMap reads a map. Its keys are all alike but for the windows, which are
// names.
func (s *shape) learnMap(p thrift.TProtocol, t reflect.Type, name string) (string, error) {
	ctx := context.Background()
	key, value, n, err := p.ReadMapBegin(ctx)
	if err != nil {
		return "", err
	}
	for range n {
		at := "[*]"
		if key == thrift.STRING {
			text, err := p.ReadString(ctx)
			if err != nil {
				return "", err
			}
			if slices.Contains(windowNames[:], text) {
				at = "[" + text + "]"
			}
		} else if err := s.field("[key]").learn(p, key, keyOf(t), ""); err != nil {
			return "", err
		}
		if err := s.field(at).learn(p, value, inside(t), name); err != nil {
			return "", err
		}
	}
	// An empty map has its types too, from Java's library as from Go's.
	return "map<" + kindNames[key] + "," + kindNames[value] + ">", nil
}

func inside(t reflect.Type) reflect.Type {
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

func keyOf(t reflect.Type) reflect.Type {
	if t != nil && t.Kind() == reflect.Map {
		return t.Key()
	}
	return nil
}

// fieldOf finds a field's name in the tags of generated code.
func fieldOf(t reflect.Type, id int16) (string, reflect.Type) {
	if t != nil && t.Kind() == reflect.Struct {
		for f := range t.Fields() {
			tag := strings.Split(f.Tag.Get("thrift"), ",")
			if len(tag) > 1 && tag[1] == strconv.Itoa(int(id)) {
				return tag[0], f.Type
			}
		}
	}
	return "#" + strconv.Itoa(int(id)), nil
}

// asked is a reply of Nimbus in words.
type asked struct {
	form  string // "ok", "throws …", "application exception …"
	value *shape // of what is ok, nil for nothing
}

// understand reads a reply. result is the type of the generated result struct.
func understand(reply []byte, result any) (asked, error) {
	ctx := context.Background()
	p := stormthrift.NewReader(reply)
	_, kind, _, err := p.ReadMessageBegin(ctx)
	if err != nil {
		return asked{}, err
	}
	if kind == thrift.EXCEPTION {
		e := thrift.NewTApplicationException(0, "")
		if err := e.Read(ctx, p); err != nil {
			return asked{}, err
		}
		return asked{form: fmt.Sprintf("application exception %d: %s", e.TypeId(), e.Error())}, nil
	}
	t := reflect.TypeOf(result).Elem()
	_, kindOf, id, err := p.ReadFieldBegin(ctx)
	switch {
	case err != nil:
		return asked{}, err
	case kindOf == thrift.STOP:
		return asked{form: "ok, nothing"}, nil
	}
	_, of := fieldOf(t, id)
	if id != 0 {
		s := newShape()
		if err := s.learn(p, kindOf, of, ""); err != nil {
			return asked{}, err
		}
		return asked{form: "throws " + of.Elem().Name(), value: s}, nil
	}
	s := newShape()
	if err := s.learn(p, kindOf, of, ""); err != nil {
		return asked{}, err
	}
	return asked{form: "ok", value: s}, nil
}

// payload tells how a node's data is written, and its plain bytes.
func payload(data []byte) (form string, plain []byte, err error) {
	switch {
	case len(data) == 0:
		return "empty", nil, nil
	case bytes.Equal(data, container):
		return "one byte 07", nil, nil
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return "", nil, err
		}
		plain, err := io.ReadAll(z)
		return "gzip", plain, err
	case bytes.HasPrefix(data, []byte{0xac, 0xed}):
		return "Java", nil, nil
	case len(data) == 4:
		return "four bytes", nil, nil
	default:
		return "text", nil, nil
	}
}
