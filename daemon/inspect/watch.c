/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "engine/look.h"
#include "inspect/inspect.h"

/* Flows in sets of a few; in a full set the one asked for longest ago goes, and is then asked for once more if it is told
 * again. Ids are hashes, so they spread by themselves. */
enum { WAYS = 8, SETS = 512, LOOKED_AT_ONCE = WAYS * SETS / 10 };
/* What was on its way when the block came is through before the last look that is in time. */
static const uint64_t AGAIN_US = 2000000, FRESH_US = 2000000;

int watch_init(struct watch *w)
{
	w->at = calloc(WAYS * SETS, sizeof *w->at);
	return w->at != NULL ? 0 : -ENOMEM;
}

void watch_clear(struct watch *w)
{
	memset(w->at, 0, WAYS * SETS * sizeof *w->at);
}

static bool is_taken(const struct asked *a)
{
	return a->block.generation != 0;
}

static struct asked *find(struct watch *w, uint64_t id)
{
	struct asked *set = &w->at[id % SETS * WAYS];
	for (size_t i = 0; i < WAYS; i++)
		if (is_taken(&set[i]) && set[i].block.flow == id)
			return &set[i];
	return NULL;
}

static struct asked *place_for(struct watch *w, uint64_t id)
{
	struct asked *set = &w->at[id % SETS * WAYS], *oldest = set;
	for (size_t i = 0; i < WAYS && is_taken(oldest); i++)
		if (!is_taken(&set[i]) || set[i].asked_us < oldest->asked_us)
			oldest = &set[i];
	return oldest;
}

/* ---- what calls for a block ---- */

/* The address that is blocked stands in the IP header: of a told place only one that is the flow's own far end. */
static const struct verdict *blocking_verdict(const struct flow_fact *f)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place_fact *p = &f->place[i];
		bool acts = verdict_acts(&p->verdict, f->now.stage) && p->verdict.action == ACTION_BLOCK &&
			    !p->verdict.observe;
		if (p->set && acts && address_equal(&p->at, fact_server(f)))
			return &p->verdict;
	}
	return NULL;
}

/* The far end answered: the strict reading. Of TCP the handshake alone would do as well, but a fact does not tell of the client's
 * own ACK; evidence that it answered is there as soon as the server has said its first word. */
static bool is_answered(const struct flow_fact *f)
{
	return f->now.evidence & EV_ANSWER && !(f->flags & FLOW_ONE_WAY);
}

static struct message_block block_of(const struct flow_fact *f, const struct verdict *v)
{
	struct message_block b;
	memset(&b, 0, sizeof b);
	b.flow = f->id;
	b.decided_us = f->at_us;
	b.client = *fact_client(f);
	b.server = *fact_server(f);
	b.client_port = fact_client_port(f);
	b.server_port = fact_server_port(f);
	memcpy(b.packets, f->packets, sizeof b.packets);
	memcpy(b.bytes, f->bytes, sizeof b.bytes);
	b.rule = v->rule;
	b.service = f->now.service;
	b.proto = f->key.proto;
	b.evidence = f->now.evidence;
	b.roles = f->now.roles;
	b.answered = is_answered(f);
	b.generation = f->generation;
	return b;
}

/* Only where we stand before the address translation can the client that is blocked be the one that is meant. */
static bool is_inside(const struct book *b, const struct flow_fact *f)
{
	enum { ELSEWHERE = FLOW_BOTH_LOCAL | FLOW_BOTH_FOREIGN | FLOW_NAT };
	return f->source < b->count[BOOK_CAPTURE] && book_capture(b, f->source)->side == SIDE_INSIDE &&
	       !(f->flags & ELSEWHERE);
}

static bool may_block(const struct inspect *i, const struct flow_fact *f)
{
	const struct book *b = &i->book;
	bool enforces = book_settings(b)->has_policy && book_settings(b)->mode == MODE_ENFORCE;
	bool fresh = f->at_us - f->last_us <= FRESH_US;
	return enforces && !i->ending && fresh && f->generation == b->header->generation && is_inside(b, f);
}

static void ask(struct inspect *i, struct asked *a, const struct message_block *b)
{
	a->block = *b;
	a->asked_us = now_us();
	a->passed = b->packets[1];
	outbox_put(&i->blocks, &i->enforce, b);
}

void watch_fact(struct inspect *i, const struct flow_fact *f)
{
	const struct verdict *v = blocking_verdict(f);
	struct asked *a = find(&i->watch, f->id);
	if (a != NULL && (v == NULL || f->kind == FACT_ENDED)) {
		memset(a, 0, sizeof *a);
		return;
	}
	if (v == NULL || !may_block(i, f))
		return;
	struct message_block b = block_of(f, v);
	bool proven_now = a != NULL && ((b.answered && !a->block.answered) ||
					(b.evidence & EV_DNS && !(a->block.evidence & EV_DNS)));
	if (a != NULL && a->block.rule == b.rule && !proven_now) {
		a->block = b; /* the same block, told again: what enforce knows of it stays */
		return;
	}
	if (a == NULL) {
		a = place_for(&i->watch, f->id);
		a->key = f->key;
	}
	ask(i, a, &b);
}

/* ---- whether it took effect ---- */

/* Only what comes from the server tells: the client's packets are captured before they meet the table. The reset that the table
 * sends in the server's name closes the flow. */
static void look_at(struct inspect *i, struct asked *a)
{
	struct flow_look now;
	if (!engine_look(i->engine, &a->key, a->block.flow, &now)) {
		memset(a, 0, sizeof *a);
		return;
	}
	if (now_us() - a->asked_us < AGAIN_US) {
		a->passed = now.packets[1];
		return;
	}
	bool passes = now.packets[1] > a->passed && !now.closed;
	if (!passes || a->block.generation != i->book.header->generation)
		return;
	struct message_block b = a->block;
	b.decided_us = engine_now(i->engine);
	memcpy(b.packets, now.packets, sizeof b.packets);
	memcpy(b.bytes, now.bytes, sizeof b.bytes);
	ask(i, a, &b);
}

void watch_turn(struct inspect *i)
{
	struct watch *w = &i->watch;
	for (size_t n = 0; n < LOOKED_AT_ONCE; n++) {
		if (is_taken(&w->at[w->hand]))
			look_at(i, &w->at[w->hand]);
		w->hand = (w->hand + 1) % (WAYS * SETS);
	}
}
