// Package ui is the console: the frame around the screens.
//
// Start with [Run], then model.go (what happens to a message), layout.go (which
// rows belong to whom) and stack.go (which screen is on top).
//
// # Guarantees
//
//   - The first frame is drawn before any answer from the network.
//   - One goroutine brings snapshots in; it is cancelled and awaited by Run. No
//     I/O happens in Update or View.
//   - View hands out one cached frame, exactly H lines of W cells, drawn again
//     only after something changed.
//   - The terminal is left as it was found.
package ui
