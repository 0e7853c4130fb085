package logs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/stormtop/stormtop/logs/rotatetest"
)

// memDisk is a directory "/logs" in memory, with files that outlive their names
// while they are open and times of whole seconds, as SFTP gives them. It serves
// the follower as a FileSystem and the writer as a Disk.
type memDisk struct {
	mu    sync.Mutex
	now   func() time.Time
	names map[string]*memNode
	// tick is called before every operation of the reading side; an error
	// breaks the connection.
	tick func() error
	// skip makes a listing miss an entry.
	skip func() bool
	open int
}

type memNode struct {
	data    []byte
	changed time.Time
}

func newMemDisk(now func() time.Time) *memDisk {
	return &memDisk{now: now, names: map[string]*memNode{}}
}

// The writer's side.

type memAppender struct {
	d *memDisk
	n *memNode
}

func (a memAppender) Write(b []byte) (int, error) {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	a.n.data = append(a.n.data, b...)
	a.n.changed = a.d.now()
	return len(b), nil
}

func (memAppender) Close() error { return nil }

func (d *memDisk) Create(name string) (rotatetest.Appender, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		n = &memNode{changed: d.now()}
		d.names[name] = n
	}
	return memAppender{d, n}, nil
}

func (d *memDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[from]
	if n == nil {
		return fs.ErrNotExist
	}
	delete(d.names, from)
	d.names[to] = n
	return nil
}

func (d *memDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, name)
	return nil
}

func (d *memDisk) Truncate(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	n.data, n.changed = nil, d.now()
	return nil
}

func (d *memDisk) Read(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(n.data), nil
}

func (d *memDisk) Write(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		n = &memNode{}
		d.names[name] = n
	}
	n.data, n.changed = bytes.Clone(data), d.now()
	return nil
}

func (d *memDisk) Exists(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name] != nil
}

// The follower's side.

var errBroken = errors.New("connection reset by peer")

func (d *memDisk) step() error {
	if d.tick == nil {
		return nil
	}
	return d.tick()
}

type memInfo struct {
	name    string
	size    int64
	changed time.Time
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return 0o644 }
func (i memInfo) ModTime() time.Time { return i.changed.Truncate(time.Second) }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }

func (d *memDisk) Stat(_ context.Context, name string) (fs.FileInfo, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[path.Base(name)]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return memInfo{path.Base(name), int64(len(n.data)), n.changed}, nil
}

func (d *memDisk) ReadDir(context.Context, string) ([]fs.FileInfo, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var infos []fs.FileInfo
	for name, n := range d.names {
		if d.skip != nil && d.skip() {
			continue // renamed or packed while the directory was being read
		}
		infos = append(infos, memInfo{name, int64(len(n.data)), n.changed})
	}
	return infos, nil
}

func (d *memDisk) Open(_ context.Context, name string) (File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[path.Base(name)]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	d.open++
	return &memFile{d: d, n: n, name: path.Base(name)}, nil
}

type memFile struct {
	d      *memDisk
	n      *memNode
	name   string
	closed bool
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.d.step(); err != nil {
		return 0, err
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Stat() (fs.FileInfo, error) {
	if err := f.d.step(); err != nil {
		return nil, err
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return memInfo{f.name, int64(len(f.n.data)), f.n.changed}, nil
}

func (f *memFile) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.closed {
		panic("closed twice")
	}
	f.closed = true
	f.d.open--
	return nil
}
