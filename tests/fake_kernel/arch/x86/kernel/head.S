/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a loader would jump to, if one ever did. */
#include <generated/asm-offsets.h>

	.section .head.text, "ax"
	.globl _start
	.type _start, @function
_start:
#ifdef CONFIG_X86_64
	leaq	boot_stack + BOOT_STACK_BYTES(%rip), %rsp
#else
	movl	$boot_stack + BOOT_STACK_BYTES, %esp
#endif
	call	start_kernel
1:	hlt
	jmp	1b
	.size _start, . - _start

	.bss
	.balign	16
	.type boot_stack, @object
boot_stack:
	.skip	BOOT_STACK_BYTES
	.size boot_stack, . - boot_stack

	.section .note.GNU-stack, "", @progbits
