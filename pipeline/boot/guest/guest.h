/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest: one static program that is the initramfs' /init. It reads /scenario, runs the checks that it names, each in
 * a process of its own, and reports through a virtio serial port.
 *
 * /scenario: the first line is the nonce that every line of the report begins with; then a check in each line,
 * "LABEL CHECK key=number key=number ...".
 *
 * The report, each line behind the nonce:
 *
 *	begin LABEL		the check is started
 *	value NAME NUMBER	what it measured
 *	fail TEXT		something is not as it should be
 *	fail-everywhere TEXT	the same, and nothing that was looked at is as it should be
 *	skip TEXT		the check cannot be run here
 *	unclear TEXT		the check does not understand this kernel: a fault of the check
 *	end LABEL STATUS	the check's process ended: 0, its exit status, or 128 and the signal
 *	done			all checks ended
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

#define BASE_PAGE 4096UL

/* init.c: the report. */
void report_value(const char *name, long long number);
void report_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_fail_everywhere(const char *format, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void give_up_as_unclear(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The number that the scenario gives, or else. */
long long number(const char *key, long long otherwise);

/* files.c: small files of /proc and /sys. */
char *read_file(const char *path, char *buffer, size_t size);
long long read_number(const char *path);
int write_text(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Free memory in kB, what lies on the per-CPU lists included. */
long long free_memory(void);
/* Whether a file has a line with the text. */
int has_line(const char *path, const char *text);

/* The page frame behind mapped memory, by /proc/self/pagemap. */
uint64_t frame_of(const void *address);

/* kernel.c: the kernel's memory, seen through /proc/kcore. */
void open_kernel(void);
/* A line NAME=VALUE of the VMCOREINFO note; 0 if there is none. */
int announced(const char *name, uint64_t *value);
/* The address of a symbol, by /proc/kallsyms; 0 if there is none. */
uint64_t symbol(const char *name);
/* The word at a symbol. */
uint64_t word_of(const char *name);
uint64_t word_at(uint64_t address);
/* What is added to a physical address in the linear map, by the segments of memory; 0 where they do not say. */
int linear_by_segments(uint64_t *base);
int read_segments(uint64_t address, void *buffer, size_t size);

/* pagetable.c: a page table, walked; nothing of the kernel is known to it. */
struct mapping {
	uint64_t physical;
	int writable;
	int shift; /* of its size: 12 for a page of 4 KiB */
};

struct page_table {
	uint64_t root;
	int top; /* shift of what an entry of its highest level maps */
	int (*read)(uint64_t address, void *buffer, size_t size);
	/* Where the linear map has an address of physical memory. */
	uint64_t (*linear)(uint64_t physical);
};

/* 0 where nothing is mapped, or this architecture's page tables are not understood. */
int walk_table(const struct page_table *table, uint64_t address, struct mapping *mapping);
/* Sets `top` so that the linear map maps a physical address to itself; returns the number of levels, 0 for none. */
int find_levels(struct page_table *table, uint64_t physical);

/* mapping.c: the kernel's own page table, and where the struct page of a page frame is. */
int translate(uint64_t address, struct mapping *mapping);
int kernel_read(uint64_t address, void *buffer, size_t size);
/* Levels of the page table; 0 where they are not known. */
int page_table_levels(void);
uint64_t struct_page_address(uint64_t pfn, uint64_t struct_page);

/* tails.c: what the bytes of struct pages say, inferred from them alone. */
#define FARTHEST_HEAD (1ull << 49) /* bytes from one struct page to another: a vmemmap is no larger */

struct page_layout {
	uint64_t size;	    /* of struct page */
	uint64_t info;	    /* offset of compound_info, which was compound_head */
	uint64_t head_flag; /* PG_head, as a mask of flags */
};

/* Struct pages, counted. */
struct tally {
	long long heads, headless;  /* first pages of huge pages; those that are no heads */
	long long tails, fake_heads; /* all others; those that have PG_head */
	long long raw_heads;	    /* whatever has PG_head */
	long long pointers, masks;  /* tails that lead to their head, by the way they do */
	long long astray, strange;  /* tails that do not; those of them that lead nowhere by either way */
};

enum leads { POINTER, MASK, ASTRAY, STRANGE };
enum finding { GOOD, BAD, BAD_EVERYWHERE, UNCLEAR };

/* Where the word of a tail at an address leads, of a huge page whose first struct page is `head`. */
enum leads leads_to(uint64_t word, uint64_t address, uint64_t head, uint64_t struct_page);
void tally_page(struct tally *tally, const struct page_layout *layout, const unsigned char *bytes, uint64_t address,
		uint64_t head);
enum finding judge_tally(const struct tally *tally);

/* hugepages.c: HugeTLB pools. */
struct pool {
	uint64_t size; /* of a page, bytes */
	long long pages;
	char folder[128];
};

/* The pool that the scenario's size= (MiB) and pages= name. */
struct pool find_pool(void);
/* Asks for so many pages and returns how many there are then. */
long long resize(const struct pool *pool, long long pages);
/* Maps the pool's pages, each written to. */
char *map_pool(const struct pool *pool);

/*
 * A check, as scenarios name it; each runs in a process of its own. CHECK(pool) { … } defines one and has it found: its
 * entry lies in a section of its own, whose ends the linker names (ld's manual, "Input Section Example").
 */
struct check {
	const char *name;
	void (*run)(void);
};
extern const struct check __start_checks[], __stop_checks[];
#define CHECK(id) \
	static void check_##id(void); \
	static const struct check entry_of_##id __attribute__((section("checks"), used)) = { #id, check_##id }; \
	static void check_##id(void)

/* memmap.c: looks at the struct pages of mapped memory. */
void look_at_memmap(char *memory, uint64_t size, long long pages);

#endif
