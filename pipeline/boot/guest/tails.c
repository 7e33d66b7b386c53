// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the words of tail pages say of the head, inferred from the words. A kernel holds the head's address in them, or a
 * mask that makes the head's address of the tail's own; no kernel says which in a way that others share, so that nothing
 * is believed of that. Nothing is read here: whoever calls has the bytes.
 */
#include "guest.h"

#include <string.h>

/* Ones down to some bit, zeros behind it down to the size of struct page: below, the tail's own address has zeros. */
static int is_mask(uint64_t word, uint64_t struct_page)
{
	uint64_t cleared = ~word & -struct_page & (uint64_t)-1UL;

	if (struct_page & (struct_page - 1))
		return 0;
	return ((cleared + struct_page) & cleared) == 0 && cleared != (-struct_page & (uint64_t)-1UL);
}

enum leads leads_to(uint64_t word, uint64_t address, uint64_t head, uint64_t struct_page)
{
	uint64_t distance = word - 1 > head ? word - 1 - head : head - (word - 1);

	if (!(word & 1))
		return ASTRAY;
	/* First: where the head is aligned its address works as a mask, too. */
	if (word - 1 == head)
		return POINTER;
	if (is_mask(word, struct_page))
		return (address & word) == head ? MASK : ASTRAY;
	return distance % struct_page || distance > FARTHEST_HEAD ? STRANGE : ASTRAY;
}

void tally_page(struct tally *tally, const struct page_layout *layout, const unsigned char *bytes, uint64_t address,
		uint64_t head)
{
	unsigned long flags, word;
	int has_head_flag;

	memcpy(&flags, bytes, sizeof(flags));
	memcpy(&word, bytes + layout->info, sizeof(word));
	has_head_flag = !!(flags & layout->head_flag);
	tally->raw_heads += has_head_flag;
	if (address == head) {
		tally->heads++;
		/* A head that says it is a tail is none. */
		tally->headless += !has_head_flag || word & 1;
		return;
	}
	tally->tails++;
	/* A fake head is not decoded: the kernel has a rule of its own for it. */
	if (has_head_flag) {
		tally->fake_heads++;
		return;
	}
	switch (leads_to(word, address, head, layout->size)) {
	case POINTER:
		tally->pointers++;
		break;
	case MASK:
		tally->masks++;
		break;
	case STRANGE:
		tally->strange++;
		/* fall through */
	case ASTRAY:
		tally->astray++;
	}
}

enum finding judge_tally(const struct tally *tally)
{
	long long decoded = tally->tails - tally->fake_heads;

	/* Words that are no word of a tail page in any encoding that is known. */
	if (decoded > 0 && tally->strange == decoded)
		return UNCLEAR;
	if (tally->heads && tally->headless == tally->heads)
		return BAD_EVERYWHERE;
	if (decoded > 0 && tally->astray == decoded)
		return BAD_EVERYWHERE;
	return tally->headless || tally->astray ? BAD : GOOD;
}
