/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "places/places.h"

#include <stdlib.h>

#include "base/siphash.h"
#include "places/answer.h"
#include "places/names.h"
#include "places/questions.h"

enum {
	DNS_SERVER_PORT = 53, /* never 5353, 5355 or 137: anybody on the link answers there */
	KEEP_LEAST_S = 60,    /* browsers hold names and connections beyond a TTL, and TTL 0 occurs */
	KEEP_MOST_S = 86400,
	RESOLVERS_SEEN = 512, /* a power of two, half of it used */
	TAG_NOBODY = 1,
};

struct place {
	struct way way;
	struct address at;
	uint8_t count;
	struct name_ref name[PLACE_NAMES]; /* newest answer first */
};
_Static_assert(sizeof(struct place) == 128, "with its share of texts and locations about 200 B an address");

struct located {
	struct way way;
	struct address at;
	uint32_t generation;
	uint16_t site_row;
	struct location where;
};

struct places {
	uint64_t key[2];
	const struct prefix *resolvers;
	size_t resolver_count, seen_count;
	struct address seen[RESOLVERS_SEEN];
	uint64_t doubts[DNS_DOUBTS];
	struct questions questions;
	struct names names;
	struct ways places, located;
};

static size_t within(size_t n, size_t least, size_t most)
{
	return n < least ? least : n > most ? most : n;
}

struct places *places_new(size_t most, const uint64_t hash_key[2], const struct prefix *resolvers,
			  size_t resolver_count)
{
	struct places *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	memcpy(t->key, hash_key, sizeof t->key);
	t->resolvers = resolvers;
	t->resolver_count = resolver_count;
	/* Each may fail; places_free takes what there is. A medium sensor asks some hundred questions a second. */
	bool all = questions_init(&t->questions, within(most / 16, 256, 65536), hash_key);
	all = names_init(&t->names, most, hash_key) && all;
	all = ways_init(&t->places, sizeof(struct place), most) && all;
	all = ways_init(&t->located, sizeof(struct located), within(most / 16, 64, most)) && all;
	if (all)
		return t;
	places_free(t);
	return NULL;
}

void places_free(struct places *t)
{
	if (t == NULL)
		return;
	questions_done(&t->questions);
	names_done(&t->names);
	ways_done(&t->places);
	ways_done(&t->located);
	free(t);
}

void places_believe(struct places *t, const struct prefix *resolvers, size_t resolver_count)
{
	t->resolvers = resolvers;
	t->resolver_count = resolver_count;
}

static uint32_t seconds_of(uint64_t at_us)
{
	return (uint32_t)(at_us / 1000000);
}

/* ---- places ---- */

static size_t bucket_of(const struct places *t, const struct address *at)
{
	return ways_bucket(&t->places, siphash13(t->key, at->bytes, sizeof at->bytes));
}

static struct place *find_place(const struct places *t, const struct address *at)
{
	size_t bucket = bucket_of(t, at);
	for (size_t i = 0; i < WAYS; i++) {
		struct place *p = ways_slot(&t->places, bucket + i);
		if (p->way.client != 0 && address_equal(&p->at, at))
			return p;
	}
	return NULL;
}

static struct place *touch_place(struct places *t, const struct address *at, uint16_t tag, uint32_t now_s,
				 uint32_t until_s)
{
	struct place *p = find_place(t, at);
	if (p == NULL)
		p = ways_add(&t->places, bucket_of(t, at), tag, now_s, until_s);
	p->at = *at;
	ways_touch(&t->places, p, tag, until_s);
	return p;
}

/* It is not quiet, and neither are its names. */
static void keep_place(struct places *t, const struct address *at)
{
	struct place *p = find_place(t, at);
	if (p == NULL)
		return;
	ways_touch(&t->places, p, p->way.client, 0);
	for (size_t i = 0; i < p->count; i++)
		names_keep(&t->names, &p->name[i]);
}

/* Which of more names than a place can hold is let go: of the client that gave most of them the last, so that one
 * client cannot push the others' names from an address. */
static size_t worst_name(const struct name_ref *name, size_t count)
{
	size_t worst = 0, most = 0;
	for (size_t i = 0; i < count; i++) {
		size_t held = 0;
		for (size_t j = 0; j < count; j++)
			held += name[j].client == name[i].client;
		if (held >= most)
			worst = i, most = held;
	}
	return worst;
}

/* The names of an answer before those that the place had. */
static void name_place(struct places *t, struct place *p, const struct name_ref *fresh, size_t count,
		       uint32_t now_s)
{
	struct name_ref all[PLACE_NAMES * 2];
	memcpy(all, fresh, count * sizeof all[0]);
	size_t n = count;
	for (size_t i = 0; i < p->count; i++) {
		const struct name_ref *old = &p->name[i];
		struct name_ref *again = name_among(all, count, old);
		if (again != NULL)
			again->until_s = again->until_s > old->until_s ? again->until_s : old->until_s;
		else if (names_holds(&t->names, old, now_s))
			all[n++] = *old;
	}
	for (; n > PLACE_NAMES; n--) {
		for (size_t out = worst_name(all, n); out + 1 < n; out++)
			all[out] = all[out + 1];
	}
	memcpy(p->name, all, n * sizeof all[0]);
	p->count = (uint8_t)n;
}

size_t places_names(const struct places *t, const struct address *at, uint64_t now_us,
		    struct span ret[PLACE_NAMES])
{
	const struct place *p = find_place(t, at);
	size_t n = 0;
	for (size_t i = 0; p != NULL && i < p->count; i++)
		if (names_holds(&t->names, &p->name[i], seconds_of(now_us)))
			ret[n++] = names_text(&t->names, &p->name[i]);
	return n;
}

/* ---- answers ---- */

static bool is_resolver(const struct places *t, const struct address *server)
{
	for (size_t i = 0; i < t->resolver_count; i++)
		if (prefix_holds(&t->resolvers[i], server))
			return true;
	return t->resolver_count == 0;
}

static void note_resolver(struct places *t, const struct address *server)
{
	if (t->resolver_count > 0 || t->seen_count == RESOLVERS_SEEN / 2)
		return;
	size_t i = siphash13(t->key, server->bytes, sizeof server->bytes) % RESOLVERS_SEEN;
	static const struct address free_place;
	for (; !address_equal(&t->seen[i], &free_place); i = (i + 1) % RESOLVERS_SEEN)
		if (address_equal(&t->seen[i], server))
			return;
	t->seen[i] = *server;
	t->seen_count++;
}

/* Nobody's machine on the far side stands there: a blocklist's 0.0.0.0, a name for one's own loopback. */
static bool is_host(const struct address *at)
{
	enum address_class class = address_class_of(at);
	return class == ADDRESS_GLOBAL || class == ADDRESS_PRIVATE;
}

static void believe(struct places *t, const struct answer *a, uint16_t tag, uint32_t now_s)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct dns_record *r = a->take[i];
		if (!is_host(&r->at))
			continue;
		uint32_t until_s = now_s + (uint32_t)within(r->ttl_s, KEEP_LEAST_S, KEEP_MOST_S);
		struct name_ref fresh[PLACE_NAMES];
		size_t count = within(a->depth[i] + 1u, 1, PLACE_NAMES);
		for (size_t k = 0; k < count; k++)
			fresh[k] = names_touch(&t->names, span_text(a->chain[k]), tag, now_s, until_s);
		name_place(t, touch_place(t, &r->at, tag, now_s, until_s), fresh, count, now_s);
	}
}

/* An answer, held against the questions. */
static enum dns_doubt hear(struct places *t, const struct dns_message *m, const struct exchange *x,
			   uint16_t tag, uint64_t at_us)
{
	struct question *q;
	enum dns_doubt doubt = questions_match(&t->questions, x, at_us, &q);
	if (doubt != DNS_BELIEVED)
		return doubt;
	if (!is_resolver(t, &x->server))
		return DNS_NO_RESOLVER;
	struct answer a;
	answer_read(m, t->key, &a);
	if (a.outside && a.count == 0) /* nothing to the question: it stays open */
		return DNS_BAILIWICK;
	if (q->answered && q->answer != a.digest)
		return DNS_CONFLICT;
	q->answered = true;
	q->answer = a.digest;
	note_resolver(t, &x->server);
	believe(t, &a, tag, seconds_of(at_us));
	t->doubts[DNS_BELIEVED] += a.outside; /* counted twice: for what was believed and for what was not */
	return a.outside ? DNS_BAILIWICK : DNS_BELIEVED;
}

static struct exchange exchange_of(const struct places *t, const struct dns_message *m,
				   const struct packet *from, uint16_t *ret_server_port)
{
	bool client_is_hi = from->from_hi != m->answer;
	const struct flow_key *k = &from->key;
	*ret_server_port = client_is_hi ? k->lo_port : k->hi_port;
	return (struct exchange){
		.client = client_is_hi ? k->hi : k->lo,
		.server = client_is_hi ? k->lo : k->hi,
		.client_port = client_is_hi ? k->hi_port : k->lo_port,
		.id = m->id,
		.type = m->type,
		.proto = k->proto,
		.name = answer_name_hash(m, t->key),
	};
}

enum dns_doubt places_dns(struct places *t, const struct dns_message *m, const struct packet *from)
{
	uint16_t server_port;
	struct exchange x = exchange_of(t, m, from, &server_port);
	uint16_t tag = (uint16_t)(siphash13(t->key, x.client.bytes, sizeof x.client.bytes) % UINT16_MAX + 1);
	if (!m->answer) {
		if (server_port == DNS_SERVER_PORT)
			questions_ask(&t->questions, &x, tag, from->at_us);
		return DNS_BELIEVED;
	}
	if (m->truncated || m->rcode != 0) /* the TCP retry follows; or there is nothing to believe */
		return DNS_BELIEVED;
	enum dns_doubt doubt =
		server_port == DNS_SERVER_PORT ? hear(t, m, &x, tag, from->at_us) : DNS_UNASKED;
	t->doubts[doubt]++;
	return doubt;
}

/* ---- locations ---- */

static size_t located_bucket(const struct places *t, const struct address *at, uint16_t site_row)
{
	uint8_t key[sizeof at->bytes + 2];
	memcpy(key, at->bytes, sizeof at->bytes);
	key[sizeof at->bytes] = (uint8_t)(site_row >> 8);
	key[sizeof at->bytes + 1] = (uint8_t)site_row;
	return ways_bucket(&t->located, siphash13(t->key, key, sizeof key));
}

static struct located *find_located(const struct places *t, const struct address *at, uint16_t site_row)
{
	size_t bucket = located_bucket(t, at, site_row);
	for (size_t i = 0; i < WAYS; i++) {
		struct located *l = ways_slot(&t->located, bucket + i);
		if (l->way.client != 0 && l->site_row == site_row && address_equal(&l->at, at))
			return l;
	}
	return NULL;
}

const struct location *places_location(const struct places *t, const struct address *at, uint32_t generation,
				       uint16_t site_row)
{
	const struct located *l = find_located(t, at, site_row);
	return l != NULL && l->generation == generation ? &l->where : NULL;
}

void places_locate(struct places *t, const struct address *at, uint64_t now_us, uint32_t generation,
		   uint16_t site_row, const struct location *where)
{
	uint32_t now_s = seconds_of(now_us);
	struct located *l = find_located(t, at, site_row);
	if (l == NULL)
		l = ways_add(&t->located, located_bucket(t, at, site_row), TAG_NOBODY, now_s, UINT32_MAX);
	ways_touch(&t->located, l, TAG_NOBODY, UINT32_MAX);
	l->at = *at;
	l->site_row = site_row;
	l->generation = generation;
	l->where = *where;
	keep_place(t, at); /* somebody meets there */
}

const uint64_t *places_doubts(const struct places *t)
{
	return t->doubts;
}
uint64_t places_evicted(const struct places *t)
{
	return t->places.evicted;
}
size_t places_resolvers_seen(const struct places *t)
{
	return t->seen_count;
}
