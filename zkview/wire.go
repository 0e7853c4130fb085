package zkview

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// The types of Thrift's binary protocol.
const (
	wireStop   = 0
	wireBool   = 2
	wireByte   = 3
	wireDouble = 4
	wireI16    = 6
	wireI32    = 8
	wireI64    = 10
	wireString = 11
	wireStruct = 12
	wireMap    = 13
	wireSet    = 14
	wireList   = 15
)

// The bounds of what is read without a schema.
const (
	maxWireDepth  = 24
	maxWireValues = 200_000
)

// wireValue is one value as the wire has it, without names.
type wireValue struct {
	kind   byte
	num    int64 // bool, byte, i16, i32, i64
	double float64
	text   []byte // string and binary alike
	fields []wireField
	items  []wireValue    // list, set
	pairs  [][2]wireValue // map
}

type wireField struct {
	id    int16
	value wireValue
}

var (
	errNotThrift  = errors.New("not a Thrift struct")
	errWireDeep   = errors.New("a Thrift struct nested too deeply")
	errWireLarge  = errors.New("a Thrift struct with too many values")
	errWireBroken = errors.New("a Thrift struct that breaks off")
)

// parseStruct reads data as exactly one struct of Thrift's binary protocol,
// without knowing which. Counts are checked against the bytes that are left.
func parseStruct(data []byte) (wireValue, error) {
	r := &wireReader{rest: data, left: maxWireValues}
	value, err := r.value(wireStruct, 0)
	switch {
	case err != nil:
		return wireValue{}, err
	case len(r.rest) > 0 || len(value.fields) == 0 && len(data) > 1:
		return wireValue{}, errNotThrift
	}
	return value, nil
}

type wireReader struct {
	rest []byte
	left int // values that may still be read
}

func (r *wireReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.rest) {
		return nil, errWireBroken
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken, nil
}

// count reads the number of elements of a container whose elements take at
// least the given bytes.
func (r *wireReader) count(least int) (int, error) {
	raw, err := r.take(4)
	if err != nil {
		return 0, err
	}
	n := int(int32(binary.BigEndian.Uint32(raw)))
	if n < 0 || n > len(r.rest)/max(least, 1) {
		return 0, errWireBroken
	}
	return n, nil
}

// leastSize is the fewest bytes a value of a type takes.
func leastSize(kind byte) int {
	switch kind {
	case wireBool, wireByte, wireStruct:
		return 1
	case wireI16:
		return 2
	case wireI32, wireString:
		return 4
	case wireI64, wireDouble:
		return 8
	case wireMap:
		return 6
	case wireSet, wireList:
		return 5
	}
	return 1
}

func (r *wireReader) value(kind byte, depth int) (wireValue, error) {
	if depth > maxWireDepth {
		return wireValue{}, errWireDeep
	}
	if r.left--; r.left < 0 {
		return wireValue{}, errWireLarge
	}
	v := wireValue{kind: kind}
	var err error
	var raw []byte
	switch kind {
	case wireBool, wireByte:
		if raw, err = r.take(1); err == nil {
			v.num = int64(int8(raw[0]))
		}
	case wireI16:
		if raw, err = r.take(2); err == nil {
			v.num = int64(int16(binary.BigEndian.Uint16(raw)))
		}
	case wireI32:
		if raw, err = r.take(4); err == nil {
			v.num = int64(int32(binary.BigEndian.Uint32(raw)))
		}
	case wireI64:
		if raw, err = r.take(8); err == nil {
			v.num = int64(binary.BigEndian.Uint64(raw))
		}
	case wireDouble:
		if raw, err = r.take(8); err == nil {
			v.double = math.Float64frombits(binary.BigEndian.Uint64(raw))
		}
	case wireString:
		var n int
		if n, err = r.count(1); err == nil {
			v.text, err = r.take(n)
		}
	case wireStruct:
		v.fields, err = r.fields(depth)
	case wireList, wireSet:
		v.items, err = r.list(depth)
	case wireMap:
		v.pairs, err = r.pairs(depth)
	default:
		err = errNotThrift
	}
	return v, err
}

func (r *wireReader) fields(depth int) ([]wireField, error) {
	var fields []wireField
	for {
		head, err := r.take(1)
		if err != nil {
			return nil, err
		}
		if head[0] == wireStop {
			return fields, nil
		}
		kind := head[0]
		id, err := r.take(2)
		if err != nil {
			return nil, err
		}
		number := int16(binary.BigEndian.Uint16(id))
		value, err := r.value(kind, depth+1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, wireField{id: number, value: value})
	}
}

func (r *wireReader) list(depth int) ([]wireValue, error) {
	head, err := r.take(1)
	if err != nil {
		return nil, err
	}
	kind := head[0]
	n, err := r.count(leastSize(kind))
	if err != nil {
		return nil, err
	}
	var items []wireValue
	for range n {
		item, err := r.value(kind, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (r *wireReader) pairs(depth int) ([][2]wireValue, error) {
	head, err := r.take(2)
	if err != nil {
		return nil, err
	}
	keys, values := head[0], head[1]
	n, err := r.count(leastSize(keys) + leastSize(values))
	if err != nil {
		return nil, err
	}
	var pairs [][2]wireValue
	for range n {
		key, err := r.value(keys, depth+1)
		if err != nil {
			return nil, err
		}
		value, err := r.value(values, depth+1)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]wireValue{key, value})
	}
	return pairs, nil
}

// pickFields reads the fields with the given ids of the outermost struct and
// passes over the others without keeping them.
func pickFields(data []byte, ids ...int16) (wireValue, error) {
	r := &wireReader{rest: data, left: maxWireValues}
	picked := wireValue{kind: wireStruct}
	for {
		head, err := r.take(1)
		if err != nil {
			return wireValue{}, err
		}
		kind := head[0]
		if kind == wireStop {
			return picked, nil
		}
		raw, err := r.take(2)
		if err != nil {
			return wireValue{}, err
		}
		id := int16(binary.BigEndian.Uint16(raw))
		if !slices.Contains(ids, id) {
			if err := r.skip(kind, 0); err != nil {
				return wireValue{}, err
			}
			continue
		}
		value, err := r.value(kind, 1)
		if err != nil {
			return wireValue{}, err
		}
		picked.fields = append(picked.fields, wireField{id: id, value: value})
	}
}

// skip passes over one value.
func (r *wireReader) skip(kind byte, depth int) error {
	if depth > maxWireDepth {
		return errWireDeep
	}
	n, err := 0, error(nil)
	switch kind {
	case wireBool, wireByte, wireI16, wireI32, wireI64, wireDouble:
		n = leastSize(kind)
	case wireString:
		n, err = r.count(1)
	case wireStruct:
		for {
			head, err := r.take(1)
			if err != nil || head[0] == wireStop {
				return err
			}
			if _, err := r.take(2); err != nil {
				return err
			}
			if err := r.skip(head[0], depth+1); err != nil {
				return err
			}
		}
	case wireList, wireSet:
		head, err := r.take(1)
		if err != nil {
			return err
		}
		return r.skipMany(depth, head[0])
	case wireMap:
		head, err := r.take(2)
		if err != nil {
			return err
		}
		return r.skipMany(depth, head[0], head[1])
	default:
		return errNotThrift
	}
	if err != nil {
		return err
	}
	_, err = r.take(n)
	return err
}

// skipMany passes over the elements of a container, each of the given types.
func (r *wireReader) skipMany(depth int, kinds ...byte) error {
	least := 0
	for _, kind := range kinds {
		least += leastSize(kind)
	}
	n, err := r.count(least)
	if err != nil {
		return err
	}
	for range n {
		for _, kind := range kinds {
			if err := r.skip(kind, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// number returns an integer field of any width, nil when it is absent.
func (v wireValue) number(id int16) *int64 {
	for _, f := range v.fields {
		if f.id == id && isInteger(f.value.kind) {
			return &f.value.num
		}
	}
	return nil
}
