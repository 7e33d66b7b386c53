// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe SIZE COUNT [DAX]: what the struct pages of COUNT HugeTLB pages of SIZE MiB look like, in three views; or those
 * of a device-dax instance, /dev/dax0.0.
 *
 *  - /proc/kpageflags: the kernel's own opinion. One head per HugeTLB page, all others tails. It has none of a device.
 *  - /proc/kcore: the bytes. PG_head in a tail is a fake head. Each tail is decoded to its head, which has to be the
 *    first page: by the mask or by the address in page->compound_info, whichever the kernel's VMCOREINFO note announces.
 *  - the page table of the kernel, read through kcore (x86_64 with four levels, riscv64): frames that hold struct pages, and how
 *    many of them are mapped read-only.
 *
 * Needs root, PROC_KCORE, PROC_PAGE_MONITOR, KALLSYMS_ALL and kptr_restrict=0. Exits with 1 if a page is not as it
 * should be; fake heads are counted, not judged.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define PG_HEAD 6
#define MAX_FRAMES 65536

static int kcore;
static Elf64_Phdr segments[256];
static int segment_count;
static char vmcoreinfo[16384];
static uint64_t frames[MAX_FRAMES];
static int frame_count;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int kernel_read(uint64_t address, void *buffer, size_t size)
{
	for (int i = 0; i < segment_count; i++) {
		Elf64_Phdr *one = &segments[i];

		if (one->p_type == PT_LOAD && address >= one->p_vaddr && address + size <= one->p_vaddr + one->p_memsz)
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
		die("/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %255s", &address, &type, found) == 3 && !strcmp(found, name)) {
			fclose(file);
			return address;
		}
	}
	fclose(file);
	return 0;
}

/* A line NAME=VALUE of the VMCOREINFO note, base 0. */
static int announced(const char *name, uint64_t *value)
{
	char key[128];
	char *found;

	snprintf(key, sizeof(key), "\n%s=", name);
	found = strstr(vmcoreinfo, key);
	if (found)
		*value = strtoull(found + strlen(key), NULL, 0);
	return found != NULL;
}

static void open_kcore(void)
{
	Elf64_Ehdr header;

	kcore = open("/proc/kcore", O_RDONLY);
	if (kcore < 0 || pread(kcore, &header, sizeof(header), 0) != sizeof(header))
		die("/proc/kcore");
	segment_count = header.e_phnum < 256 ? header.e_phnum : 256;
	pread(kcore, segments, segment_count * sizeof(*segments), header.e_phoff);
	for (int i = 0; i < segment_count; i++) {
		char notes[32768], *at = notes;
		ssize_t size;

		if (segments[i].p_type != PT_NOTE)
			continue;
		size = pread(kcore, notes, segments[i].p_filesz < sizeof(notes) ? segments[i].p_filesz : sizeof(notes),
			     segments[i].p_offset);
		while (at + sizeof(Elf64_Nhdr) < notes + size) {
			Elf64_Nhdr *note = (Elf64_Nhdr *)at;
			char *name = at + sizeof(*note);
			char *text = name + ((note->n_namesz + 3) & ~3);

			if (!strcmp(name, "VMCOREINFO") && note->n_descsz < sizeof(vmcoreinfo) - 1) {
				vmcoreinfo[0] = '\n';
				memcpy(vmcoreinfo + 1, text, note->n_descsz);
			}
			at = text + ((note->n_descsz + 3) & ~3);
		}
	}
	if (!vmcoreinfo[0])
		die("no VMCOREINFO in /proc/kcore");
}

/* The address of the struct page of pfn 0. */
static uint64_t memmap_start(uint64_t struct_page)
{
	uint64_t value = 0;

#ifdef __riscv
	uint64_t start;

	if (!announced("NUMBER(VMEMMAP_START)", &start) || !kernel_read(symbol("vmemmap_start_pfn"), &value, 8))
		die("vmemmap of riscv");
	return start - value * struct_page;
#else
	(void)struct_page;
	/* A constant unless the memory layout is dynamic. */
	if (!symbol("vmemmap_base"))
		return 0xffffea0000000000;
	if (!kernel_read(symbol("vmemmap_base"), &value, 8))
		die("vmemmap_base");
	return value;
#endif
}

/* Where the linear map has an address of physical memory. */
static uint64_t linear_map(uint64_t physical)
{
	static uint64_t base;

	if (base)
		return base + physical;
#ifdef __riscv
	uint64_t ram;

	if (!announced("NUMBER(PAGE_OFFSET)", &base) || !announced("NUMBER(phys_ram_base)", &ram))
		die("linear map of riscv");
	base -= ram;
#else
	base = 0xffff888000000000;
	if (symbol("page_offset_base"))
		kernel_read(symbol("page_offset_base"), &base, 8);
#endif
	return base + physical;
}

struct mapping {
	uint64_t physical;
	int writable;
	int shift; /* of the size: 12 for a page of 4 KiB */
};

/* Walks the kernel's page table. Returns 0 if nothing is mapped at the address. */
static int translate(uint64_t address, struct mapping *found)
{
	static uint64_t root;
	static int top = 39;
	uint64_t table, entry, frame;
	int leaf;

	if (!root) {
#ifdef __riscv
		uint64_t bits = 48;

		root = symbol("swapper_pg_dir");
		announced("NUMBER(VA_BITS)", &bits);
		top = (bits - 12) / 9 * 9 + 3;
#else
		root = symbol("init_top_pgt");
#endif
	}
	table = root;
	for (int shift = top; shift >= 12; shift -= 9) {
		if (!kernel_read(table + (address >> shift & 511) * 8, &entry, 8) || !(entry & 1))
			return 0;
#ifdef __riscv
		/* The RISC-V Instruction Set Manual, volume II: bits 1 to 3 are R, W and X, and all 0 in a pointer. */
		leaf = !!(entry & 0xe);
		frame = (entry >> 10 & 0xfffffffffff) << 12;
		found->writable = !!(entry & 4);
#else
		leaf = shift == 12 || entry & 0x80;
		frame = entry & 0x000ffffffffff000 & ~(shift > 12 && leaf ? 0x1000ull : 0);
		found->writable = !!(entry & 2);
#endif
		if (leaf) {
			found->physical = frame + (address & ((1ull << shift) - 1));
			found->shift = shift;
			return 1;
		}
		table = linear_map(frame);
	}
	return 0;
}

/*
 * The bytes of a struct page. kcore has no segment for the memmap of a device, and on riscv64 one that lies below the
 * first segment, at an offset that is negative: no read gets there. The frames are ordinary memory.
 */
static int memmap_read(uint64_t address, void *buffer, size_t size)
{
	struct mapping mapping;

	return kernel_read(address, buffer, size) ||
	       (translate(address, &mapping) && kernel_read(linear_map(mapping.physical), buffer, size));
}

static void note_frame(uint64_t frame)
{
	for (int i = 0; i < frame_count; i++) {
		if (frames[i] == frame)
			return;
	}
	if (frame_count < MAX_FRAMES)
		frames[frame_count++] = frame;
}

int main(int count, char **words)
{
	uint64_t size, number, struct_page, offset, mask = 0, start;
	uint64_t heads = 0, tails = 0, raw_heads = 0, wrong = 0, pages, read_only = 0, writable = 0;
	int pagemap, kpageflags, shift, dax = -1;
	struct mapping mapping;
	char *memory;

	if (count != 3 && count != 4)
		die("usage: probe SIZE-IN-MIB COUNT [DAX]");
	if (count == 4) {
		dax = open(words[3], O_RDWR);
		if (dax < 0)
			die(words[3]);
	}
	size = strtoull(words[1], NULL, 0) << 20;
	number = strtoull(words[2], NULL, 0);
	shift = __builtin_ctzll(size);
	pages = size / 4096;
	memory = mmap(NULL, size * number, PROT_READ | PROT_WRITE,
		      dax < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | shift << 26 : MAP_SHARED, dax, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	open_kcore();
	if (!announced("SIZE(page)", &struct_page))
		die("SIZE(page)");
	if (!announced("OFFSET(page.compound_info)", &offset) && !announced("OFFSET(page.compound_head)", &offset))
		die("OFFSET(page.compound_head)");
	announced("NUMBER(COMPOUND_INFO_IS_MASK)", &mask);
	start = memmap_start(struct_page);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	kpageflags = open("/proc/kpageflags", O_RDONLY);

	for (uint64_t one = 0; one < number; one++) {
		char *mapped = memory + one * size;
		uint64_t entry, pfn, head, previous = -1;

		*mapped = 1;
		pread(pagemap, &entry, 8, (uintptr_t)mapped / 4096 * 8);
		pfn = entry & ((1ull << 55) - 1);
		head = start + pfn * struct_page;
		for (uint64_t i = 0; i < pages; i++) {
			uint64_t flags = 0, address = head + i * struct_page, info, first;
			unsigned char bytes[128];

			if (dax < 0)
				pread(kpageflags, &flags, 8, (pfn + i) * 8);
			heads += flags >> KPF_COMPOUND_HEAD & 1;
			tails += flags >> KPF_COMPOUND_TAIL & 1;
			if (!memmap_read(address, bytes, struct_page))
				die("kcore");
			memcpy(&first, bytes, 8);
			memcpy(&info, bytes + offset, 8);
			raw_heads += first >> PG_HEAD & 1;
			/* A fake head is not decoded here: the kernel has a rule of its own for it. */
			if (i && !(first >> PG_HEAD & 1) &&
			    (!(info & 1) || (mask ? address & info : info - 1) != head))
				wrong++;
			if (address >> 12 != previous) {
				previous = address >> 12;
				if (!translate(address, &mapping) || mapping.shift > 12)
					continue;
				note_frame(mapping.physical >> 12);
				if (mapping.writable)
					writable++;
				else
					read_only++;
			}
		}
	}
	printf("PROBE %llu x %llu MiB: kpageflags heads %llu tails %llu; raw heads %llu; tails that lead elsewhere %llu; "
	       "%s; struct page %llu bytes", (unsigned long long)number, (unsigned long long)(size >> 20),
	       (unsigned long long)heads, (unsigned long long)tails, (unsigned long long)raw_heads,
	       (unsigned long long)wrong, mask ? "mask" : "pointer", (unsigned long long)struct_page);
	if (read_only + writable)
		printf("; memmap pages %llu writable %llu read-only, %d frames", (unsigned long long)writable,
		       (unsigned long long)read_only, frame_count);
	printf("\n");
	return wrong || (dax < 0 && (heads != number || tails != number * (pages - 1)));
}
