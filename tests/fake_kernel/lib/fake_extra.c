// SPDX-License-Identifier: GPL-2.0-or-later
/* One file more, for whoever wants to see a symbol appear. */
#include <linux/kernel.h>

unsigned int fake_extra_fold(unsigned int sum)
{
	return (sum & 0xffff) + (sum >> 16);
}

unsigned int fake_extra_sum(const u8 *bytes, size_t count)
{
	unsigned int sum = 0;

	while (count--)
		sum = sum * 31 + *bytes++;
	return fake_extra_fold(sum);
}
