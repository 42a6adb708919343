/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state: the engine's inside, shared by its own files only. */
#ifndef KEYFENCE_ENGINE_STATE_H
#define KEYFENCE_ENGINE_STATE_H

#include "catalogue/catalogue.h"
#include "engine/detail.h"
#include "engine/engine.h"
#include "flow/flow.h"
#include "flow/stream.h"
#include "packet/packet.h"
#include "places/places.h"
#include "wire/dns.h"

enum {
	FACTS = 512,        /* room of the queue of facts */
	FACTS_SPARE = 16,   /* what one packet can tell at most */
	DATAGRAM_LOOKS = 24, /* payloads without a finding after which a flow is settled */
	NIBBLE_LOOKS = 8,   /* more, when a first byte comes that was not seen yet */
	GRID_BITS = 16,     /* timeouts are looked at in steps of 65.536 ms of the packets' own time */
	RETELL_STEPS = 916, /* a minute of them: a flow that speaks on is told so often */
	LEAST_IDLE_US = 120 * 1000000, /* the shortest timeout of a flow that was not closed */
};
enum { RETOLD = UINT32_MAX };
enum flow_mark { /* of flow.marks */
	FLOW_SETTLED = 1,      /* looked at enough: no conferencing */
	FLOW_CLIENT_FIXED = 2, /* who is the client is decided for good */
	FLOW_CLOSED = 4,
};

enum treatment { TREAT_ALL, TREAT_NAT, TREAT_COPIES, TREAT_NONE };
enum { COPIES = 3 };
struct copies {
	uint64_t print[COPIES], at_us[COPIES]; /* of the last packets; 0: no IP */
	uint8_t next;
};

struct engine {
	const struct book *book; /* the one held */
	struct book held;        /* a copy, since its owner may lay the next one in its place */
	struct engine_options options;
	struct packet_options packets;
	struct flows *flows;
	struct details *details;
	struct streams *streams;
	struct places *places;
	bool sided; /* some capture is treated otherwise than as inside */
	uint8_t treatment[ENGINE_CAPTURES];
	struct copies copies[ENGINE_CAPTURES];
	struct flow_fact *facts;
	uint32_t facts_first, facts_count;
	uint32_t sweep;
	uint64_t now_us, seen;
	uint32_t epoch;  /* counts the books, from 1: what was judged in an earlier one is judged again */
	uint32_t retell; /* the next detail to be told again; RETOLD: all are */
	uint32_t ending;
	struct renumbering *rows;
	uint16_t takers[256]; /* recognisers to which a datagram with this first byte is shown: bits of their row */
	struct engine_counters counters;
	struct dns_message dns; /* too big for a stack frame of the hot path */
};

static inline uint32_t step_of(const struct engine *e) { return (uint32_t)(e->now_us >> GRID_BITS); }
static inline bool facts_roomy(const struct engine *e) { return e->facts_count + FACTS_SPARE <= FACTS; }
static inline struct detail *detail_of(struct engine *e, const struct flow *f)
{
	return f->detail != 0 ? detail_at(e->details, f->detail - 1) : NULL;
}
static inline const struct address *flow_server(const struct flow *f)
{
	return f->now.client_is_hi ? &f->key.lo : &f->key.hi;
}
static inline uint16_t flow_server_port(const struct flow *f)
{
	return f->now.client_is_hi ? f->key.lo_port : f->key.hi_port;
}
static inline bool from_client(const struct flow *f, bool from_hi) { return from_hi == (f->now.client_is_hi != 0); }
static inline struct trace *trace_of(const struct engine *e, uint64_t flow_id)
{
	return e->options.trace != NULL && e->options.trace_flow == flow_id ? e->options.trace : NULL;
}

/* False: no timeout of any kind has passed; else flow_is_over tells. */
static inline bool flow_may_be_over(const struct engine *e, const struct flow *f)
{
	return f->marks & FLOW_CLOSED || e->now_us - f->last_us >= LEAST_IDLE_US;
}
/* Whether `learn` may learn from it. */
static inline bool teaches(const struct packet *pkt)
{
	return (pkt->key.lo_port == DNS_PORT || pkt->key.hi_port == DNS_PORT) && pkt->key.proto == PROTO_UDP;
}

/* conclude.c: payload -> findings -> conclusion. */
void conclude(struct engine *e, struct flow *f, const struct packet *pkt);
void find_takers(struct engine *e); /* once, before the first packet */
/* Reads what a flow's views hold so far although only one way spoke: before it ends. */
void conclude_rest(struct engine *e, struct flow *f);
/* What a passing answer teaches of places. */
void learn(struct engine *e, const struct packet *pkt);
/* merge.c: one finding -> the flow's conclusion. */
void merge_finding(struct engine *e, struct flow *f, struct detail *d, bool from_hi, const struct recogniser *r,
		   const struct finding *x);
/* Packets a second inside TLS, for the roles that a flow must show before they are said. */
void merge_rate(struct engine *e, struct flow *f, struct detail *d, bool from_hi);
/* Answers that TCP itself tells. */
void merge_handshake(struct flow *f);

/* judge.c: places, verdict, facts. */
uint64_t flow_id(const struct flow *f);
void judge(struct engine *e, struct flow *f, struct detail *d);
/* Judges first what the present book has not judged. */
void tell(struct engine *e, struct flow *f, struct detail *d, enum fact_kind kind, unsigned flags);

/* side.c: where the captures stand. */
void take_sides(struct engine *e); /* once, before the first packet */
enum treatment treatment_of(const struct engine *e, unsigned source);
bool drop_by_side(struct engine *e, const struct frame *frame); /* true: it was counted, and that is all */

/* reload.c: another book. */
struct renumbering *renumbering_new(void); /* free() it */
/* Who is local in the present book; the only local end is the client. */
void find_ends(const struct engine *e, struct flow *f, struct detail *d);
void retell(struct engine *e); /* some of those that are due; as far as the queue of facts has room */
static inline unsigned both_ends(bool lo, bool hi)
{
	return lo && hi ? FLOW_BOTH_LOCAL : !lo && !hi ? FLOW_BOTH_FOREIGN : 0u;
}

/* lifetime.c: how flows end. */
bool expire(struct engine *e); /* false: the queue of facts is full, call again */
void end_flow(struct engine *e, struct flow *f, unsigned flags);
void tell_evicted(struct engine *e, struct flow *copy);
bool flow_is_over(const struct engine *e, const struct flow *f, const struct packet *pkt);
struct detail *detail_for(struct engine *e, struct flow *f); /* opens one, at the cost of a stale one; NULL: none */
void settle(struct engine *e, struct flow *f);               /* no conferencing: gives the detail back */

#endif
