// SPDX-License-Identifier: GPL-2.0-or-later
/* What a debugger must know about a kernel that can no longer be asked. */
#include <generated/utsrelease.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

static char note[512];
static size_t note_end;

void vmcore_append(const char *text);
void vmcore_append_number(const char *name, unsigned long value);
unsigned long vmcore_flags_of(const struct page *page);

void vmcore_append(const char *text)
{
	size_t length = strlen(text);

	if (note_end + length > sizeof(note))
		return;
	memcpy(note + note_end, text, length);
	note_end += length;
}

void vmcore_append_number(const char *name, unsigned long value)
{
	char digits[24];

	vmcore_append(name);
	vmcore_append("=");
	number(digits, value, 10);
	vmcore_append(digits);
	vmcore_append("\n");
}

unsigned long vmcore_flags_of(const struct page *page)
{
	return compound_head(page)->flags & ((1UL << NR_PAGEFLAGS) - 1);
}

void vmcore_info_init(void)
{
	vmcore_append("OSRELEASE=" UTS_RELEASE "\n");
	vmcore_append_number("SIZE(page)", sizeof(struct page));
	vmcore_append_number("OFFSET(page.flags)", offsetof(struct page, flags));
	vmcore_append_number("OFFSET(page.compound_head)", offsetof(struct page, compound_head));
	vmcore_append_number("NUMBER(PG_head)", PG_head);
	vmcore_append_number("FLAGS(0)", vmcore_flags_of(pfn_to_page(0)));
}
