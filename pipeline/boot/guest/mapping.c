// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the kernel has its struct pages, and which frames are behind them: kcore has no segment for the memmap of device
 * memory, and on riscv64 cannot read the one that it has for the memmap, which lies below its first segment, at a
 * negative offset. The frames are ordinary memory.
 */
#include "guest.h"

#define WORD sizeof(unsigned long)

/* The memmap of a section (mm/sparse.c with SPARSEMEM_EXTREME): its address less that of the section's first pfn. */
static uint64_t section_memmap(uint64_t pfn, uint64_t section_bits)
{
	static uint64_t size, offset, roots, last = -1, memmap;
	uint64_t section = pfn >> (section_bits - 12), table;

	if (section == last)
		return memmap;
	if (!roots) {
		if (!announced("SIZE(mem_section)", &size) || !announced("OFFSET(mem_section.section_mem_map)", &offset))
			give_up_as_unclear("VMCOREINFO does not describe mem_section");
		roots = word_of("mem_section");
	}
	table = word_at(roots + section / (BASE_PAGE / size) * WORD);
	/* The low bits are flags, more of them in newer kernels (include/linux/mmzone.h); the memmap is of whole pages. */
	memmap = word_at(table + section % (BASE_PAGE / size) * size + offset) & ~(uint64_t)(BASE_PAGE - 1);
	last = section;
	return memmap;
}

/* Where the memmap is virtually contiguous, or one array: the address that the struct page of pfn 0 would have. */
static uint64_t memmap_start(uint64_t struct_page)
{
	uint64_t start = symbol("mem_map");

	/* With SPARSEMEM it is there on one node, and empty. */
	if (start && word_at(start))
		return word_at(start);
	/* Here it is less what memory begins with; not all kernels tell it. */
	if (announced("SYMBOL(vmemmap)", &start) && start)
		return start;
	if (announced("NUMBER(VMEMMAP_START)", &start)) {
#ifdef __riscv
		return start - word_of("vmemmap_start_pfn") * struct_page;
#else
		/* Negative where a kernel for 52 bits of address has to do with 48: an arithmetic shift. */
		return start - ((int64_t)word_of("memstart_addr") >> 12) * struct_page;
#endif
	}
	/* A constant unless the memory layout is dynamic: Documentation/arch/x86/x86_64/mm.rst. */
	return symbol("vmemmap_base") ? word_of("vmemmap_base") : 0xffffea0000000000;
}

uint64_t struct_page_address(uint64_t pfn, uint64_t struct_page)
{
	static uint64_t start, section_bits;
	static int known;

	if (!known) {
		/* Sections have a memmap each unless it is mapped virtually. */
		if (symbol("vmemmap_populate") || !announced("NUMBER(SECTION_SIZE_BITS)", &section_bits))
			start = memmap_start(struct_page);
		known = 1;
	}
	return (section_bits ? section_memmap(pfn, section_bits) : start) + pfn * struct_page;
}

#if defined(__x86_64__) || defined(__riscv) || defined(__aarch64__)
static uint64_t linear_map(uint64_t physical)
{
	static uint64_t base;

	if (base)
		return base + physical;
#ifdef __riscv
	uint64_t ram;

	/* VMCOREINFO of 6.1 says nothing of it; the segments of memory do. */
	if (announced("NUMBER(PAGE_OFFSET)", &base) && announced("NUMBER(phys_ram_base)", &ram))
		base -= ram;
	else if (!linear_by_segments(&base))
		give_up_as_unclear("neither VMCOREINFO nor a segment of /proc/kcore says where the linear map is");
#elif defined(__aarch64__)
	uint64_t bits = 48;

	announced("NUMBER(VA_BITS)", &bits);
	base = -(1ull << bits) - word_of("memstart_addr");
#else
	base = symbol("page_offset_base") ? word_of("page_offset_base") : 0xffff888000000000;
#endif
	return base + physical;
}

static int levels;

/* The kernel's page table; its number of levels is found by what it maps. */
static const struct page_table *kernel_table(void)
{
	static char page[BASE_PAGE] __attribute__((aligned(BASE_PAGE)));
	static struct page_table table = { .read = read_segments, .linear = linear_map };

	if (table.root)
		return &table;
#ifdef __x86_64__
	table.root = symbol("init_top_pgt");
#else
	table.root = symbol("swapper_pg_dir");
#endif
	if (!table.root)
		skip("/proc/kallsyms does not have the page table (KALLSYMS_ALL)");
	page[0] = 1;
	levels = find_levels(&table, frame_of(page) * BASE_PAGE);
	return &table;
}

int page_table_levels(void)
{
	kernel_table();
	return levels;
}

int translate(uint64_t address, struct mapping *mapping)
{
	const struct page_table *table = kernel_table();

	return levels && walk_table(table, address, mapping);
}

int kernel_read(uint64_t address, void *buffer, size_t size)
{
	struct mapping mapping;

	return read_segments(address, buffer, size) ||
	       (translate(address, &mapping) && read_segments(linear_map(mapping.physical), buffer, size));
}
#else
int page_table_levels(void)
{
	return 0;
}

int translate(uint64_t address, struct mapping *mapping)
{
	(void)address;
	(void)mapping;
	return 0;
}

int kernel_read(uint64_t address, void *buffer, size_t size)
{
	return read_segments(address, buffer, size);
}
#endif
