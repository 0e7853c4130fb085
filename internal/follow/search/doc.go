// Package search looks for a pattern in log files: those of this machine, and
// those of other hosts without fetching them.
//
// Start with [Run]. On a host the literal part of the pattern is looked for by
// grep -F, in the current file and in rotated ones, packed or not; that gives a
// superset with line numbers, from which the pattern itself chooses here. A
// pattern without a literal part is streamed whole. Both ways, and a local file,
// end in the same [selector], so the answer is the same wherever it was found.
//
// # Guarantees
//
//   - Lines of one file keep their order; files of a source are taken oldest
//     first; sources are merged by the lines' own time, a line without one going
//     where its record's head belongs.
//   - Nothing but grep, gzip, sed and the shell runs on a host, with quoted
//     arguments, and nothing is left there.
//   - Bytes read from hosts, time and hosts at a time are bounded; what was cut
//     off is said, host by host.
package search
