// Package diagnose turns snapshots into findings and hints: what is wrong now,
// with its numbers and where to look next. It is pure: the same snapshots give
// the same report, and nothing here does I/O.
//
// Start with [Rules] and [Hints].
package diagnose
