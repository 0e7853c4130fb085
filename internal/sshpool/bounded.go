package sshpool

import (
	"bytes"
	"sync"
)

// bounded keeps the first bytes that are written to it and takes all.
type bounded struct {
	limit int

	mu   sync.Mutex
	buf  bytes.Buffer
	over int64
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(max(0, b.limit-b.buf.Len()), len(p))
	b.buf.Write(p[:n])
	b.over += int64(len(p) - n)
	return len(p), nil
}

// Bytes is a copy of what was kept.
func (b *bounded) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

func (b *bounded) String() string { return string(b.Bytes()) }

// dropped is how many bytes did not fit.
func (b *bounded) dropped() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over
}
