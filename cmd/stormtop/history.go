package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/stormtop/stormtop/ui"
)

// maxHistory bounds the palette's lines kept on disk; the file is cut to it when
// it is read.
const maxHistory = 200

// historyFile keeps the palette's lines in the state directory, one a line.
type historyFile struct{ path string }

func (c console) history() ui.History {
	if c.cfg.Paths.State == "" {
		return nil
	}
	return historyFile{filepath.Join(c.cfg.Paths.State, "history")}
}

// Load returns the kept lines, oldest first; none when there are none.
func (h historyFile) Load() []string {
	f, err := os.Open(h.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, s.Text())
		lines = lines[max(0, len(lines)-maxHistory):]
	}
	return lines
}

// Add appends a line. History is a convenience: where it cannot be kept, the
// session's own still works.
func (h historyFile) Add(line string) {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n")
	_ = f.Close()
}
