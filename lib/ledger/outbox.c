/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger/outbox.h"

#include <stdlib.h>

bool outbox_init(struct outbox *o, uint32_t gatherings)
{
	*o = (struct outbox){ .size = gatherings + OUTBOX_EVENTS };
	o->entry = calloc(o->size, sizeof *o->entry);
	o->event = calloc(OUTBOX_EVENTS, sizeof *o->event);
	return o->entry != NULL && o->event != NULL;
}

void outbox_done(struct outbox *o)
{
	free(o->entry);
	free(o->event);
}

bool outbox_put_gathering(struct outbox *o, uint32_t row, uint64_t serial)
{
	if (o->count == o->size)
		return false;
	o->entry[(o->first + o->count++) % o->size] = (struct outbox_entry){ row, serial };
	return true;
}

struct event *outbox_put_event(struct outbox *o)
{
	if (o->event_count == OUTBOX_EVENTS || !outbox_put_gathering(o, OUTBOX_IS_EVENT, 0))
		return NULL;
	return &o->event[(o->first_event + o->event_count++) % OUTBOX_EVENTS];
}

const struct outbox_entry *outbox_front(const struct outbox *o)
{
	return o->count > 0 ? &o->entry[o->first] : NULL;
}

const struct event *outbox_front_event(const struct outbox *o)
{
	return &o->event[o->first_event];
}

void outbox_pop(struct outbox *o)
{
	if (o->entry[o->first].gathering == OUTBOX_IS_EVENT) {
		o->first_event = (o->first_event + 1) % OUTBOX_EVENTS;
		o->event_count--;
	}
	o->first = (o->first + 1) % o->size;
	o->count--;
}
