/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _LINUX_KBUILD_H
#define _LINUX_KBUILD_H

#include <linux/types.h>

/* Each leaves a line in the assembly: .ascii "->NAME $value expression" */
#define DEFINE(name, value) \
	__asm__ volatile("\n.ascii \"->" #name " %0 " #value "\"" : : "i" (value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(struct type, member))
#define BLANK() __asm__ volatile("\n.ascii \"->\"" : :)
#define COMMENT(text) __asm__ volatile("\n.ascii \"->#" #text "\"" : :)

#endif
