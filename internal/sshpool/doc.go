// Package sshpool reaches hosts over SSH as OpenSSH would: with the user's own
// configuration, keys, agent, jump hosts and known hosts.
//
// Start with [New] and [Pool.Host], which do no I/O, then [Host.Files] (SFTP),
// [Host.Start] (a command) and [Host.DialContext] (a tunnel). settings.go says
// what OpenSSH would do for a host, hostkey.go judges host keys, auth.go logs in,
// dial.go opens a connection through jumps and proxies, host.go shares it.
//
// # Guarantees
//
//   - A host whose key has changed or was revoked is refused, whatever the
//     configuration says, and nothing was sent to it: no user name, no key. An
//     unknown key is asked about, or decided by StrictHostKeyChecking.
//   - One connection serves at most ten sessions, fewer where the server allows
//     fewer; another connection is opened then, up to a bound.
//   - At most eight connections of a pool are being opened at a time; a host that
//     failed is tried again after a growing pause.
//   - A peer that falls silent is noticed by its missing answer to a keep-alive.
//   - [Pool.Close] ends and awaits every connection and everything that runs for
//     it here; a [Process] that is closed is told to end on the host.
//   - A host name, a user name or a path is never given to a shell unquoted:
//     [Script] makes a command that any login shell hands to /bin/sh unchanged.
//
// A Pool and its Hosts may be used by several goroutines.
package sshpool
