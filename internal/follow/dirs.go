package follow

import (
	"path"
	"slices"

	"github.com/stormtop/stormtop/nimbusclient"
)

// Told is a directory with who named it.
type Told struct{ Dir, From string }

// Places are the directories that the configuration and Nimbus name.
type Places struct {
	// LogDir and ArtifactsDir are configured; a relative ArtifactsDir is below
	// the log directory.
	LogDir, ArtifactsDir Told
	// nimbus' own configuration.
	nimbusLogs, nimbusArtifacts, nimbusLocal string
}

// usualDirs are where packages and instructions put Storm's logs.
var usualDirs = []string{
	"/var/log/storm", "/opt/storm/logs", "/opt/apache-storm/logs", "/usr/local/storm/logs", "/usr/share/storm/logs", "/srv/storm/logs", "/storm/logs", "/logs",
}

const (
	artifactsName = "workers-artifacts"
	fromNimbus    = "Nimbus' configuration"
	fromWorkers   = "the workers' command lines"
	fromUsual     = "a usual place"
)

// withNimbus adds what Nimbus' configuration says.
func (p Places) withNimbus(conf map[string]any) Places {
	text := func(key string) string { s, _ := conf[key].(string); return s }
	p.nimbusLogs = absolute(text("storm.log.dir"))
	p.nimbusLocal = absolute(text("storm.local.dir"))
	switch a := text("storm.workers.artifacts.dir"); {
	case path.IsAbs(a):
		p.nimbusArtifacts = absolute(a)
	case p.nimbusLogs != "":
		if a == "" {
			a = artifactsName
		}
		p.nimbusArtifacts = path.Join(p.nimbusLogs, a)
	}
	return p
}

// settled are the directories that need no look at the host: those configured.
func (p Places) settled(line nimbusclient.Line) (Dirs, bool) {
	d := Dirs{Logs: absolute(p.LogDir.Dir), Local: p.nimbusLocal}
	if d.Logs != "" {
		d.From = p.LogDir.From
	}
	switch a := p.ArtifactsDir.Dir; {
	case path.IsAbs(a):
		d.Artifacts, d.From = absolute(a), p.ArtifactsDir.From
	case d.Logs != "" && a != "":
		d.Artifacts, d.From = path.Join(d.Logs, a), p.ArtifactsDir.From
	case d.Logs != "":
		d.Artifacts = path.Join(d.Logs, artifactsName)
	}
	if early(line) {
		return d, d.Logs != ""
	}
	return d, d.Artifacts != ""
}

func early(line nimbusclient.Line) bool {
	return line == nimbusclient.V0_9 || line == nimbusclient.V0_10
}

// asked lists the directories whose existence the host is asked for.
func (p Places) asked() []string {
	var list []string
	for _, d := range []string{p.nimbusArtifacts, p.nimbusLogs} {
		if d != "" {
			list = append(list, d)
		}
	}
	return append(list, usualDirs...)
}

// decide chooses a host's directories: what is configured, then what Nimbus
// says if the host has it, then what its processes say, then a usual place.
func (p Places) decide(line nimbusclient.Line, f facts) (Dirs, bool) {
	d, ok := p.settled(line)
	if ok && d.Logs != "" {
		return d, true
	}
	has := func(dir string) bool {
		i := slices.Index(p.asked(), dir)
		return dir != "" && i >= 0 && f.there[i]
	}
	take := func(logs, artifacts, from string) {
		if d.Logs == "" && logs != "" {
			d.Logs = logs
			if d.From == "" {
				d.From = from
			}
		}
		if artifacts == "" && logs != "" {
			relative := artifactsName
			if a := p.ArtifactsDir.Dir; a != "" && !path.IsAbs(a) {
				relative = a
			}
			artifacts = path.Join(logs, relative)
		}
		if d.Artifacts == "" && artifacts != "" {
			d.Artifacts = artifacts
			if d.From == "" {
				d.From = from
			}
		}
	}
	if has(p.nimbusLogs) || has(p.nimbusArtifacts) {
		take(p.nimbusLogs, p.nimbusArtifacts, fromNimbus)
	}
	for _, workers := range []bool{true, false} {
		for _, one := range f.processes {
			if (one.port != 0) != workers {
				continue
			}
			logs := one.logs
			if logs == "" && one.home != "" {
				logs = path.Join(one.home, "logs")
			}
			from := fromWorkers
			if !workers {
				from = "the daemons' command lines"
			}
			take(logs, one.artifacts, from)
			if d.Local == "" {
				d.Local = one.local
			}
		}
	}
	for _, dir := range usualDirs {
		if has(dir) {
			take(dir, "", fromUsual)
		}
	}
	if d.Logs == "" && d.Artifacts == "" {
		// Nothing answers for it, but it is the best guess there is.
		take(p.nimbusLogs, p.nimbusArtifacts, fromNimbus)
	}
	if early(line) {
		return d, d.Logs != ""
	}
	return d, d.Artifacts != ""
}
