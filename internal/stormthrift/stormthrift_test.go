package stormthrift

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
	"github.com/stormtop/stormtop/internal/stormthrift/plain"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

// The committed code is what the compiler makes of the committed interface.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	compiler := require.Tool(t, "thrift")
	dir := t.TempDir()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for line := range strings.Lines(string(source)) {
		if rest, found := strings.CutPrefix(line, "//go:generate thrift "); found {
			args = strings.Fields(strings.Replace(rest, "-out gen", "-out "+dir, 1))
		}
	}
	if out, err := exec.CommandContext(t.Context(), compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("thrift %v: %v\n%s", args, err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "storm", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("thrift %v made nothing (%v)", args, err)
	}
	for _, f := range files {
		made, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if made, err = format.Source(made); err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(filepath.Join("gen", "storm", filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(made, committed) {
			t.Errorf("%s is not what storm.thrift says: run go generate", filepath.Base(f))
		}
	}
}

// znode is one recorded node: its payload and what Storm's own classes read
// from it.
type znode struct {
	Path    string
	Base64  string
	Decoded map[string]any
}

func znodes(t testing.TB) []znode {
	t.Helper()
	text, err := os.ReadFile("testdata/znodes.json")
	if err != nil {
		t.Fatal(err)
	}
	var nodes []znode
	if err := json.Unmarshal(text, &nodes); err != nil {
		t.Fatal(err)
	}
	return nodes
}

func (n znode) payload(t testing.TB) []byte {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(n.Base64)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Recorded nodes read as Storm reads them, and what is written again reads the
// same.
func TestRecordedNodes(t *testing.T) {
	into := map[string]func() thrift.TStruct{
		"ErrorInfo":              func() thrift.TStruct { return new(storm.ErrorInfo) },
		"NimbusSummary":          func() thrift.TStruct { return new(storm.NimbusSummary) },
		"StormBase":              func() thrift.TStruct { return new(storm.StormBase) },
		"SupervisorInfo":         func() thrift.TStruct { return new(storm.SupervisorInfo) },
		"ClusterWorkerHeartbeat": func() thrift.TStruct { return new(storm.ClusterWorkerHeartbeat) },
	}
	seen := map[string]int{}
	for _, n := range znodes(t) {
		for name, want := range n.Decoded {
			make, known := into[name]
			if !known {
				continue // an assignment, which has its own test
			}
			seen[name]++
			data := n.payload(t)
			v := make()
			if err := Unmarshal(data, v); err != nil {
				t.Errorf("%s: %v", n.Path, err)
				continue
			}
			if diff := cmp.Diff(want, plain.Of(v), unordered); diff != "" {
				t.Errorf("%s (-recorded +read):\n%s", n.Path, diff)
			}
			again, err := Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			w := make()
			if err := Unmarshal(again, w); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain.Of(v), plain.Of(w), unordered); diff != "" {
				t.Errorf("%s changes when written (-read +again):\n%s", n.Path, diff)
			}
		}
	}
	if len(seen) != len(into) {
		t.Errorf("only %v were recorded", seen)
	}
}

// unordered compares lists made of maps with struct keys.
var unordered = cmpopts.SortSlices(func(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Compare(x, y) < 0
})

func TestRecordedAssignments(t *testing.T) {
	var read int
	for _, n := range znodes(t) {
		if !strings.Contains(n.Path, "assignments/") {
			continue
		}
		data := n.payload(t)
		a, err := ReadAssignment(data)
		if err != nil {
			t.Errorf("%s: %v", n.Path, err)
			continue
		}
		read++
		again, err := WriteAssignment(a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadAssignment(again)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(data) {
			t.Errorf("%s has %d bytes, %d when written again", n.Path, len(data), len(again))
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s changes when written (-read +again):\n%s", n.Path, diff)
		}
		if n.Decoded != nil {
			compareAssignment(t, n.Path, n.Decoded["Assignment"].(map[string]any), a)
		}
	}
	if read < 5 {
		t.Errorf("only %d assignments were read", read)
	}
}

// compareAssignment compares with what Storm's own classes read.
func compareAssignment(t *testing.T, path string, want map[string]any, a *Assignment) {
	t.Helper()
	got := map[string]any{
		"master_code_dir":          plain.Of(a.MasterCodeDir),
		"node_host":                plain.Of(a.NodeHost),
		"executor_node_port":       []any{},
		"executor_start_time_secs": []any{},
		"worker_resources":         []any{},
	}
	entry := func(field string, key, value any) {
		got[field] = append(got[field].([]any), map[string]any{"key": key, "value": value})
	}
	task := func(e Executor) any { return []any{float64(e.Start), float64(e.End)} }
	slot := func(np NodePort) any { return map[string]any{"node": np.Node, "port": []any{float64(np.Port)}} }
	for e, np := range a.ExecutorNodePort {
		entry("executor_node_port", task(e), slot(np))
	}
	for e, at := range a.ExecutorStartSecs {
		entry("executor_start_time_secs", task(e), float64(at))
	}
	for np, r := range a.WorkerResources {
		entry("worker_resources", slot(np), plain.Of(r))
	}
	if a.TotalSharedOffHeap != nil {
		got["total_shared_off_heap"] = plain.Of(a.TotalSharedOffHeap)
	}
	if a.Owner != nil {
		got["owner"] = *a.Owner
	}
	// Tasks of an executor are ordered, entries are not.
	ordered := cmpopts.SortSlices(func(a, b map[string]any) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return bytes.Compare(x, y) < 0
	})
	toEntries := cmp.Transformer("entries", func(list []any) any {
		var out []map[string]any
		for _, e := range list {
			m, isEntry := e.(map[string]any)
			if !isEntry {
				return list[0:len(list):len(list)]
			}
			out = append(out, m)
		}
		return out
	})
	isEntries := cmp.FilterValues(func(a, b []any) bool {
		for _, list := range [][]any{a, b} {
			for _, e := range list {
				if _, isEntry := e.(map[string]any); !isEntry {
					return false
				}
			}
		}
		return len(a) > 0 && len(b) > 0
	}, toEntries)
	if diff := cmp.Diff(want, got, ordered, isEntries); diff != "" {
		t.Errorf("%s (-recorded +read):\n%s", path, diff)
	}
}

// An argument that is nil is not written at all; an empty one is.
func TestAbsentArguments(t *testing.T) {
	empty, id, host := "", "sup-1", "w1"
	for _, args := range []*SupervisorPageArgs{
		{ID: &id, Sys: true}, {Host: &host}, {ID: &empty, Host: &host, Sys: true}, {},
	} {
		data, err := Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		got := new(SupervisorPageArgs)
		if err := Unmarshal(data, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(args, got); diff != "" {
			t.Errorf("-written +read:\n%s", diff)
		}
		// The generated arguments, which a server reads, see the same.
		var server storm.NimbusGetSupervisorPageInfoArgs
		if err := Unmarshal(data, &server); err != nil {
			t.Fatal(err)
		}
		if args.Host != nil && server.Host != *args.Host || server.IsIncludeSys != args.Sys {
			t.Errorf("%+v arrives as %+v", args, server)
		}
	}
	for _, args := range []*OwnerArgs{{}, {&empty}, {&id}} {
		data, err := Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		got := new(OwnerArgs)
		if err := Unmarshal(data, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(args, got); diff != "" {
			t.Errorf("-written +read:\n%s", diff)
		}
	}
}

// Fields that a newer Storm may add are skipped.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	buf, w := NewWriter()
	ctx := t.Context()
	for _, err := range []error{
		w.WriteFieldBegin(ctx, "", thrift.MAP, 900),
		w.WriteMapBegin(ctx, thrift.STRING, thrift.LIST, 1),
		w.WriteString(ctx, "new"),
		w.WriteListBegin(ctx, thrift.I32, 2),
		w.WriteI32(ctx, 1),
		w.WriteI32(ctx, 2),
		w.WriteFieldBegin(ctx, "", thrift.I64, 1), // master_code_dir of another type
		w.WriteI64(ctx, 7),
		w.WriteFieldBegin(ctx, "", thrift.STRING, fieldAssignmentOwner),
		w.WriteString(ctx, "ops"),
		w.WriteFieldStop(ctx),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := ReadAssignment(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if a.Owner == nil || *a.Owner != "ops" || a.MasterCodeDir != nil {
		t.Errorf("read %+v", a)
	}
}

// Claims are not believed: a reader's memory follows the bytes it was given.
func TestBounds(t *testing.T) {
	list := func(kind byte, n uint32, body []byte) []byte {
		head := []byte{thrift.LIST, 0, 1, kind, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		return append(head, body...)
	}
	const megabytes = 1 << 20
	tests := []struct {
		name string
		data []byte
		want error // nil: any error
	}{
		{"a list of a hundred million", list(thrift.STRUCT, 100_000_000, nil), nil},
		{"a negative list", list(thrift.STRUCT, 1<<32-1, nil), nil},
		{"a million empty structs", list(thrift.STRUCT, 15*megabytes, make([]byte, 15*megabytes+1)), ErrBounds},
		{"a million bools for structs", list(thrift.BOOL, 15*megabytes, make([]byte, 15*megabytes+1)), ErrBounds},
		{"deep nesting", bytes.Repeat([]byte{thrift.STRUCT, 0, 99}, 1_000_000), nil},
		{"a string longer than all", []byte{thrift.STRING, 0, 2, 0x7f, 0xff, 0xff, 0xff}, nil},
		{"nothing", nil, nil},
		{"something left over", []byte{0, 0}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := Unmarshal(tt.data, new(storm.ClusterSummary))
			runtime.ReadMemStats(&after)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > uint64(12*len(tt.data)+8*megabytes) {
				t.Errorf("%d bytes allocated for %d", grown, len(tt.data))
			}
		})
	}
}

func FuzzReadAssignment(f *testing.F) {
	for _, n := range znodes(f) {
		if strings.Contains(n.Path, "assignments/") {
			f.Add(n.payload(f))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ReadAssignment(data)
		if err != nil {
			return
		}
		written, err := WriteAssignment(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadAssignment(written)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, again, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("it changes when written:\n%s", diff)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	for _, n := range znodes(f) {
		f.Add(n.payload(f))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []thrift.TStruct{
			new(storm.StormBase), new(storm.SupervisorInfo), new(storm.ClusterWorkerHeartbeat),
			new(storm.ErrorInfo), new(storm.LogConfig), new(storm.ProfileRequest), new(storm.NimbusSummary),
			new(storm.ClusterSummary), new(storm.ComponentPageInfo), new(storm.StormTopology),
		} {
			if Unmarshal(data, v) == nil && plain.Of(v) == nil {
				t.Errorf("%T was read as nothing", v)
			}
		}
	})
}
