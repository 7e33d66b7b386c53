// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The struct pages of huge pages in three views:
 *
 *  - /proc/kpageflags, the kernel's own opinion: one head per huge page, all others tails;
 *  - the raw bytes: PG_head in a tail is a fake head. Every other tail is decoded to its head, which has to be the first
 *    page: by the mask or the address in page->compound_info, whichever VMCOREINFO announces;
 *  - the page table: the frames that hold the struct pages, and how they are mapped.
 */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/kernel-page-flags.h */
#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define KPF_HUGE 17
#define LARGEST_STRUCT_PAGE 256
#define MOST_NODES 64

/* The page frames that hold the struct pages, each with the huge page and the NUMA node that it was first seen for. */
static struct {
	uint64_t number;
	long long owner;
	int node, shared;
} frames[65536];
static size_t frame_count;

static uint64_t frame_of(int pagemap, const char *address)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, 8, (off_t)((uintptr_t)address / BASE_PAGE * 8)) != 8 || !(entry >> 63))
		skip("/proc/self/pagemap does not tell page frames");
	return entry & ((1ull << 55) - 1);
}

void walk_kpageflags(char *memory, uint64_t size, long long pages)
{
	long long heads = 0, tails = 0, misplaced = 0, astray = 0, small = size / BASE_PAGE;
	int pagemap = open("/proc/self/pagemap", O_RDONLY), kpageflags = open("/proc/kpageflags", O_RDONLY);
	uint64_t flags[512];

	if (pagemap < 0 || kpageflags < 0)
		skip("this kernel has no /proc/kpageflags (PROC_PAGE_MONITOR)");
	for (long long one = 0; one < pages; one++) {
		uint64_t pfn = frame_of(pagemap, memory + one * size);

		for (long long i = 0; i < small; i++) {
			int head, tail;

			if (i % 512 == 0 && pread(kpageflags, flags, sizeof(flags), (off_t)(pfn + i) * 8) <= 0)
				skip("/proc/kpageflags cannot be read");
			head = flags[i % 512] >> KPF_COMPOUND_HEAD & 1;
			tail = flags[i % 512] >> KPF_COMPOUND_TAIL & 1;
			heads += head;
			tails += tail;
			/* The kernel says so of the head that it finds for the page. */
			astray += !(flags[i % 512] >> KPF_HUGE & 1);
			misplaced += i ? head || !tail : !head || tail;
		}
	}
	report_value("heads", heads);
	report_value("tails", tails);
	if (misplaced)
		report_fail("%lld of %lld pages are not what they should be: a head, then tails", misplaced, pages * small);
	if (astray)
		report_fail("%lld of %lld pages are no huge page for the kernel", astray, pages * small);
}

static void note_frame(uint64_t number, long long owner, int node)
{
	for (size_t i = frame_count; i-- > 0;) {
		if (frames[i].number == number) {
			frames[i].shared |= frames[i].owner != owner;
			return;
		}
	}
	if (frame_count < sizeof(frames) / sizeof(*frames)) {
		frames[frame_count].number = number;
		frames[frame_count].owner = owner;
		frames[frame_count++].node = node;
	}
}

/* The NUMA node of mapped memory: move_pages(2) with no node to move to; 0 where the kernel has one node only. */
static int node_of(char *memory)
{
	void *page = memory;
	int node = 0;

	if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0) || node < 0 || node >= MOST_NODES)
		return 0;
	return node;
}

/* Frames that hold struct pages of several huge pages: all, and the most that the huge pages of one node have. */
static void report_shared_frames(uint64_t nodes)
{
	long long shared = 0, most = 0, of_node[MOST_NODES] = { 0 };

	for (size_t i = 0; i < frame_count; i++) {
		if (!frames[i].shared)
			continue;
		shared++;
		if (++of_node[frames[i].node] > most)
			most = of_node[frames[i].node];
	}
	report_value("shared-frames", shared);
	report_value("shared-frames-per-node", most);
	report_value("nodes", __builtin_popcountll(nodes));
}

/* PG_head of this kernel, as a mask; VMCOREINFO has 1 << PG_head. */
static uint64_t head_flag(void)
{
	uint64_t mask = 0;

	if (!announced("NUMBER(PG_head_mask)", &mask) || !mask)
		skip("VMCOREINFO does not tell PG_head");
	return mask;
}

void look_at_memmap(char *memory, uint64_t size, long long pages)
{
	long long raw_heads = 0, astray = 0, read_only = 0, writable = 0, small = size / BASE_PAGE;
	uint64_t struct_page, offset, encodes_mask = 0, flag, previous = -1, nodes = 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	open_kernel();
	if (!announced("SIZE(page)", &struct_page) || struct_page > LARGEST_STRUCT_PAGE ||
	    (!announced("OFFSET(page.compound_info)", &offset) && !announced("OFFSET(page.compound_head)", &offset)))
		skip("VMCOREINFO does not describe struct page");
	announced("NUMBER(COMPOUND_INFO_IS_MASK)", &encodes_mask);
	flag = head_flag();
	for (long long one = 0; one < pages; one++) {
		uint64_t pfn = frame_of(pagemap, memory + one * size), head = struct_page_address(pfn, struct_page);
		int node = node_of(memory + one * size);

		nodes |= 1ull << node;
		for (long long i = 0; i < small; i++) {
			uint64_t address = struct_page_address(pfn + i, struct_page);
			unsigned char bytes[LARGEST_STRUCT_PAGE];
			unsigned long flags, info;
			struct mapping mapping;

			if (!kernel_read(address, bytes, struct_page))
				skip("the struct page at %llx cannot be read", (unsigned long long)address);
			memcpy(&flags, bytes, sizeof(flags));
			memcpy(&info, bytes + offset, sizeof(info));
			raw_heads += !!(flags & flag);
			/* A fake head is not decoded here: the kernel has a rule of its own for it. */
			if (i && !(flags & flag) && (!(info & 1) || (encodes_mask ? address & info : info - 1) != head))
				astray++;
			if (address / BASE_PAGE == previous)
				continue;
			previous = address / BASE_PAGE;
			if (!translate(address, &mapping) || mapping.shift > 12)
				continue;
			note_frame(mapping.physical / BASE_PAGE, one, node);
			writable += mapping.writable;
			read_only += !mapping.writable;
		}
	}
	report_value("page-size", sysconf(_SC_PAGESIZE));
	report_value("huge-page-kb", size >> 10);
	report_value("huge-pages", pages);
	report_value("struct-page", struct_page);
	report_value("raw-heads", raw_heads);
	report_value("fake-heads", raw_heads - pages);
	report_value("mask", encodes_mask);
	if (read_only + writable) {
		report_value("frames", frame_count);
		report_shared_frames(nodes);
		report_value("mapped-read-only", read_only);
		report_value("mapped-writable", writable);
	}
	if (raw_heads < pages)
		report_fail("of %lld huge pages only %lld have PG_head", pages, raw_heads);
	if (astray)
		report_fail("%lld of %lld tail pages lead to another page than their head", astray, pages * (small - 1));
}

void check_walk(void)
{
	struct pool pool = find_pool();

	walk_kpageflags(map_pool(&pool), pool.size, pool.pages);
}

void check_memmap(void)
{
	struct pool pool = find_pool();

	look_at_memmap(map_pool(&pool), pool.size, pool.pages);
}
