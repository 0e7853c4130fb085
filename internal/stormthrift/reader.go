package stormthrift

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/apache/thrift/lib/go/thrift"
)

// ErrBounds is wrapped by the error of a reader that was asked to allocate or
// nest more than the bytes it reads can justify.
var ErrBounds = errors.New("more elements than so few bytes can hold")

// Bounds of a reader. Storm's own messages stay far below all of them: an
// element of any container in storm.thrift takes eight bytes and more, a struct
// two dozen, save a few small ones for which there is a slack.
const (
	maxDepth        = 64
	slack           = 1 << 16
	bytesPerElement = 8
	bytesPerStruct  = 24
)

// reader is Thrift's binary protocol over bytes in memory, with a budget: the
// generated code sizes its slices and maps by the counts a peer claims and
// makes a struct for every single STOP byte.
type reader struct {
	*thrift.TBinaryProtocol
	left     *bytes.Buffer
	elements int // containers may still claim
	structs  int // may still begin
	depth    int
}

// NewReader returns a reader of data in Thrift's binary protocol. It reads
// data in place; data must not change meanwhile.
func NewReader(data []byte) thrift.TProtocol { return newReader(data) }

func newReader(data []byte) *reader {
	buf := bytes.NewBuffer(data)
	size := int32(min(len(data)+1, 1<<31-1)) // 0 would mean the library's default
	return &reader{
		TBinaryProtocol: thrift.NewTBinaryProtocolConf(
			&thrift.TMemoryBuffer{Buffer: buf},
			&thrift.TConfiguration{MaxMessageSize: size, MaxFrameSize: size, MaxContainerSize: size},
		),
		left:     buf,
		elements: slack + len(data)/bytesPerElement,
		structs:  slack + len(data)/bytesPerStruct,
	}
}

func (r *reader) ReadStructBegin(ctx context.Context) (string, error) {
	r.structs--
	r.depth++
	if r.structs < 0 || r.depth > maxDepth {
		return "", beyond(fmt.Errorf("reading a struct at depth %d: %w", r.depth, ErrBounds))
	}
	return r.TBinaryProtocol.ReadStructBegin(ctx)
}

func (r *reader) ReadStructEnd(ctx context.Context) error {
	r.depth--
	return r.TBinaryProtocol.ReadStructEnd(ctx)
}

func (r *reader) ReadListBegin(ctx context.Context) (thrift.TType, int, error) {
	elem, size, err := r.TBinaryProtocol.ReadListBegin(ctx)
	if err != nil {
		return elem, 0, err
	}
	return elem, size, r.claim(size)
}

func (r *reader) ReadSetBegin(ctx context.Context) (thrift.TType, int, error) {
	elem, size, err := r.TBinaryProtocol.ReadSetBegin(ctx)
	if err != nil {
		return elem, 0, err
	}
	return elem, size, r.claim(size)
}

func (r *reader) ReadMapBegin(ctx context.Context) (thrift.TType, thrift.TType, int, error) {
	key, value, size, err := r.TBinaryProtocol.ReadMapBegin(ctx)
	if err != nil {
		return key, value, 0, err
	}
	return key, value, size, r.claim(size)
}

func (r *reader) claim(size int) error {
	r.elements -= size
	if r.elements < 0 || size > r.left.Len() {
		return beyond(fmt.Errorf("reading a container of %d: %w", size, ErrBounds))
	}
	return nil
}

// beyond keeps the error's chain through the generated code, which only passes
// on errors of the library.
func beyond(err error) error {
	return thrift.NewTProtocolExceptionWithType(thrift.SIZE_LIMIT, err)
}

// Unmarshal reads one struct from the whole of data, which is in Thrift's
// binary protocol without any envelope, as ZooKeeper stores it.
func Unmarshal(data []byte, into thrift.TStruct) error {
	r := newReader(data)
	if err := into.Read(context.Background(), r); err != nil {
		return fmt.Errorf("reading %T: %w", into, err)
	}
	return r.end()
}

func (r *reader) end() error {
	if n := r.left.Len(); n > 0 {
		return fmt.Errorf("reading a struct: %d bytes are left over", n)
	}
	return nil
}

// Marshal returns v in Thrift's binary protocol without any envelope. Entries
// of maps come in no particular order.
func Marshal(v thrift.TStruct) ([]byte, error) {
	buf, w := NewWriter()
	if err := v.Write(context.Background(), w); err != nil {
		return nil, fmt.Errorf("writing %T: %w", v, err)
	}
	return buf.Bytes(), nil
}

// NewWriter returns a writer in Thrift's binary protocol and the buffer that
// takes what it writes.
func NewWriter() (*bytes.Buffer, thrift.TProtocol) {
	buf := new(bytes.Buffer)
	return buf, thrift.NewTBinaryProtocolConf(&thrift.TMemoryBuffer{Buffer: buf}, nil)
}
