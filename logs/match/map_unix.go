//go:build unix

package match

import (
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// mapFile maps a file for reading.
func mapFile(f *os.File, size int64) (text []byte, unmap func(), err error) {
	if size != int64(int(size)) {
		return nil, nil, fmt.Errorf("%d bytes cannot be mapped", size)
	}
	text, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return text, func() { _ = unix.Munmap(text) }, nil
}

// guarded runs fn, which reads mapped memory. A file that becomes shorter
// meanwhile makes reading beyond its end a fault, which is turned into an error.
func guarded(fn func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(interface{ Addr() uintptr }); !ok {
				panic(p)
			}
			err = errShrunk
		}
	}()
	fn()
	return nil
}
