package follow

import (
	"context"
	"errors"
	"io/fs"

	"github.com/stormtop/stormtop/logs"
)

// readDir lists a directory of a host.
func readDir(ctx context.Context, h logs.Host, dir string) ([]fs.FileInfo, error) {
	files, err := h.Files(ctx)
	if err != nil {
		return nil, err
	}
	return files.ReadDir(ctx, dir)
}

// isDir reports whether a host has a directory; the error is that of a host that
// cannot be asked.
func isDir(ctx context.Context, h logs.Host, dir string) (bool, error) {
	files, err := h.Files(ctx)
	if err != nil {
		return false, err
	}
	info, err := files.Stat(ctx, dir)
	switch {
	case err == nil:
		return info.IsDir(), nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return false, nil
	}
	return false, err
}
