/* SPDX-License-Identifier: GPL-3.0-or-later */
/* count_allocations: preloaded into a program that reads captures, counts what it allocates between its FROM-th packet
 * (environment, 10000) and the last one, and says so on standard error. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long packets, from = 10000, allocations;
static int counting;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *malloc(size_t n)
{
	allocations += counting != 0;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	allocations += counting != 0;
	return __libc_calloc(n, each);
}

void *realloc(void *at, size_t n)
{
	allocations += counting != 0;
	return __libc_realloc(at, n);
}

int pcap_next_ex(pcap_t *pcap, struct pcap_pkthdr **header, const unsigned char **bytes)
{
	static int (*real)(pcap_t *, struct pcap_pkthdr **, const unsigned char **);
	if (real == NULL) {
		const char *text = getenv("FROM");
		from = text != NULL ? strtoul(text, NULL, 10) : from;
		*(void **)&real = dlsym(RTLD_NEXT, "pcap_next_ex");
	}
	int r = real(pcap, header, bytes);
	packets += r == 1;
	counting = r == 1 && packets >= from;
	return r;
}

__attribute__((destructor)) static void say(void)
{
	counting = 0;
	fprintf(stderr, "packets %lu allocations %lu\n", packets, allocations);
}
