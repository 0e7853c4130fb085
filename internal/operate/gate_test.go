package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/journal"
	"github.com/stormtop/stormtop/nimbusclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Nimbus, its operator and the audit in one, for a gate alone.
type fake struct {
	cluster.Reader // any call that is not here is a mistake of the test

	mu      sync.Mutex
	id      string
	status  nimbusclient.Status
	conf    string
	daemon  string
	shell   bool
	debug   map[string]nimbusclient.Debug
	sent    []string
	answer  error // of the change
	full    error // of the audit
	records []journal.Record
}

func (f *fake) Server() nimbusclient.Server { return nimbusclient.Server{Line: nimbusclient.V2} }

func (f *fake) Cluster() (*nimbusclient.Cluster, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &nimbusclient.Cluster{Nimbuses: []nimbusclient.Nimbus{{Host: "nim-a", Port: 6627, Leader: true}}}
	if f.id != "" {
		c.Topologies = []nimbusclient.TopologySummary{{ID: f.id, Name: "words", Status: f.status}}
	}
	return c, nil
}

func (f *fake) Info(string) (*nimbusclient.TopologyInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := &nimbusclient.TopologyInfo{Debug: maps.Clone(f.debug)}
	for n, c := range []string{"split", "__eventlogger"} {
		i.ExecutorList = append(i.ExecutorList, nimbusclient.Executor{
			ID: nimbusclient.ExecutorID{Start: n + 1, End: n + 1}, Component: c, Host: fmt.Sprint("w", n+1), Port: 6700, UptimeSecs: new(60),
			Stats: &nimbusclient.ExecutorStats{},
		})
	}
	return i, nil
}

func (f *fake) Conf(string) (string, error)   { return f.conf, nil }
func (f *fake) NimbusConf() (string, error)   { return f.daemon, nil }
func (f *fake) State() (s nimbusclient.State) { return s }
func (f *fake) Writable() error               { return f.full }
func (f *fake) Close()                        {}
func (f *fake) Structure(string) (*nimbusclient.Structure, error) {
	s := &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{ID: "split"}}}
	if f.shell {
		s.Components[0].Shell = &nimbusclient.Shell{}
	}
	return s, nil
}

func (f *fake) LogConfig(string) (map[string]nimbusclient.LogLevel, error) {
	return map[string]nimbusclient.LogLevel{"a.B": {Action: "UNCHANGED", Target: "DEBUG"}}, nil
}

func (f *fake) Read(_ context.Context, fn func(cluster.Reader) error) error { return fn(f) }

// Do is the operator: what is sent takes effect at once.
func (f *fake) Do(_ context.Context, prepare func(cluster.Reader) (nimbusclient.Change, error)) error {
	c, err := prepare(f)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, c.Op)
	if f.answer != nil && !errors.Is(f.answer, nimbusclient.ErrOutcomeUnknown) {
		return f.answer
	}
	switch c.Op {
	case "deactivate":
		f.status = nimbusclient.Inactive
	case "activate":
		f.status = nimbusclient.Active
	case "killTopologyWithOpts":
		f.id = ""
	case "debug":
		f.debug = map[string]nimbusclient.Debug{"split": {Enabled: true, SamplingPct: new(10.0)}}
	}
	return f.answer
}

func (f *fake) Intend(r journal.Record) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full != nil {
		return 0, f.full
	}
	r.No, r.Phase = int64(len(f.records)+1), journal.Intent
	f.records = append(f.records, r)
	return r.No, nil
}

func (f *fake) Conclude(r journal.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Phase = journal.Outcome
	f.records = append(f.records, r)
	return f.full
}

// audit is what was written down: "kill intent, kill gone".
func (f *fake) audit() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.records {
		word := "intent"
		if r.Phase == journal.Outcome {
			word = r.Result
		}
		out = append(out, r.Action+" "+word)
	}
	return strings.Join(out, ", ")
}

func gate(f *fake, rules Rules) *Gate {
	return New(Config{Cluster: "lab", Who: "ops@ws-7", Rules: rules, Operator: f, Reads: f, Audit: f})
}

func alive() *fake {
	return &fake{id: id, status: nimbusclient.Active, conf: `{"topology.eventlogger.executors":1}`, daemon: `{}`}
}

func TestADeedIsDoneAndWrittenDown(t *testing.T) {
	for name, c := range map[string]struct {
		deed    Deed
		answer  error
		sent    string
		verdict Verdict
		audit   string
	}{
		"deactivate":            {Deed{Action: Deactivate}, nil, "[deactivate]", Settled, "deactivate intent, deactivate settled"},
		"kill":                  {Deed{Action: Kill, Wait: new(5)}, nil, "[killTopologyWithOpts]", Gone, "kill intent, kill gone"},
		"kill, the answer lost": {Deed{Action: Kill}, nimbusclient.ErrOutcomeUnknown, "[killTopologyWithOpts]", Gone, "kill intent, kill gone"},
		"sampling":              {Deed{Action: Sample, Component: "split", Percent: 10}, nil, "[debug]", Settled, "debug intent, debug settled"},
		"dry run":               {Deed{Action: Kill, DryRun: true}, nil, "[]", DryRun, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := alive()
			f.answer = c.answer
			g := gate(f, Rules{})
			defer g.Close()
			c.deed.Topology, c.deed.TopologyID = "words", id
			p, err := g.Do(t.Context(), c.deed)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			<-p.Done()
			synctest.Wait()
			if v := p.State().Verdict; v != c.verdict || fmt.Sprint(f.sent) != c.sent || f.audit() != c.audit {
				t.Errorf("%s: %s, sent %v, audit %q", name, v, f.sent, f.audit())
			}
			if c.verdict != DryRun && (len(g.Running()) != 0 || len(g.Ended()) != 1) {
				t.Errorf("%s: %d running, %d ended", name, len(g.Running()), len(g.Ended()))
			}
		})
	}
}

// Every guard rail keeps every deed from being sent.
func TestGuardRails(t *testing.T) {
	everything := []Deed{
		{Action: Rebalance, Plan: plan(3)},
		{Action: Kill, Wait: new(60)},
		{Action: Activate},
		{Action: Deactivate},
		{Action: LogLevels, Levels: map[string]nimbusclient.LogLevel{"a.B": {Action: "UPDATE", Target: "DEBUG"}}},
		{Action: Sample, Component: "split", Percent: 5},
	}
	for a := range profilerActions {
		everything = append(everything, Deed{Action: a, Host: "w1", Port: 6700, For: time.Minute})
	}
	noon := time.Duration(12) * time.Hour
	for rule, rules := range map[string]Rules{
		"read-only": {ReadOnly: "--readonly"},
		"protected": {Protected: regexp.MustCompile("^wor"), ProtectedBy: "config.yaml:12"},
		"hours":     {From: noon, To: noon + time.Hour},
		"reason":    {NeedReason: true},
		"audit":     {},
	} {
		for _, d := range everything {
			synctest.Test(t, func(t *testing.T) {
				f := alive()
				if rule == "audit" {
					f.full = errors.New("disk full")
				}
				g := gate(f, rules)
				defer g.Close()
				d.Topology, d.TopologyID = "words", id
				_, err := g.Do(t.Context(), d)
				var refused *Refusal
				if !errors.As(err, &refused) || refused.Rule != rule || len(f.sent) != 0 || f.audit() != "" {
					t.Errorf("%s, %s: %v; sent %v, audit %q", rule, d.Action, err, f.sent, f.audit())
				}
			})
		}
	}
}

func TestWhatIsRefusedBeforeItIsSent(t *testing.T) {
	words := func(d Deed) Deed {
		d.Topology, d.TopologyID = "words", id
		return d
	}
	level := func(l nimbusclient.LogLevel) Deed {
		return words(Deed{Action: LogLevels, Levels: map[string]nimbusclient.LogLevel{"a.B": l}})
	}
	other := words(Deed{Action: Kill})
	other.TopologyID = "words-2-2"
	gone := words(Deed{Action: Kill})
	gone.Topology = "nobody"
	for name, c := range map[string]struct {
		deed Deed
		with func(*fake)
		text string
	}{
		"redeployed":             {other, nil, "words is now id words-1-1; you chose words-2-2. Nothing was sent."},
		"gone":                   {gone, nil, "nobody is not alive any more"},
		"stale":                  {words(Deed{Action: Kill, Seen: time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC)}), nil, "is 60 s old"},
		"wait -1":                {words(Deed{Action: Kill, Wait: new(-1)}), nil, "cannot be negative"},
		"wait huge":              {words(Deed{Action: Kill, Wait: new(1 << 40)}), nil, "more than a day"},
		"wait below the rule":    {words(Deed{Action: Kill, Wait: new(5)}), nil, "minimum of 30 s"},
		"rebalancing already":    {words(Deed{Action: Rebalance, Plan: plan(3)}), func(f *fake) { f.status = nimbusclient.Rebalancing }, "words is REBALANCING: Storm accepts no rebalance now"},
		"killed":                 {words(Deed{Action: Activate}), func(f *fake) { f.status = nimbusclient.Killed }, "words is KILLED"},
		"active already":         {words(Deed{Action: Activate}), nil, "ACTIVE already"},
		"inactive already":       {words(Deed{Action: Deactivate}), func(f *fake) { f.status = nimbusclient.Inactive }, "INACTIVE already"},
		"workers 0":              {words(Deed{Action: Rebalance, Plan: plan(0)}), nil, "at least 1"},
		"no plan":                {words(Deed{Action: Rebalance}), nil, "plan is not about"},
		"LOUD":                   {level(nimbusclient.LogLevel{Action: "UPDATE", Target: "LOUD"}), nil, `"LOUD" is no log level`},
		"negative time":          {level(nimbusclient.LogLevel{Action: "UPDATE", Target: "INFO", TimeoutSecs: new(-1)}), nil, "no time for a level"},
		"no level":               {words(Deed{Action: LogLevels}), nil, "No log level"},
		"unknown component":      {words(Deed{Action: Sample, Component: "spilt", Percent: 5}), nil, "no component spilt"},
		"200 %":                  {words(Deed{Action: Sample, Percent: 200}), nil, "cannot be sampled"},
		"sampling lowered":       {words(Deed{Action: Sample, Component: "split", Percent: 5}), func(f *fake) { f.debug = map[string]nimbusclient.Debug{"split": {SamplingPct: new(20.0)}} }, "Storm only adds: 20 % are stored"},
		"a shell that crashes":   {words(Deed{Action: Sample, Component: "split", Percent: 5}), func(f *fake) { f.shell = true }, "crash again and again"},
		"all, with such a shell": {words(Deed{Action: Sample, Percent: 5}), func(f *fake) { f.shell = true }, "crash again and again"},
		"no such worker":         {words(Deed{Action: Jstack, Host: "w9", Port: 6700}), nil, "no worker on w9:6700"},
		"no worker at all":       {words(Deed{Action: Jstack}), nil, "is no worker"},
		"profiling off":          {words(Deed{Action: ProfileStart, Host: "w1", Port: 6700, For: time.Minute}), nil, "worker.profiler.enabled, which is false"},
		"profiling for ever":     {words(Deed{Action: ProfileStart, Host: "w1", Port: 6700, For: 1000 * time.Hour}), nil, "cannot be taken"},
		"no action":              {words(Deed{Action: "reformat"}), nil, "is no action"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := alive()
			if c.with != nil {
				c.with(f)
			}
			g := gate(f, Rules{MinKillWait: 30})
			defer g.Close()
			_, err := g.Do(t.Context(), c.deed)
			var refused *Refusal
			if !errors.As(err, &refused) || !strings.Contains(refused.Text, c.text) || len(f.sent) != 0 || f.audit() != "" {
				t.Errorf("%s: %v, want %q; sent %v, audit %q", name, err, c.text, f.sent, f.audit())
			}
		})
	}
}

func TestAShellMayBeSampledWhereItDoesNotCrash(t *testing.T) {
	d := Deed{Action: Sample, Component: "split", Percent: 10, Topology: "words", TopologyID: id}
	for name, c := range map[string]struct {
		conf  string
		force bool
	}{
		"registered":                    {`{"topology.eventlogger.executors":1,"topology.kryo.register":["x","` + jsonArray + `"]}`, false},
		"registered, as Nimbus says it": {`{"topology.eventlogger.executors":1,"topology.kryo.register":{"` + jsonArray + `":null}}`, false},
		"registered with a serializer":  {`{"topology.eventlogger.executors":1,"topology.kryo.register":[{"` + jsonArray + `":"s"}]}`, false},
		"forced":                        {`{"topology.eventlogger.executors":1}`, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := alive()
			f.shell, f.conf = true, c.conf
			g := gate(f, Rules{})
			defer g.Close()
			d.Force = c.force
			if _, err := g.Do(t.Context(), d); err != nil || len(f.sent) != 1 {
				t.Errorf("%s: %v, sent %v", name, err, f.sent)
			}
		})
	}
}

func TestNimbusRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := alive()
		f.answer = fmt.Errorf("rebalance: %w", nimbusclient.ErrUnauthorized)
		g := gate(f, Rules{})
		defer g.Close()
		_, err := g.Do(t.Context(), Deed{Action: Deactivate, Topology: "words", TopologyID: id})
		if !errors.Is(err, nimbusclient.ErrUnauthorized) || f.audit() != "deactivate intent, deactivate refused" {
			t.Errorf("%v, audit %q", err, f.audit())
		}
	})
}

func TestAProgramThatEndsWritesItDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := alive()
		f.answer = nimbusclient.ErrOutcomeUnknown
		g := gate(f, Rules{})
		p, err := g.Do(t.Context(), Deed{
			Action: LogLevels, Topology: "words", TopologyID: id,
			Levels: map[string]nimbusclient.LogLevel{"never.seen": {Action: "UPDATE", Target: "DEBUG"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		g.Close()
		<-p.Done()
		if p.State().Verdict != Interrupted || f.audit() != "loglevel intent, loglevel interrupted" {
			t.Errorf("%s, audit %q", p.State().Verdict, f.audit())
		}
	})
}

func TestAnAuditMayBeOptional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := alive()
		f.full = errors.New("disk full")
		g := gate(f, Rules{AuditOptional: true})
		defer g.Close()
		p, err := g.Do(t.Context(), Deed{Action: Deactivate, Topology: "words", TopologyID: id})
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if p.State().Verdict != Settled {
			t.Errorf("%+v", p.State())
		}
	})
}

func TestADeedInWords(t *testing.T) {
	for want, d := range map[string]Deed{
		"wait=5|storm kill words -w 5": {Action: Kill, Wait: new(5)},
		"|storm deactivate words":      {Action: Deactivate},
		"wait=5 workers 2→3 split executors 2→4|storm rebalance words -w 5 -n 3 -e split=4": {Action: Rebalance, Plan: plan(3)},
		"a.B=DEBUG:20|storm set_log_level -l a.B=DEBUG:20 words": {
			Action: LogLevels,
			Levels: map[string]nimbusclient.LogLevel{"a.B": {Action: "UPDATE", Target: "DEBUG", TimeoutSecs: new(20)}},
		},
		"a.B=|storm set_log_level -r a.B words": {Action: LogLevels, Levels: map[string]nimbusclient.LogLevel{"a.B": {Action: "REMOVE"}}},
		"component=split percent=12.5 force|":   {Action: Sample, Component: "split", Percent: 12.5, Force: true},
		"worker=w1:6700 for=5m0s|":              {Action: ProfileStart, Host: "w1", Port: 6700, For: 5 * time.Minute},
	} {
		d.Topology, d.TopologyID = "words", id
		if got := d.Parameters() + "|" + d.Command(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
