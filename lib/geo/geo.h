/* SPDX-License-Identifier: GPL-3.0-or-later */
/* geo: a place -> candidates and certainty (design section 6). Pure look-ups in the book; cannot fail. */
#ifndef KEYFENCE_GEO_GEO_H
#define KEYFENCE_GEO_GEO_H

#include "book/book.h"
#include "words/trace.h"

/* m: what the catalogue told of the flow (site of the name, kind of prefix); NULL: the address alone. */
struct location geo_locate(const struct book *b, const struct address *at, const struct match *m, struct trace *t);

/* What one source says of an address: false if it has no range there. */
struct geo_answer {
	country says, registered;
	uint32_t asn;
	struct book_text note;
};
bool geo_ask(const struct book *b, size_t source, const struct address *at, struct geo_answer *ret);

#endif
