// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file's text without a line end at its end, or NULL. */
char *read_file(const char *path, char *buffer, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	if (file < 0)
		return NULL;
	while (length < size - 1 && (got = read(file, buffer + length, size - 1 - length)) > 0)
		length += got;
	close(file);
	if (got < 0)
		return NULL;
	if (length && buffer[length - 1] == '\n')
		length--;
	buffer[length] = 0;
	return buffer;
}

/* -1 where there is none. */
long long read_number(const char *path)
{
	char text[64];

	return read_file(path, text, sizeof(text)) ? strtoll(text, NULL, 0) : -1;
}

/* 0, or -1 and errno. */
int write_text(const char *path, const char *format, ...)
{
	char text[256];
	va_list list;
	int file, length, done;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	done = write(file, text, length) == length ? 0 : -1;
	close(file);
	return done;
}

int has_line(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return found;
}

long long free_memory(void)
{
	long long pages = 0, count;
	char line[256];
	FILE *file;

	/* Folds what each CPU has counted for itself into the zones' sums. */
	write_text("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/zoneinfo", "r");
	if (!file)
		skip("there is no /proc/zoneinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " nr_free_pages %lld", &count) == 1 || sscanf(line, " count: %lld", &count) == 1)
			pages += count;
	}
	fclose(file);
	return pages * (long long)(BASE_PAGE / 1024);
}

uint64_t frame_of(const void *address)
{
	static int pagemap = -1;
	uint64_t entry = 0;

	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pread(pagemap, &entry, 8, (off_t)((uintptr_t)address / BASE_PAGE * 8)) != 8 || !(entry >> 63))
		skip("/proc/self/pagemap does not tell page frames");
	return entry & ((1ull << 55) - 1);
}
