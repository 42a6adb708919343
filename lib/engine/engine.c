/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/engine.h"

#include <stdlib.h>

#include "engine/state.h"

enum { BATCH = 32 };

static void flow_begin(struct engine *e, struct flow *f, const struct frame *frame, const struct packet *pkt)
{
	bool lo = book_is_local(e->book, &pkt->key.lo), hi = book_is_local(e->book, &pkt->key.hi);
	bool opens = pkt->tcp_flags & TCP_SYN, answers = opens && (pkt->tcp_flags & TCP_ACK);
	f->source = frame->source;
	f->vlan = pkt->vlan;
	f->now.client_is_hi = lo != hi ? hi : answers ? !pkt->from_hi : pkt->from_hi;
	if (lo != hi || opens)
		f->marks |= FLOW_CLIENT_FIXED;
	f->flags |= (uint8_t)both_ends(lo, hi);
	if (e->sided && treatment_of(e, frame->source) == TREAT_NAT)
		f->flags |= FLOW_NAT;
	e->counters.flows++;
}

static void flow_account(struct engine *e, struct flow *f, const struct packet *pkt)
{
	f->way[pkt->from_hi].packets++;
	f->way[pkt->from_hi].bytes += pkt->wire_bytes;
	f->last_us = e->now_us;
	if (pkt->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		if (pkt->tcp_flags & TCP_SYN)
			f->tcp |= pkt->tcp_flags & TCP_ACK ? FLOW_SYNACK
				  : pkt->from_hi           ? FLOW_SYN_HI
							   : FLOW_SYN_LO;
		if (pkt->tcp_flags & TCP_FIN)
			f->tcp |= pkt->from_hi ? FLOW_FIN_HI : FLOW_FIN_LO;
		if (pkt->tcp_flags & TCP_RST)
			f->tcp |= FLOW_RST;
		if (f->tcp & FLOW_RST || (f->tcp & FLOW_FIN_LO && f->tcp & FLOW_FIN_HI))
			f->marks |= FLOW_CLOSED;
	}
}

/* Due: undecided and conferencing flows; of the settled ones a first byte not yet seen. */
static bool flow_due(struct flow *f, const struct packet *pkt)
{
	if (!(f->marks & FLOW_SETTLED))
		return f->detail != 0 || pkt->payload.len > 0 || pkt->tcp_flags & TCP_SYN;
	if (pkt->payload.len == 0 || pkt->key.proto == PROTO_TCP)
		return false;
	unsigned bit = 1u << (pkt->payload.at[0] >> 4);
	if (f->first_bytes & bit)
		return false;
	f->looks = DATAGRAM_LOOKS - NIBBLE_LOOKS;
	f->marks &= (uint8_t)~FLOW_SETTLED;
	return true;
}

/* A frame on its way, and what is known of where its flow stands. */
struct seen {
	struct packet pkt;
	uint64_t hash;
	struct flow *guess; /* NULL: none */
	uint8_t how;        /* enum decoded */
};

static struct flow *add_flow(struct engine *e, const struct frame *frame, const struct seen *s)
{
	struct flow evicted = { 0 };
	struct flow *f = flow_add(e->flows, &s->pkt.key, s->hash, e->now_us, &evicted);
	if (evicted.key.proto != 0)
		tell_evicted(e, &evicted);
	flow_begin(e, f, frame, &s->pkt);
	return f;
}

static struct flow *touch_flow(struct engine *e, const struct frame *frame, const struct seen *s)
{
	bool guessed = s->guess != NULL && flow_has(s->guess, &s->pkt.key);
	struct flow *f = guessed ? s->guess : flow_find_hashed(e->flows, &s->pkt.key, s->hash);
	if (f != NULL && flow_may_be_over(e, f) && flow_is_over(e, f, &s->pkt)) {
		end_flow(e, f, 0);
		f = NULL;
	}
	return f != NULL ? f : add_flow(e, frame, s);
}

/* The way of a packet. Each step is one room; each return is one counter. */
static void see_packet(struct engine *e, const struct frame *frame, const struct seen *s)
{
	const struct packet *pkt = &s->pkt;
	struct flow *f = touch_flow(e, frame, s); /* may evict; never fails */
	flow_account(e, f, pkt);
	if (teaches(pkt))
		learn(e, pkt); /* answers that pass teach what names an address has */
	if (!flow_due(f, pkt))
		return; /* settled: counted, and that is all */
	struct conclusion before = f->now;
	uint8_t told = f->detail != 0 ? detail_of(e, f)->marks : 0;
	conclude(e, f, pkt); /* every recogniser that takes it -> finding -> catalogue_match */
	struct detail *d = detail_of(e, f);
	if (d == NULL || f->now.service == SERVICE_NONE)
		return; /* undecided yet, or settled now */
	e->counters.conferencing_bytes += pkt->wire_bytes;
	if (f->flags & FLOW_BOTH_FOREIGN)
		e->counters.both_foreign_bytes += pkt->wire_bytes;
	before.rule = f->now.rule, before.action = f->now.action; /* if it was judged, that was told */
	bool changed = memcmp(&before, &f->now, sizeof before) != 0 || told != d->marks ||
		       f->epoch != e->epoch;
	if (!changed && step_of(e) - d->told_at < RETELL_STEPS)
		return; /* nothing new, and what it carries is not old yet */
	judge(e, f, d); /* locate each place once a generation; policy_decide; the worst place wins */
	tell(e, f, d, FACT_CHANGED, 0); /* a bounded queue; the owner takes from it */
}

static inline void keep_time(struct engine *e, const struct frame *frame)
{
	if (frame->at_us < e->now_us)
		e->counters.clock_back++;
	else
		e->now_us = frame->at_us;
}

static inline void count_frame(struct engine *e, const struct frame *frame, unsigned how)
{
	e->counters.decoded_packets[how]++;
	e->counters.decoded_bytes[how] += frame->wire_bytes;
}

static void sweep_one(struct engine *e)
{
	e->sweep = e->sweep + 1 < flows_places(e->flows) ? e->sweep + 1 : 0;
	struct flow *f = flow_at(e->flows, e->sweep);
	if (f != NULL && f->now.service == SERVICE_NONE && flow_may_be_over(e, f) && flow_is_over(e, f, NULL))
		end_flow(e, f, 0);
}

enum { CACHE_LINE = 64 };

/* A frame that nobody touched yet waits for memory longer than all the rest takes. */
static inline void expect_frame(const struct frame *f)
{
	__builtin_prefetch(f->bytes.at);
	__builtin_prefetch((const void *)((uintptr_t)f->bytes.at + CACHE_LINE)); /* perhaps behind the end: only a hint */
}

static bool decode_frame(const struct engine *e, const struct frame *frame, struct seen *ret)
{
	ret->how = (uint8_t)packet_decode(frame, &e->packets, &ret->pkt);
	return ret->how == DECODED;
}

/* Timeouts are looked at on a grid. False: the queue of facts is full. */
static bool pass_time(struct engine *e, uint64_t at_us)
{
	uint64_t former_us = e->now_us;
	if (at_us >> GRID_BITS <= former_us >> GRID_BITS)
		return true;
	e->now_us = at_us;
	if (expire(e)) {
		retell(e);
		return true;
	}
	e->now_us = former_us;
	return false;
}

/* Some times over the batch, so that what one frame needs of the table comes while others are looked at. */
static size_t see_batch(struct engine *e, const struct frame *frames, size_t n)
{
	struct seen seen[BATCH];
	for (size_t i = 0; i < n; i++)
		expect_frame(&frames[i]);
	for (size_t i = 0; i < n; i++)
		if (decode_frame(e, &frames[i], &seen[i]))
			seen[i].hash = flow_hash(e->flows, &seen[i].pkt.key);
	for (size_t i = 0; i < n; i++)
		if (seen[i].how == DECODED)
			seen[i].guess = flow_guess(e->flows, seen[i].hash);
	for (size_t i = 0; i < n; i++) {
		if (!facts_roomy(e) || !pass_time(e, frames[i].at_us))
			return i;
		keep_time(e, &frames[i]);
		if (e->sided && drop_by_side(e, &frames[i]))
			continue;
		count_frame(e, &frames[i], seen[i].how);
		if (++e->seen % 4 == 0)
			sweep_one(e);
		if (seen[i].how == DECODED)
			see_packet(e, &frames[i], &seen[i]);
	}
	return n;
}

size_t engine_batch(struct engine *e, const struct frame *frames, size_t n)
{
	size_t done = 0;
	while (done < n) {
		size_t most = n - done < BATCH ? n - done : BATCH;
		size_t taken = see_batch(e, frames + done, most);
		done += taken;
		if (taken < most)
			break;
	}
	return done;
}

void engine_tick(struct engine *e, uint64_t now_us)
{
	if (now_us > e->now_us)
		e->now_us = now_us;
	if (expire(e))
		retell(e);
}

bool engine_take(struct engine *e, struct flow_fact *ret)
{
	if (e->facts_count == 0)
		return false;
	*ret = e->facts[e->facts_first];
	e->facts_first = (e->facts_first + 1) % FACTS;
	e->facts_count--;
	return true;
}

bool engine_end(struct engine *e)
{
	for (; e->ending < flows_places(e->flows); e->ending++) {
		struct flow *f = flow_at(e->flows, e->ending);
		if (!facts_roomy(e))
			return false;
		if (f != NULL)
			end_flow(e, f, 0);
	}
	e->ending = 0;
	e->now_us = 0;
	return true;
}

uint64_t engine_now(const struct engine *e)
{
	return e->now_us;
}

struct sizes {
	size_t flows, details, streams, places;
};
static const struct sizes sizes[] = {
	/* 32 MB, 200 MB, 1 GB in all */
	[SIZE_SMALL] = { 1u << 17, 1u << 13, 128, 1u << 14 },
	[SIZE_MEDIUM] = { 1u << 20, 1u << 16, 512, 1u << 16 },
	[SIZE_LARGE] = { 1u << 22, 1u << 18, 4096, 1u << 18 },
};

struct engine *engine_new(const struct book *b, const struct engine_options *options)
{
	const struct book_settings *set = book_settings(b);
	struct sizes s = sizes[set->size];
	struct engine *e = calloc(1, sizeof *e);
	if (e == NULL)
		return NULL;
	if (options->most_flows != 0)
		s.flows = options->most_flows;
	e->held = *b;
	e->book = &e->held;
	e->options = *options;
	e->packets.by_vlan = set->by_vlan;
	e->epoch = 1;
	e->retell = RETOLD;
	find_takers(e);
	take_sides(e);
	e->flows = flows_new(s.flows, options->hash_key);
	e->details = details_new(s.details);
	e->streams = streams_new(s.streams);
	e->places = places_new(s.places, options->hash_key, book_resolver(b, 0), b->count[BOOK_RESOLVER]);
	e->facts = calloc(FACTS, sizeof *e->facts);
	e->rows = renumbering_new();
	if (e->rows == NULL || e->flows == NULL || e->details == NULL || e->streams == NULL || e->places == NULL ||
	    e->facts == NULL) {
		engine_free(e);
		return NULL;
	}
	return e;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	flows_free(e->flows);
	details_free(e->details);
	streams_free(e->streams);
	places_free(e->places);
	free(e->rows);
	free(e->facts);
	free(e);
}

void engine_counters(const struct engine *e, struct engine_counters *ret)
{
	*ret = e->counters;
	ret->offered_packets = e->counters.duplicate_packets + e->counters.outside_packets;
	ret->offered_bytes = e->counters.duplicate_bytes + e->counters.outside_bytes;
	for (unsigned i = 0; i < DECODED_KINDS; i++) {
		ret->offered_packets += e->counters.decoded_packets[i];
		ret->offered_bytes += e->counters.decoded_bytes[i];
	}
	ret->streams_taken = streams_taken(e->streams);
	ret->places_evicted = places_evicted(e->places);
	ret->resolvers_seen = places_resolvers_seen(e->places);
	memcpy(ret->dns, places_doubts(e->places), sizeof ret->dns);
}

size_t engine_bytes(const struct engine *e, size_t *ret_flow_bytes, size_t *ret_detail_bytes)
{
	*ret_flow_bytes = sizeof(struct flow) + sizeof(uint64_t);
	*ret_detail_bytes = sizeof(struct detail);
	return flows_count(e->flows);
}
