package lab

import "fmt"

// UsageError is a mistake in what the caller asked for; nothing was done.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &UsageError{text: fmt.Sprintf(format, args...)}
}
