package nimbusclient

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// changed is a Nimbus that notes what it was told to change.
type changed struct {
	fakeNimbus
	log   sync.Mutex
	calls []string
	err   error // answered instead of success

	net    *fakeNet
	before func() // runs when a change arrives
}

func (n *changed) note(what string, args ...any) error {
	n.log.Lock()
	defer n.log.Unlock()
	text, err := json.Marshal(args)
	if err != nil {
		return err
	}
	n.calls = append(n.calls, what+string(text))
	if n.before != nil {
		n.before()
	}
	return n.err
}

func (n *changed) told() string {
	n.log.Lock()
	defer n.log.Unlock()
	return strings.Join(n.calls, "\n")
}

func (n *changed) KillTopologyWithOpts(_ context.Context, name string, o *storm.KillOptions) error {
	return n.note("kill", name, o)
}

func (n *changed) Activate(_ context.Context, name string) error { return n.note("activate", name) }

func (n *changed) Deactivate(_ context.Context, name string) error { return n.note("deactivate", name) }

func (n *changed) Rebalance(_ context.Context, name string, o *storm.RebalanceOptions) error {
	return n.note("rebalance", name, o)
}

func (n *changed) SetLogConfig(_ context.Context, id string, c *storm.LogConfig) error {
	return n.note("logs", id, c)
}

func (n *changed) Debug(_ context.Context, name, component string, on bool, percent float64) error {
	return n.note("debug", name, component, on, percent)
}

func (n *changed) SetWorkerProfiler(_ context.Context, id string, r *storm.ProfileRequest) error {
	return n.note("profile", id, r)
}

// operated makes a network of one Nimbus that notes changes, behind wrap.
func operated(t *testing.T, wrap func(net.Conn) net.Conn) (*changed, *Operator) {
	n := newFakeNet()
	f := &fakeCluster{version: "2.8.3", leader: nimA, alive: []string{nimA}, born: time.Now().Add(-time.Hour)}
	nimbus := &changed{fakeNimbus: fakeNimbus{fakeCluster: f, self: nimA}, net: n}
	n.listen(nimA, serveCalls(nimbus))
	o := NewOperator(Config{Seeds: []string{nimA}, LookupHost: n.lookup, User: "ops", Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := n.dial(ctx, network, addr)
		if err == nil && wrap != nil {
			c = wrap(c)
		}
		return c, err
	}})
	t.Cleanup(func() {
		o.Close()
		n.done.Wait()
	})
	return nimbus, o
}

// send prepares a change without reading anything.
func send(c Change) func(*Session) (Change, error) {
	return func(*Session) (Change, error) { return c, nil }
}

func TestChangesArriveAsMeant(t *testing.T) {
	for want, change := range map[string]Change{
		`kill["words",{"wait_secs":5}]`: KillTopology("words", new(5)),
		`kill["words",{}]`:              KillTopology("words", nil),
		`activate["words"]`:             ActivateTopology("words"),
		`deactivate["words"]`:           DeactivateTopology("words"),
		`rebalance["words",{"wait_secs":30,"num_workers":3,"num_executors":{"split":4}}]`: RebalanceTopology("words",
			RebalanceOptions{Wait: new(30), Workers: new(3), Executors: map[string]int{"split": 4}}),
		`rebalance["words",{"topology_resources_overrides":{"split":{"cpu.pcore.percent":50}},"topology_conf_overrides":"{}"}]`: RebalanceTopology("words",
			RebalanceOptions{Conf: "{}", Resources: map[string]map[string]float64{"split": {"cpu.pcore.percent": 50}}}),
		`logs["id",{"named_logger_level":{"a.B":{"action":"UPDATE","target_log_level":"DEBUG","reset_log_level_timeout_secs":20}}}]`: SetLogConfig("id",
			map[string]LogLevel{"a.B": {Action: "UPDATE", Target: "DEBUG", TimeoutSecs: new(20)}}),
		`logs["id",{"named_logger_level":{"a.B":{"action":"REMOVE"}}}]`: SetLogConfig("id", map[string]LogLevel{"a.B": {Action: "REMOVE"}}),
		`debug["words","split",true,10]`:                                SampleTuples("words", "split", true, 10),
		`profile["id",{"nodeInfo":{"node":"w1","port":[6700]},"action":"JSTACK_DUMP","time_stamp":7}]`: RequestProfile("id",
			ProfileRequest{Host: "w1", Port: 6700, Action: "JSTACK_DUMP", Time: new(int64(7))}),
	} {
		synctest.Test(t, func(t *testing.T) {
			n, o := operated(t, nil)
			if err := o.Do(t.Context(), send(change)); err != nil {
				t.Errorf("%s: %v", want, err)
			}
			if got := n.told(); got != want {
				t.Errorf("Nimbus was told\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRefusalsAreDefinite(t *testing.T) {
	text := "Invalid component nobody for topology words"
	for want, c := range map[string]struct {
		answer error
		is     error
	}{
		"Nimbus refuses rebalance: " + text + ".":              {&storm.InvalidTopologyException{Msg: &text}, ErrInvalid},
		"words is not alive.":                                  {&storm.NotAliveException{Msg: &text}, ErrNotAlive},
		"Nimbus refuses rebalance for user ops: not permitted": {&storm.AuthorizationException{Msg: &text}, ErrUnauthorized},
		"rebalance failed inside Nimbus":                       {errors.New("no"), ErrInternal},
	} {
		synctest.Test(t, func(t *testing.T) {
			n, o := operated(t, nil)
			n.err = c.answer
			err := o.Do(t.Context(), send(RebalanceTopology("words", RebalanceOptions{})))
			if !errors.Is(err, c.is) || errors.Is(err, ErrOutcomeUnknown) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

func TestAnUnknownProfilerActionIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, o := operated(t, nil)
		if err := o.Do(t.Context(), send(RequestProfile("id", ProfileRequest{Action: "RM_RF"}))); err == nil || errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("%v", err)
		}
		if n.told() != "" {
			t.Errorf("told %s", n.told())
		}
	})
}

func TestWhatLookSaysKeepsTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, o := operated(t, nil)
		other := errors.New("now another id")
		if err := o.Do(t.Context(), func(*Session) (Change, error) { return Change{}, other }); !errors.Is(err, other) {
			t.Errorf("%v", err)
		}
		if n.told() != "" {
			t.Errorf("told %s", n.told())
		}
	})
}

// A Nimbus demoted while look reads is not told anything.
func TestNothingIsSentToANimbusThatNoLongerLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, o := operated(t, nil)
		err := o.Do(t.Context(), func(*Session) (Change, error) {
			n.lead(nimB)
			return KillTopology("words", nil), nil
		})
		if err == nil || errors.Is(err, ErrOutcomeUnknown) || n.told() != "" {
			t.Errorf("%v, told %s", err, n.told())
		}
	})
}

// cut lets so many bytes pass in both directions together, and then breaks.
type cut struct {
	net.Conn
	left *atomic.Int64
}

func (c cut) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), int(max(1, c.left.Load())))])
	return n, c.spend(n, err)
}

func (c cut) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b[:min(len(b), int(max(0, c.left.Load())))])
	if err = c.spend(n, err); err == nil && n < len(b) {
		err = net.ErrClosed
	}
	return n, err
}

func (c cut) spend(n int, err error) error {
	if c.left.Add(-int64(n)) <= 0 && err == nil {
		_ = c.Close()
	}
	return err
}

// However the connection breaks, a change is sent once at most, and an error that
// calls itself definite is.
func TestCutConnections(t *testing.T) {
	unknown, refused, done := 0, 0, 0
	for seed := range uint64(1000) {
		synctest.Test(t, func(t *testing.T) {
			left := new(atomic.Int64)
			left.Store(rand.New(rand.NewPCG(seed, 1)).Int64N(2500))
			n, o := operated(t, func(c net.Conn) net.Conn { return cut{c, left} })
			err := o.Do(t.Context(), func(s *Session) (Change, error) {
				_, err := s.Cluster()
				return RebalanceTopology("words", RebalanceOptions{Workers: new(3)}), err
			})
			synctest.Wait()
			times := strings.Count(n.told(), "rebalance")
			switch {
			case times > 1:
				t.Errorf("seed %d: sent %d times", seed, times)
			case err == nil:
				done++
				if times != 1 {
					t.Errorf("seed %d: said to be done, never arrived", seed)
				}
			case errors.Is(err, ErrOutcomeUnknown):
				unknown++
			default:
				refused++
				if times != 0 {
					t.Errorf("seed %d: %v, but it arrived", seed, err)
				}
			}
		})
	}
	if unknown < 10 || refused < 10 || done < 10 {
		t.Errorf("%d unknown, %d not sent, %d done: the cuts miss a case", unknown, refused, done)
	}
}

func TestAnUnansweredChangeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, o := operated(t, nil)
		n.before = func() { n.net.freeze(nimA) }
		err := o.Do(t.Context(), send(KillTopology("words", nil)))
		if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, ErrTimeout) || n.told() != `kill["words",{}]` {
			t.Errorf("%v, told %s", err, n.told())
		}
		if want := "Connection lost after sending killTopologyWithOpts for words. Outcome unknown."; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	})
}

func TestAChangeGivenUpBeforeAByteWasWrittenIsNotUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, o := operated(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		err := o.Do(ctx, send(Change{"killTopologyWithOpts", "words", func(s *Session) error {
			cancel()
			return KillTopology("words", nil).send(s)
		}}))
		if err == nil || errors.Is(err, ErrOutcomeUnknown) || n.told() != "" {
			t.Errorf("%v, told %s", err, n.told())
		}
	})
}
