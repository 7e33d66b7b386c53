// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a machine sees of this kernel: a line on the serial port, then an end. There is no user space, so that no boot ever
 * passes; how one fails is up to fate().
 */
static void outb(unsigned char value, unsigned short port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text)
		outb(*text++, 0x3f8);
}

/* Through the keyboard controller: the machine starts again, or ends where it must not. */
static void restart(void)
{
	for (;;)
		outb(0xfe, 0x64);
}

static void fate(void)
{
	restart();
}

void boot_main(void);
void boot_main(void)
{
	print("[    0.000000] Linux version 6.12.0-fake\r\n");
	fate();
}
