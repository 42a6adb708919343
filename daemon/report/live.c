/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/live.h"

#include <stdlib.h>

enum { WAYS = 8 }; /* rows that one flow may stand in */

struct live {
	struct flow_fact flow[LIVE_FLOWS];
	struct live_block block[LIVE_BLOCKS];
	size_t block_count;
	struct live_counters count;
};

struct live *live_new(void)
{
	return calloc(1, sizeof(struct live));
}

void live_free(struct live *l)
{
	free(l);
}

static struct flow_fact *row_of(struct live *l, uint64_t id)
{
	size_t begin = (size_t)(id % (LIVE_FLOWS / WAYS)) * WAYS;
	struct flow_fact *oldest = &l->flow[begin];
	for (size_t i = begin; i < begin + WAYS; i++) {
		struct flow_fact *row = &l->flow[i];
		if (row->id == id)
			return row;
		if (row->id == 0 ? oldest->id != 0 : oldest->id != 0 && row->at_us < oldest->at_us)
			oldest = row;
	}
	return oldest;
}

void live_fact(struct live *l, const struct flow_fact *f)
{
	bool over = f->kind == FACT_ENDED || f->now.service == SERVICE_NONE; /* it may be conferencing no more */
	if (f->id == 0)
		return;
	struct flow_fact *row = row_of(l, f->id);
	bool known = row->id == f->id;
	if (over) {
		if (known) {
			row->id = 0;
			l->count.flows--;
		}
		return;
	}
	l->count.flows_lost += !known && row->id != 0;
	l->count.flows += !known && row->id == 0;
	*row = *f;
}

void live_clear(struct live *l)
{
	for (size_t i = 0; i < LIVE_FLOWS; i++)
		l->flow[i].id = 0;
	l->count.flows = 0;
}

const struct flow_fact *live_flow(const struct live *l, size_t i)
{
	return l->flow[i].id != 0 ? &l->flow[i] : NULL;
}

/* ---- blocks ---- */

static void remove_block(struct live *l, size_t i)
{
	l->block[i] = l->block[--l->block_count];
}

static size_t find_block(const struct live *l, uint64_t element)
{
	size_t i = 0;
	while (i < l->block_count && l->block[i].element != element)
		i++;
	return i;
}

static void put_block(struct live *l, const struct message_blocked *m, uint64_t now_us)
{
	size_t i = find_block(l, m->element);
	if (i == LIVE_BLOCKS) {
		l->count.blocks_lost++;
		return;
	}
	if (i == l->block_count) {
		l->block_count++;
		l->block[i] = (struct live_block){ .since_us = now_us };
	}
	l->block[i].block = m->block;
	l->block[i].until_us = m->until_us;
	l->block[i].element = m->element;
}

void live_blocked(struct live *l, const struct message_blocked *m, uint64_t now_us)
{
	size_t i = find_block(l, m->element);
	bool known = i < l->block_count;
	if (m->state == BLOCK_APPLIED || m->state == BLOCK_RENEWED)
		put_block(l, m, now_us);
	else if (m->state == BLOCK_RELEASED && known)
		remove_block(l, i);
	else if (m->state == BLOCK_LEAKING && known)
		l->block[i].leaking = true;
}

void live_expire(struct live *l, uint64_t now_us)
{
	for (size_t i = l->block_count; i-- > 0;)
		if (l->block[i].until_us != 0 && l->block[i].until_us < now_us)
			remove_block(l, i);
}

size_t live_block_count(const struct live *l)
{
	return l->block_count;
}

const struct live_block *live_block(const struct live *l, size_t i)
{
	return &l->block[i];
}

void live_counters(const struct live *l, struct live_counters *ret)
{
	*ret = l->count;
	ret->blocks = l->block_count;
}
