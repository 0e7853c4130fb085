package sim

import (
	"errors"
	"maps"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// dial is a ZooKeeper client with a session.
func (s *subject) dial() *zkClient {
	s.t.Helper()
	c, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", s.zk)
	must(s.t, err)
	z := &zkClient{t: s.t, c: c}
	z.hello(0, make([]byte, 16))
	return z
}

// znodeSeen is what a client sees of a node.
type znodeSeen struct {
	data      []byte
	version   int32
	ephemeral bool
	children  []string
}

var errNoNode = errors.New("no such node")

func (z *zkClient) node(path string) (znodeSeen, error) {
	z.t.Helper()
	code, r := z.ask(opGetData, path, 0)
	if code == codeNoNode {
		return znodeSeen{}, errNoNode
	}
	out := znodeSeen{data: slices.Clone(r.bytes())}
	r.take(8 * 4)
	out.version = r.i32()
	r.take(8)
	out.ephemeral = r.i64() != 0
	code, r = z.ask(opGetChildren, path, 0)
	if code == codeNoNode {
		return znodeSeen{}, errNoNode
	}
	out.children = slices.Clone(r.texts())
	return out, nil
}

// assignmentNames lend the fields of Assignment, which is not generated, their
// names.
type assignmentNames struct {
	MasterCodeDir      string                         `thrift:"master_code_dir,1"`
	NodeHost           map[string]string              `thrift:"node_host,2"`
	ExecutorNodePort   map[string]*storm.NodeInfo     `thrift:"executor_node_port,3"`
	ExecutorStartSecs  map[string]int64               `thrift:"executor_start_time_secs,4"`
	WorkerResources    map[*storm.NodeInfo]*resources `thrift:"worker_resources,5"`
	TotalSharedOffHeap map[string]float64             `thrift:"total_shared_off_heap,6"`
	Owner              string                         `thrift:"owner,7"`
}

type resources = storm.WorkerResources

// storedAs are the structs below each of Storm's nodes.
var storedAs = map[string]reflect.Type{
	"storms": reflect.TypeFor[storm.StormBase](), "assignments": reflect.TypeFor[assignmentNames](), "supervisors": reflect.TypeFor[storm.SupervisorInfo](),
	"workerbeats": reflect.TypeFor[storm.ClusterWorkerHeartbeat](), "errors": reflect.TypeFor[storm.ErrorInfo](),
	"nimbuses": reflect.TypeFor[storm.NimbusSummary](), "logconfigs": reflect.TypeFor[storm.LogConfig](),
	"profilerconfigs": reflect.TypeFor[storm.ProfileRequest](),
}

var (
	uuidShape   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	idShape     = regexp.MustCompile(`[A-Za-z0-9_-]+-\d+-\d{10}`)
	numberShape = regexp.MustCompile(`\d{3,}`)
)

// place is a path without names: one for all nodes of a kind.
func (s *subject) place(path string) string {
	path = uuidShape.ReplaceAllString(path, "<uuid>")
	path = idShape.ReplaceAllString(path, "<id>")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		switch {
		case i == 4 && parts[2] == "errors":
			parts[i] = "<component>"
			if strings.HasSuffix(part, "-last-error") {
				parts[i] += "-last-error"
			}
		case i > 2:
			for _, a := range slices.Concat(s.hosts, s.names) {
				part = strings.ReplaceAll(part, a, "<host>")
			}
			parts[i] = numberShape.ReplaceAllString(part, "<number>")
		}
	}
	return strings.Join(parts, "/")
}

// nodes are the places of ZooKeeper's tree below Storm's root: how their data is
// written and what it holds.
func nodes(s *subject) []string {
	z := s.dial()
	defer z.c.Close()
	places := map[string]map[string]bool{}
	shapes := map[string]*shape{}
	var walk func(path string)
	walk = func(path string) {
		// These two come with the first change that needs them, which has its own
		// question.
		if strings.HasPrefix(path, "/storm/profilerconfigs") || strings.HasPrefix(path, "/storm/logconfigs/") {
			return
		}
		n, err := z.node(path)
		if err != nil {
			return // it went meanwhile
		}
		form, plain, err := payload(n.data)
		if err != nil {
			form = err.Error()
		}
		place := s.place(path)
		if form == "gzip" {
			kind := strings.Split(path, "/")[2]
			if shapes[place] == nil {
				shapes[place] = newShape()
			}
			if err := shapes[place].learn(stormthrift.NewReader(plain), thrift.STRUCT, storedAs[kind], ""); err != nil {
				form = "gzip of " + err.Error()
			} else {
				form = "gzip of a Thrift struct"
			}
		}
		if n.ephemeral {
			form += ", ephemeral"
		}
		if places[place] == nil {
			places[place] = map[string]bool{}
		}
		places[place][form] = true
		for _, child := range n.children {
			walk(path + "/" + child)
		}
	}
	walk("/storm")
	var out []string
	for _, place := range slices.Sorted(maps.Keys(places)) {
		out = append(out, place+": "+strings.Join(slices.Sorted(maps.Keys(places[place])), " or "))
		if shapes[place] != nil {
			out = append(out, shapes[place].lines(place+" ", 0)[1:]...)
		}
	}
	return out
}

// refusals are the codes of ZooKeeper's errors for reads of what is not there.
func refusals(s *subject) []string {
	z := s.dial()
	defer z.c.Close()
	var out []string
	for name, op := range map[string]int32{"exists": opExists, "getData": opGetData, "getChildren": opGetChildren2, "getACL": opGetACL} {
		code, _ := z.ask(op, "/storm/nobody", 0)
		out = append(out, name+" of nothing: "+strconv.Itoa(int(code)))
	}
	code, r := z.ask(opGetACL, "/storm/storms", 0)
	if n, perms, scheme, who := r.i32(), r.i32(), r.text(), r.text(); code == 0 {
		out = append(out, "acl: "+strconv.Itoa(int(n))+" of "+strconv.Itoa(int(perms))+" "+scheme+" "+who)
	}
	slices.Sort(out)
	return out
}
