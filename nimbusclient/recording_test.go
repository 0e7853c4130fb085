package nimbusclient

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
	"github.com/stormtop/stormtop/internal/stormthrift/plain"
)

// recordedVersions are the servers of testdata, each with what the client
// finds out about it.
var recordedVersions = map[string]Server{
	"0.9.7": {Line: V0_9},
	"1.2.2": {Line: V1, Version: "1.2.2", HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true},
	"2.8.3": {Line: V2, Version: "2.8.3", HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true},
}

// archive is one version's recordings by name.
func archive(t testing.TB, version string) map[string][]byte {
	t.Helper()
	f, err := os.Open("testdata/storm-" + version + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// recording is one call as it went over the wire.
type recording struct {
	name     string // such as "getTopologyInfo.ok"
	method   string
	args     []any
	request  []byte // the message, without its length
	reply    []byte // nil when the server closed the connection
	declared string // exception the server declared, such as "NotAliveException"
	applied  int    // type of the application exception, 0 for none
	result   any    // what Storm's own classes read; nil for a null
}

// argNames orders the arguments of recordings that name them.
var argNames = []string{"id", "topology_id", "name", "host", "owner", "user", "component_id", "window", "is_include_sys", "action", "options"}

// recordings returns every recorded call of a version that reached the server
// as a Thrift message.
func recordings(t testing.TB, version string) []recording {
	t.Helper()
	files := archive(t, version)
	var out []recording
	for path, text := range files {
		name, isJSON := strings.CutSuffix(path, ".json")
		if !isJSON || !strings.HasPrefix(path, "thrift/") || strings.Contains(path, "garbage") {
			continue
		}
		var told struct {
			Method, Call, How string
			Args              any
			Reply             struct {
				OK, Throws, Result map[string]any
				Applied            *struct{ Type int } `json:"application_exception"`
			}
		}
		var raw struct{ Reply map[string]json.RawMessage }
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var ok any
		if m := raw.Reply["ok"]; m != nil {
			if err := json.Unmarshal(m, &ok); err != nil {
				t.Fatal(err)
			}
			delete(raw.Reply, "ok")
		}
		rest, err := json.Marshal(raw.Reply)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &struct {
			Method, Call, How *string
			Args              *any
		}{&told.Method, &told.Call, &told.How, &told.Args}); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := json.Unmarshal(rest, &told.Reply); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		r := recording{name: strings.TrimPrefix(name, "thrift/"), method: told.Method + told.Call, result: ok}
		switch args := told.Args.(type) {
		case []any:
			r.args = args
		case map[string]any:
			for _, a := range argNames {
				if v, given := args[a]; given {
					r.args = append(r.args, v)
				}
			}
		}
		if told.Reply.Applied != nil {
			r.applied = told.Reply.Applied.Type
		}
		for exception := range told.Reply.Throws {
			r.declared = exception
		}
		for field, v := range told.Reply.Result {
			switch field {
			case "success":
				r.result = v
			case "e":
				r.declared = "NotAliveException"
			default:
				r.declared = field
			}
		}
		r.request = body(files[name+".req.bin"])
		if told.How != "closed" {
			r.reply = body(files[name+".rep.bin"])
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b recording) int { return strings.Compare(a.name, b.name) })
	if len(out) < 70 {
		t.Fatalf("only %d calls of %s were recorded", len(out), version)
	}
	return out
}

func body(frame []byte) []byte {
	if len(frame) < 4 {
		return nil
	}
	return frame[4:]
}

// withSeq returns a message with another sequence number.
func withSeq(message []byte, seq int32) []byte {
	out := bytes.Clone(message)
	at := 8 + int(binary.BigEndian.Uint32(message[4:]))
	binary.BigEndian.PutUint32(out[at:], uint32(seq))
	return out
}

// tape is a connection that answers from recordings.
type tape struct {
	replies  func(request []byte) []byte // nil closes
	requests [][]byte
}

func (p *tape) Write(message []byte) error {
	p.requests = append(p.requests, message)
	return nil
}

func (p *tape) Read() ([]byte, error) {
	reply := p.replies(p.requests[len(p.requests)-1])
	if reply == nil {
		return nil, io.EOF
	}
	return reply, nil
}

// nowhere is a connection nobody reads.
type nowhere struct{ net.Conn }

func (nowhere) SetDeadline(time.Time) error { return nil }
func (nowhere) Close() error                { return nil }

// play returns a session with a server that answers as told.
func play(ctx context.Context, server Server, replies func(request []byte) []byte) (*Session, *tape) {
	cfg := Config{Seeds: []string{"nim-a:6627"}}.withDefaults()
	p := &tape{replies: replies}
	return &Session{ctx: ctx, conn: &conn{
		addr: "nim-a:6627", cfg: cfg, rec: newRecorder(cfg), net: nowhere{}, msgs: p, server: server,
	}}, p
}

// reads are the calls of [Session] by the Thrift method they make.
var reads = map[string]func(s *Session, args []any) (any, error){
	"getClusterInfo":       func(s *Session, _ []any) (any, error) { return s.Cluster() },
	"getTopologySummaries": func(s *Session, _ []any) (any, error) { return s.Topologies() },
	"getTopologySummary":   func(s *Session, a []any) (any, error) { return s.Summary(text(a, 0)) },
	"getTopologySummaryByName": func(s *Session, a []any) (any, error) {
		return s.SummaryByName(text(a, 0))
	},
	"getTopologyInfo": func(s *Session, a []any) (any, error) { return s.Info(text(a, 0)) },
	"getTopologyInfoWithOpts": func(s *Session, a []any) (any, error) {
		wanted := ErrorsAll
		switch fmt.Sprint(a[1]) {
		case "map[num_err_choice:NONE]", "map[num_err_choice:1]":
			wanted = ErrorsNone
		case "map[num_err_choice:ONE]", "map[num_err_choice:2]":
			wanted = ErrorsOne
		}
		return s.InfoErrors(text(a, 0), wanted)
	},
	"getTopologyPageInfo": func(s *Session, a []any) (any, error) {
		return s.Topology(text(a, 0), Window(text(a, 1)), a[2].(bool))
	},
	"getComponentPageInfo": func(s *Session, a []any) (any, error) {
		return s.Component(text(a, 0), text(a, 1), Window(text(a, 2)), a[3].(bool))
	},
	"getSupervisorPageInfo": func(s *Session, a []any) (any, error) {
		if a[0] == nil {
			return s.HostPage(text(a, 1), a[2].(bool))
		}
		return s.SupervisorPage(text(a, 0), a[len(a)-1].(bool))
	},
	"getOwnerResourceSummaries": func(s *Session, a []any) (any, error) {
		if len(a) == 0 || a[0] == nil {
			return s.Owners()
		}
		return s.Owner(text(a, 0))
	},
	"getTopologyHistory": func(s *Session, a []any) (any, error) { return s.History(text(a, 0)) },
	"getTopologyConf":    func(s *Session, a []any) (any, error) { return s.Conf(text(a, 0)) },
	"getNimbusConf":      func(s *Session, _ []any) (any, error) { return s.NimbusConf() },
	"getTopology":        func(s *Session, a []any) (any, error) { return s.Structure(text(a, 0)) },
	"getUserTopology":    func(s *Session, a []any) (any, error) { return s.UserStructure(text(a, 0)) },
	"getLeader":          func(s *Session, _ []any) (any, error) { return s.leader() },
	"getLogConfig":       func(s *Session, a []any) (any, error) { return s.LogConfig(text(a, 0)) },
	"getComponentPendingProfileActions": func(s *Session, a []any) (any, error) {
		return s.PendingProfiles(text(a, 0), text(a, 1))
	},
	"isTopologyNameAllowed": func(s *Session, a []any) (any, error) { return s.NameAllowed(text(a, 0)) },
	"getTopologyInfoByName": func(s *Session, a []any) (any, error) { return s.InfoByName(text(a, 0), ErrorsAll) },
}

func text(args []any, i int) string {
	if i < len(args) {
		if s, ok := args[i].(string); ok {
			return s
		}
	}
	return ""
}

// otherRequest says why a recorded request is not what we send, "" when it is.
func otherRequest(r recording) string {
	switch {
	case r.method == "getTopologyInfoByName":
		return "we send getTopologyInfoByNameWithOpts"
	case strings.HasSuffix(r.name, ".no-id"), strings.HasSuffix(r.name, ".no-user"):
		return "we always send this argument"
	case strings.HasSuffix(r.name, "empty-id"):
		return "we send no host beside an id"
	case r.method == "getTopologyInfoWithOpts" && fmt.Sprint(r.args[1]) == "map[]":
		return "we name the choice that is the default"
	case r.method == "getComponentPendingProfileActions" && r.args[2] != "JPROFILE_STOP" && r.args[2] != 0.0:
		return "we ask for JPROFILE_STOP only"
	}
	return ""
}

// Every recorded reply decodes, with the generated structs, to what Storm's
// own classes read from it: nothing more, nothing less.
func TestRecordedRepliesDecode(t *testing.T) {
	results := map[string]func() thrift.TStruct{
		"getClusterInfo":                    func() thrift.TStruct { return new(storm.NimbusGetClusterInfoResult) },
		"getTopologySummaries":              func() thrift.TStruct { return new(storm.NimbusGetTopologySummariesResult) },
		"getTopologySummary":                func() thrift.TStruct { return new(storm.NimbusGetTopologySummaryResult) },
		"getTopologySummaryByName":          func() thrift.TStruct { return new(storm.NimbusGetTopologySummaryByNameResult) },
		"getTopologyInfo":                   func() thrift.TStruct { return new(storm.NimbusGetTopologyInfoResult) },
		"getTopologyInfoByName":             func() thrift.TStruct { return new(storm.NimbusGetTopologyInfoByNameResult) },
		"getTopologyInfoWithOpts":           func() thrift.TStruct { return new(storm.NimbusGetTopologyInfoWithOptsResult) },
		"getTopologyPageInfo":               func() thrift.TStruct { return new(storm.NimbusGetTopologyPageInfoResult) },
		"getComponentPageInfo":              func() thrift.TStruct { return new(storm.NimbusGetComponentPageInfoResult) },
		"getSupervisorPageInfo":             func() thrift.TStruct { return new(storm.NimbusGetSupervisorPageInfoResult) },
		"getOwnerResourceSummaries":         func() thrift.TStruct { return new(storm.NimbusGetOwnerResourceSummariesResult) },
		"getTopologyHistory":                func() thrift.TStruct { return new(storm.NimbusGetTopologyHistoryResult) },
		"getTopologyConf":                   func() thrift.TStruct { return new(storm.NimbusGetTopologyConfResult) },
		"getNimbusConf":                     func() thrift.TStruct { return new(storm.NimbusGetNimbusConfResult) },
		"getTopology":                       func() thrift.TStruct { return new(storm.NimbusGetTopologyResult) },
		"getUserTopology":                   func() thrift.TStruct { return new(storm.NimbusGetUserTopologyResult) },
		"getLeader":                         func() thrift.TStruct { return new(storm.NimbusGetLeaderResult) },
		"getLogConfig":                      func() thrift.TStruct { return new(storm.NimbusGetLogConfigResult) },
		"getComponentPendingProfileActions": func() thrift.TStruct { return new(storm.NimbusGetComponentPendingProfileActionsResult) },
		"isTopologyNameAllowed":             func() thrift.TStruct { return new(storm.NimbusIsTopologyNameAllowedResult) },
	}
	for version := range recordedVersions {
		var compared int
		for _, r := range recordings(t, version) {
			make, known := results[r.method]
			if !known || r.reply == nil || r.applied != 0 || r.declared != "" {
				continue
			}
			result := make()
			if err := decodeReply(t.Context(), r.reply, r.method, seqOf(r.reply), result); err != nil {
				t.Errorf("%s %s: %v", version, r.name, err)
				continue
			}
			got := plain.Of(result).(map[string]any)["success"]
			for _, d := range differences(r.result, got, "") {
				t.Errorf("%s %s: %s", version, r.name, d)
			}
			compared++
		}
		if want := map[string]int{"0.9.7": 17, "1.2.2": 52, "2.8.3": 80}[version]; compared < want {
			t.Errorf("%s: %d replies compared, want %d", version, compared, want)
		}
	}
}

func seqOf(message []byte) int32 {
	return int32(binary.BigEndian.Uint32(message[8+int(binary.BigEndian.Uint32(message[4:])):]))
}

// differences compares recorded JSON with what was read. Recordings write
// enumerations as names or numbers, and maps with struct keys in any order.
func differences(want, got any, at string) []string {
	switch g := got.(type) {
	case map[string]any:
		w, _ := want.(map[string]any)
		var out []string
		for k, v := range g {
			if _, both := w[k]; !both {
				out = append(out, fmt.Sprintf("%s.%s was read as %v, recorded as nothing", at, k, v))
				continue
			}
			out = append(out, differences(w[k], v, at+"."+k)...)
		}
		for k, v := range w {
			if _, both := g[k]; !both {
				out = append(out, fmt.Sprintf("%s.%s was recorded as %.80v, read as nothing", at, k, v))
			}
		}
		return out
	case []any:
		w, _ := want.([]any)
		if len(w) != len(g) {
			return []string{fmt.Sprintf("%s has %d elements, recorded %d", at, len(g), len(w))}
		}
		var out []string
		for i := range g {
			if !slices.ContainsFunc(w, func(e any) bool { return len(differences(e, g[i], "")) == 0 }) {
				out = append(out, fmt.Sprintf("%s[%d] was read as %.200v, which was not recorded", at, i, g[i]))
			}
		}
		return out
	case string:
		if n, isNumber := want.(float64); isNumber {
			return differences(recordedName(at, int64(n)), got, at)
		}
	}
	if want != got {
		return []string{fmt.Sprintf("%s was read as %v, recorded as %v", at, got, want)}
	}
	return nil
}

func recordedName(at string, n int64) any {
	switch {
	case strings.HasSuffix(at, "type"):
		return storm.ComponentType(n).String()
	case strings.HasSuffix(at, "action"):
		return storm.LogLevelAction(n).String()
	}
	return n
}

// Every recorded question is asked with the bytes that Storm's own client
// sent, and every recorded answer becomes a value or the right error.
func TestRecordedReads(t *testing.T) {
	for version, server := range recordedVersions {
		asked := map[string]bool{}
		for _, r := range recordings(t, version) {
			read, known := reads[r.method]
			if !known {
				continue
			}
			server := server
			// Calls a server lacks are avoided; they are forced here to see
			// what it says to them.
			server.HasPageCalls, server.HasInfoOptions = true, true
			if r.method == "getTopologySummaries" {
				server.Line = V2
			}
			s, p := play(t.Context(), server, func(request []byte) []byte {
				if r.reply == nil {
					return nil
				}
				return withSeq(r.reply, seqOf(request))
			})
			got, err := read(s, r.args)
			asked[r.method] = true
			same := bytes.Equal(p.requests[0], withSeq(r.request, 1))
			if reason := otherRequest(r); same != (reason == "") {
				t.Errorf("%s %s: sent\n%q, recorded\n%q; %s", version, r.name, p.requests[0], withSeq(r.request, 1), reason)
			}
			if r.method == "getTopologyInfoByName" || r.method == "getTopologySummaries" && r.applied != 0 {
				continue // the answer is to another call, or another call follows
			}
			checkOutcome(t, version+" "+r.name, r, got, err)
		}
		if len(asked) < 17 {
			t.Errorf("%s: only %d kinds of read were recorded", version, len(asked))
		}
	}
}

func checkOutcome(t *testing.T, name string, r recording, got any, err error) {
	t.Helper()
	var want error
	switch {
	case r.reply == nil:
		want = ErrClosed
	case r.applied == thrift.UNKNOWN_METHOD:
		want = ErrUnsupported
	case r.applied != 0:
		want = ErrInternal
	case r.declared == "NotAliveException":
		want = ErrNotAlive
	case r.declared != "":
		want = ErrUnauthorized
	}
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", name, err, want)
	}
	if err == nil && r.method != "getTopologyHistory" && r.result != nil && plain.Of(got) == nil {
		t.Errorf("%s: no value was made of %v", name, r.result)
	}
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Op != r.method || e.Error() == "" || e.Hint() == "") {
		t.Errorf("%s: %#v says too little", name, err)
	}
}

// A request of another client, without a version in its header, is nothing we
// send; a reply without one is still read.
func TestOldHeaderIsRead(t *testing.T) {
	buf, w := stormthrift.NewWriter()
	_ = w.WriteFieldStop(t.Context())
	var old []byte
	old = binary.BigEndian.AppendUint32(old, uint32(len("getLeader")))
	old = append(old, "getLeader"...)
	old = append(old, byte(thrift.REPLY), 0, 0, 0, 1)
	old = append(old, buf.Bytes()...)
	s, _ := play(t.Context(), recordedVersions["2.8.3"], func([]byte) []byte { return old })
	if leader, err := s.leader(); leader != nil || err != nil {
		t.Errorf("leader %v, error %v", leader, err)
	}
}
