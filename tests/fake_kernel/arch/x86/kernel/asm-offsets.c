// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers that only the compiler knows, for assembly and for whoever asks. */
#include <linux/kbuild.h>
#include <linux/mm_types.h>

void asm_offsets(void);

void asm_offsets(void)
{
	COMMENT(struct page);
	DEFINE(SIZEOF_page, sizeof(struct page));
	OFFSET(PAGE_flags, page, flags);
	OFFSET(PAGE_compound_head, page, compound_head);
	BLANK();
	DEFINE(BOOT_STACK_BYTES, PAGE_SIZE);
}
