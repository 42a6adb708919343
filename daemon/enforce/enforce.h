/* SPDX-License-Identifier: GPL-3.0-or-later */
/* enforce: what becomes of each message and of time. Nothing is blocked but through enforce_block, which asks check first. */
#ifndef KEYFENCE_DAEMON_ENFORCE_ENFORCE_H
#define KEYFENCE_DAEMON_ENFORCE_ENFORCE_H

#include "enforce/check.h"
#include "enforce/elements.h"
#include "enforce/pardons.h"
#include "enforce/table.h"
#include "enforce/tell.h"

struct enforce {
	struct guard guard;
	struct elements elements;
	struct pardons pardons;
	struct table table;
	struct tell tell;
	uint64_t conflict_us;  /* when it was last told that somebody took the table away */
	bool conntrack_failed; /* said once */
	size_t untold;         /* slots of elements from here on: not yet told to the report that is there now */
};

/* microseconds of CLOCK_MONOTONIC: all times inside; events tell the time of day. */
uint64_t enforce_now(void);

void enforce_block(struct enforce *e, const struct message_block *b);
void enforce_unblock(struct enforce *e, uint64_t number); /* 0: all; by a person, whose word holds as long as a block would */
void enforce_pause(struct enforce *e);                    /* what stands goes, and comes again after it */
void enforce_expire(struct enforce *e);
/* A report that began anew knows of no block (untold is 0): it is told of those that stand, as the queue takes them. */
void enforce_tell_standing(struct enforce *e);

/* The guard has a new book: the table stands as it says, and what it protects now is let go. 0 or -errno: no table. */
int enforce_follow_book(struct enforce *e);
/* Somebody took something away: all is put back with the time that it has left, and said. */
void enforce_restore(struct enforce *e);
/* The table and all elements go. */
void enforce_end(struct enforce *e);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
