// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's memory through /proc/kcore (needs PROC_KCORE, KALLSYMS_ALL and kptr_restrict=0), and its page table:
 * kcore has no segment for the memmap of device memory, and on riscv64 cannot read the one that it has for the memmap,
 * which lies below its first segment, at a negative offset. The frames are ordinary memory.
 */
#include "guest.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD sizeof(unsigned long)

static int kcore = -1;
static ElfW(Phdr) segments[256];
static int segment_count;
static char vmcoreinfo[16384];

static int read_segments(uint64_t address, void *buffer, size_t size)
{
	for (int i = 0; i < segment_count; i++) {
		ElfW(Phdr) *one = &segments[i];

		if (one->p_type == PT_LOAD && address >= one->p_vaddr && address - one->p_vaddr + size <= one->p_memsz)
			return pread(kcore, buffer, size, one->p_offset + (address - one->p_vaddr)) == (ssize_t)size;
	}
	return 0;
}

static uint64_t symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], found[256], type;

	if (!file)
		skip("there is no /proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %255s", &address, &type, found) == 3 && !strcmp(found, name)) {
			fclose(file);
			return address;
		}
	}
	fclose(file);
	return 0;
}

static uint64_t word_at(uint64_t address)
{
	unsigned long value;

	if (!address || !read_segments(address, &value, WORD))
		skip("/proc/kcore cannot read %llx", (unsigned long long)address);
	return value;
}

int announced(const char *name, uint64_t *value)
{
	char key[128];
	char *found;

	snprintf(key, sizeof(key), "\n%s=", name);
	found = strstr(vmcoreinfo, key);
	if (found)
		*value = strtoull(found + strlen(key), NULL, 0);
	return found != NULL;
}

static void read_note(ElfW(Phdr) *segment)
{
	char notes[32768], *at = notes;
	size_t wanted = segment->p_filesz < sizeof(notes) ? segment->p_filesz : sizeof(notes);
	ssize_t size = pread(kcore, notes, wanted, segment->p_offset);

	while (at + sizeof(ElfW(Nhdr)) < notes + size) {
		ElfW(Nhdr) *note = (ElfW(Nhdr) *)at;
		char *name = at + sizeof(*note);
		char *text = name + ((note->n_namesz + 3) & ~3u);

		if (!strcmp(name, "VMCOREINFO") && note->n_descsz < sizeof(vmcoreinfo) - 1) {
			vmcoreinfo[0] = '\n';
			memcpy(vmcoreinfo + 1, text, note->n_descsz);
		}
		at = text + ((note->n_descsz + 3) & ~3u);
	}
}

void open_kernel(void)
{
	ElfW(Ehdr) header;

	kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (kcore < 0 || pread(kcore, &header, sizeof(header), 0) != sizeof(header))
		skip("/proc/kcore cannot be read");
	segment_count = header.e_phnum < 256 ? header.e_phnum : 256;
	pread(kcore, segments, segment_count * sizeof(*segments), header.e_phoff);
	for (int i = 0; i < segment_count; i++) {
		if (segments[i].p_type == PT_NOTE)
			read_note(&segments[i]);
	}
	if (!vmcoreinfo[0])
		skip("/proc/kcore has no VMCOREINFO");
}

/* The memmap of a section (mm/sparse.c with SPARSEMEM_EXTREME): its address less that of the section's first pfn. */
static uint64_t section_memmap(uint64_t pfn, uint64_t section_bits)
{
	static uint64_t size, offset, roots, last = -1, memmap;
	uint64_t section = pfn >> (section_bits - 12), table;

	if (section == last)
		return memmap;
	if (!roots) {
		if (!announced("SIZE(mem_section)", &size) || !announced("OFFSET(mem_section.section_mem_map)", &offset))
			skip("VMCOREINFO does not describe mem_section");
		roots = word_at(symbol("mem_section"));
	}
	table = word_at(roots + section / (BASE_PAGE / size) * WORD);
	/* The low bits are flags: SECTION_MAP_MASK in include/linux/mmzone.h. */
	memmap = word_at(table + section % (BASE_PAGE / size) * size + offset) & ~(uint64_t)0x1f;
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
	if (announced("NUMBER(VMEMMAP_START)", &start)) {
#ifdef __riscv
		return start - word_at(symbol("vmemmap_start_pfn")) * struct_page;
#else
		/* Negative where a kernel for 52 bits of address has to do with 48: an arithmetic shift. */
		return start - ((int64_t)word_at(symbol("memstart_addr")) >> 12) * struct_page;
#endif
	}
	/* A constant unless the memory layout is dynamic: Documentation/arch/x86/x86_64/mm.rst. */
	return symbol("vmemmap_base") ? word_at(symbol("vmemmap_base")) : 0xffffea0000000000;
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
/* Where the linear map has an address of physical memory. */
static uint64_t linear_map(uint64_t physical)
{
	static uint64_t base;

	if (base)
		return base + physical;
#ifdef __riscv
	uint64_t ram;

	if (!announced("NUMBER(PAGE_OFFSET)", &base) || !announced("NUMBER(phys_ram_base)", &ram))
		skip("VMCOREINFO does not say where the linear map is");
	base -= ram;
#elif defined(__aarch64__)
	uint64_t bits = 48;

	announced("NUMBER(VA_BITS)", &bits);
	base = -(1ull << bits) - word_at(symbol("memstart_addr"));
#else
	base = symbol("page_offset_base") ? word_at(symbol("page_offset_base")) : 0xffff888000000000;
#endif
	return base + physical;
}

static uint64_t page_table_root(int *top)
{
	uint64_t bits = 48, t1sz;

	/* What the processor uses, where the kernel was built for more. */
	if (announced("NUMBER(TCR_EL1_T1SZ)", &t1sz))
		bits = 64 - t1sz;
	else
		announced("NUMBER(VA_BITS)", &bits);
	*top = (bits - 12 - 1) / 9 * 9 + 12;
#ifdef __x86_64__
	return symbol("init_top_pgt");
#else
	return symbol("swapper_pg_dir");
#endif
}

/* What an entry of a page table at a level of that shift says; 0 where it is empty. */
static int decode(uint64_t entry, int shift, int *leaf, struct mapping *found)
{
#ifdef __riscv
	(void)shift;
	/* The RISC-V Instruction Set Manual, volume II: bits 1 to 3 are R, W and X, and all 0 in a pointer. */
	*leaf = !!(entry & 0xe);
	found->physical = (entry >> 10 & 0xfffffffffff) << 12;
	found->writable = !!(entry & 4);
#elif defined(__aarch64__)
	/* The Arm Architecture Reference Manual: bit 1 is set in tables and pages, bit 7 (AP[2]) forbids writing. */
	*leaf = shift == 12 || !(entry & 2);
	found->physical = entry & 0x0000fffffffff000;
	found->writable = !(entry & 0x80);
#else
	/* Intel's Software Developer's Manual, volume 3: bit 7 is PS, and PAT in the lowest level. */
	*leaf = shift == 12 || entry & 0x80;
	found->physical = entry & 0x000ffffffffff000 & ~(shift > 12 && *leaf ? 0x1000ull : 0);
	found->writable = !!(entry & 2);
#endif
	return entry & 1;
}

int translate(uint64_t address, struct mapping *found)
{
	static uint64_t root;
	static int top;
	uint64_t table, entry;
	int leaf;

	if (!root)
		root = page_table_root(&top);
	table = root;
	for (int shift = top; shift >= 12; shift -= 9) {
		if (!read_segments(table + (address >> shift & 511) * 8, &entry, 8) ||
		    !decode(entry, shift, &leaf, found))
			return 0;
		if (leaf) {
			found->physical += address & ((1ull << shift) - 1);
			found->shift = shift;
			return 1;
		}
		table = linear_map(found->physical);
	}
	return 0;
}

int kernel_read(uint64_t address, void *buffer, size_t size)
{
	struct mapping mapping;

	return read_segments(address, buffer, size) ||
	       (translate(address, &mapping) && read_segments(linear_map(mapping.physical), buffer, size));
}
#else
int translate(uint64_t address, struct mapping *found)
{
	(void)address;
	(void)found;
	return 0;
}

int kernel_read(uint64_t address, void *buffer, size_t size)
{
	return read_segments(address, buffer, size);
}
#endif
