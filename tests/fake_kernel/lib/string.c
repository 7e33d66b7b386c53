// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes in a row. The compiler calls some of these of its own accord. */
#include <linux/kernel.h>

void *memset(void *to, int byte, size_t count)
{
	u8 *at = to;

	while (count--)
		*at++ = byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
	u8 *out = to;
	const u8 *in = from;

	while (count--)
		*out++ = *in++;
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const u8 *x = a, *y = b;

	for (; count; count--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *number(char *to, unsigned long value, unsigned int base)
{
	char reversed[24];
	unsigned int n = 0;

	do {
		reversed[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n)
		*to++ = reversed[--n];
	*to = '\0';
	return to;
}
