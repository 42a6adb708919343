/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's own events: is it alive, does it see everything, does it do what it says. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/live.h"
#include "report/report.h"

enum {
	HEARTBEAT_MS = 3600 * 1000,
	FIRST_HEARTBEAT_MS = 5000, /* counters have come by then, or none will */
	STALE_MS = 24 * 3600 * 1000,
	DAY_S = 24 * 3600,
	LOSS_MS = 60 * 1000, /* one event of loss a minute */
	MESSAGE_BYTES = 128,
};

const char *process_name(unsigned process)
{
	static const char *const names[PROCESSES] = { "keyfenced", "keyfence-prepare", "keyfence-inspect",
						      "keyfence-report", "keyfence-enforce" };
	return process < PROCESSES ? names[process] : "?";
}

static unsigned captures_of(const struct message_counters *m)
{
	return m->captures < CAPTURES_MOST ? m->captures : CAPTURES_MOST;
}

struct accounting accounting_of(const struct message_counters *m)
{
	struct accounting a = { .delivered = m->engine.offered_packets };
	for (unsigned i = 0; i < captures_of(m); i++) {
		a.dropped += m->capture[i].dropped + m->capture[i].dropped_by_interface;
		a.filtered += m->capture[i].filtered;
	}
	a.offered = a.filtered + a.dropped + a.delivered;
	a.not_ip = m->engine.decoded_packets[UNDECODED_NOT_IP];
	for (unsigned i = UNDECODED; i < DECODED_KINDS; i++)
		a.undecoded += m->engine.decoded_packets[i];
	return a;
}

/* ---- heartbeat ---- */

static void put_accounting(struct notice *n, const struct message_counters *m)
{
	struct accounting a = accounting_of(m);
	notice_number(n, NOTICE_OFFERED, a.offered);
	notice_number(n, NOTICE_FILTERED, a.filtered);
	notice_number(n, NOTICE_DROPPED, a.dropped);
	notice_number(n, NOTICE_DELIVERED, a.delivered);
	notice_number(n, NOTICE_UNDECODED, a.undecoded);
	notice_number(n, NOTICE_NO_PORTS, m->engine.decoded_packets[DECODED_NO_PORTS]);
	notice_number(n, NOTICE_FRAGMENT, m->engine.decoded_packets[DECODED_FRAGMENT]);
	notice_number(n, NOTICE_NOT_UNICAST, m->engine.decoded_packets[DECODED_NOT_UNICAST]);
	notice_number(n, NOTICE_DUPLICATE, m->engine.duplicate_packets);
	notice_number(n, NOTICE_OUTSIDE, m->engine.outside_packets);
	notice_number(n, NOTICE_TRACKED, m->engine.decoded_packets[DECODED]);
	notice_number(n, NOTICE_FLOWS, m->engine.flows);
	notice_number(n, NOTICE_EVICTED, m->engine.flows_evicted);
	notice_number(n, NOTICE_FACTS_LOST, m->facts_lost);
	notice_number(n, NOTICE_BLOCKS_LOST, m->blocks_lost);
}

static void beat(struct report *r)
{
	struct notice n = notice_now(r, CODE_HEARTBEAT);
	struct ledger_counters l;
	struct spool_counters s;
	uint64_t down = 0;
	ledger_counters(r->now->ledger, &l);
	spool_counters(r->spool, &s);
	for (size_t i = 0; i < outputs_count(r->outputs); i++) {
		struct output_state o;
		outputs_state(r->outputs, i, &o);
		down += o.error != 0;
	}
	notice_number(&n, NOTICE_BOOK, r->now->book.header->hash);
	notice_number(&n, NOTICE_GENERATION, r->now->book.header->generation);
	put_accounting(&n, &r->counters);
	notice_number(&n, NOTICE_MEETINGS, l.meetings);
	notice_number(&n, NOTICE_ALERTS, l.alerts);
	notice_number(&n, NOTICE_ALERTS_LOST, l.alerts_lost + l.events_lost);
	notice_number(&n, NOTICE_UNSURE, l.unsure);
	notice_number(&n, NOTICE_SPOOLED, s.events);
	notice_number(&n, NOTICE_SPOOL_BYTES, s.bytes);
	notice_number(&n, NOTICE_OUTPUTS_DOWN, down);
	notice_number(&n, NOTICE_UPTIME, (now_ms() - r->began_ms) / 1000);
	accept_notice(r, &n);
}

void troubles_of(const struct report *r, uint64_t ret[TROUBLES])
{
	struct ledger_counters l;
	struct spool_counters s;
	ledger_counters(r->now->ledger, &l);
	spool_counters(r->spool, &s);
	ret[TROUBLE_FACTS_LOST] = r->counters.facts_lost;
	ret[TROUBLE_BLOCKS_LOST] = r->counters.blocks_lost;
	ret[TROUBLE_EVICTED] = r->counters.engine.flows_evicted;
	ret[TROUBLE_SPOOL_LOST] = s.lost_in_all;
	ret[TROUBLE_SPOOL_FAILED] = s.failures;
	ret[TROUBLE_ALERTS_LOST] = l.alerts_lost + l.events_lost;
	ret[TROUBLE_UNSURE] = l.unsure;
	ret[TROUBLE_REFUSED] = r->facts_refused;
	ret[TROUBLE_FAILED] = r->blocks[BLOCK_FAILED];
	ret[TROUBLE_LEAKED] = r->blocks[BLOCK_LEAKING];
	ret[TROUBLE_FOLDED] = r->storm.in_all.alerts + r->storm.in_all.refusals;
	for (unsigned i = 0; i < PROCESSES; i++)
		ret[TROUBLE_RESTARTS + i] = r->restarts[i];
}
_Static_assert(TROUBLES == TROUBLE_RESTARTS + PROCESSES, "one row a process");

/* ---- databases ---- */

int64_t source_age_days(const struct book_source *s)
{
	return s->built_day > 0 ? (int64_t)(clock_us() / 1000000 / DAY_S) - s->built_day : -1;
}

bool source_is_stale(const struct book_source *s)
{
	return s->max_age_s > 0 && source_age_days(s) * DAY_S > (int64_t)s->max_age_s;
}

static void tell_stale(struct report *r)
{
	const struct book *b = &r->now->book;
	for (size_t i = 0; i < b->count[BOOK_SOURCE]; i++) {
		const struct book_source *s = book_source(b, i);
		if (!source_is_stale(s))
			continue;
		struct notice n = notice_now(r, CODE_DB_STALE);
		notice_text(&n, NOTICE_FILE, book_span(b, s->file));
		accept_notice(r, &n);
	}
}

void health_tick(struct report *r)
{
	uint64_t now = now_ms();
	live_expire(r->live, clock_us());
	if (r->now == NULL)
		return;
	if (r->heartbeat_ms == 0)
		r->heartbeat_ms = now + FIRST_HEARTBEAT_MS;
	if (now >= r->heartbeat_ms) {
		r->heartbeat_ms = now + HEARTBEAT_MS;
		beat(r);
	}
	uint64_t sum[TROUBLES];
	troubles_of(r, sum);
	recent_count(&r->recent, now, sum);
	if (now >= r->stale_ms) {
		r->stale_ms = now + STALE_MS;
		tell_stale(r);
	}
}

/* ---- strangers ---- */

bool local_looks_wrong(const struct engine_counters *c)
{
	static const uint64_t enough = 1 << 20;
	return c->conferencing_bytes >= enough && c->both_foreign_bytes > c->conferencing_bytes / 100;
}

static void tell_strangers(struct report *r)
{
	const struct engine_counters *c = &r->counters.engine;
	if (!local_looks_wrong(c) || (r->strangers_ms != 0 && now_ms() < r->strangers_ms))
		return;
	r->strangers_ms = now_ms() + STALE_MS;
	struct notice n = notice_now(r, CODE_LOCAL_UNSURE);
	notice_number(&n, NOTICE_CONFERENCING, c->conferencing_bytes);
	notice_number(&n, NOTICE_FOREIGN, c->both_foreign_bytes);
	accept_notice(r, &n);
}

/* ---- captures ---- */

static struct span interface_of(const struct report *r, unsigned capture)
{
	const struct book *b = &r->now->book;
	return capture < b->count[BOOK_CAPTURE] ? book_span(b, book_capture(b, capture)->interface)
						: span_text("?");
}

static void tell_captures(struct report *r, const struct message_counters *m, bool began)
{
	for (unsigned i = 0; i < captures_of(m); i++) {
		bool was_up = began ? true : r->counters.capture[i].up != 0;
		if (was_up == (m->capture[i].up != 0))
			continue;
		struct notice n = notice_now(r, was_up ? CODE_CAPTURE_DOWN : CODE_CAPTURE_UP);
		notice_text(&n, NOTICE_INTERFACE, interface_of(r, i));
		accept_notice(r, &n);
	}
}

static uint64_t dropped_at(const struct message_counters *m, unsigned i)
{
	return m->capture[i].dropped + m->capture[i].dropped_by_interface;
}

static void tell_loss(struct report *r)
{
	uint64_t now = now_ms();
	if (now < r->loss_ms)
		return;
	for (unsigned i = 0; i < captures_of(&r->counters); i++) {
		uint64_t at = dropped_at(&r->counters, i), before = dropped_at(&r->loss_told, i);
		if (at <= before)
			continue;
		struct notice n = notice_now(r, CODE_CAPTURE_LOSS);
		notice_text(&n, NOTICE_INTERFACE, interface_of(r, i));
		notice_number(&n, NOTICE_LOST, at - before);
		notice_number(&n, NOTICE_DROPPED, at);
		accept_notice(r, &n);
		r->loss_ms = now + LOSS_MS;
	}
	r->loss_told = r->counters;
}

void health_counters(struct report *r, const struct message_counters *m)
{
	if (r->now == NULL)
		return;
	bool began = r->counters.at_us == 0 || m->engine.offered_packets < r->counters.engine.offered_packets;
	if (began) /* inspect counts anew */
		memset(&r->loss_told, 0, sizeof r->loss_told);
	tell_captures(r, m, r->counters.at_us == 0);
	r->counters = *m;
	struct accounting a = accounting_of(m);
	recent_account(&r->recent, now_ms(), &a);
	tell_loss(r);
	tell_strangers(r);
}

/* ---- processes ---- */

void health_restarted(struct report *r, const struct message_restarted *m)
{
	char how[MESSAGE_BYTES];
	if (m->process >= PROCESSES)
		return;
	r->restarts[m->process] = m->count;
	if (m->known != 0)
		return;
	struct notice n = notice_now(r, CODE_PROCESS_RESTARTED);
	notice_text(&n, NOTICE_PROCESS, span_text(process_name(m->process)));
	if (m->status >= 0) {
		notice_number(&n, NOTICE_STATUS, (uint64_t)m->status);
		snprintf(how, sizeof how, "status %" PRId32, m->status);
	} else {
		snprintf(how, sizeof how, "signal %" PRId32, -m->status);
	}
	notice_text(&n, NOTICE_ERROR, span_text(how));
	notice_number(&n, NOTICE_RESTARTS, m->count);
	accept_notice(r, &n);
}

/* What somebody asked for is told with who it was, once. */
void put_uid(struct report *r, struct notice *n)
{
	if (now_ms() < r->asked_until_ms)
		notice_number(n, NOTICE_UID, r->asked_uid);
	r->asked_until_ms = 0;
}

void health_paused(struct report *r, bool paused)
{
	if (r->paused == paused)
		return;
	r->paused = paused;
	struct notice n = notice_now(r, paused ? CODE_PAUSED : CODE_RESUMED);
	put_uid(r, &n);
	accept_notice(r, &n);
}
