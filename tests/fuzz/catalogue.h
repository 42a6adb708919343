/* SPDX-License-Identifier: GPL-3.0-or-later */
/* catalogue: what a load of the configuration needs besides the bytes that are tried: a folder with one small
 * service, made once and removed at the end; and those bytes as a file without a disk. */
#ifndef KEYFENCE_FUZZ_CATALOGUE_H
#define KEYFENCE_FUZZ_CATALOGUE_H

#ifndef _GNU_SOURCE
#error memfd_create needs _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char catalogue_at[64];

static inline void catalogue_remove(void)
{
	char path[96];
	snprintf(path, sizeof path, "%s/zoom.yaml", catalogue_at);
	unlink(path);
	rmdir(catalogue_at);
}

static inline const char *catalogue_folder(void)
{
	char path[96];
	if (catalogue_at[0] != '\0')
		return catalogue_at;
	snprintf(catalogue_at, sizeof catalogue_at, "/tmp/keyfence-fuzz-XXXXXX");
	if (mkdtemp(catalogue_at) == NULL)
		abort();
	atexit(catalogue_remove);
	snprintf(path, sizeof path, "%s/zoom.yaml", catalogue_at);
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs("service: zoom\noperator: {name: Zoom, seat: US}\n", f) < 0 || fclose(f) != 0)
		abort();
	return catalogue_at;
}

/* Close it; path is of at least 64 bytes. */
static inline int bytes_as_file(const uint8_t *data, size_t len, char *path)
{
	int fd = memfd_create("keyfence-fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
