/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { ARENA_BLOCK_BYTES = 256 << 10 };

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	alignas(max_align_t) uint8_t bytes[];
};

static bool arena_grow(struct arena *a, size_t least)
{
	size_t room = least > ARENA_BLOCK_BYTES ? least : ARENA_BLOCK_BYTES;
	struct arena_block *b = calloc(1, sizeof *b + room);
	if (b == NULL) {
		a->failed = true;
		return false;
	}
	b->older = a->newest, b->room = room;
	a->newest = b;
	return true;
}

void *arena_take(struct arena *a, size_t bytes)
{
	size_t step = alignof(max_align_t), whole = (bytes + step - 1) / step * step;
	if ((a->newest == NULL || a->newest->room - a->newest->used < whole) && !arena_grow(a, whole))
		return NULL;
	void *at = a->newest->bytes + a->newest->used;
	a->newest->used += whole;
	return at;
}

struct span arena_copy(struct arena *a, struct span bytes)
{
	uint8_t *at = arena_take(a, bytes.len + 1);
	if (at == NULL)
		return span_of("", 0);
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	return span_of(at, bytes.len);
}

const char *arena_text(struct arena *a, const char *text)
{
	return (const char *)arena_copy(a, span_text(text)).at;
}

void arena_done(struct arena *a)
{
	for (struct arena_block *b = a->newest, *older; b != NULL; b = older) {
		older = b->older;
		free(b);
	}
	*a = (struct arena){ 0 };
}
