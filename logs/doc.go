// Package logs follows log files on many hosts and makes one stream of records
// of them.
//
// The lines of each [Source] go through an [Assembler], which joins the lines of
// a stack trace and reads times, into the [Merger], which brings the records of
// all sources into the order of their times, and from there into the [Store],
// which keeps the newest within a budget. A [View] is what a [Filter] selects of
// a store; package logs/match finds the lines that match patterns.
//
// # Guarantees
//
//   - Records are never changed once they are in the store. Their bytes are as
//     they came and must pass safetext on their way to a screen.
//   - Nothing grows without a bound whatever a source sends; everything dropped
//     or cut is counted.
//   - The order within a source is that of its file.
package logs
