/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/siphash.h"
#include "engine/state.h"
#include "geo/geo.h"
#include "policy/policy.h"

uint64_t flow_id(const struct flow *f)
{
	static const uint64_t no_key[2]; /* an id is no secret, and the same on every run */
	struct {
		struct flow_key key;
		uint64_t first_us;
	} what = { f->key, f->first_us };
	return siphash13(no_key, &what, sizeof what);
}

struct where {
	const struct address *at;
	uint16_t port;
	struct match told; /* what the catalogue told that bears on its location */
};

/* Which places a flow has: the far end, a relay's outer address, a peer behind a relay. */
static bool place_at(const struct engine *e, const struct flow *f, const struct detail *d, enum place_of which,
		     struct where *ret)
{
	static const uint8_t mark[PLACES] = { 0, MARK_TOLD_RELAY, MARK_TOLD_PEER };
	memset(ret, 0, sizeof *ret);
	if (which == PLACE_SERVER) {
		ret->at = flow_server(f);
		ret->port = flow_server_port(f);
		ret->told.site = d->site;
		ret->told.site_row = d->site_row;
		ret->told.site_unsure = d->site_row != 0 && book_site(e->book, d->site_row - 1u)->unsure;
	} else if (d->marks & mark[which]) {
		ret->at = &d->told[which - PLACE_RELAY];
		ret->port = d->told_port[which - PLACE_RELAY];
	} else
		return false;
	uint32_t row = catalogue_prefix(e->book, ret->at);
	while (row != 0 && book_prefix(e->book, row - 1)->service != f->now.service)
		row = book_prefix(e->book, row - 1)->parent; /* the service's own, around another's */
	ret->told.service = f->now.service;
	ret->told.in_prefix = row != 0;
	ret->told.prefix_place = row != 0 ? book_prefix(e->book, row - 1)->place : 0;
	return true;
}

static struct location locate(struct engine *e, const struct where *w)
{
	const struct location *known = places_location(e->places, w->at, e->epoch, w->told.site_row);
	if (known != NULL)
		return *known;
	struct location where = geo_locate(e->book, w->at, &w->told, NULL);
	places_locate(e->places, w->at, e->now_us, e->epoch, w->told.site_row, &where);
	return where;
}

void judge(struct engine *e, struct flow *f, struct detail *d)
{
	struct location where[PLACES];
	struct where w;
	struct question q = { .flow = &f->now, .client = f->now.client_is_hi ? &f->key.hi : &f->key.lo,
			      .at_us = e->now_us };
	if (f->epoch != e->epoch)
		find_ends(e, f, d);
	f->epoch = e->epoch;
	f->now.rule = 0;
	f->now.action = ACTION_PERMIT;
	memset(d->verdict, 0, sizeof d->verdict);
	if (!book_settings(e->book)->has_policy || f->flags & FLOW_BOTH_LOCAL)
		return;
	for (unsigned i = 0; i < PLACES; i++)
		if (place_at(e, f, d, i, &w)) {
			where[i] = locate(e, &w);
			q.place[i] = &where[i];
		}
	struct verdict v = policy_decide(e->book, &q, d->verdict, NULL);
	f->now.rule = v.rule;
	f->now.action = v.action;
}

static void fill_place(struct engine *e, const struct flow *f, const struct detail *d, enum place_of which,
		       struct place_fact *ret)
{
	struct where w;
	if (!place_at(e, f, d, which, &w))
		return;
	ret->set = 1;
	ret->at = *w.at;
	ret->port = w.port;
	ret->verdict = d->verdict[which];
	if (book_settings(e->book)->has_policy)
		ret->where = locate(e, &w);
}

/* The place's verdict that policy_decide called the worst. */
static struct verdict worst_of(const struct flow_fact *x)
{
	struct verdict worst = { 0 };
	uint8_t coverage = 0;
	for (unsigned i = PLACES; i-- > 0;) {
		const struct verdict *v = &x->place[i].verdict;
		coverage |= v->coverage;
		if (x->place[i].set && v->rule == x->now.rule && v->action == x->now.action)
			worst = *v;
	}
	worst.coverage = coverage;
	return worst;
}

void tell(struct engine *e, struct flow *f, struct detail *d, enum fact_kind kind, unsigned flags)
{
	bool conferencing = d != NULL && f->now.service != SERVICE_NONE;
	if (conferencing && f->epoch != e->epoch)
		judge(e, f, d);
	struct flow_fact *x = &e->facts[(e->facts_first + e->facts_count) % FACTS];
	unsigned client = f->now.client_is_hi;
	memset(x, 0, sizeof *x);
	x->id = flow_id(f);
	x->at_us = e->now_us;
	x->first_us = f->first_us;
	x->last_us = f->last_us;
	for (unsigned i = 0; i < 2; i++) {
		x->packets[i] = f->way[client ^ i].packets;
		x->bytes[i] = f->way[client ^ i].bytes;
	}
	x->key = f->key;
	x->now = f->now;
	x->generation = e->book->header->generation;
	x->source = f->source;
	x->vlan = f->vlan;
	x->flags = (uint16_t)(f->flags | flags);
	if (x->packets[0] == 0 || x->packets[1] == 0)
		x->flags |= FLOW_ONE_WAY;
	x->kind = (uint8_t)kind;
	if (d != NULL)
		d->marks &= (uint8_t)~MARK_TOLD;
	if (conferencing) {
		for (unsigned i = 0; i < PLACES; i++)
			fill_place(e, f, d, i, &x->place[i]);
		x->verdict = worst_of(x);
		x->name_bytes = d->name_bytes;
		memcpy(x->name, d->name, d->name_bytes);
		d->marks |= MARK_TOLD;
		d->told_at = step_of(e);
	}
	e->facts_count++;
}
