/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service: what the parts of the catalogue's reader share: one file is one service. */
#ifndef KEYFENCE_CONFIG_SERVICE_H
#define KEYFENCE_CONFIG_SERVICE_H

#include "config/schema.h"

/* A name or prefix that a row claims: no other row may claim the same. */
struct claim {
	struct span text; /* name or pattern; for a prefix its bytes and length */
	struct where where;
	size_t row;
	uint16_t service;
	uint8_t place;
};
struct claims {
	struct claim *at;
	size_t count, room;
};

struct service {
	struct load *l;
	const char *file;
	struct span name;
	uint16_t row;
	struct claims *names, *prefixes;
};

void names_load(struct service *s, const struct node *names);
void sites_load(struct service *s, const struct node *sites, struct span sites_source);
void prefixes_load(struct service *s, const struct node *prefixes);
void wire_load(struct service *s, const struct node *wire);

/* Notes a claim; tells nothing. */
void claim_add(struct service *s, struct claims *c, struct claim claim);
/* The row of BOOK_COMPONENT of a name, written where it is new; 0 for an empty one. */
uint16_t component_row(struct load *l, struct span name);

#endif
