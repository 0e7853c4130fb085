package sshpool

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// ownReading is what State says where no ssh program was asked.
const ownReading = "stormtop's own reading of the ssh configuration, without Match"

// readConfig reads the ssh configuration where there is no ssh program to ask.
// Host blocks count; Match blocks are passed over by the library.
func (p *Pool) readConfig(t target) (Settings, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	files := []string{"/etc/ssh/ssh_config"}
	if home != "" {
		files = []string{filepath.Join(home, ".ssh", "config"), "/etc/ssh/ssh_config"}
	}
	if p.cfg.File != "" {
		files = []string{p.cfg.File}
	}
	var read []*ssh_config.Config
	for _, name := range files {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) && p.cfg.File == "" {
			continue
		}
		if err != nil {
			return Settings{}, &Error{Host: t.host, Phase: "configuration", Err: ErrConfig, Detail: ": " + err.Error()}
		}
		cfg, err := ssh_config.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return Settings{}, &Error{Host: t.host, Phase: "configuration", Err: ErrConfig, Detail: ": " + name + ": " + err.Error()}
		}
		read = append(read, cfg)
	}
	return settingsOf(t.host, home, func(key string) []string {
		var all []string
		for _, cfg := range read {
			// Its error is that of a pattern, which was checked when it was read.
			values, _ := cfg.GetAll(t.host, key)
			all = append(all, values...)
		}
		return all
	}), nil
}

// settingsOf makes settings of the values that a configuration gives each
// keyword, the first one counting.
func settingsOf(host, home string, values func(key string) []string) Settings {
	one := func(key, otherwise string) string {
		if v := values(key); len(v) > 0 {
			return strings.Trim(v[0], `"`)
		}
		return otherwise
	}
	login := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		login = u.Username
	}
	s := Settings{
		HostName: strings.ReplaceAll(one("HostName", host), "%h", host), User: one("User", login), HostKeyAlias: noneIsEmpty(one("HostKeyAlias", "")),
		ProxyCommand: noneIsEmpty(one("ProxyCommand", "")), IdentitiesOnly: one("IdentitiesOnly", "") == "yes", IdentityAgent: one("IdentityAgent", ""),
		RevokedKeys: noneIsEmpty(one("RevokedHostKeys", "")), HashKnownHosts: one("HashKnownHosts", "") == "yes",
		StrictHostKeyChecking: strict(one("StrictHostKeyChecking", "ask")), ConnectTimeout: seconds(one("ConnectTimeout", "")),
		AliveInterval: seconds(one("ServerAliveInterval", "")), From: ownReading,
	}
	s.Port, _ = strconv.Atoi(one("Port", "22"))
	if jump := noneIsEmpty(one("ProxyJump", "")); jump != "" {
		s.ProxyJump = strings.Split(jump, ",")
	}
	identities := values("IdentityFile")
	if len(identities) == 0 {
		for _, name := range []string{"id_rsa", "id_ecdsa", "id_ed25519"} {
			identities = append(identities, "~/.ssh/"+name)
		}
	}
	s.finish(host, home, identities, values("CertificateFile"),
		fields(one("UserKnownHostsFile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")),
		fields(one("GlobalKnownHostsFile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2")))
	return s
}
