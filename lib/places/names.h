/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names: the texts of names, each kept once however many addresses have it, in two bounded tables: one of short
 * slots, one of long. A reference to a name that was forgotten since tells so by the slot's stamp. */
#ifndef KEYFENCE_PLACES_NAMES_H
#define KEYFENCE_PLACES_NAMES_H

#include "places/ways.h"

struct name_ref {
	uint32_t slot;    /* number; the lowest bit tells which table */
	uint32_t until_s; /* of this name for this address */
	uint16_t stamp, client;
};

struct names {
	struct ways table[2]; /* short, long */
	uint64_t key[2];
};

/* For `most` addresses. False: no memory. */
bool names_init(struct names *t, size_t most, const uint64_t hash_key[2]);
void names_done(struct names *t);

/* Finds the name or adds it; at most 253 bytes. tag: of the client, as in ways.h. */
struct name_ref names_touch(struct names *t, struct span name, uint16_t tag, uint32_t now_s,
			    uint32_t until_s);
/* Whether the name is still there and still wanted. */
bool names_holds(const struct names *t, const struct name_ref *ref, uint32_t now_s);
/* Only of a name that names_holds; until the next names_touch. */
struct span names_text(const struct names *t, const struct name_ref *ref);
/* In use: not quiet. */
void names_keep(struct names *t, const struct name_ref *ref);
/* The reference to the same name among these; NULL: none. */
struct name_ref *name_among(struct name_ref *refs, size_t count, const struct name_ref *ref);

#endif
