// SPDX-License-Identifier: GPL-2.0-or-later
/* The first serial port. */
#include <linux/kernel.h>

#define PORT 0x3f8
#define LINE_STATUS 5
#define ROOM_TO_SEND 0x20

static u8 inb(unsigned short port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

void serial8250_putc(char c)
{
	while (!(inb(PORT + LINE_STATUS) & ROOM_TO_SEND))
		;
	__asm__ volatile("outb %0, %1" : : "a" (c), "Nd" ((unsigned short)PORT));
}

void serial8250_write(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			serial8250_putc('\r');
		serial8250_putc(*text);
	}
}
