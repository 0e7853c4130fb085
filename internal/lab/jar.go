package lab

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// readJar adds a jar's files to files, without its manifest and without the
// logging classes that the workers bring themselves.
func readJar(file string, files map[string][]byte) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "META-INF/") || strings.HasPrefix(f.Name, "org/slf4j/") {
			continue
		}
		data, err := readZipped(f)
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		files[f.Name] = data
	}
	return nil
}

func readZipped(f *zip.File) ([]byte, error) {
	const limit = 64 << 20
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", f.Name, limit)
	}
	return data, err
}

func writeJar(jar string, files map[string][]byte) error {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return fmt.Errorf("packing %s: %w", jar, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("packing %s: %w", jar, err)
	}
	return writeFile(jar, out.Bytes(), 0o644)
}

// unpackWeb writes the web pages of a storm-webapp jar to dir.
func unpackWeb(jar, dir string) error {
	files := map[string][]byte{}
	if err := readJar(jar, files); err != nil {
		return err
	}
	found := false
	for name, data := range files {
		rest, ok := strings.CutPrefix(name, "WEB-INF/")
		if !ok {
			continue
		}
		if !filepath.IsLocal(rest) {
			return fmt.Errorf("%s holds a file outside of its directory: %s", jar, path.Clean(name))
		}
		found = true
		if err := writeFile(filepath.Join(dir, rest), data, 0o644); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s has no WEB-INF directory, so it is no storm-webapp jar that the UI can run from", jar)
	}
	return nil
}
