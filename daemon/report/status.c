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
static const uint64_t SILENT_US = 5000000; /* counters come each second */

struct status {
	struct report *r;
	const struct book *b;
	struct ledger_counters ledger;
	struct spool_counters spool;
	struct live_counters live;
	struct accounting minute;
	uint64_t hour[TROUBLES];
	uint64_t one_way, hidden; /* of the flows that live */
	unsigned databases;
	struct list {
		unsigned count;
		char line[WRONGS_MOST][WRONG_BYTES];
	} wrongs, blinds;
};

static void put_line(struct list *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_line(struct list *l, const char *format, ...)
{
	va_list args;
	if (l->count == WRONGS_MOST)
		return;
	va_start(args, format);
	vsnprintf(l->line[l->count++], WRONG_BYTES, format, args);
	va_end(args);
}
#define wrong(s, ...) put_line(&(s)->wrongs, __VA_ARGS__)
#define blind(s, ...) put_line(&(s)->blinds, __VA_ARGS__)

/* ---- what there is ---- */

static void count_flows(struct status *s)
{
	for (size_t i = 0; i < LIVE_FLOWS; i++) {
		const struct flow_fact *f = live_flow(s->r->live, i);
		s->one_way += f != NULL && (f->flags & FLOW_ONE_WAY) != 0;
		s->hidden += f != NULL && (f->flags & FLOW_HIDDEN) != 0;
	}
}

static bool is_enforcing(const struct status *s)
{
	return book_settings(s->b)->mode == MODE_ENFORCE;
}

static void gather(struct report *r, struct status *s)
{
	*s = (struct status){ .r = r, .b = &r->now->book };
	ledger_counters(r->now->ledger, &s->ledger);
	spool_counters(r->spool, &s->spool);
	live_counters(r->live, &s->live);
	count_flows(s);
	s->minute = recent_minute(&r->recent, now_ms());
	uint64_t sum[TROUBLES];
	troubles_of(r, sum);
	recent_hour(&r->recent, now_ms(), sum, s->hour);
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
	else if (clock_us() > m->at_us + SILENT_US)
		wrong(s, "no counters have come from keyfence-inspect for %" PRIu64 " s",
		      (clock_us() - m->at_us) / 1000000);
	for (unsigned i = 0; i < m->captures && i < s->b->count[BOOK_CAPTURE] && i < CAPTURES_MOST; i++)
		if (m->capture[i].up == 0)
			wrong(s, "no capture on %.40s: what passes there is not seen",
			      book_string(s->b, book_capture(s->b, i)->interface));
	if (s->minute.dropped > 0)
		wrong(s,
		      "%" PRIu64 " packets were dropped in the last minute: what they carried was not judged",
		      s->minute.dropped);
	if (s->hour[TROUBLE_FACTS_LOST] + s->hour[TROUBLE_BLOCKS_LOST] > 0)
		wrong(s,
		      "%" PRIu64 " facts and %" PRIu64
		      " requests to block were lost on the way in the last hour",
		      s->hour[TROUBLE_FACTS_LOST], s->hour[TROUBLE_BLOCKS_LOST]);
	if (s->hour[TROUBLE_EVICTED] > 0)
		wrong(s,
		      "%" PRIu64 " flows were forgotten in the last hour since the table was full: a larger "
		      "`size` would be right",
		      s->hour[TROUBLE_EVICTED]);
}

static void wrong_book(struct status *s)
{
	if (book_settings(s->b)->has_policy == 0)
		wrong(s, "there is no policy, so nothing is judged");
	if (s->b->count[BOOK_LOCAL] == 0 && book_settings(s->b)->local_auto == 0)
		wrong(s, "no network is `local`: clients and servers may be mixed up");
	if (local_looks_wrong(&s->r->counters.engine))
		wrong(s, "`local` looks wrong: conferencing passes between addresses that are not in it");
	if (s->databases == 0)
		wrong(s,
		      "no country database: places are known only by providers' lists, sites and overrides");
	for (size_t i = 0; i < s->b->count[BOOK_SOURCE]; i++)
		if (source_is_stale(book_source(s->b, i)))
			wrong(s, "%.80s is %" PRId64 " days old, more than its max_age",
			      book_string(s->b, book_source(s->b, i)->file),
			      source_age_days(book_source(s->b, i)));
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
	if (s->hour[TROUBLE_SPOOL_LOST] > 0)
		wrong(s, "%" PRIu64 " events were lost from a full spool in the last hour",
		      s->hour[TROUBLE_SPOOL_LOST]);
	if (s->hour[TROUBLE_SPOOL_FAILED] > 0)
		wrong(s, "writing the spool failed %" PRIu64 " times in the last hour",
		      s->hour[TROUBLE_SPOOL_FAILED]);
	if (s->hour[TROUBLE_FOLDED] > 0)
		wrong(s,
		      "an alert storm: %" PRIu64
		      " alerts and refused blocks were only counted in the last hour",
		      s->hour[TROUBLE_FOLDED]);
	if (s->hour[TROUBLE_ALERTS_LOST] > 0)
		wrong(s, "%" PRIu64 " alerts were lost in a full ledger in the last hour",
		      s->hour[TROUBLE_ALERTS_LOST]);
}

static void wrong_rest(struct status *s)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (s->hour[TROUBLE_RESTARTS + i] > 0)
			wrong(s, "%s was started again, %" PRIu64 " times in the last hour", process_name(i),
			      s->hour[TROUBLE_RESTARTS + i]);
	if (s->hour[TROUBLE_REFUSED] > 0)
		wrong(s, "%" PRIu64 " facts made no sense and were refused in the last hour",
		      s->hour[TROUBLE_REFUSED]);
	if (is_enforcing(s) && s->r->enforce < 0)
		wrong(s, "nothing is blocked: keyfence-enforce is not there");
	if (s->r->paused)
		wrong(s, "blocking is paused: no new blocks until `keyfence resume`");
	if (s->hour[TROUBLE_FAILED] + s->hour[TROUBLE_LEAKED] > 0)
		wrong(s, "%" PRIu64 " blocks failed and %" PRIu64 " let packets pass in the last hour",
		      s->hour[TROUBLE_FAILED], s->hour[TROUBLE_LEAKED]);
}

/* What it cannot see by its nature: nothing is broken, and yet it is not known. */
static void list_blind(struct status *s)
{
	if (s->one_way > 0)
		blind(s, "%" PRIu64 " live flows of which one direction only passes here", s->one_way);
	if (s->hidden > 0)
		blind(s, "%" PRIu64 " live flows that hide their name (ECH)", s->hidden);
	if (s->hour[TROUBLE_UNSURE] > 0)
		blind(s,
		      "%" PRIu64
		      " flows in the last hour whose place some rule could not tell inside from outside",
		      s->hour[TROUBLE_UNSURE]);
	if (s->minute.undecoded > s->minute.not_ip)
		blind(s,
		      "%" PRIu64
		      " packets in the last minute that could not be decoded (tunnels, broken ones)",
		      s->minute.undecoded - s->minute.not_ip);
	if (s->live.flows_lost > 0)
		blind(s, "more than %d conferencing flows at once: `flows` does not list them all",
		      LIVE_FLOWS);
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
		if (source_age_days(source) >= 0)
			text_printf(t, ", %" PRId64 " days old", source_age_days(source));
		text_put(t, source_is_stale(source) ? ": STALE\n" : "\n");
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

static void put_restarts(const struct status *s, struct text *t)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (s->r->restarts[i] > 0)
			text_printf(t, "  restarts  %s: %" PRIu64 " so far\n", process_name(i),
				    s->r->restarts[i]);
}

static void put_book(const struct status *s, struct text *t)
{
	text_printf(t, "\n  mode      %s: ", word_name(WORDS_MODE, book_settings(s->b)->mode));
	text_put(t, !is_enforcing(s) ? "what breaks a rule is told, nothing is blocked"
		    : s->r->paused   ? "blocking is PAUSED"
				     : "what breaks a rule is told and blocked, as the rule says");
	text_put(t, "\n  policy    ");
	text_plain(t, book_span(s->b, book_settings(s->b)->policy_file));
	text_printf(t, ", %zu rules; book %016" PRIx64 ", generation %" PRIu32, s->b->count[BOOK_RULE],
		    s->b->header->hash, s->b->header->generation);
	text_put(t, "\n  up        for ");
	when_lasting(t, (now_ms() - s->r->began_ms) * 1000);
	text_put(t, "\n");
}

static void put_status(const struct status *s, struct text *t)
{
	text_put(t, s->wrongs.count == 0 ? "all is well\n" : "not all is well:\n");
	for (unsigned i = 0; i < s->wrongs.count; i++)
		text_printf(t, "  ! %s\n", s->wrongs.line[i]);
	text_put(t, s->blinds.count == 0 ? "" : "blind to:\n");
	for (unsigned i = 0; i < s->blinds.count; i++)
		text_printf(t, "  - %s\n", s->blinds.line[i]);
	put_book(s, t);
	put_captures(s, t);
	put_counts(s, t);
	put_outputs(s, t);
	put_sources(s, t);
	put_restarts(s, t);
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
		json_bool(j, "stale", source_is_stale(source));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_list(struct json *j, const char *key, const struct list *l)
{
	json_open(j, key, '[');
	for (unsigned i = 0; i < l->count; i++)
		json_span(j, NULL, span_text(l->line[i]));
	json_close(j, ']');
}

static void json_minute(const struct status *s, struct json *j)
{
	json_open(j, "last_minute", '{');
	json_uint(j, "offered", s->minute.offered);
	json_uint(j, "filtered", s->minute.filtered);
	json_uint(j, "dropped", s->minute.dropped);
	json_uint(j, "delivered", s->minute.delivered);
	json_uint(j, "undecoded", s->minute.undecoded);
	json_close(j, '}');
}

static void put_json(const struct status *s, struct text *t)
{
	char hash[17];
	struct json j = json_on(t);
	snprintf(hash, sizeof hash, "%016" PRIx64, s->b->header->hash);
	json_open(&j, NULL, '{');
	json_bool(&j, "well", s->wrongs.count == 0);
	json_list(&j, "wrong", &s->wrongs);
	json_list(&j, "blind", &s->blinds);
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
	json_minute(s, &j);
	json_captures(s, &j);
	json_outputs(s, &j);
	json_rest(s, &j);
	json_close(&j, '}');
	text_put(t, "\n");
}

bool answer_status(struct report *r, bool json, struct text *ret)
{
	static struct status s;
	gather(r, &s);
	wrong_captures(&s);
	wrong_book(&s);
	wrong_outputs(&s);
	wrong_rest(&s);
	list_blind(&s);
	if (json)
		put_json(&s, ret);
	else
		put_status(&s, ret);
	return s.wrongs.count == 0;
}
