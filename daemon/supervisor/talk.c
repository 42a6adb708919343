/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the others say, and what is said to report. A process that breaks the rules of the table is ended. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

enum { HEARD_MOST = 64 };

/* ---- to report ---- */

static void to_report(struct supervisor *s, enum verb verb, const void *body)
{
	struct child *c = child_running(s, PROCESS_REPORT);
	if (c != NULL)
		message_send(c->link, verb, body, -1);
}

/* A text of any length, in as many messages as it takes. */
void talk_say(struct supervisor *s, uint32_t number, int status, const char *text, size_t bytes)
{
	if (number == 0)
		return;
	do {
		struct message_say m = { .number = number, .status = status };
		m.bytes = (uint32_t)(bytes < MESSAGE_SAY_BYTES ? bytes : MESSAGE_SAY_BYTES);
		memcpy(m.text, text, m.bytes);
		text += m.bytes;
		bytes -= m.bytes;
		m.more = bytes > 0;
		to_report(s, VERB_SAY, &m);
	} while (bytes > 0);
}

static int hear_due(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	(void)source, (void)at_us;
	talk_ended(supervisor);
	return 0;
}

/* The first deaths of a row one by one, then once in a while with the count. */
static void tell_ended(struct supervisor *s, struct child *c, bool known)
{
	enum { TOLD_MOST = 16 };
	static const uint64_t seldom_us = 60000000;
	uint64_t now = now_us();
	struct message_restarted m = {
		.process = c->role, .status = c->ended, .count = c->restarts, .known = known
	};
	if (!known && c->early > TOLD_MOST && now - c->told_us < seldom_us) {
		call_later(s, &s->told_due, seldom_us, hear_due, s);
		return;
	}
	to_report(s, VERB_RESTARTED, &m);
	if (!known) {
		c->told_us = now;
		c->untold = false;
	}
}

void talk_ended(struct supervisor *s)
{
	const struct child *report = child_running(s, PROCESS_REPORT);
	if (report == NULL || report->generation == 0) /* without a book it cannot write events */
		return;
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct child *c = &s->child[i];
		if (c->untold)
			tell_ended(s, c, false);
		else if (c->restarts > 0 && !s->report_knows)
			tell_ended(s, c, true);
	}
	s->report_knows = true;
}

void talk_loaded(struct supervisor *s, int status)
{
	struct message_loaded m = { .hash = s->held.told.hash,
				    .generation = s->held.told.generation,
				    .status = status };
	to_report(s, VERB_LOADED, &m);
}

/* ---- questions ---- */

static void answer(struct supervisor *s, const struct message_ask *q, int status, const char *text)
{
	talk_say(s, q->number, status, text, strlen(text));
}

static void resume(struct supervisor *s)
{
	struct child *enforce = child_running(s, PROCESS_ENFORCE);
	s->resume_due = sd_event_source_disable_unref(s->resume_due);
	s->paused = false;
	if (enforce != NULL)
		message_send(enforce->link, VERB_RESUME, NULL, -1);
	to_report(s, VERB_RESUME, NULL);
	service_status(s);
}

static int hear_resume(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	(void)source, (void)at_us;
	resume(supervisor);
	return 0;
}

static void pause_for(struct supervisor *s, const struct message_ask *q)
{
	static const uint64_t longest_s = 7 * 24 * 3600;
	struct child *enforce = child_running(s, PROCESS_ENFORCE);
	if (enforce == NULL) {
		answer(s, q, STATUS_UNAVAILABLE, "nothing to pause: the daemon only observes\n");
		return;
	}
	s->paused = true;
	message_send(enforce->link, VERB_PAUSE, NULL, -1);
	s->resume_due = sd_event_source_disable_unref(s->resume_due);
	if (q->argument != 0)
		call_later(s, &s->resume_due, (q->argument < longest_s ? q->argument : longest_s) * 1000000,
			   hear_resume, s);
	answer(s, q, STATUS_DONE, "paused: no new blocks\n");
	service_status(s);
}

/* Numbers only, and who asks; report has let in nobody else, and is not believed. */
static void take_ask(struct supervisor *s, const struct message_ask *q)
{
	if (q->uid != 0 && q->uid != geteuid()) {
		answer(s, q, STATUS_PRIVILEGE, "only root and the daemon's user may change anything\n");
		return;
	}
	switch (q->ask) {
	case ASK_RELOAD: reload_start(s, q->number); break;
	case ASK_PAUSE: pause_for(s, q); break;
	case ASK_RESUME:
		answer(s, q, STATUS_DONE,
		       s->paused ? "resumed: blocks are made again\n" : "it was not paused\n");
		resume(s);
		break;
	case ASK_UNBLOCK: answer(s, q, STATUS_DONE, ""); break;
	default: answer(s, q, STATUS_USAGE, "no question of ours\n"); break;
	}
}

/* ---- everybody ---- */

static void take_ready(struct child *c, const struct message_ready *m)
{
	if (m->generation != c->sent)
		return; /* of a book that has been overtaken */
	c->generation = m->generation;
	c->overdue = sd_event_source_disable_unref(c->overdue);
	children_advance(c->owner);
}

static void take_gone(struct supervisor *s, const struct message_gone *m)
{
	if (m->capture >= s->held.book.count[BOOK_CAPTURE])
		return;
	s->gone |= 1u << m->capture;
	say("interface %s: %s",
	    book_string(&s->held.book, book_capture(&s->held.book, m->capture)->interface),
	    strerror(m->error < 0 ? -m->error : 0));
	surroundings_missed(s);
}

static void take_broken(struct child *c, const struct message_broken *m)
{
	struct child *accused = m->process < PROCESSES ? child_running(c->owner, m->process) : NULL;
	if (accused != NULL && accused != c)
		child_kill(accused, "sent what it may not");
}

static void take(struct child *c, const struct message *m)
{
	switch (m->verb) {
	case VERB_READY: take_ready(c, &m->body.ready); break;
	case VERB_GONE: take_gone(c->owner, &m->body.gone); break;
	case VERB_ASK: take_ask(c->owner, &m->body.ask); break;
	case VERB_BROKEN: take_broken(c, &m->body.broken); break;
	default: break;
	}
}

int talk_hear(sd_event_source *source, int fd, uint32_t events, void *child)
{
	static struct message m;
	struct child *c = child;
	int passed;
	(void)events;
	for (unsigned i = 0; i < HEARD_MOST && c->link == fd; i++) {
		int r = message_receive(fd, c->role, PROCESS_SUPERVISOR, &m, &passed);
		if (r == -EAGAIN)
			return 0;
		if (r < 0) {
			sd_event_source_set_enabled(source, SD_EVENT_OFF); /* its death comes next */
			if (r != -EPIPE)
				child_kill(c, "sent what it may not");
			return 0;
		}
		take(c, &m);
	}
	return 0;
}
