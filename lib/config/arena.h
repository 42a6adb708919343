/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arena: memory that is given back all at once, for what lives as long as one load of the configuration. */
#ifndef KEYFENCE_CONFIG_ARENA_H
#define KEYFENCE_CONFIG_ARENA_H

#include "base/cursor.h"

struct arena_block;
struct arena {
	struct arena_block *newest;
	bool failed; /* sticky: some request found no memory */
};

/* Zeroed, aligned for any type; NULL and failed when there is no memory. */
void *arena_take(struct arena *a, size_t bytes);
/* A copy with a NUL behind it. */
struct span arena_copy(struct arena *a, struct span bytes);
const char *arena_text(struct arena *a, const char *text);
void arena_done(struct arena *a);

#endif
