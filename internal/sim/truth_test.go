package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
)

var update = flag.Bool("update", false, "rewrite the recording, when run on a real cluster")

// role is what a topology is asked as: any that has what the questions need.
type role struct{ name, id, spout, bolt string }

// subject is a cluster that is asked, real or simulated.
type subject struct {
	t       *testing.T
	nimbus  []string // addresses; the first one leads
	zk      string   // address
	hosts   []string // of the supervisors
	names   []string // of the Nimbuses
	calm    role     // without errors
	failing role     // whose bolt reports errors
	victim  role     // that is changed and killed
	// wait lets a moment of the cluster pass.
	wait func(time.Duration)
}

// ask puts one question to a Nimbus and returns the reply.
func (s *subject) ask(nimbus int, method string, args thrift.TStruct) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", s.nimbus[nimbus])
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	buf, out := stormthrift.NewWriter()
	if err := errors.Join(out.WriteMessageBegin(ctx, method, thrift.CALL, 1), args.Write(ctx, out)); err != nil {
		return nil, err
	}
	if err := writeFrame(c, buf.Bytes()); err != nil {
		return nil, err
	}
	return readFrame(c, 64<<20)
}

// question is one row of the table that every cluster is asked.
type question struct {
	name   string
	nimbus int
	method string
	args   func(*subject) thrift.TStruct
	result any
}

// lines are the answer: its form, and the shape of what it holds.
func (q question) lines(s *subject) []string {
	reply, err := s.ask(q.nimbus, q.method, q.args(s))
	if err != nil {
		return []string{"no reply: " + err.Error()}
	}
	a, err := understand(reply, q.result)
	if err != nil {
		return []string{"not understood: " + err.Error()}
	}
	if strings.HasPrefix(a.form, "throws") {
		return []string{a.form + ": " + s.pattern(message(reply))}
	}
	out := []string{a.form}
	if a.value != nil {
		out = append(out, a.value.lines("", 0)...)
	}
	return out
}

// message is the text of a declared exception, which is its first field.
func message(reply []byte) string {
	ctx := context.Background()
	p := stormthrift.NewReader(reply)
	_, _, _, err := p.ReadMessageBegin(ctx)
	for range 2 { // the exception's field of the result, its message
		if err == nil {
			_, _, _, err = p.ReadFieldBegin(ctx)
		}
	}
	if err != nil {
		return err.Error()
	}
	text, err := p.ReadString(ctx)
	if err != nil {
		return err.Error()
	}
	return text
}

// pattern puts roles in place of names.
func (s *subject) pattern(text string) string {
	for _, r := range []struct {
		word string
		role role
	}{{"CALM", s.calm}, {"FAILING", s.failing}, {"VICTIM", s.victim}} {
		for _, p := range [][2]string{{r.role.id, "ID"}, {r.role.name, "NAME"}, {r.role.bolt, "BOLT"}, {r.role.spout, "SPOUT"}} {
			text = regexp.MustCompile(`(^|[^A-Za-z])`+regexp.QuoteMeta(p[0])+`($|[^A-Za-z])`).ReplaceAllString(text, "${1}<"+r.word+"-"+p[1]+">$2")
		}
	}
	return regexp.MustCompile(`valid values are .*`).ReplaceAllString(text, "valid values are <COMPONENTS>")
}

// inquiry is a part of the table that is more than one question.
type inquiry struct {
	name  string
	lines func(*subject) []string
}

// inquiries is the whole table, in the order in which it is asked: what changes
// the cluster comes last.
func inquiries() []inquiry {
	var out []inquiry
	for _, q := range questions() {
		out = append(out, inquiry{q.name, q.lines})
	}
	return append(out,
		inquiry{"order of errors", errorOrder},
		inquiry{"ZooKeeper's nodes", nodes},
		inquiry{"ZooKeeper's refusals", refusals},
		inquiry{"log levels", logLevels},
		inquiry{"debug", debugging},
		inquiry{"profiler", profiling},
		inquiry{"activate and deactivate", toggling},
		inquiry{"rebalance", rebalanceStates},
		inquiry{"rebalance that changes nothing", idleRebalance},
		inquiry{"kill", killStates},
		// The layouts of worker logs have their place here.
	)
}

func interview(s *subject) map[string][]string {
	out := map[string][]string{}
	for _, q := range inquiries() {
		begun := time.Now()
		out[q.name] = q.lines(s)
		s.t.Logf("%5.1f s %s", time.Since(begun).Seconds(), q.name)
	}
	return out
}

const recording = "testdata/truth-2.8.3.txt"

// writeTruth keeps what a cluster said, in the order of the table.
func writeTruth(said map[string][]string) error {
	var out strings.Builder
	for _, q := range inquiries() {
		fmt.Fprintf(&out, "# %s\n", q.name)
		for _, line := range said[q.name] {
			fmt.Fprintf(&out, "%s\n", line)
		}
	}
	if err := os.MkdirAll(filepath.Dir(recording), 0o755); err != nil {
		return err
	}
	return os.WriteFile(recording, []byte(out.String()), 0o644)
}

func readTruth(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(recording)
	must(t, err)
	out, name := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if after, ok := strings.CutPrefix(line, "# "); ok {
			name = after
			continue
		}
		out[name] = append(out[name], line)
	}
	return out
}

// differences are the lines that one has and the other has not: "- " is only in
// the first, "+ " only in the second.
func differences(first, second map[string][]string) []string {
	var out []string
	for _, q := range inquiries() {
		one, other := first[q.name], second[q.name]
		for _, line := range one {
			if !slices.Contains(other, line) {
				out = append(out, q.name+" | - "+line)
			}
		}
		for _, line := range other {
			if !slices.Contains(one, line) {
				out = append(out, q.name+" | + "+line)
			}
		}
	}
	return out
}

// standing reads the differences that may stand. Each begins with a paragraph
// that gives the reason, in lines that begin with #.
func standing(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/differences.txt")
	must(t, err)
	out, reason := map[string]bool{}, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			reason = true
		case line == "":
			reason = false
		case !reason:
			t.Errorf("no reason is given for %q", line)
		default:
			out[line] = false
		}
	}
	return out
}

// TestTheSimulatorIsLikeStorm asks the simulator what a real cluster was asked.
func TestTheSimulatorIsLikeStorm(t *testing.T) {
	listed := standing(t)
	for _, d := range differences(readTruth(t), interview(simulated(t))) {
		if _, ok := listed[d]; !ok {
			t.Errorf("unlisted: %s", d)
			continue
		}
		listed[d] = true
	}
	for _, d := range slices.Sorted(maps.Keys(listed)) {
		if !listed[d] {
			t.Errorf("listed, and no longer so: %s", d)
		}
	}
}

// simulated is a world in which the roles are cast.
func simulated(t *testing.T) *subject {
	t.Helper()
	s := served(t)
	of := func(name, spout, bolt string) role { return role{name, s.w.topology(name).id, spout, bolt} }
	out := &subject{
		t: t, nimbus: []string{s.doors[0].at, s.doors[1].at}, zk: s.zk.Addr().String(),
		calm: of("wordcount", "sentences", "split"), failing: of("wikipedia-trends", "edits", "language"), victim: of("twitter-clicks", "clicks", "geo"),
		names: s.hosts, wait: func(d time.Duration) { s.Step(d) },
	}
	for _, h := range s.w.hosts {
		out.hosts = append(out.hosts, h.name)
	}
	s.w.topology("wikipedia-trends").component("language").failing = 0.09
	move(t, s, 3*time.Minute)
	return out
}
