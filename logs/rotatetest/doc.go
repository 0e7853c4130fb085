// Package rotatetest writes numbered lines into logs that are rotated the way
// real programs rotate them, and checks what a follower made of them.
//
// It knows nothing of package logs, so that its verdict is its own: [Writer]
// numbers every line it writes, [Checker] reads the numbers that came out, in
// their order, together with the gaps that were declared, and counts what was
// lost without a word, doubled or out of order. A [Disk] is where the files are;
// [Dir] is a real directory.
package rotatetest
