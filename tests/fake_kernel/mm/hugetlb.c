// SPDX-License-Identifier: GPL-2.0-or-later
/* A pool of huge pages. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

static spinlock_t hugetlb_lock;
static struct page *pool[4];
static unsigned int pooled;

bool PageHuge(const struct page *page)
{
	return page_flag(page, PG_head) && page_flag(page, PG_hugetlb);
}

unsigned long hugetlb_basepage_index(const struct page *page)
{
	const struct page *head = compound_head(page);

	return (head->index << HPAGE_ORDER) + (page_to_pfn(page) - page_to_pfn(head));
}

struct page *alloc_huge_page(void)
{
	struct page *page = NULL;

	spin_lock(&hugetlb_lock);
	if (pooled)
		page = pool[--pooled];
	spin_unlock(&hugetlb_lock);
	if (!page)
		page = alloc_pages(HPAGE_ORDER);
	if (!page)
		return NULL;
	page_set_flag(page, PG_hugetlb);
#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
	hugetlb_vmemmap_optimize(page);
#endif
	return page;
}

void free_huge_page(struct page *page)
{
	page = compound_head(page);
#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
	if (hugetlb_vmemmap_restore(page))
		return;
#endif
	page_clear_flag(page, PG_hugetlb);
	spin_lock(&hugetlb_lock);
	if (pooled < ARRAY_SIZE(pool)) {
		pool[pooled++] = page;
		page = NULL;
	}
	spin_unlock(&hugetlb_lock);
	if (page)
		free_pages(page, HPAGE_ORDER);
}

unsigned int set_max_huge_pages(unsigned int count)
{
	struct page *page;

	while (pooled < count && pooled < ARRAY_SIZE(pool)) {
		page = alloc_pages(HPAGE_ORDER);
		if (!page)
			break;
		pool[pooled++] = page;
	}
	while (pooled > count)
		free_pages(pool[--pooled], HPAGE_ORDER);
	return pooled;
}

void hugetlb_init(void)
{
	printk_number("hugetlb: pages in the pool: ", set_max_huge_pages(1));
}
