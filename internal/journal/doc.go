// Package journal keeps what must outlive the program.
//
// Start with [Audit], the record of every change that this user asked for: two
// lines of JSON for each, one before anything is sent and one when the outcome
// is known. The file is only ever appended to, under a lock that several
// programs share, and each line carries a hash of the one before, so that a line
// that was taken out or rewritten shows ([ReadAudit]).
//
// What was seen of a cluster is remembered by the rooms that look at it; here is
// only what is written to disk. Names in a record are as the cluster gave them:
// JSON escapes them, and a reader must make them harmless before it shows them.
package journal
