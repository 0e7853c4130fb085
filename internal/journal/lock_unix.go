//go:build unix

package journal

import (
	"os"
	"syscall"
)

// lock waits for the file to be ours alone; closing it gives it back.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
