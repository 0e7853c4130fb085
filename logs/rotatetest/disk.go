package rotatetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A Disk is a directory of files.
type Disk interface {
	// Create makes an empty file and leaves it open for Append.
	Create(name string) (Appender, error)
	// Rename, Remove and Truncate do what the calls of that name do. Removing
	// what is not there is no error.
	Rename(from, to string) error
	Remove(name string) error
	Truncate(name string) error
	// Read and Write are for whole files.
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
	// Exists reports whether the name is there.
	Exists(name string) bool
}

// An Appender is a file that is open for appending.
type Appender interface {
	Write(b []byte) (int, error)
	Close() error
}

// Dir is a Disk on a real directory.
type Dir string

func (d Dir) path(name string) string { return filepath.Join(string(d), name) }

// Create implements Disk.
func (d Dir) Create(name string) (Appender, error) {
	return os.OpenFile(d.path(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// Rename implements Disk.
func (d Dir) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

// Remove implements Disk.
func (d Dir) Remove(name string) error {
	err := os.Remove(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Truncate implements Disk.
func (d Dir) Truncate(name string) error { return os.Truncate(d.path(name), 0) }

// Read implements Disk.
func (d Dir) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

// Write implements Disk.
func (d Dir) Write(name string, data []byte) error {
	return os.WriteFile(d.path(name), data, 0o644)
}

// Exists implements Disk.
func (d Dir) Exists(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}
