/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report: facts -> meetings -> alerts -> events -> spool -> outputs; the daemon's own events; the control socket. It holds no
 * privilege: links, a book, a spool, outputs. One struct, one loop of poll(2), no threads. */
#ifndef KEYFENCE_REPORT_REPORT_H
#define KEYFENCE_REPORT_REPORT_H

#include "ledger/ledger.h"
#include "message.h"
#include "report/outputs.h"
#include "report/recent.h"
#include "report/storm.h"

enum report_status {
	REPORT_DONE = 0,
	REPORT_UNAVAILABLE = 69,
	REPORT_OURS = 70,
	REPORT_IO = 74,
	REPORT_AGAIN = 75
};
enum { REPORT_LINKS = 3, MINUTE = 60 };

/* A book, and the ledger of the facts that it judged. */
struct judged {
	struct book book;
	struct ledger *ledger; /* borrows the book: this struct stays where it is */
	struct idset open;     /* its alerts that are open */
	uint64_t leaves_ms;    /* of the former: when it goes */
};

struct live;
struct desk;

struct report {
	int supervisor, inspect, enforce; /* links; -1: none */
	struct judged *now, *former;      /* NULL: none */
	struct spool *spool;
	struct outputs *outputs;
	struct live *live;          /* flows that live, and blocks that stand */
	struct desk *desk;          /* the control socket */
	uint64_t id_key[2], serial; /* of notices */
	uint64_t began_ms,
		gathered_ms; /* gathered: since when the spool has something uncommitted; 0: nothing */
	uint64_t retry_ms, tick_ms, heartbeat_ms, stale_ms, strangers_ms;
	struct message_counters counters; /* the latest; at_us 0: none yet */
	struct recent recent;
	struct storm storm;
	struct message_counters loss_told;
	uint64_t loss_ms, losses_ms; /* when a loss of packets, of events may be told again */
	uint64_t restarts[PROCESSES], facts, facts_refused, facts_stale, blocks[BLOCK_CONFLICT + 1];
	uint32_t asked_uid; /* who asked last for a reload, a pause, a resume */
	uint32_t unblock_uid;
	uint64_t unblock_element; /* 0: all */
	uint64_t asked_until_ms, unblock_until_ms;
	bool paused, stopping, damaged, fenced;
	int status;
};

/* One line on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);   /* never runs back */
uint64_t clock_us(void); /* since 1970 */

/* accept.c: events into the spool */
void accept_event(struct report *r, struct judged *j, const struct event *e);
struct notice notice_now(struct report *r, enum code code);
void accept_notice(struct report *r, const struct notice *n);
void accept_commit(struct report *r); /* what was gathered becomes stable, when it is time */
void accept_storm(struct report *r);  /* what a storm of alerts only counted is told */
void accept_losses(struct report *r); /* events that a full spool lost are told */
void accept_output(void *report, const char *name, int error); /* an output went down, or up */

/* books.c */
void book_take(struct report *r, const struct message_book *m, int memfd);
void books_tick(struct report *r);
void books_free(struct report *r);
void books_end(struct report *r); /* every meeting and alert closes */

/* fence.c: raised once, with the first book; strict: without one of them it does not start. REPORT_DONE, or what it ends
 * with: REPORT_AGAIN if this book's files stand where the fence lets nobody. */
int fence_for_book(struct report *r);

/* facts.c */
void fact_take(struct report *r, const struct flow_fact *f);
/* Every number in it is within what the book has. */
bool fact_is_sound(const struct book *b, const struct flow_fact *f);
void ledger_drain(struct report *r, struct judged *j);

/* links.c */
void links_hear(struct report *r); /* everything that waits, up to a bound */

/* blocks.c */
void block_told(struct report *r, const struct message_blocked *m);

/* health.c */
void health_tick(struct report *r);
void health_counters(struct report *r, const struct message_counters *m);
void health_restarted(struct report *r, const struct message_restarted *m);
void put_uid(struct report *r, struct notice *n);
void health_paused(struct report *r, bool paused);
/* Above one in a hundred conferencing bytes pass between strangers, and there are enough of them to tell. */
bool local_looks_wrong(const struct engine_counters *c);
struct accounting accounting_of(const struct message_counters *m);
void troubles_of(const struct report *r, uint64_t ret[TROUBLES]);
int64_t source_age_days(const struct book_source *s); /* -1: not known */
bool source_is_stale(const struct book_source *s);
const char *process_name(unsigned process);

#endif
