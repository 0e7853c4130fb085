package nimbusclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Transport is how messages travel over a connection, Storm's
// `storm.thrift.transport`.
type Transport interface {
	// Name is the short name people configure, such as "plain".
	Name() string
	// Open prepares a fresh connection, shaking hands if need be. The
	// connection has its deadline; no message longer than maxFrame may be
	// read from it.
	Open(ctx context.Context, conn net.Conn, maxFrame int) (Messages, error)
}

// Messages carries whole Thrift messages. One goroutine uses it at a time.
type Messages interface {
	Write(message []byte) error
	Read() ([]byte, error)
}

// Framed is Storm's SimpleTransportPlugin, what a cluster without security
// speaks: every message comes after its length in four bytes.
func Framed() Transport { return framed{} }

type framed struct{}

func (framed) Name() string { return "plain" }

func (framed) Open(_ context.Context, conn net.Conn, maxFrame int) (Messages, error) {
	return &frames{conn: conn, max: maxFrame}, nil
}

// Sizes that decide what becomes of a frame.
const (
	// plausibleFrame is the largest length that may be meant: anything above
	// is not a length but the first bytes of another protocol.
	plausibleFrame = 1 << 30
	// skipFactor times the limit is still read and thrown away, so that one
	// large topology does not cost the connection.
	skipFactor = 16
	// firstRead is what is allocated before a peer has sent anything.
	firstRead = 64 << 10
)

type frames struct {
	conn net.Conn
	max  int
}

func (f *frames) Write(message []byte) error {
	frame := make([]byte, 4, 4+len(message))
	binary.BigEndian.PutUint32(frame, uint32(len(message)))
	_, err := f.conn.Write(append(frame, message...))
	return err
}

func (f *frames) Read() ([]byte, error) { return readFrame(f.conn, f.max) }

// readFrame reads one frame of at most limit bytes. Memory grows with what
// arrives, not with what was announced.
func readFrame(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: it ends inside a length", ErrProtocol)
		}
		return nil, err
	}
	if err := greeting(head); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[:]))
	switch {
	case size == 0 || size > plausibleFrame:
		return nil, fmt.Errorf("%w: it announces %d bytes", ErrProtocol, int32(size))
	case size > int64(limit):
		return nil, skipFrame(r, size, limit)
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(size, firstRead)))
	n, err := io.CopyN(buf, r, size)
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it ends after %d of %d bytes", ErrProtocol, n, size)
	}
	return buf.Bytes(), err
}

// tooLarge is a frame above the limit. When it was skipped, the connection can
// be used further.
type tooLarge struct {
	size, limit int64
	skipped     bool
}

func (e *tooLarge) Error() string {
	return fmt.Sprintf("a frame of %d bytes exceeds %d", e.size, e.limit)
}

func (e *tooLarge) Is(target error) bool { return target == ErrFrameTooLarge }

func skipFrame(r io.Reader, size int64, limit int) error {
	e := &tooLarge{size: size, limit: int64(limit)}
	if size <= skipFactor*int64(limit) {
		_, err := io.CopyN(io.Discard, r, size)
		e.skipped = err == nil
	}
	return e
}

// greeting recognises the first bytes of a peer that is not Nimbus, or wants
// to be spoken to differently.
func greeting(head [4]byte) error {
	switch {
	case string(head[:]) == "HTTP":
		return ErrHTTP
	case string(head[:]) == "SSH-":
		return ErrSSH
	case (head[0] == 0x15 || head[0] == 0x16) && head[1] == 3: // a TLS record
		return ErrTLS
	case (head[0] == 3 || head[0] == 4) && head[1] == 0 && head[2] == 0: // SASL says BAD or ERROR
		return ErrSASL
	}
	return nil
}
