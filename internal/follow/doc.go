// Package follow finds the log files of a topology and keeps following them
// wherever Storm moves its workers.
//
// Start with [Sessions], which opens a [Session] for a [Target]. A session asks
// the cluster's picture which workers there are (workers.go), asks each of their
// hosts once where it keeps logs (facts.go, dirs.go), names the files as that
// version of Storm does (layout.go), finds the files that Python components
// write themselves (template.go, python.go), and tells its logs.Mux whenever the
// answer changes.
//
// # Guarantees
//
//   - A topology's files are found by its exact id and name: "a" never matches
//     "ab". Names from the cluster never leave the log directory.
//   - A host is asked with one bounded command, again only after it failed or
//     when somebody wants it; what it answers is parsed with bounds, whatever it
//     is. Without a shell its files are looked at over SFTP instead.
//   - Workers that come are joined and workers that go are drained by the Mux;
//     while Nimbus or ZooKeeper is silent everything goes on as it was.
//   - Every goroutine ends with its session, a session with its manager; sessions
//     nobody looked at for 15 minutes are closed, and their number is bounded.
package follow
