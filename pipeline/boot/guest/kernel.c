// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's memory through /proc/kcore (needs PROC_KCORE, KALLSYMS_ALL and kptr_restrict=0), and what it tells of itself. */
#include "guest.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD sizeof(unsigned long)
#define LARGEST_IMAGE (256ull << 20)

static int kcore = -1;
static ElfW(Phdr) segments[256];
static int segment_count;
static char vmcoreinfo[16384];

/*
 * Where a part of the kernel's image lies in physical memory; 0 for other addresses. On riscv /proc/kcore had no segment
 * of the image until ARCH_PROC_KCORE_TEXT was set there (6.1 has none): it is read where the linear map has it.
 */
static uint64_t physical_of_image(uint64_t address)
{
	static uint64_t text, physical;

	if (!text) {
		FILE *file = fopen("/proc/iomem", "r");
		unsigned long long first;
		char line[256];

		while (file && fgets(line, sizeof(line), file)) {
			if (strstr(line, ": Kernel code") && sscanf(line, " %llx", &first) == 1)
				physical = first;
		}
		if (file)
			fclose(file);
		text = symbol("_text");
	}
	return physical && text && address >= text && address - text < LARGEST_IMAGE ? physical + (address - text) : 0;
}

static int read_image(uint64_t address, void *buffer, size_t size)
{
	uint64_t physical = physical_of_image(address);

	for (int i = 0; physical && i < segment_count; i++) {
		ElfW(Phdr) *one = &segments[i];

		if (one->p_type == PT_LOAD && one->p_paddr != (ElfW(Addr))-1 && physical >= one->p_paddr &&
		    physical - one->p_paddr + size <= one->p_memsz)
			return pread(kcore, buffer, size, one->p_offset + (physical - one->p_paddr)) == (ssize_t)size;
	}
	return 0;
}

int linear_by_segments(uint64_t *base)
{
	uint64_t text = symbol("_text");

	for (int i = 0; i < segment_count; i++) {
		ElfW(Phdr) *one = &segments[i];

		if (one->p_type != PT_LOAD || one->p_paddr == (ElfW(Addr))-1 || one->p_vaddr == text)
			continue;
		*base = one->p_vaddr - one->p_paddr;
		return 1;
	}
	return 0;
}

int read_segments(uint64_t address, void *buffer, size_t size)
{
	for (int i = 0; i < segment_count; i++) {
		ElfW(Phdr) *one = &segments[i];

		if (one->p_type == PT_LOAD && address >= one->p_vaddr && address - one->p_vaddr + size <= one->p_memsz)
			return pread(kcore, buffer, size, one->p_offset + (address - one->p_vaddr)) == (ssize_t)size;
	}
	return read_image(address, buffer, size);
}

uint64_t symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512], found[256], type;

	if (!file)
		skip("there is no /proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %255s", &address, &type, found) == 3 && !strcmp(found, name)) {
			fclose(file);
			return address;
		}
	}
	fclose(file);
	return 0;
}

uint64_t word_at(uint64_t address)
{
	unsigned long value;

	if (!read_segments(address, &value, WORD))
		give_up_as_unclear("/proc/kcore cannot read %llx", (unsigned long long)address);
	return value;
}

uint64_t word_of(const char *name)
{
	uint64_t address = symbol(name);

	if (!address)
		skip("/proc/kallsyms has no %s (KALLSYMS_ALL)", name);
	return word_at(address);
}

int announced(const char *name, uint64_t *value)
{
	char key[128];
	char *found;

	snprintf(key, sizeof(key), "\n%s=", name);
	found = strstr(vmcoreinfo, key);
	/* Addresses of symbols are in hexadecimal, and do not say so. */
	if (found)
		*value = strtoull(found + strlen(key), NULL, strncmp(name, "SYMBOL(", 7) ? 0 : 16);
	return found != NULL;
}

static void read_note(ElfW(Phdr) *segment)
{
	char notes[32768], *at = notes;
	size_t wanted = segment->p_filesz < sizeof(notes) ? segment->p_filesz : sizeof(notes);
	ssize_t size = pread(kcore, notes, wanted, segment->p_offset);

	while (at + sizeof(ElfW(Nhdr)) < notes + size) {
		ElfW(Nhdr) *note = (ElfW(Nhdr) *)at;
		char *name = at + sizeof(*note);
		char *text = name + ((note->n_namesz + 3) & ~3u);

		if (!strcmp(name, "VMCOREINFO") && note->n_descsz < sizeof(vmcoreinfo) - 1) {
			vmcoreinfo[0] = '\n';
			memcpy(vmcoreinfo + 1, text, note->n_descsz);
		}
		at = text + ((note->n_descsz + 3) & ~3u);
	}
}

void open_kernel(void)
{
	ElfW(Ehdr) header;

	kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (kcore < 0 || pread(kcore, &header, sizeof(header), 0) != sizeof(header))
		skip("/proc/kcore cannot be read");
	segment_count = header.e_phnum < 256 ? header.e_phnum : 256;
	pread(kcore, segments, segment_count * sizeof(*segments), header.e_phoff);
	for (int i = 0; i < segment_count; i++) {
		if (segments[i].p_type == PT_NOTE)
			read_note(&segments[i]);
	}
	if (!vmcoreinfo[0])
		skip("/proc/kcore has no VMCOREINFO");
}
