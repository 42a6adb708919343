/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/detail.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert(sizeof(struct detail) <= 512, "what a conferencing flow costs beside its record");

struct details *details_new(size_t most)
{
	struct details *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->most = most;
	p->pool = calloc(most, sizeof *p->pool);
	if (p->pool == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void details_free(struct details *p)
{
	if (p != NULL)
		free(p->pool);
	free(p);
}

uint32_t detail_number(const struct details *p, const struct detail *d)
{
	return (uint32_t)(d - p->pool);
}

static inline void unlink_from(struct details *p, struct detail *d)
{
	if (d->previous != 0)
		p->pool[d->previous - 1].next = d->next;
	else
		p->first[d->list] = d->next;
	if (d->next != 0)
		p->pool[d->next - 1].previous = d->previous;
	else
		p->last[d->list] = d->previous;
}

static inline void append_to(struct details *p, struct detail *d, enum detail_list list)
{
	uint32_t me = detail_number(p, d) + 1;
	d->list = (uint8_t)list;
	d->next = 0;
	d->previous = p->last[list];
	if (d->previous != 0)
		p->pool[d->previous - 1].next = me;
	else
		p->first[list] = me;
	p->last[list] = me;
}

void detail_move(struct details *p, struct detail *d, enum detail_list list)
{
	if (detail_is_last(d, list))
		return;
	unlink_from(p, d);
	append_to(p, d, list);
}

struct detail *detail_open(struct details *p)
{
	struct detail *d = details_first(p, LIST_FREE);
	if (d != NULL)
		unlink_from(p, d);
	else if (p->used < p->most)
		d = &p->pool[p->used++];
	else
		return NULL;
	memset(d, 0, sizeof *d);
	append_to(p, d, LIST_UNDECIDED);
	return d;
}

void detail_close(struct details *p, struct detail *d)
{
	assert(d->list != LIST_FREE);
	unlink_from(p, d);
	append_to(p, d, LIST_FREE);
}

struct detail *details_first(struct details *p, enum detail_list list)
{
	return p->first[list] != 0 ? &p->pool[p->first[list] - 1] : NULL;
}

struct detail *details_stale(struct details *p)
{
	static const enum detail_list order[] = { LIST_UNDECIDED, LIST_QUIET_UDP, LIST_QUIET_TCP,
						  LIST_CLOSING, LIST_LIVE };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (p->first[order[i]] != 0)
			return details_first(p, order[i]);
	return NULL;
}
