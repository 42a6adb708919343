/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory of 64-byte buckets over a dense array of records. A slot is the upper half of the hash and the number
 * of the record + 1. Each key may lie in either of two buckets and goes to the emptier one (Azar, Broder, Karlin,
 * Upfal, "Balanced allocations", 1994), so that slots and records can be equally many; when both are full, one of the
 * flows in them that can moves. */
#include "flow/flow.h"

#include <stdlib.h>

#include "base/siphash.h"

enum { BUCKET_SLOTS = 8 };

struct bucket {
	uint64_t slot[BUCKET_SLOTS];
};

struct flows {
	uint64_t hash_key[2];
	struct bucket *buckets;
	struct flow *records;
	uint32_t mask; /* of bucket numbers */
	uint32_t places, used,
		free; /* free: number + 1 of the first given back; its chain runs through detail */
	size_t count;
};

struct flows *flows_new(size_t most, const uint64_t hash_key[2])
{
	struct flows *t = calloc(1, sizeof *t);
	size_t places = 64;
	while (places < most && places < (1u << 30))
		places *= 2;
	if (t == NULL)
		return NULL;
	t->hash_key[0] = hash_key[0], t->hash_key[1] = hash_key[1];
	t->buckets = aligned_alloc(64, places / BUCKET_SLOTS * sizeof *t->buckets);
	t->records = calloc(places, sizeof *t->records);
	if (t->buckets == NULL || t->records == NULL) {
		flows_free(t);
		return NULL;
	}
	memset(t->buckets, 0, places / BUCKET_SLOTS * sizeof *t->buckets);
	t->mask = (uint32_t)(places / BUCKET_SLOTS - 1);
	t->places = (uint32_t)places;
	return t;
}

void flows_free(struct flows *t)
{
	if (t == NULL)
		return;
	free(t->buckets);
	free(t->records);
	free(t);
}

/* Both bucket numbers come from the lower half of the hash; the upper half is the tag. */
static struct bucket *first_bucket(const struct flows *t, uint64_t hash)
{
	return &t->buckets[hash & t->mask];
}

static struct bucket *second_bucket(const struct flows *t, uint64_t hash)
{
	return &t->buckets[((uint32_t)hash * 0x9E3779B1u >> 3 ^ (uint32_t)(hash >> 29)) & t->mask];
}

static inline uint64_t word_of(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t half_of(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

static inline bool is_v4(const uint8_t *at, uint64_t front)
{
	static const uint8_t mapped[4] = { 0, 0, 0xFF, 0xFF };
	return front == 0 && half_of(at + 8) == half_of(mapped);
}

/* An IPv4 key is two words, an IPv6 key five; the last word tells which: of IPv6 it is turned over. */
uint64_t flow_hash(const struct flows *t, const struct flow_key *key)
{
	const uint8_t *lo = key->lo.bytes, *hi = key->hi.bytes;
	uint64_t lo_front = word_of(lo), hi_front = word_of(hi);
	uint64_t ends =
		word_of((const uint8_t *)&key->lo_port); /* ports, VLAN, protocol, and a byte that is 0 */
	struct siphash s = siphash_begin(t->hash_key);
	if (is_v4(lo, lo_front) && is_v4(hi, hi_front)) {
		siphash_take(&s, (uint64_t)half_of(lo + 12) << 32 | half_of(hi + 12));
		siphash_take(&s, ends);
	} else {
		siphash_take(&s, lo_front);
		siphash_take(&s, word_of(lo + 8));
		siphash_take(&s, hi_front);
		siphash_take(&s, word_of(hi + 8));
		siphash_take(&s, ~ends);
	}
	uint64_t hash = siphash_end(s);
	__builtin_prefetch(first_bucket(t, hash));
	__builtin_prefetch(second_bucket(t, hash));
	return hash;
}

/* Number + 1 of the first record of this bucket whose tag fits; 0: none. */
static inline uint32_t number_in(const struct bucket *b, uint64_t hash)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		if (b->slot[i] >> 32 == hash >> 32 && b->slot[i] != 0)
			return (uint32_t)b->slot[i];
	return 0;
}

struct flow *flow_guess(const struct flows *t, uint64_t hash)
{
	uint32_t number = number_in(first_bucket(t, hash), hash);
	if (number == 0)
		number = number_in(second_bucket(t, hash), hash);
	if (number == 0)
		return NULL;
	struct flow *f = &t->records[number - 1];
	__builtin_prefetch(f);
	__builtin_prefetch((const char *)f + 64);
	return f;
}

static uint64_t *slot_in(const struct flows *t, struct bucket *b, uint64_t hash, const struct flow_key *key)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		if (b->slot[i] >> 32 == hash >> 32 && b->slot[i] != 0 &&
		    flow_has(&t->records[(uint32_t)b->slot[i] - 1], key))
			return &b->slot[i];
	return NULL;
}

static uint64_t *slot_find(const struct flows *t, uint64_t hash, const struct flow_key *key)
{
	uint64_t *slot = slot_in(t, first_bucket(t, hash), hash, key);
	return slot != NULL ? slot : slot_in(t, second_bucket(t, hash), hash, key);
}

static unsigned bucket_free(const struct bucket *b, uint64_t **ret)
{
	unsigned n = 0;
	for (unsigned i = BUCKET_SLOTS; i-- > 0;)
		if (b->slot[i] == 0) {
			n++;
			*ret = (uint64_t *)&b->slot[i];
		}
	return n;
}

static uint64_t *slot_quietest(const struct flows *t, struct bucket *b, uint64_t *best, uint64_t *best_us)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		uint64_t last_us = t->records[(uint32_t)b->slot[i] - 1].last_us;
		if (best == NULL || last_us < *best_us) {
			best = &b->slot[i];
			*best_us = last_us;
		}
	}
	return best;
}

static void slot_forget(struct flows *t, uint64_t *slot)
{
	struct flow *f = &t->records[(uint32_t)*slot - 1];
	memset(f, 0, sizeof *f);
	f->detail = t->free; /* free chain; a protocol of 0 tells a free record */
	t->free = (uint32_t)*slot;
	*slot = 0;
	t->count--;
}

/* The slot of a full bucket that is free once its flow has moved to its other bucket (Pagh and Rodler, "Cuckoo
 * hashing", 2001); NULL: those are full, too. */
static uint64_t *slot_free_up(const struct flows *t, struct bucket *b)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		uint64_t hash = flow_hash(t, &t->records[(uint32_t)b->slot[i] - 1].key), *free_slot = NULL;
		struct bucket *first = first_bucket(t, hash);
		if (bucket_free(first == b ? second_bucket(t, hash) : first, &free_slot) == 0)
			continue;
		*free_slot = b->slot[i];
		return &b->slot[i];
	}
	return NULL;
}

static uint64_t *slot_make(struct flows *t, uint64_t hash, struct flow *ret_evicted)
{
	struct bucket *a = first_bucket(t, hash), *b = second_bucket(t, hash);
	uint64_t *in_a = NULL, *in_b = NULL;
	unsigned free_a = bucket_free(a, &in_a), free_b = bucket_free(b, &in_b);
	if (free_a + free_b > 0)
		return free_a >= free_b ? in_a : in_b;
	bool roomy =
		t->count < t->places - t->places / 32; /* else a flood of new flows would search in vain */
	if (roomy && ((in_a = slot_free_up(t, a)) != NULL || (in_a = slot_free_up(t, b)) != NULL))
		return in_a;
	uint64_t best_us = 0;
	uint64_t *best = slot_quietest(t, b, slot_quietest(t, a, NULL, &best_us), &best_us);
	*ret_evicted = t->records[(uint32_t)*best - 1];
	slot_forget(t, best);
	return best;
}

struct flow *flow_find_hashed(struct flows *t, const struct flow_key *key, uint64_t hash)
{
	uint64_t *slot = slot_find(t, hash, key);
	return slot != NULL ? &t->records[(uint32_t)*slot - 1] : NULL;
}

struct flow *flow_add(struct flows *t, const struct flow_key *key, uint64_t hash, uint64_t at_us,
		      struct flow *ret_evicted)
{
	uint64_t *slot = slot_make(t, hash, ret_evicted);
	uint32_t number = t->free != 0 ? t->free - 1 : t->used++;
	struct flow *f = &t->records[number];
	if (t->free != 0)
		t->free = f->detail;
	*slot = (hash >> 32) << 32 | (number + 1);
	f->key = *key;
	f->detail = 0;
	f->first_us = f->last_us = at_us;
	t->count++;
	return f;
}

struct flow *flow_find(struct flows *t, const struct flow_key *key)
{
	return flow_find_hashed(t, key, flow_hash(t, key));
}

struct flow *flow_touch(struct flows *t, const struct flow_key *key, uint64_t at_us, bool *ret_new,
			struct flow *ret_evicted)
{
	uint64_t hash = flow_hash(t, key);
	struct flow *f = flow_find_hashed(t, key, hash);
	*ret_new = f == NULL;
	return f != NULL ? f : flow_add(t, key, hash, at_us, ret_evicted);
}

void flow_forget(struct flows *t, struct flow *f)
{
	uint64_t *slot = slot_find(t, flow_hash(t, &f->key), &f->key);
	if (slot != NULL)
		slot_forget(t, slot);
}

uint32_t flow_number(const struct flows *t, const struct flow *f)
{
	return (uint32_t)(f - t->records);
}

struct flow *flow_at(struct flows *t, uint32_t number)
{
	struct flow *f = &t->records[number];
	return number < t->used && f->key.proto != 0 ? f : NULL;
}

size_t flows_places(const struct flows *t)
{
	return t->used;
}

size_t flows_count(const struct flows *t)
{
	return t->count;
}
