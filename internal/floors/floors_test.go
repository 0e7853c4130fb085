package floors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, seen from this package.
const root = "../.."

type file struct {
	path string // relative to the module
	room string
	test bool
	ast  *ast.File
}

// files parses every Go file of the module.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, file{
			path: filepath.ToSlash(rel), room: filepath.ToSlash(filepath.Dir(rel)),
			test: strings.HasSuffix(name, "_test.go"), ast: parsed,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d Go files below %s", len(all), root)
	}
	return all
}

func within(pkg, pattern string) bool {
	if pattern == "..." {
		return true
	}
	if stem, deep := strings.CutSuffix(pattern, "/..."); deep {
		return pkg == stem || strings.HasPrefix(pkg, stem+"/")
	}
	return pkg == pattern
}

func anyWithin(pkg string, patterns []string) bool {
	for _, p := range patterns {
		if within(pkg, p) {
			return true
		}
	}
	return false
}

func floorOf(room string) (Floor, bool) {
	for _, f := range Plan {
		if within(room, f.Room) {
			return f, true
		}
	}
	return Floor{}, false
}

func anyPrefix(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p) || path == strings.TrimSuffix(p, "/") {
			return true
		}
	}
	return false
}

func TestEveryImportIsDrawnInThePlan(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		floor, ok := floorOf(f.room)
		if !ok {
			t.Errorf("%s: package %s has no floor; add a row to Plan", f.path, f.room)
			continue
		}
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := judge(floor, f, path); why != "" {
				t.Errorf("%s imports %s: %s", f.path, path, why)
			}
		}
		if !f.test {
			checkValues(t, floor, f)
		}
	}
}

// judge returns why the import is not allowed, or "".
func judge(floor Floor, f file, path string) string {
	if pkg, own := strings.CutPrefix(path, Module); own {
		switch {
		case pkg == f.room, anyWithin(pkg, floor.Own), anyWithin(pkg, floor.Values):
			return ""
		case f.test && anyWithin(pkg, TestRooms):
			return ""
		case anyWithin(pkg, []string{"internal/termtest/..."}):
			return "only tests may use it"
		case f.test && pkg == "nimbusclient" && anyWithin(f.room, []string{"internal/report/..."}):
			return ""
		}
		return "the plan draws no such edge from " + floor.Room
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") { // the standard library
		return ""
	}
	if anyPrefix(path, floor.Libraries) || f.test && anyPrefix(path, TestLibraries) {
		return ""
	}
	return "this library belongs to another floor"
}

// checkValues fails when a room that may use only values of a wire names one of
// its clients, or one that is not the gate a change.
func checkValues(t *testing.T, floor Floor, f file) {
	t.Helper()
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if ok && pkg.Name == "nimbusclient" && Changing[sel.Sel.Name] && f.room != Gate {
			t.Errorf("%s uses nimbusclient.%s, but only %s may change a cluster", f.path, sel.Sel.Name, Gate)
		}
		if ok && anyWithin(pkg.Name, floor.Values) && NotValues[sel.Sel.Name] {
			t.Errorf("%s uses %s.%s, but %s may use its values only", f.path, pkg.Name, sel.Sel.Name, floor.Room)
		}
		return true
	})
}

// The linter's rules repeat the floors of the heavy libraries, so that an
// editor shows a wrong edge while it is typed.
func TestLinterRepeatsTheLibraries(t *testing.T) {
	t.Parallel()
	lint, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range []string{
		"github.com/apache/thrift", "github.com/go-zookeeper/zk", "charm.land/bubbletea",
		"go.yaml.in/yaml", "github.com/spf13/cobra", "golang.org/x/crypto/ssh",
	} {
		if !strings.Contains(string(lint), library) {
			t.Errorf(".golangci.yml has no depguard rule for %s", library)
		}
	}
}

func TestJudgeFindsWrongEdges(t *testing.T) {
	t.Parallel()
	floor, ok := floorOf("ui/screens")
	if !ok {
		t.Fatal("ui/screens has no floor")
	}
	code, test := file{room: "ui/screens"}, file{room: "ui/screens", test: true}
	for _, c := range []struct {
		f    file
		path string
		good bool
	}{
		{code, "strings", true},
		{code, Module + "ui/kit", true},
		{code, Module + "nimbusclient", true},
		{code, Module + "internal/config", false},
		{code, Module + "ui", false},
		{code, "github.com/apache/thrift/lib/go/thrift", false},
		{code, "charm.land/bubbletea/v2", true},
		{code, Module + "internal/termtest", false},
		{test, Module + "internal/termtest", true},
		{test, "github.com/google/go-cmp/cmp", true},
		{code, "github.com/google/go-cmp/cmp", false},
	} {
		if got := judge(floor, c.f, c.path) == ""; got != c.good {
			t.Errorf("judge(%v test=%v, %s) allowed=%v, want %v", c.f.room, c.f.test, c.path, got, c.good)
		}
	}
}
