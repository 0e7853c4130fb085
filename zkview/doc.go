// Package zkview gives Storm's ZooKeeper tree as plain Go values. It never
// writes.
//
// Start with [New], which does no I/O, and [Client.View], which reads what the
// console shows; [Client.Children] and [Client.Node] serve the browser and work
// outside Storm's root too. Payloads are sniffed (gzip, zstd, Java
// serialisation, bare Thrift, text), never trusted to configuration; what
// cannot be decoded keeps its raw bytes and stat.
//
// # Guarantees
//
//   - One ZooKeeper connection a client, through a dialer that checks the
//     length and the element counts of every frame before the library behind it
//     sees them, because that library can be ended by a malformed peer.
//   - Every call has a deadline; nodes and decompressed payloads are bounded.
//   - Secrets are never read into values: credentials, secret keys and ACL
//     payloads are listed by name only.
package zkview
