package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDisk reads real files, one of them through a link.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		// WriteFile obeys the umask.
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	storm := write("real.yaml", "nimbus.seeds: [a, b]\n", 0o644)
	if err := os.Mkdir(filepath.Join(dir, ".storm"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(storm, filepath.Join(dir, ".storm", "storm.yaml")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	conf := write("c.yaml", "ui: {theme: mono}\n", 0o666)
	c, ws, err := Load(Inputs{Home: dir, Files: Disk(), Flags: map[string][]string{"config": {conf}}})
	if err != nil || addressTexts(c.Nimbus.V) != "a:6627, b:6627" || c.UI.Theme.V != "mono" {
		t.Fatalf("%+v %v", c, err)
	}
	if !warned(ws, "~/c.yaml: anybody on this machine can change this file") {
		t.Errorf("%v", ws)
	}
}
