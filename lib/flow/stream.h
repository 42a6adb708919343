/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stream: bounded in-order views: of the front of one way of a TCP stream, of a DTLS handshake message, of
 * QUIC CRYPTO. Views come from a fixed pool; when it is exhausted the oldest is taken away from its owner,
 * and counted. Pieces may come in any order, overlap and repeat. The first byte written at an offset stays; a
 * later byte that differs marks the view as in conflict (RFC 9293 leaves it to the receiver which wins, so we
 * believe neither). Source: the attacks of Ptacek and Newsham, "Insertion, Evasion, and Denial of Service"
 * (1998). */
#ifndef KEYFENCE_FLOW_STREAM_H
#define KEYFENCE_FLOW_STREAM_H

#include "words/values.h"

enum { STREAM_BYTES = 16384 + 512, STREAM_HOLES = 32 };

struct streams;

/* Room for `most` views of STREAM_BYTES. NULL: no memory. */
struct streams *streams_new(size_t most);
void streams_free(struct streams *p);

/* An empty view for an owner: a number that is never 0. When the pool takes the view away later, the old
 * number is STREAM_GONE. */
uint32_t stream_open(struct streams *p);
void stream_close(struct streams *p, uint32_t number); /* 0 and taken-away numbers are fine */

enum stream_put {
	STREAM_SAME,     /* nothing new at the front */
	STREAM_GREW,     /* the contiguous front is longer than before */
	STREAM_CONFLICT, /* bytes differ from those already there: this view is to be believed no more */
	STREAM_FULL,     /* beyond STREAM_BYTES, or too many holes: the rest is dropped */
	STREAM_GONE,     /* the number is not open */
};
/* Lays bytes at offset at; offsets of 2^31 and more lie before the start, as a repeat of what came before the
 * view (sequence numbers go around). STREAM_CONFLICT is sticky for the view. STREAM_GREW goes before
 * STREAM_FULL: where the front grew and something was dropped, the next piece behind the end says so. */
enum stream_put stream_put(struct streams *p, uint32_t number, uint32_t at, struct span bytes);
/* The contiguous front, from offset 0; empty if none, in conflict, or gone. */
struct span stream_front(const struct streams *p, uint32_t number);
uint64_t streams_taken(const struct streams *p); /* how many were taken away from their owners */

#endif
