package logs

import (
	"context"
	"errors"
	"io"
	"time"
)

// runStdin reads standard input. A read under way cannot be ended; its goroutine
// is left to it.
func (t *tail) runStdin(ctx context.Context) {
	t.via("stdin", "")
	t.set(StateFollowing, "", time.Time{})
	if t.m.cfg.Stdin == nil {
		t.end(StateFailed, "there is no standard input")
		return
	}
	type piece struct {
		b   []byte
		err error
	}
	pieces, free := make(chan piece), make(chan []byte, 2)
	free <- make([]byte, readSize)
	free <- make([]byte, readSize)
	go func() {
		for {
			var buf []byte
			select {
			case buf = <-free:
			case <-ctx.Done():
				return
			}
			n, err := t.m.cfg.Stdin.Read(buf)
			select {
			case pieces <- piece{buf[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	offset := int64(0)
	for {
		for t.m.merger.Ahead(t.index) && ctx.Err() == nil {
			t.wait(ctx, soonPause, true)
		}
		t.timer.Reset(HoldOpen)
		select {
		case p := <-pieces:
			t.chunk(p.b, offset)
			offset += int64(len(p.b))
			if p.err != nil {
				words := ""
				if !errors.Is(p.err, io.EOF) {
					words = errorWords(p.err)
				}
				t.end(StateDone, words)
				return
			}
			free <- p.b[:readSize]
		case <-t.timer.C:
			t.caughtUp()
			t.asm.Tick(t.m.cfg.Now())
			t.deliver()
		case <-ctx.Done():
			t.asm.End(t.m.cfg.Now())
			t.deliver()
			return
		}
	}
}
