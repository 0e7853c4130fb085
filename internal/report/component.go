package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Component is the answer of `component`: REST's topology/ID/component/COMP.
// Windows go from the shortest to the longest, streams are sorted by component
// and stream, executors by their first task, errors from the newest to the
// oldest. A spout has "spoutSummary", a bolt "boltStats" and "inputStats". Keys
// of stormtop alone: "kind", "skew", "computed", and of an executor "share" and
// "tuplesInside".
func Component(c nimbusclient.Component, d Detail) Answer {
	windows := componentWindows(c)
	execs := executorRows(c, d)
	inputs, outputs := sortedStreams(c.Inputs), sortedStreams(c.Outputs)
	errs := errorRows(c.Errors, d.AsOf)
	bolt := c.Kind == nimbusclient.Bolt
	totals, ins, outs, people := totalFields(), inputFields(), outputFields(bolt), executorFields(bolt)
	key := "spoutSummary"
	if bolt {
		totals, key = boltWindowFields(), "boltStats"
	}
	body := componentBody(c, d)
	body = append(body, pair{key, rows(windows, totals)})
	if bolt {
		body = append(body, pair{"inputStats", rows(inputs, ins)})
	}
	body = append(body,
		pair{"outputStats", rows(outputs, outs)},
		pair{"executorStats", rows(execs, people)},
		pair{"componentErrors", rows(errs, errorFields())})
	a := Answer{
		body: body, records: rows(execs, people), keys: keys(people), sampled: d.sampled(),
		sections: []section{
			{facts: componentFacts(body)},
			{title: "totals", columns: columns(totals), rows: rows(windows, totals), empty: noStats},
		},
	}
	if bolt {
		a.sections = append(a.sections, section{title: titled("input", len(inputs), c.Window), columns: columns(ins), rows: rows(inputs, ins), empty: "Nothing came in yet."})
	}
	a.sections = append(a.sections,
		section{title: titled("output", len(outputs), c.Window), columns: columns(outs), rows: rows(outputs, outs), empty: "Nothing was emitted yet."},
		section{title: titled("executors", len(execs), c.Window), columns: columns(people), rows: rows(execs, people), empty: "No executor has reported yet."},
		section{title: titled("errors", len(errs), ""), columns: columns(errorFields()), rows: rows(errs, errorFields()), empty: "None that the cluster still remembers."})
	for _, e := range execs {
		a.names = append(a.names, e.ID.String())
	}
	return a
}

func componentBody(c nimbusclient.Component, d Detail) object {
	body := object{
		{"id", c.ID},
		{"name", word(c.TopologyName)},
		{"topologyId", c.TopologyID},
		{"topologyStatus", word(c.Status)},
		{"componentType", string(c.Kind)},
		{"kind", kindOf(shellOf(d.Structure, c.ID))},
		{"executors", ptr(c.Executors)},
		{"tasks", ptr(c.Tasks)},
		{"window", string(c.Window)},
		{"systemComponents", c.Sys},
		{"computed", c.Computed},
	}
	body = append(body, debugKeys(c.Debug, d.Server, false)...)
	var skew *float64
	if list := d.executors(c.ID); len(list) > 0 {
		skew = known(cluster.Skew(list, c.Window))
	}
	return append(body, object{
		{"schedulerDisplayResource", d.NimbusConf["scheduler.display.resource"]},
		{"requestedMemOnHeap", ptr(resource(c.Resources, onHeapName, onHeapName1))},
		{"requestedMemOffHeap", ptr(resource(c.Resources, offHeapName, offHeapName1))},
		{"requestedCpu", ptr(resource(c.Resources, cpuName, cpuName1))},
		{"requestedGenericResources", generic(c.Resources)},
		{"skew", ptr(skew)},
	}...)
}

func componentFacts(body object) []fact {
	of := func(key string, show func(any) string) string {
		if v := body.get(key); v != nil {
			return show(v)
		}
		return human.Unknown
	}
	kind := of("componentType", plain)
	if k := body.get("kind"); k != nil {
		kind += ", " + plain(k)
	}
	facts := []fact{
		{"component", of("id", plain) + " (" + kind + ")"},
		{"topology", of("name", plain) + "  " + of("topologyId", plain)},
		{"size", several(body.get("executors"), "executor") + " · " + several(body.get("tasks"), "task")},
	}
	if skew := body.get("skew"); skew != nil {
		facts = append(facts, fact{"skew", human.Decimal(number(skew), 1)})
	}
	if body.get("debug") == true {
		facts = append(facts, fact{"sampling", of("samplingPct", count) + " %"})
	}
	return facts
}

func componentWindows(c nimbusclient.Component) []windowStats {
	var out []windowStats
	for _, w := range windowList(c.Totals) {
		out = append(out, windowStats{w, c.Totals[w]})
	}
	return out
}

func boltWindowFields() []field[windowStats] {
	fields := append([]field[windowStats]{windowField()}, flowFields(statsOf)...)
	fields = append(fields, workFields(statsOf)...)
	fields = append(fields, ackFields(statsOf)...)
	return append(fields, field[windowStats]{key: "capacity", get: func(s windowStats) any { return ptr(s.Capacity) }})
}

func sortedStreams(list []nimbusclient.StreamStats) []nimbusclient.StreamStats {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b nimbusclient.StreamStats) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Stream, b.Stream))
	})
	return list
}

func streamStats(s nimbusclient.StreamStats) nimbusclient.Stats { return s.Stats }

func inputFields() []field[nimbusclient.StreamStats] {
	type stream = nimbusclient.StreamStats
	fields := []field[stream]{
		{key: "component", title: "COMPONENT", get: func(s stream) any { return s.Component }},
		{key: "stream", title: "STREAM", get: func(s stream) any { return s.Stream }},
	}
	fields = append(fields, workFields(streamStats)...)
	return append(fields, ackFields(streamStats)...)
}

func outputFields(bolt bool) []field[nimbusclient.StreamStats] {
	type stream = nimbusclient.StreamStats
	fields := append([]field[stream]{
		{key: "stream", title: "STREAM", get: func(s stream) any { return s.Stream }},
	}, flowFields(streamStats)...)
	if bolt {
		return fields
	}
	fields = append(fields, completeField(streamStats))
	return append(fields, ackFields(streamStats)...)
}

// executorRow is an executor with what stormtop adds.
type executorRow struct {
	nimbusclient.ExecutorRow
	shell         *string
	share, inside *float64
}

// executorRows sorts the executors and says how the work is spread over them.
func executorRows(c nimbusclient.Component, d Detail) []executorRow {
	list := slices.Clone(c.Execs)
	slices.SortStableFunc(list, func(a, b nimbusclient.ExecutorRow) int {
		return cmp.Or(cmp.Compare(a.ID.Start, b.ID.Start), cmp.Compare(a.ID.End, b.ID.End))
	})
	work := func(s nimbusclient.Stats) *int64 {
		if c.Kind == nimbusclient.Bolt {
			return s.Executed
		}
		return s.Emitted
	}
	total := 0.0
	for _, e := range list {
		if n := work(e.Stats); n != nil {
			total += float64(*n)
		}
	}
	inside := map[nimbusclient.ExecutorID]float64{}
	for _, e := range d.executors(c.ID) {
		inside[e.ID] = cluster.Inside(e)
	}
	shell := shellOf(d.Structure, c.ID)
	out := make([]executorRow, len(list))
	for i, e := range list {
		r := executorRow{ExecutorRow: e, shell: shell}
		if n := work(e.Stats); n != nil && total > 0 {
			r.share = known(float64(*n) / total)
		}
		if l, ok := inside[e.ID]; ok {
			r.inside = known(l)
		}
		out[i] = r
	}
	return out
}

func executorStats(e executorRow) nimbusclient.Stats { return e.Stats }

func executorFields(bolt bool) []field[executorRow] {
	fields := []field[executorRow]{
		{key: "id", title: "EXECUTOR", get: func(e executorRow) any { return e.ID.String() }},
		{key: "host", title: "HOST", get: func(e executorRow) any { return word(e.Host) }},
		{key: "port", title: "PORT", show: plain, get: func(e executorRow) any { return e.Port }},
		{key: "uptimeSeconds", title: "UP", show: age, get: func(e executorRow) any { return ptr(e.UptimeSecs) }},
		{key: "share", title: "SHARE", sampled: true, show: func(v any) string { return human.Share(number(v)) }, get: func(e executorRow) any { return ptr(e.share) }},
	}
	fields = append(fields, flowFields(executorStats)...)
	if bolt {
		fields = append(fields, workFields(executorStats)...)
		fields = append(fields, loadField[executorRow](),
			field[executorRow]{key: "kind", get: func(e executorRow) any { return kindOf(e.shell) }},
			capacityField(executorStats), insideField(func(e executorRow) *float64 { return e.inside }))
	} else {
		fields = append(fields, completeField(executorStats))
	}
	return append(fields, ackFields(executorStats)...)
}

// errorRow is a reported error at the time of the answer.
type errorRow struct {
	nimbusclient.ErrorInfo
	asOf time.Time
}

func errorRows(list []nimbusclient.ErrorInfo, asOf time.Time) []errorRow {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b nimbusclient.ErrorInfo) int {
		host := func(e nimbusclient.ErrorInfo) string { return plain(ptr(e.Host)) }
		port := func(e nimbusclient.ErrorInfo) string { return plain(ptr(e.Port)) }
		return cmp.Or(-cmp.Compare(a.Time, b.Time), cmp.Compare(host(a), host(b)), cmp.Compare(port(a), port(b)), cmp.Compare(a.Error, b.Error))
	})
	out := make([]errorRow, len(list))
	for i, e := range list {
		out[i] = errorRow{e, asOf}
	}
	return out
}

func errorFields() []field[errorRow] {
	return []field[errorRow]{
		{key: "errorTime", get: func(e errorRow) any { return e.Time }},
		{key: "errorLapsedSecs", title: "AGE", show: age, get: func(e errorRow) any { return lapsed(e.asOf, &e.ErrorInfo) }},
		{key: "errorHost", title: "HOST", get: func(e errorRow) any { return ptr(e.Host) }},
		{key: "errorPort", title: "PORT", show: plain, get: func(e errorRow) any { return ptr(e.Port) }},
		{key: "error", title: "ERROR", show: headline, cut: 80, get: func(e errorRow) any { return e.Error }},
	}
}
