package logs

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/stormtop/stormtop/internal/human"
)

// A conn is a way to the files of a source.
type conn struct {
	files FileSystem
	close func()
}

// hostOf is the host of that name.
func (m *Mux) hostOf(name string) Host {
	if name == "" || m.cfg.Hosts == nil {
		return localHost{}
	}
	return m.cfg.Hosts.Host(name)
}

// connect finds a way to the source: by handle over SFTP, through a shell where
// there is none, through the logviewer where there is no ssh.
func (t *tail) connect(ctx context.Context) (conn, error) {
	host := t.m.hostOf(t.src.Host)
	if _, ok := host.(localHost); ok {
		t.via("local", "")
		return conn{localFiles{}, func() {}}, nil
	}
	if !t.m.cfg.Exec {
		files, err := host.Files(ctx)
		if err == nil {
			t.via("sftp", "")
			return conn{files, func() {
				if c, ok := files.(io.Closer); ok {
					_ = c.Close()
				}
			}}, nil
		}
		if !errors.Is(err, ErrNoFiles) {
			return t.viaLogviewer(err)
		}
	}
	files, err := newExecFiles(ctx, host, t.src.Path)
	if err != nil {
		return t.viaLogviewer(err)
	}
	t.via("exec", "")
	return conn{files, func() { _ = files.Close() }}, nil
}

// viaLogviewer reads over the logviewer, if there is one, because of err.
func (t *tail) viaLogviewer(err error) (conn, error) {
	if t.m.cfg.Logviewer == nil {
		return conn{}, err
	}
	files := t.m.cfg.Logviewer.Files(t.src)
	if files == nil {
		return conn{}, err
	}
	t.via("logviewer", "over the logviewer: "+errorWords(err))
	return conn{files, func() {}}, nil
}

// via notes the way.
func (t *tail) via(how, words string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Via = how
	if words != "" {
		t.state.Words = words
	}
}

// A Logviewer serves the files of workers over HTTP.
type Logviewer interface {
	// Files gives the files of a source, nil where it does not serve them.
	Files(src Source) FileSystem
}

// spanWords is a duration in whole seconds.
func spanWords(d time.Duration) string { return human.Span(d.Round(time.Second)) }
