//go:build !unix

package main

import "context"

// supervise does nothing where processes share no terminal.
func supervise(context.Context, func(string) (string, error)) (code int, done bool) {
	return 0, false
}

// superviseChild has no parent to connect to.
func superviseChild() (orphaned <-chan struct{}, err error) { return nil, nil }
