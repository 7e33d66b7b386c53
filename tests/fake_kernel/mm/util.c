// SPDX-License-Identifier: GPL-2.0-or-later
/* Small questions about a page, most of which its head must answer. */
#include <linux/mm.h>
#include <linux/page-flags.h>

void get_page(struct page *page)
{
	__atomic_add_fetch(&compound_head(page)->_refcount, 1, __ATOMIC_RELAXED);
}

bool put_page(struct page *page)
{
	page = compound_head(page);
	if (__atomic_sub_fetch(&page->_refcount, 1, __ATOMIC_ACQ_REL))
		return false;
	free_pages(page, page_flag(page, PG_head) ? HPAGE_ORDER : 0);
	return true;
}

bool trylock_page(struct page *page)
{
	unsigned long bit = 1UL << PG_locked;

	return !(__atomic_fetch_or(&compound_head(page)->flags, bit, __ATOMIC_ACQUIRE) & bit);
}

void unlock_page(struct page *page)
{
	__atomic_fetch_and(&compound_head(page)->flags, ~(1UL << PG_locked), __ATOMIC_RELEASE);
}

void set_page_dirty(struct page *page)
{
	if (!page_flag(page, PG_dirty)) {
		page_set_flag(page, PG_dirty);
		page_set_flag(page, PG_referenced);
	}
}

bool page_mapped(const struct page *page)
{
	return READ_ONCE(page->_mapcount) >= 0 || READ_ONCE(compound_head(page)->_mapcount) >= 0;
}

int page_mapcount(const struct page *page)
{
	int count = READ_ONCE(page->_mapcount) + 1;

	if (PageTail(page))
		count += READ_ONCE(compound_head(page)->_mapcount) + 1;
	return count;
}

void *page_mapping(const struct page *page)
{
	return compound_head(page)->mapping;
}

unsigned long page_index(const struct page *page)
{
	const struct page *head = compound_head(page);

	return head->index + (page - head);
}

#ifdef CONFIG_MEMCG
unsigned long page_memcg(const struct page *page)
{
	return READ_ONCE(compound_head(page)->memcg_data);
}

void page_charge(struct page *page, unsigned long memcg)
{
	compound_head(page)->memcg_data = memcg;
}

void page_uncharge(struct page *page)
{
	if (page_memcg(page))
		page_charge(page, 0);
}
#endif
