//go:build ignore

// Generate makes the tables of this package from Storm's jars:
//
//	go run generate.go [-m2 DIR]
//
// The jars are those that Maven keeps in its local repository.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func main() {
	home, _ := os.UserHomeDir()
	m2 := flag.String("m2", filepath.Join(home, ".m2", "repository"), "Maven's local repository")
	flag.Parse()
	for _, r := range []struct{ artifact, version string }{
		{"storm-core", "0.9.7"}, {"storm-core", "0.10.2"}, {"storm-core", "1.2.2"}, {"storm-client", "2.8.3"},
	} {
		jar := filepath.Join(*m2, "org/apache/storm", r.artifact, r.version, r.artifact+"-"+r.version+".jar")
		if err := generate(jar, r.artifact, r.version); err != nil {
			log.Fatalf("making the table of Storm %s: %v", r.version, err)
		}
	}
}

func generate(jar, artifact, version string) error {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return err
	}
	defer z.Close()
	f, err := z.Open("defaults.yaml")
	if err != nil {
		return err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return err
	}
	top := doc.Content[0]
	values := map[string]any{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		v, err := value(top.Content[i+1])
		if err != nil {
			return fmt.Errorf("%s: %w", top.Content[i].Value, err)
		}
		values[top.Content[i].Value] = v
	}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)

	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n  \"origin\": %q,\n  \"license\": \"Apache-2.0, The Apache Software Foundation\",\n  \"values\": {\n",
		fmt.Sprintf("defaults.yaml of org.apache.storm:%s:%s", artifact, version))
	for i, k := range keys {
		text, err := encode(values[k])
		if err != nil {
			return err
		}
		comma := ","
		if i == len(keys)-1 {
			comma = ""
		}
		fmt.Fprintf(&out, "    %q: %s%s\n", k, text, comma)
	}
	out.WriteString("  }\n}\n")
	return os.WriteFile(version+".json", out.Bytes(), 0o644)
}

func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

// value keeps numbers as they are written, so that 1.0 stays 1.0.
func value(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			v, err := value(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = v
		}
		return m, nil
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return n.Value == "true", nil
	case "!!int", "!!float":
		text := strings.ReplaceAll(n.Value, "_", "") // 10_000
		if !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("%q is a number that JSON cannot write", n.Value)
		}
		return json.Number(text), nil
	default:
		return n.Value, nil
	}
}
