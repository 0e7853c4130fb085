package ui

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/report/replay"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/screen"
)

// recorded reads a recorded cluster through the real client and the real poller
// until the topology's page and executors are there.
func recorded(t *testing.T, version string) (snap *cluster.Snapshot, id string, rec *replay.Recording) {
	t.Helper()
	rec, err := replay.Load(version)
	if err != nil {
		t.Fatal(err)
	}
	server, err := rec.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	client := nimbusclient.New(nimbusclient.Config{Seeds: []string{server.Addr}, LookupHost: nil})
	t.Cleanup(client.Close)
	poller := cluster.New(cluster.Config{Nimbus: cluster.Over(client), ZKOff: "a recording of Nimbus alone"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		poller.Run(t.Context())
	}()
	t.Cleanup(func() { <-done })
	deadline := time.After(20 * time.Second)
	for {
		select {
		case snap = <-poller.Snapshots():
		case <-deadline:
			t.Fatalf("the recording of %s does not answer: %v", version, snap.Link.NimbusErr)
		}
		if snap.Cluster == nil {
			continue
		}
		rows := snap.TopologyRows()
		i := slices.IndexFunc(rows, func(r nimbusclient.TopologySummary) bool { return r.Name == "flaky" || r.Name == "lab-words" })
		if i < 0 {
			t.Fatalf("the recording of %s has %v", version, rows)
		}
		id = rows[i].ID
		key := cluster.PageKey{Window: nimbusclient.WindowAll}
		poller.Demand(cluster.Demand{Pages: map[string][]cluster.PageKey{id: {key}}, Structures: map[string]bool{id: true}, Window: nimbusclient.WindowAll})
		if top := snap.Topologies[id]; top != nil && top.Pages[key] != nil && top.Structure != nil {
			return snap, id, rec
		}
	}
}

// shownValue is a figure of the Storm UI's page with how the console writes it.
func shownValue(key string, v any) (either []string, ok bool) {
	var n float64
	switch x := v.(type) {
	case float64:
		n = x
	case string: // REST writes latencies and capacities as text
		if err := json.Unmarshal([]byte(x), &n); err != nil {
			return nil, false
		}
	default:
		return nil, false
	}
	switch key {
	case "emitted", "transferred", "acked", "failed", "executed":
		return []string{human.Count(n)}, true
	case "completeLatency", "processLatency", "executeLatency":
		if n == 0 { // nothing was measured: the console shows a dash
			return nil, false
		}
		// REST has rounded to three decimals already.
		return []string{human.Latency(n), human.Latency(n + 0.0005), human.Latency(n - 0.0005)}, true
	}
	return nil, false
}

// TestRecordingsFillTheTopologyScreen draws what each recorded version knows and
// looks for every figure of that version's own Storm UI page.
func TestRecordingsFillTheTopologyScreen(t *testing.T) {
	t.Parallel()
	for _, version := range replay.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			snap, id, rec := recorded(t, version)
			page := "topology"
			if version == "2.8.3" {
				page = "topology-flaky-all"
			}
			body, _ := rec.Page(page)
			var ui struct {
				Name          string
				TopologyStats []map[string]any
				Spouts, Bolts []map[string]any
			}
			if err := json.Unmarshal(body, &ui); err != nil || len(ui.Bolts) == 0 {
				t.Fatalf("page %s: %v", page, err)
			}
			m, _ := testModel(t, func(d *Deps) { d.Now = func() time.Time { return snap.Made } })
			send(m, snapshotMsg{snap})
			press(m, ":")
			typed(m, "window all")
			press(m, "enter", "ctrl+w")
			send(m, screen.OpenMsg{ID: "topology", Arg: screen.Arg{TopologyID: id}})
			m.lay = newLayout(280, 80)
			m.dirty = true
			shown := text(m)
			line := func(name string) string {
				for l := range strings.SplitSeq(shown, "\n") {
					if words := strings.Fields(strings.TrimLeft(l, "▸✕▲◌ ")); len(words) > 0 && words[0] == name {
						return l
					}
				}
				t.Fatalf("%s is not on the screen:\n%s", name, shown)
				return ""
			}
			checked := 0
			look := func(row string, values map[string]any, keys ...string) {
				for _, key := range keys {
					want, ok := shownValue(key, values[key])
					if !ok {
						continue
					}
					checked++
					if !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(row, w) }) {
						t.Errorf("%s %s: the Storm UI says %v, the console's row is\n%s", version, key, values[key], row)
					}
				}
			}
			for _, w := range ui.TopologyStats {
				name := map[string]string{"600": "10m", "10800": "3h", "86400": "1d", ":all-time": "all"}[w["window"].(string)]
				look(line(name), w, "emitted", "acked", "failed", "completeLatency")
			}
			for _, s := range ui.Spouts {
				look(line(s["spoutId"].(string)), s, "completeLatency")
			}
			for _, b := range ui.Bolts {
				look(line(b["boltId"].(string)), b, "processLatency", "executeLatency")
			}
			if checked < 15 {
				t.Errorf("only %d figures were compared:\n%s", checked, shown)
			}
		})
	}
}
