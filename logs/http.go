package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LogviewerConfig says how Storm's logviewers are reached.
type LogviewerConfig struct {
	// URL is where the logviewer of a host answers, "http://w1:8000"; "" for a
	// host without one.
	URL func(host string) string
	// Client sends the requests; nil is one that waits 15 s for an answer.
	Client *http.Client
}

// NewLogviewer reads files over the HTTP of Storm's logviewers, 0.9.1 to 2.x.
//
// A logviewer gives pages of text, by position and length, and no handle. What
// is read is therefore known by its bytes alone, which is what a follower goes
// by anyway: a file that was replaced is noticed, and found again among the
// rotated ones where the logviewer lists them (1.0 and later). Bytes that are no
// valid UTF-8 come as "?".
func NewLogviewer(cfg LogviewerConfig) Logviewer {
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 15 * time.Second}
	}
	return &logviewer{cfg: cfg, roots: map[string]string{}}
}

type logviewer struct {
	cfg LogviewerConfig

	mu    sync.Mutex
	roots map[string]string // by host: what stands before "log", once known
}

// The roots under which logviewers serve, newest first.
var logviewerRoots = []string{"/api/v1/", "/"}

// Files implements Logviewer.
func (v *logviewer) Files(src Source) FileSystem {
	base := strings.TrimSuffix(v.cfg.URL(src.Host), "/")
	if base == "" || src.Path == "" {
		return nil
	}
	f := &httpFiles{v: v, host: src.Host, base: base, dir: path.Dir(src.Path), page: "log", packed: map[string]bool{}, sizes: map[string]int64{}}
	switch src.Kind {
	case KindDaemon:
		f.page = "daemonlog"
	case KindWorker, KindErr, KindOut, KindMetrics, KindGC, KindEvents:
		if rest, slot := path.Split(f.dir); isPort(slot) {
			// <artifacts>/<topology>/<port>/worker.log
			f.prefix = path.Base(rest) + "/" + slot + "/"
			f.topology, f.port = path.Base(rest), slot
		}
	default:
		return nil
	}
	return f
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// httpFiles is the directory of one source as its logviewer serves it.
type httpFiles struct {
	v              *logviewer
	host, base     string
	dir            string
	page           string // "log" or "daemonlog"
	prefix         string // of names in requests
	topology, port string // "" where there is no list
	packed         map[string]bool
	sizes          map[string]int64 // when last asked
}

// get asks for what is under the root.
func (h *httpFiles) get(ctx context.Context, what string, query url.Values) ([]byte, error) {
	h.v.mu.Lock()
	root, known := h.v.roots[h.host]
	h.v.mu.Unlock()
	roots := logviewerRoots
	if known {
		roots = []string{root}
	}
	var err error
	for _, root := range roots {
		var body []byte
		if body, err = h.fetch(ctx, h.base+root+what+"?"+query.Encode()); err == nil {
			h.v.mu.Lock()
			h.v.roots[h.host] = root
			h.v.mu.Unlock()
			return body, nil
		}
		if _, ok := errors.AsType[*statusError](err); !ok {
			break
		}
	}
	return nil, err
}

// maxPage is more than the longest page asked for takes.
const maxPage = 2 << 20

func (h *httpFiles) fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := h.v.cfg.Client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address
		}
		return nil, fmt.Errorf("logviewer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("logviewer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &statusError{resp.StatusCode}
	}
	return body, nil
}

// statusError is an answer that is no page.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return fmt.Sprintf("logviewer: status %d %s", e.code, http.StatusText(e.code))
}

// Is takes any answer about one file for its absence, but for a refusal: 0.9
// answers 500 for a missing file, 2.x for a position beyond the end.
func (e *statusError) Is(target error) bool {
	switch e.code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return target == fs.ErrPermission
	case http.StatusNotFound, http.StatusBadRequest, http.StatusInternalServerError:
		return target == fs.ErrNotExist
	}
	return false
}

func (h *httpFiles) query(name string, length int) url.Values {
	return url.Values{"file": {h.prefix + name}, "length": {strconv.Itoa(length)}}
}

// Stat implements FileSystem. The page of the last byte tells the size; times
// are not to be had.
func (h *httpFiles) Stat(ctx context.Context, name string) (fs.FileInfo, error) {
	name = path.Base(name)
	if h.packed[name] {
		name += ".gz"
	}
	body, err := h.get(ctx, h.page, h.query(name, 1))
	if err != nil {
		return nil, err
	}
	p, err := parsePage(body)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	info := execInfo{name: name, mode: 0o444}
	if len(p.text) > 0 {
		info.size = p.next + 1
	}
	h.sizes[name] = info.size
	return info, nil
}

// ReadDir implements FileSystem with the files of the worker's directory. A
// packed one stands under the name it had: the logviewer unpacks it.
func (h *httpFiles) ReadDir(ctx context.Context, _ string) ([]fs.FileInfo, error) {
	if h.topology == "" {
		return nil, nil
	}
	body, err := h.get(ctx, "listLogs", url.Values{"topoId": {h.topology}, "port": {h.port}})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal(body, &names); err != nil {
		return nil, fmt.Errorf("logviewer: its list of files: %w", err)
	}
	clear(h.packed)
	var infos []fs.FileInfo
	for _, name := range names {
		name, ok := strings.CutPrefix(name, h.prefix)
		if !ok || strings.Contains(name, "/") {
			continue
		}
		plain, packed := strings.CutSuffix(name, ".gz")
		if packed {
			h.packed[plain] = true
		}
		infos = append(infos, execInfo{name: plain, mode: 0o444, size: 1})
	}
	for _, info := range infos { // where both are there, the plain one
		for _, name := range names {
			if name == h.prefix+info.Name() {
				delete(h.packed, info.Name())
			}
		}
	}
	return infos, nil
}

// Open implements FileSystem. There is nothing to hold: the file is asked for by
// its name each time.
func (h *httpFiles) Open(ctx context.Context, name string) (File, error) {
	name = path.Base(name)
	f := &httpFile{h: h, name: name, packed: h.packed[name]}
	_, err := f.Stat()
	return f, err
}

type httpFile struct {
	h      *httpFiles
	name   string
	packed bool
}

func (f *httpFile) Close() error { return nil }

func (f *httpFile) Stat() (fs.FileInfo, error) {
	return f.h.Stat(context.Background(), f.name) //nolint:contextcheck // the client has its own limit
}

// ReadAt reads a page a little longer than what is asked for, so that characters
// cut at its ends are outside.
func (f *httpFile) ReadAt(b []byte, off int64) (int, error) {
	name := f.name
	if f.packed {
		name += ".gz"
	}
	const slack = 4
	start := max(0, off-slack)
	length := int(min(off-start+int64(len(b))+slack, f.h.sizes[name]-start))
	if length <= int(off-start) {
		return 0, io.EOF
	}
	q := f.h.query(name, length)
	q.Set("start", strconv.FormatInt(start, 10))
	body, err := f.h.get(context.Background(), f.h.page, q)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, io.EOF // also beyond the end
	}
	if err != nil {
		return 0, err
	}
	p, err := parsePage(body)
	if err != nil {
		return 0, io.EOF
	}
	text := p.bytes(length)
	if len(text) <= int(off-start) {
		return 0, io.EOF
	}
	n := copy(b, text[off-start:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
