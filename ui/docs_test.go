package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/ui/screen"
)

// TestReadmeListsTheScreens holds the README's table against the screens that
// register themselves.
func TestReadmeListsTheScreens(t *testing.T) {
	t.Parallel()
	text := readDoc(t, "README.md")
	_, rest, ok := strings.Cut(text, "<!-- keys:")
	if !ok {
		t.Fatal("README.md has no table of keys")
	}
	table, _, _ := strings.Cut(rest, "<!-- end of keys -->")
	rows := map[string]string{} // key to screen
	for _, m := range regexp.MustCompile("(?m)^\\| `(.)` \\| (\\S+) \\|").FindAllStringSubmatch(table, -1) {
		rows[m[1]] = m[2]
	}
	roots := 0
	for _, spec := range screen.Specs() {
		if !isRoot(spec) {
			continue
		}
		roots++
		if key := spec.Key.Help().Key; rows[key] != spec.Title {
			t.Errorf("README says %q of key %s, the screen is %s", rows[key], key, spec.Title)
		}
	}
	if len(rows) != roots {
		t.Errorf("README lists %d screens, there are %d", len(rows), roots)
	}
}

// TestDocumentsNameWhatExists holds every path, make target and palette word
// that the documents name against the tree.
func TestDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	makefile := readDoc(t, "Makefile")
	for _, doc := range []string{"README.md", "docs/guide.md", "docs/performance.md", "docs/load.md"} {
		text := readDoc(t, doc)
		for _, m := range regexp.MustCompile("`((?:cmd|internal|ui|nimbusclient|zkview|docs|scripts)(?:/[\\w.-]+)*)`").FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
				t.Errorf("%s names %s: %v", doc, m[1], err)
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:^|`)(?:\\w+=\\S+ )*make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which the Makefile lacks", doc, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\]\(([\w./-]+)\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
		for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(text, -1) {
			if !testExists(t, m[1]) {
				t.Errorf("%s names %s, which no test is called", doc, m[1])
			}
		}
	}
}

// The guide says where to start reading in each room.
func TestGuideNamesWhereToStart(t *testing.T) {
	t.Parallel()
	for line := range strings.SplitSeq(readDoc(t, "docs/guide.md"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		rooms := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1)
		for _, file := range regexp.MustCompile("`(\\w+\\.go)`").FindAllStringSubmatch(cells[3], -1) {
			found := false
			for _, room := range rooms {
				if _, err := os.Stat(filepath.Join("..", room[1], file[1])); err == nil {
					found = true
				}
			}
			if !found {
				t.Errorf("the guide sends readers of %s to %s, which is not there", cells[1], file[1])
			}
		}
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func testExists(t *testing.T, name string) bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "func "+name+"(") {
			return true
		}
	}
	return false
}
