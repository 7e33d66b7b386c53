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
 *	skip TEXT		the check cannot be run here
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
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
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

/* kernel.c: the kernel's memory, seen through /proc/kcore. */
struct mapping {
	uint64_t physical;
	int writable;
	int shift; /* of its size: 12 for a page of 4 KiB */
};

void open_kernel(void);
/* A line NAME=VALUE of the VMCOREINFO note; 0 if there is none. */
int announced(const char *name, uint64_t *value);
/* The address of the struct page of a page frame. */
uint64_t struct_page_address(uint64_t pfn, uint64_t struct_page);
int kernel_read(uint64_t address, void *buffer, size_t size);
/* 0 where nothing is mapped, or this architecture's page tables are not understood. */
int translate(uint64_t address, struct mapping *found);

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

/* The checks; each runs in a process of its own. */
void check_machine(void);
void check_pool(void);
void check_walk(void);
void check_memmap(void);
void check_saved(void);
void check_selftest(void);
void check_stress(void);
void check_dax(void);
void check_hotplug(void);
void check_ptdump(void);

/* memmap.c: looks at the struct pages of mapped memory. */
void look_at_memmap(char *memory, uint64_t size, long long pages);
void walk_kpageflags(char *memory, uint64_t size, long long pages);

#endif
