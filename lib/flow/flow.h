/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow: the bounded table of flows. A flow is the bidirectional 5-tuple, from its first packet to timeout or
 * close. The table is sized at start and never grows: a full one evicts the flow that was quiet longest among a
 * few, and counts it. Nothing here knows a protocol. The hash is SipHash-1-3 over the key's words. */
#ifndef KEYFENCE_FLOW_FLOW_H
#define KEYFENCE_FLOW_FLOW_H

#include "words/values.h"

struct flow {
	struct flow_key key;   /* 40 */
	struct conclusion now; /* 14 */
	uint16_t source;       /*  2: capture of the first packet */
	struct {
		uint64_t packets, bytes;
	} way[2];                   /* 32: [0] sent by key.lo, [1] by key.hi */
	uint64_t first_us, last_us; /* 16 */
	uint32_t detail;            /*  4: number of its detail in the engine's pool + 1; 0: none */
	uint32_t epoch;             /*  4: of the engine's books, the one that judged it; 0: none */
	uint16_t vlan;              /*  2 */
	uint16_t first_bytes;       /*  2: high nibbles of first payload bytes seen, a set */
	uint8_t looks;              /*  1: payloads looked at, saturating */
	uint8_t tcp;                /*  1: enum flow_tcp */
	uint8_t flags;              /*  1: enum flow_flag, lower bits */
	uint8_t marks;              /*  1: the engine's own */
};                                  /* 120, and 8 of directory */
_Static_assert(sizeof(struct flow) == 120, "128 B a flow with its directory entry");

enum flow_tcp { /* what of TCP was seen: a set; lo and hi as in the key */
		FLOW_SYN_LO = 1,
		FLOW_SYN_HI = 2, /* this end sent a bare SYN */
		FLOW_SYNACK = 4, /* the other end answered it */
		FLOW_FIN_LO = 8,
		FLOW_FIN_HI = 16,
		FLOW_RST = 32,
		FLOW_ACKED = 64, /* the opener acknowledged the answer */
};

struct flows;

/* Room for `most` flows (rounded up to a power of two of directory slots). NULL: no memory. */
struct flows *flows_new(size_t most, const uint64_t hash_key[2]);
void flows_free(struct flows *t);

/* Finds the flow of this key, or adds one: *ret_new. A new flow may evict an old one: then *ret_evicted is a
 * copy of that one (its protocol not 0), to be told before it is forgotten. Never fails; the pointer holds until
 * the flow is forgotten. */
struct flow *flow_touch(struct flows *t, const struct flow_key *key, uint64_t at_us, bool *ret_new,
			struct flow *ret_evicted);
struct flow *flow_find(struct flows *t, const struct flow_key *key); /* NULL: none */
void flow_forget(struct flows *t, struct flow *f);

/* The same in steps, for batches: the first two only ask for memory that the next one reads, so that the steps of one
 * packet run while the lines of another come. flow_guess tells which record is likely the flow's, NULL: none; it is one
 * only if flow_has says so, else flow_find_hashed looks again, and flow_add is for a key that is not there. */
uint64_t flow_hash(const struct flows *t, const struct flow_key *key);
struct flow *flow_guess(const struct flows *t, uint64_t hash);
struct flow *flow_find_hashed(struct flows *t, const struct flow_key *key, uint64_t hash);
struct flow *flow_add(struct flows *t, const struct flow_key *key, uint64_t hash, uint64_t at_us,
		      struct flow *ret_evicted);

/* A key is five words; a call of memcmp costs more than they do. That of a free record is all zero, and nobody's. */
static inline bool flow_has(const struct flow *f, const struct flow_key *key)
{
	uint64_t x[5], y[5];
	memcpy(x, &f->key, sizeof x);
	memcpy(y, key, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}

/* Number of a flow's place, stable while it lives; and back (NULL: free place). */
uint32_t flow_number(const struct flows *t, const struct flow *f);
struct flow *flow_at(struct flows *t, uint32_t number);
size_t flows_places(const struct flows *t); /* numbers run from 0 below this; it grows up to the size */
size_t flows_count(const struct flows *t);

#endif
