package sshpool

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// session is one channel of a connection that counts as a session.
type session struct {
	ssh.Channel

	link     *link
	requests <-chan *ssh.Request
}

// sshd gives the place of a session back a moment after its channel was closed.
// A refusal within recently of that is tried again, after settle and so on.
const (
	recently = time.Second
	settle   = 10 * time.Millisecond
	maxAgain = 5
)

// session opens a channel on a connection with room for it; who gets it must call
// each. What the server refuses although it should have room teaches how much room there is.
func (h *Host) session(ctx context.Context) (*session, error) {
	for again := 0; ; {
		l, err := h.link(ctx, true)
		if err != nil {
			return nil, err
		}
		s, err := h.channel(ctx, l)
		if err == nil {
			return s, nil
		}
		if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
			more := h.full(l, again < maxAgain)
			h.release(l, true)
			if more == soon && !h.pool.pause(ctx, settle<<again) {
				return nil, ctx.Err()
			}
			if more == soon {
				again++
				continue
			}
			if more == elsewhere {
				continue
			}
			text := strings.TrimSpace(refused.Reason.String() + ", " + refused.Message)
			return nil, &Error{Host: h.name, Phase: phaseOpen, Err: ErrSessions, Cause: err, Text: ": it refuses even one (" + clip(text, 100) + ")"}
		}
		return nil, h.errorOf(l, err)
	}
}

// channel opens a session channel. When the context ends first, the channel is
// given back as soon as the server has answered or is gone.
func (h *Host) channel(ctx context.Context, l *link) (*session, error) {
	type result struct {
		s   *session
		err error
	}
	done := make(chan result, 1)
	go func() {
		ch, reqs, err := l.client.OpenChannel("session", nil)
		if err != nil {
			done <- result{err: err}
			return
		}
		done <- result{s: &session{Channel: ch, link: l, requests: reqs}}
	}()
	select {
	case r := <-done:
		var refused *ssh.OpenChannelError
		if r.err != nil && !errors.As(r.err, &refused) {
			h.release(l, true)
			<-l.gone // the connection is at its end, and about to say why
		}
		return r.s, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.s != nil {
				_ = r.s.Close()
				r.s.each(func(*ssh.Request) {})
			} else {
				h.release(l, true)
			}
		}()
		return nil, ctx.Err()
	}
}

// each gives every request of the server to f until the server has closed the
// channel; only then is its place free again.
func (s *session) each(f func(*ssh.Request)) {
	for r := range s.requests {
		f(r)
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
	h := s.link.host
	h.mu.Lock()
	s.link.freed = time.Now()
	h.mu.Unlock()
	h.release(s.link, true)
}

// ask sends a request and awaits the answer, as long as the context lasts. A
// session whose request was not answered in time is of no use any more.
func (s *session) ask(ctx context.Context, name string, payload any) (bool, error) {
	var body []byte
	if payload != nil {
		body = ssh.Marshal(payload)
	}
	type result struct {
		ok  bool
		err error
	}
	done := make(chan result, 1)
	go func() {
		ok, err := s.SendRequest(name, true, body)
		done <- result{ok, err}
	}()
	select {
	case r := <-done:
		return r.ok, r.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// await waits for what ends with the session, no longer than the connection
// lives, and d at most.
func (s *session) await(done <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-s.link.gone:
	case <-timer.C:
	}
}
