/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/state.h"

enum {
	TELLS_AT_ONCE = 4,        /* a recogniser may tell several things of one front */
	STEADY_PACKETS = 256, STEADY_EVERY = 16, /* of a flow whose media are known, one payload in so many is looked at */
	LONELY_US = 1000000,      /* a view is read without the other way after this */
};

void learn(struct engine *e, const struct packet *pkt)
{
	if (pkt->payload.len > 0 && dns_parse(pkt->payload, &e->dns) == WIRE_MATCH)
		places_dns(e->places, &e->dns, pkt);
}

static struct payload payload_of(const struct engine *e, const struct flow *f, const struct detail *d, bool from_hi,
				 struct span bytes, uint32_t offset)
{
	return (struct payload){ .bytes = bytes, .at_us = e->now_us, .offset = offset, .from_hi = from_hi,
				 .from_port = from_hi ? f->key.hi_port : f->key.lo_port,
				 .to_port = from_hi ? f->key.lo_port : f->key.hi_port,
				 .context = (uint8_t)d->tells };
}

static void own_memory(struct detail *d, const struct recogniser *r)
{
	uint8_t owner = (uint8_t)(r - wire_table + 1);
	if (r->proto != PROTO_TCP || d->owner == owner)
		return;
	memset(d->memory, 0, sizeof d->memory);
	d->owner = owner;
}

static enum wire_result recognise(struct engine *e, struct flow *f, struct detail *d, const struct recogniser *r,
				  bool whole, const struct payload *p, struct finding *x)
{
	finding_init(x);
	own_memory(d, r);
	enum wire_result result = (whole ? r->whole : r->recognise)(p, d->memory + r->memory_at, x);
	x->wire = (uint8_t)(r - wire_table);
	if (result == WIRE_BROKEN)
		e->counters.broken++;
	if (result == WIRE_MATCH || (result == WIRE_PIECES && x->tells != 0))
		merge_finding(e, f, d, p->from_hi, r, x);
	return result;
}

const char *engine_recogniser(size_t number)
{
	return number < wire_count ? wire_table[number].name : "?";
}

/* ---- datagrams ---- */

static void lay_piece(struct engine *e, struct flow *f, struct detail *d, bool way, const struct recogniser *r,
		      const struct piece *piece)
{
	uint8_t message = (uint8_t)(piece->message + 1);
	struct finding x;
	if (d->view[way] == 0 || d->message[way] != message) {
		stream_close(e->streams, d->view[way]);
		d->view[way] = stream_open(e->streams);
		d->message[way] = message;
	}
	if (stream_put(e->streams, d->view[way], piece->at, piece->bytes) != STREAM_GREW)
		return;
	struct payload p = payload_of(e, f, d, way, stream_front(e->streams, d->view[way]), 0);
	if (recognise(e, f, d, r, true, &p, &x) != WIRE_MORE) {
		stream_close(e->streams, d->view[way]);
		d->view[way] = 0;
	}
}

void find_takers(struct engine *e)
{
	for (size_t i = 0; i < wire_count; i++)
		for (unsigned first = wire_table[i].first_lo; first <= wire_table[i].first_hi; first++)
			if (wire_table[i].proto == PROTO_UDP && wire_table[i].recognise != NULL)
				e->takers[first] |= (uint16_t)(1u << i);
}

static void read_datagram(struct engine *e, struct flow *f, struct detail *d, const struct packet *pkt)
{
	struct payload p = payload_of(e, f, d, pkt->from_hi, pkt->payload, 0);
	struct finding x;
	for (unsigned takers = e->takers[pkt->payload.at[0]]; takers != 0; takers &= takers - 1) {
		const struct recogniser *r = &wire_table[__builtin_ctz(takers)];
		enum wire_result result = recognise(e, f, d, r, false, &p, &x);
		for (unsigned n = 0; result == WIRE_PIECES && r->whole != NULL && n < x.piece_count; n++) {
			struct piece piece = x.piece[n];
			lay_piece(e, f, d, pkt->from_hi, r, &piece);
		}
		if (result != WIRE_OTHER && result != WIRE_MORE)
			return;
	}
}

/* A flow whose media are known is looked at now and then. */
static bool is_steady(struct flow *f, struct detail *d, const struct packet *pkt)
{
	bool known = f->now.stage == STAGE_USED && f->now.roles & ROLE_MEDIA &&
		     f->way[0].packets + f->way[1].packets > STEADY_PACKETS;
	bool seen = f->first_bytes & 1u << (pkt->payload.at[0] >> 4);
	return known && seen && d->idle_looks++ % STEADY_EVERY != 0;
}

static void see_datagram(struct engine *e, struct flow *f, struct detail *d, const struct packet *pkt)
{
	if (is_steady(f, d, pkt))
		return;
	f->first_bytes |= (uint16_t)(1u << (pkt->payload.at[0] >> 4));
	read_datagram(e, f, d, pkt);
	if (f->looks < UINT8_MAX)
		f->looks++;
	if (f->now.service == SERVICE_NONE && f->looks >= DATAGRAM_LOOKS)
		settle(e, f);
}

/* ---- streams ---- */

static uint16_t stream_recognisers(void)
{
	uint16_t all = 0;
	for (size_t i = 0; i < wire_count; i++)
		if (wire_table[i].proto == PROTO_TCP)
			all |= (uint16_t)(1u << i);
	return all;
}

static void rule_out(struct engine *e, struct detail *d, bool way, uint16_t which)
{
	d->ruled_out[way] |= which;
	if ((d->ruled_out[way] & stream_recognisers()) == stream_recognisers()) {
		stream_close(e->streams, d->view[way]);
		d->view[way] = 0;
	}
}

static void follow(struct engine *e, struct flow *f, struct detail *d, bool way, struct span bytes, uint32_t offset)
{
	const struct recogniser *r = d->recogniser != 0 ? &wire_table[d->recogniser - 1] : NULL;
	struct payload p = payload_of(e, f, d, way, bytes, offset);
	struct finding x;
	if (r != NULL && r->recognise != NULL && bytes.len > 0)
		recognise(e, f, d, r, false, &p, &x);
}

/* The first match: from now on this recogniser alone reads the flow, and it is shown what both ways sent so far. */
static void adopt(struct engine *e, struct flow *f, struct detail *d, size_t recogniser)
{
	d->recogniser = (uint8_t)(recogniser + 1);
	for (unsigned way = 0; way < 2; way++) {
		follow(e, f, d, way, stream_front(e->streams, d->view[way]), 0);
		rule_out(e, d, way, (uint16_t)~(1u << recogniser));
	}
}

/* False: the flow was settled, and its detail is gone. */
static bool read_view(struct engine *e, struct flow *f, struct detail *d, bool way)
{
	struct finding x;
	for (size_t i = 0; i < wire_count; i++) {
		const struct recogniser *r = &wire_table[i];
		for (unsigned n = 0; n < TELLS_AT_ONCE && r->proto == PROTO_TCP; n++) {
			struct payload p = payload_of(e, f, d, way, stream_front(e->streams, d->view[way]), 0);
			if (d->ruled_out[way] & 1u << i || p.bytes.len == 0)
				break;
			enum wire_result result = recognise(e, f, d, r, true, &p, &x);
			if (result == WIRE_OTHER || result == WIRE_BROKEN)
				rule_out(e, d, way, (uint16_t)(1u << i));
			if (result != WIRE_MATCH)
				break;
			if (d->recogniser == 0)
				adopt(e, f, d, i);
			if (x.evidence & EV_SNI && f->now.service == SERVICE_NONE) {
				settle(e, f); /* it said whom it wants, and that is nobody we know */
				return false;
			}
		}
	}
	bool over = d->view[way] == 0 && (d->recogniser == 0 || d->view[!way] == 0);
	if (over && f->now.service == SERVICE_NONE) {
		settle(e, f);
		return false;
	}
	return true;
}

/* Client first: a server's bytes are read as answers. */
static bool read_views(struct engine *e, struct flow *f, struct detail *d)
{
	bool client = f->now.client_is_hi;
	d->marks |= MARK_READ;
	return read_view(e, f, d, client) && read_view(e, f, d, !client);
}

static void base_stream(struct detail *d, const struct packet *pkt)
{
	uint8_t mark = (uint8_t)(MARK_BASED_LO << pkt->from_hi);
	if (!(d->marks & mark) && (pkt->tcp_flags & TCP_SYN || pkt->payload.len > 0)) {
		d->base[pkt->from_hi] = pkt->seq + (pkt->tcp_flags & TCP_SYN ? 1 : 0);
		d->marks |= mark;
	}
}

/* Views are read when both ways have spoken: then a segment that contradicts another one has had its chance to come,
 * and nothing was concluded from either. */
static bool views_ready(const struct engine *e, const struct flow *f, const struct detail *d, enum stream_put put)
{
	uint8_t both = MARK_DATA_LO | MARK_DATA_HI;
	return (d->marks & both) == both || put == STREAM_FULL || e->now_us - f->first_us > d->since_us + LONELY_US;
}

static void see_segment(struct engine *e, struct flow *f, struct detail *d, const struct packet *pkt)
{
	bool way = pkt->from_hi;
	uint32_t offset = pkt->seq + (pkt->tcp_flags & TCP_SYN ? 1 : 0) - d->base[way];
	enum stream_put put = STREAM_SAME;
	if (offset >> 31 != 0)
		return; /* from before the first byte that was seen */
	if (!(d->marks & (MARK_DATA_LO | MARK_DATA_HI))) {
		uint64_t since_us = e->now_us - f->first_us;
		d->since_us = since_us < UINT32_MAX ? (uint32_t)since_us : UINT32_MAX;
	}
	d->marks |= (uint8_t)(MARK_DATA_LO << way);
	if (d->ruled_out[way] == 0 && d->view[way] == 0)
		d->view[way] = stream_open(e->streams);
	if (d->view[way] != 0)
		put = stream_put(e->streams, d->view[way], offset, pkt->payload);
	if (put == STREAM_CONFLICT || put == STREAM_GONE) {
		rule_out(e, d, way, UINT16_MAX);
		if (f->now.service == SERVICE_NONE)
			settle(e, f); /* two stories: neither is believed */
		return;
	}
	if (d->recogniser != 0 && f->now.stage != STAGE_USED)
		follow(e, f, d, way, pkt->payload, offset);
	bool begun = d->marks & MARK_READ;
	if (!begun && views_ready(e, f, d, put))
		read_views(e, f, d);
	else if (begun && put == STREAM_GREW)
		read_view(e, f, d, way);
	if (put == STREAM_FULL && f->detail != 0)
		rule_out(e, d, way, UINT16_MAX);
}

void conclude_rest(struct engine *e, struct flow *f)
{
	struct detail *d = detail_of(e, f);
	struct conclusion before = f->now;
	if (f->key.proto != PROTO_TCP || d->marks & MARK_READ || !read_views(e, f, d))
		return;
	if (f->now.service != SERVICE_NONE && memcmp(&before, &f->now, sizeof before) != 0)
		judge(e, f, d);
}

/* ---- both ---- */

static void stay_alive(struct engine *e, struct flow *f, struct detail *d)
{
	bool was_quiet = d->list == LIST_QUIET_UDP || d->list == LIST_QUIET_TCP;
	if (f->now.service == SERVICE_NONE) {
		detail_move(e->details, d, LIST_UNDECIDED);
		return;
	}
	detail_move(e->details, d, f->marks & FLOW_CLOSED ? LIST_CLOSING : LIST_LIVE);
	if (was_quiet)
		tell(e, f, d, FACT_RESUMED, 0);
}

void conclude(struct engine *e, struct flow *f, const struct packet *pkt)
{
	struct detail *d = f->detail != 0 ? detail_of(e, f) : detail_for(e, f);
	if (d == NULL)
		return;
	stay_alive(e, f, d);
	if (f->key.proto == PROTO_TCP) {
		merge_handshake(f);
		base_stream(d, pkt);
	}
	if (pkt->payload.len == 0)
		return;
	if (f->key.proto == PROTO_UDP)
		see_datagram(e, f, d, pkt);
	else
		see_segment(e, f, d, pkt);
	if (f->detail == 0 || f->now.service == SERVICE_NONE)
		return;
	if (d->list == LIST_UNDECIDED)
		detail_move(e->details, d, LIST_LIVE);
	merge_rate(e, f, d, pkt->from_hi);
}
