#include "textflag.h"

DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $32

// BYTES leaves in out, for 32 bytes at addr, the bits that lo and hi have in
// common for the two halves of each byte. Y8 and Y9 are scratch.
#define BYTES(addr, lo, hi, out) \
	VMOVDQU addr, Y8 \
	VPSRLW  $4, Y8, Y9 \
	VPAND   Y6, Y8, Y8 \
	VPAND   Y6, Y9, Y9 \
	VPSHUFB Y8, lo, Y8 \
	VPSHUFB Y9, hi, Y9 \
	VPAND   Y8, Y9, out

// func kernelAVX2(data *byte, n int, masks *[3][2][32]byte, at *[3]int) int
TEXT ·kernelAVX2(SB), NOSPLIT, $0-40
	MOVQ data+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ masks+16(FP), DX
	MOVQ at+24(FP), DI

	VMOVDQU 0(DX), Y0
	VMOVDQU 32(DX), Y1
	VMOVDQU 64(DX), Y2
	VMOVDQU 96(DX), Y3
	VMOVDQU 128(DX), Y4
	VMOVDQU 160(DX), Y5
	VMOVDQU nibble<>(SB), Y6
	VPXOR   Y7, Y7, Y7

	MOVQ 0(DI), R8
	MOVQ 8(DI), R9
	MOVQ 16(DI), R10
	ADDQ SI, R8
	ADDQ SI, R9
	ADDQ SI, R10
	XORQ AX, AX

loop:
	BYTES((R8)(AX*1), Y0, Y1, Y10)
	BYTES((R9)(AX*1), Y2, Y3, Y11)
	VPAND   Y10, Y11, Y10
	BYTES((R10)(AX*1), Y4, Y5, Y11)
	VPAND   Y10, Y11, Y10
	VPCMPEQB Y7, Y10, Y10
	VPMOVMSKB Y10, BX
	XORL    $0xffffffff, BX
	JNZ     found
	ADDQ    $32, AX
	CMPQ    AX, CX
	JLT     loop

	VZEROUPPER
	MOVQ $-1, ret+32(FP)
	RET

found:
	BSFL BX, BX
	ADDQ BX, AX
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET

// PAIR leaves in out all ones in each of 32 places where both bytes are wanted.
#define PAIR(first, second, out, tmp) \
	VPOR     first, Y0, out \
	VPOR     second, Y2, tmp \
	VPCMPEQB out, Y1, out \
	VPCMPEQB tmp, Y3, tmp \
	VPAND    tmp, out, out

// func kernelPairAVX2(data *byte, n int, want *[2][2][32]byte, at *[3]int) int
TEXT ·kernelPairAVX2(SB), NOSPLIT, $0-40
	MOVQ data+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ want+16(FP), DX
	MOVQ at+24(FP), DI

	VMOVDQU 0(DX), Y0
	VMOVDQU 32(DX), Y1
	VMOVDQU 64(DX), Y2
	VMOVDQU 96(DX), Y3

	MOVQ 0(DI), R8
	MOVQ 8(DI), R9
	ADDQ SI, R8
	ADDQ SI, R9
	XORQ AX, AX

	SUBQ $128, CX
	JLT  few

many:
	PAIR((R8)(AX*1), (R9)(AX*1), Y4, Y5)
	PAIR(32(R8)(AX*1), 32(R9)(AX*1), Y6, Y7)
	PAIR(64(R8)(AX*1), 64(R9)(AX*1), Y8, Y9)
	PAIR(96(R8)(AX*1), 96(R9)(AX*1), Y10, Y11)
	VPOR Y4, Y6, Y12
	VPOR Y8, Y10, Y13
	VPOR Y12, Y13, Y12
	VPTEST Y12, Y12
	JNZ  which
	ADDQ $128, AX
	CMPQ AX, CX
	JLE  many

few:
	ADDQ $128, CX
	CMPQ AX, CX
	JGE  none

one:
	PAIR((R8)(AX*1), (R9)(AX*1), Y4, Y5)
	VPMOVMSKB Y4, BX
	TESTL BX, BX
	JNZ  found
	ADDQ $32, AX
	CMPQ AX, CX
	JLT  one

none:
	VZEROUPPER
	MOVQ $-1, ret+32(FP)
	RET

which:
	VPMOVMSKB Y4, BX
	TESTL BX, BX
	JNZ  found
	ADDQ $32, AX
	VPMOVMSKB Y6, BX
	TESTL BX, BX
	JNZ  found
	ADDQ $32, AX
	VPMOVMSKB Y8, BX
	TESTL BX, BX
	JNZ  found
	ADDQ $32, AX
	VPMOVMSKB Y10, BX

found:
	BSFL BX, BX
	ADDQ BX, AX
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET
