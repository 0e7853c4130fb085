package logs

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed exec_agent.sh
var execAgent string

// execTimeout is how long an answer of the host may take.
const execTimeout = 30 * time.Second

// errNoDD is for hosts without the one program the agent needs.
var errNoDD = errors.New("the host has no dd command, and no SFTP either")

// execFiles reads one log and its rotated generations through a shell on the
// host, where there is no SFTP. It is a [FileSystem] with the same promises: an
// open file stays itself, every byte is asked for by its position, and so the
// same follower with the same proofs reads over it. It holds one process on the
// host, which ends with its input; dd is all that process needs.
type execFiles struct {
	path string
	proc Process
	stop func() bool

	mu    sync.Mutex
	in    *bufio.Reader
	word  []byte
	id    int
	slots [10]bool
	err   error // once broken, always broken
}

// execCommand makes /bin/sh read so many bytes of its input and do what they
// say. It means the same to every login shell, and neither path nor script ever
// stands on a command line.
const execCommand = `exec /bin/sh -c 'command -v dd >/dev/null 2>&1 || echo no dd >&2; eval "$(dd bs=1 count=%d 2>/dev/null)"'`

// quoteSh makes one word for /bin/sh of any text.
func quoteSh(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// newExecFiles starts the agent for the log at path.
func newExecFiles(ctx context.Context, host Host, path string) (*execFiles, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, errors.New("a path with a zero byte cannot be read")
	}
	script := "f=" + quoteSh(path) + "\n" + execAgent
	proc, err := host.Start(ctx, fmt.Sprintf(execCommand, len(script)))
	if err != nil {
		return nil, err
	}
	e := &execFiles{path: path, proc: proc, in: bufio.NewReaderSize(proc, 4<<10)}
	e.stop = context.AfterFunc(ctx, func() { _ = proc.Close() })
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	e.word = append(append([]byte("\n"), hex.EncodeToString(secret[:])...), ' ')
	status, _, err := e.exchange(script+string(e.word[1:len(e.word)-1])+"\n", 0, io.Discard)
	if err == nil && status != "ready" {
		err = errNoDD
	}
	if err != nil {
		_ = e.Close()
		switch said := strings.TrimSpace(proc.Stderr()); {
		case strings.HasPrefix(said, "no dd"):
			err = errNoDD
		case said != "":
			err = fmt.Errorf("%w (%s)", err, said)
		}
		return nil, fmt.Errorf("reading through a shell: %w", err)
	}
	return e, nil
}

// Close ends the process on the host.
func (e *execFiles) Close() error {
	e.stop()
	return e.proc.Close()
}

// ask sends one request and gives the words of the answer; what comes before
// them goes to w.
func (e *execFiles) ask(w io.Writer, op string, args ...any) (string, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return "", "", e.err
	}
	e.id++
	line := fmt.Sprintln(append([]any{e.id, op}, args...)...)
	status, rest, err := e.exchange(line, e.id, w)
	if err != nil {
		e.err = fmt.Errorf("the shell on the host: %w", err)
		return "", "", e.err
	}
	return status, rest, nil
}

func (e *execFiles) exchange(request string, id int, w io.Writer) (status, rest string, err error) {
	timer := time.AfterFunc(execTimeout, func() { _ = e.proc.Close() })
	defer timer.Stop()
	if _, err := io.WriteString(e.proc, request); err != nil {
		return "", "", err
	}
	if err := copyUntil(w, e.in, e.word); err != nil {
		return "", "", err
	}
	line, err := e.in.ReadString('\n')
	if err != nil {
		return "", "", err
	}
	got, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	if got != strconv.Itoa(id) {
		return "", "", fmt.Errorf("answer %q to request %d", got, id)
	}
	status, rest, _ = strings.Cut(rest, " ")
	return status, rest, nil
}

// copyUntil copies what comes before mark and passes over the mark.
func copyUntil(w io.Writer, r *bufio.Reader, mark []byte) error {
	for {
		b, err := r.Peek(max(r.Buffered(), len(mark)))
		if i := bytes.Index(b, mark); i >= 0 {
			_, werr := w.Write(b[:i])
			_, _ = r.Discard(i + len(mark))
			return werr
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		keep := b[:len(b)-len(mark)+1] // the mark may have begun in the rest
		if _, err := w.Write(keep); err != nil {
			return err
		}
		_, _ = r.Discard(len(keep))
	}
}

// reason makes an error of an answer that is not "ok".
func reason(op, name, status string) error {
	cause := fs.ErrNotExist
	if status == "denied" {
		cause = fs.ErrPermission
	}
	return &fs.PathError{Op: op, Path: name, Err: cause}
}

// suffix is what name adds to the path of the log.
func (e *execFiles) suffix(name string) (string, error) {
	rest, ok := strings.CutPrefix(name, e.path)
	if !ok || strings.ContainsAny(rest, " \n\\") {
		return "", fmt.Errorf("%s is not of this log", name)
	}
	return rest, nil
}

// Stat implements FileSystem.
func (e *execFiles) Stat(_ context.Context, name string) (fs.FileInfo, error) {
	rest, err := e.suffix(name)
	if err != nil {
		return nil, err
	}
	status, info, err := e.ask(io.Discard, "stat", rest)
	if err != nil {
		return nil, err
	}
	if status != "ok" {
		return nil, reason("stat", name, status)
	}
	return parseExecInfo(path.Base(name), info)
}

// ReadDir lists what has the name of the log with something added; that is all
// of its directory that is ever wanted.
func (e *execFiles) ReadDir(context.Context, string) ([]fs.FileInfo, error) {
	var list bytes.Buffer
	if _, _, err := e.ask(&list, "list"); err != nil {
		return nil, err
	}
	var infos []fs.FileInfo
	for line := range strings.Lines(list.String()) {
		line = strings.TrimSuffix(line, "\n")
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			continue
		}
		info, err := parseExecInfo(path.Base(e.path)+line[i+1:], line[:i])
		if err != nil {
			continue // a name that is none of rotation's
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// Open implements FileSystem.
func (e *execFiles) Open(_ context.Context, name string) (File, error) {
	rest, err := e.suffix(name)
	if err != nil {
		return nil, err
	}
	slot := 0
	for i := 3; i < len(e.slots); i++ {
		if !e.slots[i] {
			slot = i
			break
		}
	}
	if slot == 0 {
		return nil, errors.New("too many files are open at once")
	}
	status, _, err := e.ask(io.Discard, "open", slot, rest)
	if err != nil {
		return nil, err
	}
	if status != "ok" {
		return nil, reason("open", name, status)
	}
	e.slots[slot] = true
	return &execFile{e: e, name: name, slot: slot}, nil
}

// execFile is a file that the agent holds open.
type execFile struct {
	e    *execFiles
	name string
	slot int
}

func (f *execFile) Close() error {
	f.e.slots[f.slot] = false
	_, _, err := f.e.ask(io.Discard, "shut", f.slot)
	return err
}

func (f *execFile) Stat() (fs.FileInfo, error) {
	status, info, err := f.e.ask(io.Discard, "held", f.slot)
	if err != nil {
		return nil, err
	}
	if status != "ok" {
		return nil, reason("stat", f.name, status)
	}
	return parseExecInfo(path.Base(f.name), info)
}

// ReadAt reads whole blocks, as dd does, and leaves out what was not asked for.
func (f *execFile) ReadAt(b []byte, off int64) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	const block = 4 << 10
	first := off / block
	last := (off + int64(len(b)) - 1) / block
	w := window{skip: int(off - first*block), to: b}
	if _, _, err := f.e.ask(&w, "read", f.slot, block, first, last-first+1); err != nil {
		return 0, err
	}
	if w.n < len(b) {
		return w.n, io.EOF
	}
	return w.n, nil
}

// window keeps a part of what is written to it.
type window struct {
	skip int
	to   []byte
	n    int
}

func (w *window) Write(b []byte) (int, error) {
	drop := min(w.skip, len(b))
	w.skip -= drop
	w.n += copy(w.to[w.n:], b[drop:])
	return len(b), nil
}

// execInfo is a file as the agent describes it.
type execInfo struct {
	name    string
	size    int64
	changed time.Time
	mode    fs.FileMode
}

func (i execInfo) Name() string       { return i.name }
func (i execInfo) Size() int64        { return i.size }
func (i execInfo) Mode() fs.FileMode  { return i.mode }
func (i execInfo) ModTime() time.Time { return i.changed }
func (i execInfo) IsDir() bool        { return i.mode.IsDir() }
func (i execInfo) Sys() any           { return nil }

// parseExecInfo reads "size time mode", the mode in hexadecimal.
func parseExecInfo(name, text string) (execInfo, error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return execInfo{}, fmt.Errorf("not a description of a file: %q", text)
	}
	size, err1 := strconv.ParseInt(fields[0], 10, 64)
	secs, err2 := strconv.ParseInt(fields[1], 10, 64)
	mode, err3 := strconv.ParseUint(fields[2], 16, 32)
	if err := errors.Join(err1, err2, err3); err != nil || size < 0 {
		return execInfo{}, fmt.Errorf("not a description of a file: %q", text)
	}
	info := execInfo{name: name, size: size, changed: time.Unix(secs, 0), mode: fs.FileMode(mode & 0o777)}
	switch mode & 0xf000 {
	case 0x8000:
	case 0x4000:
		info.mode |= fs.ModeDir
	default:
		info.mode |= fs.ModeIrregular
	}
	return info, nil
}
