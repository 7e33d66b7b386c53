/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <linux/types.h>

extern const char linux_banner[];

/* lib/string.c */
void *memset(void *to, int byte, size_t count);
void *memcpy(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
char *strchr(const char *text, int c);
char *number(char *to, unsigned long value, unsigned int base);

/* kernel/main.c */
void start_kernel(void);
#ifdef CONFIG_PRINTK
void printk(const char *text);
void printk_number(const char *what, unsigned long value);
#else
static inline void printk(const char *text) { }
static inline void printk_number(const char *what, unsigned long value) { }
#endif

/* kernel/vmcore_info.c */
void vmcore_info_init(void);

/* kernel/serial_8250.c */
#ifdef CONFIG_SERIAL_8250
void serial8250_putc(char c);
void serial8250_write(const char *text);
#endif

/* lib/fake_extra.c */
#ifdef CONFIG_FAKE_EXTRA
unsigned int fake_extra_sum(const u8 *bytes, size_t count);
unsigned int fake_extra_fold(unsigned int sum);
#endif

#ifdef CONFIG_SMP
typedef struct { volatile char held; } spinlock_t;

static inline void spin_lock(spinlock_t *lock)
{
	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}
#else
typedef struct { char unused; } spinlock_t;

static inline void spin_lock(spinlock_t *lock) { }
static inline void spin_unlock(spinlock_t *lock) { }
#endif

#endif
