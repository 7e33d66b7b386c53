/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef CONFIG_X86_64
#define START 0xffffffff81000000
OUTPUT_FORMAT("elf64-x86-64")
#else
#define START 0xc1000000
OUTPUT_FORMAT("elf32-i386")
#endif

ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = START;
	.text : {
		_text = .;
		*(.head.text)
		*(.text .text.*)
		_etext = .;
	} :text
	.rodata : { *(.rodata .rodata.*) } :text
	. = ALIGN(4096);
	.data : { *(.data .data.*) } :data
	.bss : {
		*(.bss .bss.* COMMON)
		_end = .;
	} :data
	/DISCARD/ : { *(.note.* .eh_frame) }
}
