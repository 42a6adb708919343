/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few clients, servers, names and addresses, told in any order the bytes say. Holds: an answer that is doubted
 * changes no name of any address; a name that is given was told for that address by an answer that was believed,
 * and no later than a day ago; each call counts one doubt at most (and one believed answer beside it). */
#include <stdlib.h>

#include "places/places.h"

enum { ADDRESSES = 12, NAMES = 12, STEPS = 400, DAY_US_MORE = 86401 };

struct world {
	struct places *t;
	uint64_t now_us;
	uint64_t told_us[ADDRESSES][NAMES]; /* when last believed; 0: never */
};

static void hold(bool so)
{
	if (!so)
		abort();
}

static struct address address_number(unsigned i)
{
	return address_from_v4(0xC6336400u + i % ADDRESSES);
}

/* A name for each number, one of them too long for a short slot. */
static void name_number(unsigned i, char ret[DNS_NAME_BYTES])
{
	i %= NAMES;
	size_t n = i == 3 ? 60 : 1;
	memset(ret, 'a' + (int)i, n);
	ret[n] = '\0';
}

static unsigned number_of(struct span name)
{
	char want[DNS_NAME_BYTES];
	hold(name.len > 0 && name.at[0] >= 'a' && name.at[0] < 'a' + NAMES);
	unsigned i = name.at[0] - (unsigned)'a';
	name_number(i, want);
	hold(span_equal(name, span_text(want)));
	return i;
}

/* All names of all addresses, one byte each. */
static void look(const struct world *w, uint8_t ret[ADDRESSES][PLACE_NAMES])
{
	memset(ret, 0xFF, ADDRESSES * PLACE_NAMES);
	for (unsigned a = 0; a < ADDRESSES; a++) {
		struct address at = address_number(a);
		struct span names[PLACE_NAMES];
		size_t n = places_names(w->t, &at, w->now_us, names);
		hold(n <= PLACE_NAMES);
		for (size_t i = 0; i < n; i++) {
			unsigned name = number_of(names[i]);
			ret[a][i] = (uint8_t)name;
			hold(w->told_us[a][name] != 0 &&
			     w->now_us - w->told_us[a][name] < DAY_US_MORE * 1000000ull);
		}
	}
}

static uint16_t put_name(struct dns_message *m, unsigned number)
{
	uint16_t at = m->names_bytes;
	name_number(number, m->names + at);
	m->names_bytes = (uint16_t)(at + strlen(m->names + at) + 1);
	return at;
}

static void put_records(struct cursor *c, struct dns_message *m)
{
	static const uint16_t types[] = { 1, 1, 5, 28 };
	for (unsigned count = cursor_uint(c, 1) % 14; count > 0; count--) {
		unsigned names = cursor_uint(c, 1), which = cursor_uint(c, 1);
		struct dns_record *r = &m->record[m->record_count++];
		*r = (struct dns_record){ .type = types[which >> 6],
					  .ttl_s = which << 10,
					  .at = address_number(which) };
		r->owner = put_name(m, names & 15);
		r->target = put_name(m, names >> 4);
	}
}

static uint64_t sum_of(const uint64_t *doubts)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < DNS_DOUBTS; i++)
		sum += doubts[i];
	return sum;
}

static void believe(struct world *w, const struct dns_message *m)
{
	for (unsigned a = 0; a < ADDRESSES; a++)
		for (size_t i = 0; i < m->record_count; i++) {
			struct address at = address_number(a);
			if (m->record[i].type == 5 || !address_equal(&at, &m->record[i].at))
				continue;
			w->told_us[a][number_of(span_of(m->question, m->question_bytes))] = w->now_us;
			for (size_t k = 0; k < m->record_count; k++)
				w->told_us[a][number_of(span_text(m->names + m->record[k].target))] =
					w->now_us;
		}
}

static void tell(struct world *w, struct cursor *c)
{
	static struct dns_message m;
	static uint8_t before[ADDRESSES][PLACE_NAMES], after[ADDRESSES][PLACE_NAMES];
	memset(&m, 0, sizeof m);
	unsigned ends = cursor_uint(c, 1), what = cursor_uint(c, 1);
	m.answer = ends & 1;
	m.id = ends >> 1 & 3;
	m.type = ends >> 3 & 1 ? 28 : 1;
	m.truncated = what == 255;
	name_number(what, m.question);
	m.question_bytes = (uint8_t)strlen(m.question);
	if (m.answer)
		put_records(c, &m);
	struct packet p = { .at_us = w->now_us, .from_hi = m.answer };
	p.key.lo = address_from_v4(0x0A000001u + (ends >> 4 & 1));
	p.key.hi = address_from_v4(0xC0000235u + (ends >> 5 & 1));
	p.key.lo_port = (uint16_t)(40000 + (ends >> 6 & 1));
	p.key.hi_port = ends >> 7 && what % 16 == 0 ? 5353 : 53;
	p.key.proto = PROTO_UDP;
	look(w, before);
	uint64_t counted = sum_of(places_doubts(w->t));
	enum dns_doubt doubt = places_dns(w->t, &m, &p);
	hold(doubt < DNS_DOUBTS);
	if (m.answer && !m.truncated && (doubt == DNS_BELIEVED || doubt == DNS_BAILIWICK))
		believe(w, &m);
	look(w, after);
	bool may_change = doubt == DNS_BELIEVED || doubt == DNS_BAILIWICK;
	hold((may_change && m.answer) || memcmp(before, after, sizeof before) == 0);
	counted = sum_of(places_doubts(w->t)) - counted;
	hold(m.answer && !m.truncated ? counted == 1 || (counted == 2 && doubt == DNS_BAILIWICK)
				      : counted == 0);
}

static void locate(struct world *w, struct cursor *c)
{
	unsigned what = cursor_uint(c, 1);
	struct address at = address_number(what);
	struct location where = { .count = (uint8_t)what };
	places_locate(w->t, &at, w->now_us, what & 3, (uint16_t)(what >> 6), &where);
	const struct location *got = places_location(w->t, &at, what & 3, (uint16_t)(what >> 6));
	hold(got != NULL && memcmp(got, &where, sizeof where) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint64_t key[2] = { 0, 0 };
	static const struct prefix resolvers[1] = {
		{ { { [10] = 255, [11] = 255, [12] = 192, [14] = 2, [15] = 53 } }, 128 }
	};
	struct cursor c = cursor_of(span_of(data, len));
	struct world w = { .now_us = 1700000000u * 1000000ull };
	w.t = places_new(8, key, resolvers, cursor_uint(&c, 1) & 1);
	hold(w.t != NULL);
	for (unsigned steps = 0; steps < STEPS && cursor_more(&c); steps++) {
		unsigned verb = cursor_uint(&c, 1);
		if (verb < 16)
			w.now_us += (uint64_t)(verb + 1) * (verb + 1) * (verb + 1) * 1000000;
		else if (verb < 32)
			locate(&w, &c);
		else
			tell(&w, &c);
	}
	places_free(w.t);
	return 0;
}
