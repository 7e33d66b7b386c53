/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)

struct list_head {
	struct list_head *next, *prev;
};

/*
 * One for each page of memory. Two words of alignment: without MEMCG the last
 * word of the x86_64 structure is padding; with it, that of the i386 one is.
 */
struct page {
	unsigned long flags;
	union {
		struct {	/* a page on a list, or in a file */
			struct list_head lru;
			void *mapping;
			unsigned long index;
			unsigned long private;
		};
		struct {	/* a tail of a compound page */
			unsigned long compound_head;	/* bit 0 is set */
		};
	};
	int _mapcount;
	int _refcount;
#ifdef CONFIG_MEMCG
	unsigned long memcg_data;
#endif
} __aligned(2 * sizeof(unsigned long));

#endif
