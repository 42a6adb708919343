/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elements: enforce's own memory of what stands in the kernel's sets, which are never read back, and its mirror in a file, from
 * which a process that starts anew takes what has time left. Bounded by what elements_new was asked for.
 * The file is written in place, a record an element: each carries a checksum under the id of this boot, so that what was torn,
 * zeroed, or written before the machine started again does not count. Times: CLOCK_MONOTONIC, microseconds. */
#ifndef KEYFENCE_DAEMON_ENFORCE_ELEMENTS_H
#define KEYFENCE_DAEMON_ENFORCE_ELEMENTS_H

#include "enforce/batch.h"

struct element {
	uint64_t number;   /* 1 and up, never used again while the mirror is kept; 0: free, never used */
	uint64_t until_us; /* 0: free */
	uint64_t applied_us;
	uint64_t renewed_us, leaked_us; /* when that was last told; 0: never */
	struct element_key key;
	struct message_block first; /* the request that made it */
};
struct elements {
	struct element *at;
	size_t capacity, count;
	uint32_t *index, *free; /* index: slot + 1 by hash of key; free: stack of slots */
	size_t index_mask, free_count;
	uint64_t next_number, hash_key[2], boot[2];
	int mirror; /* -1: none */
};

/* hash_key: random. 0 or -ENOMEM. */
int elements_new(size_t capacity, const uint64_t hash_key[2], struct elements *ret);
/* Opens (or makes) `blocks` in a folder and takes what it holds of this boot, expired ones included. boot: names this boot.
 * 0 or -errno; then there is no mirror, and all else goes on. */
int elements_open_mirror(struct elements *e, const char *folder, const uint64_t boot[2]);

struct element *elements_find(const struct elements *e, const struct element_key *key);
struct element *elements_by_number(const struct elements *e, uint64_t number);
/* The caller has seen to it that there is room (count < capacity) and that the key is not there. */
struct element *elements_add(struct elements *e, const struct message_block *first, uint64_t now_us,
			     uint64_t until_us);
void elements_extend(struct elements *e, struct element *of, uint64_t until_us);
void elements_remove(struct elements *e,
		     struct element *of); /* it stays readable until the next elements_add */

struct element_key element_key_of(const struct message_block *b);
static inline bool element_stands(const struct element *e)
{
	return e->until_us != 0;
}

#endif
