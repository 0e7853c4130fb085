package follow

import (
	"path"
	"strconv"

	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Dirs is where one host keeps its logs; a part is "" while it is not known.
type Dirs struct {
	Logs      string // storm.log.dir
	Artifacts string // storm.workers.artifacts.dir in full; 1.0 and later
	Local     string // storm.local.dir
	// From says who told, such as "--log-dir" or "the workers' command lines".
	From string
}

// workerKinds are the kinds of file a worker may have.
var workerKinds = []logs.Kind{logs.KindWorker, logs.KindErr, logs.KindOut, logs.KindMetrics, logs.KindGC, logs.KindEvents}

// workerLog is the path of a worker's file of one kind; "" when that version has
// none, or while its directory is not known.
func workerLog(line nimbusclient.Line, d Dirs, id string, port int, kind logs.Kind) string {
	if !plain(id) || port <= 0 {
		return ""
	}
	p := strconv.Itoa(port)
	if early(line) {
		name := flatNames(line, id, p)[kind]
		if d.Logs == "" || name == "" {
			return ""
		}
		return path.Join(d.Logs, name)
	}
	name := artifactNames[kind]
	if d.Artifacts == "" || name == "" {
		return ""
	}
	return path.Join(d.Artifacts, id, p, name)
}

// flatNames are the files of a worker before 1.0, all in the log directory. Only
// 0.10 names the topology; metrics.log of 0.9 is of all workers of the host.
func flatNames(line nimbusclient.Line, id, port string) map[logs.Kind]string {
	if line == nimbusclient.V0_9 {
		return map[logs.Kind]string{logs.KindWorker: "worker-" + port + ".log", logs.KindMetrics: "metrics.log"}
	}
	base := id + "-worker-" + port + ".log"
	return map[logs.Kind]string{
		logs.KindWorker: base, logs.KindErr: base + ".err", logs.KindOut: base + ".out", logs.KindMetrics: base + ".metrics.log",
	}
}

// artifactNames are the files in a worker's artifacts directory.
var artifactNames = map[logs.Kind]string{
	logs.KindWorker: "worker.log", logs.KindErr: "worker.log.err", logs.KindOut: "worker.log.out",
	logs.KindMetrics: "worker.log.metrics", logs.KindGC: "gc.log", logs.KindEvents: "events.log",
}

// daemonLog is the path of a daemon's own log.
func daemonLog(d Dirs, daemon string) string {
	if d.Logs == "" || !plain(daemon) {
		return ""
	}
	return path.Join(d.Logs, daemon+".log")
}
