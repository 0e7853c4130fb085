package rotatetest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"time"
)

// A Style is a way to rotate.
type Style int

// The ways to rotate.
const (
	// Log4j2 renames the log to the highest number, then begins a new one; the
	// renamed one is packed a little later. When all numbers are used, ".1" is
	// deleted and every other moves down by one first.
	Log4j2 Style = iota
	// Logback shifts the row up and renames the log to ".1".
	Logback
	// CopyTruncate is Logback with a copy instead of the rename, after which
	// the log is cut to nothing.
	CopyTruncate
	// Delete deletes the log and begins a new one.
	Delete
)

// String is the style in one word.
func (s Style) String() string {
	return [...]string{"log4j2", "logback", "copytruncate", "delete"}[s]
}

// A Writer writes one log. It is not safe for concurrent use.
type Writer struct {
	Disk  Disk
	Name  string
	Style Style
	// Keep is how many generations stay, 9 when 0.
	Keep int
	// Now gives the time that lines begin with.
	Now func() time.Time
	// Pad is added to every line.
	Pad string
	// Unpacked leaves the packing of a Log4j2 generation to a call of Pack.
	Unpacked bool

	file    Appender
	seq     int
	highest int
	topack  string
}

// Written is how many lines were written: they are numbered from 1 on.
func (w *Writer) Written() int { return w.seq }

func (w *Writer) keep() int {
	if w.Keep == 0 {
		return 9
	}
	return w.Keep
}

// Lines writes n lines in one call.
func (w *Writer) Lines(n int) error {
	if err := w.begin(); err != nil {
		return err
	}
	var b bytes.Buffer
	for range n {
		w.seq++
		fmt.Fprintf(&b, "%s o.a.s.t.ShellBolt Thread-20 [INFO] n=%d%s\n", w.Now().Format("2006-01-02 15:04:05.000"), w.seq, w.Pad)
	}
	_, err := w.file.Write(b.Bytes())
	return err
}

func (w *Writer) begin() (err error) {
	if w.file == nil {
		w.file, err = w.Disk.Create(w.Name)
	}
	return err
}

// Close closes the log.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

func (w *Writer) numbered(n int) string { return fmt.Sprintf("%s.%d", w.Name, n) }

// Rotate rotates. The new log appears with its first line, or with Begin.
func (w *Writer) Rotate() error {
	if err := w.begin(); err != nil {
		return err
	}
	switch w.Style {
	case Log4j2:
		return w.rotateUp()
	case Logback:
		if err := w.Close(); err != nil {
			return err
		}
		if err := w.shiftUp(); err != nil {
			return err
		}
		return w.Disk.Rename(w.Name, w.numbered(1))
	case CopyTruncate:
		if err := w.shiftUp(); err != nil {
			return err
		}
		data, err := w.Disk.Read(w.Name)
		if err != nil {
			return err
		}
		if err := w.Disk.Write(w.numbered(1), data); err != nil {
			return err
		}
		return w.Disk.Truncate(w.Name)
	default:
		if err := w.Close(); err != nil {
			return err
		}
		return w.Disk.Remove(w.Name)
	}
}

// Begin makes the new log, empty.
func (w *Writer) Begin() error { return w.begin() }

func (w *Writer) shiftUp() error {
	if err := w.Disk.Remove(w.numbered(w.keep())); err != nil {
		return err
	}
	for n := w.keep() - 1; n >= 1; n-- {
		if w.Disk.Exists(w.numbered(n)) {
			if err := w.Disk.Rename(w.numbered(n), w.numbered(n+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) rotateUp() error {
	if err := w.Close(); err != nil {
		return err
	}
	if err := w.Pack(); err != nil { // one at a time, as log4j2 does
		return err
	}
	if w.highest == w.keep() {
		if err := w.Disk.Remove(w.numbered(1) + ".gz"); err != nil {
			return err
		}
		for n := 2; n <= w.keep(); n++ {
			if err := w.Disk.Rename(w.numbered(n)+".gz", w.numbered(n-1)+".gz"); err != nil {
				return err
			}
		}
		w.highest--
	}
	w.highest++
	if err := w.Disk.Rename(w.Name, w.numbered(w.highest)); err != nil {
		return err
	}
	w.topack = w.numbered(w.highest)
	if w.Unpacked {
		return nil
	}
	return w.Pack()
}

// Pack packs the generation that waits for it: first a part of the packed file
// is there, then all of it, then the plain one is gone.
func (w *Writer) Pack() error {
	if w.topack == "" {
		return nil
	}
	name := w.topack
	w.topack = ""
	data, err := w.Disk.Read(name)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := w.Disk.Write(name+".gz", b.Bytes()[:10]); err != nil {
		return err
	}
	if err := w.Disk.Write(name+".gz", b.Bytes()); err != nil {
		return err
	}
	return w.Disk.Remove(name)
}
