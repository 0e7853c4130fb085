//go:build lab

package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/report/restcompare"
	"github.com/stormtop/stormtop/internal/termtest/require"
	"github.com/stormtop/stormtop/nimbusclient"
)

// patience is how long rounds are repeated until every combination had a valid
// one. Statistics move with heartbeats, every 3 s or 10 s in the lab, and a round
// takes a fraction of a second.
const patience = 4 * time.Minute

// combination is one question to both.
type combination struct {
	endpoint restcompare.Endpoint
	path     string   // of REST, with its query
	args     []string // of stormtop
}

func (c combination) String() string { return strings.Join(c.args, " ") }

// The commands give the same values as the Storm UI of a running cluster: for
// every topology, component, window, with and without system components. A round
// is REST – stormtop – REST, valid when both REST answers agree.
func TestLabSameAsREST(t *testing.T) {
	nimbus := require.Env(t, "STORMTOP_NIMBUS", "addresses of a cluster's Nimbuses")
	ui := os.Getenv("LAB_UI")
	if ui == "" {
		fmt.Println("REST: no Storm UI here (LAB_UI is not set); compared with the recorded answers instead")
		compareRecorded(t)
		return
	}
	l := &live{t: t, ui: strings.TrimSuffix(ui, "/"), bin: buildCommand(t), line: lineOf(t, nimbus)}
	open := l.combinations()
	total := len(open)
	deadline := time.Now().Add(patience)
	values, rounds, invalid, passing := 0, 0, 0, 0
	for len(open) > 0 && time.Now().Before(deadline) && !t.Failed() {
		var again []combination
		for _, o := range l.rounds(open) {
			rounds++
			values += o.values
			switch {
			case o.err != nil:
				t.Errorf("%s: %v", o.of, o.err)
			case !o.valid:
				invalid++
				again = append(again, o.of)
			case len(o.differences) > 0:
				// Two questions at once can set Nimbus' own memory of the
				// heartbeats back by one, for a moment between two equal REST
				// answers. A difference of ours stays when it is asked alone.
				passing++
				l.alone(o)
			}
		}
		open = again
	}
	for _, c := range open {
		t.Errorf("no valid round of %q within %s: REST kept moving", c, patience)
	}
	fmt.Printf("REST: compared live with %s (Storm %s): %d combinations, %d values, %d rounds of which %d were not of one moment and %d were asked again alone\n",
		ui, l.line, total, values, rounds, invalid, passing)
}

// alone repeats a round that differed, with nothing else being asked, until a
// valid one shows the difference again, which is an error, or shows none.
func (l *live) alone(o outcome) {
	for range 10 {
		again := l.round(o.of)
		switch {
		case again.err != nil:
			l.t.Errorf("%s: %v", o.of, again.err)
			return
		case !again.valid:
			continue
		}
		for _, d := range again.differences {
			l.t.Errorf("%s: %s (before: %s)", o.of, d, strings.Join(o.differences, "; "))
		}
		return
	}
	l.t.Errorf("%s: %s, and no valid round to see it again", o.of, strings.Join(o.differences, "; "))
}

type live struct {
	t       *testing.T
	ui, bin string
	line    string
}

func buildCommand(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "stormtop")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/stormtop/stormtop/cmd/stormtop")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building stormtop: %v\n%s", err, out)
	}
	return bin
}

func lineOf(t *testing.T, nimbus string) string {
	t.Helper()
	client := nimbusclient.New(nimbusclient.Config{Seeds: strings.Split(nimbus, ",")})
	defer client.Close()
	line := ""
	err := client.Read(t.Context(), func(s *nimbusclient.Session) error {
		line = s.Server().Line.String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// combinations lists every question that this version's UI can be asked.
func (l *live) combinations() []combination {
	list := []combination{
		{restcompare.ClusterSummary, "cluster/summary", []string{"status"}},
		{restcompare.TopologySummary, "topology/summary", []string{"list"}},
		{restcompare.SupervisorSummary, "supervisor/summary", []string{"supervisors"}},
	}
	if l.line != "0.9" && l.line != "0.10" { // whose UI has no such page
		list = append(list, combination{restcompare.NimbusSummary, "nimbus/summary", []string{"status"}})
	}
	var topologies struct {
		Topologies []struct{ ID, Status string }
	}
	l.into("topology/summary", &topologies)
	if len(topologies.Topologies) == 0 {
		l.t.Fatal("no topology runs: submit one before comparing")
	}
	for _, t := range topologies.Topologies {
		l.awaitStatistics(t.ID)
		var page struct {
			Spouts []struct{ SpoutID string }
			Bolts  []struct{ BoltID string }
		}
		l.into("topology/"+url.PathEscape(t.ID)+"?sys=true", &page)
		for _, window := range nimbusclient.Windows {
			for _, sys := range []bool{false, true} {
				query := url.Values{"window": {string(window)}}
				args := []string{"--window", string(window)}
				if sys {
					query.Set("sys", "true")
					args = append(args, "--sys")
				}
				add := func(e restcompare.Endpoint, path string, command ...string) {
					list = append(list, combination{e, path + "?" + query.Encode(), append(command, args...)})
				}
				base := "topology/" + url.PathEscape(t.ID)
				add(restcompare.TopologyPage, base, "topology", t.ID, "--conf")
				for _, s := range page.Spouts {
					add(restcompare.ComponentPage, base+"/component/"+url.PathEscape(s.SpoutID), "component", t.ID, s.SpoutID)
				}
				for _, b := range page.Bolts {
					add(restcompare.ComponentPage, base+"/component/"+url.PathEscape(b.BoltID), "component", t.ID, b.BoltID)
				}
			}
		}
	}
	return list
}

// firstBeats is how long a topology may take to report. A supervisor of 0.9 that
// was busy with the slot's last topology gives a worker up after two minutes
// (supervisor.worker.start.timeout.secs) and only then starts the new one.
const firstBeats = 4 * time.Minute

// awaitStatistics waits for a topology's first heartbeats. Until then old UIs
// print a row of nothing for all time, where stormtop has no row.
func (l *live) awaitStatistics(id string) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(firstBeats); time.Now().Before(deadline); <-tick.C {
		var page struct {
			TopologyStats []struct {
				Window  string
				Emitted *float64
			}
		}
		l.into("topology/"+url.PathEscape(id), &page)
		for _, row := range page.TopologyStats {
			if row.Window == string(nimbusclient.WindowAll) && row.Emitted != nil && *row.Emitted > 0 {
				return
			}
		}
	}
	l.t.Fatalf("%s has no statistics after %s", id, firstBeats)
}

// outcome is what one round came to.
type outcome struct {
	of          combination
	valid       bool // both REST answers agree
	values      int
	differences []string
	err         error
}

// atOnce is how many rounds run side by side.
const atOnce = 3

// rounds makes one round of each combination.
func (l *live) rounds(list []combination) []outcome {
	out := make([]outcome, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				out[i] = l.round(list[i])
			}
		})
	}
	wg.Wait()
	return out
}

// round asks REST, stormtop and REST again.
func (l *live) round(c combination) outcome {
	o := outcome{of: c}
	began := time.Now()
	before, err := l.rest(c.path)
	if err != nil {
		return outcome{of: c, err: err}
	}
	ours, err := l.command(c.args)
	if err != nil {
		return outcome{of: c, err: err}
	}
	after, err := l.rest(c.path)
	if err != nil {
		return outcome{of: c, err: err}
	}
	if o.valid = restcompare.Same(c.endpoint, l.line, before, after); o.valid {
		result := restcompare.Compare(c.endpoint, restcompare.Pair{Line: l.line, Rest: after, Ours: ours, Round: time.Since(began)})
		o.values, o.differences = result.Compared, result.Differences
	}
	return o
}

func (l *live) command(args []string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(l.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.bin, slices.Concat(args, []string{"-o", "json"})...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("stormtop %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return restcompare.Decode(&out)
}

func (l *live) get(path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.ui+"/api/v1/"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.300s", path, resp.Status, body)
	}
	return body, err
}

func (l *live) rest(path string) (map[string]any, error) {
	body, err := l.get(path)
	if err != nil {
		return nil, err
	}
	return restcompare.Decode(bytes.NewReader(body))
}

func (l *live) into(path string, v any) {
	l.t.Helper()
	body, err := l.get(path)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		l.t.Fatal(err)
	}
}
