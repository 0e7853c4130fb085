package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Phase says which of a change's two lines a record is.
type Phase string

// The phases.
const (
	Intent  Phase = "intent"  // written before anything is sent
	Outcome Phase = "outcome" // written when it is known, or known not to be
)

// Record is one line of the audit file.
type Record struct {
	// No numbers the changes of the file, from 1; both lines of one have it.
	No    int64     `json:"no"`
	Time  time.Time `json:"time"`
	Phase Phase     `json:"phase"`
	// Who is the user and the machine, "ops@ws-7".
	Who     string `json:"who"`
	Cluster string `json:"cluster"`
	// Action is "rebalance", "kill" and so on; Topology and ID are its target.
	Action   string `json:"action"`
	Topology string `json:"topology"`
	ID       string `json:"id"`
	// Parameters are what was asked for, Command the same as a line for Storm's
	// own client.
	Parameters string `json:"parameters,omitempty"`
	Command    string `json:"command,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// Result of an outcome is "settled", "gone", "sent", "undone", "superseded",
	// "refused", "aborted", "unknown" or "interrupted"; Detail says why.
	Result string `json:"result,omitempty"`
	Detail string `json:"detail,omitempty"`
	TookMS int64  `json:"tookMs,omitempty"`
	// Previous is the SHA-256 of the line before, without its newline; "" on the
	// first.
	Previous string `json:"previous"`
}

// Audit appends to one file. It may be used by several goroutines, and the file
// by several programs.
type Audit struct {
	path string
	now  func() time.Time
	mu   sync.Mutex
}

// NewAudit returns the audit at a path. It does no I/O.
func NewAudit(path string, now func() time.Time) *Audit { return &Audit{path: path, now: now} }

// Path is where it is.
func (a *Audit) Path() string { return a.path }

// Writable reports why no record could be written now; nil when one could. It
// makes the file when there is none.
func (a *Audit) Writable() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.open()
	if err != nil {
		return err
	}
	return f.Close()
}

// Intend writes the intent of a change and returns its number. It is on the disk
// when Intend returns.
func (a *Audit) Intend(r Record) (int64, error) {
	r.Phase, r.No = Intent, 0
	return a.append(r)
}

// Conclude writes the outcome of the change that r.No names.
func (a *Audit) Conclude(r Record) error {
	if r.No < 1 {
		return errors.New("an outcome needs the number of its intent")
	}
	r.Phase = Outcome
	_, err := a.append(r)
	return err
}

func (a *Audit) open() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(a.path), 0o700); err != nil {
		return nil, fmt.Errorf("the audit file's directory: %w", err)
	}
	f, err := os.OpenFile(a.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the audit file: %w", err)
	}
	return f, nil
}

func (a *Audit) append(r Record) (no int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.open()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// Released with the file.
	if err := lock(f); err != nil {
		return 0, fmt.Errorf("locking %s: %w", a.path, err)
	}
	last, whole, err := lastLine(f)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", a.path, err)
	}
	r.Time = a.now().UTC()
	r.Previous = ""
	if len(last) > 0 {
		r.Previous = hash(last)
	}
	if r.No == 0 {
		if r.No, err = a.next(f); err != nil {
			return 0, err
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("writing down a change: %w", err)
	}
	if !whole {
		// A program ended in the middle of a line: it stays as it is, alone.
		line = append([]byte{'\n'}, line...)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return 0, fmt.Errorf("writing %s: %w", a.path, err)
	}
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("writing %s: %w", a.path, err)
	}
	return r.No, nil
}

// next is the number after the highest in the file.
func (a *Audit) next(f *os.File) (int64, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	highest := int64(0)
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		var r struct {
			No int64 `json:"no"`
		}
		if json.Unmarshal(line, &r) == nil {
			highest = max(highest, r.No)
		}
		if errors.Is(err, io.EOF) {
			return highest + 1, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// lastLine reads the last line of a file without its newline; whole is false when
// it has none.
func lastLine(f *os.File) (line []byte, whole bool, err error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return nil, true, err
	}
	const block = 4096
	var tail []byte
	for at := size; at > 0; {
		n := min(at, block)
		at -= n
		part := make([]byte, n)
		if _, err := f.ReadAt(part, at); err != nil {
			return nil, false, err
		}
		tail = append(part, tail...)
		body := bytes.TrimSuffix(tail, []byte{'\n'})
		if i := bytes.LastIndexByte(body, '\n'); i >= 0 {
			return body[i+1:], len(body) < len(tail), nil
		}
	}
	body := bytes.TrimSuffix(tail, []byte{'\n'})
	return body, len(body) < len(tail), nil
}

func hash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}
