/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "ledger/state.h"

struct ledger *ledger_new(const struct book *b, size_t most_meetings)
{
	uint32_t most = most_meetings < 1 ? 1 : most_meetings > 1u << 24 ? 1u << 24 : (uint32_t)most_meetings;
	struct ledger *l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->book = b;
	l->roll = roll_new(most * FLOWS_PER_MEETING, b->header->hash);
	l->gatherings = gatherings_new(most, b->header->hash);
	l->noticed = calloc(b->count[BOOK_SERVICE] + 1, sizeof *l->noticed);
	bool out = outbox_init(&l->out, most + GATHERING_SPARE);
	if (l->roll == NULL || l->gatherings == NULL || l->noticed == NULL || !out) {
		ledger_free(l);
		return NULL;
	}
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	roll_free(l->roll);
	gatherings_free(l->gatherings);
	outbox_done(&l->out);
	free(l->noticed);
	free(l);
}

/* ---- gatherings: begin, end ---- */

static struct gathering *gathering_of(struct ledger *l, const struct member *m)
{
	return m->gathering == GATHERING_NONE ? NULL : gathering_at(l->gatherings, m->gathering);
}

static void update_due(struct ledger *l, uint32_t row)
{
	const struct gathering *g = gathering_at(l->gatherings, row);
	if (g->kind == GATHERING_MEETING)
		gathering_set_due(l->gatherings, row,
				  g->holding > 0 ? UINT64_MAX : g->about.last_us + MEETING_QUIET_US);
}

static void drop_if_told(struct ledger *l, uint32_t row)
{
	const struct gathering *g = gathering_at(l->gatherings, row);
	if (!g->telling && !g->meeting_due)
		gathering_drop(l->gatherings, row);
}

/* at_us: when it was due; what tells that it was may come later, as in a capture with a gap. */
static void end_gathering(struct ledger *l, uint32_t row, uint64_t at_us)
{
	struct gathering *g = gathering_at(l->gatherings, row);
	struct party p = { g->about.client, g->about.service };
	for (uint32_t i = roll_next(l->roll, &p, ROLL_NONE); i != ROLL_NONE; i = roll_next(l->roll, &p, i)) {
		struct member *m = roll_at(l->roll, i);
		if (m->gathering != row)
			continue;
		m->gathering = GATHERING_NONE;
		m->holds = false;
		m->old |= g->kind == GATHERING_MEETING;
	}
	g->ended_us = at_us > l->said_us ? at_us : l->said_us;
	g->meeting_due = g->kind == GATHERING_MEETING;
	g->telling = g->alert_count > 0 && outbox_put_gathering(&l->out, row, g->serial);
	if (g->telling)
		l->said_us = g->ended_us;
	else
		l->count.events_lost += g->alert_count;
	gathering_end(l->gatherings, row);
	drop_if_told(l, row);
}

/* The oldest of those that ended, which nobody took what they had to tell from. */
static void drop_untaken(struct ledger *l)
{
	uint32_t row = gathering_first_ended(l->gatherings);
	const struct gathering *g = gathering_at(l->gatherings, row);
	l->count.meetings_lost += g->meeting_due;
	l->count.events_lost += g->telling ? (uint64_t)(g->alert_count - g->told) : 0;
	gathering_drop(l->gatherings, row);
}

static uint32_t begin_gathering(struct ledger *l, const struct party *p, enum gathering_kind kind,
				uint64_t first_us)
{
	if (gatherings_full(l->gatherings)) {
		l->count.meetings_closed_early++;
		end_gathering(l, gathering_oldest(l->gatherings), l->clock_us);
	}
	if (!gathering_has_room(l->gatherings))
		drop_untaken(l);
	uint32_t row = gathering_add(l->gatherings, p);
	struct gathering *g = gathering_at(l->gatherings, row);
	g->kind = (uint8_t)kind;
	g->serial = ++l->serials;
	g->about.id = gathering_id(l->book, kind, p, first_us);
	g->about.first_us = g->about.last_us = first_us;
	return row;
}

static uint32_t find_gathering(struct ledger *l, const struct party *p, enum gathering_kind kind,
			       unsigned rule)
{
	uint32_t row = gathering_next(l->gatherings, p, GATHERING_NONE);
	for (; row != GATHERING_NONE; row = gathering_next(l->gatherings, p, row)) {
		const struct gathering *g = gathering_at(l->gatherings, row);
		if (g->kind == kind && (kind == GATHERING_MEETING || g->rule == rule))
			break;
	}
	return row;
}

/* ---- flows in a gathering ---- */

/* An attempt holds nothing: a client that tries a dead server all day has no meeting. */
static bool makes_meeting(const struct flow_fact *f)
{
	bool key = (f->now.roles & ROLE_KEY) != 0 && (f->flags & FLOW_STANDING) == 0;
	return f->now.stage >= STAGE_PROBE && (key || (f->now.roles & ROLE_MEDIA) != 0);
}

static bool is_active(const struct flow_fact *f)
{
	bool speaks = f->kind == FACT_CHANGED || f->kind == FACT_RESUMED;
	return speaks && f->at_us < f->last_us + MEETING_QUIET_US;
}

static void update_times(struct gathering *g, const struct flow_fact *f)
{
	if (g->kind == GATHERING_MEETING && !makes_meeting(f))
		return;
	struct meeting *a = &g->about;
	a->last_us = f->last_us > a->last_us ? f->last_us : a->last_us;
}

/* A flow that an earlier meeting counted must not carry the beginning of this one back into that one. */
static void update_first(struct gathering *g, const struct member *m)
{
	const struct flow_fact *f = &m->fact;
	if (!m->old && (g->kind == GATHERING_WINDOW || makes_meeting(f)) && f->first_us < g->about.first_us)
		g->about.first_us = f->first_us;
}

static void update_holding(struct ledger *l, struct member *m)
{
	struct gathering *g = gathering_of(l, m);
	bool holds = g->kind == GATHERING_MEETING && m->active && makes_meeting(&m->fact);
	if (holds != m->holds)
		g->holding += holds ? 1 : UINT32_MAX;
	m->holds = holds;
	update_due(l, m->gathering);
}

static bool same_place(const struct place_fact *a, const struct place_fact *b)
{
	return a->set != 0 && b->set != 0 && a->port == b->port && address_equal(&a->at, &b->at);
}

/* was: the flow's fact before this one; NULL: it joins. */
static void account_places(struct gathering *g, const struct member *m, const struct flow_fact *was,
			   const struct traffic *so_far, const struct traffic *more)
{
	struct traffic all = traffic_less(so_far, &m->joined_at);
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place_fact *at = &m->fact.place[i];
		if (at->set == 0)
			continue;
		bool fresh = was == NULL || !same_place(&was->place[i], at), laid;
		struct event_place *p = place_touch(&g->about, &m->fact, i, fresh, &laid);
		if (p == NULL)
			continue;
		p->flows += fresh || laid;
		traffic_add(p->packets, p->bytes, laid && !fresh ? &all : more);
	}
}

static void account(struct ledger *l, struct member *m, const struct flow_fact *was)
{
	struct gathering *g = gathering_of(l, m);
	const struct flow_fact *f = &m->fact;
	struct traffic so_far = { { f->packets[0], f->packets[1] }, { f->bytes[0], f->bytes[1] } };
	struct traffic more = traffic_less(&so_far, &m->counted);
	traffic_add(g->about.packets, g->about.bytes, &more);
	account_places(g, m, was, &so_far, &more);
	traffic_add(m->counted.packets, m->counted.bytes, &more);
	g->about.roles |= f->now.roles;
	g->about.media |= f->now.media;
	update_times(g, f);
	update_first(g, m);
	gathering_heard(l->gatherings, m->gathering);
	update_holding(l, m);
	alert_note(l, g, m);
}

static void join(struct ledger *l, struct member *m, uint32_t row)
{
	struct gathering *g = gathering_at(l->gatherings, row);
	m->gathering = row;
	m->joined_at = m->counted;
	g->about.flows++;
	g->living++;
	account(l, m, NULL);
}

/* The flow ends, is lost, or goes elsewhere; what it did stays in the sums. */
static void leave(struct ledger *l, struct member *m)
{
	struct gathering *g = gathering_of(l, m);
	if (g == NULL)
		return;
	g->living--;
	g->holding -= m->holds;
	m->holds = false;
	update_due(l, m->gathering);
	m->gathering = GATHERING_NONE;
}

/* The flow turned out to be of another client or service: what it did is taken back. A meeting that was
 * nothing else, and of which nothing was said, has never been. */
static void leave_undone(struct ledger *l, struct member *m)
{
	uint32_t row = m->gathering;
	struct gathering *g = gathering_of(l, m);
	if (g == NULL)
		return;
	struct traffic was = traffic_less(&m->counted, &m->joined_at);
	traffic_take(g->about.packets, g->about.bytes, &was);
	g->about.flows--;
	for (unsigned i = 0; i < PLACES; i++) {
		struct event_place *p = m->fact.place[i].set ? place_find(&g->about, &m->fact, i) : NULL;
		if (p == NULL)
			continue;
		traffic_take(p->packets, p->bytes, &was);
		p->flows -= p->flows > 0;
		if (p->flows == 0)
			place_remove(&g->about, p);
	}
	leave(l, m);
	m->counted = m->joined_at;
	if (g->about.flows == 0 && g->alert_count == 0) {
		l->count.meetings -= g->kind == GATHERING_MEETING;
		gathering_drop(l->gatherings, row);
	}
}

/* ---- meetings ---- */

/* A window whose flows live becomes part of the meeting, its alert the meeting's. */
static void absorb(struct ledger *l, uint32_t into_row, uint32_t row)
{
	struct gathering *into = gathering_at(l->gatherings, into_row), *g = gathering_at(l->gatherings, row);
	if (g->living == 0 || into->alert_count + g->alert_count > GATHERING_ALERTS)
		return;
	struct party p = { g->about.client, g->about.service };
	meeting_merge(&into->about, &g->about);
	for (unsigned i = 0; i < g->alert_count; i++) {
		into->alert[into->alert_count] = g->alert[i];
		into->alert[into->alert_count++].without_meeting = 0;
	}
	into->living += g->living;
	for (uint32_t i = roll_next(l->roll, &p, ROLL_NONE); i != ROLL_NONE; i = roll_next(l->roll, &p, i))
		if (roll_at(l->roll, i)->gathering == row)
			roll_at(l->roll, i)->gathering = into_row;
	gathering_drop(l->gatherings, row);
}

static void absorb_windows(struct ledger *l, const struct party *p, uint32_t meeting)
{
	uint32_t row = gathering_next(l->gatherings, p, GATHERING_NONE);
	while (row != GATHERING_NONE) {
		uint32_t next = gathering_next(l->gatherings, p, row);
		if (gathering_at(l->gatherings, row)->kind == GATHERING_WINDOW)
			absorb(l, meeting, row);
		row = next;
	}
}

/* Flows that were there before the meeting started and still live belong to it. */
static void adopt(struct ledger *l, const struct party *p, uint32_t meeting, const struct member *starter)
{
	for (uint32_t i = roll_next(l->roll, p, ROLL_NONE); i != ROLL_NONE; i = roll_next(l->roll, p, i)) {
		struct member *m = roll_at(l->roll, i);
		if (m == starter)
			continue;
		if (m->gathering == meeting)
			account(l, m, &m->fact);
		else if (m->active) {
			leave(l, m);
			join(l, m, meeting);
		}
	}
}

static uint32_t start_meeting(struct ledger *l, const struct member *m)
{
	const struct flow_fact *f = &m->fact;
	uint32_t row = begin_gathering(l, &m->party, GATHERING_MEETING, m->old ? f->last_us : f->first_us);
	l->count.meetings++;
	absorb_windows(l, &m->party, row);
	adopt(l, &m->party, row, m);
	return row;
}

static void gather_in_meeting(struct ledger *l, struct member *m, uint32_t meeting,
			      const struct flow_fact *was)
{
	const struct gathering *g = gathering_at(l->gatherings, meeting);
	if (m->gathering == meeting)
		account(l, m, was);
	else if (m->active || m->fact.last_us >= g->about.first_us) {
		leave(l, m);
		join(l, m, meeting);
	}
}

static void gather_in_window(struct ledger *l, struct member *m, const struct flow_fact *was)
{
	const struct flow_fact *f = &m->fact;
	const struct gathering *g = gathering_of(l, m);
	bool acts = verdict_acts(&f->verdict, f->now.stage);
	if (g != NULL && (!acts || g->rule == f->verdict.rule)) {
		account(l, m, was);
		return;
	}
	if (!acts || alert_is_old(m))
		return;
	leave(l, m);
	uint32_t row = find_gathering(l, &m->party, GATHERING_WINDOW, f->verdict.rule);
	if (row == GATHERING_NONE) {
		row = begin_gathering(l, &m->party, GATHERING_WINDOW, l->clock_us);
		gathering_at(l->gatherings, row)->rule = f->verdict.rule;
		gathering_set_due(l->gatherings, row,
				  l->clock_us + book_settings(l->book)->window_s * 1000000ull);
	}
	join(l, m, row);
}

/* was: NULL for a flow not heard of before; it may come and end in one fact. */
static void gather(struct ledger *l, struct member *m, const struct flow_fact *was)
{
	uint32_t meeting = find_gathering(l, &m->party, GATHERING_MEETING, 0);
	if (meeting == GATHERING_NONE && makes_meeting(&m->fact) && (m->active || was == NULL))
		meeting = start_meeting(l, m);
	if (meeting != GATHERING_NONE)
		gather_in_meeting(l, m, meeting, was);
	else
		gather_in_window(l, m, was);
	alert_unsure(l, m);
}

/* ---- the clock and the doors ---- */

static void run_to(struct ledger *l, uint64_t now_us)
{
	uint64_t due_us;
	uint32_t row;
	while ((row = gathering_due(l->gatherings, now_us, &due_us)) != GATHERING_NONE) {
		l->clock_us = due_us > l->clock_us ? due_us : l->clock_us;
		end_gathering(l, row, due_us);
	}
	l->clock_us = now_us > l->clock_us ? now_us : l->clock_us;
}

static void forget(struct ledger *l, uint32_t row)
{
	leave(l, roll_at(l->roll, row));
	roll_remove(l->roll, row);
}

static uint32_t enroll(struct ledger *l, const struct flow_fact *f, const struct party *p)
{
	if (roll_full(l->roll)) {
		l->count.flows_lost++;
		forget(l, roll_oldest(l->roll));
	}
	return roll_add(l->roll, f->id, p);
}

/* A fact that was judged by another book may name rows that this one does not have. */
static struct flow_fact checked(const struct ledger *l, const struct flow_fact *from)
{
	struct flow_fact f = *from;
	size_t rules = l->book->count[BOOK_RULE];
	f.verdict = f.verdict.rule > rules ? (struct verdict){ 0 } : f.verdict;
	for (unsigned i = 0; i < PLACES; i++)
		if (f.place[i].verdict.rule > rules)
			f.place[i].verdict = (struct verdict){ 0 };
	f.now.component = f.now.component < l->book->count[BOOK_COMPONENT] ? f.now.component : 0;
	f.now.service = f.now.service < l->book->count[BOOK_SERVICE] ? f.now.service : SERVICE_NONE;
	return f;
}

static void follow(struct ledger *l, uint32_t row, bool known, const struct flow_fact *f,
		   const struct party *p)
{
	struct member *m = roll_at(l->roll, row);
	if (!party_equal(&m->party, p)) {
		leave_undone(l, m);
		roll_move(l->roll, row, p);
	}
	struct flow_fact was = m->fact;
	m->fact = *f;
	m->active = is_active(f);
	m->old |= f->kind == FACT_RESUMED;
	roll_heard(l->roll, row);
	gather(l, m, known ? &was : NULL);
	if (f->kind == FACT_ENDED)
		forget(l, row);
}

/* Flows that fell silent are told together, at one instant behind a gap: what they were part of ends when all of them have
 * said what they did, that is when the clock moves on or somebody speaks. */
void ledger_fact(struct ledger *l, const struct flow_fact *fact)
{
	struct flow_fact f = checked(l, fact);
	bool speaks = f.kind == FACT_CHANGED || f.kind == FACT_RESUMED;
	if (speaks || f.at_us > l->clock_us)
		run_to(l, f.at_us);
	uint32_t row = roll_find(l->roll, f.id);
	bool known = row != ROLL_NONE;
	if (f.now.service != SERVICE_NONE) {
		struct party p = { *fact_client(&f), f.now.service };
		follow(l, known ? row : enroll(l, &f, &p), known, &f, &p);
	} else if (known) {
		forget(l, row);
	}
	if (speaks)
		run_to(l, l->clock_us);
}

void ledger_acted(struct ledger *l, bool acted)
{
	l->acted = acted;
}

void ledger_done(struct ledger *l, const struct address *client, uint16_t service, uint16_t rule, enum done done)
{
	struct party p = { .client = *client, .service = service };
	for (uint32_t row = gathering_next(l->gatherings, &p, GATHERING_NONE); row != GATHERING_NONE;
	     row = gathering_next(l->gatherings, &p, row))
		alert_done(l, gathering_at(l->gatherings, row), rule, done);
}

void ledger_tick(struct ledger *l, uint64_t now_us)
{
	run_to(l, now_us);
}

void ledger_end(struct ledger *l)
{
	uint32_t row;
	while ((row = gathering_first(l->gatherings)) != GATHERING_NONE)
		end_gathering(l, row, l->clock_us);
	roll_clear(l->roll);
	l->clock_us = l->said_us = 0; /* what comes next may begin anew */
}

bool ledger_take(struct ledger *l, struct event *ret)
{
	const struct outbox_entry *front;
	while ((front = outbox_front(&l->out)) != NULL) {
		if (front->gathering == OUTBOX_IS_EVENT) {
			*ret = *outbox_front_event(&l->out);
			outbox_pop(&l->out);
			return true;
		}
		uint32_t row = front->gathering;
		struct gathering *g = gathering_at(l->gatherings, row);
		if (g->serial != front->serial) { /* dropped since */
			outbox_pop(&l->out);
			continue;
		}
		alert_event(l, g, &g->alert[g->told++], ALERT_CLOSED, ret);
		l->count.events++;
		if (g->told == g->alert_count) {
			g->telling = false;
			outbox_pop(&l->out);
			drop_if_told(l, row);
		}
		return true;
	}
	return false;
}

bool ledger_take_meeting(struct ledger *l, struct meeting *ret)
{
	uint32_t row = gathering_first_ended(l->gatherings);
	for (; row != GATHERING_NONE; row = gathering_next_ended(l->gatherings, row)) {
		struct gathering *g = gathering_at(l->gatherings, row);
		if (!g->meeting_due)
			continue;
		*ret = g->about;
		meeting_sort(ret);
		g->meeting_due = false;
		drop_if_told(l, row);
		return true;
	}
	return false;
}

bool ledger_open_meeting(const struct ledger *l, uint32_t *at, struct meeting *ret)
{
	uint32_t row = *at == LEDGER_BEGIN ? gathering_oldest(l->gatherings) : gathering_next_open(l->gatherings, *at);
	for (; row != GATHERING_NONE; row = gathering_next_open(l->gatherings, row)) {
		const struct gathering *g = gathering_at(l->gatherings, row);
		if (g->kind != GATHERING_MEETING)
			continue;
		*ret = g->about;
		meeting_sort(ret);
		*at = row;
		return true;
	}
	return false;
}

void ledger_counters(const struct ledger *l, struct ledger_counters *ret)
{
	*ret = l->count;
}
