package main

import (
	"context"
	"errors"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/logs"
)

// sshHosts is how files of other hosts are reached.
type sshHosts struct {
	logs.Hosts
	// why says why ssh is not used, "" when it is.
	why       string
	logviewer logs.Logviewer
	close     func()
}

// Close ends all connections.
func (h *sshHosts) Close() { h.close() }

// sshHosts makes the way to the hosts that the configuration wants. It does no
// I/O.
func (a *app) sshHosts(cfg *config.Config) *sshHosts {
	if !cfg.UseSSH.V {
		why := cfg.UseSSH.Origin.Short()
		return &sshHosts{Hosts: noSSH(why), why: why, close: func() {}}
	}
	return &sshHosts{Hosts: noSSH("it is not part of this build"), why: "ssh is not part of this build", close: func() {}}
}

// noSSH stands for every host when ssh is not to be used.
type noSSH string

func (n noSSH) Host(string) logs.Host { return unreached(n) }

type unreached string

func (u unreached) err() error { return errors.New("ssh is not used (" + string(u) + ")") }

func (u unreached) Files(context.Context) (logs.FileSystem, error) { return nil, u.err() }

func (u unreached) Start(context.Context, string) (logs.Process, error) { return nil, u.err() }

func (u unreached) Clock() logs.Clock { return logs.Clock{} }
