package match

import "golang.org/x/sys/cpu"

var haveKernel = cpu.X86.HasAVX2

// kernelAVX2 is the lowest i below n at which one bit is set in all of
//
//	masks[0][0][b0&15] & masks[0][1][b0>>4]   with b0 = data[i+at[0]]
//	masks[1][0][b1&15] & masks[1][1][b1>>4]   with b1 = data[i+at[1]]
//	masks[2][0][b2&15] & masks[2][1][b2>>4]   with b2 = data[i+at[2]]
//
// or -1. It looks at 32 places at a time: n is a multiple of 32, above 0, and
// data must be readable up to n plus the largest of at.
//
//go:noescape
func kernelAVX2(data *byte, n int, masks *[3][2][32]byte, at *[3]int) int

// kernelPairAVX2 is the lowest i below n at which
//
//	data[i+at[0]]|want[0][0] == want[0][1] && data[i+at[1]]|want[1][0] == want[1][1]
//
// or -1, under the same conditions.
//
//go:noescape
func kernelPairAVX2(data *byte, n int, want *[2][2][32]byte, at *[3]int) int
