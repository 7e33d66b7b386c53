// SPDX-License-Identifier: GPL-2.0-or-later
/* The struct pages of huge pages as /proc/kpageflags has them, the kernel's own opinion: one head each, then tails. */
#include "guest.h"

#include <fcntl.h>
#include <unistd.h>

/* include/uapi/linux/kernel-page-flags.h */
#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define KPF_HUGE 17

static void report(int everywhere, const char *what, long long bad, long long all)
{
	if (everywhere)
		report_fail_everywhere("%lld of %lld pages are %s", bad, all, what);
	else if (bad)
		report_fail("%lld of %lld pages are %s", bad, all, what);
}

CHECK(walk)
{
	struct pool pool = find_pool();
	char *memory = map_pool(&pool);
	long long heads = 0, tails = 0, misplaced = 0, astray = 0, small = pool.size / BASE_PAGE, all = pool.pages * small;
	int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags[512];

	if (kpageflags < 0)
		skip("this kernel has no /proc/kpageflags (PROC_PAGE_MONITOR)");
	for (long long page = 0; page < pool.pages; page++) {
		uint64_t pfn = frame_of(memory + page * pool.size);

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
	report(misplaced == all, "not what they should be: a head, then tails", misplaced, all);
	report(astray == all, "no huge page for the kernel", astray, all);
}
