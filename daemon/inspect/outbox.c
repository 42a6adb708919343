/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "inspect/inspect.h"

int outbox_init(struct outbox *o, enum verb verb, size_t most)
{
	*o = (struct outbox){ .verb = verb, .most = most, .items = calloc(most, message_bytes(verb)) };
	return o->items != NULL ? 0 : -ENOMEM;
}

static uint8_t *item_at(const struct outbox *o, size_t number)
{
	return o->items + (o->first + number) % o->most * message_bytes(o->verb);
}

/* True: it is on its way. */
static bool send_one(const struct outbox *o, int *link, const void *body)
{
	int r = *link >= 0 ? message_send(*link, o->verb, body, -1) : -EAGAIN;
	if (r < 0 && r != -EAGAIN) { /* a new link comes when the other one has been started again */
		close(*link);
		*link = -1;
	}
	return r == 0;
}

static void drop_first(struct outbox *o)
{
	o->first = (o->first + 1) % o->most;
	o->count--;
}

void outbox_flush(struct outbox *o, int *link)
{
	while (o->count > 0 && send_one(o, link, item_at(o, 0)))
		drop_first(o);
}

void outbox_put(struct outbox *o, int *link, const void *body)
{
	outbox_flush(o, link);
	if (o->count == 0 && send_one(o, link, body))
		return;
	if (o->count == o->most) {
		drop_first(o);
		o->lost++;
	}
	memcpy(item_at(o, o->count++), body, message_bytes(o->verb));
}

void outbox_clear(struct outbox *o)
{
	o->lost += o->count;
	o->count = 0;
}
