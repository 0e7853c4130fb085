// Package sim is a Storm cluster that does not exist: a seeded model of
// topologies, workers and hosts, and the wires on which a real cluster answers.
//
// Start with [NewDemo], which returns the [World] of the demo, then with
// [Serve], which puts a world on loopback as a leading and a standby Nimbus,
// as a ZooKeeper server and as hosts that answer SSH. [World.Step] moves time; nothing else does, so a
// world is a function of its seed, its start and the steps taken.
//
// The model is fluid: tuples are amounts, not objects. Spouts emit at a rate
// that follows the day and has bursts; bolts serve queues; a fields grouping
// sends more to the executor that owns a hot key; tuple trees end by an ack, by
// a bolt's failure or by the message timeout. What comes out is counted as
// Storm counts it: sampled, in its windows, per executor and stream, and seen
// by Nimbus only with the next heartbeat of the worker.
//
// Callers change the world over the wires as they would change Storm: answers.go
// and pages.go are what Nimbus says, operations.go what it takes, state.go what
// then happens to a topology, elect.go who leads. [World.EndNimbus] and
// [World.StartNimbus] make a failover. Every write of Nimbus passes journal.go on
// its way to the tree that zkstorm.go keeps and zkrequest.go serves. What all this
// says is held against a recording of Storm 2.8.3; testdata/differences.txt lists
// what stands between them.
//
// Hosts have disks with the logs of their daemons and workers (hosts.go,
// log*.go), which tell the same story as the counters: a bolt's lines come with
// the tuples that it executes, its traces with those that it fails, its words
// about time from its latency. A host writes from the first login on; what it
// would have written before is made up then, from the windows of the counters.
// The disks are in package hostfs, the SSH servers in package sshd.
//
// Bounds: the memory of a world does not grow with time (errors are kept ten a
// component, pending trees one entry a step until the message timeout), nor with
// what is asked of it: a topology keeps so many settings, a ZooKeeper client so
// many watches and unread bytes, and more is refused. Logs are rotated at a size
// and ten generations are kept. A World may be used by several goroutines.
package sim
