/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Multiboot Specification 0.6.96, 3.1.1: QEMU loads what begins with this in 32-bit mode. */
	.section .text.header, "ax"
	.balign 4
	.long 0x1badb002, 0, -0x1badb002
	.globl _start
_start:
	movl $stack_end, %esp
	call boot_main
1:	hlt
	jmp 1b

	.bss
	.balign 16
	.skip 4096
stack_end:
	.section .note.GNU-stack, "", @progbits
