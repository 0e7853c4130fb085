//go:build !unix

package sshpool

import (
	"errors"
	"net"
)

func proxy(string) (net.Conn, error) {
	return nil, errors.New("ProxyCommand is not supported on this system")
}
