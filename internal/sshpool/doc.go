// Package sshpool reaches hosts over SSH the way OpenSSH would: with the user's
// own configuration, keys, agent, jump hosts and known hosts.
//
// Start with [New] and [Pool.Host], which do no I/O; then [Host.Files] (SFTP),
// [Host.Start] and [Host.Output] (commands) and [Host.DialContext] (a tunnel).
// [Host.State] says how the host is doing, [Pool.Changes] that asking is worth
// it.
//
// The way in: settings.go asks `ssh -G` what OpenSSH would do for a host, and
// sshconfig.go answers where there is no ssh; dial.go opens a connection through
// jumps and proxies, hostkey.go judges the host's key by knownhosts.go, login.go
// and keys.go log in; host.go shares the connections, link.go is one of them;
// process.go, files.go and forward.go are what runs over it.
//
// # Guarantees
//
//   - A host whose key has changed or was revoked is refused, and so is one whose
//     key is unknown and nobody says yes; nothing was sent to it by then, no user
//     name and no key. A verdict is OpenSSH's, with one difference: where
//     StrictHostKeyChecking is off, OpenSSH goes on after a changed or revoked
//     key with a warning, this package never does.
//   - A host has one connection as long as its sessions fit: at most ten, fewer
//     where the server allows fewer. Then another one is opened, up to a bound.
//   - At most eight connections of a pool are being opened at a time. A host that
//     failed is tried again after a growing pause with jitter; a refused key or
//     login not before a minute.
//   - One question is asked at a time, and no connection is held open while the
//     user thinks about a host key.
//   - A peer that falls silent is noticed by a missing answer to a keep-alive, a
//     handshake that does not go on by its deadline; both name what was awaited.
//   - Unread output holds its own channel up to 2 MiB and no other one. Errors of
//     a command and the words of a peer are kept up to a bound.
//   - [Pool.Close] ends and awaits every connection and everything that runs for
//     it on this machine. What [Watched] wrote ends on the host, too, as soon as
//     its connection or process is closed, however that came.
//   - No host name, user name or path reaches a shell unquoted.
//
// What hosts, keys and files say is given as it came and must pass safetext on
// its way to a screen. All methods may be called by several goroutines.
package sshpool
