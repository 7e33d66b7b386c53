/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _LINUX_PAGE_FLAGS_H
#define _LINUX_PAGE_FLAGS_H

#include <linux/mm_types.h>

enum pageflags {
	PG_locked,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_reserved,
	PG_private,
	PG_head,
	PG_hugetlb,
	NR_PAGEFLAGS,
};

#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
extern bool hugetlb_vmemmap_optimized;

/*
 * When the struct pages of a huge page share memory, the head shows through
 * in places where a tail should be. Such an impostor starts a page of struct
 * pages, and the tail that follows it knows the truth.
 */
static __always_inline const struct page *page_behind_fake_head(const struct page *page)
{
	if (!READ_ONCE(hugetlb_vmemmap_optimized))
		return page;
	if ((unsigned long)page % PAGE_SIZE == 0 && READ_ONCE(page->flags) >> PG_head & 1) {
		unsigned long head = READ_ONCE(page[1].compound_head);

		if (head & 1)
			return (const struct page *)(head - 1);
	}
	return page;
}
#else
static __always_inline const struct page *page_behind_fake_head(const struct page *page)
{
	return page;
}
#endif

static __always_inline struct page *compound_head(const struct page *page)
{
	unsigned long head = READ_ONCE(page->compound_head);

	if (head & 1)
		return (struct page *)(head - 1);
	return (struct page *)page_behind_fake_head(page);
}

static __always_inline void set_compound_head(struct page *page, struct page *head)
{
	WRITE_ONCE(page->compound_head, (unsigned long)head + 1);
}

static __always_inline void clear_compound_head(struct page *page)
{
	WRITE_ONCE(page->compound_head, 0);
}

static __always_inline bool PageTail(const struct page *page)
{
	return READ_ONCE(page->compound_head) & 1 || page_behind_fake_head(page) != page;
}

/* Flags belong to the whole compound page, and live in its head. */
static __always_inline bool page_flag(const struct page *page, enum pageflags flag)
{
	return READ_ONCE(compound_head(page)->flags) >> flag & 1;
}

static __always_inline void page_set_flag(struct page *page, enum pageflags flag)
{
	compound_head(page)->flags |= 1UL << flag;
}

static __always_inline void page_clear_flag(struct page *page, enum pageflags flag)
{
	compound_head(page)->flags &= ~(1UL << flag);
}

#endif
