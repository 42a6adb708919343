/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "places/ways.h"

#include <stdlib.h>

bool ways_init(struct ways *t, size_t bytes, size_t most)
{
	*t = (struct ways){ .bytes = bytes, .buckets = 1 };
	while (t->buckets * WAYS < most)
		t->buckets *= 2;
	t->at = calloc(t->buckets * WAYS, bytes);
	return t->at != NULL;
}

void ways_done(struct ways *t)
{
	free(t->at);
	t->at = NULL;
}

static unsigned held_by(const struct ways *t, size_t bucket, uint16_t client)
{
	unsigned held = 0;
	for (size_t i = 0; i < WAYS; i++)
		held += ((const struct way *)ways_slot(t, bucket + i))->client == client;
	return held;
}

/* How much a slot deserves to be forgotten for a newcomer of this client: the largest goes. */
static uint64_t worth_leaving(const struct ways *t, size_t bucket, const struct way *w, uint16_t client,
			      uint32_t now_s)
{
	enum {
		EXPIRED = 50
	}; /* beyond what one bucket can hold; a free slot has expired and is quiet longest */
	bool own =
		w->client == client; /* the newcomer counts, and between two that hold the same it yields */
	uint64_t rank = 2 * (held_by(t, bucket, w->client) + own) + own;
	if (w->until_s < now_s)
		rank = EXPIRED;
	return rank << 32 | (uint32_t)(t->turn - w->used);
}

void *ways_add(struct ways *t, size_t bucket, uint16_t client, uint32_t now_s, uint32_t until_s)
{
	struct way *out = NULL;
	uint64_t most = 0;
	for (size_t i = 0; i < WAYS; i++) {
		struct way *w = ways_slot(t, bucket + i);
		uint64_t worth = worth_leaving(t, bucket, w, client, now_s);
		if (out == NULL || worth > most)
			out = w, most = worth;
	}
	t->evicted += out->client != 0 && out->until_s >= now_s;
	uint16_t stamp = (uint16_t)(out->stamp + 1);
	memset(out, 0, t->bytes);
	*out = (struct way){ ++t->turn, until_s, client, stamp };
	return out;
}

void ways_touch(struct ways *t, void *slot, uint16_t client, uint32_t until_s)
{
	struct way *w = slot;
	w->used = ++t->turn;
	w->until_s = w->until_s > until_s ? w->until_s : until_s;
	/* What several use is counted to the one that holds least: a flood cannot make others' slots its own. */
	size_t bucket = ways_number(t, slot) / WAYS * WAYS;
	if (w->client != client && held_by(t, bucket, client) < held_by(t, bucket, w->client))
		w->client = client;
}
