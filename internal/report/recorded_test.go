package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/internal/report/replay"
	"github.com/stormtop/stormtop/internal/report/restcompare"
	"github.com/stormtop/stormtop/nimbusclient"
)

// question is what a REST page was asked.
type question struct {
	endpoint      restcompare.Endpoint
	id, component string
	window        nimbusclient.Window
	sys           bool
}

// questionOf tells what a recorded page is about. The old recordings name no
// path, so their pages are listed.
func questionOf(t *testing.T, rec *replay.Recording, page string) (question, bool) {
	t.Helper()
	switch page {
	case "cluster-summary":
		return question{endpoint: restcompare.ClusterSummary}, true
	case "nimbus-summary":
		return question{endpoint: restcompare.NimbusSummary}, true
	case "topology-summary":
		return question{endpoint: restcompare.TopologySummary}, true
	case "supervisor-summary":
		return question{endpoint: restcompare.SupervisorSummary}, true
	}
	q := question{window: nimbusclient.WindowAll}
	body, _ := rec.Page(page)
	var about struct {
		ID, Window, Name, TopologyID string
	}
	if err := json.Unmarshal(body, &about); err != nil {
		t.Fatal(err)
	}
	q.window = nimbusclient.Window(about.Window)
	q.sys = strings.Contains(page, "sys")
	switch {
	case strings.HasPrefix(page, "component") && about.TopologyID != "":
		q.endpoint, q.id, q.component = restcompare.ComponentPage, about.TopologyID, about.ID
		q.sys = q.sys || rec.Version == "2.8.3"
	case strings.HasPrefix(page, "topology") && about.Window != "":
		q.endpoint, q.id = restcompare.TopologyPage, about.ID
	default:
		return q, false // an error page
	}
	return q, true
}

// answer reads what a command reads and gives its JSON.
func answer(t *testing.T, client *nimbusclient.Client, q question, at time.Time) (map[string]any, string) {
	t.Helper()
	var a report.Answer
	line := ""
	err := client.Read(t.Context(), func(s *nimbusclient.Session) error {
		line = s.Server().Line.String()
		conf, err := s.NimbusConf()
		if err != nil {
			return err
		}
		_, port, _ := strings.Cut(s.Server().Addr, ":")
		d := report.Detail{AsOf: at, Server: s.Server(), NimbusConf: decode(t, conf), ShowConf: true}
		if q.id == "" {
			c, err := s.Cluster()
			if err != nil {
				return err
			}
			switch q.endpoint.Command {
			case "status":
				d.NimbusConf["nimbus.thrift.port"] = json.Number(port) // of the server that replays
				a = report.Status(*c, d.Server, d.NimbusConf, diagnose.Report{})
			case "list":
				a = report.List(*c, d.Server, d.NimbusConf)
			case "supervisors":
				a = report.Supervisors(*c, d.Server, d.NimbusConf)
			}
			return nil
		}
		if d.Structure, err = s.Structure(q.id); err != nil {
			return err
		}
		if d.Info, err = s.Info(q.id); err != nil {
			return err
		}
		if q.component != "" {
			c, err := s.Component(q.id, q.component, q.window, q.sys)
			if err != nil {
				return err
			}
			a = report.Component(*c, d)
			return nil
		}
		p, err := s.Topology(q.id, q.window, q.sys)
		if err != nil {
			return err
		}
		d.Conf = decode(t, p.Conf)
		a = report.Topology(*p, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := a.Write(&out, report.Head{Cluster: "recorded", AsOf: at}, report.Options{Format: report.FormatJSON}); err != nil {
		t.Fatal(err)
	}
	ours, err := restcompare.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	return ours, line
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// notOneMoment are recorded pages that a heartbeat came before: the bytes are of
// the one before it.
var notOneMoment = map[string]string{
	"1.2.2 topology.600.sys":                  "its bytes were not recorded",
	"2.8.3 component-wordcount-sentences-all": "a heartbeat came between the two",
	"2.8.3 topology-wordcount-10800-sys":      "a heartbeat came between the two",
}

// Every recorded REST answer has the same values as our answer made of the bytes
// that Nimbus sent at the same moment.
func TestSameAsRecordedREST(t *testing.T) { compareRecorded(t) }

func compareRecorded(t *testing.T) {
	for _, version := range replay.Versions {
		t.Run(version, func(t *testing.T) {
			rec, err := replay.Load(version)
			if err != nil {
				t.Fatal(err)
			}
			server, err := rec.Serve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			client := nimbusclient.New(nimbusclient.Config{Seeds: []string{server.Addr}})
			defer client.Close()
			pages, values := 0, 0
			for _, page := range rec.Pages() {
				q, ok := questionOf(t, rec, page)
				if !ok {
					continue
				}
				if why := notOneMoment[version+" "+page]; why != "" {
					t.Logf("%s is left out: %s", page, why)
					continue
				}
				body, at := rec.Page(page)
				rest, err := restcompare.Decode(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				ours, line := answer(t, client, q, at)
				if q.endpoint.Path == restcompare.NimbusSummary.Path {
					rest = replacePort(rest, server.Addr)
				}
				result := restcompare.Compare(q.endpoint, restcompare.Pair{Line: line, Rest: rest, Ours: ours, Round: 20 * time.Second})
				for _, d := range result.Differences {
					t.Errorf("%s: %s", page, d)
				}
				if result.Compared == 0 {
					t.Errorf("%s: nothing was compared", page)
				}
				pages++
				values += result.Compared
			}
			t.Logf("Storm %s: %d REST answers, %d values compared with recorded bytes", version, pages, values)
		})
	}
}

// replacePort puts the port of the server that replays into a REST answer.
func replacePort(rest map[string]any, addr string) map[string]any {
	_, port, _ := strings.Cut(addr, ":")
	list, _ := rest["nimbuses"].([]any)
	for _, item := range list {
		if n, ok := item.(map[string]any); ok {
			n["port"] = json.Number(port)
		}
	}
	return rest
}
