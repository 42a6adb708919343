/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The places of a meeting: merged over its flows by address, port, protocol and what they are. */
#include "ledger/gathering.h"

static bool is_heavy(const struct event_place *p)
{
	return (p->roles & (ROLE_KEY | ROLE_MEDIA)) != 0;
}

/* Below 0: a matters more than b. The address makes the order the same on every run. */
static int compare(const struct event_place *a, const struct event_place *b)
{
	int acts = (int)verdict_acts(&b->verdict, b->stage) - (int)verdict_acts(&a->verdict, a->stage);
	if (acts != 0)
		return acts;
	if (verdict_acts(&a->verdict, a->stage) && a->verdict.action != b->verdict.action)
		return b->verdict.action - a->verdict.action;
	int heavy = (int)is_heavy(b) - (int)is_heavy(a);
	if (heavy != 0)
		return heavy;
	if (a->stage != b->stage)
		return b->stage - a->stage;
	uint64_t a_bytes = a->bytes[0] + a->bytes[1], b_bytes = b->bytes[0] + b->bytes[1];
	if (a_bytes != b_bytes)
		return a_bytes > b_bytes ? -1 : 1;
	int address = address_compare(&a->at, &b->at);
	if (address != 0)
		return address;
	if (a->port != b->port)
		return a->port - b->port;
	return a->proto != b->proto ? a->proto - b->proto : a->place - b->place;
}

struct event_place *place_like(struct meeting *m, const struct event_place *like)
{
	for (unsigned i = 0; i < m->place_count; i++) {
		struct event_place *p = &m->place[i];
		if (address_equal(&p->at, &like->at) && p->port == like->port && p->proto == like->proto &&
		    p->place == like->place)
			return p;
	}
	return NULL;
}

/* Room for a place that is not there: the least of the others goes if this one matters more. A flow that comes
 * again (not fresh) was lost before: then its place was counted as lost, and one that goes takes its number. */
static struct event_place *make_room(struct meeting *m, const struct event_place *for_this, bool fresh)
{
	if (m->place_count < EVENT_PLACES)
		return &m->place[m->place_count++];
	struct event_place *least = &m->place[0];
	for (unsigned i = 1; i < m->place_count; i++)
		if (compare(&m->place[i], least) > 0)
			least = &m->place[i];
	m->places_lost += fresh;
	return compare(for_this, least) < 0 ? least : NULL;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a != 0 && a < b ? a : b;
}
static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What was said of a place only grows worse; where it stands and its name are the latest. */
static void merge(struct event_place *p, const struct event_place *now)
{
	p->roles |= now->roles;
	p->basis |= now->basis;
	p->media |= now->media;
	p->evidence |= now->evidence;
	p->stage = now->stage > p->stage ? now->stage : p->stage;
	p->path = now->path != PATH_NONE ? now->path : p->path;
	p->where = now->where;
	if (now->verdict.action >= p->verdict.action)
		p->verdict = now->verdict;
	if (now->name_bytes > 0) {
		p->name_bytes = now->name_bytes;
		p->name_cut = now->name_cut;
		memcpy(p->name, now->name, FACT_NAME_BYTES);
	}
	p->first_us = earlier(p->first_us, now->first_us);
	p->last_us = later(p->last_us, now->last_us);
}

static struct event_place place_of_fact(const struct flow_fact *f, unsigned place)
{
	const struct place_fact *at = &f->place[place];
	struct event_place p = {
		.at = at->at,
		.port = at->port,
		.proto = f->key.proto,
		.place = (uint8_t)place,
		.roles = f->now.roles,
		.basis = f->now.basis,
		.media = f->now.media,
		.stage = f->now.stage,
		.path = f->now.path,
		.evidence = f->now.evidence,
		.where = at->where,
		.verdict = at->verdict,
		.first_us = f->first_us,
		.last_us = f->last_us,
		.name_cut = (f->flags & FLOW_NAME_CUT) != 0,
	};
	if (place != PLACE_SERVER) {
		p.via = *fact_server(f);
		p.via_port = fact_server_port(f);
		return p; /* the name is the server's */
	}
	p.name_bytes = f->name_bytes < FACT_NAME_BYTES ? f->name_bytes : FACT_NAME_BYTES;
	memcpy(p.name, f->name, p.name_bytes);
	return p;
}

struct event_place *place_find(struct meeting *m, const struct flow_fact *f, unsigned place)
{
	struct event_place like = place_of_fact(f, place);
	return place_like(m, &like);
}

struct event_place *place_touch(struct meeting *m, const struct flow_fact *f, unsigned place, bool fresh,
				bool *ret_laid)
{
	struct event_place now = place_of_fact(f, place), *p = place_like(m, &now);
	*ret_laid = p == NULL;
	if (p != NULL) {
		merge(p, &now);
		return p;
	}
	p = make_room(m, &now, fresh);
	if (p != NULL)
		*p = now;
	return p;
}

void place_remove(struct meeting *m, struct event_place *p)
{
	*p = m->place[--m->place_count];
}

void meeting_merge(struct meeting *into, const struct meeting *from)
{
	for (unsigned i = 0; i < from->place_count; i++) {
		const struct event_place *theirs = &from->place[i];
		struct event_place *p = place_like(into, theirs);
		if (p == NULL) {
			p = make_room(into, theirs, true);
			if (p != NULL)
				*p = *theirs;
			continue;
		}
		merge(p, theirs);
		p->flows += theirs->flows;
		traffic_add(p->packets, p->bytes,
			    &(struct traffic){ { theirs->packets[0], theirs->packets[1] },
					       { theirs->bytes[0], theirs->bytes[1] } });
	}
	into->flows += from->flows;
	into->roles |= from->roles;
	into->media |= from->media;
	into->places_lost += from->places_lost;
	traffic_add(into->packets, into->bytes,
		    &(struct traffic){ { from->packets[0], from->packets[1] },
				       { from->bytes[0], from->bytes[1] } });
}

void meeting_sort(struct meeting *m)
{
	for (unsigned i = 1; i < m->place_count; i++) {
		struct event_place moving = m->place[i];
		unsigned at = i;
		for (; at > 0 && compare(&moving, &m->place[at - 1]) < 0; at--)
			m->place[at] = m->place[at - 1];
		m->place[at] = moving;
	}
}
