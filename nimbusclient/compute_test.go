package nimbusclient

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages097 answers the calls a computed page needs with what a 0.9.7 server
// said in the same second as its Storm UI.
func pages097(t *testing.T) (*Session, map[string][]byte) {
	t.Helper()
	byMethod := map[string][]byte{}
	for _, r := range recordings(t, "0.9.7") {
		switch r.name {
		case "getTopologyInfo.ok", "getTopology.ok", "getTopologyConf.ok":
			byMethod[r.method] = r.reply
		}
	}
	s, _ := play(t.Context(), recordedVersions["0.9.7"], func(request []byte) []byte {
		for method, reply := range byMethod {
			if strings.Contains(string(request[:40]), method+"\x00") {
				return withSeq(reply, seqOf(request))
			}
		}
		return nil
	})
	return s, archive(t, "0.9.7")
}

// ui is one answer of the Storm UI.
func ui(t *testing.T, files map[string][]byte, name string) map[string]any {
	t.Helper()
	var page map[string]any
	if err := json.Unmarshal(files["ui/"+name+".json"], &page); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return page
}

// comparison compares our figures with the UI's texts and counts them.
type comparison struct {
	t        *testing.T
	at       string
	compared int
}

func (c *comparison) equal(row map[string]any, key string, ours any) {
	c.t.Helper()
	theirs, present := row[key]
	if !present {
		c.t.Errorf("%s: the UI has no %s", c.at, key)
		return
	}
	c.compared++
	switch v := ours.(type) {
	case *int64:
		ours = orNil(v)
	case *int:
		ours = orNil(v)
	case *float64: // the UI prints a Java float; "0" stands for nothing
		ours = "0"
		if v != nil {
			ours = strconv.FormatFloat(float64(float32(*v)), 'f', 3, 64)
		}
	case *string:
		if v == nil {
			ours = ""
		} else {
			ours = *v
		}
	}
	if fmt.Sprint(theirs) != fmt.Sprint(ours) {
		c.t.Errorf("%s: %s is %v here and %v in the UI", c.at, key, ours, theirs)
	}
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// done reports every key of the UI's rows that was not compared.
func (c *comparison) done(row map[string]any, keys ...string) {
	c.t.Helper()
	skipped := map[string]string{
		"windowPretty": "wording", "windowHint": "wording", "uptime": "a clock", "errorLapsedSecs": "a clock",
		"encodedId": "wording", "encodedSpoutId": "wording", "encodedBoltId": "wording", "encodedTopologyId": "wording", "encodedComponent": "wording",
		"workerLogLink": "a link", "errorWorkerLogLink": "a link",
		"configuration": "the text Conf holds", "visualizationTable": "wording", "msgTimeout": "a key of Conf",
	}
	for key := range row {
		if skipped[key] == "" && !slices.Contains(keys, key) {
			c.t.Errorf("%s: %s of the UI is not compared", c.at, key)
		}
	}
}

// Computed topology pages show what the 0.9.7 Storm UI shows.
func TestComputedTopologyEqualsUI(t *testing.T) {
	s, files := pages097(t)
	for name, ask := range map[string]struct {
		window Window
		sys    bool
	}{
		"topology":         {WindowAll, false},
		"topology.600.sys": {Window10m, true},
	} {
		page := ui(t, files, name)
		topology, err := s.Topology(page["id"].(string), ask.window, ask.sys)
		if err != nil {
			t.Fatal(err)
		}
		if !topology.Computed || topology.Conf == "" {
			t.Errorf("%s: computed %v, %d bytes of configuration", name, topology.Computed, len(topology.Conf))
		}
		c := &comparison{t: t, at: name}
		c.equal(page, "id", topology.ID)
		c.equal(page, "name", topology.Name)
		c.equal(page, "status", topology.Status)
		c.equal(page, "window", topology.Window)
		c.equal(page, "tasksTotal", topology.Tasks)
		c.equal(page, "executorsTotal", topology.Executors)
		c.equal(page, "workersTotal", topology.WorkerCount)
		c.done(page, "id", "name", "status", "window", "tasksTotal", "executorsTotal", "workersTotal", "topologyStats", "spouts", "bolts")
		totals := list(page, "topologyStats")
		if len(totals) != len(topology.Totals) {
			t.Errorf("%s: %d windows, the UI has %d", name, len(topology.Totals), len(totals))
		}
		for _, row := range totals {
			c.at = name + " " + row["window"].(string)
			w := topology.Totals[Window(row["window"].(string))]
			c.equal(row, "emitted", w.Emitted)
			c.equal(row, "transferred", w.Transferred)
			c.equal(row, "acked", w.Acked)
			c.equal(row, "failed", w.Failed)
			c.equal(row, "completeLatency", w.CompleteMs)
			c.done(row, "window", "emitted", "transferred", "acked", "failed", "completeLatency")
		}
		compareRows(c, name, list(page, "spouts"), topology.Spouts, "spoutId")
		compareRows(c, name, list(page, "bolts"), topology.Bolts, "boltId")
		if c.compared < 70 {
			t.Errorf("%s: only %d figures compared", name, c.compared)
		}
	}
}

func list(page map[string]any, key string) []map[string]any {
	var out []map[string]any
	rows, _ := page[key].([]any)
	for _, r := range rows {
		out = append(out, r.(map[string]any))
	}
	return out
}

func compareRows(c *comparison, name string, rows []map[string]any, ours []ComponentStats, id string) {
	c.t.Helper()
	if len(rows) != len(ours) {
		c.t.Errorf("%s: %d rows, the UI has %d", name, len(ours), len(rows))
	}
	for _, row := range rows {
		c.at = name + " " + row[id].(string)
		i := slices.IndexFunc(ours, func(s ComponentStats) bool { return s.ID == row[id] })
		if i < 0 {
			c.t.Errorf("%s is missing", c.at)
			continue
		}
		s := ours[i]
		keys := []string{id, "executors", "tasks", "emitted", "transferred", "acked", "failed", "lastError", "errorHost", "errorPort"}
		c.equal(row, "executors", s.Executors)
		c.equal(row, "tasks", s.Tasks)
		c.equal(row, "emitted", s.Emitted)
		c.equal(row, "transferred", s.Transferred)
		c.equal(row, "acked", s.Acked)
		c.equal(row, "failed", s.Failed)
		if s.Kind == Spout {
			c.equal(row, "completeLatency", s.CompleteMs)
			keys = append(keys, "completeLatency")
		} else {
			c.equal(row, "executed", s.Executed)
			c.equal(row, "executeLatency", s.ExecuteMs)
			c.equal(row, "processLatency", s.ProcessMs)
			c.equal(row, "capacity", s.Capacity)
			keys = append(keys, "executed", "executeLatency", "processLatency", "capacity")
		}
		last := ErrorInfo{}
		port := any("")
		if s.LastError != nil {
			last = *s.LastError
			port = orNil(last.Port)
		}
		c.equal(row, "lastError", last.Error[:min(200, len(last.Error))]) // the UI cuts it there
		c.equal(row, "errorHost", last.Host)
		c.equal(row, "errorPort", port)
		c.done(row, keys...)
	}
}

// Computed component pages show what the 0.9.7 Storm UI shows.
func TestComputedComponentEqualsUI(t *testing.T) {
	s, files := pages097(t)
	for name, ask := range map[string]struct {
		window Window
		sys    bool
	}{
		"component.sentences":     {WindowAll, false},
		"component.split":         {WindowAll, false},
		"component.count.600.sys": {Window10m, true},
	} {
		page := ui(t, files, name)
		comp, err := s.Component(page["topologyId"].(string), page["id"].(string), ask.window, ask.sys)
		if err != nil {
			t.Fatal(err)
		}
		c := &comparison{t: t, at: name}
		c.equal(page, "id", comp.ID)
		c.equal(page, "name", comp.TopologyName)
		c.equal(page, "componentType", comp.Kind)
		c.equal(page, "executors", comp.Executors)
		c.equal(page, "tasks", comp.Tasks)
		c.equal(page, "topologyId", comp.TopologyID)
		c.equal(page, "window", comp.Window)
		c.done(page, "id", "name", "componentType", "executors", "tasks", "topologyId", "window", "boltStats", "spoutSummary", "inputStats", "outputStats", "executorStats", "componentErrors")
		for _, row := range append(list(page, "boltStats"), list(page, "spoutSummary")...) {
			c.at = name + " " + row["window"].(string)
			compareStats(c, row, comp.Totals[Window(row["window"].(string))], "window", "emitted", "transferred", "acked", "failed")
		}
		compareStreamRows(c, name, list(page, "outputStats"), comp.Outputs)
		compareStreamRows(c, name, list(page, "inputStats"), comp.Inputs)
		compareExecutorRows(c, name, list(page, "executorStats"), comp.Execs)
		errs := list(page, "componentErrors")
		if len(errs) != len(comp.Errors) {
			t.Fatalf("%s: %d errors, the UI has %d", name, len(comp.Errors), len(errs))
		}
		for i, row := range errs {
			c.at = fmt.Sprintf("%s error %d", name, i)
			c.equal(row, "error", comp.Errors[i].Error)
			c.equal(row, "time", float64(comp.Errors[i].Time*1000))
			c.equal(row, "errorHost", comp.Errors[i].Host)
			c.equal(row, "errorPort", comp.Errors[i].Port)
			c.done(row, "error", "time", "errorHost", "errorPort")
		}
		if c.compared < 40 {
			t.Errorf("%s: only %d figures compared", name, c.compared)
		}
	}
}

// compareStats compares the figures a row has; keys are those it must have
// besides latencies.
func compareStats(c *comparison, row map[string]any, s Stats, keys ...string) {
	c.t.Helper()
	for key, ours := range map[string]any{
		"emitted": s.Emitted, "transferred": s.Transferred, "acked": s.Acked, "failed": s.Failed, "executed": s.Executed,
		"executeLatency": s.ExecuteMs, "processLatency": s.ProcessMs, "completeLatency": s.CompleteMs, "capacity": s.Capacity,
	} {
		if _, present := row[key]; present {
			keys = append(keys, key)
			c.equal(row, key, ours)
		}
	}
	c.done(row, keys...)
}

func compareStreamRows(c *comparison, name string, rows []map[string]any, ours []StreamStats) {
	c.t.Helper()
	if len(rows) != len(ours) {
		c.t.Errorf("%s: %d streams, the UI has %d", name, len(ours), len(rows))
	}
	for _, row := range rows {
		component, _ := row["component"].(string)
		id := StreamID{component, row["stream"].(string)}
		c.at = fmt.Sprintf("%s %v", name, id)
		i := slices.IndexFunc(ours, func(s StreamStats) bool { return s.StreamID == id })
		if i < 0 {
			c.t.Errorf("%s is missing", c.at)
			continue
		}
		row := maps.Clone(row)
		if component != "" {
			// The 0.9.7 UI prints the execute latency in this column; 0.10
			// mended it.
			if row["processLatency"] != row["executeLatency"] {
				c.t.Errorf("%s: the UI has a process latency of its own", c.at)
			}
			delete(row, "processLatency")
		}
		compareStats(c, row, ours[i].Stats, "component", "stream")
	}
}

func compareExecutorRows(c *comparison, name string, rows []map[string]any, ours []ExecutorRow) {
	c.t.Helper()
	if len(rows) != len(ours) {
		c.t.Errorf("%s: %d executors, the UI has %d", name, len(ours), len(rows))
	}
	for i, row := range rows {
		c.at = fmt.Sprintf("%s %v", name, row["id"])
		c.equal(row, "id", ours[i].ID.String())
		c.equal(row, "host", ours[i].Host)
		c.equal(row, "port", ours[i].Port)
		compareStats(c, row, ours[i].Stats, "id", "host", "port")
	}
}

// The formulas at their edges, by hand.
func TestAggregateFormulas(t *testing.T) {
	in := StreamID{"spout", "default"}
	tick := StreamID{"__system", "__tick"}
	exec := func(start int, uptime *int, acked, executed map[StreamID]int64, process, execute map[StreamID]float64) Executor {
		all := func(m map[StreamID]int64) map[Window]map[StreamID]int64 {
			return map[Window]map[StreamID]int64{Window10m: m}
		}
		avg := func(m map[StreamID]float64) map[Window]map[StreamID]float64 {
			return map[Window]map[StreamID]float64{Window10m: m}
		}
		return Executor{ID: ExecutorID{start, start}, Component: "b", Host: "w1", Port: 6700, UptimeSecs: uptime, Stats: &ExecutorStats{
			Emitted:     map[Window]map[string]int64{Window10m: {"default": 10, "__ack_ack": 5}},
			Transferred: map[Window]map[string]int64{Window10m: {"default": 20}},
			Bolt:        &BoltStats{Acked: all(acked), Executed: all(executed), Failed: all(map[StreamID]int64{}), ProcessMs: avg(process), ExecuteMs: avg(execute)},
		}}
	}
	a := exec(1, new(300), map[StreamID]int64{in: 100}, map[StreamID]int64{in: 100, tick: 20}, map[StreamID]float64{in: 2}, map[StreamID]float64{in: 3, tick: 0})
	b := exec(2, new(10_000), map[StreamID]int64{in: 300}, map[StreamID]int64{in: 500}, map[StreamID]float64{in: 6}, map[StreamID]float64{in: 1})
	silent := Executor{ID: ExecutorID{3, 4}, Component: "b", Host: "w1", Port: 6701}
	info := &TopologyInfo{
		TopologySummary: TopologySummary{ID: "t-1-1", Name: "t"},
		ExecutorList:    []Executor{a, b, silent},
	}
	kinds := map[string]Kind{"b": Bolt}
	topology := topologyOf(info, kinds, Window10m, false)
	if len(topology.Bolts) != 1 {
		t.Fatalf("%d bolts", len(topology.Bolts))
	}
	row := topology.Bolts[0]
	for what, got := range map[string][2]any{
		"executors":                          {*row.Executors, 3},
		"tasks":                              {*row.Tasks, 4},
		"emitted without system streams":     {*row.Emitted, int64(20)},
		"executed with ticks":                {*row.Executed, int64(620)},
		"execute latency by executed":        {*row.ExecuteMs, (3.0*100 + 0*20 + 1.0*500) / 620},
		"process latency by acked":           {*row.ProcessMs, (2.0*100 + 6.0*300) / 400},
		"capacity of the busiest":            {*row.Capacity, (3.0*100 + 0*20) / (1000 * 300)},
		"failed is counted, and none":        {*row.Failed, int64(0)},
		"workers by host and port":           {*topology.WorkerCount, 2},
		"no spouts, so no acks of trees":     {topology.Totals[Window10m].Acked, (*int64)(nil)},
		"emitted of all":                     {*topology.Totals[Window10m].Emitted, int64(20)},
		"a window nobody knows is absent":    {topologyOf(info, kinds, Window1d, false).Bolts[0].Emitted, (*int64)(nil)},
		"system streams when wanted":         {*topologyOf(info, kinds, Window10m, true).Bolts[0].Emitted, int64(30)},
		"a component outside the structure":  {len(topologyOf(info, nil, Window10m, true).Bolts), 0},
		"an executor without a heartbeat":    {componentOf(info, "b", Bolt, Window10m, false).Execs[2].Emitted, (*int64)(nil)},
		"its capacity":                       {*componentOf(info, "b", Bolt, Window10m, false).Execs[2].Capacity, 0.0},
		"an executor's own process latency":  {*componentOf(info, "b", Bolt, Window10m, false).Execs[1].ProcessMs, 6.0},
		"a stream executed and never acked":  {componentOf(info, "b", Bolt, Window10m, false).Inputs[0].ProcessMs, (*float64)(nil)},
		"acks of that stream":                {*componentOf(info, "b", Bolt, Window10m, false).Inputs[0].Acked, int64(0)},
		"latency of a window without stream": {*aggregateOf([]Executor{exec(1, nil, nil, nil, nil, nil)}, true).at(Window10m).ExecuteMs, 0.0},
	} {
		if fmt.Sprint(got[0]) != fmt.Sprint(got[1]) {
			t.Errorf("%s: %v, want %v", what, got[0], got[1])
		}
	}
}
