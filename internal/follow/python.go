package follow

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/logs"
)

// entry is a file of a listed directory.
type entry struct {
	name    string
	changed time.Time
	regular bool
}

// templatesOf lists the paths at which a topology's Python components may write
// files: those configured here, those its configuration or a component's names,
// and Petrel's beside its scripts.
func templatesOf(t *cluster.Topology, configured []string, d Dirs) []template {
	var list []template
	for _, p := range configured {
		list = append(list, template{path: p, from: "logs.python"})
	}
	if t == nil {
		return distinct(list)
	}
	global := func(key string) string { s, _ := t.Conf[key].(string); return s }
	for _, f := range pythonFamilies {
		if dir := global(f.prefix + ".log.path"); dir != "" {
			if tpl, ok := pythonTemplate(dir, cmp.Or(global(f.prefix+".log.file"), f.file), "the topology's configuration"); ok {
				list = append(list, tpl)
			}
		}
	}
	if t.Structure == nil {
		return distinct(list)
	}
	petrel := false
	for _, c := range t.Structure.Components {
		if c.Shell == nil {
			continue
		}
		petrel = petrel || strings.HasPrefix(path.Base(c.Shell.Script), "setup_") && strings.HasSuffix(c.Shell.Script, ".sh")
		own := map[string]any{}
		if c.Conf != "" && json.Unmarshal([]byte(c.Conf), &own) != nil {
			continue
		}
		text := func(key string) string { s, _ := own[key].(string); return cmp.Or(s, global(key)) }
		for _, f := range pythonFamilies {
			if dir := text(f.prefix + ".log.path"); dir != "" {
				if tpl, ok := pythonTemplate(dir, cmp.Or(text(f.prefix+".log.file"), f.file), "the component's configuration"); ok {
					tpl.only = c.ID
					list = append(list, tpl)
				}
			}
		}
	}
	if petrel && d.Local != "" {
		list = append(list, template{path: d.Local + "/supervisor/stormdist/{topology_id}/resources/" + petrelFile, from: "Petrel's place"})
	}
	return distinct(list)
}

// pythonFamilies are the libraries that write files of their own when told a
// directory.
var pythonFamilies = []struct{ prefix, file string }{
	{"pystorm", pystormFile}, {"streamparse", streamparseFile},
}

// search is one directory to look into for one component's files.
type search struct {
	dir       string
	names     names
	component string
}

// searches says where to look for the files of a host's tasks. components maps
// each component to its tasks there.
func searches(t *cluster.Topology, id, name string, templates []template, components map[string][]int) []search {
	var list []search
	shells := map[string]string{}
	if t != nil && t.Structure != nil {
		for _, c := range t.Structure.Components {
			if c.Shell != nil {
				shells[c.ID] = scriptName(c.Shell.Script)
			}
		}
	}
	for _, tpl := range templates {
		for _, component := range sorted(components) {
			script, shell := shells[component]
			if tpl.only != "" && tpl.only != component || !shell && t != nil && t.Structure != nil {
				continue
			}
			s := subject{topology: name, id: id, component: component, script: script}
			dir, base, ok := tpl.expand(s)
			if !ok || len(list) == maxExpanded {
				continue
			}
			if n, err := compile(base, s); err == nil {
				list = append(list, search{dir: dir, names: n, component: component})
			}
		}
	}
	return list
}

// pythonSources picks the files that tasks of one host write now: of each task
// the one changed last, since every start of a process begins another one.
func pythonSources(host string, workers []worker, components map[string][]int, list []search, listings map[string][]entry) []logs.Source {
	type found struct {
		logs.Source
		changed time.Time
	}
	var out []logs.Source
	for _, s := range list {
		tasks := components[s.component]
		newest := map[int]found{}
		var loose []found // of names without a task
		for _, e := range listings[s.dir] {
			task, pid, ok := s.names.match(e.name)
			if !ok || !e.regular {
				continue
			}
			f := found{changed: e.changed, Source: logs.Source{
				Host: host, TopologyID: workers[0].id, Topology: workers[0].name, Kind: logs.KindPython,
				Component: s.component, PID: pid, Path: path.Join(s.dir, e.name),
			}}
			if task < 0 {
				loose = append(loose, f)
				continue
			}
			if !slices.Contains(tasks, task) {
				continue
			}
			f.Task, f.Port = task, portOf(workers, task)
			if was, ok := newest[task]; !ok || f.changed.After(was.changed) || f.changed.Equal(was.changed) && f.PID > was.PID {
				newest[task] = f
			}
		}
		slices.SortFunc(loose, func(a, b found) int { return b.changed.Compare(a.changed) })
		for _, f := range loose[:min(len(loose), len(tasks))] {
			out = append(out, f.Source)
		}
		for _, task := range tasks {
			if f, ok := newest[task]; ok {
				out = append(out, f.Source)
			}
		}
	}
	return out
}

// portOf is the worker that runs a task.
func portOf(workers []worker, task int) int {
	for _, w := range workers {
		if slices.Contains(w.tasks, task) {
			return w.port
		}
	}
	return 0
}

// componentsOn maps the components that workers run to their tasks there; of a
// target with components only those.
func componentsOn(t *cluster.Topology, workers []worker, only []string) map[string][]int {
	out := map[string][]int{}
	for _, w := range workers {
		for _, task := range w.tasks {
			c := componentOf(t, task)
			if c == "" || strings.HasPrefix(c, "__") || len(only) > 0 && !slices.Contains(only, c) {
				continue
			}
			out[c] = append(out[c], task)
		}
	}
	return out
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
