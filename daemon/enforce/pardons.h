/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pardons: what a person let go. Its flow is still there and would be blocked again at once; so it is left alone as long as a
 * block lasts. Bounded: of more than PARDONS the oldest are forgotten. Times: CLOCK_MONOTONIC, microseconds. */
#ifndef KEYFENCE_DAEMON_ENFORCE_PARDONS_H
#define KEYFENCE_DAEMON_ENFORCE_PARDONS_H

#include "enforce/batch.h"

enum { PARDONS = 256 };
struct pardons {
	struct pardon {
		struct element_key key;
		uint64_t until_us; /* 0: none */
	} at[PARDONS];
	size_t next;
};

void pardons_add(struct pardons *p, const struct element_key *key, uint64_t until_us);
bool pardons_hold(const struct pardons *p, const struct element_key *key, uint64_t now_us);

#endif
