package search

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/follow/remote"
)

// wanted is what a host is asked for.
type wanted struct {
	path     string
	rotated  bool
	literals []string // nil asks for every line
	fold     bool
	before   int
	after    int
}

// maxGenerations is how many rotated files are looked for.
const maxGenerations = 99

// script searches one source's files, oldest first. It prints
//
//	=S INODE SUFFIX…  the files that there are, at the beginning and at the end
//	=F SUFFIX         before the lines of a file
//	N:TEXT, N-TEXT    a line as grep numbers it
//	=E CODE           after them
//
// Numbers in the files' names count either way: log4j gives the newest the
// highest, Python and logback give it the lowest; the files' ages tell.
func script(w wanted) string {
	var b strings.Builder
	b.WriteString("LC_ALL=C; export LC_ALL\np=" + remote.Quote(w.path) + "\n")
	b.WriteString("a=; grep -a -F -e x /dev/null >/dev/null 2>&1; [ $? -le 1 ] && a=-a\n")
	b.WriteString("g() { grep $a -n " + w.grep() + "; }\n")
	b.WriteString("row() {\n set --\n")
	if w.rotated {
		b.WriteString(` lo=; hi=; n=1
 while [ $n -le ` + strconv.Itoa(maxGenerations) + ` ]; do
  s=; if [ -f "$p.$n" ]; then s=.$n; elif [ -f "$p.$n.gz" ]; then s=.$n.gz; fi
  if [ -n "$s" ]; then [ -n "$lo" ] || lo=$s; hi=$s; set -- "$@" "$s"; fi
  n=$((n+1))
 done
 if [ -n "$lo" ] && [ "$lo" != "$hi" ] && [ "$p$lo" -nt "$p$hi" ]; then
  r=; for s in "$@"; do r="$s $r"; done; set -- $r
 fi
`)
	}
	b.WriteString(` [ -f "$p" ] && set -- "$@" .
 i=$(ls -di -- "$p" 2>/dev/null); i=${i# }; i=${i%% *}
 echo "${i:-0}" "$@"
}
r=$(row); echo "=S $r"
for s in ${r#* }; do
 [ "$s" = "$r" ] && break
 f=$p$s; [ "$s" = . ] && f=$p
 echo "=F $s"
 if [ ! -r "$f" ]; then echo "=E 9"; continue; fi
 case $s in *.gz) gzip -cd <"$f" | g;; *) g <"$f";; esac
 echo "=E $?"
done
r=$(row); echo "=S $r"
`)
	return b.String()
}

// grep is the arguments that choose lines.
func (w wanted) grep() string {
	if len(w.literals) == 0 {
		return "''"
	}
	args := []string{"-F"}
	if w.fold {
		args = append(args, "-i")
	}
	if w.before > 0 {
		args = append(args, "-B"+strconv.Itoa(w.before))
	}
	if w.after > 0 {
		args = append(args, "-A"+strconv.Itoa(w.after))
	}
	for _, l := range w.literals {
		args = append(args, "-e", l)
	}
	return remote.Quote(args...)
}

// answer reads what the script prints, line by line.
type answer struct {
	// begin is called before the lines of a file, line with each, end after them.
	begin func(file string)
	line  func(n int64, text []byte) error
	end   func() error

	rows     []string // the =S lines
	inFile   bool
	file     string
	problems []string
}

// take reads one line of the script's output.
func (a *answer) take(out []byte) error {
	if len(out) == 0 || out[0] != '=' {
		if !a.inFile {
			return nil // what a login shell has to say
		}
		n, text, ok := numbered(out)
		if !ok {
			return nil // "--" between groups
		}
		return a.line(n, text)
	}
	kind, rest, _ := strings.Cut(string(out), " ")
	switch kind {
	case "=S":
		a.rows = append(a.rows, rest)
	case "=F":
		a.inFile = true
		a.file = strings.TrimSuffix(rest, ".")
		if rest != "." {
			a.file = rest
		}
		a.begin(a.file)
	case "=E":
		if !a.inFile {
			return nil
		}
		a.inFile = false
		if code, err := strconv.Atoi(rest); err != nil || code > 1 {
			a.problems = append(a.problems, a.file)
		}
		return a.end()
	}
	return nil
}

// moved reports whether files were rotated while they were searched.
func (a *answer) moved() bool { return len(a.rows) == 2 && a.rows[0] != a.rows[1] }

// whole reports whether the script came to its end.
func (a *answer) whole() bool { return len(a.rows) == 2 }

// none reports that there was no file at all.
func (a *answer) none() bool {
	return a.whole() && len(strings.Fields(a.rows[0])) <= 1
}

// numbered divides N:TEXT and N-TEXT.
func numbered(out []byte) (n int64, text []byte, ok bool) {
	i := 0
	for i < len(out) && out[i] >= '0' && out[i] <= '9' && i < 18 {
		n = n*10 + int64(out[i]-'0')
		i++
	}
	if i == 0 || i == len(out) || out[i] != ':' && out[i] != '-' {
		return 0, nil, false
	}
	return n, out[i+1:], true
}

// lineRange is from the first to the last line, both included.
type lineRange struct{ first, last int64 }

// rangesScript prints lines of one file, each after its number.
func rangesScript(path, file string, ranges []lineRange) string {
	var b strings.Builder
	b.WriteString("LC_ALL=C; export LC_ALL\nf=" + remote.Quote(path+file) + "\ns() { sed -n")
	for _, r := range ranges {
		fmt.Fprintf(&b, " -e '%d,%d{=;p;}'", r.first, r.last)
	}
	fmt.Fprintf(&b, " -e '%dq'; }\n", ranges[len(ranges)-1].last)
	b.WriteString("case $f in *.gz) gzip -cd <\"$f\" 2>/dev/null | s;; *) s <\"$f\";; esac\n")
	return b.String()
}

// parseRanges reads what rangesScript prints.
func parseRanges(out []byte) map[int64][]byte {
	lines := bytes.Split(out, []byte("\n"))
	got := map[int64][]byte{}
	for i := 0; i+1 < len(lines); i += 2 {
		n, err := strconv.ParseInt(string(lines[i]), 10, 64)
		if err != nil {
			return got
		}
		got[n] = lines[i+1]
	}
	return got
}
