package sim

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/sim/sshd"
)

// sshPort is where the hosts' servers are in the world's own network.
const sshPort = 22

// settleAfter is how long a worker's log is away while it is rotated.
const settleAfter = 20 * time.Millisecond

// hosts puts the world's hosts on the network by SSH.
type hosts struct {
	machines *machines
	client   ed25519.PrivateKey
	signer   ssh.Signer
	servers  map[string]*sshd.Server
	keys     map[string]ssh.PublicKey
	dir      string // of the files for OpenSSH; "" for none

	mu      sync.Mutex
	stepped time.Time // when the world moved last
	each    time.Duration
}

func newSigner() (ed25519.PrivateKey, ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(key)
	return key, signer, err
}

// openHosts starts a server for every host and Nimbus of the world.
func (s *Server) openHosts(ctx context.Context, wires Wires) error {
	h := &hosts{
		machines: newMachines(s.w, hostConf{LogBytes: wires.LogBytes}), servers: map[string]*sshd.Server{}, keys: map[string]ssh.PublicKey{},
		stepped: time.Now(), each: wires.Every,
	}
	s.inside = h
	var err error
	if h.client, h.signer, err = newSigner(); err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	mine := string(h.signer.PublicKey().Marshal())
	chance := mathrand.New(mathrand.NewPCG(s.w.seed, 0x737368))
	var guard sync.Mutex
	random := func() float64 {
		guard.Lock()
		defer guard.Unlock()
		return chance.Float64()
	}
	for _, m := range h.machines.list {
		_, key, err := newSigner()
		if err != nil {
			return fmt.Errorf("making a host key: %w", err)
		}
		l, err := s.net.listen(ctx, "")
		if err != nil {
			return fmt.Errorf("listening for ssh: %w", err)
		}
		h.keys[m.name] = key.PublicKey()
		s.named[net.JoinHostPort(m.name, strconv.Itoa(sshPort))] = l.Addr().String()
		h.servers[m.name] = sshd.Serve(l, sshd.Config{
			Machine: &sshd.Machine{
				Name: m.name, Files: m.disk, Home: "/home/" + stormUser, Processes: m.processes,
				Now: func() time.Time { return m.now(h.ahead(wires.Speed)) },
			},
			HostKey: key,
			Authorize: func(user string, key ssh.PublicKey) bool {
				return user == stormUser && string(key.Marshal()) == mine
			},
			Login:   func() { h.machines.open(m.name) },
			Forward: func(ctx context.Context, addr string) (net.Conn, error) { return s.Dial(ctx, "tcp", addr) },
			Random:  random,
		})
	}
	s.w.mu.Lock()
	s.w.watch = h.machines.watch
	s.w.mu.Unlock()
	return h.write(wires.Within)
}

// ahead is how far the clocks of the hosts are past the last step of the world.
func (h *hosts) ahead(speed float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(float64(min(time.Since(h.stepped), h.each)) * speed)
}

// follow lets the hosts follow the world after a step.
func (h *hosts) follow(w *World) {
	h.mu.Lock()
	h.stepped = time.Now()
	h.mu.Unlock()
	for name, lost := range w.lostHosts() {
		h.servers[name].Freeze(lost)
	}
}

// lostHosts says of every host whether it is lost.
func (w *World) lostHosts() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[string]bool, len(w.hosts))
	for _, h := range w.hosts {
		out[h.name] = h.lost
	}
	return out
}

// write makes the files with which OpenSSH reaches the hosts. Within the process
// they are for clients that dial through the server.
func (h *hosts) write(within bool) error {
	dir, err := os.MkdirTemp("", "stormtop-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for ssh: %w", err)
	}
	h.dir = dir
	block, err := ssh.MarshalPrivateKey(h.client, "stormtop demo")
	if err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	var conf, known strings.Builder
	quoted := func(name string) string {
		return `"` + strings.ReplaceAll(filepath.ToSlash(filepath.Join(dir, name)), "%", "%%") + `"`
	}
	for _, m := range h.machines.list {
		host, port, err := net.SplitHostPort(h.servers[m.name].Addr().String())
		if err != nil {
			return fmt.Errorf("reading an address: %w", err)
		}
		if within {
			host, port = m.name, strconv.Itoa(sshPort)
		}
		fmt.Fprintf(&conf, "Host %s\n\tHostName %s\n\tPort %s\n\tHostKeyAlias %s\n\n", m.name, host, port, m.name)
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(h.keys[m.name])))
		fmt.Fprintf(&known, "%s,[%s]:%s %s\n", m.name, host, port, line)
	}
	fmt.Fprintf(&conf, "Host *\n\tUser %s\n\tIdentityFile %s\n\tIdentitiesOnly yes\n\tIdentityAgent none\n\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile /dev/null\n"+
		"\tStrictHostKeyChecking yes\n\tUpdateHostKeys no\n\tPasswordAuthentication no\n\tKbdInteractiveAuthentication no\n", stormUser, quoted("id_ed25519"), quoted("known_hosts"))
	for name, data := range map[string][]byte{
		"id_ed25519": pem.EncodeToMemory(block), "known_hosts": []byte(known.String()), "ssh_config": []byte(conf.String()),
		"id_ed25519.pub": ssh.MarshalAuthorizedKey(h.signer.PublicKey()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("writing a file for ssh: %w", err)
		}
	}
	return nil
}

// close ends the servers and removes the files.
func (h *hosts) close() {
	var all sync.WaitGroup
	for _, s := range h.servers {
		all.Go(s.Close)
	}
	all.Wait()
	if h.dir != "" {
		_ = os.RemoveAll(h.dir)
	}
}

// Hosts are the names of the world's hosts that answer SSH, the Nimbuses among
// them.
func (s *Server) Hosts() []string {
	out := make([]string, 0, len(s.inside.machines.list))
	for _, m := range s.inside.machines.list {
		out = append(out, m.name)
	}
	return slices.Clip(out)
}

// SSHConfig is the path of a file for ssh -F, with which OpenSSH reaches every
// host by its name. It is in a directory of its own with the key and the hosts'
// keys, which goes with the server. Where the world is within the process, the
// addresses in it are those that [Server.Dial] knows.
func (s *Server) SSHConfig() string { return filepath.Join(s.inside.dir, "ssh_config") }

// LogDir is storm.log.dir on every host.
func (s *Server) LogDir() string { return logDir }

// SSHUser is who may log in, with [Server.SSHKey].
func (s *Server) SSHUser() string { return stormUser }

// SSHKey is the key of that user, for clients in this process, which reach the
// hosts through [Server.Dial] as host:22.
func (s *Server) SSHKey() ssh.Signer { return s.inside.signer }

// HostKeys are the keys of the hosts by their names.
func (s *Server) HostKeys() map[string]ssh.PublicKey { return s.inside.keys }

// unreachable is what a host's network says of one without power.
func unreachable(network string) error {
	return &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
}
