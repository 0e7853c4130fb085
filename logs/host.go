package logs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"
)

// ErrNoFiles is what [Host.Files] answers where files cannot be read by handle,
// such as an ssh server without the SFTP subsystem. Commands may still work.
var ErrNoFiles = errors.New("this host offers no file access")

// Hosts gives access to the hosts of sources. [OverSSH] is the usual one.
type Hosts interface {
	// Host does no I/O. The same name gives the same host.
	Host(name string) Host
}

// A Host is how a follower reaches the files of one host. Its methods may be
// called by several goroutines.
type Host interface {
	// Files gives the host's files, over a connection that is shared. It is
	// asked for again after an error, and closed when it is an io.Closer.
	Files(ctx context.Context) (FileSystem, error)
	// Start runs a command for the host's shell.
	Start(ctx context.Context, command string) (Process, error)
	// Clock is what is known about the host's clock by now; it does no I/O.
	Clock() Clock
}

// Clock is what is known about the clock of a host.
type Clock struct {
	// Offset is the host's clock minus ours, good to about the round trip.
	Offset time.Duration
	// Zone is the host's time zone, nil while unknown.
	Zone *time.Location
	// Known says that Offset was measured.
	Known bool
}

// A FileSystem reads files. Errors satisfy errors.Is with fs.ErrNotExist and
// fs.ErrPermission where that is the reason; any other error means that the way
// to the host is broken and everything opened through it is lost.
type FileSystem interface {
	// Open opens a regular file for reading.
	Open(ctx context.Context, path string) (File, error)
	// Stat follows symbolic links.
	Stat(ctx context.Context, path string) (fs.FileInfo, error)
	// ReadDir gives the entries of a directory, in any order.
	ReadDir(ctx context.Context, dir string) ([]fs.FileInfo, error)
}

// A File is an open file. It stays the same file when its name is given to
// another one.
type File interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// A Process is a command that runs on a host. Reading gives its standard
// output, writing goes to its standard input.
type Process interface {
	io.Reader
	io.Writer
	// Stderr is the beginning of what it wrote there.
	Stderr() string
	// Wait awaits its end.
	Wait() error
	// Close ends it, on the host too, and awaits that.
	Close() error
}
