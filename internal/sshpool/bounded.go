package sshpool

import (
	"bytes"
	"sync"
)

// bounded keeps the first bytes that are written to it and takes all.
type bounded struct {
	limit int
	mu    sync.Mutex
	buf   bytes.Buffer
	over  int64
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := max(0, b.limit-b.buf.Len())
	b.buf.Write(p[:min(room, len(p))])
	b.over += int64(len(p) - min(room, len(p)))
	return len(p), nil
}

func (b *bounded) String() string { return string(b.Bytes()) }

func (b *bounded) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// dropped is how many bytes did not fit.
func (b *bounded) dropped() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over
}
