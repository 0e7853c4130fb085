package follow

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/follow/remote"
)

// The bounds of what one host is believed.
const (
	maxFacts     = 1 << 20 // bytes
	maxProcesses = 512
	maxArgument  = 4 << 10
)

// process is a JVM of Storm as its command line tells it.
type process struct {
	pid    int
	daemon string // "supervisor", …; "" for a worker
	// Of a worker.
	port int
	id   string
	// Directories, "" when not given.
	logs, artifacts, local, home string
}

// facts are what one host says about itself.
type facts struct {
	processes []process
	// there says which of the directories asked about exist, by index.
	there map[int]bool
	// whole is false when the answer was longer than is read.
	whole bool
}

// factsScript asks a host for the command lines of Storm's processes and which
// of the directories it has. Brackets keep the script from finding itself.
func factsScript(dirs []string) string {
	var b strings.Builder
	b.WriteString(`LC_ALL=C; export LC_ALL
a='-Dworker[.]port='; b='-Dstorm[.]log[.]dir='
if [ -r /proc/self/cmdline ]; then
  for f in $(grep -als -e "$a" -e "$b" /proc/[0-9]*/cmdline 2>/dev/null); do
    p=${f#/proc/}; echo "=${p%/cmdline}"
    tr '\000\n' '\n ' 2>/dev/null <"$f" | sed 's/^/ /'
  done
else
  ps -eww -o pid= -o args= 2>/dev/null | grep -e "$a" -e "$b" | sed 's/^ */~/'
fi
`)
	for i, d := range dirs {
		b.WriteString("[ -d " + remote.Quote(d) + " ] && echo +" + strconv.Itoa(i) + "\n")
	}
	b.WriteString("echo .\n")
	return b.String()
}

// parseFacts reads the script's answer, whatever it is.
func parseFacts(out []byte, dirs int) facts {
	f := facts{there: map[int]bool{}}
	out = out[:min(len(out), maxFacts)]
	var args []string
	pid := 0
	end := func() {
		if p, ok := processOf(pid, args); ok && len(f.processes) < maxProcesses {
			f.add(p)
		}
		args, pid = args[:0], 0
	}
	for line := range bytes.SplitSeq(out, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		rest := string(line[1:min(len(line), maxArgument)])
		switch line[0] {
		case '=':
			end()
			pid = number(rest)
		case ' ':
			args = append(args, rest)
		case '~':
			end()
			word, tail, _ := strings.Cut(rest, " ")
			pid, args = number(word), splitOptions(tail)
		case '+':
			if i, err := strconv.Atoi(rest); err == nil && i >= 0 && i < dirs {
				f.there[i] = true
			}
		case '.':
			f.whole = f.whole || rest == ""
		}
	}
	end()
	return f
}

// add keeps one process of a worker: its log writer has the same options.
func (f *facts) add(p process) {
	for _, q := range f.processes {
		if q.port == p.port && q.id == p.id && q.daemon == p.daemon && p.port != 0 {
			return
		}
	}
	f.processes = append(f.processes, p)
}

// processOf reads the options of one command line.
func processOf(pid int, args []string) (process, bool) {
	p := process{pid: pid}
	for _, a := range args {
		option, ok := strings.CutPrefix(a, "-D")
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(option, "=")
		if value == "" {
			continue
		}
		switch key {
		case "worker.port":
			if n := number(value); n <= 65535 {
				p.port = n
			}
		case "storm.id":
			p.id = value
		case "daemon.name":
			p.daemon = value
		case "storm.log.dir":
			p.logs = absolute(value)
		case "workers.artifacts":
			p.artifacts = absolute(value)
		case "storm.local.dir":
			p.local = absolute(value)
		case "storm.home":
			p.home = absolute(value)
		}
	}
	return p, p.logs != "" || p.artifacts != "" || p.home != ""
}

// splitOptions divides what ps prints on one line, where blanks within an
// argument cannot be told from those between two: each option ends where the
// next one begins.
func splitOptions(line string) []string {
	parts := strings.Split(line, " -")
	for i := 1; i < len(parts); i++ {
		parts[i] = "-" + parts[i]
	}
	return parts
}

func absolute(dir string) string {
	if !path.IsAbs(dir) || strings.ContainsAny(dir, "\x00\n") {
		return ""
	}
	return path.Clean(dir)
}

// number reads a decimal number that fits a pid or a port; 0 for all else.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return n
}
