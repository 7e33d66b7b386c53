// SPDX-License-Identifier: GPL-2.0-or-later
/* Let the struct pages of a huge page share memory: they all say the same. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#define VMEMMAP_BYTES (HPAGE_NR * sizeof(struct page))

#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON
bool hugetlb_vmemmap_optimized = true;
#else
bool hugetlb_vmemmap_optimized;
#endif

static unsigned long saved_bytes;

static bool can_share(const struct page *head)
{
	/* A struct page across a page boundary could not be shared. */
	return (sizeof(struct page) & (sizeof(struct page) - 1)) == 0 &&
	       (unsigned long)head % PAGE_SIZE == 0;
}

int hugetlb_vmemmap_optimize(struct page *head)
{
	if (!hugetlb_vmemmap_optimized || !can_share(head) || page_flag(head, PG_reserved))
		return 0;
	page_set_flag(head, PG_reserved);
	saved_bytes += VMEMMAP_BYTES - PAGE_SIZE;
	return 1;
}

int hugetlb_vmemmap_restore(struct page *head)
{
	unsigned long i;

	if (!page_flag(head, PG_reserved))
		return 0;
	for (i = PAGE_SIZE / sizeof(struct page); i < HPAGE_NR; i++)
		if (compound_head(head + i) != head)
			return -1;
	page_clear_flag(head, PG_reserved);
	saved_bytes -= VMEMMAP_BYTES - PAGE_SIZE;
	return 0;
}

unsigned long hugetlb_vmemmap_saved_bytes(void)
{
	return saved_bytes;
}
