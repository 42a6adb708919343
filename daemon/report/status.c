/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `status`: is all well, and what is the sensor blind to; in one screen. What is wrong comes first, each in one line. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "event/when.h"
#include "report/desk.h"
#include "report/live.h"

enum { WRONGS_MOST = 24, WRONG_BYTES = 200 };

struct status {
	struct report *r;
	const struct book *b;
	struct ledger_counters ledger;
	struct spool_counters spool;
	struct live_counters live;
	struct accounting minute;
	uint64_t one_way, hidden; /* of the flows that live */
	unsigned databases;
	unsigned wrongs;
	char wrong[WRONGS_MOST][WRONG_BYTES];
};

static void wrong(struct status *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct status *s, const char *format, ...)
{
	va_list args;
	if (s->wrongs == WRONGS_MOST)
		return;
	va_start(args, format);
	vsnprintf(s->wrong[s->wrongs++], WRONG_BYTES, format, args);
	va_end(args);
}

/* ---- what there is ---- */

static struct accounting less(struct accounting a, const struct accounting *b)
{
	a.offered -= b->offered;
	a.filtered -= b->filtered;
	a.dropped -= b->dropped;
	a.delivered -= b->delivered;
	a.undecoded -= b->undecoded;
	return a;
}

static void count_flows(struct status *s)
{
	for (size_t i = 0; i < LIVE_FLOWS; i++) {
		const struct flow_fact *f = live_flow(s->r->live, i);
		s->one_way += f != NULL && (f->flags & FLOW_ONE_WAY) != 0;
		s->hidden += f != NULL && (f->flags & FLOW_HIDDEN) != 0;
	}
}

/* The last minute: what was counted since the last whole minute and in the one before it. */
static struct accounting last_minute(const struct report *r)
{
	struct accounting now = accounting_of(&r->counters), before = accounting_of(&r->minute[0]);
	return now.offered >= before.offered ? less(now, &before) : now;
}

static void gather(struct report *r, struct status *s)
{
	*s = (struct status){ .r = r, .b = &r->now->book };
	ledger_counters(r->now->ledger, &s->ledger);
	spool_counters(r->spool, &s->spool);
	live_counters(r->live, &s->live);
	count_flows(s);
	s->minute = last_minute(r);
	for (size_t i = 0; i < s->b->count[BOOK_SOURCE]; i++)
		s->databases += book_source(s->b, i)->kind == KIND_DATABASE;
}

/* ---- what is wrong ---- */

static void wrong_captures(struct status *s)
{
	const struct message_counters *m = &s->r->counters;
	if (s->r->inspect < 0)
		wrong(s, "nothing is inspected: keyfence-inspect is not there");
	else if (m->at_us == 0)
		wrong(s, "no counters have come from keyfence-inspect yet");
	for (unsigned i = 0; i < m->captures && i < s->b->count[BOOK_CAPTURE] && i < CAPTURES_MOST; i++)
		if (m->capture[i].up == 0)
			wrong(s, "no capture on %.40s", book_string(s->b, book_capture(s->b, i)->interface));
	if (s->minute.dropped > 0)
		wrong(s,
		      "%" PRIu64
		      " packets were dropped in the last minutes: what they carried was not judged",
		      s->minute.dropped);
	if (m->facts_lost > 0 || m->blocks_lost > 0)
		wrong(s, "%" PRIu64 " facts and %" PRIu64 " requests to block were lost on the way",
		      m->facts_lost, m->blocks_lost);
	if (m->engine.flows_evicted > 0)
		wrong(s,
		      "%" PRIu64
		      " flows were forgotten since the table was full: a larger `size` would be right",
		      m->engine.flows_evicted);
}

static void wrong_sight(struct status *s)
{
	if (s->databases == 0)
		wrong(s, "blind: no country database; places are known only by providers' lists, sites and "
			 "overrides");
	if (book_settings(s->b)->has_policy == 0)
		wrong(s, "blind: there is no policy, so nothing is judged");
	if (s->b->count[BOOK_LOCAL] == 0)
		wrong(s, "blind: no network is `local`: clients and servers may be mixed up");
	if (s->one_way > 0)
		wrong(s, "blind: of %" PRIu64 " live flows one direction only is seen", s->one_way);
	if (s->hidden > 0)
		wrong(s, "blind: %" PRIu64 " live flows hide their name (ECH)", s->hidden);
	if (s->ledger.unsure > 0)
		wrong(s,
		      "unsure: %" PRIu64
		      " flows had a place that some rule could not tell inside from outside",
		      s->ledger.unsure);
}

static void wrong_outputs(struct status *s)
{
	for (size_t i = 0; i < outputs_count(s->r->outputs); i++) {
		struct output_state o;
		outputs_state(s->r->outputs, i, &o);
		if (o.error != 0)
			wrong(s, "%.90s takes no events: %s; %" PRIu64 " wait", o.name, strerror(-o.error),
			      spool_waiting(s->r->spool, i));
	}
	if (s->spool.lost_in_all > 0)
		wrong(s, "%" PRIu64 " events were lost from a full spool", s->spool.lost_in_all);
	if (s->spool.failures > 0)
		wrong(s, "writing the spool failed %" PRIu64 " times", s->spool.failures);
	if (s->ledger.alerts_lost + s->ledger.events_lost > 0)
		wrong(s, "%" PRIu64 " alerts were lost in a full ledger",
		      s->ledger.alerts_lost + s->ledger.events_lost);
}

static void wrong_rest(struct status *s)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (s->r->restarts[i] > 0)
			wrong(s, "%s was started again %" PRIu64 " times", process_name(i),
			      s->r->restarts[i]);
	if (s->r->facts_refused + s->r->facts_stale > 0)
		wrong(s, "%" PRIu64 " facts were refused, %" PRIu64 " were of another book",
		      s->r->facts_refused, s->r->facts_stale);
	if (s->r->paused)
		wrong(s, "blocking is paused");
	if (s->r->blocks[BLOCK_FAILED] + s->r->blocks[BLOCK_LEAKING] > 0)
		wrong(s, "%" PRIu64 " blocks failed, %" PRIu64 " leaked", s->r->blocks[BLOCK_FAILED],
		      s->r->blocks[BLOCK_LEAKING]);
}

/* ---- for people ---- */

static void put_sources(const struct status *s, struct text *t)
{
	for (size_t i = 0; i < s->b->count[BOOK_SOURCE]; i++) {
		const struct book_source *source = book_source(s->b, i);
		text_printf(t, "  source    %s ", word_name(WORDS_KIND, source->kind));
		text_plain(t, book_span(s->b, source->label));
		text_put(t, " ");
		text_plain(t, book_span(s->b, source->file));
		text_put(t, source->built.bytes > 0 ? " of " : "");
		text_plain(t, book_span(s->b, source->built));
		text_put(t, "\n");
	}
}

static void put_outputs(const struct status *s, struct text *t)
{
	for (size_t i = 0; i < outputs_count(s->r->outputs); i++) {
		struct output_state o;
		outputs_state(s->r->outputs, i, &o);
		text_printf(t, "  output    %s: %s, %" PRIu64 " sent, %" PRIu64 " wait\n", o.name,
			    o.error != 0 ? "DOWN" : "up", o.events, spool_waiting(s->r->spool, i));
	}
}

static void put_captures(const struct status *s, struct text *t)
{
	const struct message_counters *m = &s->r->counters;
	for (unsigned i = 0; i < s->b->count[BOOK_CAPTURE] && i < CAPTURES_MOST; i++) {
		const struct book_capture *row = book_capture(s->b, i);
		text_put(t, "  capture   ");
		text_plain(t, book_span(s->b, row->interface));
		text_printf(t, " (%s): %s, %" PRIu64 " packets, %" PRIu64 " dropped\n",
			    word_name(WORDS_SIDE, row->side),
			    i < m->captures && m->capture[i].up != 0 ? "up" : "DOWN", m->capture[i].received,
			    m->capture[i].dropped + m->capture[i].dropped_by_interface);
	}
}

static void put_counts(const struct status *s, struct text *t)
{
	const struct accounting *a = &s->minute;
	text_printf(t,
		    "  packets   last minute: %" PRIu64 " offered = %" PRIu64 " filtered + %" PRIu64
		    " dropped + %" PRIu64 " delivered (%" PRIu64 " undecoded)\n",
		    a->offered, a->filtered, a->dropped, a->delivered, a->undecoded);
	text_printf(t,
		    "  judged    %" PRIu64 " conferencing flows now, %" PRIu64 " meetings and %" PRIu64
		    " alerts so far\n",
		    s->live.flows, s->ledger.meetings, s->ledger.alerts);
	text_printf(t,
		    "  blocks    %" PRIu64 " stand; %" PRIu64 " applied, %" PRIu64 " refused, %" PRIu64
		    " failed so far\n",
		    s->live.blocks, s->r->blocks[BLOCK_APPLIED], s->r->blocks[BLOCK_REFUSED],
		    s->r->blocks[BLOCK_FAILED]);
	text_printf(t,
		    "  spool     %" PRIu64 " events, %" PRIu64 " of %" PRIu64 " kB; %" PRIu64
		    " accepted so far\n",
		    s->spool.events, s->spool.bytes / 1024, s->spool.most_bytes / 1024, s->spool.accepted);
}

static void put_status(const struct status *s, struct text *t)
{
	const struct book_settings *set = book_settings(s->b);
	text_put(t, s->wrongs == 0 ? "all is well" : "not all is well:");
	text_put(t, "\n");
	for (unsigned i = 0; i < s->wrongs; i++)
		text_printf(t, "  ! %s\n", s->wrong[i]);
	text_printf(t, "\n  book      %016" PRIx64 ", generation %" PRIu32 ", mode %s, %zu rules; ",
		    s->b->header->hash, s->b->header->generation, word_name(WORDS_MODE, set->mode),
		    s->b->count[BOOK_RULE]);
	text_plain(t, book_span(s->b, set->policy_file));
	text_put(t, "\n  up        for ");
	when_lasting(t, (now_ms() - s->r->began_ms) * 1000);
	text_put(t, "\n");
	put_captures(s, t);
	put_counts(s, t);
	put_outputs(s, t);
	put_sources(s, t);
}

/* ---- as JSON ---- */

static void json_accounting(const struct status *s, struct json *j)
{
	const struct engine_counters *e = &s->r->counters.engine;
	struct accounting a = accounting_of(&s->r->counters);
	json_open(j, "accounting", '{');
	json_uint(j, "offered", a.offered);
	json_uint(j, "filtered", a.filtered);
	json_uint(j, "dropped", a.dropped);
	json_uint(j, "delivered", a.delivered);
	json_uint(j, "undecoded", a.undecoded);
	for (unsigned i = DECODED; i < UNDECODED; i++)
		json_uint(j, word_name(WORDS_DECODED, i), e->decoded_packets[i]);
	json_uint(j, "duplicate", e->duplicate_packets);
	json_uint(j, "outside", e->outside_packets);
	json_uint(j, "flows", e->flows);
	json_uint(j, "flows_evicted", e->flows_evicted);
	json_uint(j, "facts_lost", s->r->counters.facts_lost);
	json_uint(j, "blocks_lost", s->r->counters.blocks_lost);
	json_close(j, '}');
}

static void json_outputs(const struct status *s, struct json *j)
{
	json_open(j, "outputs", '[');
	for (size_t i = 0; i < outputs_count(s->r->outputs); i++) {
		struct output_state o;
		outputs_state(s->r->outputs, i, &o);
		json_open(j, NULL, '{');
		json_text(j, "name", o.name);
		json_bool(j, "up", o.error == 0);
		json_uint(j, "events", o.events);
		json_uint(j, "waiting", spool_waiting(s->r->spool, i));
		json_uint(j, "delivered", o.confirmed);
		json_uint(j, "refused", o.refused);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_captures(const struct status *s, struct json *j)
{
	const struct message_counters *m = &s->r->counters;
	json_open(j, "captures", '[');
	for (unsigned i = 0; i < s->b->count[BOOK_CAPTURE] && i < CAPTURES_MOST; i++) {
		json_open(j, NULL, '{');
		json_span(j, "interface", book_span(s->b, book_capture(s->b, i)->interface));
		json_bool(j, "up", i < m->captures && m->capture[i].up != 0);
		json_uint(j, "received", m->capture[i].received);
		json_uint(j, "dropped", m->capture[i].dropped);
		json_uint(j, "dropped_by_interface", m->capture[i].dropped_by_interface);
		json_uint(j, "filtered", m->capture[i].filtered);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_rest(const struct status *s, struct json *j)
{
	json_open(j, "restarts", '{');
	for (unsigned i = 0; i < PROCESSES; i++)
		json_uint(j, process_name(i), s->r->restarts[i]);
	json_close(j, '}');
	json_open(j, "spool", '{');
	json_uint(j, "accepted", s->spool.accepted);
	json_uint(j, "events", s->spool.events);
	json_uint(j, "bytes", s->spool.bytes);
	json_uint(j, "lost", s->spool.lost_in_all);
	json_close(j, '}');
	json_open(j, "sources", '[');
	for (size_t i = 0; i < s->b->count[BOOK_SOURCE]; i++) {
		const struct book_source *source = book_source(s->b, i);
		json_open(j, NULL, '{');
		json_text(j, "kind", word_name(WORDS_KIND, source->kind));
		json_span(j, "label", book_span(s->b, source->label));
		json_span(j, "file", book_span(s->b, source->file));
		json_span(j, "built", book_span(s->b, source->built));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_json(const struct status *s, struct text *t)
{
	char hash[17];
	struct json j = json_on(t);
	snprintf(hash, sizeof hash, "%016" PRIx64, s->b->header->hash);
	json_open(&j, NULL, '{');
	json_bool(&j, "well", s->wrongs == 0);
	json_open(&j, "wrong", '[');
	for (unsigned i = 0; i < s->wrongs; i++)
		json_span(&j, NULL, span_text(s->wrong[i]));
	json_close(&j, ']');
	json_text(&j, "book", hash);
	json_uint(&j, "generation", s->b->header->generation);
	json_text(&j, "mode", word_name(WORDS_MODE, book_settings(s->b)->mode));
	json_bool(&j, "paused", s->r->paused);
	json_uint(&j, "uptime_s", (now_ms() - s->r->began_ms) / 1000);
	json_uint(&j, "flows", s->live.flows);
	json_uint(&j, "meetings", s->ledger.meetings);
	json_uint(&j, "alerts", s->ledger.alerts);
	json_uint(&j, "unsure", s->ledger.unsure);
	json_uint(&j, "blocks", s->live.blocks);
	json_accounting(s, &j);
	json_captures(s, &j);
	json_outputs(s, &j);
	json_rest(s, &j);
	json_close(&j, '}');
	text_put(t, "\n");
}

void answer_status(struct report *r, bool json, struct text *ret)
{
	static struct status s;
	gather(r, &s);
	wrong_captures(&s);
	wrong_sight(&s);
	wrong_outputs(&s);
	wrong_rest(&s);
	if (json)
		put_json(&s, ret);
	else
		put_status(&s, ret);
}
