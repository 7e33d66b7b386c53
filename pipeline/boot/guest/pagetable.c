// SPDX-License-Identifier: GPL-2.0-or-later
/* A page table of 4 KiB pages and nine bits a level, walked; what reads it is the caller's. */
#include "guest.h"

#if defined(__x86_64__) || defined(__riscv) || defined(__aarch64__)
/* What an entry of a page table at a level of that shift says; 0 where it is empty. */
static int decode(uint64_t entry, int shift, int *leaf, struct mapping *mapping)
{
#ifdef __riscv
	(void)shift;
	/* The RISC-V Instruction Set Manual, volume II: bits 1 to 3 are R, W and X, and all 0 in a pointer. */
	*leaf = !!(entry & 0xe);
	mapping->physical = (entry >> 10 & 0xfffffffffff) << 12;
	mapping->writable = !!(entry & 4);
#elif defined(__aarch64__)
	/* The Arm Architecture Reference Manual: bit 1 is set in tables and pages, bit 7 (AP[2]) forbids writing. */
	*leaf = shift == 12 || !(entry & 2);
	mapping->physical = entry & 0x0000fffffffff000;
	mapping->writable = !(entry & 0x80);
#else
	/* Intel's Software Developer's Manual, volume 3: bit 7 is PS, and PAT in the lowest level. */
	*leaf = shift == 12 || entry & 0x80;
	mapping->physical = entry & 0x000ffffffffff000 & ~(shift > 12 && *leaf ? 0x1000ull : 0);
	mapping->writable = !!(entry & 2);
#endif
	return entry & 1;
}

int walk_table(const struct page_table *table, uint64_t address, struct mapping *mapping)
{
	uint64_t at = table->root, entry;
	int leaf;

	for (int shift = table->top; shift >= 12; shift -= 9) {
		if (!table->read(at + (address >> shift & 511) * 8, &entry, 8) || !decode(entry, shift, &leaf, mapping))
			return 0;
		if (leaf) {
			mapping->physical += address & ((1ull << shift) - 1);
			mapping->shift = shift;
			return 1;
		}
		at = table->linear(mapping->physical);
	}
	return 0;
}

/* A kernel for five levels runs with four where the processor has no more, and some announce neither. */
int find_levels(struct page_table *table, uint64_t physical)
{
	struct mapping mapping;

	for (table->top = 48; table->top >= 30; table->top -= 9) {
		if (walk_table(table, table->linear(physical), &mapping) && mapping.physical == physical)
			return (table->top - 12) / 9 + 1;
	}
	return 0;
}
#else
int walk_table(const struct page_table *table, uint64_t address, struct mapping *mapping)
{
	(void)table;
	(void)address;
	(void)mapping;
	return 0;
}

int find_levels(struct page_table *table, uint64_t physical)
{
	(void)table;
	(void)physical;
	return 0;
}
#endif
