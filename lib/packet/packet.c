/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A walk of steps. Each takes one header off the front and says what follows: another layer, or a result. A
 * new link, ethertype, protocol or tunnel is a row of a table and, where its header is new too, a step. All
 * steps stand in one file, and none gives the walk's address away: so the compiler keeps the walk in
 * registers, which saves a third of the work. plain_v4 and plain_v6 save another third for most frames. */
#include "packet/packet.h"

enum { TCP_BYTES = 20, UDP_BYTES = 8, PORTS_BYTES = 4 };

/* Numbered behind the results, so that one number is either. */
enum layer {
	LAYER_TCP = DECODED_KINDS,
	LAYER_UDP,
	LAYER_BELOW, /* from here on: headers below the transport, which PACKET_DEPTH bounds */
	LAYER_ETHERNET = LAYER_BELOW,
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_NULL,
	LAYER_CISCO_HDLC,
	LAYER_PPP_DIRECTED,
	LAYER_PPPD,
	LAYER_PPP,
	LAYER_PPPOE,
	LAYER_MPLS,
	LAYER_IP,
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_OPTIONS,
	LAYER_FRAGMENT,
	LAYER_AH,
	LAYERS_END,
};

struct walk {
	struct cursor at;
	const uint8_t *from, *to; /* addresses of the innermost IP header: 4 bytes each, or 16 */
	uint16_t vlan;
	bool v4, unicast;
	bool cut;     /* the capture, not the sender, ended the innermost packet */
	bool carried; /* a second link layer: its VLANs are not those of the outer frame */
};

/* The last row of a table holds a result: that of every number without a row. */
struct row {
	uint16_t number;
	uint8_t next; /* enum layer, or enum decoded */
};

static inline unsigned row_find(const struct row *r, unsigned number)
{
	while (r->number != number && r->next >= DECODED_KINDS)
		r++;
	return r->next;
}

static inline uint16_t read_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t read_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The packet ends after so many bytes more; what stands behind is padding. If they were not all captured,
 * what there is stays. */
static inline void walk_cut(struct walk *w, size_t bytes)
{
	w->cut = bytes > w->at.rest.len;
	if (!w->cut)
		w->at = cursor_of(cursor_take(&w->at, bytes));
}

/* ---- What stands before IP. Sources: the LINKTYPE registry of tcpdump.org; IEEE 802.3, 802.1Q and 802.1ad;
 * RFC 1042 (SNAP); RFC 1661, 1662 (PPP), 2516 (PPPoE); RFC 3032 (MPLS), 4385 (control word). ---- */

enum { MPLS_LABELS = 8, LENGTHS_END = 0x600, PPP_ADDRESS = 0xFF };

/* LINKTYPE_ and DLT_ numbers are one but for raw IP: 101 in files, 12 on Linux, 14 on OpenBSD. */
static const struct row links[] = {
	{ 1, LAYER_ETHERNET }, { 113, LAYER_SLL },        { 276, LAYER_SLL2 }, { 12, LAYER_IP },
	{ 14, LAYER_IP },      { 101, LAYER_IP },         { 228, LAYER_IPV4 }, { 229, LAYER_IPV6 },
	{ 0, LAYER_NULL },     { 108, LAYER_NULL },       { 9, LAYER_PPP },    { 50, LAYER_PPP },
	{ 51, LAYER_PPPOE },   { 104, LAYER_CISCO_HDLC }, { 166, LAYER_PPPD }, { 204, LAYER_PPP_DIRECTED },
	{ 0, UNDECODED_LINK },
};

static const struct row ethertypes[] = {
	{ 0x0800, LAYER_IPV4 }, { 0x86DD, LAYER_IPV6 },  { 0x8100, LAYER_VLAN },
	{ 0x88A8, LAYER_VLAN }, { 0x9100, LAYER_VLAN }, /* before 802.1ad had a number of its own */
	{ 0x9200, LAYER_VLAN }, { 0x8864, LAYER_PPPOE }, { 0x8847, LAYER_MPLS },
	{ 0x8848, LAYER_MPLS }, { 0, UNDECODED_NOT_IP },
};

static const struct row ppp_protocols[] = {
	{ 0x0021, LAYER_IPV4 }, { 0x0057, LAYER_IPV6 },  { 0x0281, LAYER_MPLS },
	{ 0x0283, LAYER_MPLS }, { 0, UNDECODED_NOT_IP },
};

/* Address families of BSD systems; IPv6 has a number in each. */
static const struct row families[] = {
	{ 2, LAYER_IPV4 },  { 24, LAYER_IPV6 }, { 28, LAYER_IPV6 },
	{ 30, LAYER_IPV6 }, { 10, LAYER_IPV6 }, { 0, UNDECODED_NOT_IP },
};

static unsigned link_first(uint16_t linktype)
{
	return row_find(links, linktype);
}

/* The two bytes before an Ethernet payload: below 0x600 they are its length, and LLC follows. */
static unsigned after_type(struct walk *w, unsigned type)
{
	if (type >= LENGTHS_END)
		return row_find(ethertypes, type);
	walk_cut(w, type);
	return LAYER_LLC;
}

static unsigned link_ethernet(struct walk *w)
{
	struct span h = cursor_take(&w->at, 14);
	return h.len == 0 ? UNDECODED_SHORT : after_type(w, read_u16(h.at + 12));
}

static unsigned link_vlan(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	if (h.len == 0)
		return UNDECODED_SHORT;
	uint16_t id = read_u16(h.at) & 0xFFF;
	if (id != 0 && !w->carried) /* 0 is a priority without a VLAN */
		w->vlan = id;
	return after_type(w, read_u16(h.at + 2));
}

static unsigned link_llc(struct walk *w)
{
	struct span h = cursor_take(&w->at, 3);
	if (h.len == 0)
		return UNDECODED_SHORT;
	if (h.at[0] != 0xAA || h.at[1] != 0xAA || h.at[2] != 3)
		return UNDECODED_NOT_IP;
	struct span snap = cursor_take(&w->at, 5);
	if (snap.len == 0)
		return UNDECODED_SHORT;
	uint32_t organisation = read_u32(snap.at) >> 8;
	if (organisation != 0 && organisation != 0xF8) /* 0xF8: 802.1H */
		return UNDECODED_NOT_IP;
	return row_find(ethertypes, read_u16(snap.at + 3));
}

/* The cooked headers have no length to give: small numbers are kinds of frame, of which 4 is LLC. */
static unsigned after_cooked(unsigned type)
{
	return type == 4 ? LAYER_LLC : row_find(ethertypes, type);
}

static unsigned link_sll(struct walk *w)
{
	struct span h = cursor_take(&w->at, 16);
	return h.len == 0 ? UNDECODED_SHORT : after_cooked(read_u16(h.at + 14));
}

static unsigned link_sll2(struct walk *w)
{
	struct span h = cursor_take(&w->at, 20);
	return h.len == 0 ? UNDECODED_SHORT : after_cooked(read_u16(h.at));
}

/* The family is in the byte order of the machine that wrote it, which nobody tells. */
static unsigned link_null(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	if (h.len == 0)
		return UNDECODED_SHORT;
	uint32_t family = read_u32(h.at);
	return row_find(families, family < 0x10000 ? family : __builtin_bswap32(family));
}

static unsigned link_cisco_hdlc(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	return h.len == 0 ? UNDECODED_SHORT : row_find(ethertypes, read_u16(h.at + 2));
}

/* [ff 03] protocol, of one byte if that is odd (RFC 1661 s2, s6.5); ff is never a protocol's only byte. */
static unsigned link_ppp(struct walk *w)
{
	if (cursor_more(&w->at) && w->at.rest.at[0] == PPP_ADDRESS)
		cursor_take(&w->at, 2);
	unsigned protocol = cursor_uint(&w->at, 1);
	if (protocol % 2 == 0)
		protocol = protocol << 8 | cursor_uint(&w->at, 1);
	return cursor_ok(&w->at) ? row_find(ppp_protocols, protocol) : UNDECODED_SHORT;
}

static unsigned link_ppp_directed(struct walk *w)
{
	cursor_take(&w->at, 1);
	return link_ppp(w);
}

/* The direction stands in the place of the address. */
static unsigned link_pppd(struct walk *w)
{
	cursor_take(&w->at, 2);
	return link_ppp(w);
}

/* version and type 1, code 0, session 2, length 2; other codes are discovery. */
static unsigned link_pppoe(struct walk *w)
{
	struct span h = cursor_take(&w->at, 6);
	if (h.len == 0)
		return UNDECODED_SHORT;
	if (h.at[0] != 0x11)
		return UNDECODED_BROKEN;
	if (h.at[1] != 0)
		return UNDECODED_NOT_IP;
	walk_cut(w, read_u16(h.at + 4));
	return LAYER_PPP;
}

/* Nothing says what labels carry but its first nibble: IP, or the control word of carried Ethernet. */
static unsigned below_labels(struct walk *w)
{
	if (!cursor_more(&w->at))
		return UNDECODED_SHORT;
	switch (w->at.rest.at[0] >> 4) {
	case 4: return LAYER_IPV4;
	case 6: return LAYER_IPV6;
	case 0: break;
	default: return UNDECODED_NOT_IP;
	}
	cursor_take(&w->at, 4);
	w->carried = true;
	return LAYER_ETHERNET;
}

static unsigned link_mpls(struct walk *w)
{
	for (unsigned i = 0; i < MPLS_LABELS; i++) {
		struct span label = cursor_take(&w->at, 4);
		if (label.len == 0)
			return UNDECODED_SHORT;
		if (label.at[2] & 1) /* bottom of the stack */
			return below_labels(w);
	}
	return UNDECODED_DEEP;
}

/* ---- IPv4 and IPv6 with what stands between them and the transport. Sources: RFC 791, RFC 8200, RFC 2675
 * (jumbograms), RFC 4302 (AH), RFC 6946 (atomic fragments). A length of 0 is a frame that the sending or
 * receiving machine has not cut yet, or has joined (observed: IPv4 and IPv6 with length 0 in tcpdump's
 * bigtcp-vxlan.pcap): then all that was captured is the packet. ---- */

static const struct row v4_protocols[] = {
	{ PROTO_UDP, LAYER_UDP },
	{ PROTO_TCP, LAYER_TCP },
	{ 51, LAYER_AH },
	{ 0, DECODED_NO_PORTS },
};

/* Hop-by-hop options (0) may stand first only: ip_v6 itself goes there. */
static const struct row v6_protocols[] = {
	{ PROTO_TCP, LAYER_TCP }, { PROTO_UDP, LAYER_UDP }, { 44, LAYER_FRAGMENT }, { 60, LAYER_OPTIONS },
	{ 43, LAYER_OPTIONS },    { 51, LAYER_AH },         { 135, LAYER_OPTIONS }, /* mobility */
	{ 139, LAYER_OPTIONS },                                                     /* host identity */
	{ 140, LAYER_OPTIONS },                                                     /* shim6 */
	{ 0, DECODED_NO_PORTS },
};

/* First bytes of addresses, of IPv4 and of IPv6, that may be special; the others need no second look. */
static const bool special[256] = {
	[0x00] = true, [169] = true, [0xE0 ... 0xEF] = true, [0xFE] = true, [0xFF] = true,
};

static bool is_unicast(struct span at)
{
	struct address a = address_from(at);
	switch (address_class_of(&a)) {
	case ADDRESS_LINK_LOCAL:
	case ADDRESS_MULTICAST:
	case ADDRESS_BROADCAST:
	case ADDRESS_UNSPECIFIED: return false;
	default: return true;
	}
}

static inline void take_ends(struct walk *w, const uint8_t *from, size_t bytes)
{
	w->from = from, w->to = from + bytes;
	w->v4 = bytes == 4;
	w->unicast = true;
	if (special[from[0]] || special[from[bytes]])
		w->unicast = is_unicast(span_of(from, bytes)) && is_unicast(span_of(from + bytes, bytes));
}

/* An IPv4-mapped address stands for IPv4 inside a machine, and never on the wire: taken as it is it would
 * pass for the IPv4 host. */
static bool is_mapped(const uint8_t *at)
{
	if (at[0] != 0)
		return false;
	struct address a = address_from(span_of(at, 16));
	return address_is_v4(&a);
}

static unsigned ip_v4(struct walk *w)
{
	struct span h = cursor_take(&w->at, 20);
	if (h.len == 0)
		return UNDECODED_SHORT;
	unsigned option_words = h.at[0] - 0x45u, total_bytes = read_u16(h.at + 2);
	if (option_words > 10) /* not version 4, or fewer than 5 words of header */
		return UNDECODED_BROKEN;
	if (total_bytes != 0) {
		if (total_bytes < 20 + option_words * 4)
			return UNDECODED_BROKEN;
		walk_cut(w, total_bytes - 20);
	}
	if (option_words > 0) {
		cursor_take(&w->at, option_words * 4);
		if (!cursor_ok(&w->at))
			return UNDECODED_SHORT;
	}
	take_ends(w, h.at + 12, 4);
	if (read_u16(h.at + 6) & 0x1FFF)
		return DECODED_FRAGMENT;
	return row_find(v4_protocols, h.at[9]);
}

static unsigned ip_v6(struct walk *w)
{
	struct span h = cursor_take(&w->at, 40);
	if (h.len == 0)
		return UNDECODED_SHORT;
	if (h.at[0] >> 4 != 6 || is_mapped(h.at + 8) || is_mapped(h.at + 24))
		return UNDECODED_BROKEN;
	size_t payload_bytes = read_u16(h.at + 4);
	if (payload_bytes != 0)
		walk_cut(w, payload_bytes);
	take_ends(w, h.at + 8, 16);
	return h.at[6] == 0 ? LAYER_OPTIONS : row_find(v6_protocols, h.at[6]);
}

/* A raw link: the version is all that tells. */
static unsigned ip_any(struct walk *w)
{
	if (!cursor_more(&w->at))
		return UNDECODED_SHORT;
	return w->at.rest.at[0] >> 4 == 6 ? ip_v6(w) : ip_v4(w);
}

static unsigned after_extension(const struct walk *w, unsigned protocol)
{
	if (protocol == 0 && !w->v4)
		return UNDECODED_BROKEN;
	return row_find(w->v4 ? v4_protocols : v6_protocols, protocol);
}

/* Every extension header but two: next 1, length 1 in words of 8 without the first. */
static unsigned ip_options(struct walk *w)
{
	struct span h = cursor_take(&w->at, 8);
	if (h.len == 0)
		return UNDECODED_SHORT;
	cursor_take(&w->at, h.at[1] * 8u);
	return cursor_ok(&w->at) ? after_extension(w, h.at[0]) : UNDECODED_SHORT;
}

static unsigned ip_fragment(struct walk *w)
{
	struct span h = cursor_take(&w->at, 8);
	if (h.len == 0)
		return UNDECODED_SHORT;
	return read_u16(h.at + 2) >> 3 != 0 ? DECODED_FRAGMENT : after_extension(w, h.at[0]);
}

/* next 1, length 1 in words of 4 without the first two; the sums stay within the 12 fixed bytes. */
static unsigned ip_ah(struct walk *w)
{
	struct span h = cursor_take(&w->at, 12);
	if (h.len == 0)
		return UNDECODED_SHORT;
	if (h.at[1] == 0)
		return UNDECODED_BROKEN;
	cursor_take(&w->at, (h.at[1] - 1u) * 4);
	return cursor_ok(&w->at) ? after_extension(w, h.at[0]) : UNDECODED_SHORT;
}

/* ---- Transport. Sources: RFC 768, RFC 9293. ---- */

/* IPv4 as IPv4-mapped IPv6; host order in, network order out. */
static inline struct address address_mapped(const uint8_t *at)
{
	struct address a = { .bytes = { [10] = 0xFF, [11] = 0xFF } };
	memcpy(a.bytes + 12, at, 4);
	return a;
}

static inline struct address address_of(const uint8_t *at)
{
	struct address a;
	memcpy(a.bytes, at, sizeof a.bytes);
	return a;
}

/* Network order makes the order of bytes that of numbers, so that one comparison takes address and port. */
static inline bool is_from_hi(const struct walk *w, uint16_t from_port, uint16_t to_port)
{
	if (w->v4)
		return ((uint64_t)read_u32(w->from) << 16 | from_port) >
		       ((uint64_t)read_u32(w->to) << 16 | to_port);
	int order = memcmp(w->from, w->to, 16);
	return order > 0 || (order == 0 && from_port > to_port);
}

static inline void fill_key(const struct walk *w, const uint8_t *ports, uint8_t proto, struct packet *ret)
{
	uint16_t from_port = read_u16(ports), to_port = read_u16(ports + 2);
	bool from_hi = is_from_hi(w, from_port, to_port);
	const uint8_t *lo = from_hi ? w->to : w->from, *hi = from_hi ? w->from : w->to;
	ret->key.lo = w->v4 ? address_mapped(lo) : address_of(lo);
	ret->key.hi = w->v4 ? address_mapped(hi) : address_of(hi);
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

static inline unsigned take_layer(struct walk *w, unsigned layer)
{
	switch ((enum layer)layer) {
	case LAYER_ETHERNET: return link_ethernet(w);
	case LAYER_VLAN: return link_vlan(w);
	case LAYER_LLC: return link_llc(w);
	case LAYER_SLL: return link_sll(w);
	case LAYER_SLL2: return link_sll2(w);
	case LAYER_NULL: return link_null(w);
	case LAYER_CISCO_HDLC: return link_cisco_hdlc(w);
	case LAYER_PPP_DIRECTED: return link_ppp_directed(w);
	case LAYER_PPPD: return link_pppd(w);
	case LAYER_PPP: return link_ppp(w);
	case LAYER_PPPOE: return link_pppoe(w);
	case LAYER_MPLS: return link_mpls(w);
	case LAYER_IP: return ip_any(w);
	case LAYER_IPV4: return ip_v4(w);
	case LAYER_IPV6: return ip_v6(w);
	case LAYER_OPTIONS: return ip_options(w);
	case LAYER_FRAGMENT: return ip_fragment(w);
	case LAYER_AH: return ip_ah(w);
	case LAYER_TCP:
	case LAYER_UDP:
	case LAYERS_END: break;
	}
	return UNDECODED_LINK;
}

/* Down to the transport, or to the result that ended the way. */
static inline unsigned walk_down(struct walk *w, unsigned next)
{
	for (unsigned depth = 0; next >= LAYER_BELOW; depth++) {
		if (depth == PACKET_DEPTH)
			return UNDECODED_DEEP;
		next = take_layer(w, next);
	}
	return next;
}

static inline enum decoded decode_transport(struct walk *w, unsigned next, const struct frame *frame,
					    const struct packet_options *options, struct packet *ret)
{
	enum decoded how = (enum decoded)next;
	if (next == LAYER_UDP)
		how = take_udp(w, ret);
	else if (next == LAYER_TCP)
		how = take_tcp(w, ret);
	if (how >= UNDECODED)
		return how;
	if (!w->unicast)
		return DECODED_NOT_UNICAST;
	if (how != DECODED)
		return how;
	ret->vlan = w->vlan;
	ret->key.vlan = options->by_vlan ? w->vlan : 0;
	ret->at_us = frame->at_us;
	ret->wire_bytes = frame->wire_bytes;
	return DECODED;
}

/* Most frames are Ethernet with IPv4 or IPv6, no options, no fragment, all there, between addresses that are
 * not special. One look at the fixed places tells, and stands in for the walk, whose result would be the
 * same: what follows, with ret written; LAYERS_END: the walk must see. */
static inline unsigned plain_v4(struct cursor at, struct walk *ret)
{
	const uint8_t *h = cursor_take(&at, 20).at;
	if (h == NULL || h[0] != 0x45 || (read_u16(h + 6) & 0x1FFF) != 0)
		return LAYERS_END;
	size_t bytes = read_u16(h + 2) - 20u;
	if (bytes > at.rest.len || special[h[12]] || special[h[16]])
		return LAYERS_END;
	*ret = (struct walk){ .at = { { at.rest.at, bytes }, false },
			      .from = h + 12,
			      .to = h + 16,
			      .v4 = true,
			      .unicast = true };
	return row_find(v4_protocols, h[9]);
}

static inline unsigned plain_v6(struct cursor at, struct walk *ret)
{
	const uint8_t *h = cursor_take(&at, 40).at;
	if (h == NULL || h[0] >> 4 != 6 || (h[6] != PROTO_UDP && h[6] != PROTO_TCP))
		return LAYERS_END;
	size_t bytes = read_u16(h + 4);
	if (bytes == 0 || bytes > at.rest.len || special[h[8]] || special[h[24]])
		return LAYERS_END;
	*ret = (struct walk){
		.at = { { at.rest.at, bytes }, false }, .from = h + 8, .to = h + 24, .unicast = true
	};
	return h[6] == PROTO_UDP ? LAYER_UDP : LAYER_TCP;
}

__attribute__((flatten, noinline)) static enum decoded
decode_walk(const struct frame *frame, const struct packet_options *options, struct packet *ret)
{
	struct walk w = { .at = cursor_of(frame->bytes), .cut = frame->wire_bytes > frame->bytes.len };
	unsigned next = walk_down(&w, link_first(frame->linktype));
	return decode_transport(&w, next, frame, options, ret);
}

struct span packet_outermost(const struct frame *frame)
{
	struct walk w = { .at = cursor_of(frame->bytes) };
	unsigned next = link_first(frame->linktype), depth = 0;
	for (; next >= LAYER_BELOW && next < LAYER_IP && depth < PACKET_DEPTH; depth++)
		next = take_layer(&w, next);
	return next >= LAYER_IP && next <= LAYER_IPV6 ? cursor_rest(&w.at) : span_of(NULL, 0);
}

/* The two calls of decode_transport are not one: each is compiled for its kind of address. */
__attribute__((flatten)) enum decoded packet_decode(const struct frame *frame,
						    const struct packet_options *options, struct packet *ret)
{
	struct cursor at = cursor_of(frame->bytes);
	struct span h = cursor_take(&at, 14);
	unsigned type = h.len > 0 && frame->linktype == 1 ? read_u16(h.at + 12) : 0;
	struct walk w;
	if (type == 0x0800) {
		unsigned next = plain_v4(at, &w);
		if (next == LAYER_UDP || next == LAYER_TCP)
			return decode_transport(&w, next, frame, options, ret);
	} else if (type == 0x86DD) {
		unsigned next = plain_v6(at, &w);
		if (next == LAYER_UDP || next == LAYER_TCP)
			return decode_transport(&w, next, frame, options, ret);
	}
	return decode_walk(frame, options, ret);
}
