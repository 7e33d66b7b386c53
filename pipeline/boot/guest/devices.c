// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of memory that is not there from the start: device-dax, memory hotplug; and the kernel's page-table dump. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ND "/sys/bus/nd"
#define MEMORY "/sys/devices/system/memory"

static void must_write(const char *path, const char *text)
{
	if (write_text(path, "%s", text))
		skip("%s: %s", path, strerror(errno));
}

/* A namespace on memory set aside with memmap=SIZE!START becomes a device-dax instance of 2 MiB pages. */
static void make_dax(void)
{
	char seed[64], path[192];

	if (!read_file(ND "/devices/region0/dax_seed", seed, sizeof(seed)))
		skip("there is no region for device-dax (DEV_DAX_PMEM, memmap=SIZE!START)");
	must_write(ND "/drivers/nd_pmem/unbind", "namespace0.0");
	snprintf(path, sizeof(path), ND "/devices/%s/mode", seed);
	must_write(path, "ram");
	snprintf(path, sizeof(path), ND "/devices/%s/align", seed);
	must_write(path, "2097152");
	snprintf(path, sizeof(path), ND "/devices/%s/uuid", seed);
	must_write(path, "00000000-0000-4000-8000-000000000001");
	snprintf(path, sizeof(path), ND "/devices/%s/namespace", seed);
	must_write(path, "namespace0.0");
	must_write(ND "/drivers/dax_pmem/bind", seed);
}

/* Compound devmaps: pages= of 2 MiB, and what the memmap takes each time the device is bound. */
CHECK(dax)
{
	long long pages = number("pages", 100), rounds = number("rounds", 3), with = 0, without = 0;
	uint64_t size = 2 << 20;
	char *memory;
	int device;

	make_dax();
	for (long long round = 1; round <= rounds; round++) {
		/* The driver owns the memmap: it comes and goes with the binding. */
		must_write("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0");
		without = free_memory();
		must_write("/sys/bus/dax/drivers/device_dax/bind", "dax0.0");
		with = free_memory();
	}
	report_value("memmap-kb", without - with);
	device = open("/dev/dax0.0", O_RDWR);
	memory = mmap(NULL, size * pages, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	if (device < 0 || memory == MAP_FAILED)
		skip("/dev/dax0.0: %s", strerror(errno));
	for (long long one = 0; one < pages; one++)
		memory[one * size] = 1;
	look_at_memmap(memory, size, pages);
}

static int block_is(long long block, const char *state)
{
	char text[64], path[192];

	snprintf(path, sizeof(path), MEMORY "/memory%lld/state", block);
	return read_file(path, text, sizeof(text)) && !strcmp(text, state);
}

static void set_block(long long block, const char *state)
{
	char path[192];

	snprintf(path, sizeof(path), MEMORY "/memory%lld/state", block);
	write_text(path, "%s", state);
}

static void give_up(int signal)
{
	(void)signal;
}

/* The kernel tries until it succeeds, or until a signal comes: offline_pages() in mm/memory_hotplug.c. */
static int offline(long long block)
{
	struct sigaction action = { .sa_handler = give_up };

	sigaction(SIGALRM, &action, NULL);
	for (int tries = 0; tries < 2 && !block_is(block, "offline"); tries++) {
		alarm(5);
		set_block(block, "offline");
		alarm(0);
	}
	return block_is(block, "offline");
}

/* Blocks of memory above 4 GiB, hidden by mem=, are added, used for huge pages, and taken away with the pool full. */
CHECK(hotplug)
{
	static const char *const kinds[] = { "online_movable", "online_kernel", "online_movable" };
	long long blocks = number("blocks", 2), first, size, gone = 0;
	char text[64];

	if (!read_file(MEMORY "/block_size_bytes", text, sizeof(text)) || access(MEMORY "/probe", W_OK))
		skip("this kernel has no memory hotplug (ARCH_MEMORY_PROBE)");
	size = strtoll(text, NULL, 16);
	first = 0x100000000 / size;
	for (long long block = first; block < first + blocks; block++) {
		if (write_text(MEMORY "/probe", "0x%llx", block * size))
			skip("memory at 0x%llx cannot be added: %s", block * size, strerror(errno));
	}
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
		struct pool pool;
		char *memory;

		/* A tail page says in which zone it is, so what is shared must not cross zones. */
		for (long long block = first; block < first + blocks; block++)
			set_block(block, kinds[kind]);
		pool = find_pool();
		memory = map_pool(&pool);
		if (kind == 0)
			look_at_memmap(memory, pool.size, pool.pages);
		munmap(memory, pool.size * pool.pages);
		for (long long block = first; block < first + blocks; block++) {
			int is_gone = offline(block);

			gone += is_gone;
			/* Later, kernel memory may have come to lie in it; what is movable has to go. */
			if (!is_gone && kind == 0)
				report_fail("memory block %lld does not go offline", block);
		}
		resize(&pool, 0);
		if (!gone)
			break;
	}
	report_value("offlined", gone);
}

/* The kernel's own page-table dump: ranges of small pages in the vmemmap that may not be written. */
CHECK(ptdump)
{
	struct pool pool = find_pool();
	FILE *file = fopen("/sys/kernel/debug/page_tables/kernel", "r");
	long long read_only = 0, writable = 0;
	char line[512];
	int inside = 0;

	map_pool(&pool);
	if (!file)
		file = fopen("/sys/kernel/debug/kernel_page_tables", "r");
	if (!file)
		skip("this kernel has no page-table dump (PTDUMP_DEBUGFS)");
	while (fgets(line, sizeof(line), file)) {
		int heading = !strncmp(line, "---", 3);

		if (heading) {
			char *at = strcasestr(line, "vmemmap");

			inside = at && !strcasestr(line, "end");
		}
		if (heading || !inside || !(strcasestr(line, " pte") || strstr(line, "PTE")))
			continue;
		if (strstr(line, " ro ") || strstr(line, "   ro") || (strstr(line, " R ") && !strstr(line, " W ")))
			read_only++;
		else
			writable++;
	}
	fclose(file);
	report_value("read-only-ranges", read_only);
	report_value("writable-ranges", writable);
}
