package nimbusclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
)

// conn is one connection to one Nimbus. One goroutine uses it at a time. It is
// what the generated client calls through.
type conn struct {
	addr   string // as dialled
	cfg    Config
	rec    *recorder
	net    net.Conn
	msgs   Messages
	steps  []Step
	server Server
	// leader is what this Nimbus is called when it leads; zero before 1.0.
	leader Nimbus

	seq   int32
	kinds map[string]map[string]Kind // spouts and bolts by topology id, before 1.0

	answered bool   // anything was ever answered
	wrote    bool   // a request was begun to be written since this was cleared
	op       string // the last call
	broken   error  // why it must not be used again
}

// dial opens a connection. The steps it took are in the conn, which is
// returned even on failure.
func dial(ctx context.Context, cfg Config, rec *recorder, addr string) (*conn, error) {
	c := &conn{addr: addr, cfg: cfg, rec: rec, server: Server{Addr: addr, Transport: cfg.Transport.Name()}}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	nc, err := c.dialNet(ctx, addr)
	if err != nil {
		return c, c.fail(ctx, opConnect, "", began, err)
	}
	c.net = nc
	deadline, _ := ctx.Deadline()
	stop := c.limit(ctx, deadline)
	began = time.Now()
	c.msgs, err = cfg.Transport.Open(ctx, nc, cfg.MaxFrame)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.step("handshake", began, err)
		_ = nc.Close()
		return c, c.fail(ctx, opConnect, "", began, err)
	}
	return c, nil
}

// dialNet dials and notes the steps, which are told apart as far as the dialer
// lets them be.
func (c *conn) dialNet(ctx context.Context, addr string) (net.Conn, error) {
	began := time.Now()
	if c.cfg.Dial != nil {
		nc, err := c.cfg.Dial(ctx, "tcp", addr)
		c.step(opConnect, began, err)
		return nc, err
	}
	var resolved time.Time
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(httptrace.DNSDoneInfo) { resolved = time.Now() },
	})
	nc, err := new(net.Dialer).DialContext(traced, "tcp", addr)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		c.step("resolve", began, err)
		return nil, err
	case !resolved.IsZero():
		c.steps = append(c.steps, Step{Name: "resolve", Took: resolved.Sub(began)})
		began = resolved
	}
	c.step(opConnect, began, err)
	return nc, err
}

func (c *conn) step(name string, began time.Time, err error) {
	c.steps = append(c.steps, Step{Name: name, Took: time.Since(began), Err: err})
}

// limit puts one absolute deadline on the connection and ends what is under
// way when ctx ends; the library looks at neither. stop reports whether ctx
// was still alive.
func (c *conn) limit(ctx context.Context, deadline time.Time) (stop func() bool) {
	_ = c.net.SetDeadline(deadline)
	return context.AfterFunc(ctx, func() { _ = c.net.SetDeadline(time.Unix(1, 0)) })
}

// about is what a call asks about, for error texts; it travels in the context
// because the generated client stands in between.
type aboutKey struct{}

func withAbout(ctx context.Context, what string) context.Context {
	return context.WithValue(ctx, aboutKey{}, what)
}

// Call implements [thrift.TClient]: one call under one absolute deadline.
func (c *conn) Call(ctx context.Context, method string, args, result thrift.TStruct) (thrift.ResponseMeta, error) {
	what, _ := ctx.Value(aboutKey{}).(string)
	c.op = method
	began := time.Now()
	err := c.call(ctx, method, args, result)
	if err != nil {
		err = c.fail(ctx, method, what, began, err)
	}
	// A call the server does not know is how its version is found.
	c.rec.called(CallTime{Op: method, About: what, Took: time.Since(began)}, err != nil && !errors.Is(err, ErrUnsupported))
	return thrift.ResponseMeta{}, err
}

func (c *conn) call(ctx context.Context, method string, args, result thrift.TStruct) error {
	if c.broken != nil {
		return c.broken
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.seq++
	request, err := encodeCall(ctx, method, c.seq, args)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(c.cfg.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	stop := c.limit(ctx, deadline)
	reply, err := c.exchange(request)
	if !stop() {
		// The deadline may have been moved just now, whatever came back.
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		return err
	}
	c.answered = true
	return decodeReply(ctx, reply, method, c.seq, result)
}

func (c *conn) exchange(request []byte) ([]byte, error) {
	c.wrote = true
	if err := c.msgs.Write(request); err != nil {
		return nil, err
	}
	return c.msgs.Read()
}

func encodeCall(ctx context.Context, method string, seq int32, args thrift.TStruct) ([]byte, error) {
	buf, w := stormthrift.NewWriter()
	if err := w.WriteMessageBegin(ctx, method, thrift.CALL, seq); err != nil {
		return nil, err
	}
	if err := args.Write(ctx, w); err != nil {
		return nil, err
	}
	return buf.Bytes(), w.WriteMessageEnd(ctx)
}

// decodeReply reads the reply to one call. An answer that is not one, or not to
// this call, is ErrProtocol.
func decodeReply(ctx context.Context, reply []byte, method string, seq int32, result thrift.TStruct) error {
	r := stormthrift.NewReader(reply)
	name, kind, got, err := r.ReadMessageBegin(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	case name != method:
		return fmt.Errorf("%w: it answers another call", ErrProtocol)
	case got != seq:
		return fmt.Errorf("%w: it answers call %d, not %d", ErrProtocol, got, seq)
	case kind == thrift.EXCEPTION:
		exception := thrift.NewTApplicationException(thrift.UNKNOWN_APPLICATION_EXCEPTION, "")
		if err := exception.Read(ctx, r); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		return exception
	case kind != thrift.REPLY:
		return fmt.Errorf("%w: message type %d", ErrProtocol, kind)
	}
	if err := result.Read(ctx, r); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return nil
}

// fail words a failure and decides whether the connection outlives it.
func (c *conn) fail(ctx context.Context, op, what string, began time.Time, err error) error {
	e := &Error{Op: op, Addr: c.addr, About: what, Cause: err, user: c.cfg.User, took: time.Since(began), first: !c.answered}
	var exception thrift.TApplicationException
	var large *tooLarge
	var before *Error
	switch {
	case errors.As(err, &before): // the connection broke earlier
		return err
	case errors.As(err, &exception):
		e.Err, e.Cause = ErrInternal, exception
		if exception.TypeId() == thrift.UNKNOWN_METHOD {
			e.Err = ErrUnsupported
		}
		return e
	case errors.As(err, &large) && large.skipped:
		e.Err, e.size, e.limit = ErrFrameTooLarge, large.size, large.limit
		return e
	case errors.Is(ctx.Err(), context.Canceled):
		e.Err = context.Canceled
	default:
		e.Err = sentinel(err)
		if errors.As(err, &large) {
			e.size, e.limit = large.size, large.limit
		}
	}
	c.broken = e
	if c.net != nil {
		_ = c.net.Close()
	}
	return e
}

func (c *conn) close() {
	if c.net != nil {
		_ = c.net.Close()
	}
}
