/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/packet.h"

#include "packet/layers.h"

enum { TCP_BYTES = 20, UDP_BYTES = 8, PORTS_BYTES = 4 };

static void fill_address(struct address *ret, const uint8_t *at, bool v4)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
	if (!v4) {
		memcpy(ret->bytes, at, 16);
		return;
	}
	memcpy(ret->bytes, mapped, 12);
	memcpy(ret->bytes + 12, at, 4);
}

static int compare_ends(const struct walk *w)
{
	if (!w->v4)
		return memcmp(w->from, w->to, 16);
	uint32_t from = read_u32(w->from), to = read_u32(w->to);
	return (from > to) - (from < to);
}

static void fill_key(const struct walk *w, const uint8_t *ports, uint8_t proto, struct packet *ret)
{
	uint16_t from_port = read_u16(ports), to_port = read_u16(ports + 2);
	int order = compare_ends(w);
	bool from_hi = order > 0 || (order == 0 && from_port > to_port);
	fill_address(&ret->key.lo, from_hi ? w->to : w->from, w->v4);
	fill_address(&ret->key.hi, from_hi ? w->from : w->to, w->v4);
	ret->key.lo_port = from_hi ? to_port : from_port;
	ret->key.hi_port = from_hi ? from_port : to_port;
	ret->key.proto = proto;
	ret->key.zero = 0;
	ret->from_hi = from_hi;
	ret->tcp_flags = 0;
	ret->seq = ret->ack = 0;
}

/* The capture ended within the transport header: the ports are enough to count the packet with its flow. A
 * sender that ends there is not excused (RFC 1858 s3). */
static enum decoded take_ports(struct walk *w, uint8_t proto, struct packet *ret)
{
	struct span ports = cursor_take(&w->at, PORTS_BYTES);
	if (ports.len == 0 || !w->cut)
		return UNDECODED_SHORT;
	fill_key(w, ports.at, proto, ret);
	ret->payload = span_of(NULL, 0);
	return DECODED;
}

static enum decoded take_tcp(struct walk *w, struct packet *ret)
{
	if (w->at.rest.len < TCP_BYTES)
		return take_ports(w, PROTO_TCP, ret);
	const uint8_t *h = cursor_take(&w->at, TCP_BYTES).at;
	size_t header_bytes = (h[12] >> 4) * 4u;
	if (header_bytes < TCP_BYTES)
		return UNDECODED_BROKEN;
	size_t option_bytes = header_bytes - TCP_BYTES;
	if (option_bytes > w->at.rest.len) {
		if (!w->cut)
			return UNDECODED_BROKEN;
		option_bytes = w->at.rest.len;
	}
	fill_key(w, h, PROTO_TCP, ret);
	ret->seq = read_u32(h + 4);
	ret->ack = read_u32(h + 8);
	ret->tcp_flags = h[13] & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
	cursor_take(&w->at, option_bytes);
	ret->payload = cursor_rest(&w->at);
	return DECODED;
}

/* A length of 0 is a frame of more than 64 kB; one larger than the packet, a first fragment or a cut capture.
 */
static enum decoded take_udp(struct walk *w, struct packet *ret)
{
	if (w->at.rest.len < UDP_BYTES)
		return take_ports(w, PROTO_UDP, ret);
	const uint8_t *h = cursor_take(&w->at, UDP_BYTES).at;
	size_t bytes = read_u16(h + 4);
	if (bytes != 0 && bytes < UDP_BYTES)
		return UNDECODED_BROKEN;
	fill_key(w, h, PROTO_UDP, ret);
	ret->payload = w->at.rest;
	if (bytes != 0 && bytes - UDP_BYTES < ret->payload.len)
		ret->payload = cursor_take(&w->at, bytes - UDP_BYTES);
	return DECODED;
}

static unsigned (*const steps[])(struct walk *) = {
#define STEP(layer) [(layer)-LAYER_BELOW]
	STEP(LAYER_ETHERNET) = link_ethernet,
	STEP(LAYER_VLAN) = link_vlan,
	STEP(LAYER_LLC) = link_llc,
	STEP(LAYER_SLL) = link_sll,
	STEP(LAYER_SLL2) = link_sll2,
	STEP(LAYER_NULL) = link_null,
	STEP(LAYER_CISCO_HDLC) = link_cisco_hdlc,
	STEP(LAYER_PPP_DIRECTED) = link_ppp_directed,
	STEP(LAYER_PPPD) = link_pppd,
	STEP(LAYER_PPP) = link_ppp,
	STEP(LAYER_PPPOE) = link_pppoe,
	STEP(LAYER_MPLS) = link_mpls,
	STEP(LAYER_IP) = ip_any,
	STEP(LAYER_IPV4) = ip_v4,
	STEP(LAYER_IPV6) = ip_v6,
	STEP(LAYER_OPTIONS) = ip_options,
	STEP(LAYER_FRAGMENT) = ip_fragment,
	STEP(LAYER_AH) = ip_ah,
#undef STEP
};
_Static_assert(sizeof steps / sizeof *steps == LAYERS_END - LAYER_BELOW, "a step for each layer");

/* Down to the transport, or to the result that ended the way. */
static unsigned walk_down(struct walk *w, unsigned next)
{
	for (unsigned depth = 0; next >= LAYER_BELOW; depth++) {
		if (depth == PACKET_DEPTH)
			return UNDECODED_DEEP;
		next = steps[next - LAYER_BELOW](w);
	}
	return next;
}

enum decoded packet_decode(const struct frame *frame, const struct packet_options *options,
			   struct packet *ret)
{
	struct walk w = { .at = cursor_of(frame->bytes), .cut = frame->wire_bytes > frame->bytes.len };
	unsigned next = walk_down(&w, link_first(frame->linktype));
	enum decoded how = (enum decoded)next;
	if (next == LAYER_UDP)
		how = take_udp(&w, ret);
	else if (next == LAYER_TCP)
		how = take_tcp(&w, ret);
	if (how >= UNDECODED)
		return how;
	if (!w.unicast)
		return DECODED_NOT_UNICAST;
	if (how != DECODED)
		return how;
	ret->vlan = w.vlan;
	ret->key.vlan = options->by_vlan ? w.vlan : 0;
	ret->at_us = frame->at_us;
	ret->wire_bytes = frame->wire_bytes;
	return DECODED;
}
