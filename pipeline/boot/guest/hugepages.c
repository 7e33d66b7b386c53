// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of HugeTLB pools: filled and emptied, what a page costs, and all of it under stress. */
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* 2 MiB on most; a base page's page table is 4 MiB on i386 without PAE. */
static uint64_t default_size(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long size = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Hugepagesize: %llu kB", &size);
	if (file)
		fclose(file);
	return size << 10;
}

struct pool find_pool(void)
{
	struct pool pool = { .size = number("size", 0) << 20, .pages = number("pages", 64) };

	if (!pool.size)
		pool.size = default_size();
	snprintf(pool.folder, sizeof(pool.folder), "/sys/kernel/mm/hugepages/hugepages-%llukB",
		 (unsigned long long)(pool.size >> 10));
	if (!pool.size || access(pool.folder, F_OK))
		skip("there is no pool of huge pages of %llu MiB", (unsigned long long)(pool.size >> 20));
	/* reserved=1: what the command line set aside, at boot. */
	if (!number("reserved", 0) && resize(&pool, pool.pages) < pool.pages)
		report_fail("of %lld huge pages only %lld could be had", pool.pages, resize(&pool, pool.pages));
	return pool;
}

static long long pool_pages(const struct pool *pool, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", pool->folder, name);
	return read_number(path);
}

long long resize(const struct pool *pool, long long pages)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/nr_hugepages", pool->folder);
	write_text(path, "%lld", pages);
	return pool_pages(pool, "nr_hugepages");
}

char *map_pool(const struct pool *pool)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | __builtin_ctzll(pool->size) << 26;
	char *memory = mmap(NULL, pool->size * pool->pages, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (memory == MAP_FAILED)
		skip("%lld huge pages cannot be mapped", pool->pages);
	for (long long one = 0; one < pool->pages; one++)
		memory[one * pool->size] = 1;
	return memory;
}

/* Fills and empties the pool; the memory must come back. */
CHECK(pool)
{
	struct pool pool = find_pool();
	long long rounds = number("rounds", 20), emptied = 0, first;

	resize(&pool, 0);
	first = free_memory();
	for (long long round = 1; round <= rounds; round++) {
		long long had = resize(&pool, pool.pages), left;

		if (had < pool.pages) {
			report_fail("round %lld: of %lld huge pages only %lld could be had", round, pool.pages, had);
			break;
		}
		left = resize(&pool, 0);
		if (left) {
			report_fail("round %lld: the pool does not drain, %lld pages are left", round, left);
			break;
		}
		emptied++;
	}
	report_value("rounds", emptied);
	/* A page per round would be a leak; slabs and page tables that stay are not. */
	report_value("lost-kb", first - free_memory());
	if (first - free_memory() > 1024 + 4 * rounds)
		report_fail("%lld kB of memory did not come back", first - free_memory());
}

/* kB that the kernel says are freed per page of this size, as it printed when it started; 0 if it did not. */
static long long announced_saving(uint64_t size)
{
	int file = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[2048], unit[8];
	long long kilobytes = 0, freed;
	double page;
	ssize_t length;

	if (file < 0)
		skip("there is no /dev/kmsg");
	while ((length = read(file, line, sizeof(line) - 1)) > 0) {
		char *found;

		line[length] = 0;
		found = strstr(line, "HugeTLB: ");
		if (found &&
		    sscanf(found, "HugeTLB: %lld KiB vmemmap can be freed for a %lf %7s page", &freed, &page, unit) == 3 &&
		    (uint64_t)(page * (*unit == 'G' ? 1 << 20 : *unit == 'M' ? 1 << 10 : 1)) == size >> 10)
			kilobytes = freed;
	}
	close(file);
	return kilobytes;
}

/* What a page takes from free memory, beside what the kernel announces that it gives back. */
CHECK(saved)
{
	struct pool pool = find_pool();
	long long before, measured, freed = announced_saving(pool.size);
	long long sysctl = read_number("/proc/sys/vm/hugetlb_optimize_vmemmap");
	/* Without sysctl(8) it is as the command line says. */
	int optimized = sysctl < 0 ? has_line("/proc/cmdline", "hugetlb_free_vmemmap=on") : sysctl == 1;

	resize(&pool, 0);
	/* Once before, so that page tables and pages that all share are there. */
	resize(&pool, pool.pages);
	resize(&pool, 0);
	before = free_memory();
	if (resize(&pool, pool.pages) < pool.pages)
		return;
	measured = (long long)(pool.size >> 10) - (before - free_memory()) / pool.pages;
	report_value("huge-page-kb", pool.size >> 10);
	report_value("announced-kb", optimized ? freed : 0);
	report_value("saved-kb", measured);
	if (measured < (optimized ? freed : 0) - 1 || measured > (optimized ? freed : 0) + 1)
		report_fail("the kernel announces %lld kB saved per page, measured are %lld", optimized ? freed : 0, measured);
	resize(&pool, 0);
}

/* The tree's own tools/testing/selftests/mm/hugepage-vmemmap.c, built from the source state under test. */
CHECK(selftest)
{
	struct pool pool = find_pool();
	char why[300];
	int status;
	pid_t child;

	if (access("/hugepage-vmemmap", X_OK)) {
		if (!read_file("/hugepage-vmemmap.missing", why, sizeof(why)))
			skip("there is no hugepage-vmemmap");
		skip("%s", why);
	}
	child = fork();
	if (child == 0) {
		execl("/hugepage-vmemmap", "hugepage-vmemmap", NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	report_value("exit", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	if (status)
		report_fail("hugepage-vmemmap failed; its words are in the console");
	resize(&pool, 0);
}

/* Takes and drops references on pages: splices memory into a pipe (get_user_pages) and empties that. */
static void splice_pages(void)
{
	size_t size = 16 * BASE_PAGE;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ends[2];

	if (memory == MAP_FAILED || pipe(ends))
		_exit(1);
	for (;;) {
		struct iovec piece = { memory, size };
		char sink[4096];
		ssize_t spliced = vmsplice(ends[1], &piece, 1, SPLICE_F_NONBLOCK);

		for (ssize_t got; spliced > 0; spliced -= got) {
			got = read(ends[0], sink, sizeof(sink));
			if (got <= 0)
				break;
		}
		/* New frames: those that the pool gave back, most likely. */
		madvise(memory, size, MADV_DONTNEED);
		memory[0] = 1;
	}
}

static void read_again_and_again(const char *path)
{
	char buffer[65536];

	for (;;) {
		int file = open(path, O_RDONLY | O_CLOEXEC);

		if (file < 0)
			_exit(1);
		while (read(file, buffer, sizeof(buffer)) > 0)
			;
		close(file);
	}
}

static void compact(void)
{
	while (!write_text("/proc/sys/vm/compact_memory", "1"))
		usleep(1000);
	_exit(1);
}

/* The pool is resized while others walk all page frames, take references and move pages. */
CHECK(stress)
{
	struct pool pool = find_pool();
	long long rounds = number("rounds", 20), done = 0;
	pid_t children[4];

	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			switch (i) {
			case 0:
				splice_pages();
				break;
			case 1:
				read_again_and_again("/proc/kpageflags");
				break;
			case 2:
				read_again_and_again("/proc/kpagecount");
				break;
			default:
				compact();
			}
			_exit(0);
		}
	}
	for (; done < rounds; done++) {
		resize(&pool, pool.pages);
		if (resize(&pool, 0)) {
			report_fail("round %lld: the pool does not drain under stress", done + 1);
			break;
		}
	}
	for (int i = 0; i < 4; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	report_value("rounds", done);
}
