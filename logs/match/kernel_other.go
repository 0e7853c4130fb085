//go:build !amd64

package match

const haveKernel = false

func kernelAVX2(*byte, int, *[3][2][32]byte, *[3]int) int { panic("match: no kernel here") }

func kernelPairAVX2(*byte, int, *[2][2][32]byte, *[3]int) int { panic("match: no kernel here") }
