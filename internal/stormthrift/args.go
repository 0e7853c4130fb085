package stormthrift

import (
	"context"

	"github.com/apache/thrift/lib/go/thrift"
)

// Nimbus tells an absent argument from an empty one in two calls, and the
// generated arguments cannot be absent. These two can.

// SupervisorPageArgs are the arguments of getSupervisorPageInfo. The host is
// looked at only when the id is absent; an empty id makes Nimbus fail.
type SupervisorPageArgs struct {
	ID, Host *string
	Sys      bool
}

// Read implements [thrift.TStruct].
func (a *SupervisorPageArgs) Read(ctx context.Context, p thrift.TProtocol) error {
	return readFields(ctx, p, func(id int16, kind thrift.TType) (known bool, err error) {
		switch {
		case id == 1 && kind == thrift.STRING:
			a.ID, err = readText(ctx, p)
		case id == 2 && kind == thrift.STRING:
			a.Host, err = readText(ctx, p)
		case id == 3 && kind == thrift.BOOL:
			a.Sys, err = p.ReadBool(ctx)
		default:
			return false, nil
		}
		return true, err
	})
}

// Write implements [thrift.TStruct].
func (a *SupervisorPageArgs) Write(ctx context.Context, p thrift.TProtocol) error {
	w := &fieldWriter{ctx: ctx, p: p}
	w.text(1, a.ID)
	w.text(2, a.Host)
	w.bool(3, a.Sys)
	w.do(p.WriteFieldStop(ctx))
	return w.err
}

// OwnerArgs are the arguments of getOwnerResourceSummaries. All owners are
// listed when it is absent; an empty one is an owner of that name.
type OwnerArgs struct{ Owner *string }

// Read implements [thrift.TStruct].
func (a *OwnerArgs) Read(ctx context.Context, p thrift.TProtocol) error {
	return readFields(ctx, p, func(id int16, kind thrift.TType) (known bool, err error) {
		if id != 1 || kind != thrift.STRING {
			return false, nil
		}
		a.Owner, err = readText(ctx, p)
		return true, err
	})
}

// Write implements [thrift.TStruct].
func (a *OwnerArgs) Write(ctx context.Context, p thrift.TProtocol) error {
	w := &fieldWriter{ctx: ctx, p: p}
	w.text(1, a.Owner)
	w.do(p.WriteFieldStop(ctx))
	return w.err
}
