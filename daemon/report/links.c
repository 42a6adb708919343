/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the other processes say. A peer that breaks the rules is dropped: its link is closed, and the supervisor, which
 * holds the other end's process, starts that anew. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "report/desk.h"
#include "report/live.h"
#include "report/report.h"

enum { HEARD_MOST = 128 }; /* messages of one link in one turn */

static void close_link(int *link)
{
	if (*link >= 0)
		close(*link);
	*link = -1;
}

static void take_link(struct report *r, const struct message_link *m, int passed)
{
	int *link = m->to == PROCESS_INSPECT ? &r->inspect : m->to == PROCESS_ENFORCE ? &r->enforce : NULL;
	if (link == NULL) {
		close(passed);
		return;
	}
	close_link(link);
	*link = passed;
	if (m->to == PROCESS_INSPECT)
		live_clear(r->live);
}

static void take_loaded(struct report *r, const struct message_loaded *m)
{
	if (m->status == 0) {
		outputs_reopen(r->outputs);
		return;
	}
	struct notice n = notice_now(r, CODE_POLICY_REJECTED);
	put_uid(r, &n);
	accept_notice(r, &n);
}

static void from_supervisor(struct report *r, const struct message *m, int passed)
{
	switch (m->verb) {
	case VERB_BOOK: book_take(r, &m->body.book, passed); break;
	case VERB_LINK: take_link(r, &m->body.link, passed); break;
	case VERB_STOP: r->stopping = true; break;
	case VERB_PAUSE: health_paused(r, true); break;
	case VERB_RESUME: health_paused(r, false); break;
	case VERB_SAY: desk_said(r->desk, r, &m->body.say); break;
	case VERB_RESTARTED: health_restarted(r, &m->body.restarted); break;
	case VERB_LOADED: take_loaded(r, &m->body.loaded); break;
	default: break;
	}
}

static void from_inspect(struct report *r, const struct message *m, int passed)
{
	(void)passed;
	if (m->verb == VERB_FACT)
		fact_take(r, &m->body.fact);
	else if (m->verb == VERB_COUNTERS)
		health_counters(r, &m->body.counters);
}

static void from_enforce(struct report *r, const struct message *m, int passed)
{
	(void)passed;
	if (m->verb == VERB_BLOCKED)
		block_told(r, &m->body.blocked);
}

typedef void take_message(struct report *r, const struct message *m, int passed);

/* Its link is over, and the supervisor is told, who starts it anew. */
static void accuse(struct report *r, enum process who, int error)
{
	struct message_broken m = { who };
	say("%s sent what it may not: %s", process_name(who), strerror(-error));
	if (who != PROCESS_SUPERVISOR)
		message_send(r->supervisor, VERB_BROKEN, &m, -1);
}

/* false: the link is over. */
static bool hear(struct report *r, int *link, enum process from, take_message *take)
{
	static struct message m;
	int passed;
	for (unsigned i = 0; i < HEARD_MOST && *link >= 0; i++) {
		int error = message_receive(*link, from, PROCESS_REPORT, &m, &passed);
		if (error == -EAGAIN)
			return true;
		if (error < 0) {
			if (error != -EPIPE)
				accuse(r, from, error);
			close_link(link);
			return false;
		}
		take(r, &m, passed);
		accept_commit(r);
	}
	return true;
}

void links_hear(struct report *r)
{
	if (!hear(r, &r->supervisor, PROCESS_SUPERVISOR, from_supervisor) || r->supervisor < 0) {
		r->stopping = true;
		r->status = REPORT_UNAVAILABLE;
	}
	if (r->now == NULL) /* without a book nothing can be judged, and no fence stands */
		return;
	hear(r, &r->inspect, PROCESS_INSPECT, from_inspect);
	hear(r, &r->enforce, PROCESS_ENFORCE, from_enforce);
}
