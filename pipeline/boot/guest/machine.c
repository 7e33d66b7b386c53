// SPDX-License-Identifier: GPL-2.0-or-later
/* What every kernel must do: memory keeps what is written to it, across a fork, too. */
#include "guest.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (16UL << 20)

static unsigned long mixed(unsigned long at)
{
	return at * 2654435761UL ^ at >> 7;
}

static unsigned long wrong_words(const unsigned long *memory)
{
	unsigned long wrong = 0;

	for (unsigned long at = 0; at < SIZE / sizeof(*memory); at++)
		wrong += memory[at] != mixed(at);
	return wrong;
}

CHECK(machine)
{
	unsigned long *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const union {
		uint16_t word;
		unsigned char first;
	} order = { 1 };
	int status = 0;
	pid_t child;

	report_value("bits", 8 * sizeof(void *));
	report_value("little-endian", order.first);
	report_value("page-size", sysconf(_SC_PAGESIZE));
	report_value("cpus", sysconf(_SC_NPROCESSORS_ONLN));
	report_value("memory-kib", sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024));
	if (memory == MAP_FAILED) {
		report_fail("16 MiB of memory cannot be mapped");
		return;
	}
	for (unsigned long at = 0; at < SIZE / sizeof(*memory); at++)
		memory[at] = mixed(at);
	child = fork();
	if (child == 0) {
		int wrong = wrong_words(memory) != 0;

		/* The parent must not see this. */
		memset(memory, 0, SIZE);
		_exit(wrong);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		report_fail("a child does not see what its parent wrote");
	if (wrong_words(memory))
		report_fail("%lu of %lu words are not what was written", wrong_words(memory), SIZE / sizeof(*memory));
}
