/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ways: a bounded table of fixed slots, eight to a bucket, the bucket chosen by a keyed hash. Allocated once, never
 * grows. A slot begins with a struct way, behind which its owner keeps what it likes.
 *
 * A full bucket forgets a slot that has expired, else one of the client that holds most of the bucket, the one
 * quiet longest: so a client that asks for a million names pushes out its own and nobody else's. */
#ifndef KEYFENCE_PLACES_WAYS_H
#define KEYFENCE_PLACES_WAYS_H

#include "base/cursor.h"

enum { WAYS = 8 };

struct way {
	uint32_t used;    /* the table's turn when it was last touched */
	uint32_t until_s; /* nobody needs it after this second */
	uint16_t client;  /* tag of the client that it is counted to; 0: a free slot */
	uint16_t stamp;   /* grows with each new tenant: what was remembered of an old one can be told */
};

struct ways {
	uint8_t *at;
	size_t bytes, buckets; /* of a slot; a power of two */
	uint32_t turn;
	uint64_t evicted; /* slots forgotten before they expired */
};

/* Room for at least `most` slots of `bytes` (struct way included). False: no memory. */
bool ways_init(struct ways *t, size_t bytes, size_t most);
void ways_done(struct ways *t);

static inline void *ways_slot(const struct ways *t, size_t number)
{
	return t->at + number * t->bytes;
}
static inline size_t ways_number(const struct ways *t, const void *slot)
{
	return (size_t)((const uint8_t *)slot - t->at) / t->bytes;
}
/* Number of the first slot of a hash's bucket; it has WAYS. */
static inline size_t ways_bucket(const struct ways *t, uint64_t hash)
{
	return (hash & (t->buckets - 1)) * WAYS;
}

/* A slot of this bucket for a new tenant, all behind its struct way zero. Never fails. */
void *ways_add(struct ways *t, size_t bucket, uint16_t client, uint32_t now_s, uint32_t until_s);
/* In use, by this client, and to be kept at least until then. */
void ways_touch(struct ways *t, void *slot, uint16_t client, uint32_t until_s);

#endif
