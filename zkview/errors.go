package zkview

import (
	"context"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"
)

// The causes that callers tell apart, for errors.Is.
var (
	// ErrNoNode says that the node does not exist.
	ErrNoNode = errors.New("no such node")
	// ErrNoAuth says that the ACL of the node forbids reading it.
	ErrNoAuth = errors.New("no read permission")
	// ErrUnavailable says that no server answers, or that the one that did went
	// away before it had answered; [Client.State] tells more.
	ErrUnavailable = errors.New("zookeeper is not available")
	// ErrTooLarge says that a node or a list of children exceeds the bounds.
	ErrTooLarge = errors.New("too large to read")
	// ErrPath says that the text is not a path of ZooKeeper's.
	ErrPath = errors.New("not a ZooKeeper path")
	// ErrSecret says that the node holds a secret, which is never read.
	ErrSecret = errors.New("never shown")
	// ErrClosed says that the client was closed.
	ErrClosed = errors.New("the ZooKeeper client is closed")
)

// ReadError is one failed read. Its text is a sentence for the operator.
type ReadError struct {
	Op   string // what was done, "reading /storm/assignments"
	Text string // what happened, in words
	Hint string // what to try; "" when there is nothing to say
	Err  error  // one of the sentinels, or a context's error
}

func (e *ReadError) Error() string { return e.Op + ": " + e.reason() }

// reason is the text without what was done.
func (e *ReadError) reason() string {
	if e.Text == "" && e.Err != nil {
		return e.Err.Error()
	}
	return e.Text
}

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// Hint returns what to try about err, or "".
func Hint(err error) string {
	if known, ok := errors.AsType[*ReadError](err); ok {
		return known.Hint
	}
	return ""
}

// inWords turns what the library says about a request into a ReadError.
func inWords(op, path string, err error) error {
	var known *ReadError
	if err == nil || errors.As(err, &known) {
		return err
	}
	op += " " + path
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return &ReadError{Op: op, Err: ErrNoNode, Hint: "zk ls " + parent(path)}
	case errors.Is(err, zk.ErrNoAuth):
		return &ReadError{Op: op, Err: ErrNoAuth, Hint: "the node's ACL; zookeeper.auth in the configuration"}
	case errors.Is(err, zk.ErrInvalidPath):
		return &ReadError{Op: op, Err: ErrPath, Hint: "a path begins with / and has no empty parts"}
	case errors.Is(err, zk.ErrConnectionClosed), errors.Is(err, zk.ErrNoServer),
		errors.Is(err, zk.ErrClosing), errors.Is(err, zk.ErrSessionExpired), errors.Is(err, zk.ErrSessionMoved):
		return &ReadError{Op: op, Text: "the connection was lost before the answer came", Err: ErrUnavailable}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &ReadError{Op: op, Err: err}
	}
	text := strings.TrimPrefix(err.Error(), "zk: ")
	return &ReadError{Op: op, Text: "the server answers with " + text, Err: ErrUnavailable}
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
