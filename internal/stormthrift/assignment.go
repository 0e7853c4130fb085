package stormthrift

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// Executor is the inclusive range of task ids that keys an assignment's maps.
type Executor struct{ Start, End int64 }

// NodePort is a worker slot: a supervisor's node id and a port. Storm's
// NodeInfo holds a set of ports; in an assignment it has one.
type NodePort struct {
	Node string
	Port int64
}

// Assignment says which worker runs which executors, as ZooKeeper stores it at
// /assignments/<topology id>. Maps are nil when they were not sent.
type Assignment struct {
	MasterCodeDir      *string
	NodeHost           map[string]string // node id → host name
	ExecutorNodePort   map[Executor]NodePort
	ExecutorStartSecs  map[Executor]int64 // seconds since the epoch
	WorkerResources    map[NodePort]*storm.WorkerResources
	TotalSharedOffHeap map[string]float64 // MB by node id
	Owner              *string
}

// ReadAssignment reads an assignment from the whole of data, which is in
// Thrift's binary protocol without any envelope.
func ReadAssignment(data []byte) (*Assignment, error) {
	r := newReader(data)
	a := new(Assignment)
	if err := a.Read(context.Background(), r); err != nil {
		return nil, fmt.Errorf("reading an assignment: %w", err)
	}
	return a, r.end()
}

// WriteAssignment returns an assignment in Thrift's binary protocol, the same
// bytes for the same value.
func WriteAssignment(a *Assignment) ([]byte, error) { return Marshal(a) }

// The fields of Assignment in Storm's own IDL.
const (
	fieldMasterCodeDir = iota + 1
	fieldNodeHost
	fieldExecutorNodePort
	fieldExecutorStartSecs
	fieldWorkerResources
	fieldTotalSharedOffHeap
	fieldAssignmentOwner
)

// Read implements [thrift.TStruct].
func (a *Assignment) Read(ctx context.Context, p thrift.TProtocol) error {
	return readFields(ctx, p, func(id int16, kind thrift.TType) (known bool, err error) {
		switch {
		case id == fieldMasterCodeDir && kind == thrift.STRING:
			a.MasterCodeDir, err = readText(ctx, p)
		case id == fieldNodeHost && kind == thrift.MAP:
			a.NodeHost, err = readMap(ctx, p, p.ReadString, p.ReadString)
		case id == fieldExecutorNodePort && kind == thrift.MAP:
			a.ExecutorNodePort, err = readMap(ctx, p, executorReader(p), nodePortReader(p))
		case id == fieldExecutorStartSecs && kind == thrift.MAP:
			a.ExecutorStartSecs, err = readMap(ctx, p, executorReader(p), p.ReadI64)
		case id == fieldWorkerResources && kind == thrift.MAP:
			a.WorkerResources, err = readMap(ctx, p, nodePortReader(p), resourcesReader(p))
		case id == fieldTotalSharedOffHeap && kind == thrift.MAP:
			a.TotalSharedOffHeap, err = readMap(ctx, p, p.ReadString, p.ReadDouble)
		case id == fieldAssignmentOwner && kind == thrift.STRING:
			a.Owner, err = readText(ctx, p)
		default:
			return false, nil
		}
		return true, err
	})
}

// Write implements [thrift.TStruct].
func (a *Assignment) Write(ctx context.Context, p thrift.TProtocol) error {
	w := &fieldWriter{ctx: ctx, p: p}
	w.text(fieldMasterCodeDir, a.MasterCodeDir)
	writeMap(w, fieldNodeHost, thrift.STRING, thrift.STRING, a.NodeHost, cmp.Compare[string], w.string, w.string)
	writeMap(w, fieldExecutorNodePort, thrift.LIST, thrift.STRUCT, a.ExecutorNodePort, compareExecutors, w.executor, w.nodePort)
	writeMap(w, fieldExecutorStartSecs, thrift.LIST, thrift.I64, a.ExecutorStartSecs, compareExecutors, w.executor, w.i64)
	writeMap(w, fieldWorkerResources, thrift.STRUCT, thrift.STRUCT, a.WorkerResources, compareNodePorts, w.nodePort, w.resources)
	writeMap(w, fieldTotalSharedOffHeap, thrift.STRING, thrift.DOUBLE, a.TotalSharedOffHeap, cmp.Compare[string], w.string, w.double)
	w.text(fieldAssignmentOwner, a.Owner)
	w.do(p.WriteFieldStop(ctx))
	return w.err
}

func compareExecutors(a, b Executor) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

func compareNodePorts(a, b NodePort) int {
	return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Port, b.Port))
}

// readFields reads a struct, handing every field to one and skipping those it
// does not know.
func readFields(ctx context.Context, p thrift.TProtocol, one func(id int16, kind thrift.TType) (bool, error)) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, kind, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if kind == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		known, err := one(id, kind)
		if err == nil && !known {
			err = p.Skip(ctx, kind)
		}
		if err != nil {
			return fmt.Errorf("field %d: %w", id, err)
		}
	}
}

func readText(ctx context.Context, p thrift.TProtocol) (*string, error) {
	s, err := p.ReadString(ctx)
	return &s, err
}

func readMap[K comparable, V any](ctx context.Context, p thrift.TProtocol,
	key func(context.Context) (K, error), value func(context.Context) (V, error),
) (map[K]V, error) {
	_, _, size, err := p.ReadMapBegin(ctx)
	if err != nil {
		return nil, err
	}
	m := make(map[K]V, size)
	for range size {
		k, err := key(ctx)
		if err != nil {
			return nil, err
		}
		if m[k], err = value(ctx); err != nil {
			return nil, err
		}
	}
	return m, p.ReadMapEnd(ctx)
}

func executorReader(p thrift.TProtocol) func(context.Context) (Executor, error) {
	return func(ctx context.Context) (Executor, error) {
		_, size, err := p.ReadListBegin(ctx)
		if err != nil {
			return Executor{}, err
		}
		if size != 2 {
			return Executor{}, fmt.Errorf("an executor is a list of 2 tasks, not of %d", size)
		}
		start, err := p.ReadI64(ctx)
		if err != nil {
			return Executor{}, err
		}
		end, err := p.ReadI64(ctx)
		return Executor{start, end}, err
	}
}

func nodePortReader(p thrift.TProtocol) func(context.Context) (NodePort, error) {
	return func(ctx context.Context) (NodePort, error) {
		info := new(storm.NodeInfo)
		if err := info.Read(ctx, p); err != nil {
			return NodePort{}, err
		}
		np := NodePort{Node: info.GetNode()}
		if len(info.Port) > 0 {
			np.Port = slices.Min(info.Port)
		}
		return np, nil
	}
}

func resourcesReader(p thrift.TProtocol) func(context.Context) (*storm.WorkerResources, error) {
	return func(ctx context.Context) (*storm.WorkerResources, error) {
		res := new(storm.WorkerResources)
		return res, res.Read(ctx, p)
	}
}

// fieldWriter writes fields and keeps the first error.
type fieldWriter struct {
	ctx context.Context
	p   thrift.TProtocol
	err error
}

func (w *fieldWriter) do(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *fieldWriter) text(id int16, s *string) {
	if s != nil {
		w.do(w.p.WriteFieldBegin(w.ctx, "", thrift.STRING, id))
		w.string(*s)
	}
}

func (w *fieldWriter) bool(id int16, b bool) {
	w.do(w.p.WriteFieldBegin(w.ctx, "", thrift.BOOL, id))
	w.do(w.p.WriteBool(w.ctx, b))
}

func (w *fieldWriter) string(s string)  { w.do(w.p.WriteString(w.ctx, s)) }
func (w *fieldWriter) i64(n int64)      { w.do(w.p.WriteI64(w.ctx, n)) }
func (w *fieldWriter) double(f float64) { w.do(w.p.WriteDouble(w.ctx, f)) }

func (w *fieldWriter) executor(e Executor) {
	w.do(w.p.WriteListBegin(w.ctx, thrift.I64, 2))
	w.i64(e.Start)
	w.i64(e.End)
}

func (w *fieldWriter) nodePort(np NodePort) {
	w.do((&storm.NodeInfo{Node: &np.Node, Port: []int64{np.Port}}).Write(w.ctx, w.p))
}

func (w *fieldWriter) resources(r *storm.WorkerResources) {
	w.do(r.Write(w.ctx, w.p))
}

// writeMap writes one field in the order of its keys; a nil map is absent.
func writeMap[K comparable, V any](w *fieldWriter, id int16, kind, of thrift.TType, m map[K]V,
	order func(a, b K) int, key func(K), value func(V),
) {
	if m == nil {
		return
	}
	w.do(w.p.WriteFieldBegin(w.ctx, "", thrift.MAP, id))
	w.do(w.p.WriteMapBegin(w.ctx, kind, of, len(m)))
	for _, k := range slices.SortedFunc(maps.Keys(m), order) {
		key(k)
		value(m[k])
	}
}
