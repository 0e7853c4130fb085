// Package operate is the gate through which every change to a cluster goes, from
// the console's keys, menus and palette and from the commands alike.
//
// Start with [Deed], what an operator wants done, and [Gate.Do], which in this
// order asks the guard rails ([Rules]), reads the cluster afresh (the name must
// still carry the id that the operator saw, and be in a state that allows the
// deed), writes the intent into the audit, sends once, and returns a [Progress]
// that watches until the change has ended and writes the outcome. tracker.go
// holds the judgement: it is pure and sees one observation after the other.
//
// # Guarantees
//
//   - Nothing is sent when a guard rail refuses, when the audit cannot be written
//     (unless it is optional), or when the id is another one now.
//   - A deed is sent once. An answer that was lost makes the outcome unknown, and
//     the cluster is asked; it is never sent again.
//   - Every intent in the audit gets an outcome, "interrupted" when the program
//     ends before it is known.
//   - A Gate may be used by several goroutines. Each Progress has one goroutine of
//     its own, which [Gate.Close] ends and awaits.
package operate
