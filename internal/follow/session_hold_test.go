package follow

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stormtop/stormtop/logs"
)

// TestSessionHolds: while a session is held its files are the buffer; what was
// written meanwhile comes when it goes on.
func TestSessionHolds(t *testing.T) {
	dir := t.TempDir()
	write := workerFile(t, dir, 6700)
	write("one")
	path := filepath.Join(dir, artifactsName, "a-1-7", "6700", "worker.log")
	s := New(Config{Lines: -1, Follow: true}, nil, []logs.Source{{Path: path, Kind: logs.KindFile}})
	defer func() { _ = s.Close() }()
	await(t, s, "the first line", func() bool { return slices.Contains(texts(s), "one") })
	s.Hold(true)
	await(t, s, "state of being held", func() bool { st := s.States(); return len(st) == 1 && st[0].State == logs.StateHeld })
	write("two")
	s.Hold(false)
	await(t, s, "second line", func() bool { return slices.Contains(texts(s), "two") })
	if n := s.Late(); n != 0 {
		t.Errorf("%d lines are late, none is", n)
	}
}
