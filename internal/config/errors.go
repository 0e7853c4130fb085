package config

import (
	"errors"
	"strings"
)

// ErrChoose is found in the error of Load (errors.Is) when config.yaml names
// several clusters, none is the default and none was asked for. The Config is
// returned all the same, without a target, so that a console can offer
// Config.Clusters.
var ErrChoose = errors.New("no cluster chosen")

// Error is one thing wrong with what stormtop was told. The caller ends with
// exit code 2.
type Error struct {
	// Where is the flag, variable or file:line:column.
	Where string
	// What is wrong, in words, without a full stop.
	What string
	// Hint is what to try, a sentence; empty when there is nothing to add.
	Hint string
	err  error
}

// Error is the place and the fault, without the hint.
func (e *Error) Error() string {
	if e.Where == "" {
		return e.What
	}
	return e.Where + ": " + e.What
}

// Unwrap gives the sentinel or the cause below, nil mostly.
func (e *Error) Unwrap() error { return e.err }

// Errors are all the faults found in one go, at most maxErrors.
type Errors []*Error

const maxErrors = 20

// Error is one fault a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each fault.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

func (e *Errors) add(one *Error) {
	if len(*e) < maxErrors {
		*e = append(*e, one)
	}
}

func (e Errors) full() bool { return len(e) >= maxErrors }

func (e Errors) or() error {
	switch len(e) {
	case 0:
		return nil
	case 1:
		return e[0]
	default:
		return e
	}
}

// Warning is something the operator should know that stops nothing.
type Warning struct {
	Where string // as in Error
	Text  string // a sentence without a full stop
	Hint  string // a sentence, or empty
}

// String is the warning on one line, the hint included.
func (w Warning) String() string {
	s := w.Text
	if w.Where != "" {
		s = w.Where + ": " + s
	}
	if w.Hint != "" {
		s += ". " + w.Hint
	}
	return s
}

// fault is a bad value before it is known where the value stood.
type fault struct{ what, hint string }

func (f *fault) Error() string { return f.what }

func at(o Origin, f *fault) *Error {
	return &Error{Where: o.where(), What: f.what, Hint: f.hint}
}
