/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPv4 and IPv6 with what stands between them and the transport. Sources: RFC 791, RFC 8200, RFC 2675
 * (jumbograms), RFC 4302 (AH), RFC 6946 (atomic fragments). A length of 0 is a frame that the sending or
 * receiving machine has not cut yet, or joined (observed: IPv4 and IPv6 with length 0 in tcpdump's
 * bigtcp-vxlan.pcap): then all that was captured is the packet. */
#include "packet/layers.h"

static const struct row v4_protocols[] = {
	{ PROTO_TCP, LAYER_TCP },
	{ PROTO_UDP, LAYER_UDP },
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

/* Not multicast, broadcast, link-local or unspecified. As address_class_of says, but without an address made.
 */
static inline bool is_unicast_v4(uint32_t a)
{
	return a >> 24 != 0 && a >> 28 != 0xE && a >> 16 != 0xA9FE && a != 0xFFFFFFFF;
}

static bool is_unicast_v6(const uint8_t *at)
{
	static const uint8_t unspecified[16];
	bool link_local = at[0] == 0xFE && (at[1] & 0xC0) == 0x80;
	return at[0] != 0xFF && !link_local && memcmp(at, unspecified, 16) != 0;
}

/* An IPv4-mapped address stands for IPv4 inside a machine, and never on the wire: taken as it is it would
 * pass for the IPv4 host. */
static bool is_mapped(const uint8_t *at)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
	return at[0] == 0 && memcmp(at, mapped, 12) == 0;
}

unsigned ip_v4(struct walk *w)
{
	struct span h = cursor_take(&w->at, 20);
	if (h.len == 0)
		return UNDECODED_SHORT;
	size_t header_bytes = (h.at[0] & 0xFu) * 4, total_bytes = read_u16(h.at + 2);
	if (h.at[0] >> 4 != 4 || header_bytes < 20 || (total_bytes != 0 && total_bytes < header_bytes))
		return UNDECODED_BROKEN;
	if (total_bytes != 0)
		walk_cut(w, total_bytes - 20);
	if (header_bytes > 20)
		cursor_take(&w->at, header_bytes - 20);
	if (!cursor_ok(&w->at))
		return UNDECODED_SHORT;
	w->protocols = v4_protocols;
	w->from = h.at + 12, w->to = h.at + 16;
	w->v4 = true;
	w->unicast = is_unicast_v4(read_u32(w->from)) && is_unicast_v4(read_u32(w->to));
	if (read_u16(h.at + 6) & 0x1FFF)
		return DECODED_FRAGMENT;
	return row_find(v4_protocols, h.at[9]);
}

unsigned ip_v6(struct walk *w)
{
	struct span h = cursor_take(&w->at, 40);
	if (h.len == 0)
		return UNDECODED_SHORT;
	w->from = h.at + 8, w->to = h.at + 24;
	if (h.at[0] >> 4 != 6 || is_mapped(w->from) || is_mapped(w->to))
		return UNDECODED_BROKEN;
	size_t payload_bytes = read_u16(h.at + 4);
	if (payload_bytes != 0)
		walk_cut(w, payload_bytes);
	w->protocols = v6_protocols;
	w->v4 = false;
	w->unicast = is_unicast_v6(w->from) && is_unicast_v6(w->to);
	return h.at[6] == 0 ? LAYER_OPTIONS : row_find(v6_protocols, h.at[6]);
}

/* A raw link: the version is all that tells. */
unsigned ip_any(struct walk *w)
{
	if (!cursor_more(&w->at))
		return UNDECODED_SHORT;
	return w->at.rest.at[0] >> 4 == 6 ? ip_v6(w) : ip_v4(w);
}

static unsigned after_extension(const struct walk *w, unsigned protocol)
{
	if (protocol == 0 && !w->v4)
		return UNDECODED_BROKEN;
	return row_find(w->protocols, protocol);
}

/* Every extension header but two: next 1, length 1 in words of 8 without the first. */
unsigned ip_options(struct walk *w)
{
	struct span h = cursor_take(&w->at, 8);
	if (h.len == 0)
		return UNDECODED_SHORT;
	cursor_take(&w->at, h.at[1] * 8u);
	return cursor_ok(&w->at) ? after_extension(w, h.at[0]) : UNDECODED_SHORT;
}

unsigned ip_fragment(struct walk *w)
{
	struct span h = cursor_take(&w->at, 8);
	if (h.len == 0)
		return UNDECODED_SHORT;
	return read_u16(h.at + 2) >> 3 != 0 ? DECODED_FRAGMENT : after_extension(w, h.at[0]);
}

/* next 1, length 1 in words of 4 without the first two; the sums stay within the 12 fixed bytes. */
unsigned ip_ah(struct walk *w)
{
	struct span h = cursor_take(&w->at, 12);
	if (h.len == 0)
		return UNDECODED_SHORT;
	if (h.at[1] == 0)
		return UNDECODED_BROKEN;
	cursor_take(&w->at, (h.at[1] - 1u) * 4);
	return cursor_ok(&w->at) ? after_extension(w, h.at[0]) : UNDECODED_SHORT;
}
