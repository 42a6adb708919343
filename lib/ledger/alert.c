/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/siphash.h"
#include "ledger/state.h"

/* Ids are the same on every run and for every sensor of one name, hence key 0 and little-endian numbers. */
struct id_input {
	uint8_t bytes[640];
	size_t len;
};

static void id_span(struct id_input *in, struct span s)
{
	size_t room = sizeof in->bytes - in->len, n = s.len < room ? s.len : room;
	if (n > 0)
		memcpy(in->bytes + in->len, s.at, n);
	in->len += n;
	if (in->len < sizeof in->bytes)
		in->bytes[in->len++] = 0; /* so that texts do not run into each other */
}

static void id_number(struct id_input *in, uint64_t v)
{
	uint8_t bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	id_span(in, span_of(bytes, sizeof bytes));
}

static uint64_t id_of(const struct id_input *in)
{
	static const uint64_t key[2] = { 0, 0 };
	return siphash13(key, in->bytes, in->len);
}

static struct span clipped(struct span s, size_t most)
{
	return span_of(s.at, s.len < most ? s.len : most);
}

uint64_t gathering_id(const struct book *b, enum gathering_kind kind, const struct party *p,
		      uint64_t first_us)
{
	struct id_input in = { .len = 0 };
	id_span(&in, clipped(book_span(b, book_settings(b)->site_name), 256));
	id_span(&in, span_of(p->client.bytes, sizeof p->client.bytes));
	id_span(&in, clipped(book_span(b, book_service(b, p->service)->name), 256));
	id_number(&in, first_us);
	if (kind == GATHERING_WINDOW)
		id_number(&in, 1);
	return id_of(&in);
}

/* update UINT64_MAX: of the alert itself, whatever its update. */
static uint64_t alert_id(const struct book *b, uint64_t base, unsigned code, unsigned rule, uint64_t update)
{
	struct id_input in = { .len = 0 };
	id_number(&in, base);
	id_span(&in, span_text(word_name(WORDS_CODE, code)));
	if (rule > 0)
		id_span(&in, clipped(book_span(b, book_rule(b, rule - 1u)->name), 256));
	if (update != UINT64_MAX)
		id_number(&in, update);
	return id_of(&in);
}

static enum done done_of(const struct ledger *l, const struct verdict *v)
{
	return v->action == ACTION_BLOCK   ? (l->acted && !v->observe ? DONE_ASKED : DONE_WOULD_BLOCK)
	       : v->action == ACTION_ALERT ? DONE_ALERTED
					   : DONE_NOTHING;
}

static const struct place_fact *worst_of(const struct flow_fact *f)
{
	return &f->place[f->verdict.place < PLACES ? f->verdict.place : PLACE_SERVER];
}

static bool holds_country(const country *list, size_t n, country c)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == c)
			return true;
	return false;
}

static unsigned candidates_of(const struct location *at)
{
	return at->count < CANDIDATES ? at->count : CANDIDATES;
}

bool alert_is_old(const struct member *m)
{
	const struct location *at = &worst_of(&m->fact)->where;
	if (m->alerted_rule != m->fact.verdict.rule)
		return false;
	for (unsigned i = 0; i < candidates_of(at); i++)
		if (!holds_country(m->alerted_in, CANDIDATES, at->candidate[i]))
			return false;
	return true;
}

/* Whether a country is new to the alert. */
static bool add_countries(struct alert *a, const struct location *at)
{
	bool grown = false;
	for (unsigned i = 0; i < candidates_of(at); i++) {
		bool known = holds_country(a->in, a->country_count, at->candidate[i]);
		if (known || a->country_count == sizeof a->in / sizeof a->in[0])
			continue;
		a->in[a->country_count++] = at->candidate[i];
		grown = true;
	}
	return grown;
}

/* The place that the alert shows: the most severe so far; among equals the one that went furthest. */
static void add_worst(const struct ledger *l, struct gathering *g, struct alert *a, const struct flow_fact *f)
{
	const struct event_place *p = place_find(&g->about, f, f->verdict.place);
	if (p == NULL)
		return;
	uint8_t now = event_severity(l->book, a->code, a->rule, p);
	uint8_t before = a->flows > 0 ? event_severity(l->book, a->code, a->rule, &a->worst) : 0;
	if (now > before || (now == before && p->stage > a->worst.stage))
		a->worst = *p;
}

static struct alert *find_alert(struct gathering *g, unsigned rule)
{
	for (unsigned i = 0; i < g->alert_count; i++)
		if (g->alert[i].rule == rule)
			return &g->alert[i];
	return NULL;
}

static struct alert *open_alert(struct ledger *l, struct gathering *g, const struct flow_fact *f)
{
	if (g->alert_count == GATHERING_ALERTS) {
		l->count.alerts_lost++;
		return NULL;
	}
	struct alert *a = &g->alert[g->alert_count++];
	*a = (struct alert){
		.serial = ++l->serials,
		.base = g->about.id,
		.rule = f->verdict.rule,
		.component = f->now.component,
		.client_port = fact_client_port(f),
		.vlan = f->vlan,
		.code = (uint8_t)book_rule_code(l->book, f->verdict.rule - 1u, f->now.roles),
		.done = (uint8_t)done_of(l, &f->verdict),
		.without_meeting = g->kind == GATHERING_WINDOW,
	};
	a->id = alert_id(l->book, a->base, a->code, a->rule, UINT64_MAX);
	l->count.alerts++;
	return a;
}

/* Counts the flow once, however often its conclusion leaves the rule and comes back. */
static void join_alert(struct alert *a, struct member *m)
{
	for (unsigned i = 0; i < ROLL_JOINED; i++)
		if (m->joined[i] == a->serial)
			return;
	memmove(m->joined + 1, m->joined, sizeof m->joined - sizeof m->joined[0]);
	m->joined[0] = a->serial;
	a->flows++;
}

static void say(struct ledger *l, const struct gathering *g, const struct alert *a, enum alert_state state)
{
	struct event *e = outbox_put_event(&l->out);
	if (e == NULL) {
		l->count.events_lost++;
		return;
	}
	alert_event(l, g, a, state, e);
	l->said_us = e->at_us;
	l->count.events++;
}

void alert_note(struct ledger *l, struct gathering *g, struct member *m)
{
	const struct flow_fact *f = &m->fact;
	if (!verdict_acts(&f->verdict, f->now.stage)) {
		if (m->joined[0] != 0)
			m->alerted = m->counted; /* what passes while nothing is violated is no alert's */
		return;
	}
	struct alert *a = find_alert(g, f->verdict.rule);
	bool opened = a == NULL;
	a = opened ? open_alert(l, g, f) : a;
	if (a == NULL)
		return;
	struct traffic more = traffic_less(&m->counted, &m->alerted);
	traffic_add(a->packets, a->bytes, &more);
	m->alerted = m->counted;
	add_worst(l, g, a, f);
	join_alert(a, m);
	bool grown = add_countries(a, &worst_of(f)->where);
	m->alerted_rule = a->rule;
	memset(m->alerted_in, 0, sizeof m->alerted_in);
	memcpy(m->alerted_in, worst_of(f)->where.candidate,
	       candidates_of(&worst_of(f)->where) * sizeof m->alerted_in[0]);
	if (opened)
		say(l, g, a, ALERT_OPENED);
	else if (grown) {
		a->update++;
		say(l, g, a, ALERT_UPDATED);
	}
}

void alert_done(struct ledger *l, struct gathering *g, uint16_t rule, enum done done)
{
	struct alert *a = find_alert(g, rule);
	bool news = a != NULL && (a->done == DONE_ASKED || (a->done == DONE_FAILED && done == DONE_BLOCKED));
	if (!news)
		return;
	a->done = (uint8_t)done;
	a->update++;
	say(l, g, a, ALERT_UPDATED);
}

void alert_event(const struct ledger *l, const struct gathering *g, const struct alert *a,
		 enum alert_state state, struct event *ret)
{
	uint32_t update = a->update + (state == ALERT_CLOSED);
	*ret = (struct event){
		.id = alert_id(l->book, a->base, a->code, a->rule, update),
		.at_us = state == ALERT_CLOSED ? g->ended_us : l->clock_us,
		.code = a->code,
		.state = (uint8_t)state,
		.done = a->done,
		.without_meeting = a->without_meeting,
		.update = update,
		.alert_id = a->id,
		.rule = a->rule,
		.service = g->about.service,
		.component = a->component,
		.client_port = a->client_port,
		.vlan = a->vlan,
		.meeting = g->about,
		.worst = a->worst,
		.violating_flows = a->flows,
		.violating_count = a->country_count,
	};
	for (int way = 0; way < 2; way++) {
		ret->violating_packets[way] = a->packets[way];
		ret->violating_bytes[way] = a->bytes[way];
	}
	memcpy(ret->violating, a->in, sizeof ret->violating);
	const struct event_place *p = place_like(&ret->meeting, &a->worst);
	if (p != NULL) { /* as much as is known by now of what was done there */
		memcpy(ret->worst.packets, p->packets, sizeof p->packets);
		memcpy(ret->worst.bytes, p->bytes, sizeof p->bytes);
		ret->worst.flows = p->flows;
		ret->worst.last_us = p->last_us;
	}
	ret->severity = event_severity(l->book, a->code, a->rule, &ret->worst);
	meeting_sort(&ret->meeting);
}

/* ---- coverage ---- */

static void fill_notice(const struct ledger *l, const struct member *m, unsigned place, uint64_t day,
			struct event *e)
{
	const struct flow_fact *f = &m->fact;
	bool laid;
	*e = (struct event){
		.at_us = l->clock_us,
		.code = CODE_LOC_NONE,
		.state = ALERT_CLOSED,
		.done = DONE_NOTHING,
		.without_meeting = 1,
		.rule = f->place[place].verdict.rule,
		.service = f->now.service,
		.component = f->now.component,
		.client_port = fact_client_port(f),
		.vlan = f->vlan,
		.violating_flows = 1,
	};
	struct party nobody = { .service = m->party.service };
	e->meeting = (struct meeting){
		.id = gathering_id(l->book, GATHERING_WINDOW, &nobody, day),
		.first_us = f->first_us,
		.last_us = f->last_us,
		.client = m->party.client,
		.service = f->now.service,
		.flows = 1,
		.roles = f->now.roles,
		.media = f->now.media,
	};
	struct event_place *p = place_touch(&e->meeting, f, place, true, &laid);
	p->flows = 1;
	for (int way = 0; way < 2; way++) {
		e->violating_packets[way] = e->meeting.packets[way] = p->packets[way] = f->packets[way];
		e->violating_bytes[way] = e->meeting.bytes[way] = p->bytes[way] = f->bytes[way];
	}
	e->worst = *p;
	e->severity = event_severity(l->book, e->code, e->rule, p);
	e->alert_id = alert_id(l->book, e->meeting.id, e->code, 0, UINT64_MAX);
	e->id = alert_id(l->book, e->meeting.id, e->code, 0, 0);
}

void alert_unsure(struct ledger *l, struct member *m)
{
	const uint64_t day_us = 86400 * 1000000ull;
	unsigned place = 0;
	while (place < PLACES &&
	       (m->fact.place[place].set == 0 || m->fact.place[place].verdict.coverage == 0))
		place++;
	if (m->fact.verdict.coverage == 0 || m->unsure)
		return;
	m->unsure = true;
	l->count.unsure++;
	uint32_t day = (uint32_t)(l->clock_us / day_us) + 1;
	if (place == PLACES || l->noticed[m->party.service] == day)
		return;
	l->noticed[m->party.service] = day;
	struct event *e = outbox_put_event(&l->out);
	if (e == NULL) {
		l->count.events_lost++;
		return;
	}
	fill_notice(l, m, place, day, e);
	l->said_us = e->at_us;
	l->count.events++;
}
