package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// python is the interpreter itself, not a shim in front of it: a worker starts
// one per task.
func (l *Lab) python(ctx context.Context) (string, error) {
	out, err := l.run(ctx, "python3", "-c", "import sys; print(sys.executable)")
	if err != nil {
		return "", fmt.Errorf("asking python3 for its path: %w: %s", err, clip(out, 200))
	}
	return strings.TrimSpace(out), nil
}

// pystorm is an interpreter that can import pystorm: the plain one when it
// has it, otherwise that of a virtual environment in the cache.
func (l *Lab) pystorm(ctx context.Context) (string, error) {
	plain, err := l.python(ctx)
	if err != nil {
		return "", err
	}
	if _, err := l.run(ctx, plain, "-c", "import pystorm"); err == nil {
		return plain, nil
	}
	release, err := l.turn(ctx, filepath.Join(l.set.Cache, "lock"))
	if err != nil {
		return "", err
	}
	defer release()
	venv := filepath.Join(l.set.Cache, "venv")
	inside := filepath.Join(venv, "bin", "python3")
	if _, err := l.run(ctx, inside, "-c", "import pystorm"); err == nil {
		return inside, nil
	}
	err = l.timed("python environment with pystorm", func() error {
		if out, err := l.run(ctx, plain, "-m", "venv", "--clear", venv); err != nil {
			return fmt.Errorf("making %s: %w: %s", venv, err, clip(strings.TrimSpace(out), 300))
		}
		out, err := l.run(ctx, inside, "-m", "pip", "-q", "--disable-pip-version-check", "install", "pystorm=="+pystormVersion)
		if err != nil {
			return fmt.Errorf("installing pystorm %s: %w: %s", pystormVersion, err, clip(strings.TrimSpace(out), 300))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if out, err := l.run(ctx, inside, "-c", "import pystorm"); err != nil {
		return "", fmt.Errorf("using pystorm: %w: %s", err, clip(strings.TrimSpace(out), 300))
	}
	return inside, nil
}
