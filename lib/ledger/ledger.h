/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger: flow facts -> meetings -> alerts -> events (design section 1: meeting, alert; section 2). A pure machine as
 * the engine is: no clock, no file, no allocation after ledger_new. */
#ifndef KEYFENCE_LEDGER_LEDGER_H
#define KEYFENCE_LEDGER_LEDGER_H

#include "event/event.h"

struct ledger;

/* most_meetings: bound on meetings open at once; a full table closes the one that was quiet longest, and counts.
 * The book is borrowed. NULL: no memory. */
struct ledger *ledger_new(const struct book *b, size_t most_meetings);
void ledger_free(struct ledger *l);

void ledger_fact(struct ledger *l, const struct flow_fact *f); /* moves the clock to f->at_us first */
void ledger_tick(struct ledger *l, uint64_t now_us);
/* Somebody acts on what blocks: then an alert of such a rule says that a block was asked for, not that it would be blocked, and
 * ledger_done tells it what came of it. Off at first. */
void ledger_acted(struct ledger *l, bool acted);
/* What came of a block of this rule (row + 1) for a flow of client and service: DONE_BLOCKED or DONE_FAILED. The open alert says so
 * from now on, at once as an update; no such alert: nothing happens. */
void ledger_done(struct ledger *l, const struct address *client, uint16_t service, uint16_t rule, enum done done);
/* The input ended: every meeting and alert closes. */
void ledger_end(struct ledger *l);
/* The next event; false: none. Take after every fact: the queue is bounded, and what does not fit is counted. */
bool ledger_take(struct ledger *l, struct event *ret);
/* The next meeting that ended, for `keyfence meetings`; false: none. */
bool ledger_take_meeting(struct ledger *l, struct meeting *ret);

/* The meetings that are open now, the one heard of longest ago first: each call gives the next one behind *at; begin with
 * LEDGER_BEGIN, and let nothing happen to the ledger between. false: no more. */
enum { LEDGER_BEGIN = UINT32_MAX };
bool ledger_open_meeting(const struct ledger *l, uint32_t *at, struct meeting *ret);

struct ledger_counters {
	uint64_t meetings, meetings_closed_early, meetings_lost; /* lost: ended, and not taken in time */
	uint64_t alerts, alerts_lost; /* lost: more rules than one meeting holds alerts */
	uint64_t events, events_lost; /* lost: not taken in time */
	uint64_t flows_lost;          /* pushed out of the full table of flows */
	uint64_t unsure;              /* flows with a place that some rule was unsure of */
};
void ledger_counters(const struct ledger *l, struct ledger_counters *ret);

#endif
