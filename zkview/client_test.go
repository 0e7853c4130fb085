package zkview

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewDoesNothing(t *testing.T) {
	zk := newFakeZK()
	c := zk.client(t)
	if zk.dials != 0 {
		t.Error("New dialled")
	}
	state := c.State()
	if state.Connected || state.Servers[0].Contact != ContactUntried || state.Err != "" || !state.Since.IsZero() {
		t.Errorf("state %+v", state)
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"zk1": "zk1:2181", "zk1:2182": "zk1:2182", " zk1 ": "zk1:2181", "::1": "[::1]:2181", "[::1]": "[::1]:2181",
		"[::1]:2182": "[::1]:2182", "10.0.0.1": "10.0.0.1:2181",
	} {
		if got := withPort(in); got != want {
			t.Errorf("withPort(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "/storm", "/storm": "/storm", "storm/": "/storm", "/a/b/": "/a/b", "/": "/"} {
		if got := New(Config{Root: in}).Root(); got != want {
			t.Errorf("root %q is %q, want %q", in, got, want)
		}
	}
}

func TestNoServers(t *testing.T) {
	c := New(Config{})
	_, err := c.View(within(t))
	mustBe(t, err, ErrUnavailable)
	if Hint(err) == "" {
		t.Error("no hint")
	}
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestConnected(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm/supervisors", nil)
	c := zk.client(t)
	view, err := c.View(within(t))
	if err != nil {
		t.Fatal(err)
	}
	state := c.State()
	good, total := state.Reachable()
	if !state.Connected || state.Server != "zk1:2181" || state.Session != "0x20090001" || good != 1 || total != 1 || state.Err != "" {
		t.Errorf("state %+v", state)
	}
	if view.Server != state.Server || view.Session != state.Session || view.Root != "/storm" {
		t.Errorf("view %+v", view)
	}
}

// TestRefused gives up after one round over all servers, in words.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := map[string]error{
			"zk1:2181": errRefused,
			"zk2:2181": &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "zk2", IsNotFound: true}},
			"zk3:2181": &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)},
			"zk4:2181": &net.OpError{Op: "dial", Err: context.DeadlineExceeded},
		}
		var mu sync.Mutex
		dials := 0
		c := New(Config{
			Servers: []string{"zk1", "zk2", "zk3", "zk4"}, Random: func() float64 { return 0.5 },
			Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				dials++
				return nil, causes[addr]
			},
		})
		begun := time.Now()
		_, err := c.View(context.Background())
		mustBe(t, err, ErrUnavailable)
		if took := time.Since(begun); took > 0 {
			t.Errorf("took %s", took)
		}
		for _, part := range []string{
			"zk1:2181: connection refused", "zk2:2181: name not found",
			"zk3:2181: no route to host", "zk4:2181: no answer in time",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		if Hint(err) == "" {
			t.Error("no hint")
		}
		// Later calls do not wait and do not dial; the background does, slower
		// and slower.
		if _, err := c.View(context.Background()); !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
		synctest.Wait()
		if dials != 4 {
			t.Errorf("%d dials after two views, want one round of 4", dials)
		}
		if next := c.State().NextTry.Sub(begun); next != 250*time.Millisecond {
			t.Errorf("next try in %s, want half of the first pause", next)
		}
		time.Sleep(10 * time.Minute)
		mu.Lock()
		late := dials
		mu.Unlock()
		// Pauses of 0.25, 0.5 … 15 s: about 45 rounds in ten minutes.
		if rounds := late / 4; rounds < 40 || rounds > 50 {
			t.Errorf("%d rounds in ten minutes", rounds)
		}
		c.Reconnect()
		synctest.Wait()
		mu.Lock()
		if dials != late+4 {
			t.Errorf("%d dials after Reconnect, want a round at once", dials-late)
		}
		mu.Unlock()
		if state := c.State(); state.Attempts != dials {
			t.Errorf("%d attempts, want %d", state.Attempts, dials)
		}
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestSecondServer goes on where the first refuses.
func TestSecondServer(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	c := zk.client(t, func(cfg *Config) {
		cfg.Servers = []string{"zk1", "zk2"}
		cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "zk1:2181" {
				return nil, errRefused
			}
			return zk.dial(ctx, network, addr)
		}
	})
	if _, err := c.View(within(t)); err != nil {
		t.Fatal(err)
	}
	state := c.State()
	good, total := state.Reachable()
	if state.Server != "zk2:2181" || good != 1 || total != 2 || state.Servers[0].Outcome != "connection refused" {
		t.Errorf("state %+v", state)
	}
}

// TestLaggingServer never goes back in time, unless the ensemble itself did.
func TestLaggingServer(t *testing.T) {
	front, behind := newFakeZK(), newFakeZK()
	front.set("/storm/text", []byte("new"))
	behind.set("/storm/text", []byte("old"))
	behind.zxid = 50
	var mu sync.Mutex
	down := false
	c := front.client(t, func(cfg *Config) {
		cfg.Servers = []string{"front", "behind"}
		cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case addr == "behind:2181":
				return behind.dial(ctx, network, addr)
			case down:
				return nil, errRefused
			}
			return front.dial(ctx, network, addr)
		}
	})
	ctx := within(t)
	read := func() string {
		node, err := c.Node(ctx, "/storm/text")
		if err != nil {
			return err.Error()
		}
		return string(node.Raw)
	}
	if got := read(); got != "new" || c.State().Zxid != front.zxid {
		t.Fatalf("read %q, zxid %d", got, c.State().Zxid)
	}
	front.drop()
	if got := read(); got != "new" {
		t.Errorf("read %q after the loss of the server that is not behind", got)
	}
	mu.Lock()
	down = true
	mu.Unlock()
	front.drop()
	if got := read(); got == "new" || got == "old" {
		t.Errorf("read %q while nobody is up to date", got)
	}
	// After a round in vain the ensemble may be a new one.
	again(ctx, t, c)
	if got := read(); got != "old" {
		t.Errorf("read %q from the ensemble that is left", got)
	}
	behind.drop()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	behind.shut()
}

// TestLostUnderway breaks the connection under requests: they are asked again
// on the next one without the caller noticing.
func TestLostUnderway(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "1.2.2-reads"))
	var once sync.Once
	zk.hook = func(c *fakeConn, op, _ int32, path string) bool {
		broken := false
		if op == opGetData && strings.HasPrefix(path, "/storm/assignments/") {
			once.Do(func() { broken = true; _ = c.Close() })
		}
		return broken
	}
	c := zk.client(t)
	view, err := c.View(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Assignments) != 1 || len(view.Supervisors) != 2 || len(view.Missing) != 0 {
		t.Errorf("view %+v", view)
	}
	if view.Session != "0x20090002" {
		t.Errorf("session %s, want the second", view.Session)
	}
}

// TestFrozen leaves requests unanswered while pings pass.
func TestFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK()
		zk.set("/storm", nil)
		zk.hook = func(_ *fakeConn, op, _ int32, _ string) bool { return op != opPing && op != opClose }
		c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial, Timeout: 3 * time.Second})
		_, err := c.View(context.Background())
		mustBe(t, err, ErrUnavailable)
		if !strings.Contains(err.Error(), "no answer within 3s") {
			t.Errorf("error %q", err)
		}
		// A caller with less patience leaves first.
		ctx, cancel := context.WithTimeout(context.Background(), 0)
		defer cancel()
		_, err = c.View(ctx)
		mustBe(t, err, ErrUnavailable)
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		zk.shut()
	})
}

// TestSilentServer loses the server without a word, pings included: the loss is
// noticed within the session timeout.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK()
		zk.set("/storm", nil)
		c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial})
		if _, err := c.View(context.Background()); err != nil {
			t.Fatal(err)
		}
		<-c.Changes() // connected
		zk.mu.Lock()
		zk.refuse = errRefused
		zk.hook = func(*fakeConn, int32, int32, string) bool { return true }
		zk.mu.Unlock()
		begun := time.Now()
		<-c.Changes()
		if took := time.Since(begun); took > DefaultSession {
			t.Errorf("noticed after %s", took)
		}
		if c.State().Connected {
			t.Error("still connected")
		}
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		zk.shut()
	})
}

func TestAuth(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	zk.password = "ops:secret"
	c := zk.client(t, func(cfg *Config) { cfg.Auth = []Auth{{Scheme: "digest", Payload: []byte("ops:secret")}} })
	if _, err := c.View(within(t)); err != nil {
		t.Fatal(err)
	}
	if zk.count("100 ") != 1 {
		t.Errorf("credentials were sent %d times", zk.count("100 "))
	}
}

func TestAuthRefused(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	zk.password = "other"
	c := zk.client(t, func(cfg *Config) { cfg.Auth = []Auth{{Scheme: "digest", Payload: []byte("ops:secret")}} })
	_, err := c.View(within(t))
	mustBe(t, err, ErrUnavailable)
	if !strings.Contains(err.Error(), "refused the credentials") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %q", err)
	}
}

// TestClose ends a client in every state it can be in, with nothing left.
func TestClose(t *testing.T) {
	stuck := make(chan struct{})
	for name, prepare := range map[string]func(t *testing.T, zk *fakeZK, c *Client){
		"never used": func(*testing.T, *fakeZK, *Client) {},
		"connected":  func(t *testing.T, _ *fakeZK, c *Client) { again(within(t), t, c) },
		"waiting to try again": func(t *testing.T, zk *fakeZK, c *Client) {
			zk.refuse = errRefused
			_, err := c.View(within(t))
			mustBe(t, err, ErrUnavailable)
		},
		"dialling": func(t *testing.T, zk *fakeZK, c *Client) {
			c.cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				close(stuck)
				<-ctx.Done()
				return nil, ctx.Err()
			}
			go c.View(context.Background()) //nolint:errcheck // ended by Close
			<-stuck
		},
		"greeting": func(t *testing.T, zk *fakeZK, c *Client) {
			greeted := make(chan struct{})
			zk.greeting = func(c *fakeConn) bool { close(greeted); _, _ = c.frame(); return false }
			go c.View(context.Background()) //nolint:errcheck // ended by Close
			<-greeted
		},
		"asking a silent server": func(t *testing.T, zk *fakeZK, c *Client) {
			asked := make(chan struct{})
			var once sync.Once
			zk.hook = func(*fakeConn, int32, int32, string) bool { once.Do(func() { close(asked) }); return true }
			go c.View(context.Background()) //nolint:errcheck // ended by Close
			<-asked
		},
		"just lost": func(t *testing.T, zk *fakeZK, c *Client) {
			again(within(t), t, c)
			zk.mu.Lock()
			zk.refuse = errRefused
			zk.mu.Unlock()
			zk.drop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			zk := newFakeZK()
			zk.set("/storm", nil)
			c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial})
			prepare(t, zk, c)
			if err := c.Close(context.Background()); err != nil {
				t.Error(err)
			}
			_, err := c.View(within(t))
			mustBe(t, err, ErrClosed)
			if err := c.Close(context.Background()); err != nil {
				t.Errorf("a second time: %v", err)
			}
			zk.shut()
			goleak.VerifyNone(t)
		})
	}
}

// TestManyAtOnce keeps the number of requests on the wire bounded.
func TestManyAtOnce(t *testing.T) {
	zk := newFakeZK()
	for i := range 500 {
		zk.set(fmt.Sprintf("/storm/n%d", i), []byte("x"))
	}
	c, ctx := zk.client(t), within(t)
	var work sync.WaitGroup
	for i := range 500 {
		work.Go(func() {
			if _, err := c.Node(ctx, fmt.Sprintf("/storm/n%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if cap(c.slots) != maxInFlight || len(c.slots) != 0 {
		t.Errorf("%d of %d slots are taken", len(c.slots), cap(c.slots))
	}
	if zk.dials != 1 {
		t.Errorf("%d connections", zk.dials)
	}
}

func TestProbe(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	c := zk.client(t, func(cfg *Config) {
		cfg.Servers = []string{"zk1", "zk2", "zk3"}
		cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "zk3:2181" {
				return nil, errRefused
			}
			return zk.dial(ctx, network, addr)
		}
	})
	again(within(t), t, c)
	state := c.Probe(within(t))
	good, total := state.Reachable()
	if good != 2 || total != 3 || state.Servers[2].Outcome != "connection refused" {
		t.Errorf("state %+v", state)
	}
	if !state.Connected {
		t.Error("a probe ended the session")
	}
	// A probe that is called off leaves the verdicts alone.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if good, _ := c.Probe(ctx).Reachable(); good != 2 {
		t.Errorf("%d servers after a cancelled probe", good)
	}
}

// TestQuietLibrary keeps the library's words off stderr.
func TestLibraryIsQuiet(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	var mu sync.Mutex
	said := 0
	c := zk.client(t, func(cfg *Config) {
		cfg.Logf = func(string, ...any) { mu.Lock(); said++; mu.Unlock() }
	})
	again(within(t), t, c)
	zk.drop()
	again(within(t), t, c)
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if said == 0 {
		t.Error("the library said nothing about a lost connection")
	}
}
