package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stormtop/stormtop/internal/report/replay"
)

var update = flag.Bool("update-scripts", false, "rewrite what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stormtop": main})
}

// TestScripts runs the command lines of testdata/script. Each script finds in its
// environment the addresses of recorded clusters and of servers that are no
// Nimbus:
//
//	STORM283 STORM122 STORM097   recorded clusters
//	WEB SSHD ZOOKEEPER           other protocols
//	SILENT HUGE CLOSED           accepts and says nothing; replies with 17 MB; refuses
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LANG", "C.UTF-8")
			for variable, version := range map[string]string{"STORM283": "2.8.3", "STORM122": "1.2.2", "STORM097": "0.9.7"} {
				rec, err := replay.Load(version)
				if err != nil {
					return err
				}
				server, err := rec.Serve(context.Background())
				if err != nil {
					return err
				}
				env.Defer(func() { server.Close() })
				env.Setenv(variable, server.Addr)
			}
			for variable, serve := range map[string]func(net.Conn){
				"WEB": web, "SSHD": sshd, "ZOOKEEPER": zookeeper, "SILENT": silent, "HUGE": huge,
			} {
				l, err := listen(serve)
				if err != nil {
					return err
				}
				env.Defer(l.stop)
				env.Setenv(variable, l.addr)
			}
			closed, err := listen(silent)
			if err != nil {
				return err
			}
			closed.stop()
			env.Setenv("CLOSED", closed.addr)
			return nil
		},
	})
}

// exits checks the exit code of a command: exits CODE COMMAND ARGUMENT…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGUMENT…")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || code != want {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// listener serves one kind of connection until it is stopped.
type listener struct {
	addr string
	l    net.Listener
	wg   sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool
}

func listen(serve func(net.Conn)) (*listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	s := &listener{addr: l.Addr().String(), l: l, open: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			s.wg.Go(func() {
				serve(conn)
				_ = conn.Close()
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			})
		}
	})
	return s, nil
}

func (s *listener) stop() {
	_ = s.l.Close()
	s.mu.Lock()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// silent reads and never answers, as a connection that is half open.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// web answers as the Storm UI's server does to what is no request.
func web(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 16))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", http.StatusBadRequest)
}

// sshd greets first.
func sshd(conn net.Conn) {
	_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n")
	silent(conn)
}

// huge replies with 17 MB.
func huge(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4))
	_, _ = conn.Write(binary.BigEndian.AppendUint32(nil, 17<<20))
	_, _ = conn.Write(make([]byte, 17<<20))
	silent(conn)
}

// zookeeper closes the connection unless it is greeted as ZooKeeper's clients do;
// then it answers that the session is gone.
func zookeeper(conn net.Conn) {
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return
	}
	n := binary.BigEndian.Uint32(size[:])
	if n != 44 && n != 45 {
		return
	}
	if _, err := io.ReadFull(conn, make([]byte, n)); err != nil {
		return
	}
	reply := binary.BigEndian.AppendUint32(nil, 37)
	reply = append(reply, make([]byte, 16)...)
	reply = binary.BigEndian.AppendUint32(reply, 16)
	_, _ = conn.Write(append(reply, make([]byte, 17)...))
}
