/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "places/questions.h"

#include <stdlib.h>

#include "base/siphash.h"

bool questions_init(struct questions *t, size_t most, const uint64_t hash_key[2])
{
	*t = (struct questions){ .key = { hash_key[0], hash_key[1] } };
	if (!ways_init(&t->ways, sizeof(struct question), most))
		return false;
	t->hints = t->ways.buckets * WAYS * 2;
	t->but_port = calloc(t->hints, sizeof t->but_port[0]);
	t->but_id = calloc(t->hints, sizeof t->but_id[0]);
	return t->but_port != NULL && t->but_id != NULL;
}

void questions_done(struct questions *t)
{
	ways_done(&t->ways);
	free(t->but_port);
	free(t->but_id);
}

/* What is left out is 0 here. */
static uint64_t hash_of(const struct questions *t, const struct exchange *x, bool server, bool port, bool id)
{
	struct {
		struct address client, server;
		uint16_t port, id, proto, zero;
	} key = { .client = x->client, .proto = x->proto };
	if (server)
		key.server = x->server;
	key.port = port ? x->client_port : 0;
	key.id = id ? x->id : 0;
	return siphash13(t->key, &key, sizeof key);
}
static size_t bucket_of(const struct questions *t, const struct exchange *x)
{
	return ways_bucket(&t->ways, hash_of(t, x, false, true, true));
}
static uint32_t *hint_but_port(const struct questions *t, const struct exchange *x)
{
	return &t->but_port[hash_of(t, x, true, false, true) & (t->hints - 1)];
}
static uint32_t *hint_but_id(const struct questions *t, const struct exchange *x)
{
	return &t->but_id[hash_of(t, x, true, true, false) & (t->hints - 1)];
}

static bool same_ends(const struct exchange *a, const struct exchange *b)
{
	return address_equal(&a->client, &b->client) && a->proto == b->proto;
}
static bool same_server(const struct exchange *a, const struct exchange *b)
{
	return address_equal(&a->server, &b->server);
}
static bool same_name(const struct exchange *a, const struct exchange *b)
{
	return a->name == b->name && a->type == b->type;
}
static bool is_open(const struct question *q, uint64_t at_us)
{
	return at_us <= q->asked_us + QUESTION_OPEN_US;
}

/* The question of this exchange, of whatever age. Else NULL, and *ret_doubt where an open question differs only in
 * its server, or only in its name. */
static struct question *find_asked(const struct questions *t, const struct exchange *x, uint64_t at_us,
				   enum dns_doubt *ret_doubt)
{
	size_t bucket = bucket_of(t, x);
	for (size_t i = 0; i < WAYS; i++) {
		struct question *q = ways_slot(&t->ways, bucket + i);
		if (q->way.client == 0 || !same_ends(&q->x, x) || q->x.client_port != x->client_port ||
		    q->x.id != x->id)
			continue;
		bool server = same_server(&q->x, x), name = same_name(&q->x, x);
		if (server && name)
			return q;
		if (is_open(q, at_us) && server)
			*ret_doubt = DNS_WRONG_NAME;
		else if (is_open(q, at_us) && name && *ret_doubt == DNS_UNASKED)
			*ret_doubt = DNS_WRONG_SERVER;
	}
	return NULL;
}

void questions_ask(struct questions *t, const struct exchange *x, uint16_t tag, uint64_t at_us)
{
	enum dns_doubt ignored = DNS_UNASKED;
	uint32_t now_s = (uint32_t)(at_us / 1000000), until_s = now_s + QUESTION_OPEN_US / 1000000;
	struct question *q = find_asked(t, x, at_us, &ignored);
	if (q == NULL)
		q = ways_add(&t->ways, bucket_of(t, x), tag, now_s, until_s);
	ways_touch(&t->ways, q, tag, until_s);
	q->x = *x;
	q->asked_us = at_us;
	q->answered = false;
	*hint_but_port(t, x) = *hint_but_id(t, x) = (uint32_t)ways_number(&t->ways, q) + 1;
}

/* A hint may have been overwritten, or its question forgotten: it is held against the question itself. */
static bool is_hinted(const struct questions *t, uint32_t hint, const struct exchange *x, uint64_t at_us,
		      bool by_id)
{
	if (hint == 0)
		return false;
	const struct question *q = ways_slot(&t->ways, hint - 1);
	bool same = by_id ? q->x.id == x->id : q->x.client_port == x->client_port;
	return same && same_ends(&q->x, x) && same_server(&q->x, x) && is_open(q, at_us);
}

enum dns_doubt questions_match(const struct questions *t, const struct exchange *x, uint64_t at_us,
			       struct question **ret)
{
	enum dns_doubt doubt = DNS_UNASKED;
	struct question *q = find_asked(t, x, at_us, &doubt);
	if (q != NULL && !is_open(q, at_us))
		return DNS_LATE;
	if (q != NULL) {
		*ret = q;
		return DNS_BELIEVED;
	}
	if (doubt != DNS_UNASKED)
		return doubt;
	if (is_hinted(t, *hint_but_id(t, x), x, at_us, false))
		return DNS_WRONG_ID;
	return is_hinted(t, *hint_but_port(t, x), x, at_us, true) ? DNS_WRONG_PORT : DNS_UNASKED;
}
