package search

import (
	"container/heap"
	"context"
	"errors"
	"sync"
)

// errAbandoned ends a source whose blocks nobody wants any more.
var errAbandoned = errors.New("nobody reads the answer")

// queue holds the blocks of one source until their turn comes.
type queue struct {
	mu     sync.Mutex
	blocks []Block
	closed bool
	gone   bool
	filled chan struct{} // capacity 1: there is a block, or the end
	taken  chan struct{} // capacity 1: there is room, or nobody takes any more
}

func newQueue() *queue {
	return &queue{filled: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds a block at once; what is read from a host is bounded by its budget.
func (q *queue) put(b Block) {
	q.mu.Lock()
	if !q.gone {
		q.blocks = append(q.blocks, b)
	}
	q.mu.Unlock()
	signal(q.filled)
}

// wait adds a block when there is room.
func (q *queue) wait(ctx context.Context, b Block) error {
	for {
		q.mu.Lock()
		if q.gone {
			q.mu.Unlock()
			return errAbandoned
		}
		if len(q.blocks) < ahead {
			q.blocks = append(q.blocks, b)
			q.mu.Unlock()
			signal(q.filled)
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	signal(q.filled)
}

// abandon lets go of whoever waits for room.
func (q *queue) abandon() {
	q.mu.Lock()
	q.gone, q.blocks = true, nil
	q.mu.Unlock()
	signal(q.taken)
}

// next takes the oldest block; ok is false at the end.
func (q *queue) next(ctx context.Context) (b Block, ok bool, err error) {
	for {
		q.mu.Lock()
		if len(q.blocks) > 0 {
			b = q.blocks[0]
			q.blocks[0] = Block{}
			q.blocks = q.blocks[1:]
			q.mu.Unlock()
			signal(q.taken)
			return b, true, nil
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return Block{}, false, nil
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return Block{}, false, ctx.Err()
		}
	}
}

// head is the next block of a source with the time it is ordered by, which
// never runs backwards within a source.
type head struct {
	Block
	key int64
}

type heads []head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	if h[i].key != h[j].key {
		return h[i].key < h[j].key
	}
	return h[i].Source < h[j].Source
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// merge gives all blocks to emit, by time.
func merge(ctx context.Context, queues []*queue, emit func(Block) error) error {
	h := make(heads, 0, len(queues))
	take := func(at int, before int64) error {
		b, ok, err := queues[at].next(ctx)
		if err != nil || !ok {
			return err
		}
		heap.Push(&h, head{b, max(before, b.Time)})
		return nil
	}
	for i := range queues {
		if err := take(i, 0); err != nil {
			return err
		}
	}
	for len(h) > 0 {
		first := h[0]
		if err := emit(first.Block); err != nil {
			return err
		}
		heap.Pop(&h)
		if err := take(first.Source, first.key); err != nil {
			return err
		}
	}
	return nil
}
