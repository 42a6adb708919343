/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/budget.h"

#include "base/siphash.h"

enum { MINUTE_US = 60000000 };
static const uint64_t SPENT_US = 10ull * MINUTE_US;

/* The bucket after one more; false: it does not hold so much. The cost is rounded up, so that a minute never has one too
 * many; the slack gives a small quota its last one back. */
static bool charge(uint64_t full_us, uint32_t a_minute, uint64_t now_us, uint64_t *ret)
{
	uint64_t cost = a_minute > 0 ? (MINUTE_US + (uint64_t)a_minute - 1) / a_minute : 2 * MINUTE_US;
	uint64_t after = (full_us > now_us ? full_us : now_us) + cost;
	*ret = after;
	return after - now_us <= MINUTE_US + (cost > a_minute ? a_minute : 0u);
}

/* The client's slot; else a free one, or that of the client that has used its own least. */
static struct budget_client *slot_of(struct budget *b, const struct address *client, uint64_t now_us)
{
	uint64_t hash = siphash13(b->key, client, sizeof *client);
	struct budget_client *row = &b->client[hash % (BUDGET_CLIENTS / BUDGET_WAYS) * BUDGET_WAYS];
	struct budget_client *least = row;
	for (size_t i = 0; i < BUDGET_WAYS; i++) {
		if (address_equal(&row[i].client, client))
			return &row[i];
		if (row[i].full_us < least->full_us)
			least = &row[i];
	}
	*least = (struct budget_client){ *client, now_us };
	return least;
}

enum block_refusal budget_take(struct budget *b, const struct book_enforce *limits,
			       const struct address *client, uint64_t now_us)
{
	uint64_t own, all;
	if (now_us < b->spent_until_us)
		return REFUSED_BUDGET;
	struct budget_client *c = slot_of(b, client, now_us);
	if (!charge(c->full_us, limits->budget_client, now_us, &own))
		return REFUSED_BUDGET_CLIENT;
	if (!charge(b->full_us, limits->budget_blocks, now_us, &all)) {
		b->spent_until_us = now_us + SPENT_US;
		return REFUSED_BUDGET;
	}
	c->full_us = own;
	b->full_us = all;
	return REFUSED_NOT;
}
