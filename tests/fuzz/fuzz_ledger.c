/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any facts of any flows: every alert is opened, updated in number, and closed exactly once; time does not run back;
 * no packet stands in two meetings or under two alerts; nothing is left when all has ended. */
#include "ledger/ledger.h"

#include "../unit/ledger_book.h"

enum { FLOWS = 24, MOST_ALERTS = 4096, STEP_BYTES = 6 };

struct seen_alert {
	uint64_t id, packets;
	uint32_t update, flows;
	uint8_t state;
};

struct run {
	struct ledger *l;
	uint64_t now_us, last_at_us, told, in_meetings, in_alerts, events, meetings, opened, closed;
	struct flow_fact flow[FLOWS];
	bool alive[FLOWS];
	struct seen_alert alert[MOST_ALERTS];
	size_t alerts;
};

static void must(bool so)
{
	if (!so)
		abort();
}

static void check_places(const struct meeting *m)
{
	must(m->place_count <= EVENT_PLACES && m->last_us >= m->first_us);
	for (unsigned i = 0; i < m->place_count; i++)
		for (unsigned k = 0; k < i; k++)
			must(!(address_equal(&m->place[i].at, &m->place[k].at) &&
			       m->place[i].port == m->place[k].port &&
			       m->place[i].proto == m->place[k].proto &&
			       m->place[i].place == m->place[k].place));
}

/* Ids may come again only when a full table cut meetings short. */
static struct seen_alert *alert_of(struct run *r, uint64_t id)
{
	for (size_t i = r->alerts; i > 0; i--)
		if (r->alert[i - 1].id == id && r->alert[i - 1].state != ALERT_CLOSED)
			return &r->alert[i - 1];
	return NULL;
}

static void check_event(struct run *r, const struct event *e)
{
	must(e->at_us >= r->last_at_us && e->severity >= 25 && e->severity <= 90);
	r->last_at_us = e->at_us;
	r->events++;
	check_places(&e->meeting);
	if (e->code == CODE_LOC_NONE)
		return;
	struct seen_alert *a = alert_of(r, e->alert_id);
	uint64_t packets = e->violating_packets[0] + e->violating_packets[1];
	must((a == NULL) == (e->state == ALERT_OPENED) && e->violating_flows > 0);
	if (a == NULL) {
		must(e->update == 0 && r->alerts < MOST_ALERTS);
		r->opened++;
		a = &r->alert[r->alerts++];
	} else
		must(e->update == a->update + 1 && packets >= a->packets && e->violating_flows >= a->flows);
	*a = (struct seen_alert){ e->alert_id, packets, e->update, e->violating_flows, e->state };
	if (e->state == ALERT_CLOSED) {
		r->closed++;
		r->in_alerts += packets;
	}
}

static void take(struct run *r)
{
	struct event e;
	struct meeting m;
	while (ledger_take(r->l, &e))
		check_event(r, &e);
	while (ledger_take_meeting(r->l, &m)) {
		check_places(&m);
		r->meetings++;
		r->in_meetings += m.packets[0] + m.packets[1];
		must(m.flows > 0 || m.packets[0] + m.packets[1] == 0);
	}
}

static void begin_flow(struct run *r, unsigned i, const uint8_t *step)
{
	struct flow_fact *f = &r->flow[i];
	*f = a_flow(i, (uint16_t)(1 + step[1] % 3), step[2] & 15, 100);
	f->id = r->now_us << 8 | i;
	f->first_us = f->last_us = r->now_us;
	f->key.lo = address_from_v4(0x0A000001u + i % 3);
	f->packets[0] = f->packets[1] = f->bytes[0] = f->bytes[1] = 0;
	r->alive[i] = true;
}

static void tell(struct run *r, const uint8_t *step)
{
	static const country countries[] = { IN_CN, IN_US, IN_HK, IN_DE };
	unsigned i = step[0] % FLOWS;
	if (!r->alive[i])
		begin_flow(r, i, step);
	struct flow_fact *f = &r->flow[i];
	f->kind = step[1] >> 6;
	f->now.stage = step[2] >> 4 & 3 ? STAGE_USED : step[2] >> 6 & 1;
	f->now.roles |= step[2] & 15;
	f->flags = step[2] >> 7 ? FLOW_STANDING : 0;
	f->verdict = f->place[0].verdict = (struct verdict){ 0 };
	if (step[3] % 8 > 0 && step[3] % 8 <= BOOK_RULES)
		violate(f, step[3] % 8,
			located(countries[step[3] >> 3 & 3], step[3] & 32 ? IN_US : 0, step[3] >> 6));
	f->verdict.coverage = f->place[0].verdict.coverage = (step[1] & 32) != 0;
	if (step[1] % 32 == 31) /* it turns out to be another service */
		f->now.service = (uint16_t)(1 + step[2] % 3);
	f->packets[step[4] & 1] += step[4];
	f->bytes[step[4] & 1] += step[4] * 100u;
	r->told += step[4];
	f->at_us = r->now_us;
	if (f->kind == FACT_CHANGED || f->kind == FACT_RESUMED)
		f->last_us = r->now_us;
	ledger_fact(r->l, f);
	r->alive[i] = f->kind != FACT_ENDED;
}

static void finish(struct run *r)
{
	struct ledger_counters c;
	ledger_end(r->l);
	take(r);
	ledger_counters(r->l, &c);
	must(c.events == r->events && c.alerts == r->opened && r->opened == r->closed && c.events_lost == 0);
	must(c.meetings == r->meetings && c.meetings_lost == 0);
	must(c.flows_lost > 0 || (r->in_meetings <= r->told && r->in_alerts <= r->told));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run r;
	if (len < 1 + STEP_BYTES)
		return 0;
	memset(&r, 0, sizeof r);
	r.now_us = 1;
	r.l = ledger_new(ledger_book(), data[0] & 1 ? 1u + data[0] / 64 : 64);
	for (data++, len--; len >= STEP_BYTES && r.alerts + 16 < MOST_ALERTS;
	     data += STEP_BYTES, len -= STEP_BYTES) {
		r.now_us += 1 + data[5] * (data[5] & 1 ? SECOND : 1000u);
		if (data[5] % 16 == 2)
			ledger_tick(r.l, r.now_us);
		tell(&r, data);
		take(&r);
	}
	finish(&r);
	ledger_free(r.l);
	return 0;
}
