/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire: one recogniser a file, and the table of them. A recogniser turns bytes (and the few that it keeps on the
 * flow) into a finding. It knows no service except a vendor's own framing. A new recogniser is a file and a row.
 * Results: words/values.h. ret is written only on WIRE_MATCH and WIRE_PIECES; its spans borrow from the payload. */
#ifndef KEYFENCE_WIRE_WIRE_H
#define KEYFENCE_WIRE_WIRE_H

#include "words/values.h"

/* What the recognisers keep on one flow, zero at first. Those of datagrams have a part each. Those of streams have the
 * whole in turn: until one of them has matched, it may be cleared between two calls, and starts again from the front. */
enum { WIRE_MEMORY_BYTES = 320 };

struct recogniser {
	const char *name;           /* a framing's name in the catalogue */
	uint8_t proto;              /* enum proto */
	uint8_t first_lo, first_hi; /* of the first payload byte of a datagram: others are not shown to it */
	uint16_t memory_at;         /* into the flow's WIRE_MEMORY_BYTES */
	/* A datagram, or a TCP segment in whatever order it came. NULL: looks only at views. */
	enum wire_result (*recognise)(const struct payload *p, void *memory, struct finding *ret);
	/* The contiguous front of a view: of one way of a TCP stream (message 0), or of a message whose pieces
	 * `recognise` gave. Called again when it has grown, after WIRE_MORE. NULL: none. */
	enum wire_result (*whole)(const struct payload *p, void *memory, struct finding *ret);
};

extern const struct recogniser wire_table[];
extern const size_t wire_count;

/* Clears a finding's head; text and name beyond their counts are not cleared. */
static inline void finding_init(struct finding *f)
{
	memset(f, 0, offsetof(struct finding, number));
	memset(f->text, 0, sizeof f->text);
}
static inline bool finding_add_number(struct finding *f, uint16_t n)
{
	if (f->number_count == FINDING_NUMBERS)
		return false;
	f->number[f->number_count++] = n;
	return true;
}
static inline bool finding_add_name(struct finding *f, struct span name)
{
	if (f->name_count == FINDING_NAMES)
		return false;
	f->name[f->name_count++] = name;
	return true;
}

#endif
