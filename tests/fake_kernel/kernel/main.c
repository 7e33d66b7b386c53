// SPDX-License-Identifier: GPL-2.0-or-later
/* From _start to nowhere in particular. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#ifdef CONFIG_PRINTK
static char log_buf[4096];
static size_t log_end;

void printk(const char *text)
{
	size_t length = strlen(text);

	if (length > sizeof(log_buf) - log_end)
		log_end = 0;
	if (length > sizeof(log_buf))
		length = sizeof(log_buf);
	memcpy(log_buf + log_end, text, length);
	log_end += length;
#ifdef CONFIG_SERIAL_8250
	serial8250_write(text);
#endif
}

void printk_number(const char *what, unsigned long value)
{
	char digits[24];

	printk(what);
	number(digits, value, 10);
	printk(digits);
	printk("\n");
}
#endif

void rest_init(void);
bool page_is_fit_for_boot(const struct page *page);

bool page_is_fit_for_boot(const struct page *page)
{
	return !PageTail(page) && !page_flag(page, PG_reserved) && !page_mapped(page);
}

noinline void rest_init(void)
{
	struct page *page = alloc_pages(1);

	if (page && page_is_fit_for_boot(page) && trylock_page(page + 1)) {
		set_page_dirty(page + 1);
		unlock_page(page);
		put_page(page + 1);
	}
	printk_number("free pages: ", nr_free_pages());
}

void start_kernel(void)
{
	printk(linux_banner);
	mm_init();
#ifdef CONFIG_HUGETLB_PAGE
	hugetlb_init();
#endif
	vmcore_info_init();
	rest_init();
}
