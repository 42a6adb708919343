/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "inspect/inspect.h"

/* Rings, all together, by the book's size, and beside its tables. With blocks of 256 kB, each at most a millisecond's, a reader may
 * be held up for 64 ms, 256 ms and a second before anything is lost, or until the ring is full. */
static const size_t rings_bytes[] = {
	[SIZE_SMALL] = 16 << 20, [SIZE_MEDIUM] = 64 << 20, [SIZE_LARGE] = 256 << 20
};
enum { RING_LEAST = 1 << 20 };

static size_t ring_bytes(const struct book *b)
{
	unsigned size = book_settings(b)->size;
	size_t share = rings_bytes[size <= SIZE_LARGE ? size : SIZE_MEDIUM] / b->count[BOOK_CAPTURE];
	return share > RING_LEAST ? share : RING_LEAST;
}

static int open_one(struct source *s, const struct book *b, size_t row)
{
	const struct book_capture *c = book_capture(b, row);
	struct live_options o = { .interface = book_string(b, c->interface),
				  .ring_bytes = ring_bytes(b),
				  .source = (uint16_t)row,
				  .promiscuous = c->side == SIDE_MIRROR };
	char why[CAPTURE_WHY_BYTES];
	s->error = live_open(&o, &s->live, why);
	if (s->error < 0)
		say("%s: %s", o.interface, why);
	else
		say("%s: captured, %s", o.interface, word_name(WORDS_SIDE, c->side));
	s->ready = s->error == 0;
	return s->error == -ENODEV || s->error == -ENETDOWN ? 0 : s->error;
}

int sources_open(struct sources *s, const struct book *b)
{
	s->count = b->count[BOOK_CAPTURE] < CAPTURES_MOST ? b->count[BOOK_CAPTURE] : CAPTURES_MOST;
	for (size_t i = 0; i < s->count; i++) {
		int r = open_one(&s->at[i], b, i);
		if (r < 0)
			return r;
	}
	sources_look(s);
	return 0;
}

static void fill(struct source *s)
{
	if (s->error < 0 || s->next < s->count || !s->ready)
		return;
	int n = live_read(s->live, s->frame, LIVE_BATCH);
	s->next = 0;
	s->count = n > 0 ? (size_t)n : 0;
	s->ready = n == LIVE_BATCH;
	s->error = n < 0 ? n : n == 0 && s->leaving ? -ENODEV : 0;
}

static struct source *earliest(struct sources *s)
{
	struct source *best = NULL;
	for (size_t i = 0; i < s->count; i++) {
		struct source *x = &s->at[i];
		if (x->next < x->count &&
		    (best == NULL || x->frame[x->next].at_us < best->frame[best->next].at_us))
			best = x;
	}
	return best;
}

/* A batch ends where a capture that has more to give ran out: its next frame may be the earliest. */
size_t sources_take(struct sources *s, struct frame *ret, size_t most)
{
	size_t n = 0;
	for (size_t i = 0; i < s->count; i++)
		fill(&s->at[i]);
	while (n < most) {
		struct source *x = earliest(s);
		if (x == NULL)
			break;
		ret[n++] = x->frame[x->next++];
		if (x->next == x->count && x->ready)
			break;
	}
	return n;
}

bool sources_wait(const struct sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].error == 0 && (s->at[i].ready || s->at[i].next < s->at[i].count))
			return false;
	return true;
}

bool sources_look(struct sources *s)
{
	bool fell = false;
	for (size_t i = 0; i < s->count; i++) {
		struct source *x = &s->at[i];
		int state = x->error == 0 ? live_state(x->live) : x->error;
		fell |= x->up && state != 1;
		x->up = state == 1;
		if (state < 0 && x->error == 0) /* what it caught before is still to be read */
			x->leaving = x->ready = true;
	}
	return fell;
}

void sources_count(struct sources *s, struct message_counters *ret)
{
	ret->captures = (uint32_t)s->count;
	for (size_t i = 0; i < s->count; i++) {
		struct source *x = &s->at[i];
		if (x->live != NULL)
			live_count(x->live, &x->counters);
		ret->capture[i].received = x->counters.received - (x->count - x->next);
		ret->capture[i].dropped = x->counters.dropped;
		ret->capture[i].dropped_by_interface = x->counters.by_interface;
		ret->capture[i].up = x->up;
	}
}

bool sources_gone(const struct sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].error < 0)
			return true;
	return false;
}
