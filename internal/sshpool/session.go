package sshpool

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// session is one channel of a connection that counts as a session.
type session struct {
	ssh.Channel

	link     *link
	requests <-chan *ssh.Request
	once     sync.Once
}

// session opens a channel on a connection with room for it. What the server
// refuses although it should have room teaches how much room there is.
func (h *Host) session(ctx context.Context) (*session, error) {
	for {
		l, err := h.link(ctx, true)
		if err != nil {
			return nil, err
		}
		s, err := h.channel(ctx, l)
		if err == nil {
			return s, nil
		}
		if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
			more := h.full(l)
			h.release(l, true)
			if more {
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
				go ssh.DiscardRequests(r.s.requests)
				_ = r.s.Close()
			}
			h.release(l, true)
		}()
		return nil, ctx.Err()
	}
}

// Close closes the channel and gives its place back.
func (s *session) Close() error {
	err := s.Channel.Close()
	s.once.Do(func() { s.link.host.release(s.link, true) })
	return err
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
// lives, and endTime at most.
func (s *session) await(done <-chan struct{}) {
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-s.link.gone:
	case <-timer.C:
	}
}
