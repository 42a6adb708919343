/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/tell.h"

#include <errno.h>

#include "base/siphash.h"

static const uint64_t AGAIN_US = 60000000;

void tell_add(struct tell *t, const struct message_blocked *m)
{
	if (t->count == TELL_QUEUE) {
		t->lost++;
		return;
	}
	t->queue[(t->head + t->count++) % TELL_QUEUE] = *m;
}

/* The pair's slot, or the one told longest ago, which becomes the pair's. False: it was told within the minute. */
static bool is_due(struct tell *t, const struct message_block *b, uint64_t now_us)
{
	struct address pair[2] = { b->client, b->server };
	uint64_t hash = siphash13(t->key, pair, sizeof pair);
	struct told_refusal *row = &t->refusal[hash % (TELL_REFUSALS / TELL_WAYS) * TELL_WAYS], *oldest = row;
	for (size_t i = 0; i < TELL_WAYS; i++) {
		bool same = address_equal(&row[i].client, &b->client) &&
			    address_equal(&row[i].server, &b->server);
		if (same && row[i].at_us != 0 && now_us - row[i].at_us < AGAIN_US)
			return false;
		if (same || row[i].at_us < oldest->at_us)
			oldest = &row[i];
		if (same)
			break;
	}
	*oldest = (struct told_refusal){ b->client, b->server, now_us };
	return true;
}

void tell_seldom(struct tell *t, const struct message_blocked *m, uint64_t now_us)
{
	if (is_due(t, &m->block, now_us))
		tell_add(t, m);
}

bool tell_flush(struct tell *t)
{
	while (t->link >= 0 && t->count > 0) {
		int r = message_send(t->link, VERB_BLOCKED, &t->queue[t->head], -1);
		if (r == -EAGAIN)
			return true;
		if (r < 0)
			return false;
		t->head = (t->head + 1) % TELL_QUEUE;
		t->count--;
	}
	return true;
}
