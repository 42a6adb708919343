/* SPDX-License-Identifier: GPL-3.0-or-later */
/* detail: what the engine keeps of a flow beyond its record, while it is undecided or conferencing: a fixed pool, and
 * lists in order of the last packet, so that the one quiet longest is always at the front. */
#ifndef KEYFENCE_ENGINE_DETAIL_H
#define KEYFENCE_ENGINE_DETAIL_H

#include "flow/flow.h"
#include "wire/wire.h"

enum detail_list {
	LIST_FREE,
	LIST_UNDECIDED, /* no service yet */
	LIST_LIVE,      /* conferencing */
	LIST_QUIET_UDP, LIST_QUIET_TCP, /* conferencing, 2 minutes without a packet */
	LIST_CLOSING,   /* conferencing, closed by its ends */
	DETAIL_LISTS,
};

struct detail {
	_Alignas(8) uint8_t memory[WIRE_MEMORY_BYTES]; /* the recognisers' */
	struct verdict verdict[PLACES];
	struct address told[2];      /* [0] the relay's outer address, [1] the peer behind a relay */
	uint32_t flow;               /* number of its flow */
	uint32_t previous, next;     /* in its list: number + 1 */
	uint32_t view[2];            /* in-order views of each way */
	uint32_t base[2];            /* TCP: sequence of the first byte of each way */
	uint32_t since_us;           /* first payload, relative to the flow's first packet; saturates */
	uint32_t rate_s;             /* the second that is being counted, of 1970 */
	uint16_t rate[2], rate_steady; /* packets each way in it; seconds in a row that were media-like */
	uint16_t told_port[2];
	uint16_t tells;              /* enum tells so far */
	uint16_t site_row;
	country site;
	uint16_t ruled_out[2];       /* recognisers that said OTHER or BROKEN to a view, by way: bits of their row */
	uint8_t list, marks;         /* enum detail_list; enum detail_mark */
	uint8_t recogniser;          /* the one that follows this stream + 1 */
	                             /* owner: the one whose memory a stream's is + 1 */
	uint8_t may, owner, message[2], name_bytes, name_from, idle_looks;
	uint8_t asked_of, asked;     /* the recogniser whose finding the catalogue was last asked of + 1; findings since */
	char name[FACT_NAME_BYTES];
	uint32_t told_at;            /* when a fact was last made of it, in steps of the grid */
};

enum detail_mark {
	MARK_BASED_LO = 1, MARK_BASED_HI = 2, /* base[] is known */
	MARK_DATA_LO = 4, MARK_DATA_HI = 8,   /* this way had payload */
	MARK_READ = 16,                       /* the views are being read */
	MARK_TOLD_RELAY = 32, MARK_TOLD_PEER = 64,
	MARK_TOLD = 128,                      /* what was told last is that it conferences */
};

struct details {
	struct detail *pool;
	size_t most, used;
	uint32_t first[DETAIL_LISTS], last[DETAIL_LISTS]; /* number + 1 */
};

struct details *details_new(size_t most);
void details_free(struct details *p);

/* A zeroed detail on LIST_UNDECIDED, or NULL when none is free: then forget the owner of details_stale. */
struct detail *detail_open(struct details *p);
void detail_close(struct details *p, struct detail *d);
uint32_t detail_number(const struct details *p, const struct detail *d);
static inline struct detail *detail_at(struct details *p, uint32_t number) { return &p->pool[number]; }
/* To the end of a list (its own or another). */
void detail_move(struct details *p, struct detail *d, enum detail_list list);
static inline bool detail_is_last(const struct detail *d, enum detail_list list)
{
	return d->list == list && d->next == 0;
}
/* The first of a list; NULL if empty. */
struct detail *details_first(struct details *p, enum detail_list list);
/* The one to be given up when the pool is empty: undecided first, then quiet, closing, live. */
struct detail *details_stale(struct details *p);

#endif
