//go:build unix

package sshpool

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a group of processes of its own, so that all it starts
// can be ended.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a command and all it started.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
