/* SPDX-License-Identifier: GPL-3.0-or-later */
/* count_allocations: preloaded into a program, counts what it allocates from its start to its end, and says so on
 * standard error. Two runs that differ only in their packets differ by what packets allocate. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>

static unsigned long allocations;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	allocations++;
	return __libc_calloc(n, each);
}

void *realloc(void *at, size_t n)
{
	allocations++;
	return __libc_realloc(at, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	allocations++;
	return __libc_memalign(alignment, n);
}

__attribute__((destructor)) static void say(void)
{
	unsigned long n = allocations; /* printing allocates, too */
	fprintf(stderr, "allocations %lu\n", n);
}
