package lab

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// layOutSSH makes the key pair of the client, a host key per host, and the
// configuration of both sides.
func (l *Lab) layOutSSH(ctx context.Context) error {
	if slices.Contains(l.set.Without, "sshd") {
		return nil
	}
	dir := filepath.Join(l.set.Dir, "ssh")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making room for ssh: %w", err)
	}
	key := filepath.Join(dir, "id_ed25519")
	if err := l.keygen(ctx, key, "lab"); err != nil {
		return err
	}
	who, err := user.Current()
	if err != nil {
		return fmt.Errorf("finding the user's name: %w", err)
	}
	if who.Uid == "0" {
		// sshd's unprivileged child is locked into this directory.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return fmt.Errorf("making room for ssh: %w", err)
		}
	}
	port := strconv.Itoa(l.line.ports.ssh)
	var known, config strings.Builder
	for _, host := range l.line.hosts {
		at := filepath.Join(dir, host)
		if err := os.MkdirAll(at, 0o700); err != nil {
			return fmt.Errorf("making room for ssh: %w", err)
		}
		if err := l.keygen(ctx, filepath.Join(at, "host_ed25519"), host); err != nil {
			return err
		}
		pub, err := os.ReadFile(filepath.Join(at, "host_ed25519.pub"))
		if err != nil {
			return fmt.Errorf("reading the host key: %w", err)
		}
		fields := strings.Fields(string(pub))
		if len(fields) < 2 {
			return fmt.Errorf("reading the host key of %s: it is no public key", host)
		}
		fmt.Fprintf(&known, "[%s]:%s %s %s\n", host, port, fields[0], fields[1])
		fmt.Fprintf(&config, "Host %s\n  Port %s\n  User %s\n  IdentityFile %s\n  IdentitiesOnly yes\n  UserKnownHostsFile %s\n  GlobalKnownHostsFile none\n",
			host, port, who.Username, key, filepath.Join(dir, "known_hosts"))
		err = writeAsset(filepath.Join(at, "sshd_config"), "conf/sshd_config", map[string]string{
			"HOST": host, "SSH_PORT": port, "DIR": at, "KEYS": key + ".pub", "MARK": ownerVariable + "=" + l.set.Dir,
		}, 0o644)
		if err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(dir, "known_hosts"), []byte(known.String()), 0o644); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "config"), []byte(config.String()), 0o644)
}

func (l *Lab) keygen(ctx context.Context, file, comment string) error {
	if exists(file) {
		return nil
	}
	if out, err := l.run(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file); err != nil {
		return fmt.Errorf("making an ssh key: %w: %s", err, clip(out, 200))
	}
	return nil
}
