/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/stream.h"

#include <stdlib.h>

struct range {
	uint16_t from, to; /* bytes [from, to) are there */
};
_Static_assert(STREAM_BYTES <= UINT16_MAX, "ranges hold offsets in 16 bits");

enum { RANGES = STREAM_HOLES + 1, NO_VIEW = UINT32_MAX };

/* Ranges are sorted and never touch. Views stand apart from their bytes, so that looking for one touches no
 * page of bytes. */
struct view {
	uint32_t number;       /* of the present owner, or the last one: its generation goes on */
	uint32_t older, newer; /* open views in the order of opening; newer also links the free ones */
	uint16_t count;
	bool open, conflict;
	struct range range[RANGES];
};

struct streams {
	uint64_t taken;
	uint32_t most, fresh; /* places from fresh on were never used: their memory is untouched */
	uint32_t place_bits;  /* a number is generation << place_bits | place */
	uint32_t oldest, newest, unused;
	struct view *view;
	uint8_t (*bytes)[STREAM_BYTES];
};

struct streams *streams_new(size_t most)
{
	struct streams *p = calloc(1, sizeof *p);
	if (p == NULL || most == 0 || most > 1 << 24)
		goto fail;
	*p = (struct streams){
		.most = (uint32_t)most, .oldest = NO_VIEW, .newest = NO_VIEW, .unused = NO_VIEW
	};
	while ((size_t)1 << p->place_bits < most)
		p->place_bits++;
	p->view = calloc(most, sizeof *p->view); /* calloc, not malloc: pages come when they are first used */
	p->bytes = calloc(most, sizeof *p->bytes);
	if (p->view == NULL || p->bytes == NULL)
		goto fail;
	return p;
fail:
	streams_free(p);
	return NULL;
}

void streams_free(struct streams *p)
{
	if (p == NULL)
		return;
	free(p->view);
	free(p->bytes);
	free(p);
}

static uint32_t place_of(const struct streams *p, uint32_t number)
{
	return number & ((1u << p->place_bits) - 1);
}

static struct view *view_find(const struct streams *p, uint32_t number)
{
	uint32_t place = place_of(p, number);
	if (place >= p->fresh || !p->view[place].open || p->view[place].number != number)
		return NULL;
	return &p->view[place];
}

static void unlink_view(struct streams *p, const struct view *v)
{
	if (v->older == NO_VIEW)
		p->oldest = v->newer;
	else
		p->view[v->older].newer = v->newer;
	if (v->newer == NO_VIEW)
		p->newest = v->older;
	else
		p->view[v->newer].older = v->older;
}

static uint32_t take_oldest(struct streams *p)
{
	uint32_t place = p->oldest;
	unlink_view(p, &p->view[place]);
	p->taken++;
	return place;
}

/* A used place before a fresh one: its pages are there already. */
static uint32_t take_place(struct streams *p)
{
	uint32_t place = p->unused;
	if (place != NO_VIEW)
		p->unused = p->view[place].newer;
	else if (p->fresh < p->most)
		place = p->fresh++;
	else
		place = take_oldest(p);
	return place;
}

/* Generations run from 1, so that no number is 0; an old number comes up again only after all of them. */
static uint32_t next_number(const struct streams *p, uint32_t number, uint32_t place)
{
	uint32_t last = UINT32_MAX >> p->place_bits, generation = number >> p->place_bits;
	return (generation == last ? 1 : generation + 1) << p->place_bits | place;
}

uint32_t stream_open(struct streams *p)
{
	uint32_t place = take_place(p);
	struct view *v = &p->view[place];
	v->number = next_number(p, v->number, place);
	v->open = true, v->conflict = false, v->count = 0;
	v->older = p->newest, v->newer = NO_VIEW;
	if (p->newest == NO_VIEW)
		p->oldest = place;
	else
		p->view[p->newest].newer = place;
	p->newest = place;
	return v->number;
}

void stream_close(struct streams *p, uint32_t number)
{
	struct view *v = view_find(p, number);
	if (v == NULL)
		return;
	unlink_view(p, v);
	v->open = false;
	v->newer = p->unused;
	p->unused = place_of(p, number);
}

static size_t front_of(const struct view *v)
{
	return v->count > 0 && v->range[0].from == 0 ? v->range[0].to : 0;
}

/* Where a piece goes: the ranges that it touches or overlaps, and what they are together with it. */
struct spot {
	size_t first, count;
	struct range joined;
};

static struct spot spot_of(const struct view *v, size_t from, size_t to)
{
	struct spot s = { .joined = { (uint16_t)from, (uint16_t)to } };
	while (s.first < v->count && v->range[s.first].to < from)
		s.first++;
	for (size_t i = s.first; i < v->count && v->range[i].from <= to; i++) {
		const struct range *r = &v->range[i];
		s.joined.from = r->from < s.joined.from ? r->from : s.joined.from;
		s.joined.to = r->to > s.joined.to ? r->to : s.joined.to;
		s.count++;
	}
	return s;
}

static bool spot_fits(const struct view *v, const struct spot *s)
{
	size_t ranges = v->count - s->count + 1;
	bool at_front = s->first > 0 ? v->range[0].from == 0 : s->joined.from == 0;
	return ranges - (at_front ? 1 : 0) <= STREAM_HOLES;
}

static void spot_join(struct view *v, const struct spot *s)
{
	size_t after = v->count - s->first - s->count;
	memmove(&v->range[s->first + 1], &v->range[s->first + s->count], after * sizeof v->range[0]);
	v->range[s->first] = s->joined;
	v->count = (uint16_t)(v->count - s->count + 1);
}

/* Copies what is not there yet; false if what is there differs. */
static bool spot_lay(const struct view *v, const struct spot *s, uint8_t *bytes, size_t at, struct span piece)
{
	size_t done = at, end = at + piece.len;
	bool same = true;
	for (const struct range *r = v->range + s->first; r < v->range + s->first + s->count; r++) {
		size_t from = r->from > done ? r->from : done, to = r->to < end ? r->to : end;
		memcpy(bytes + done, piece.at + (done - at), from - done);
		same &= memcmp(bytes + from, piece.at + (from - at), to - from) == 0;
		done = to;
	}
	memcpy(bytes + done, piece.at + (done - at), end - done);
	return same;
}

/* Cuts what lies before the start or behind the end of a view; *ret_cut: something did behind it. */
static struct span clip(uint32_t *at, struct span bytes, bool *ret_cut)
{
	if (*at > INT32_MAX) { /* a repeat from before the start: offsets go around at 2^32 */
		size_t before = (size_t)UINT32_MAX - *at + 1;
		size_t skip = before < bytes.len ? before : bytes.len;
		bytes = span_of(bytes.at + skip, bytes.len - skip);
		*at = 0;
	}
	size_t room = *at < STREAM_BYTES ? STREAM_BYTES - *at : 0;
	*ret_cut = bytes.len > room;
	return span_of(bytes.at, *ret_cut ? room : bytes.len);
}

enum stream_put stream_put(struct streams *p, uint32_t number, uint32_t at, struct span bytes)
{
	struct view *v = view_find(p, number);
	if (v == NULL)
		return STREAM_GONE;
	if (v->conflict)
		return STREAM_CONFLICT;
	bool cut;
	struct span piece = clip(&at, bytes, &cut);
	if (piece.len == 0)
		return cut ? STREAM_FULL : STREAM_SAME;
	struct spot s = spot_of(v, at, at + piece.len);
	if (!spot_fits(v, &s))
		return STREAM_FULL;
	size_t before = front_of(v);
	v->conflict = !spot_lay(v, &s, p->bytes[place_of(p, number)], at, piece);
	if (v->conflict)
		return STREAM_CONFLICT;
	spot_join(v, &s);
	if (front_of(v) > before)
		return STREAM_GREW;
	return cut ? STREAM_FULL : STREAM_SAME;
}

struct span stream_front(const struct streams *p, uint32_t number)
{
	const struct view *v = view_find(p, number);
	if (v == NULL || v->conflict)
		return span_of(NULL, 0);
	return span_of(p->bytes[place_of(p, number)], front_of(v));
}

uint64_t streams_taken(const struct streams *p)
{
	return p->taken;
}
