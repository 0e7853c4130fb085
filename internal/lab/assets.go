package lab

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// assets are the lab's own files: Maven descriptions, configuration, the
// topologies and the sources that are compiled on the spot.
//
//go:embed assets
var assets embed.FS

var placeholder = regexp.MustCompile(`@[A-Z][A-Z_]*@`)

// fill replaces every @NAME@ of the text. A name without a value is an error:
// a configuration with a hole in it makes a daemon fail far from the cause.
func fill(text string, values map[string]string) (string, error) {
	var missing error
	out := placeholder.ReplaceAllStringFunc(text, func(hole string) string {
		v, ok := values[hole[1:len(hole)-1]]
		if !ok && missing == nil {
			missing = fmt.Errorf("no value for %s", hole)
		}
		return v
	})
	return out, missing
}

func asset(name string) (string, error) {
	data, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return "", fmt.Errorf("reading a built-in file: %w", err)
	}
	return string(data), nil
}

// writeAsset writes the asset with its placeholders filled in to path.
func writeAsset(path, name string, values map[string]string, mode fs.FileMode) error {
	text, err := asset(name)
	if err != nil {
		return err
	}
	if text, err = fill(text, values); err != nil {
		return fmt.Errorf("filling in %s: %w", name, err)
	}
	return writeFile(path, []byte(text), mode)
}

// writeFile writes a file whole or not at all, with its directories.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making room for %s: %w", path, err)
	}
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	if err := os.WriteFile(part, data, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Chmod(part, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
