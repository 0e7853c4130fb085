package sshpool

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// DialContext opens a connection from the host to addr, "host:port", as a
// net.Dialer does from here. The host looks the name up. Deadlines close the
// connection, as SSH has none of its own.
func (h *Host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	l, err := h.link(ctx, false)
	if err != nil {
		return nil, err
	}
	conn, err := h.dialThrough(ctx, l, network, addr)
	if err != nil {
		l.release()
		return nil, err
	}
	return &tunnel{deadlined: newDeadlined(conn), link: l}, nil
}

// dialThrough opens a connection through one of the host's own.
func (h *Host) dialThrough(ctx context.Context, l *link, network, addr string) (net.Conn, error) {
	fail := func(text string) error {
		return &Error{Host: h.name, Phase: phaseOpen, Err: ErrForward, Text: " to " + clip(addr, 120) + ": " + text}
	}
	if !strings.HasPrefix(network, "tcp") {
		return nil, fail("only TCP can be forwarded, not " + network)
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fail(words(err))
	}
	if _, err := strconv.ParseUint(portText, 10, 16); err != nil {
		return nil, fail("no port number")
	}
	conn, err := l.client.DialContext(ctx, "tcp", net.JoinHostPort(host, portText))
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, &Error{Host: h.name, Phase: phaseOpen, Err: ErrTimeout, Cause: ctx.Err(), Text: " in forwarding to " + clip(addr, 120)}
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		return nil, fail("administratively prohibited")
	case errors.As(err, &refused):
		return nil, &Error{
			Host: h.name, Phase: phaseOpen, Err: ErrRefused, Cause: err,
			Text: " from there to " + clip(addr, 120) + ": " + clip(refused.Message, 200), Advice: "Is it running there? Can " + h.name + " reach it?",
		}
	}
	<-l.gone
	return nil, h.errorOf(l, &Error{Host: h.name, Phase: phaseOpen, Err: ErrLost, Cause: err})
}

// tunnel is a forwarded connection that holds the one it runs through.
type tunnel struct {
	*deadlined

	link *link
	once sync.Once
}

func (t *tunnel) Close() error {
	err := t.deadlined.Close()
	t.once.Do(t.link.release)
	return err
}
