/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outbox: what the ledger has to say, in order. Opened, updated and single events wait as they were at their
 * moment; what an ended gathering has to say is made when it is taken, so that ending thousands at once loses
 * nothing. Bounded. */
#ifndef KEYFENCE_LEDGER_OUTBOX_H
#define KEYFENCE_LEDGER_OUTBOX_H

#include "event/event.h"

enum { OUTBOX_EVENTS = 64, OUTBOX_IS_EVENT = UINT32_MAX };

/* gathering: row of an ended one, and the serial it had; or OUTBOX_IS_EVENT. */
struct outbox_entry {
	uint32_t gathering;
	uint64_t serial;
};

struct outbox {
	struct outbox_entry *entry; /* a ring */
	struct event *event;        /* a ring of the entries that are events */
	uint32_t size, first, count, first_event, event_count;
};

bool outbox_init(struct outbox *o, uint32_t gatherings); /* false: no memory */
void outbox_done(struct outbox *o);
struct event *outbox_put_event(struct outbox *o);                           /* to be filled; NULL: full */
bool outbox_put_gathering(struct outbox *o, uint32_t row, uint64_t serial); /* false: full */
const struct outbox_entry *outbox_front(const struct outbox *o);            /* NULL: empty */
const struct event *outbox_front_event(const struct outbox *o);             /* of an entry that is one */
void outbox_pop(struct outbox *o);

#endif
