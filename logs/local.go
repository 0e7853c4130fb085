package logs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// localHost is this machine.
type localHost struct{}

func (localHost) Files(context.Context) (FileSystem, error) { return localFiles{}, nil }

func (localHost) Start(context.Context, string) (Process, error) {
	return nil, errors.New("commands are not run on this machine")
}

func (localHost) Clock() Clock { return Clock{Zone: time.Local, Known: true} }

// localFiles are the files of this machine.
type localFiles struct{}

func (localFiles) Open(_ context.Context, path string) (File, error) {
	// Without waiting, should it have become a pipe since it was looked at.
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (localFiles) Stat(_ context.Context, path string) (fs.FileInfo, error) { return os.Stat(path) }

func (localFiles) ReadDir(_ context.Context, dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	infos := make([]fs.FileInfo, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // renamed meanwhile
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}
