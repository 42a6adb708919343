/* SPDX-License-Identifier: GPL-3.0-or-later */
/* budget: how many new blocks a minute: one quota a client and one in all, as token buckets of a minute's worth. A client that
 * has spent its own gets no more, and the others keep theirs. When the whole is spent there are no new blocks for ten minutes.
 * Pure; the time (microseconds of a clock that never goes back, not 0) comes in. */
#ifndef KEYFENCE_DAEMON_ENFORCE_BUDGET_H
#define KEYFENCE_DAEMON_ENFORCE_BUDGET_H

#include "message.h"

enum { BUDGET_CLIENTS = 16384, BUDGET_WAYS = 8 };

/* A bucket is the instant at which it is full again: what lies in the past is full, and its slot is free. */
struct budget_client {
	struct address client;
	uint64_t full_us;
};
struct budget {
	uint64_t key[2]; /* of the hash: random, so that nobody chooses who shares a row */
	uint64_t full_us, spent_until_us;
	struct budget_client client[BUDGET_CLIENTS];
};

/* Takes one block out of both, or out of neither. REFUSED_NOT, REFUSED_BUDGET_CLIENT or REFUSED_BUDGET. */
enum block_refusal budget_take(struct budget *b, const struct book_enforce *limits,
			       const struct address *client, uint64_t now_us);

#endif
