package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/logs/rotatetest"
)

// TestPagesOfRealLogviewers reads recorded answers.
func TestPagesOfRealLogviewers(t *testing.T) {
	tests := []struct {
		file, begin string
		next        int64
		bytes       int
	}{
		{"0.9.7-lv-log", "2026-11-21T04:23:41.894+0000 o.a.s.z.ZooKeeper [INFO] Client en", 3000, 3000},
		{"0.9.7-lv-log-tail", "k.ShellBolt.handleLog", 75833, 3000},
		{"1.2.2-lv-log", "2026-11-21 03:54:09.145 o.a.s.d.worker main [INFO] Launching", 3000, 3000},
		{"1.2.2-lv-log-tail", "", 50513, 3000},
	}
	for _, tt := range tests {
		body, err := os.ReadFile(filepath.Join("testdata", "logviewer", tt.file+".html"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePage(body)
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		got := p.bytes(tt.bytes)
		if !strings.HasPrefix(string(got), tt.begin) || p.next != tt.next || len(got) != tt.bytes {
			t.Errorf("%s: next %d, %d bytes %.60q", tt.file, p.next, len(got), got)
		}
	}
	body, err := os.ReadFile("testdata/logviewer/1.2.2-lv-log-missing.html")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsePage(body); err == nil {
		t.Error("a page without a log was read")
	}
}

// fakeLogviewer serves a directory as logviewers of both kinds do.
func fakeLogviewer(t *testing.T, dir string, old bool) *httptest.Server {
	root := "/api/v1/"
	if old {
		root = "/"
	}
	mux := http.NewServeMux()
	mux.HandleFunc(root+"log", func(w http.ResponseWriter, r *http.Request) {
		data, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(r.FormValue("file"), "topo-1-1/6700/")))
		if err != nil {
			http.Error(w, "", http.StatusNotFound)
			return
		}
		if strings.HasSuffix(r.FormValue("file"), ".gz") {
			data = unpacked(t, data)
		}
		length, _ := strconv.Atoi(r.FormValue("length"))
		start := len(data) - length
		if s := r.FormValue("start"); s != "" {
			start, _ = strconv.Atoi(s)
			if start >= len(data) {
				http.Error(w, "Cannot start past the end of the file", http.StatusBadRequest)
				return
			}
		}
		from := max(0, start)
		text := strings.ToValidUTF8(string(data[from:min(len(data), from+length)]), "\uFFFD")
		text = html.EscapeString(text)
		id := `id="logContent"`
		if !old {
			text, id = html.EscapeString(text), `class="logContent"`
		}
		next := min(max(0, len(data)-length), start+length)
		pager := fmt.Sprintf(`<div><a href="/log?start=0&amp;length=%d">Prev</a><a href="%slog?file=x&amp;start=%d&amp;length=%d">Next</a></div>`, length, root, next, length)
		fmt.Fprintf(w, "<html><h3>x</h3>%s<pre %s>%s</pre>%s</html>", pager, id, text, pager)
	})
	mux.HandleFunc(root+"listLogs", func(w http.ResponseWriter, _ *http.Request) {
		var names []string
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			names = append(names, "topo-1-1/6700/"+e.Name())
		}
		_ = json.NewEncoder(w).Encode(names)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func unpacked(t *testing.T, data []byte) []byte {
	t.Helper()
	disk := newMemDisk(time.Now)
	_ = disk.Write("x.gz", data)
	o, _, err := openFile(t.Context(), disk, "/x.gz")
	if err != nil {
		return nil
	}
	var all []byte
	for buf := make([]byte, 4096); ; {
		n, err := o.unpack(buf)
		if all = append(all, buf[:n]...); err != nil {
			return all
		}
	}
}

func TestFollowsOverTheLogviewer(t *testing.T) {
	for _, old := range []bool{false, true} {
		dir := t.TempDir()
		server := fakeLogviewer(t, dir, old)
		viewer := NewLogviewer(LogviewerConfig{URL: func(string) string { return server.URL }})
		files := viewer.Files(Source{Host: "w1", Port: 6700, TopologyID: "topo-1-1", Kind: KindWorker, Path: "/x/workers-artifacts/topo-1-1/6700/worker.log"})
		sink := &checkSink{}
		f := &follower{path: "/x/workers-artifacts/topo-1-1/6700/worker.log", kind: KindWorker, lines: -1, now: time.Now, out: sink, stamp: stampOf}
		f.connect(files)
		w := &rotatetest.Writer{Disk: rotatetest.Dir(dir), Name: "worker.log", Now: time.Now, Pad: " <é&amp;\"\u20ac>\t&lt;"}
		poll := func() {
			t.Helper()
			for range 6 {
				if _, err := f.poll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range 40 {
			if err := w.Lines(1 + i); err != nil {
				t.Fatal(err)
			}
			poll()
			if i%7 == 6 {
				if err := w.Rotate(); err != nil {
					t.Fatal(err)
				}
			}
		}
		poll()
		sink.check.End(w.Written())
		if err := sink.check.Err(); err != nil || sink.check.Declared() != 0 {
			t.Errorf("old %v: %v; %v", old, err, sink.check.String())
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, name := range []string{"0.9.7-lv-log", "1.2.2-lv-log-tail", "1.2.2-lv-log-missing"} {
		body, err := os.ReadFile("testdata/logviewer/" + name + ".html")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, 100)
	}
	f.Fuzz(func(t *testing.T, body []byte, length int) {
		p, err := parsePage(body)
		if err != nil {
			return
		}
		if length < 0 {
			return
		}
		if got := p.bytes(length); len(got) > length || p.next < 0 {
			t.Errorf("%d bytes of %d, next %d", len(got), length, p.next)
		}
	})
}

// FuzzPlace has a place find its generation again and no other.
func FuzzPlace(f *testing.F) {
	f.Add([]byte("some text"), []byte("some other text"), 5, 3)
	f.Fuzz(func(t *testing.T, a, b []byte, at, step int) {
		if len(a) == 0 || at < 0 || step <= 0 {
			return
		}
		at %= len(a) + 1
		var p place
		for p.offset < int64(at) {
			n := min(int64(step), int64(at)-p.offset)
			p.advance(a[p.offset : p.offset+n])
		}
		q, err := placeIn(bytes.NewReader(a), int64(at))
		if err != nil || !bytes.Equal(p.head, q.head) || !bytes.Equal(p.tail, q.tail) || p.offset != q.offset {
			t.Fatalf("read in steps of %d: %v, at once: %v, %v", step, p, q, err)
		}
		if same, err := p.in(bytes.NewReader(a)); !same || err != nil {
			t.Errorf("not found in its own file: %v", err)
		}
		same, err := p.in(bytes.NewReader(b))
		alike := len(b) >= at && bytes.Equal(a[:min(at, headSize)], b[:min(at, headSize)]) &&
			bytes.Equal(a[max(0, at-tailSize):at], b[max(0, at-tailSize):at])
		if err != nil || same != alike {
			t.Errorf("found in another file: %v, alike: %v, %v", same, alike, err)
		}
	})
}
