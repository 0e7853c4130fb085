package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/logs"
)

// sshHosts is how files of other hosts are reached.
type sshHosts struct {
	logs.Hosts
	// why says why ssh is not used, "" when it is.
	why       string
	logviewer logs.Logviewer
	pool      *sshpool.Pool // nil when ssh is not used
	close     func()
}

// Close ends all connections.
func (h *sshHosts) Close() { h.close() }

// sshHosts makes the way to the hosts that the configuration wants; where there
// is no ssh, their logviewers serve worker logs. port is the one that Nimbus'
// configuration gives these, 0 when it gives none. It does no I/O.
func (a *app) sshHosts(cfg *config.Config, port func() int) *sshHosts {
	return hostsOf(cfg, port, (&asker{open: terminal}).ask)
}

// hostsOf is sshHosts with whom ssh asks; nil where there is nobody.
func hostsOf(cfg *config.Config, port func() int, ask func(context.Context, sshpool.Question) (sshpool.Answer, error)) *sshHosts {
	h := &sshHosts{close: func() {}}
	h.logviewer = logs.NewLogviewer(logs.LogviewerConfig{URL: func(host string) string {
		if _, after, ok := strings.Cut(host, "@"); ok {
			host = after
		}
		p := cfg.LogviewerPort.V
		if n := port(); n > 0 && !cfg.LogviewerPort.Set() {
			p = n
		}
		return "http://" + net.JoinHostPort(host, strconv.Itoa(p))
	}})
	if !cfg.UseSSH.V {
		h.why = cfg.UseSSH.Origin.Short()
		h.Hosts = noSSH(h.why)
		return h
	}
	pool := sshpool.New(sshpool.Config{
		File: cfg.SSHConfig.V, User: cfg.SSHUser.V, Port: cfg.SSHPort.V, Ask: ask,
	})
	h.Hosts, h.pool, h.close = logs.OverSSH(pool), pool, pool.Close
	return h
}

// noSSH stands for every host when ssh is not to be used.
type noSSH string

func (n noSSH) Host(string) logs.Host { return unreached(n) }

type unreached string

func (u unreached) err() error { return errors.New("ssh is not used (" + string(u) + ")") }

func (u unreached) Files(context.Context) (logs.FileSystem, error) { return nil, u.err() }

func (u unreached) Start(context.Context, string) (logs.Process, error) { return nil, u.err() }

func (u unreached) Clock() logs.Clock { return logs.Clock{} }
