// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken on purpose: see CONFIG_FAKE_BROKEN_CC. */
#include <linux/kernel.h>

void fake_broken(void);

void fake_broken(void)
{
	no_such_symbol = 1;
}
