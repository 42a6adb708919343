/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect: captures -> engine -> facts to report, requests for blocks to enforce. It opens its captures, gives up every
 * privilege, and only then reads the first byte from the wire. One struct, one loop of poll(2), no threads; after the fences no
 * memory is asked for (a book that is loaded anew is mapped). */
#ifndef KEYFENCE_INSPECT_INSPECT_H
#define KEYFENCE_INSPECT_INSPECT_H

#include "capture/live.h"
#include "message.h"

enum inspect_status {
	STATUS_DONE = 0, STATUS_UNAVAILABLE = 69, STATUS_OURS = 70, STATUS_AGAIN = 75, STATUS_PRIVILEGE = 77,
};

/* One line on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_us(void);   /* never runs back */
uint64_t clock_us(void); /* since 1970 */

/* ---- sources.c: all captures as one stream of frames ---- */

struct source {
	struct live *live; /* NULL: it could not be opened */
	struct frame frame[LIVE_BATCH];
	size_t count, next;
	int error; /* why there is nothing more to come: -errno; 0: open */
	bool ready, leaving, told, up;
	struct live_counters counters;
};
struct sources {
	struct source at[CAPTURES_MOST];
	size_t count;
};

/* Opens what the book names, in its order. A capture whose interface is not there or down is left out (its error tells). 0; or
 * the -errno of one that cannot be opened for another reason: it was said. */
int sources_open(struct sources *s, const struct book *b);
/* The next frames in order of their stamps, as far as what waits now allows; they are valid until the next call. 0: none now. */
size_t sources_take(struct sources *s, struct frame *ret, size_t most);
bool sources_wait(const struct sources *s); /* true: nothing waits, as far as is known */
bool sources_look(struct sources *s);       /* which are up, which are gone; true: one went down */
void sources_count(struct sources *s, struct message_counters *ret); /* received: those that were taken */
bool sources_gone(const struct sources *s); /* whether any is */

/* ---- outbox.c: messages that wait for a slow reader ---- */

struct outbox {
	uint8_t *items;
	size_t most, first, count;
	uint64_t lost; /* the oldest went when there was no room */
	enum verb verb;
};
/* 0 or -ENOMEM. */
int outbox_init(struct outbox *o, enum verb verb, size_t most);
/* Sends it, or keeps it behind those that wait. link -1: there is none now. A link whose reader is gone is closed, and -1. */
void outbox_put(struct outbox *o, int *link, const void *body);
void outbox_flush(struct outbox *o, int *link);
void outbox_clear(struct outbox *o); /* what waits is lost, and counted */

/* ---- watch.c: requests for blocks, and whether they took effect ---- */

struct asked {
	struct message_block block;
	struct flow_key key;
	uint64_t asked_us;
	uint64_t passed; /* packets from the server, when last looked at in time */
};
struct watch {
	struct asked *at;
	size_t hand;
};

struct inspect {
	int supervisor, report, enforce, signals; /* links; -1: none */
	bool started, stopping, ending;           /* ending: flows are told to end, and nothing is asked for them */
	int status;
	struct book book;
	struct engine *engine;
	struct sources sources;
	struct outbox facts, blocks;
	struct watch watch;
	uint64_t ticked_us, counted_us, hurry_until_us;
	int64_t clock_ahead; /* of the time of day before the clock that never steps; 0: not looked yet */
};

int watch_init(struct watch *w); /* 0 or -ENOMEM */
/* Asks enforce for a block, if this fact calls for one and it was not asked for yet. */
void watch_fact(struct inspect *i, const struct flow_fact *f);
/* Looks at some of the flows whose block was asked for: where packets still come back from the server, asks again. */
void watch_turn(struct inspect *i);
void watch_clear(struct watch *w);

/* ---- hear.c: what the supervisor says ---- */

void hear_supervisor(struct inspect *i);

/* ---- main.c ---- */

void stop(struct inspect *i, int status);
void judge_drain(struct inspect *i); /* the engine's facts -> outboxes */

#endif
