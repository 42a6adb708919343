/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger/gathering.h"

#include <stdlib.h>

/* Due times lie apart from the rows, so that looking for the first is a walk over a small array. */
struct gatherings {
	uint32_t most, rows, open;
	uint64_t hash_key;
	uint64_t next_due; /* nothing is due before */
	struct gathering *at;
	uint64_t *due;
	struct link *by_party, *by_age;
};

static uint32_t open_head(const struct gatherings *t)
{
	return t->rows;
}
static uint32_t ended_head(const struct gatherings *t)
{
	return t->rows + 1;
}
static uint32_t free_head(const struct gatherings *t)
{
	return t->rows + 2;
}

static struct party party_of(const struct gathering *g)
{
	return (struct party){ g->about.client, g->about.service };
}

static uint32_t party_head(const struct gatherings *t, const struct party *p)
{
	return t->rows + (uint32_t)(party_hash(p, t->hash_key) % t->rows);
}

struct gatherings *gatherings_new(uint32_t most, uint64_t hash_key)
{
	struct gatherings *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->most = most;
	t->rows = most + GATHERING_SPARE;
	t->hash_key = hash_key;
	t->next_due = UINT64_MAX;
	t->at = calloc(t->rows, sizeof *t->at);
	t->due = calloc(t->rows, sizeof *t->due);
	t->by_party = calloc((size_t)t->rows * 2, sizeof *t->by_party);
	t->by_age = calloc((size_t)t->rows + 3, sizeof *t->by_age);
	if (t->at == NULL || t->due == NULL || t->by_party == NULL || t->by_age == NULL) {
		gatherings_free(t);
		return NULL;
	}
	for (uint32_t head = t->rows; head < t->rows + 3; head++)
		list_init(t->by_age, head);
	for (uint32_t i = 0; i < t->rows; i++) {
		list_init(t->by_party, t->rows + i);
		list_init(t->by_party, i);
		list_append(t->by_age, free_head(t), i);
		t->due[i] = UINT64_MAX;
	}
	return t;
}

void gatherings_free(struct gatherings *t)
{
	if (t == NULL)
		return;
	free(t->at);
	free(t->due);
	free(t->by_party);
	free(t->by_age);
	free(t);
}

struct gathering *gathering_at(struct gatherings *t, uint32_t row)
{
	return &t->at[row];
}

uint32_t gatherings_rows(const struct gatherings *t)
{
	return t->rows;
}

bool gatherings_full(const struct gatherings *t)
{
	return t->open >= t->most;
}

bool gathering_has_room(const struct gatherings *t)
{
	return !list_empty(t->by_age, free_head(t));
}

static uint32_t front_of(const struct gatherings *t, uint32_t head)
{
	return list_empty(t->by_age, head) ? GATHERING_NONE : t->by_age[head].next;
}

uint32_t gathering_oldest(const struct gatherings *t)
{
	return front_of(t, open_head(t));
}

uint32_t gathering_next_open(const struct gatherings *t, uint32_t row)
{
	uint32_t next = t->by_age[row].next;
	return next == open_head(t) ? GATHERING_NONE : next;
}

uint32_t gathering_first_ended(const struct gatherings *t)
{
	return front_of(t, ended_head(t));
}

uint32_t gathering_next_ended(const struct gatherings *t, uint32_t row)
{
	uint32_t next = t->by_age[row].next;
	return next == ended_head(t) ? GATHERING_NONE : next;
}

uint32_t gathering_next(const struct gatherings *t, const struct party *p, uint32_t row)
{
	uint32_t head = party_head(t, p);
	uint32_t i = row == GATHERING_NONE ? t->by_party[head].next : t->by_party[row].next;
	for (; i != head; i = t->by_party[i].next) {
		struct party other = party_of(&t->at[i]);
		if (party_equal(&other, p))
			return i;
	}
	return GATHERING_NONE;
}

uint32_t gathering_add(struct gatherings *t, const struct party *p)
{
	uint32_t row = t->by_age[free_head(t)].next;
	memset(&t->at[row], 0, sizeof t->at[row]);
	t->at[row].about.client = p->client;
	t->at[row].about.service = p->service;
	list_remove(t->by_age, row);
	list_append(t->by_age, open_head(t), row);
	list_append(t->by_party, party_head(t, p), row);
	t->due[row] = UINT64_MAX;
	t->open++;
	return row;
}

void gathering_heard(struct gatherings *t, uint32_t row)
{
	list_remove(t->by_age, row);
	list_append(t->by_age, open_head(t), row);
}

/* Only an open one is in its party's bucket. */
static void leave_open(struct gatherings *t, uint32_t row)
{
	if (list_empty(t->by_party, row))
		return;
	list_remove(t->by_party, row);
	t->due[row] = UINT64_MAX;
	t->open--;
}

void gathering_end(struct gatherings *t, uint32_t row)
{
	leave_open(t, row);
	list_remove(t->by_age, row);
	list_append(t->by_age, ended_head(t), row);
}

void gathering_drop(struct gatherings *t, uint32_t row)
{
	leave_open(t, row);
	list_remove(t->by_age, row);
	list_append(t->by_age, free_head(t), row);
	t->at[row].serial = 0;
}

void gathering_set_due(struct gatherings *t, uint32_t row, uint64_t due_us)
{
	t->due[row] = due_us;
	if (due_us < t->next_due)
		t->next_due = due_us;
}

static bool before(const struct gathering *a, const struct gathering *b)
{
	if (a->about.first_us != b->about.first_us)
		return a->about.first_us < b->about.first_us;
	if (a->about.id != b->about.id)
		return a->about.id < b->about.id;
	return a->rule < b->rule;
}

uint32_t gathering_due(struct gatherings *t, uint64_t now_us, uint64_t *ret_due_us)
{
	if (t->next_due > now_us)
		return GATHERING_NONE;
	uint32_t first = 0;
	for (uint32_t i = 1; i < t->rows; i++)
		if (t->due[i] < t->due[first] || (t->due[i] == t->due[first] && t->due[i] != UINT64_MAX &&
						  before(&t->at[i], &t->at[first])))
			first = i;
	t->next_due = t->due[first];
	*ret_due_us = t->due[first];
	return t->due[first] <= now_us && t->due[first] != UINT64_MAX ? first : GATHERING_NONE;
}

uint32_t gathering_first(const struct gatherings *t)
{
	uint32_t head = open_head(t), first = GATHERING_NONE;
	for (uint32_t i = t->by_age[head].next; i != head; i = t->by_age[i].next)
		if (first == GATHERING_NONE || before(&t->at[i], &t->at[first]))
			first = i;
	return first;
}
