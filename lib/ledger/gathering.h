/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gathering: what the flows of one party are gathered in while it lasts: a meeting, or a window of one rule where
 * there is no meeting; with the alerts opened in it. And the bounded table of gatherings: rows are open (oldest heard
 * first), ended (first ended first, until what they have to tell was taken), or free. */
#ifndef KEYFENCE_LEDGER_GATHERING_H
#define KEYFENCE_LEDGER_GATHERING_H

#include "event/event.h"
#include "ledger/list.h"
#include "ledger/roll.h"

enum { GATHERING_NONE = UINT32_MAX, GATHERING_ALERTS = 8, GATHERING_SPARE = 64 };

enum gathering_kind { GATHERING_MEETING, GATHERING_WINDOW };

struct alert {
	uint64_t serial;   /* names it among all alerts of this ledger */
	uint64_t id, base; /* base: id of the meeting or window it was opened in */
	uint16_t rule, component, client_port, vlan;
	uint8_t code, done, without_meeting;
	uint8_t country_count;
	uint32_t update; /* number of its last event */
	uint32_t flows;
	uint64_t packets[2], bytes[2];
	country in[8];
	struct event_place worst;
};

struct gathering {
	struct meeting about;
	uint64_t serial; /* names this use of the row */
	uint64_t ended_us;
	uint32_t holding; /* flows that keep the meeting open: active, and of its making */
	uint32_t living;  /* flows in it that have not ended */
	uint16_t rule;    /* of a window: + 1 */
	uint8_t kind;
	uint8_t alert_count, told; /* told: closed events taken */
	bool telling;              /* ended: closed events are still to be taken */
	bool meeting_due;          /* ended: the meeting is still to be taken */
	struct alert alert[GATHERING_ALERTS];
};

struct gatherings;

/* most: bound on open ones. */
struct gatherings *gatherings_new(uint32_t most, uint64_t hash_key); /* NULL: no memory */
void gatherings_free(struct gatherings *t);
struct gathering *gathering_at(struct gatherings *t, uint32_t row);
uint32_t gatherings_rows(const struct gatherings *t);
bool gatherings_full(const struct gatherings *t);      /* `most` are open */
uint32_t gathering_oldest(const struct gatherings *t); /* open, heard of longest ago */
uint32_t gathering_next_open(const struct gatherings *t, uint32_t row); /* heard of next */
uint32_t gathering_first_ended(const struct gatherings *t);
uint32_t gathering_next_ended(const struct gatherings *t, uint32_t row);
/* The party's next open gathering after row (GATHERING_NONE starts and ends). */
uint32_t gathering_next(const struct gatherings *t, const struct party *p, uint32_t row);
/* A zeroed open one without a due time; the table must have a free row. */
uint32_t gathering_add(struct gatherings *t, const struct party *p);
bool gathering_has_room(const struct gatherings *t); /* a row is free */
void gathering_heard(struct gatherings *t, uint32_t row);
void gathering_end(struct gatherings *t, uint32_t row);  /* open -> ended */
void gathering_drop(struct gatherings *t, uint32_t row); /* open or ended -> free */

/* When it ends if nothing more is heard; UINT64_MAX: not as long as a flow holds it. */
void gathering_set_due(struct gatherings *t, uint32_t row, uint64_t due_us);
/* The open one that is due first, and by now_us; equal times go by first packet, then id. GATHERING_NONE: none. */
uint32_t gathering_due(struct gatherings *t, uint64_t now_us, uint64_t *ret_due_us);
/* The open one with the earliest first packet, then by id; to end all in an order that the packets give. */
uint32_t gathering_first(const struct gatherings *t);

/* ---- the places of a gathering ---- */

/* Lays one place of a flow in, or merges it with the same place of other flows. fresh: this flow was not there
 * before. *ret_laid: the place was not there. NULL: no room, and the others matter more. Flows and traffic are the
 * caller's to add. */
struct event_place *place_touch(struct meeting *m, const struct flow_fact *f, unsigned place, bool fresh,
				bool *ret_laid);
struct event_place *place_find(struct meeting *m, const struct flow_fact *f,
			       unsigned place); /* NULL: not there */
struct event_place *place_like(struct meeting *m,
			       const struct event_place *like); /* the same place; NULL: not there */
void place_remove(struct meeting *m, struct event_place *p);
/* All of one meeting into another: sums, sets and places. */
void meeting_merge(struct meeting *into, const struct meeting *from);
/* Worst first: violating (what would be blocked before what alerts), then keys and media, then by stage, bytes,
 * address. */
void meeting_sort(struct meeting *m);

#endif
