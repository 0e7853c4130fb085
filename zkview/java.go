package zkview

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The bounds of a Java-serialised value.
const (
	maxJavaDepth  = 64
	maxJavaValues = 100_000
	maxJavaFields = 256 // of one class
)

// The markers of Java's object serialisation stream.
const (
	tcNull      = 0x70
	tcReference = 0x71
	tcClassDesc = 0x72
	tcObject    = 0x73
	tcString    = 0x74
	tcArray     = 0x75
	tcClass     = 0x76
	tcBlock     = 0x77
	tcEnd       = 0x78
	tcBlockLong = 0x7a
	tcLongStr   = 0x7c
	tcEnum      = 0x7e

	firstHandle = 0x7e0000

	flagWriteMethod    = 0x01
	flagSerializable   = 0x02
	flagExternalizable = 0x04
	flagBlockData      = 0x08
)

// javaObject is one object: its class and the fields of it and its superclasses
// by name.
type javaObject struct {
	class  string
	fields map[string]any
	notes  []any // what the class wrote besides its fields
}

// javaArray is an array of objects or numbers.
type javaArray struct{ items []any }

// javaClass is the description of a class in the stream.
type javaClass struct {
	name   string
	flags  byte
	fields []javaField
	super  *javaClass
}

type javaField struct {
	kind byte
	name string
}

var (
	errJavaBroken = errors.New("a Java stream that breaks off")
	errJavaLarge  = errors.New("a Java value that is too large or too deep")
	errJavaOther  = errors.New("a Java stream with parts that are not understood")
)

// isJava reports whether data is a Java object serialisation stream.
func isJava(data []byte) bool { return bytes.HasPrefix(data, magicJava) }

// parseJava reads the first object of a stream: nil, bool, int64, float64,
// string, []byte, *javaArray or *javaObject. No class is looked up and nothing
// is run; objects may refer to each other in circles.
func parseJava(data []byte) (any, error) {
	if !isJava(data) {
		return nil, errJavaOther
	}
	r := &javaReader{rest: data[len(magicJava):], left: maxJavaValues}
	return r.content(0)
}

type javaReader struct {
	rest    []byte
	left    int
	handles []any
}

func (r *javaReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.rest) {
		return nil, errJavaBroken
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken, nil
}

func (r *javaReader) byte() (byte, error) {
	raw, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return raw[0], nil
}

func (r *javaReader) uint(size int) (uint64, error) {
	raw, err := r.take(size)
	if err != nil {
		return 0, err
	}
	n := uint64(0)
	for _, b := range raw {
		n = n<<8 | uint64(b)
	}
	return n, nil
}

// utf reads a short string. Java's encoding differs from UTF-8 only for NUL and
// for what lies beyond the first plane; those bytes are kept as they are.
func (r *javaReader) utf() (string, error) {
	n, err := r.uint(2)
	if err != nil {
		return "", err
	}
	raw, err := r.take(int(n))
	return string(raw), err
}

func (r *javaReader) spend(depth int) error {
	if r.left--; r.left < 0 || depth > maxJavaDepth {
		return errJavaLarge
	}
	return nil
}

func (r *javaReader) remember(value any) int {
	r.handles = append(r.handles, value)
	return len(r.handles) - 1
}

func (r *javaReader) reference() (any, error) {
	n, err := r.uint(4)
	if err != nil {
		return nil, err
	}
	if n < firstHandle || n-firstHandle >= uint64(len(r.handles)) {
		return nil, errJavaOther
	}
	return r.handles[n-firstHandle], nil
}

// content reads one value with its marker.
func (r *javaReader) content(depth int) (any, error) {
	marker, err := r.byte()
	if err != nil {
		return nil, err
	}
	return r.marked(marker, depth)
}

func (r *javaReader) marked(marker byte, depth int) (any, error) {
	if err := r.spend(depth); err != nil {
		return nil, err
	}
	switch marker {
	case tcNull:
		return nil, nil
	case tcReference:
		return r.reference()
	case tcString:
		text, err := r.utf()
		r.remember(text)
		return text, err
	case tcLongStr:
		n, err := r.uint(8)
		if err != nil || n > uint64(len(r.rest)) {
			return nil, errJavaBroken
		}
		raw, err := r.take(int(n))
		r.remember(string(raw))
		return string(raw), err
	case tcObject:
		return r.object(depth)
	case tcArray:
		return r.array(depth)
	case tcEnum:
		return r.enum(depth)
	case tcClass:
		class, err := r.class(depth)
		if err != nil {
			return nil, err
		}
		r.remember(class)
		return "class " + class.nameOrNull(), nil
	case tcBlock:
		n, err := r.uint(1)
		if err != nil {
			return nil, err
		}
		return r.take(int(n))
	case tcBlockLong:
		n, err := r.uint(4)
		if err != nil || n > uint64(len(r.rest)) {
			return nil, errJavaBroken
		}
		return r.take(int(n))
	}
	return nil, fmt.Errorf("%w (marker 0x%02x)", errJavaOther, marker)
}

func (c *javaClass) nameOrNull() string {
	if c == nil {
		return "null"
	}
	return c.name
}

// class reads the description of a class; nil where the stream has none.
func (r *javaReader) class(depth int) (*javaClass, error) {
	if err := r.spend(depth); err != nil {
		return nil, err
	}
	marker, err := r.byte()
	if err != nil {
		return nil, err
	}
	switch marker {
	case tcNull:
		return nil, nil
	case tcReference:
		known, err := r.reference()
		if err != nil {
			return nil, err
		}
		class, ok := known.(*javaClass)
		if !ok {
			return nil, errJavaOther
		}
		return class, nil
	case tcClassDesc:
	default:
		return nil, errJavaOther // a proxy class: none of Storm's
	}
	class := &javaClass{}
	if class.name, err = r.utf(); err != nil {
		return nil, err
	}
	if _, err = r.take(8); err != nil { // serialVersionUID
		return nil, err
	}
	r.remember(class)
	if class.flags, err = r.byte(); err != nil {
		return nil, err
	}
	if class.fields, err = r.classFields(depth); err != nil {
		return nil, err
	}
	if _, err = r.notes(depth); err != nil {
		return nil, err
	}
	class.super, err = r.class(depth + 1)
	return class, err
}

func (r *javaReader) classFields(depth int) ([]javaField, error) {
	n, err := r.uint(2)
	if err != nil {
		return nil, err
	}
	if n > maxJavaFields {
		return nil, errJavaLarge
	}
	fields := make([]javaField, 0, n)
	for range n {
		kind, err := r.byte()
		if err != nil {
			return nil, err
		}
		name, err := r.utf()
		if err != nil {
			return nil, err
		}
		if kind == 'L' || kind == '[' {
			if _, err := r.content(depth + 1); err != nil { // the type's name
				return nil, err
			}
		}
		fields = append(fields, javaField{kind: kind, name: name})
	}
	return fields, nil
}

// notes reads what a class wrote in its own way, up to the end marker.
func (r *javaReader) notes(depth int) ([]any, error) {
	var notes []any
	for {
		marker, err := r.byte()
		if err != nil {
			return nil, err
		}
		if marker == tcEnd {
			return notes, nil
		}
		note, err := r.marked(marker, depth+1)
		if err != nil {
			return nil, err
		}
		notes = append(notes, note)
	}
}

func (r *javaReader) object(depth int) (any, error) {
	class, err := r.class(depth + 1)
	if err != nil || class == nil {
		return nil, errors.Join(errJavaOther, err)
	}
	object := &javaObject{class: class.name, fields: make(map[string]any)}
	r.remember(object)
	// A class can name itself as its superclass in a hostile stream.
	var line []*javaClass
	for c := class; c != nil; c = c.super {
		if line = append(line, c); len(line) > maxJavaDepth {
			return nil, errJavaLarge
		}
	}
	for _, class := range slices.Backward(line) {
		if err := r.objectPart(object, class, depth); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// objectPart reads what one class of an object's line wrote.
func (r *javaReader) objectPart(object *javaObject, class *javaClass, depth int) error {
	if class.flags&flagSerializable != 0 {
		for _, field := range class.fields {
			value, err := r.field(field.kind, depth+1)
			if err != nil {
				return err
			}
			object.fields[field.name] = value
		}
	}
	own := class.flags&flagSerializable != 0 && class.flags&flagWriteMethod != 0
	if class.flags&flagExternalizable != 0 {
		if class.flags&flagBlockData == 0 {
			return errJavaOther // its length is known to the class alone
		}
		own = true
	}
	if !own {
		return nil
	}
	notes, err := r.notes(depth)
	object.notes = append(object.notes, notes...)
	return err
}

func (r *javaReader) array(depth int) (any, error) {
	class, err := r.class(depth + 1)
	if err != nil || class == nil || len(class.name) < 2 {
		return nil, errors.Join(errJavaOther, err)
	}
	array := &javaArray{}
	r.remember(array)
	n, err := r.uint(4)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(r.rest)) || n > maxJavaValues {
		return nil, errJavaBroken
	}
	kind := class.name[1]
	if kind == 'B' {
		return r.take(int(n))
	}
	for range n {
		item, err := r.field(kind, depth+1)
		if err != nil {
			return nil, err
		}
		array.items = append(array.items, item)
	}
	return array, nil
}

func (r *javaReader) enum(depth int) (any, error) {
	if _, err := r.class(depth + 1); err != nil {
		return nil, err
	}
	at := r.remember(nil)
	name, err := r.content(depth + 1)
	if err != nil {
		return nil, err
	}
	text, ok := name.(string)
	if !ok {
		return nil, errJavaOther
	}
	r.handles[at] = text
	return text, nil
}

// field reads a value whose type is known from its class.
func (r *javaReader) field(kind byte, depth int) (any, error) {
	if err := r.spend(depth); err != nil {
		return nil, err
	}
	switch kind {
	case 'B':
		n, err := r.uint(1)
		return int64(int8(n)), err
	case 'C':
		n, err := r.uint(2)
		return int64(n), err
	case 'S':
		n, err := r.uint(2)
		return int64(int16(n)), err
	case 'I':
		n, err := r.uint(4)
		return int64(int32(n)), err
	case 'J':
		n, err := r.uint(8)
		return int64(n), err
	case 'F':
		raw, err := r.take(4)
		if err != nil {
			return nil, err
		}
		return float64(math.Float32frombits(binary.BigEndian.Uint32(raw))), nil
	case 'D':
		raw, err := r.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
	case 'Z':
		n, err := r.uint(1)
		return n != 0, err
	case 'L', '[':
		return r.content(depth)
	}
	return nil, errJavaOther
}
