/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger/roll.h"

#include <stdlib.h>

#include "base/siphash.h"

/* Heads lie behind the rows: one a bucket; by_age has two, the rows in use and the free ones. */
struct roll {
	uint32_t size;
	uint64_t hash_key;
	struct member *member;
	struct link *by_id, *by_party, *by_age;
};

static uint32_t used_head(const struct roll *r)
{
	return r->size;
}
static uint32_t free_head(const struct roll *r)
{
	return r->size + 1;
}
/* The id is a keyed hash already. */
static uint32_t id_head(const struct roll *r, uint64_t id)
{
	return r->size + (uint32_t)(id % r->size);
}

bool party_equal(const struct party *a, const struct party *b)
{
	return a->service == b->service && address_equal(&a->client, &b->client);
}

uint64_t party_hash(const struct party *p, uint64_t hash_key)
{
	const uint64_t key[2] = { hash_key, 0 };
	uint8_t bytes[18];
	memcpy(bytes, p->client.bytes, 16);
	memcpy(bytes + 16, &p->service, 2);
	return siphash13(key, bytes, sizeof bytes);
}

static uint32_t party_head(const struct roll *r, const struct party *p)
{
	return r->size + (uint32_t)(party_hash(p, r->hash_key) % r->size);
}

struct roll *roll_new(uint32_t size, uint64_t hash_key)
{
	struct roll *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->size = size;
	r->hash_key = hash_key;
	r->member = calloc(size, sizeof *r->member);
	r->by_id = calloc((size_t)size * 2, sizeof *r->by_id);
	r->by_party = calloc((size_t)size * 2, sizeof *r->by_party);
	r->by_age = calloc((size_t)size + 2, sizeof *r->by_age);
	if (r->member == NULL || r->by_id == NULL || r->by_party == NULL || r->by_age == NULL) {
		roll_free(r);
		return NULL;
	}
	roll_clear(r);
	return r;
}

void roll_free(struct roll *r)
{
	if (r == NULL)
		return;
	free(r->member);
	free(r->by_id);
	free(r->by_party);
	free(r->by_age);
	free(r);
}

void roll_clear(struct roll *r)
{
	list_init(r->by_age, used_head(r));
	list_init(r->by_age, free_head(r));
	for (uint32_t i = 0; i < r->size; i++) {
		list_init(r->by_id, r->size + i);
		list_init(r->by_party, r->size + i);
		list_append(r->by_age, free_head(r), i);
	}
}

struct member *roll_at(struct roll *r, uint32_t row)
{
	return &r->member[row];
}

uint32_t roll_find(const struct roll *r, uint64_t id)
{
	uint32_t head = id_head(r, id);
	for (uint32_t i = r->by_id[head].next; i != head; i = r->by_id[i].next)
		if (r->member[i].fact.id == id)
			return i;
	return ROLL_NONE;
}

bool roll_full(const struct roll *r)
{
	return list_empty(r->by_age, free_head(r));
}

uint32_t roll_oldest(const struct roll *r)
{
	return list_empty(r->by_age, used_head(r)) ? ROLL_NONE : r->by_age[used_head(r)].next;
}

uint32_t roll_add(struct roll *r, uint64_t id, const struct party *p)
{
	uint32_t row = r->by_age[free_head(r)].next;
	r->member[row] = (struct member){ .fact.id = id, .party = *p, .gathering = ROLL_NONE };
	list_remove(r->by_age, row);
	list_append(r->by_age, used_head(r), row);
	list_append(r->by_id, id_head(r, id), row);
	list_append(r->by_party, party_head(r, p), row);
	return row;
}

void roll_heard(struct roll *r, uint32_t row)
{
	list_remove(r->by_age, row);
	list_append(r->by_age, used_head(r), row);
}

void roll_move(struct roll *r, uint32_t row, const struct party *p)
{
	list_remove(r->by_party, row);
	r->member[row].party = *p;
	list_append(r->by_party, party_head(r, p), row);
}

void roll_remove(struct roll *r, uint32_t row)
{
	list_remove(r->by_id, row);
	list_remove(r->by_party, row);
	list_remove(r->by_age, row);
	list_append(r->by_age, free_head(r), row);
}

uint32_t roll_next(const struct roll *r, const struct party *p, uint32_t row)
{
	uint32_t head = party_head(r, p);
	uint32_t i = row == ROLL_NONE ? r->by_party[head].next : r->by_party[row].next;
	while (i != head && !party_equal(&r->member[i].party, p))
		i = r->by_party[i].next;
	return i == head ? ROLL_NONE : i;
}
