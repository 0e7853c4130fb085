package follow

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The fields of a path of Python logs.
const (
	fieldTopology   = "topology"
	fieldTopologyID = "topology_id"
	fieldComponent  = "component"
	fieldTask       = "task"
	fieldPID        = "pid"
	fieldScript     = "script"
)

// The names that pystorm and its predecessor in streamparse give their files,
// and Petrel.
const (
	pystormFile     = "pystorm_{topology}_{component}_{task}_{pid}.log"
	streamparseFile = "streamparse_{topology}_{component}_{task}_{pid}.log"
	petrelFile      = "petrel{pid}_{script}.log"
)

// maxExpanded bounds the directories one template stands for on a host.
const maxExpanded = 64

// template is the path of log files with fields in braces.
type template struct {
	path string
	// only restricts it to one component; "" is all.
	only string
	// from says who told it.
	from string
}

// longFields are pystorm's names of the fields.
var longFields = strings.NewReplacer("{topology_name}", "{topology}", "{component_name}", "{component}", "{task_id}", "{task}")

// pythonTemplate joins a log path and a file name as pystorm does; ok is false
// for what cannot be found from outside: a path relative to the worker, a file
// name with other fields.
func pythonTemplate(dir, file, from string) (template, bool) {
	file = longFields.Replace(file)
	full := path.Join(dir, file)
	if !path.IsAbs(dir) || len(full) > 1024 || strings.ContainsAny(full, "\x00\n") {
		return template{}, false
	}
	if _, err := compile(path.Base(full), subject{}); err != nil {
		return template{}, false
	}
	return template{path: full, from: from}, true
}

// subject is what the known fields of a template stand for.
type subject struct {
	topology, id      string
	component, script string
}

// expand fills the known fields of the directory part; ok is false when a field
// is left that only the host knows.
func (t template) expand(s subject) (dir, base string, ok bool) {
	dir, base = path.Split(t.path)
	for field, value := range map[string]string{
		fieldTopology: s.topology, fieldTopologyID: s.id, fieldComponent: s.component, fieldScript: s.script,
	} {
		if strings.Contains(dir, "{"+field+"}") && !plain(value) {
			return "", "", false
		}
		dir = strings.ReplaceAll(dir, "{"+field+"}", value)
	}
	if strings.Contains(dir, "{"+fieldTask+"}") || strings.Contains(dir, "{"+fieldPID+"}") {
		return "", "", false
	}
	return path.Clean(dir), base, true
}

// names recognises the file names of one template and component.
type names struct {
	re        *regexp.Regexp
	task, pid int // group numbers, 0 when the name has none
}

// compile makes the recogniser: what is known must stand there exactly, so that
// one topology's name never matches another that begins with it.
func compile(base string, s subject) (names, error) {
	var n names
	var b strings.Builder
	b.WriteString("^")
	groups := 0
	rest := base
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			b.WriteString(regexp.QuoteMeta(rest))
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:open]))
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			return names{}, fmt.Errorf("%q lacks a closing brace", base)
		}
		field := rest[open+1 : open+end]
		rest = rest[open+end+1:]
		switch field {
		case fieldTopology:
			b.WriteString(regexp.QuoteMeta(s.topology))
		case fieldTopologyID:
			b.WriteString(regexp.QuoteMeta(s.id))
		case fieldComponent:
			b.WriteString(regexp.QuoteMeta(s.component))
		case fieldScript:
			b.WriteString(regexp.QuoteMeta(s.script))
		case fieldTask, fieldPID:
			groups++
			b.WriteString("([0-9]{1,10})")
			if field == fieldTask {
				n.task = groups
			} else {
				n.pid = groups
			}
		default:
			return names{}, fmt.Errorf("%q has the unknown field %q", base, field)
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return names{}, err
	}
	n.re = re
	return n, nil
}

// match reads task and pid out of a file name; -1 and 0 when it has none.
func (n names) match(name string) (task, pid int, ok bool) {
	m := n.re.FindStringSubmatch(name)
	if m == nil {
		return 0, 0, false
	}
	task = -1
	if n.task > 0 {
		var err error
		if task, err = strconv.Atoi(m[n.task]); err != nil {
			return 0, 0, false
		}
	}
	if n.pid > 0 {
		pid = number(m[n.pid])
	}
	return task, pid, true
}

// scriptName is the file of a shell component as Petrel names its log after:
// without the directory, the set-up script's prefix and the ending.
func scriptName(script string) string {
	name := path.Base(strings.TrimSpace(script))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".sh"), ".py")
	return strings.TrimPrefix(name, "setup_")
}

// distinct drops templates that stand twice.
func distinct(list []template) []template {
	var out []template
	for _, t := range list {
		if !slices.ContainsFunc(out, func(o template) bool { return o.path == t.path && o.only == t.only }) {
			out = append(out, t)
		}
	}
	return out
}
