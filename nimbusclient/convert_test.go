package nimbusclient

import (
	"cmp"
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// wire says for each value type which recorded key fills which field; keys
// with dots lead through nested structs. An embedded type has its own row.
// "@key" is the key of the map entry a value was made from.
var wire = map[reflect.Type]map[string]string{
	reflect.TypeFor[Cluster]():    {"Nimbuses": "nimbuses", "Supervisors": "supervisors", "Topologies": "topologies", "NimbusUptimeSecs": "nimbus_uptime_secs"},
	reflect.TypeFor[Nimbus]():     {"Host": "host", "Port": "port", "TLSPort": "tlsPort", "UptimeSecs": "uptime_secs", "Leader": "isLeader", "Version": "version"},
	reflect.TypeFor[Supervisor](): {"ID": "supervisor_id", "Host": "host", "UptimeSecs": "uptime_secs", "Slots": "num_workers", "UsedSlots": "num_used_workers", "Version": "version", "Resources": "total_resources", "UsedMem": "used_mem", "UsedCPU": "used_cpu", "FragmentedMem": "fragmented_mem", "FragmentedCPU": "fragmented_cpu", "Blacklisted": "blacklisted", "UsedGeneric": "used_generic_resources"},
	reflect.TypeFor[Assigned](): {
		"RequestedMemOnHeap": "requested_memonheap", "RequestedMemOffHeap": "requested_memoffheap", "RequestedCPU": "requested_cpu",
		"AssignedMemOnHeap": "assigned_memonheap", "AssignedMemOffHeap": "assigned_memoffheap", "AssignedCPU": "assigned_cpu",
		"RequestedGeneric": "requested_generic_resources", "AssignedGeneric": "assigned_generic_resources",
	},
	reflect.TypeFor[TopologySummary](): {"ID": "id", "Name": "name", "Status": "status", "Tasks": "num_tasks", "Executors": "num_executors", "Workers": "num_workers", "UptimeSecs": "uptime_secs", "Owner": "owner", "SchedStatus": "sched_status", "ReplicationCount": "replication_count", "StormVersion": "storm_version", "TopologyVersion": "topology_version"},
	reflect.TypeFor[StreamID]():        {"Component": "componentId", "Stream": "streamId"},
	reflect.TypeFor[ExecutorID]():      {"Start": "task_start", "End": "task_end"},
	reflect.TypeFor[ErrorInfo]():       {"Error": "error", "Time": "error_time_secs", "Host": "host", "Port": "port"},
	reflect.TypeFor[Debug]():           {"Enabled": "enable", "SamplingPct": "samplingpct"},
	reflect.TypeFor[Stats](): {
		"Executors": "common_stats.num_executors", "Tasks": "common_stats.num_tasks",
		"Emitted": "common_stats.emitted", "Transferred": "common_stats.transferred", "Acked": "common_stats.acked", "Failed": "common_stats.failed",
		"Executed": "specific_stats.bolt.executed", "ExecuteMs": "specific_stats.bolt.execute_latency_ms", "ProcessMs": "specific_stats.bolt.process_latency_ms",
		"Capacity": "specific_stats.bolt.capacity", "CompleteMs": "specific_stats.spout.complete_latency_ms",
	},
	reflect.TypeFor[ComponentStats](): {"ID": "@key", "Kind": "type", "LastError": "last_error", "Resources": "common_stats.resources_map"},
	reflect.TypeFor[Worker]():         {"SupervisorID": "supervisor_id", "Host": "host", "Port": "port", "TopologyID": "topology_id", "TopologyName": "topology_name", "Owner": "owner", "Executors": "num_executors", "UptimeSecs": "uptime_secs", "ComponentTasks": "component_to_num_tasks"},
	reflect.TypeFor[Memory](): {
		"RequestedRegularOnHeap": "requested_regular_on_heap_memory", "RequestedSharedOnHeap": "requested_shared_on_heap_memory",
		"RequestedRegularOffHeap": "requested_regular_off_heap_memory", "RequestedSharedOffHeap": "requested_shared_off_heap_memory",
		"AssignedRegularOnHeap": "assigned_regular_on_heap_memory", "AssignedSharedOnHeap": "assigned_shared_on_heap_memory",
		"AssignedRegularOffHeap": "assigned_regular_off_heap_memory", "AssignedSharedOffHeap": "assigned_shared_off_heap_memory",
	},
	reflect.TypeFor[Topology]():      {"ID": "id", "Name": "name", "Status": "status", "UptimeSecs": "uptime_secs", "Tasks": "num_tasks", "Executors": "num_executors", "WorkerCount": "num_workers", "Owner": "owner", "SchedStatus": "sched_status", "ReplicationCount": "replication_count", "StormVersion": "storm_version", "TopologyVersion": "topology_version", "Conf": "topology_conf", "Debug": "debug_options", "Spouts": "id_to_spout_agg_stats", "Bolts": "id_to_bolt_agg_stats", "Workers": "workers", "Totals": "topology_stats", "Window": "", "Sys": "", "Computed": ""},
	reflect.TypeFor[StreamStats]():   {"StreamID": "@key"},
	reflect.TypeFor[ExecutorRow]():   {"ID": "exec_summary.executor_info", "Host": "exec_summary.host", "Port": "exec_summary.port", "UptimeSecs": "exec_summary.uptime_secs", "Stats": "stats"},
	reflect.TypeFor[Component]():     {"ID": "component_id", "Kind": "component_type", "TopologyID": "topology_id", "TopologyName": "topology_name", "Status": "topology_status", "Executors": "num_executors", "Tasks": "num_tasks", "Totals": "window_to_stats", "Inputs": "gsid_to_input_stats", "Outputs": "sid_to_output_stats", "Execs": "exec_stats", "Errors": "errors", "EventLogHost": "eventlog_host", "EventLogPort": "eventlog_port", "Debug": "debug_options", "Resources": "resources_map", "Window": "", "Sys": "", "Computed": ""},
	reflect.TypeFor[Executor]():      {"ID": "executor_info", "Component": "component_id", "Host": "host", "Port": "port", "UptimeSecs": "uptime_secs", "Stats": "stats"},
	reflect.TypeFor[ExecutorStats](): {"Emitted": "emitted", "Transferred": "transferred", "Bolt": "specific.bolt", "Spout": "specific.spout", "SampleRate": "rate"},
	reflect.TypeFor[BoltStats]():     {"Acked": "acked", "Failed": "failed", "Executed": "executed", "ProcessMs": "process_ms_avg", "ExecuteMs": "execute_ms_avg"},
	reflect.TypeFor[SpoutStats]():    {"Acked": "acked", "Failed": "failed", "CompleteMs": "complete_ms_avg"},
	reflect.TypeFor[TopologyInfo]():  {"ExecutorList": "executors", "Errors": "errors", "Debug": "component_debug"},
	reflect.TypeFor[LogLevel]():      {"Action": "action", "Target": "target_log_level", "TimeoutSecs": "reset_log_level_timeout_secs", "TimeoutEpoch": "reset_log_level_timeout_epoch", "Reset": "reset_log_level"},
	reflect.TypeFor[ProfileRequest](): {
		"Host": "nodeInfo.node", "Port": "nodeInfo.port", "Action": "action", "Time": "time_stamp",
	},
	reflect.TypeFor[SupervisorPage](): {"Supervisors": "supervisor_summaries", "Workers": "worker_summaries"},
	reflect.TypeFor[OwnerSummary](): {
		"Owner": "owner", "Topologies": "total_topologies", "Executors": "total_executors", "Workers": "total_workers", "Tasks": "total_tasks",
		"MemoryUsage": "memory_usage", "CPUUsage": "cpu_usage", "MemoryGuarantee": "memory_guarantee", "CPUGuarantee": "cpu_guarantee",
		"MemoryGuaranteeLeft": "memory_guarantee_remaining", "CPUGuaranteeLeft": "cpu_guarantee_remaining", "IsolatedNodeGuarantee": "isolated_node_guarantee",
		"RequestedOnHeap": "requested_on_heap_memory", "RequestedOffHeap": "requested_off_heap_memory", "RequestedTotalMemory": "requested_total_memory", "RequestedCPU": "requested_cpu",
		"AssignedOnHeap": "assigned_on_heap_memory", "AssignedOffHeap": "assigned_off_heap_memory",
	},
	reflect.TypeFor[ComponentSpec](): {"ID": "@key", "Kind": "@kind", "Inputs": "common.inputs", "Outputs": "common.streams", "Parallelism": "common.parallelism_hint", "Conf": "common.json_conf", "Shell": "object.shell", "Class": "object.java_object.full_class_name"},
	reflect.TypeFor[Shell]():         {"Command": "execution_command", "Script": "script"},
	reflect.TypeFor[OutputStream]():  {"ID": "@key", "Fields": "output_fields", "Direct": "direct"},
	reflect.TypeFor[Structure]():     {"Components": "components"},
	reflect.TypeFor[Input]():         {"From": "@key", "Grouping": "", "Fields": "fields", "Class": "custom_object.full_class_name"},
	reflect.TypeFor[Totals]():        {"Emitted": "window_to_emitted", "Transferred": "window_to_transferred", "Acked": "window_to_acked", "Failed": "window_to_failed", "CompleteMs": "window_to_complete_latencies_ms"},
}

// unused are recorded keys that no value carries, and why.
var unused = map[string]string{
	"type":         "the kind is told by the map it stands in",
	"component_id": "an executor row stands in its component",
	"task_start":   "read as part of an executor id",
	"task_end":     "read as part of an executor id",
	"spout_object": "read as object",
	"bolt_object":  "read as object",
	"time_secs":    "Nimbus never fills a worker's heartbeat time",
}

// builder makes the value a recording must become, from its JSON and the
// table above, without the code under test.
type builder struct {
	t    *testing.T
	used map[string]bool
	all  map[string]bool
}

func (b *builder) build(js any, to reflect.Value) {
	if js == nil {
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		b.build(js, to.Elem())
	case reflect.String:
		to.SetString(b.word(js, to.Type()))
	case reflect.Bool:
		to.SetBool(js.(bool))
	case reflect.Int, reflect.Int64:
		if list, isSet := js.([]any); isSet { // NodeInfo's ports
			js = list[0]
		}
		to.SetInt(int64(js.(float64)))
	case reflect.Float64:
		to.SetFloat(js.(float64))
	case reflect.Slice:
		for _, e := range b.entries(js) {
			v := reflect.New(to.Type().Elem()).Elem()
			b.build(e, v)
			to.Set(reflect.Append(to, v))
		}
	case reflect.Map:
		b.buildMap(js, to)
	case reflect.Struct:
		b.buildStruct(js, to)
	default:
		b.t.Fatalf("no value has a %s", to.Type())
	}
}

// word turns the spellings of enumerations into ours.
func (b *builder) word(js any, to reflect.Type) string {
	switch v := js.(type) {
	case float64:
		if to == reflect.TypeFor[Kind]() {
			return []string{"", "bolt", "spout"}[int(v)]
		}
		return []string{"", "UNCHANGED", "UPDATE", "REMOVE"}[int(v)]
	case string:
		if v == "BOLT" || v == "SPOUT" {
			return strings.ToLower(v)
		}
		return v
	}
	return ""
}

// entries makes a list of a JSON list, of an object, and of a list of keys and
// values.
func (b *builder) entries(js any) []any {
	var out []any
	with := func(value any, key any) any {
		m := map[string]any{"@key": key}
		maps.Copy(m, value.(map[string]any))
		return m
	}
	switch v := js.(type) {
	case map[string]any:
		for key, e := range v {
			out = append(out, with(e, key))
		}
	case []any:
		for _, e := range v {
			m, _ := e.(map[string]any)
			if key, isEntry := m["key"]; isEntry {
				e = with(m["value"], key)
			}
			out = append(out, e)
		}
	}
	return out
}

func (b *builder) buildMap(js any, to reflect.Value) {
	to.Set(reflect.MakeMap(to.Type()))
	put := func(key, value any) {
		k, v := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		b.build(key, k)
		b.build(value, v)
		to.SetMapIndex(k, v)
	}
	switch m := js.(type) {
	case map[string]any:
		for key, value := range m {
			put(key, value)
		}
	case []any:
		for _, e := range m {
			put(e.(map[string]any)["key"], e.(map[string]any)["value"])
		}
	}
}

func (b *builder) buildStruct(js any, to reflect.Value) {
	// An output stream has no component: its map is keyed by the stream alone.
	if name, isName := js.(string); isName && to.Type() == reflect.TypeFor[StreamID]() {
		to.FieldByName("Stream").SetString(name)
		return
	}
	m := js.(map[string]any)
	if to.Type() != reflect.TypeFor[Input]() { // whose keys are groupings
		b.note(m)
	}
	for i := range to.NumField() {
		field := to.Type().Field(i)
		path, mapped := wire[to.Type()][field.Name]
		switch {
		case field.Anonymous && !mapped:
			b.build(js, to.Field(i))
		case !mapped:
			b.t.Fatalf("%s.%s stands for nothing recorded", to.Type(), field.Name)
		case path != "":
			if v, found := b.lookup(m, path); found {
				b.build(v, to.Field(i))
			}
		}
	}
}

// note remembers every key, to find those that nobody reads.
func (b *builder) note(m map[string]any) {
	for k, v := range m {
		b.all[k] = true
		switch k {
		case "common_stats", "specific_stats", "bolt", "spout", "specific", "exec_summary", "nodeInfo":
			b.note(v.(map[string]any))
		}
	}
}

func (b *builder) lookup(m map[string]any, path string) (any, bool) {
	for {
		key, rest, nested := strings.Cut(path, ".")
		v, found := m[key]
		if !found {
			return nil, false
		}
		b.used[key] = true
		if !nested {
			return v, true
		}
		if m, found = v.(map[string]any); !found {
			return nil, false
		}
		path = rest
	}
}

// expected makes the value a recorded result must become.
func (b *builder) expected(r recording, like any) any {
	to := reflect.New(reflect.TypeOf(like)).Elem()
	js := r.result
	switch r.method {
	case "getLogConfig":
		js = js.(map[string]any)["named_logger_level"]
		if js == nil {
			js = map[string]any{}
		}
	case "getTopologyHistory":
		list, _ := js.(map[string]any)["topo_ids"].([]any)
		history := make([]string, 0, len(list))
		for _, id := range list {
			history = append(history, id.(string))
		}
		return history
	case "getTopology", "getUserTopology":
		js = structureJSON(js)
	case "getTopologyPageInfo":
		js = withTotals(js)
	}
	b.build(js, to)
	if p, isTopology := reflect.TypeAssert[*Topology](to); isTopology {
		p.Window, p.Sys = Window(text(r.args, 1)), r.args[2].(bool)
	}
	if p, isComponent := reflect.TypeAssert[*Component](to); isComponent {
		p.Window, p.Sys = Window(text(r.args, 2)), r.args[3].(bool)
	}
	return to.Interface()
}

// withTotals turns five maps by window into one.
func withTotals(js any) any {
	page := clone(js.(map[string]any))
	stats, _ := page["topology_stats"].(map[string]any)
	totals := map[string]any{}
	for key, byWindow := range stats {
		for w, v := range byWindow.(map[string]any) {
			if totals[w] == nil {
				totals[w] = map[string]any{}
			}
			totals[w].(map[string]any)[key] = v
		}
	}
	page["topology_stats"] = totals
	return page
}

func clone(m map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, m)
	return out
}

// structureJSON puts spouts and bolts into one list.
func structureJSON(js any) any {
	var list []any
	for field, kind := range map[string]string{"spouts": "spout", "bolts": "bolt"} {
		for id, spec := range js.(map[string]any)[field].(map[string]any) {
			m := clone(spec.(map[string]any))
			m["@key"], m["@kind"], m["object"] = id, kind, m[kind+"_object"]
			list = append(list, m)
		}
	}
	return map[string]any{"components": list}
}

// groupings names each union member of a recorded grouping.
var groupings = map[string]GroupingKind{
	"fields": GroupFields, "shuffle": GroupShuffle, "all": GroupAll, "none": GroupNone, "direct": GroupDirect,
	"custom_object": GroupCustom, "custom_serialized": GroupCustom, "local_or_shuffle": GroupLocalOrShuffle,
}

func expectGroupings(s *Structure, js any) {
	for i := range s.Components {
		c := &s.Components[i]
		for _, list := range []string{"spouts", "bolts"} {
			spec, found := js.(map[string]any)[list].(map[string]any)[c.ID].(map[string]any)
			if !found {
				continue
			}
			inputs, _ := spec["common"].(map[string]any)["inputs"].([]any)
			for j := range c.Inputs {
				for _, e := range inputs {
					key := e.(map[string]any)["key"].(map[string]any)
					if key["componentId"] != c.Inputs[j].From.Component || key["streamId"] != c.Inputs[j].From.Stream {
						continue
					}
					for member, v := range e.(map[string]any)["value"].(map[string]any) {
						c.Inputs[j].Grouping = groupings[member]
						if fields, ok := v.([]any); ok && len(fields) == 0 {
							c.Inputs[j].Grouping = GroupGlobal
						}
					}
				}
			}
		}
	}
}

// Every field of every recorded value of every version arrives where it
// belongs, and every recorded field is read or listed as unused with a reason.
func TestRecordedValues(t *testing.T) {
	b := &builder{t: t, used: map[string]bool{}, all: map[string]bool{}}
	for version, server := range recordedVersions {
		var compared int
		for _, r := range recordings(t, version) {
			read, known := reads[r.method]
			if !known || r.reply == nil || r.applied != 0 || r.declared != "" || r.method == "getTopologyInfoByName" {
				continue
			}
			s, _ := play(t.Context(), server, func(request []byte) []byte { return withSeq(r.reply, seqOf(request)) })
			got, err := read(s, r.args)
			if err != nil {
				t.Errorf("%s %s: %v", version, r.name, err)
				continue
			}
			compared++
			if r.result == nil {
				continue
			}
			want := b.expected(r, got)
			if s, isStructure := want.(*Structure); isStructure {
				expectGroupings(s, r.result)
			}
			if diff := gocmp.Diff(want, got, likeRecorded...); diff != "" {
				t.Errorf("%s %s (-recorded +read):\n%s", version, r.name, diff)
			}
			checkOrder(t, version+" "+r.name, got)
		}
		if want := map[string]int{"0.9.7": 17, "1.2.2": 50, "2.8.3": 80}[version]; compared < want {
			t.Errorf("%s: %d values compared, want %d", version, compared, want)
		}
	}
	for key := range b.all {
		if reason := unused[key]; !b.used[key] && reason == "" && !strings.HasPrefix(key, "@") {
			t.Errorf("nobody reads %s", key)
		}
	}
}

// likeRecorded compares without order, which checkOrder looks at, and without
// what serialised Java says, which has its own test.
var likeRecorded = []gocmp.Option{
	cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b any) bool { return shown(a) < shown(b) }),
	cmpopts.IgnoreFields(ComponentSpec{}, "Shell", "Class"),
	cmpopts.IgnoreFields(ComponentStats{}, "Kind"),
}

func shown(v any) string {
	var text strings.Builder
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for _, f := range v.Fields() {
				walk(f)
			}
		case reflect.String:
			text.WriteString(v.String() + "\x00")
		case reflect.Int, reflect.Int64:
			text.WriteString(base64.StdEncoding.EncodeToString([]byte{byte(v.Int() >> 56), byte(v.Int() >> 40), byte(v.Int() >> 24), byte(v.Int() >> 16), byte(v.Int() >> 8), byte(v.Int())}))
		default: // figures are no names to sort by
		}
	}
	walk(reflect.ValueOf(v))
	return text.String()
}

// checkOrder looks at the documented orders.
func checkOrder(t *testing.T, name string, value any) {
	t.Helper()
	sorted := true
	byComponent := func(a, b ComponentStats) int { return cmp.Compare(a.ID, b.ID) }
	byStream := func(a, b StreamStats) int { return compareStreams(a.StreamID, b.StreamID) }
	byWorker := func(a, b Worker) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port)) }
	switch v := value.(type) {
	case *Cluster:
		sorted = slices.IsSortedFunc(v.Supervisors, func(a, b Supervisor) int {
			return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
		}) && slices.IsSortedFunc(v.Topologies, func(a, b TopologySummary) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
	case *Topology:
		sorted = slices.IsSortedFunc(v.Spouts, byComponent) && slices.IsSortedFunc(v.Bolts, byComponent) && slices.IsSortedFunc(v.Workers, byWorker)
	case *Component:
		sorted = slices.IsSortedFunc(v.Inputs, byStream) && slices.IsSortedFunc(v.Outputs, byStream) &&
			slices.IsSortedFunc(v.Execs, func(a, b ExecutorRow) int { return cmp.Compare(a.ID.Start, b.ID.Start) }) &&
			slices.IsSortedFunc(v.Errors, func(a, b ErrorInfo) int { return cmp.Compare(b.Time, a.Time) })
	case *TopologyInfo:
		sorted = slices.IsSortedFunc(v.ExecutorList, func(a, b Executor) int { return cmp.Compare(a.ID.Start, b.ID.Start) })
	case *SupervisorPage:
		sorted = slices.IsSortedFunc(v.Workers, byWorker)
	case *Structure:
		sorted = slices.IsSortedFunc(v.Components, func(a, b ComponentSpec) int { return cmp.Compare(a.ID, b.ID) })
	}
	if !sorted {
		t.Errorf("%s is not in its documented order", name)
	}
}
