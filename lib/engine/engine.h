/* SPDX-License-Identifier: GPL-3.0-or-later */
/* engine: the way of a packet: bytes -> packet -> flow -> findings -> service, roles, path, stage -> places ->
 * verdict -> flow fact. A pure machine: no clock, no socket, no file, no allocation after engine_new. The same frames
 * and the same book give the same facts, however they are cut into batches. */
#ifndef KEYFENCE_ENGINE_ENGINE_H
#define KEYFENCE_ENGINE_ENGINE_H

#include "book/book.h"
#include "words/trace.h"

struct engine;

enum { ENGINE_CAPTURES = 16 };

/* Where a capture stands (design section 4):
 * inside: the good place.
 * mirror: the same packet may come more than once. A copy (equal from the IP identification on, but for TTL and header
 *   checksum; IPv6: but for the hop limit) within 3 packets and 1 ms of the same capture is a duplicate: counted, and seen
 *   by nobody.
 * outside: beside any capture that is not outside its packets are counted, and seen by nobody. Alone its flows are FLOW_NAT:
 *   their client is an address of the gateway, and stands for many. */
struct engine_options {
	uint64_t hash_key[2];    /* 0 in replay */
	size_t most_flows;       /* 0: by the book's size */
	uint8_t sides[ENGINE_CAPTURES]; /* enum side, by frame.source; sources behind the last one are on its side */
	size_t captures;         /* how many of them there are; 0: one */
	bool every_flow;         /* an ended flow that is not conferencing is a fact, too */
	struct trace *trace;     /* filled by what is found and matched of trace_flow; NULL: off. What is judged
	                            * of a fact can be asked again of geo and policy, which are pure */
	uint64_t trace_flow;     /* id of a flow, as in its facts */
};

/* The book's image is borrowed until engine_free or the next engine_book. NULL: no memory. */
struct engine *engine_new(const struct book *b, const struct engine_options *options);
void engine_free(struct engine *e);

/* From now on this book counts: take all facts first. It may be another in everything but settings' size and by_vlan; its
 * generation is that of the facts from now on. The former one's image is read until this returns, and then no more.
 *
 * Live flows keep what was found in them. Rows of the catalogue are carried over by name. A component or site that is gone
 * is none; a flow whose service is gone is of SERVICE_UNKNOWN if its payloads alone tell that it conferences (a session,
 * keys, media), else of SERVICE_NONE: told once more, as that, and then looked at again as if nothing had been found.
 * Resolvers count for answers from now on. Local networks count for flows as they are judged: where another end than the
 * client is now the only local one, it becomes the client, and what was found is worth what a client can forge.
 *
 * Every flow that lives (a packet in the last 2 minutes, not closed) is judged and told again, FACT_CHANGED, also by the same
 * book, since he who hears the facts may be new: by its own next packet, or by and by in engine_tick and on the grid of
 * 65 ms of the packets' time, so many at once that no packet waits long. Whatever else is told of a flow before its turn is
 * judged by this book, too. A flow that was quiet or closed already is told when it speaks again; its end is told without a
 * service (SERVICE_NONE): there is nothing to say of it, and who knew it may forget it. */
void engine_book(struct engine *e, const struct book *b);
/* Live flows that are still to be judged again: true while there may be some. */
bool engine_retelling(const struct engine *e);

/* Takes frames in order; returns how many were taken: fewer when the queue of facts is full (take facts, call again).
 * Time never runs back: an earlier stamp is counted and takes the latest. */
size_t engine_batch(struct engine *e, const struct frame *frames, size_t n);
/* The clock moves on without packets. */
void engine_tick(struct engine *e, uint64_t now_us);
/* The next fact; false: none. A flow that speaks on is judged and told again each minute, changed or not: so sums of it are
 * never older, and what the time of day decides is noticed. */
bool engine_take(struct engine *e, struct flow_fact *ret);
/* The input ended: every flow ends, in the order of the table. Call and take until it returns true; after it the clock
 * may begin anew (a capture that starts before the last one ended). */
bool engine_end(struct engine *e);
/* Name of a recogniser by its number in a trace's finding. */
const char *engine_recogniser(size_t number);
uint64_t engine_now(const struct engine *e); /* the latest stamp seen, microseconds since 1970 */

struct engine_counters {
	uint64_t offered_packets, offered_bytes;
	uint64_t decoded_packets[DECODED_KINDS], decoded_bytes[DECODED_KINDS]; /* [DECODED] are tracked */
	uint64_t duplicate_packets, duplicate_bytes, outside_packets, outside_bytes; /* dropped before they are decoded */
	uint64_t clock_back, flows, flows_evicted, details_taken, streams_taken, broken;
	uint64_t both_foreign_bytes, conferencing_bytes; /* of flows from the packet on that told that they conference */
	uint64_t places_evicted;
	uint64_t dns[DNS_DOUBTS];
	uint64_t resolvers_seen;
};
void engine_counters(const struct engine *e, struct engine_counters *ret);

/* Where the engine's memory goes, for the benchmark. */
size_t engine_bytes(const struct engine *e, size_t *ret_flow_bytes, size_t *ret_detail_bytes);

#endif
