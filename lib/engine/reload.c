/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another book under flows that live on. Rows are renumbered at once, so that no flow ever holds a row of a book that is
 * gone; judging and telling again cost more, and are spread over time. */
#include <assert.h>
#include <stdlib.h>

#include "engine/state.h"

enum {
	ROWS = 1 << 16,
	RETELL_FACTS = 128, /* at once: some hundred microseconds, where a rule costs little */
	RETELL_LOOKS = 8192,
};

/* The new row of each former one. */
struct renumbering {
	uint16_t service[ROWS];   /* SERVICE_NONE: gone */
	uint16_t component[ROWS]; /* 0: gone */
	uint16_t site[ROWS];      /* + 1; 0: gone */
};

struct change {
	const struct book *was, *is;
	struct renumbering *rows;
};

struct renumbering *renumbering_new(void)
{
	return calloc(1, sizeof(struct renumbering)); /* pages that no row needs are never touched */
}

/* ---- rows by name ---- */

static bool same_text(const struct change *c, struct book_text was, struct book_text is)
{
	return was.bytes == is.bytes &&
	       memcmp(book_string(c->was, was), book_string(c->is, is), was.bytes) == 0;
}

static bool same_service(const struct change *c, size_t was, size_t is)
{
	return same_text(c, book_service(c->was, was)->name, book_service(c->is, is)->name);
}

static bool same_component(const struct change *c, size_t was, size_t is)
{
	return same_text(c, book_component(c->was, was)->name, book_component(c->is, is)->name);
}

static bool same_site(const struct change *c, size_t was, size_t is)
{
	const struct book_site *a = book_site(c->was, was), *b = book_site(c->is, is);
	return c->rows->service[a->service] == b->service && same_text(c, a->code, b->code);
}

/* Rows mostly keep their order: the one behind the last one found is tried first. Adds `base` to each row. True: none has
 * moved. */
static bool renumber(const struct change *c, enum book_section_id id,
		     bool (*same)(const struct change *c, size_t was, size_t is), uint16_t base,
		     uint16_t *ret)
{
	size_t most = ROWS, next = 0;
	size_t was = c->was->count[id] < most ? c->was->count[id] : most;
	size_t is = c->is->count[id] < most - base ? c->is->count[id] : most - base;
	bool still = true;
	for (size_t row = 0; row < was; row++) {
		size_t n = 0;
		while (n < is && !same(c, row, (next + n) % is))
			n++;
		bool gone = n == is;
		size_t found = gone ? 0 : (next + n) % is;
		ret[row] = (uint16_t)(gone ? 0 : found + base);
		next = gone ? next : found + 1;
		still &= !gone && found == row;
	}
	return still;
}

static bool sites_stand(const struct change *c)
{
	for (size_t i = 0; i < c->was->count[BOOK_SITE]; i++)
		if (book_site(c->was, i)->place != book_site(c->is, i)->place)
			return false;
	return true;
}

/* ---- flows ---- */

/* What its payloads tell of any service stays. */
static void lose_service(struct engine *e, struct flow *f, struct detail *d)
{
	static const uint8_t kept = EV_PAYLOAD | EV_DECLARED | EV_ANSWER;
	bool conferencing = d->tells & (TELLS_SESSION | TELLS_KEYS | TELLS_CLEAR_KEYS | TELLS_MEDIA);
	struct conclusion was = f->now;
	f->now = (struct conclusion){ .client_is_hi = was.client_is_hi };
	f->flags &= (uint8_t)~FLOW_STANDING;
	f->looks = 0;
	d->may = 0;
	if (!conferencing) {
		detail_move(e->details, d, LIST_UNDECIDED);
		return;
	}
	f->now.service = SERVICE_UNKNOWN;
	f->now.roles = (uint8_t)roles_told(d->tells);
	f->now.basis = (uint8_t)basis_told(d->tells);
	f->now.evidence = was.evidence & kept;
	f->now.media = was.media;
	f->now.stage = was.stage;
	f->now.path = was.path;
}

static void carry_over(struct engine *e, struct flow *f, struct detail *d)
{
	uint16_t service = e->rows->service[f->now.service];
	d->site_row = d->site_row != 0 ? e->rows->site[d->site_row - 1] : 0;
	d->site = d->site_row != 0 ? book_site(e->book, d->site_row - 1u)->place : COUNTRY_NONE;
	f->now.component = e->rows->component[f->now.component];
	if (service == SERVICE_NONE)
		lose_service(e, f, d);
	else
		f->now.service = service;
}

static void carry_all(struct engine *e)
{
	for (uint32_t i = 0; i < e->details->used; i++) {
		struct detail *d = detail_at(e->details, i);
		struct flow *f = d->list > LIST_UNDECIDED ? flow_at(e->flows, d->flow) : NULL;
		if (f != NULL && f->now.service != SERVICE_NONE)
			carry_over(e, f, d);
	}
}

void engine_book(struct engine *e, const struct book *b)
{
	struct book was = e->held;
	struct change c = { &was, b, e->rows };
	assert(book_settings(b)->size == book_settings(e->book)->size &&
	       book_settings(b)->by_vlan == book_settings(e->book)->by_vlan && e->facts_count == 0);
	bool still = renumber(&c, BOOK_SERVICE, same_service, 0, e->rows->service);
	still &= renumber(&c, BOOK_COMPONENT, same_component, 0, e->rows->component);
	still &= renumber(&c, BOOK_SITE, same_site, 1, e->rows->site);
	e->held = *b;
	e->epoch++;
	e->retell = 0;
	places_believe(e->places, book_resolver(b, 0), b->count[BOOK_RESOLVER]);
	if (!still || !sites_stand(&c))
		carry_all(e);
}

/* ---- by and by ---- */

void find_ends(const struct engine *e, struct flow *f, struct detail *d)
{
	static const uint8_t forgeable = EV_SNI | EV_PORT | EV_DECLARED | EV_PAYLOAD;
	bool lo = book_is_local(e->book, &f->key.lo), hi = book_is_local(e->book, &f->key.hi);
	f->flags &= (uint8_t) ~(FLOW_BOTH_LOCAL | FLOW_BOTH_FOREIGN);
	f->flags |= (uint8_t)both_ends(lo, hi);
	if (lo == hi || hi == (f->now.client_is_hi != 0))
		return;
	f->now.client_is_hi = hi;
	f->marks |= FLOW_CLIENT_FIXED;
	f->now.evidence &= forgeable;
	d->marks &= (uint8_t) ~(MARK_TOLD_RELAY | MARK_TOLD_PEER);
}

static bool retell_one(struct engine *e, struct detail *d)
{
	struct flow *f = d->list != LIST_FREE ? flow_at(e->flows, d->flow) : NULL;
	bool lost = f != NULL && f->now.service == SERVICE_NONE && d->marks & MARK_TOLD;
	bool due = f != NULL && d->list == LIST_LIVE && f->epoch != e->epoch;
	if (lost || due)
		tell(e, f, d, FACT_CHANGED, 0);
	return lost || due;
}

void retell(struct engine *e)
{
	unsigned told = 0;
	if (e->retell == RETOLD)
		return;
	for (unsigned n = 0; n < RETELL_LOOKS && told < RETELL_FACTS && facts_roomy(e); n++) {
		if (e->retell >= e->details->used) {
			e->retell = RETOLD;
			return;
		}
		told += retell_one(e, detail_at(e->details, e->retell++));
	}
}

bool engine_retelling(const struct engine *e)
{
	return e->retell != RETOLD;
}
