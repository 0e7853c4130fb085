package match

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// lines are the lines of a text as the package comment defines them.
func lines(text []byte) [][]byte {
	if len(text) == 0 {
		return nil
	}
	all := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for i := range all {
		all[i] = bytes.TrimSuffix(all[i], []byte("\r"))
	}
	return all
}

// oracle is where the lines that package regexp selects begin.
func oracle(re *regexp.Regexp, text []byte) []int {
	var at []int
	from := 0
	for _, line := range lines(text) {
		if re.Match(line) {
			at = append(at, from)
		}
		next := bytes.IndexByte(text[from:], '\n')
		from += next + 1
	}
	return at
}

// same compares every way to search with package regexp.
func same(t *testing.T, pattern string, o Options, text []byte) {
	t.Helper()
	m, err := Compile([]string{pattern}, o)
	if err != nil {
		if _, bad := regexp.Compile(pattern); bad == nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		return
	}
	source := pattern
	if o.Literal {
		source = regexp.QuoteMeta(pattern)
	}
	if o.IgnoreCase {
		source = "(?i:" + source + ")"
	}
	want := oracle(regexp.MustCompile(source), text)
	check := func(what string, got []int) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Fatalf("%s of %q %+v in %q: lines at %v, package regexp says %v", what, pattern, o, shorten(text), got, want)
		}
	}
	scanned := func(s *scanner) []int {
		var got []int
		s.scan(text, func(from, _ int) bool { got = append(got, from); return true })
		return got
	}
	s := newScanner(m.plan)
	check("scan", scanned(s))
	if n := s.count(text); n != int64(len(want)) {
		t.Fatalf("count of %q in %q is %d, package regexp says %d", pattern, shorten(text), n, len(want))
	}
	if n := newScanner(m.plan).lanes(text, false); !m.plan.nothing && n != int64(len(want)) {
		t.Fatalf("lanes of %q in %q is %d, package regexp says %d", pattern, shorten(text), n, len(want))
	}
	s = newScanner(m.plan)
	s.probe = nil
	check("automaton", scanned(s))
	s = newScanner(m.plan)
	s.choose(text)
	s.tuned, s.automaton = true, false
	check("tuned", scanned(s))
	s.spent = true
	check("spent", scanned(s))
	matches := len(want) > 0
	if len(text) == 0 || text[len(text)-1] == '\n' {
		matches = matches || regexp.MustCompile(source).MatchString("")
	}
	if m.Match(text) != matches {
		t.Fatalf("Match of %q in %q is %v", pattern, shorten(text), !matches)
	}
}

func shorten(b []byte) []byte { return b[:min(len(b), 300)] }

var patterns = []string{
	"OutOfMemoryError", `\[ERROR\]`, `\[(ERROR|WARN)\]`, `name:word-count \w+: 42[0-9]{3}$`, "ShellLog",
	"[0-9]+ms", `[a-z]+[0-9]+ .*[0-9]{4,}[x-z]`, `(?i)outofmemoryerror`, `(?i)socket|kelvin`, `(?i)straße`,
	`^`, `$`, `^$`, ``, `a*`, `x*$`, `.`, `^.$`, `^..$`, `.{3}`, `\bfoo\b`, `\Bfoo`, `foo\B`, `\b`, `\B`, `^\b`, `é`, `[é-ü]+x`,
	`[^a]`, `^[^a]*$`, `[^é]b`, `\x{FFFD}`, `a\x{FFFD}b`, `^\x{FFFD}+$`, `\pL+ms`, `\PL`, `(?i)k`, `(?i)ſ`, `(?i)[k-s]+\d`,
	`foo\s`, `foo\s*$`, `\s$`, `\r`, `a\r`, `o[\r]`, `(?m)^foo$`, `(?s)a.b`, `a\nb`, `\n`, `[\n]`, `[\n]+a`, `\Afoo`, `foo\z`,
	`foo|`, `(|a)b`, `(a|b)*c`, `(foo|bar)+baz?`, `fo+ba*r`, `o+$`, `^o+`, `(?U)a+b`, `a{2,4}b`, `(ab){2}`, `.*`, `.*foo.*bar`, `foo.*?bar`,
	`[[:alpha:]]+:[[:digit:]]+`, `\d{2}:\d{2}`, `(\d+)-(\d+)`, `日本`, `日.語`, `[日-本]`, `(?i)ΣΑΣ`, `x\b`, `\bx`, `é\b`, `\bé`, `é\Bx`,
	`f(o|é)o`, `^(foo|bar)`, `(foo|bar)$`, `(^foo|bar$)`, `a(^b|c)`, `a($|b)c?`, `\x00`, `\xff`, `[\x80-\xff]`, `(?:a|b|c|d|e|f|g|h|i|j)k`,
	`(?i)failed|killed|sleeping|ask|success`, `\w+\s+\w+`, `\S+@\S+`, `ms$`, `\dms\b`, `[^ ]+ms`, `[^0-9]ms`,
}

var pieces = []string{
	"foo", "bar", "baz", "foo bar", "ShellLog", "[ERROR]", "[WARN]", "OutOfMemoryError", "outofmemoryERROR", "name:word-count fox: 42123", "12ms", "812ms ", "ms",
	"a", "b", "ab", "aab", "c", "x", "o", "k", "K", "\u212a", "s", "S", "ſ", "soc\u212aet", "SOCKET", "é", "É", "ü", "日本語", "日本", "Σας", "ΣΑΣ", "ſs",
	"\xff", "\xe6\x97", "\xe6", "\xc3", "\x80", "\xf0\x9f\x98\x80", "\xf0\x9f", "\xed\xa0\x80", "\ufffd", "\xc0\x80", "\xf4\x90\x80\x80",
	" ", "  ", "\t", "\r", "\r\n", "\n", "\n", "\n\n", "\x00", ".", "-", ":", "_", "0", "42", "0x", "abc123 d 99999z", "1234z", "straße", "STRASSE", "key-value=1",
	strings.Repeat("o", 70), strings.Repeat("abc ", 20), strings.Repeat("ms", 30),
}

// random is a text of pieces, from a few to thousands.
func random(rnd *rand.Rand, n int) []byte {
	var b []byte
	for range n {
		b = append(b, pieces[rnd.IntN(len(pieces))]...)
		if rnd.IntN(4) == 0 {
			b = append(b, '\n')
		}
	}
	return b
}

func TestSameLinesAsPackageRegexp(t *testing.T) {
	t.Parallel()
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range patterns {
		for range rounds {
			same(t, p, Options{}, random(rnd, rnd.IntN(40)))
		}
		same(t, p, Options{}, random(rnd, 1500))
		same(t, p, Options{IgnoreCase: true}, random(rnd, 300))
		same(t, p, Options{Literal: true}, random(rnd, 100))
	}
}

// TestSameLinesForMadePatterns makes patterns of parts, so that what stands
// around a needle takes every form.
func TestSameLinesForMadePatterns(t *testing.T) {
	t.Parallel()
	parts := []string{
		"foo", "ms", "a", "é", "日", "[0-9]", "[a-c]", "[^a]", ".", `\w`, `\s`, `\d`, `\b`, `\B`, "^", "$", "k", "(?i:s)", "(?i:foo)", `\x{FFFD}`, `\r`,
		"(a|b)", "(foo|bar)", "(?:)", "o",
	}
	ends := []string{"", "", "", "+", "*", "?", "{2}", "{1,3}", "+?", "*?"}
	rnd := rand.New(rand.NewPCG(3, 4))
	rounds := 1200
	if testing.Short() {
		rounds = 200
	}
	for range rounds {
		p := ""
		for range 1 + rnd.IntN(5) {
			p += parts[rnd.IntN(len(parts))] + ends[rnd.IntN(len(ends))]
			if rnd.IntN(12) == 0 {
				p += "|"
			}
		}
		if _, err := regexp.Compile(p); err != nil {
			continue
		}
		same(t, p, Options{IgnoreCase: rnd.IntN(5) == 0}, random(rnd, rnd.IntN(60)))
	}
}

func TestSeveralPatternsAreCountedEach(t *testing.T) {
	t.Parallel()
	text := []byte("a foo\nb bar\nfoo bar\nnone\n")
	m, err := Compile([]string{"foo", "ba.", "^a"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Count(text); n != 3 {
		t.Errorf("%d lines match any", n)
	}
	counts := make([]int64, 3)
	m.CountEach(text, counts)
	if got := fmt.Sprint(counts); got != "[2 2 1]" {
		t.Errorf("each: %s", got)
	}
	if got := fmt.Sprint(m.Index([]byte("a foobar bar"))); got != "[[0 1] [2 8] [9 12]]" {
		t.Errorf("places: %s", got)
	}
}

func TestNoPatternMatchesNothing(t *testing.T) {
	t.Parallel()
	m, err := Compile(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Match([]byte("a")) || m.Match(nil) || m.Count([]byte("a\n\xff\n\n")) != 0 {
		t.Error("something matched")
	}
}

func TestBadPatternsNameTheColumn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		column  int
	}{
		{"(?i)split|(trace", 17},
		{"a)b", 2},
		{"é[z-a]", 3},
		{"x**", 2},
		{`ab\`, 3},
		{`ok\q`, 3},
		{"[abc", 1},
		{"a{1001}", 2},
		{"(?z)", 1},
	} {
		_, err := Compile([]string{"fine", c.pattern}, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Pattern != 1 || e.Column != c.column {
			t.Errorf("%q: %v (%+v), want column %d", c.pattern, err, e, c.column)
		}
	}
}

func TestLiteralsAreInEveryMatch(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, p := range patterns {
		m, err := Compile([]string{p}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		texts, fold := m.Literals()
		if texts == nil {
			continue
		}
		m.Scan(random(rnd, 5000), func(line []byte, _ int) bool {
			for _, text := range texts {
				if bytes.Contains(line, []byte(text)) || fold && bytes.Contains(lower(line), lower([]byte(text))) {
					return true
				}
			}
			t.Errorf("%q matches %q, which has none of %q", p, line, texts)
			return false
		})
	}
	for pattern, want := range map[string]string{
		"[0-9]+ms": "[ms]", `\[(ERROR|WARN)\]`: "[[ERROR] [WARN]]", "[0-9]+": "[]", `a|[0-9]`: "[]", `took \d+ms in (x|y)`: "[ms in ]",
	} {
		m, _ := Compile([]string{pattern}, Options{})
		if got, _ := m.Literals(); fmt.Sprint(got) != want {
			t.Errorf("literals of %q: %q, want %s", pattern, got, want)
		}
	}
}

func lower(b []byte) []byte {
	b = slices.Clone(b)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}

func TestSmartCase(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{"split": true, "Split": false, `\S+ split`: true, `\\S`: false, "é": true, "É": false, "": true} {
		if got := Smart(pattern); got != want {
			t.Errorf("Smart(%q) = %v", pattern, got)
		}
	}
}

// TestKernelsFindWhatGoFinds compares the kernels with the plain search, at
// every distance from the end and with every number of needles.
func TestKernelsFindWhatGoFinds(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, p := range []string{"OutOfMemoryError", "ms", "x", "[0-9]ms", "(?i)foo", "foo|bar|baz", `[0-9][x-z]`, "(a|b|c|d|e|f|g|h|i|j|k)ms", "日本"} {
		m, err := Compile([]string{p}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		pr := newScanner(m.plan).probe
		for range 200 {
			text := random(rnd, 1+rnd.IntN(80))
			for from := 0; from <= len(text); from++ {
				got, want := pr.find(text, from), pr.findGo(text, from)
				if got != want {
					t.Fatalf("%q from %d of %q: kernel %d, Go %d", p, from, text, got, want)
				}
				if got < 0 {
					break
				}
				from = got
			}
		}
	}
}

// TestManyStates runs a pattern whose automaton does not fit, so that the table
// is begun anew and at last package regexp takes over.
func TestManyStates(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(9, 10))
	var text []byte
	for range 3000 {
		for range rnd.IntN(200) {
			text = append(text, "ab"[rnd.IntN(2)])
		}
		text = append(text, '\n')
	}
	same(t, `a[ab]{14}b[ab]{15}a$`, Options{}, text)
	same(t, `(a.{12}b|b.{13}a)$`, Options{}, text)
}

func TestLongLinesTakeLinearTime(t *testing.T) {
	t.Parallel()
	// Every needle in vain would read the whole line back.
	line := bytes.Repeat([]byte("ms "), 1<<20)
	m, err := Compile([]string{`^z.*ms`, `zz.*\dms$`}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Match(line) {
		t.Error("matched")
	}
	if !utf8.Valid(line) {
		t.Error("not the text meant")
	}
}

func FuzzSameLines(f *testing.F) {
	for i, p := range patterns {
		f.Add(p, []byte(strings.Join(pieces, pieces[i%len(pieces)])), i%3 == 0)
	}
	f.Fuzz(func(t *testing.T, pattern string, text []byte, fold bool) {
		if len(pattern) > 60 || len(text) > 4096 {
			return // too long to be of use
		}
		if _, err := regexp.Compile(pattern); err != nil {
			_, err := Compile([]string{pattern}, Options{})
			if err == nil {
				t.Fatalf("%q was accepted", pattern)
			}
			return
		}
		same(t, pattern, Options{IgnoreCase: fold}, text)
	})
}
