/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fences: what a process gives up before it reads its first hostile byte: capabilities, new privileges, the file system
 * (landlock), and all system calls but those of its row. One row a role; raw system calls, no library.
 * Source: capabilities(7), seccomp(2), landlock(7), Linux 5.13 and later. All of it is for good: nothing takes a fence down.
 * A forbidden call ends the process (SIGSYS); built with a sanitizer, whose own calls are not listed, it is only logged. */
#ifndef KEYFENCE_DAEMON_FENCES_H
#define KEYFENCE_DAEMON_FENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

enum fence { FENCE_CAPABILITIES = 1, FENCE_PRIVILEGES = 2, FENCE_FILES = 4, FENCE_SYSCALLS = 8, FENCES = 15 };

/* Keeps exactly these capabilities (bits by number: 1 << 13 is CAP_NET_RAW) as permitted and effective; ambient: also over the
 * next exec. 0 or -errno. */
int fence_capabilities(uint64_t keep, bool ambient);
/* The capabilities that this process may use now. */
uint64_t fence_capabilities_held(void);

/* A folder that stays reachable behind FENCE_FILES. */
struct fence_folder {
	const char *path; /* NULL or not there: passed over */
	bool write;       /* files may be made, changed, renamed and removed there; else only read */
};

/* Raises all fences of a role. 0; else what could not be raised: enum fence in *ret_missing, and the -errno of the first one.
 * What can be raised is, and then the caller decides whether it goes on without the rest. */
int fences_raise(enum process role, const struct fence_folder *folders, size_t folder_count,
		 unsigned *ret_missing);

/* "capabilities", ... for one bit. */
const char *fence_name(enum fence f);

#endif
