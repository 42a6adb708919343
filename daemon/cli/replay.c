/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "cli/pipeline.h"
#include "cli/summary.h"
#include "control.h"
#include "ledger/ledger.h"

enum { MEETINGS_OPEN = 4096 };

struct story {
	const struct cli *cli;
	const struct book *book;
	struct ledger *ledger;
	bool meetings; /* tell meetings instead of alerts */
	bool violated;
	struct summary summary;
};

static void tell_event(struct story *s, const struct event *e)
{
	static char storage[EVENT_JSON_BYTES];
	struct text t = text_in(storage, sizeof storage);
	s->violated |= e->done == DONE_ALERTED || e->done == DONE_WOULD_BLOCK || e->done == DONE_BLOCKED;
	if (s->meetings)
		return;
	if (e->state == ALERT_CLOSED && e->done != DONE_NOTHING)
		summary_alert(&s->summary, s->book, e);
	if (s->cli->json)
		event_json(s->book, e, &t);
	else if (e->state == ALERT_CLOSED)
		event_text(s->book, e, s->cli->colour, &t);
	else
		return;
	puts(storage);
}

static void tell_meeting(struct story *s, const struct meeting *m)
{
	static char storage[EVENT_JSON_BYTES];
	struct text t = text_in(storage, sizeof storage);
	if (!s->meetings) {
		summary_meeting(&s->summary, s->book, m);
		return;
	}
	if (s->cli->json)
		meeting_json(s->book, m, &t);
	else
		meeting_text(s->book, m, s->cli->colour, &t);
	puts(storage);
}

static void take_all(struct story *s)
{
	struct event e;
	struct meeting m;
	while (ledger_take(s->ledger, &e))
		tell_event(s, &e);
	while (ledger_take_meeting(s->ledger, &m))
		tell_meeting(s, &m);
}

static void take_fact(void *user, const struct flow_fact *f)
{
	struct story *s = user;
	if (f->now.service == SERVICE_NONE)
		return;
	ledger_fact(s->ledger, f);
	take_all(s);
}

static void take_end(void *user)
{
	struct story *s = user;
	ledger_end(s->ledger);
	take_all(s);
}

static int tell_story(const struct cli *c, const struct book *b, struct story *s)
{
	s->ledger = ledger_new(b, MEETINGS_OPEN);
	if (s->ledger == NULL)
		return complain(STATUS_OURS, "no memory");
	struct pipeline p = { .cli = c, .book = b, .user = s, .fact = take_fact, .ended = take_end };
	int status = pipeline_run(&p);
	ledger_free(s->ledger);
	if (!c->quiet && !c->json && !s->meetings)
		summary_print(&s->summary, c->colour);
	return status == STATUS_DONE && s->violated && !s->meetings ? STATUS_VIOLATED : status;
}

static int open_and_tell(const struct cli *c, bool meetings)
{
	struct library lib;
	struct story *s = calloc(1, sizeof *s);
	if (s == NULL)
		return complain(STATUS_OURS, "no memory");
	int status = library_open(c, &lib);
	s->cli = c;
	s->book = &lib.book;
	s->meetings = meetings;
	if (status == STATUS_DONE)
		status = tell_story(c, &lib.book, s);
	library_close(&lib);
	free(s);
	return status;
}

int verb_replay(const struct cli *c)
{
	if (c->arg_count == 0)
		return complain(STATUS_USAGE, "replay: name a capture, or - for standard input");
	if (c->config == NULL)
		return complain(STATUS_USAGE, "replay: name a policy with -c FILE");
	return open_and_tell(c, false);
}

int verb_meetings(const struct cli *c)
{
	if (c->arg_count == 0 && c->config == NULL)
		return ask_daemon(c, CONTROL_MEETINGS, 0);
	if (c->arg_count == 0)
		return complain(STATUS_USAGE, "meetings: name a capture, or - for standard input");
	return open_and_tell(c, true);
}
