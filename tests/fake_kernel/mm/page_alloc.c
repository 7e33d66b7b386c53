// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages from a row, handed out in order and taken back on a stack. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#ifndef CONFIG_SPARSEMEM_VMEMMAP
struct page mem_map[MAX_PAGES];
#endif

static spinlock_t zone_lock;
static unsigned long next_pfn;
static struct page *free_stack[HPAGE_ORDER + 1];

void mm_init(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < MAX_PAGES; pfn++) {
		struct page *page = pfn_to_page(pfn);

		memset(page, 0, sizeof(*page));
		page->_mapcount = -1;
	}
}

void prep_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	page_set_flag(page, PG_head);
	for (i = 1; i < 1UL << order; i++)
		set_compound_head(page + i, page);
}

void destroy_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	page_clear_flag(page, PG_head);
	for (i = 1; i < 1UL << order; i++)
		clear_compound_head(page + i);
}

struct page *alloc_pages(unsigned int order)
{
	struct page *page = NULL;

	if (order > HPAGE_ORDER)
		return NULL;
	spin_lock(&zone_lock);
	if (free_stack[order]) {
		page = free_stack[order];
		free_stack[order] = (struct page *)page->private;
	} else if (next_pfn + (1UL << order) <= MAX_PAGES) {
		next_pfn = (next_pfn + (1UL << order) - 1) & -(1UL << order);
		page = pfn_to_page(next_pfn);
		next_pfn += 1UL << order;
	}
	spin_unlock(&zone_lock);
	if (!page)
		return NULL;
	page->_refcount = 1;
	page->private = 0;
	if (order)
		prep_compound_page(page, order);
	return page;
}

void free_pages(struct page *page, unsigned int order)
{
	page = compound_head(page);
	if (order)
		destroy_compound_page(page, order);
	spin_lock(&zone_lock);
	page->private = (unsigned long)free_stack[order];
	free_stack[order] = page;
	spin_unlock(&zone_lock);
}

unsigned long nr_free_pages(void)
{
	unsigned long count = MAX_PAGES - next_pfn;
	unsigned int order;

	for (order = 0; order <= HPAGE_ORDER; order++) {
		const struct page *page = free_stack[order];

		for (; page; page = (const struct page *)page->private)
			count += 1UL << order;
	}
	return count;
}
