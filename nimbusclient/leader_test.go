package nimbusclient

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// The leader is found from any seed, with one connection more than needed at
// most.
func TestLeaderIsFound(t *testing.T) {
	for _, seeds := range [][]string{{nimA}, {nimB}, {nimA, nimB}, {nimB, nimA}, {"nim-x:1", nimB}} {
		t.Run(strings.Join(seeds, ","), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, _ := cluster(nimA, nimB)
				c := n.client(t, seeds...)
				for range 3 {
					if err := tasks(t, c); err != nil {
						t.Fatal(err)
					}
				}
				s := c.State()
				if s.Leader.Phase != LeaderConfirmed || s.Leader.Nimbus.Addr() != nimA || s.Leader.Dialled != nimA {
					t.Errorf("leader %+v", s.Leader)
				}
				if s.Server.Version != "2.8.3" || s.Server.Line != V2 || !s.Server.HasPageCalls {
					t.Errorf("server %+v", s.Server)
				}
				if n.dialled(nimA) != 1 || n.dialled(nimB) > 1 {
					t.Errorf("connections %v", n.dials)
				}
			})
		})
	}
}

// A leader demoted on a live connection answers like a standby from then on:
// nothing it said is accepted, and the new leader is read in the same call.
func TestLeaderDemoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA, nimB)
		c := n.client(t, nimA, nimB)
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		f.lead(nimB)
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		if s := c.State().Leader; s.Nimbus.Addr() != nimB || s.Phase != LeaderConfirmed {
			t.Errorf("leader %+v", s)
		}
		// In the middle of a read, too.
		first := true
		err := c.Read(t.Context(), func(s *Session) error {
			cl, err := s.Cluster()
			if first {
				first = false
				f.lead(nimA)
			} else if err == nil && *cl.Topologies[0].Tasks != 8 {
				t.Error("the second run saw a standby")
			}
			return err
		})
		if err != nil || first {
			t.Errorf("error %v", err)
		}
		if s := c.State().Leader; s.Nimbus.Addr() != nimA {
			t.Errorf("leader %+v", s)
		}
	})
}

// Without another leader, a demotion is said as such.
func TestLeaderDemotedForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA, nimB)
		c := n.client(t, nimA, nimB)
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		f.lead("")
		err := tasks(t, c)
		e := asError(t, err)
		if !errors.Is(e, ErrNoLeader) || e.Error() != "Nimbus answers but no leader is elected. Reads are old, changes wait." || !strings.Contains(e.Hint(), "leader-lock") {
			t.Errorf("error %v", err)
		}
		if s := c.State().Leader; s.Phase != LeaderNone {
			t.Errorf("leader %+v", s)
		}
		f.lead(nimA)
		if err := tasks(t, c); err != nil {
			t.Error(err)
		}
	})
}

// A failover as recorded: the leader dies, the standby names it until its
// ZooKeeper session ends, then leads itself with its topologies not yet
// collected. Polled every two seconds, the new one is read within ten seconds
// of its election, and no zero is ever accepted.
func TestFailover(t *testing.T) {
	for name, end := range map[string]func(*fakeNet){
		"killed":       func(n *fakeNet) { n.kill(nimA) },
		"powered off":  func(n *fakeNet) { n.freeze(nimA); n.blackhole(nimA) },
		"only hanging": func(n *fakeNet) { n.freeze(nimA) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, f := cluster(nimA, nimB)
				f.fills = 200 * time.Millisecond
				c := n.client(t, nimA, nimB)
				if err := tasks(t, c); err != nil {
					t.Fatal(err)
				}
				end(n)
				elected := time.Now().Add(20 * time.Second)
				time.AfterFunc(20*time.Second, func() {
					f.list(nimB)
					f.lead(nimB)
				})
				var dead, found bool
				for time.Since(elected) < 15*time.Second {
					err := tasks(t, c)
					if err == nil {
						found = true
						break
					}
					if s := c.State().Leader; s.Phase == LeaderDead {
						dead = true
						e := asError(t, err)
						if s.Nimbus.Addr() != nimA || errors.Is(e, ErrNoLeader) && s.By != nimB {
							t.Errorf("leader %+v", s)
						}
						if errors.Is(e, ErrNoLeader) && !strings.HasPrefix(e.Error(), "The leader nim-a:6627, as nim-b:6627 names it, is not answering: ") {
							t.Errorf("text %q", e.Error())
						}
					}
					time.Sleep(2 * time.Second)
				}
				late := time.Since(elected)
				if !found || late < 0 || late > 10*time.Second {
					t.Errorf("the new leader was read %v after its election", late)
				}
				if !dead {
					t.Error("the dead leader was never told as such")
				}
				if s := c.State().Leader; s.Nimbus.Addr() != nimB || s.Phase != LeaderConfirmed {
					t.Errorf("leader %+v", s)
				}
			})
		})
	}
}

// A topology that stays without tasks waits for slots: it is believed after a
// while.
func TestSettleEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := cluster(nimA, nimB)
		c := n.client(t, nimA, nimB)
		if err := tasks(t, c); err != nil {
			t.Fatal(err)
		}
		f.fills = time.Hour
		f.lead(nimB)
		began := time.Now()
		var seen int
		err := c.Read(t.Context(), func(s *Session) error {
			cl, err := s.Cluster()
			if err == nil {
				seen = *cl.Topologies[0].Tasks
			}
			return err
		})
		if err != nil || seen != 0 || time.Since(began) != settleTime {
			t.Errorf("error %v, %d tasks after %v", err, seen, time.Since(began))
		}
	})
}

// A leader may go by a name that means nothing here.
func TestLeaderUnderAnotherName(t *testing.T) {
	t.Run("the same address", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, f := cluster("10.0.0.7:6627")
			n.ips["10.0.0.7"], n.ips["nim-a"] = "10.0.0.7", "10.0.0.7"
			renamed(n, f, "10.0.0.7:6627", nimA)
			c := n.client(t, "10.0.0.7:6627")
			if err := tasks(t, c); err != nil {
				t.Fatal(err)
			}
			if s := c.State().Leader; s.Nimbus.Addr() != nimA || s.Dialled != "10.0.0.7:6627" || n.dialled(nimA) != 0 {
				t.Errorf("leader %+v, connections %v", s, n.dials)
			}
		})
	})
	t.Run("a short name", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, f := cluster(nimA)
			renamed(n, f, nimA, "nim-a.dc1.example:6627")
			c := n.client(t, nimA)
			if err := tasks(t, c); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("the only Nimbus", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, f := cluster("gate:16627")
			renamed(n, f, "gate:16627", "3f2a9c:6627")
			c := n.client(t, "gate:16627")
			for range 2 {
				if err := tasks(t, c); err != nil {
					t.Fatal(err)
				}
			}
			s := c.State()
			if s.Leader.Nimbus.Addr() != "3f2a9c:6627" || s.Leader.Dialled != "gate:16627" {
				t.Errorf("leader %+v", s.Leader)
			}
			if len(s.Endpoints) != 2 || !errors.Is(s.Endpoints[1].Err, ErrUnknownHost) {
				t.Errorf("endpoints %+v", s.Endpoints)
			}
		})
	})
	t.Run("one of two", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, f := cluster("gate:16627")
			renamed(n, f, "gate:16627", "3f2a9c:6627")
			f.list("3f2a9c:6627", "77b1d0:6627")
			c := n.client(t, "gate:16627")
			err := tasks(t, c)
			e := asError(t, err)
			if want := "The leader 3f2a9c:6627, as gate:16627 names it, is not answering: name not found."; !errors.Is(e, ErrNoLeader) || e.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	})
}

// renamed lets the daemon at an address call itself otherwise.
func renamed(n *fakeNet, f *fakeCluster, addr, name string) {
	n.listen(addr, (&fakeNimbus{fakeCluster: f, self: name}).serve())
	f.leader, f.alive = name, []string{name}
}

// Behind a tunnel, names mean something else: they are not looked up here.
func TestTunnelLooksNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _ := cluster(nimA, nimB)
		c := New(Config{Seeds: []string{nimB}, Dial: n.dial})
		defer n.done.Wait()
		defer c.Close()
		if c.cfg.LookupHost != nil {
			t.Error("names are looked up")
		}
		if err := tasks(t, c); err != nil {
			t.Error(err)
		}
	})
}

// Several seeds: one silence does not hold up the others, and each failure has
// its own words.
func TestAllSeedsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.listen(nimA, nil)
		n.listen("nim-b:8080", func(c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, 26)
			_, _ = c.Write([]byte("HTTP/1.1 400"))
		})
		n.blackhole("nim-c:6627")
		c := n.client(t, nimA, "nim-b:8080", "nim-c:6627", "nim-z:6627")
		began := time.Now()
		err := tasks(t, c)
		e := asError(t, err)
		want := "No Nimbus answers: nim-a:6627: connection refused, nim-b:8080: speaks HTTP, nim-z:6627: name not found, nim-c:6627: no connection in 7s."
		if !errors.Is(e, ErrNoAnswer) || e.Error() != want {
			t.Errorf("text %q, want %q", e.Error(), want)
		}
		if want := "nim-b:8080: Nimbus listens on nimbus.thrift.port, usually 6627."; e.Hint() != want {
			t.Errorf("hint %q, want %q", e.Hint(), want)
		}
		if took := time.Since(began); took != DefaultTimeout {
			t.Errorf("it took %v", took)
		}
		for _, ep := range c.State().Endpoints {
			if n.dialled(ep.Addr) != 1 || ep.Err == nil || ep.Asked.IsZero() || len(ep.Steps) == 0 || !ep.Seed {
				t.Errorf("endpoint %+v, %d connections", ep, n.dialled(ep.Addr))
			}
		}
	})
}

// Every line is recognised by Thrift calls alone.
func TestServerLines(t *testing.T) {
	tests := []struct {
		name    string
		version string
		without []string
		alive   bool
		want    Server
	}{
		{"2.8", "2.8.3", nil, true, Server{Version: "2.8.3", Line: V2, HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true}},
		{"2.x built from source", "Unknown", nil, true, Server{Version: "Unknown", Line: V2, HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true}},
		{"1.x built from source", "Unknown", []string{"getTopologySummaries", "getOwnerResourceSummaries"}, true, Server{Version: "Unknown", Line: V1, HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true}},
		{"1.2", "1.2.2", []string{"getTopologySummaries"}, true, Server{Version: "1.2.2", Line: V1, HasGetLeader: true, HasPageCalls: true, HasInfoOptions: true}},
		{"1.0", "1.0.7", []string{"getLeader", "getTopologySummaries"}, true, Server{Version: "1.0.7", Line: V1, HasPageCalls: true, HasInfoOptions: true}},
		{"0.10", "", []string{"getLeader", "getTopologyPageInfo"}, false, Server{Line: V0_10, HasInfoOptions: true}},
		{"0.9", "", []string{"getLeader", "getTopologyPageInfo", "getTopologyInfoWithOpts"}, false, Server{Line: V0_9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newFakeNet()
				f := &fakeCluster{version: tt.version}
				if tt.alive {
					f.leader, f.alive = nimA, []string{nimA}
				}
				n.listen(nimA, (&fakeNimbus{fakeCluster: f, self: nimA}).serve(tt.without...))
				c := n.client(t, nimA)
				tt.want.Addr, tt.want.Transport = nimA, "plain"
				err := c.Read(t.Context(), func(s *Session) error {
					if s.Server() != tt.want {
						t.Errorf("server %+v, want %+v", s.Server(), tt.want)
					}
					if s.Leader().Addr() != nimA {
						t.Errorf("leader %+v", s.Leader())
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if s := c.State(); s.Server != tt.want || s.Leader.Phase != LeaderConfirmed {
					t.Errorf("state %+v", s)
				}
			})
		})
	}
}

// A 1.0 cluster without a leader says so, although it cannot be asked.
func TestNoLeaderBefore11(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		f := &fakeCluster{version: "1.0.7", alive: []string{nimA}}
		n.listen(nimA, (&fakeNimbus{fakeCluster: f, self: nimA}).serve("getLeader"))
		c := n.client(t, nimA)
		if err := tasks(t, c); !errors.Is(err, ErrNoLeader) {
			t.Errorf("error %v", err)
		}
		f.lead(nimA)
		if err := tasks(t, c); err != nil {
			t.Error(err)
		}
	})
}

// Reads by several goroutines go one after the other, and State never waits.
func TestConcurrentReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _ := cluster(nimA)
		c := n.client(t, nimA)
		var wg sync.WaitGroup
		var inside int
		for range 8 {
			wg.Go(func() {
				err := c.Read(t.Context(), func(s *Session) error {
					if inside++; inside != 1 {
						t.Errorf("%d reads at once", inside)
					}
					_, err := s.Cluster()
					_ = c.State()
					inside--
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := c.State()
		if n.dialled(nimA) != 1 || s.Failures != 0 || s.Calls != 8+8+1 {
			t.Errorf("%d connections, %d calls, %d failures", n.dialled(nimA), s.Calls, s.Failures)
		}
		time.Sleep(5 * time.Second)
		if s := c.State(); s.CallsPerSec != 1.7 {
			t.Errorf("%v calls a second", s.CallsPerSec)
		}
		time.Sleep(time.Minute)
		if s := c.State(); s.CallsPerSec != 0 || s.Slowest != (CallTime{}) {
			t.Errorf("%v calls a second, slowest %v, a minute later", s.CallsPerSec, s.Slowest)
		}
	})
}

// The endpoints that were only named are bounded.
func TestNamedEndpointsAreBounded(t *testing.T) {
	r := newRecorder(Config{Seeds: []string{nimA, nimA, nimB}}.withDefaults())
	for i := range 100 {
		r.tried(strings.Repeat("x", i+1)+":1", time.Unix(int64(i), 0), nil, "", nil)
	}
	if s := r.snapshot(); len(s.Endpoints) != 2+maxNamed || s.Endpoints[0].Addr != nimA || len(s.Endpoints[17].Addr) != 102 {
		t.Errorf("%d endpoints", len(s.Endpoints))
	}
}

// Over real sockets the steps are told apart.
func TestStepsOverLoopback(t *testing.T) {
	defer goleak.VerifyNone(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	self := "localhost:" + port
	f := &fakeCluster{version: "2.8.3", leader: self, alive: []string{self}}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			served.Go(func() { (&fakeNimbus{fakeCluster: f, self: self}).serve()(conn) })
		}
	})
	c := New(Config{Seeds: []string{self}})
	if err := tasks(t, c); err != nil {
		t.Error(err)
	}
	var names []string
	for _, step := range c.State().Endpoints[0].Steps {
		names = append(names, step.Name)
	}
	if got := strings.Join(names, " "); got != "resolve connect getLeader" && got != "connect getLeader" {
		t.Errorf("steps %q", got)
	}
	c.Close()
	_ = listener.Close()
	served.Wait()
}
