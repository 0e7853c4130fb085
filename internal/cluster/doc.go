// Package cluster joins what Nimbus and ZooKeeper say into one picture.
//
// Start with [Poller], which asks for what is on screen and publishes a
// [Snapshot] after every change. A Snapshot is never changed after it was
// published; screens and commands may keep it as long as they like.
//
// # Guarantees
//
//   - What is published was confirmed by the leader in the same poll. When a
//     poll fails, the last good data stay and say since when they are stale and
//     why; nothing turns to zero.
//   - At most one call of a kind is in flight; detail calls are made only for
//     what the demand names, and not faster than the cluster's own heartbeat.
//   - The summary keeps its period whatever else is asked, details keep to
//     MaxRPS, and one question that Nimbus cannot answer holds up no other.
//   - Clocks of other machines are never compared with ours: restarts and ages
//     come from uptimes and from when something was seen here.
//   - What could not be read is unknown, not empty.
//   - Snapshots are conflated: a slow reader sees the newest one, never a queue.
//   - Histories, the change feed and the memory of lost hosts are bounded, and
//     count what they dropped.
package cluster
