package sim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// generations is how many archived worker logs log4j2 keeps (max of its
// DefaultRolloverStrategy).
const generations = 9

// clockLayout is that of Storm since 0.10: no zone.
const clockLayout = "2006-01-02 15:04:05.000"

// moment is a time of the world as one.
func moment(at float64) time.Time {
	return time.UnixMilli(int64(math.Round(at * 1000))).UTC()
}

// logFile is a file that a logging library writes and rotates.
type logFile struct {
	disk  *hostfs.FS
	path  string
	limit int64 // bytes at which it is rotated; 0 for never
	keep  int   // generations
	plain bool  // as Python's RotatingFileHandler does it: .1 is the newest, not compressed
	out   *hostfs.Writer

	// What log4j2 does after the rename: the new file comes a moment later, the
	// compression when it has time.
	held    []byte // written while there is no file
	heldAt  time.Time
	archive string // renamed and not yet compressed
}

// open makes the file, or goes on with the one that is there.
func (f *logFile) open(at time.Time) {
	if f.out == nil {
		f.out = f.create(f.path, at)
	}
}

// resume goes on with a file that somebody else began.
func (f *logFile) resume() { f.out, _ = f.disk.Reopen(f.path) }

func (f *logFile) create(name string, at time.Time) *hostfs.Writer {
	out, err := f.disk.Create(name, stormUser, 0o644, at)
	if err != nil {
		panic("sim: " + err.Error()) // its directory is made before it
	}
	return out
}

// write appends and rotates when the file is full.
func (f *logFile) write(text []byte, at time.Time) {
	if f.out == nil {
		f.held, f.heldAt = append(f.held, text...), at
		return
	}
	f.out.Append(text, at)
	if f.limit > 0 && f.out.Size() >= f.limit {
		f.rotate(at)
	}
}

// rotate begins a rotation; settle and compress go on with it.
func (f *logFile) rotate(at time.Time) {
	if f.plain {
		f.shiftPlain(at)
		return
	}
	f.compress(at) // the one before, if it is still plain
	n := 1
	for n <= generations && f.exists(f.numbered(n, ".gz")) {
		n++
	}
	if n > f.keep {
		// The oldest goes, the whole row moves down.
		f.remove(f.numbered(1, ".gz"), at)
		for k := 2; k <= f.keep; k++ {
			f.rename(f.numbered(k, ".gz"), f.numbered(k-1, ".gz"), at)
		}
		n = f.keep
	}
	f.archive = f.numbered(n, "")
	f.rename(f.path, f.archive, at)
	f.out = nil
}

// settle makes the new file after a rotation.
func (f *logFile) settle(at time.Time) {
	if f.out != nil {
		return
	}
	f.out = f.create(f.path, at)
	if len(f.held) > 0 {
		held, heldAt := f.held, f.heldAt
		f.held = nil
		f.write(held, heldAt)
	}
}

// compress replaces an archived file with its compressed copy.
func (f *logFile) compress(at time.Time) {
	if f.archive == "" {
		return
	}
	name := f.archive
	f.archive = ""
	file, err := f.disk.As(stormUser).Open(name)
	if err != nil {
		return
	}
	data := make([]byte, file.Stat().Size())
	n, _ := file.ReadAt(data, 0)
	zipped := pack(data[:n])
	f.create(name+".gz", at).Append(zipped, at)
	f.remove(name, at)
}

func pack(data []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err == nil {
		_, _ = z.Write(data)
		_ = z.Close()
	}
	return out.Bytes()
}

// shiftPlain is how Python rotates: the highest number is the oldest.
func (f *logFile) shiftPlain(at time.Time) {
	for k := f.keep - 1; k >= 1; k-- {
		if f.exists(f.numbered(k, "")) {
			f.rename(f.numbered(k, ""), f.numbered(k+1, ""), at)
		}
	}
	f.rename(f.path, f.numbered(1, ""), at)
	f.out = f.create(f.path, at)
}

func (f *logFile) numbered(n int, suffix string) string {
	return fmt.Sprintf("%s.%d%s", f.path, n, suffix)
}

func (f *logFile) exists(name string) bool {
	_, err := f.disk.As("root").Lstat(name)
	return err == nil
}

func (f *logFile) rename(from, to string, at time.Time) {
	if err := f.disk.Rename(from, to, at); err != nil && f.exists(from) {
		panic("sim: " + err.Error())
	}
}

func (f *logFile) remove(name string, at time.Time) { _ = f.disk.Remove(name, at) }

// mkdir makes a directory of the simulated disk, whose paths are known to be good.
func mkdir(disk *hostfs.FS, dir, owner string, mode fs.FileMode, at time.Time) {
	if err := disk.MkdirAll(dir, owner, mode, at); err != nil {
		panic("sim: " + err.Error())
	}
}
