/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/mm_types.h>

#define MAX_PAGES 8192UL
#define HPAGE_ORDER 9
#define HPAGE_NR (1UL << HPAGE_ORDER)

#ifdef CONFIG_SPARSEMEM_VMEMMAP
#define vmemmap ((struct page *)0xffffea0000000000UL)
#else
extern struct page mem_map[MAX_PAGES];
#define vmemmap mem_map
#endif

static inline unsigned long page_to_pfn(const struct page *page)
{
	return page - vmemmap;
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return vmemmap + pfn;
}

/* mm/page_alloc.c */
void mm_init(void);
struct page *alloc_pages(unsigned int order);
void free_pages(struct page *page, unsigned int order);
void prep_compound_page(struct page *page, unsigned int order);
void destroy_compound_page(struct page *page, unsigned int order);
unsigned long nr_free_pages(void);

/* mm/util.c */
void get_page(struct page *page);
bool put_page(struct page *page);
bool trylock_page(struct page *page);
void unlock_page(struct page *page);
void set_page_dirty(struct page *page);
bool page_mapped(const struct page *page);
int page_mapcount(const struct page *page);
void *page_mapping(const struct page *page);
unsigned long page_index(const struct page *page);
#ifdef CONFIG_MEMCG
unsigned long page_memcg(const struct page *page);
void page_charge(struct page *page, unsigned long memcg);
void page_uncharge(struct page *page);
#endif

/* mm/hugetlb.c */
#ifdef CONFIG_HUGETLB_PAGE
void hugetlb_init(void);
struct page *alloc_huge_page(void);
void free_huge_page(struct page *page);
bool PageHuge(const struct page *page);
unsigned long hugetlb_basepage_index(const struct page *page);
unsigned int set_max_huge_pages(unsigned int count);
#endif

/* mm/hugetlb_vmemmap.c */
#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
int hugetlb_vmemmap_optimize(struct page *head);
int hugetlb_vmemmap_restore(struct page *head);
unsigned long hugetlb_vmemmap_saved_bytes(void);
#endif

#endif
