//go:build lab

package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/lab"
	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

// TestVerifyLabNothingIsLost follows every worker log of a real cluster over SFTP,
// through a shell and over the logviewer, while workers are killed and logs
// rotated, and compares what came with the files that are left in the end: the
// oldest generations are deleted meanwhile. It ends every topology, so it is not
// run together with the others.
func TestVerifyLabNothingIsLost(t *testing.T) {
	c, err := lab.Open("")
	if err != nil {
		require.Missing(t, err.Error())
	}
	if c.ArtifactsDir == c.LogDir {
		t.Skip("the files of this version are not in directories of their own")
	}
	var sources []Source
	local := map[string]string{} // by Key: the file as this machine sees it
	find := func() {
		sources = nil
		for _, host := range c.Hosts {
			rel, err := filepath.Rel(c.LogDir, c.ArtifactsDir)
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Join(c.HostDirs[host], "logs", rel)
			files, _ := filepath.Glob(filepath.Join(base, "*", "*", "worker.log"))
			for _, file := range files {
				name, _ := filepath.Rel(base, file)
				port, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				s := Source{Host: host, Port: port, TopologyID: filepath.Dir(filepath.Dir(name)), Kind: KindWorker, Path: filepath.Join(c.ArtifactsDir, name)}
				sources = append(sources, s)
				local[s.Key()] = file
			}
		}
	}
	await(t, "worker logs on both hosts", func() bool { find(); return len(sources) >= 3 })
	pool := sshpool.New(sshpool.Config{File: c.SSHConfig})
	defer pool.Close()
	hosts := OverSSH(pool)
	refused := sshpool.New(sshpool.Config{File: c.SSHConfig, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, syscall.ECONNREFUSED
	}})
	defer refused.Close()
	down := OverSSH(refused)
	viewer := NewLogviewer(LogviewerConfig{URL: func(host string) string {
		for _, v := range c.Logviewers {
			if strings.HasPrefix(v, host+":") {
				return "http://" + v
			}
		}
		return ""
	}})
	ways := []struct {
		via string
		cfg MuxConfig
	}{
		{"sftp", MuxConfig{Hosts: hosts}},
		{"exec", MuxConfig{Hosts: hosts, Exec: true}},
		{"logviewer", MuxConfig{Hosts: down, Logviewer: viewer}},
	}
	muxes := make([]*Mux, len(ways))
	stores := make([]*Store, len(ways))
	for i, w := range ways {
		stores[i] = NewStore(StoreConfig{})
		w.cfg.Store, w.cfg.Follow, w.cfg.Lines, w.cfg.Rotated = stores[i], true, -1, true
		muxes[i] = NewMux(w.cfg)
		muxes[i].Set(sources)
		defer func() { _ = muxes[i].Close() }()
	}
	quiet := func() bool {
		for i, m := range muxes {
			for _, s := range m.States() {
				info, err := os.Stat(local[s.Source.Key()])
				if err != nil || s.Offset != info.Size() || s.Via != ways[i].via {
					return false
				}
			}
		}
		return true
	}
	await(t, "all to be read", quiet)
	for round := range 3 {
		t.Logf("rotation %d", round+1)
		if err := c.Rotate(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(local[sources[0].Key()]), "worker.pid"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "another worker in its place", func() bool {
		now, err := os.ReadFile(filepath.Join(filepath.Dir(local[sources[0].Key()]), "worker.pid"))
		return err == nil && !bytes.Equal(now, pid)
	})
	ids, err := c.TopologyIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name := range ids {
		if err := c.KillTopology(t.Context(), name, 1); err != nil {
			t.Fatal(err)
		}
	}
	since := time.Now()
	await(t, "silence, and all to be read", func() bool {
		if !quiet() {
			since = time.Now()
		}
		return time.Since(since) > 10*time.Second
	})
	for i, w := range ways {
		got := map[string]*bytes.Buffer{}
		gaps := map[string]int{}
		lo, hi := stores[i].Range()
		for seq := lo; seq < hi; seq++ {
			r, _ := stores[i].At(seq)
			key := stores[i].Source(r.Source).Key()
			if r.Mark == MarkGap {
				gaps[key]++
				t.Logf("%s %s: %s", w.via, key, r.Text)
			}
			if r.Mark != MarkNone {
				continue
			}
			if got[key] == nil {
				got[key] = new(bytes.Buffer)
			}
			got[key].Write(r.Text)
			got[key].WriteByte('\n')
		}
		rotations, lines := 0, int64(0)
		for _, s := range muxes[i].States() {
			rotations += s.Rotations
			lines += s.Lines
			key := s.Source.Key()
			want := generations(t, local[key])
			have := got[key].Bytes()
			if gaps[key] == 0 && !bytes.HasSuffix(have, want) {
				t.Errorf("%s %s: %d bytes came, %d are in the files; they differ from byte %d on: %.200q, in the files %.200q",
					w.via, key, len(have), len(want), differ(have, want), have[differ(have, want):], want[differ(have, want):])
			}
			if gaps[key] > 0 {
				t.Errorf("%s %s: %d gaps", w.via, key, gaps[key])
			}
		}
		t.Logf("%s: %d sources, %d lines, %d rotations", w.via, len(sources), lines, rotations)
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// generations is what is in a log and its rotated files, oldest first.
func generations(t *testing.T, file string) []byte {
	t.Helper()
	var all []byte
	for n := 1; n < 10; n++ {
		if b, err := os.ReadFile(fmt.Sprintf("%s.%d", file, n)); err == nil {
			all = append(all, b...)
			continue
		}
		f, err := os.Open(fmt.Sprintf("%s.%d.gz", file, n))
		if err != nil {
			break
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return append(all, b...)
}
