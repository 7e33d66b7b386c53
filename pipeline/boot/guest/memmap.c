// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The struct pages of huge pages beside what the kernel says of them (walk.c):
 *
 *  - the raw bytes: PG_head in a tail is a fake head; every other tail has to lead to the first page (tails.c);
 *  - the page table: the frames that hold the struct pages, and how they are mapped.
 */
#include "guest.h"

#include <sys/syscall.h>
#include <unistd.h>

#define LARGEST_STRUCT_PAGE 256
#define MOST_NODES 64

/* The page frames that hold the struct pages, each with the huge page and the NUMA node that it was first seen for. */
static struct {
	uint64_t number;
	long long owner;
	int node, shared;
} frames[65536];
static size_t frame_count;

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

/* What VMCOREINFO says of struct page: it has 1 << PG_head, and one of two names for the word of a tail. */
static struct page_layout page_layout(void)
{
	struct page_layout layout;

	if (!announced("SIZE(page)", &layout.size) || !layout.size || layout.size > LARGEST_STRUCT_PAGE)
		give_up_as_unclear("VMCOREINFO does not tell the size of struct page");
	if ((!announced("OFFSET(page.compound_info)", &layout.info) &&
	     !announced("OFFSET(page.compound_head)", &layout.info)) ||
	    layout.info + sizeof(unsigned long) > layout.size)
		give_up_as_unclear("VMCOREINFO does not tell where a tail page has the word for its head");
	if (!announced("NUMBER(PG_head_mask)", &layout.head_flag) || !layout.head_flag)
		give_up_as_unclear("VMCOREINFO does not tell PG_head");
	return layout;
}

static void report_finding(const struct tally *tally)
{
	enum finding finding = judge_tally(tally);
	void (*report)(const char *format, ...) = finding == BAD_EVERYWHERE ? report_fail_everywhere : report_fail;

	if (finding == UNCLEAR)
		give_up_as_unclear("the words of all tail pages are neither pointers into the memmap nor masks");
	if (tally->headless)
		report("%lld of %lld huge pages do not begin with a head", tally->headless, tally->heads);
	if (tally->astray)
		report("%lld of %lld tail pages lead to another page than their head", tally->astray, tally->tails);
}

void look_at_memmap(char *memory, uint64_t size, long long pages)
{
	long long read_only = 0, writable = 0, small = size / BASE_PAGE;
	uint64_t previous = -1, nodes = 0;
	struct page_layout layout;
	struct tally tally = { 0 };

	open_kernel();
	layout = page_layout();
	for (long long page = 0; page < pages; page++) {
		uint64_t pfn = frame_of(memory + page * size), head = struct_page_address(pfn, layout.size);
		int node = node_of(memory + page * size);

		nodes |= 1ull << node;
		for (long long i = 0; i < small; i++) {
			uint64_t address = struct_page_address(pfn + i, layout.size);
			unsigned char bytes[LARGEST_STRUCT_PAGE];
			struct mapping mapping;

			if (!kernel_read(address, bytes, layout.size))
				give_up_as_unclear("the struct page at %llx cannot be read", (unsigned long long)address);
			tally_page(&tally, &layout, bytes, address, head);
			if (address / BASE_PAGE == previous)
				continue;
			previous = address / BASE_PAGE;
			if (!translate(address, &mapping) || mapping.shift > 12)
				continue;
			note_frame(mapping.physical / BASE_PAGE, page, node);
			writable += mapping.writable;
			read_only += !mapping.writable;
		}
	}
	report_value("page-size", sysconf(_SC_PAGESIZE));
	report_value("huge-page-kb", size >> 10);
	report_value("huge-pages", pages);
	report_value("struct-page", layout.size);
	report_value("raw-heads", tally.raw_heads);
	report_value("fake-heads", tally.fake_heads);
	report_value("pointers", tally.pointers);
	report_value("masks", tally.masks);
	if (page_table_levels())
		report_value("page-table-levels", page_table_levels());
	if (read_only + writable) {
		report_value("frames", frame_count);
		report_shared_frames(nodes);
		report_value("mapped-read-only", read_only);
		report_value("mapped-writable", writable);
	}
	report_finding(&tally);
}

CHECK(memmap)
{
	struct pool pool = find_pool();

	look_at_memmap(map_pool(&pool), pool.size, pool.pages);
}
