/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/live.h"
#include "report/report.h"

enum { AHEAD_MOST_S = 24 * 3600 }; /* of our clock: the ledger's would follow, and never come back */

static bool is_capital(unsigned c)
{
	return c >= 'A' && c <= 'Z';
}

static bool country_is_sound(country c)
{
	return c == COUNTRY_NONE || (is_capital(c >> 8) && is_capital(c & 0xFF));
}

static bool location_is_sound(const struct location *at)
{
	bool sound = at->count <= CANDIDATES && at->source_count <= LOCATION_SOURCES &&
		     at->certainty <= CERTAINTY_CONTRADICTED;
	for (unsigned i = 0; i < CANDIDATES && i < at->count; i++)
		sound &= country_is_sound(at->candidate[i]);
	for (unsigned i = 0; i < LOCATION_SOURCES && i < at->source_count; i++)
		sound &= country_is_sound(at->source[i].says) &&
			 word_name(WORDS_KIND, at->source[i].kind) != NULL;
	return sound;
}

static bool verdict_is_sound(const struct book *b, const struct verdict *v)
{
	return v->rule <= b->count[BOOK_RULE] && v->action <= ACTION_BLOCK && v->place < PLACES &&
	       (v->action == ACTION_PERMIT || v->rule > 0);
}

bool fact_is_sound(const struct book *b, const struct flow_fact *f)
{
	bool sound = f->now.service < b->count[BOOK_SERVICE] && f->now.component < b->count[BOOK_COMPONENT];
	sound &= f->now.rule <= b->count[BOOK_RULE] && f->now.stage <= STAGE_USED && f->now.path <= PATH_PEER;
	sound &= f->now.action <= ACTION_BLOCK && f->now.client_is_hi <= 1;
	sound &= f->kind <= FACT_ENDED && f->name_bytes <= FACT_NAME_BYTES;
	sound &= (f->key.proto == PROTO_TCP || f->key.proto == PROTO_UDP) && f->first_us <= f->last_us;
	sound &=
		verdict_is_sound(b, &f->verdict) && f->at_us / 1000000 <= clock_us() / 1000000 + AHEAD_MOST_S;
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
