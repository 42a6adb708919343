/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/siphash.h"
#include "report/report.h"

enum {
	BRIEF_BYTES = 1800, /* with its header within 1,900: UDP and local sockets cut at 2 KiB and above */
	COMMIT_MS = 10,
	COMMIT_RETRY_MS = 1000,
	NATIVE_BYTES = 16384,
	LOSSES_MS = 10000, /* losses that go on are told together */
};

static unsigned priority_of(unsigned severity)
{
	return severity >= 90 ? 2 : severity >= 70 ? 3 : severity >= 50 ? 4 : severity >= 25 ? 5 : 6;
}

static enum spool_class class_of(const struct event *e)
{
	if (e->code == CODE_LOC_NONE)
		return SPOOL_INFO;
	if (e->state != ALERT_OPENED)
		return SPOOL_UPDATE;
	return e->code == CODE_KEY_REGION ? SPOOL_KEY : SPOOL_ALERT;
}

/* A field that did not fit whole is no field. */
static struct span whole_lines(const struct text *t)
{
	size_t n = t->len;
	while (t->cut && n > 0 && t->at[n - 1] != '\n')
		n--;
	return span_of(t->at, n);
}

static void gather(struct report *r, const struct record *record)
{
	if (spool_put(r->spool, record) == -ENOMEM)
		say("no memory for an event");
	if (r->gathered_ms == 0)
		r->gathered_ms = now_ms();
}

void accept_storm(struct report *r)
{
	struct storm_counts c;
	if (r->now == NULL || !storm_due(&r->storm, now_ms(), r->stopping, &c))
		return;
	struct notice n = notice_now(r, CODE_ALERT_STORM);
	notice_number(&n, NOTICE_FOLDED, c.alerts);
	notice_number(&n, NOTICE_FOLDED_FLOWS, c.flows);
	notice_number(&n, NOTICE_FOLDED_REFUSALS, c.refusals);
	accept_notice(r, &n);
}

/* With another book every live flow is told again, to a ledger that knows nothing: what was open opens once more, and what goes
 * on there must not end with the former ledger. */
static bool is_told_twice(const struct report *r, struct judged *j, const struct event *e)
{
	if (e->state == ALERT_OPENED) {
		idset_add(&j->open, e->alert_id);
		return r->former != NULL && j == r->now && idset_has(&r->former->open, e->alert_id);
	}
	if (e->state == ALERT_CLOSED)
		idset_remove(&j->open, e->alert_id);
	return r->now != NULL && j == r->former && idset_has(&r->now->open, e->alert_id);
}

/* The first event of an alert has the same id after a restart, so that it is told once. What comes later has counts of its
 * own, of this process, this book, and of a meeting that may have been closed early and begun again. */
static uint64_t id_of(const struct report *r, const struct judged *j, const struct event *e)
{
	const uint64_t parts[3] = { e->id, j->book.header->generation, e->at_us };
	return e->update == 0 ? e->id : siphash13(r->id_key, parts, sizeof parts);
}

void accept_event(struct report *r, struct judged *j, const struct event *given)
{
	static struct event told;
	const struct event *e = &told;
	const struct book *b = &j->book;
	told = *given;
	told.id = id_of(r, j, given);
	if (class_of(e) != SPOOL_INFO && (is_told_twice(r, j, e) || storm_folds(&r->storm, e, now_ms())))
		return;
	static char json[EVENT_JSON_BYTES], brief[EVENT_JSON_BYTES], native[NATIVE_BYTES];
	struct text whole = text_in(json, sizeof json), less = text_in(brief, sizeof brief);
	struct text fields = text_in(native, sizeof native);
	event_json(b, e, &whole);
	event_native(b, e, &fields);
	struct record record = { .id = e->id,
				 .at_us = e->at_us,
				 .class = (uint8_t)class_of(e),
				 .code = e->code,
				 .priority = (uint8_t)priority_of(e->severity),
				 .json = span_of(json, whole.len),
				 .brief = span_of(json, whole.len),
				 .native = whole_lines(&fields) };
	if (whole.len > BRIEF_BYTES) {
		event_json_brief(b, e, BRIEF_BYTES, &less);
		record.brief = span_of(brief, less.len);
	}
	gather(r, &record);
}

struct notice notice_now(struct report *r, enum code code)
{
	uint64_t at_us = clock_us();
	struct {
		uint64_t serial, at_us, code;
	} parts = { ++r->serial, at_us, code };
	return notice_of(code, siphash13(r->id_key, &parts, sizeof parts), at_us);
}

void accept_notice(struct report *r, const struct notice *n)
{
	static char json[EVENT_JSON_BYTES], native[NATIVE_BYTES];
	struct text whole = text_in(json, sizeof json), fields = text_in(native, sizeof native);
	if (r->now == NULL)
		return;
	unsigned severity = notice_severity(n->code);
	enum spool_class class = n->code == CODE_SPOOL_LOST    ? SPOOL_LOSS
				 : n->code == CODE_ALERT_STORM ? SPOOL_KEY
				 : severity >= 50              ? SPOOL_HEALTH
							       : SPOOL_INFO;
	notice_json(&r->now->book, n, &whole);
	notice_native(&r->now->book, n, &fields);
	struct record record = { .id = n->id,
				 .at_us = n->at_us,
				 .class = (uint8_t) class,
				 .code = n->code,
				 .priority = (uint8_t)priority_of(severity),
				 .json = span_of(json, whole.len),
				 .brief = span_of(json, whole.len),
				 .native = whole_lines(&fields) };
	gather(r, &record);
}

void accept_output(void *report, const char *name, int error)
{
	struct report *r = report;
	struct notice n = notice_now(r, error != 0 ? CODE_OUTPUT_DOWN : CODE_OUTPUT_UP);
	notice_text(&n, NOTICE_OUTPUT, span_text(name));
	if (error != 0)
		notice_text(&n, NOTICE_ERROR, span_text(strerror(-error)));
	accept_notice(r, &n);
}

/* At once when they begin; then what was lost since. */
void accept_losses(struct report *r)
{
	struct spool_counters c;
	uint64_t all = 0;
	if (r->now == NULL || (now_ms() < r->losses_ms && !r->stopping))
		return;
	spool_counters(r->spool, &c);
	for (unsigned i = 0; i < SPOOL_CLASSES; i++)
		all += c.lost[i];
	if (all == 0)
		return;
	r->losses_ms = now_ms() + LOSSES_MS;
	struct notice n = notice_now(r, CODE_SPOOL_LOST);
	notice_number(&n, NOTICE_LOST, all);
	for (unsigned i = SPOOL_INFO; i <= SPOOL_KEY; i++)
		notice_number(&n, (enum notice_key)(NOTICE_LOST_INFO + i), c.lost[i]);
	notice_number(&n, NOTICE_FIRST, c.lost_first);
	notice_number(&n, NOTICE_LAST, c.lost_last);
	accept_notice(r, &n);
	spool_lost_told(r->spool, &c);
}

void accept_commit(struct report *r)
{
	uint64_t now = now_ms();
	bool due = r->gathered_ms != 0 &&
		   (now - r->gathered_ms >= COMMIT_MS || spool_pending(r->spool) >= SPOOL_GROUP);
	if (r->now == NULL || now < r->retry_ms || (!due && !r->stopping))
		return;
	int error = spool_commit(r->spool);
	if (error == -EBADMSG) {
		say("the spool is damaged; a new one begins");
		r->stopping = true;
		r->status = REPORT_OURS;
	}
	if (error < 0) {
		if (r->retry_ms == 0)
			say("the spool: %s; events wait", strerror(-error));
		r->retry_ms = now + COMMIT_RETRY_MS;
		return;
	}
	r->retry_ms = 0;
	r->gathered_ms = 0;
	accept_losses(r);
}
