/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/live.h"
#include "report/report.h"

static bool location_is_sound(const struct location *at)
{
	return at->count <= CANDIDATES && at->source_count <= LOCATION_SOURCES &&
	       at->certainty <= CERTAINTY_CONTRADICTED;
}

static bool verdict_is_sound(const struct book *b, const struct verdict *v)
{
	return v->rule <= b->count[BOOK_RULE] && v->action <= ACTION_BLOCK && v->place < PLACES;
}

bool fact_is_sound(const struct book *b, const struct flow_fact *f)
{
	bool sound = f->now.service < b->count[BOOK_SERVICE] && f->now.component < b->count[BOOK_COMPONENT];
	sound &= f->now.rule <= b->count[BOOK_RULE] && f->now.stage <= STAGE_USED && f->now.path <= PATH_PEER;
	sound &= f->now.action <= ACTION_BLOCK && f->now.client_is_hi <= 1;
	sound &= f->kind <= FACT_ENDED && f->name_bytes <= FACT_NAME_BYTES;
	sound &= (f->key.proto == PROTO_TCP || f->key.proto == PROTO_UDP) && f->first_us <= f->last_us;
	sound &= verdict_is_sound(b, &f->verdict);
	for (unsigned i = 0; i < PLACES; i++)
		sound &= location_is_sound(&f->place[i].where) && verdict_is_sound(b, &f->place[i].verdict);
	return sound;
}

void ledger_drain(struct report *r, struct judged *j)
{
	static struct event e;
	static struct meeting m;
	while (ledger_take(j->ledger, &e))
		accept_event(r, j, &e);
	while (ledger_take_meeting(j->ledger, &m))
		continue; /* its alerts have told what it was */
}

void fact_take(struct report *r, const struct flow_fact *f)
{
	struct judged *j = r->now != NULL && r->now->book.header->generation == f->generation ? r->now
			   : r->former != NULL && r->former->book.header->generation == f->generation
				   ? r->former
				   : NULL;
	r->facts++;
	if (j == NULL) {
		r->facts_stale++;
		return;
	}
	if (!fact_is_sound(&j->book, f)) {
		r->facts_refused++;
		return;
	}
	ledger_fact(j->ledger, f);
	ledger_drain(r, j);
	live_fact(r->live, f);
}
