// Package zkview gives Storm's ZooKeeper tree as plain Go values. It never
// writes.
//
// Start with [New], which does no I/O, and [Client.View], which reads what the
// console shows; [Client.Errors] and [Client.Offsets] read what is asked for by
// name; [Client.Children], [Client.Node] and [Client.Watch] serve the browser
// and work outside Storm's root too. [Client.Changes] tells when reading a view
// again is worth it, [Client.State] how the ensemble answers. Payloads are
// sniffed (gzip, zstd, Java serialisation, bare Thrift, text), never trusted to
// configuration; what cannot be decoded keeps its raw bytes and stat.
//
// The way in: link.go keeps one session up, guard.go and frame.go check what
// comes over it, client.go asks, book.go remembers what is watched, view.go
// reads, convert.go and records.go make values of payloads, decode.go and
// describe.go make lines of them.
//
// # Guarantees
//
//   - One ZooKeeper connection a client, through a guard that checks the length
//     and the element counts of every frame before the library behind it sees
//     them, because that library can be ended by a malformed peer. The library
//     never writes to the terminal.
//   - Every call has a deadline; frames (4 MiB), nodes (Config.MaxNode),
//     decompressed payloads, nesting and lists are bounded.
//   - A lost connection is replaced by a new session on which everything is
//     read again; a request under way is asked once more. No view is older than
//     the one before it.
//   - Secrets are never read: credentials and secret keys are listed by name
//     only, ACLs are named by scheme and user.
//   - Strings come as ZooKeeper has them and must pass safetext on their way to
//     a screen.
//   - All methods may be called by several goroutines. Values are never changed
//     after they were returned.
package zkview
