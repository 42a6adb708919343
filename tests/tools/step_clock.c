/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded: the time of day is as many seconds ahead as stands in the file STEP_CLOCK (int64_t), which is mapped once, so that
 * it can be changed under a process that may open nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead_s;

__attribute__((constructor)) static void map_step(void)
{
	const char *path = getenv("STEP_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof *ahead_s, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (at != MAP_FAILED)
		ahead_s = at;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);
	if (r == 0 && clock == CLOCK_REALTIME && ahead_s != NULL)
		t->tv_sec += (time_t)*ahead_s;
	return r;
}
