//go:build unix

package sshpool

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// proxy runs a ProxyCommand for the user's shell, as OpenSSH does, and gives its
// input and output as a connection.
func proxy(command string) (net.Conn, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("a socket for ProxyCommand: %w", err)
	}
	syscall.CloseOnExec(pair[0])
	syscall.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "proxy"), os.NewFile(uintptr(pair[1]), "proxy")
	defer func() { _ = theirs.Close() }()
	conn, err := net.FileConn(ours)
	if err := errors.Join(err, ours.Close()); err != nil {
		return nil, fmt.Errorf("a socket for ProxyCommand: %w", err)
	}
	shell := os.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	cmd := exec.Command(shell, "-c", "exec "+command) //nolint:noctx // it ends with the connection, in Close
	cmd.Stdin, cmd.Stdout = theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("ProxyCommand: %w", err)
	}
	return &proxied{Conn: conn, cmd: cmd}, nil
}

// proxied ends its program with the connection.
type proxied struct {
	net.Conn
	cmd  *exec.Cmd
	once sync.Once
}

func (p *proxied) Close() error {
	err := p.Conn.Close()
	p.once.Do(func() {
		// The whole group: a shell may have children.
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
		_ = p.cmd.Wait()
	})
	return err
}
