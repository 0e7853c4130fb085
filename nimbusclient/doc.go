// Package nimbusclient gives Storm's Nimbus as plain Go values, for every
// server from 0.9 to 2.8.
//
// Start with [New], which does no I/O, and [Client.Read], which finds the
// leader, runs a function over one connection to it, and accepts what was read
// only if that Nimbus still calls itself the leader afterwards. A standby of
// Storm 2.x answers every question politely and wrongly (no workers, no
// executors), so an answer that was not confirmed never leaves this package.
//
// What failed is an [*Error]: a plain sentence, a hint, and a sentinel to tell
// it apart with errors.Is. [Client.State] says at any time who leads, who named
// it, and how each address answered. The convert files are the only ones that
// look into generated Thrift structs; compute.go and aggregate.go hold the
// formulas of the Storm UI of 0.9 and 0.10.
//
// # Guarantees
//
//   - Absent is absent: a number that the server did not send is nil, never 0.
//   - A call has one absolute deadline; a connection that failed once is closed
//     and never used again.
//   - A reply larger than [Config.MaxFrame] is refused before it is allocated,
//     with an error that names the setting to raise.
//   - The version of the server is found with Thrift calls only, because stray
//     bytes end a 0.10 Nimbus. On servers before 1.0 the page values are
//     computed from the executors' statistics by Storm's own formulas and say so
//     ([Topology.Computed]).
//   - Client only reads. The calls that change a cluster are reachable through
//     [Operator] alone, which sends each one once: an answer that was lost is
//     [ErrOutcomeUnknown] and never a reason to send again.
//
// A Client may be used by several goroutines; calls over it go one after the
// other, because Thrift has one call in flight a connection.
package nimbusclient
