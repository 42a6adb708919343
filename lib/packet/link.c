/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands before IP. Sources: the LINKTYPE registry of tcpdump.org; IEEE 802.3, 802.1Q and 802.1ad; RFC
 * 1042 (SNAP); RFC 1661, 1662 (PPP), 2516 (PPPoE); RFC 3032 (MPLS), 4385 (control word). */
#include "packet/layers.h"

enum { MPLS_LABELS = 8, LENGTHS_END = 0x600, PPP_ADDRESS = 0xFF, PPP_CONTROL = 3 };

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

unsigned link_first(uint16_t linktype)
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

unsigned link_ethernet(struct walk *w)
{
	struct span h = cursor_take(&w->at, 14);
	return h.len == 0 ? UNDECODED_SHORT : after_type(w, read_u16(h.at + 12));
}

unsigned link_vlan(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	if (h.len == 0)
		return UNDECODED_SHORT;
	uint16_t id = read_u16(h.at) & 0xFFF;
	if (id != 0 && !w->carried) /* 0 is a priority without a VLAN */
		w->vlan = id;
	return after_type(w, read_u16(h.at + 2));
}

unsigned link_llc(struct walk *w)
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

unsigned link_sll(struct walk *w)
{
	struct span h = cursor_take(&w->at, 16);
	return h.len == 0 ? UNDECODED_SHORT : after_cooked(read_u16(h.at + 14));
}

unsigned link_sll2(struct walk *w)
{
	struct span h = cursor_take(&w->at, 20);
	return h.len == 0 ? UNDECODED_SHORT : after_cooked(read_u16(h.at));
}

/* The family is in the byte order of the machine that wrote it, which nobody tells. */
unsigned link_null(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	if (h.len == 0)
		return UNDECODED_SHORT;
	uint32_t family = read_u32(h.at);
	return row_find(families, family < 0x10000 ? family : __builtin_bswap32(family));
}

unsigned link_cisco_hdlc(struct walk *w)
{
	struct span h = cursor_take(&w->at, 4);
	return h.len == 0 ? UNDECODED_SHORT : row_find(ethertypes, read_u16(h.at + 2));
}

/* [ff 03] protocol, of one byte if that is odd (RFC 1661 s2, s6.5). */
unsigned link_ppp(struct walk *w)
{
	struct span all = w->at.rest;
	if (all.len >= 2 && all.at[0] == PPP_ADDRESS && all.at[1] == PPP_CONTROL)
		cursor_take(&w->at, 2);
	unsigned protocol = cursor_uint(&w->at, 1);
	if (protocol % 2 == 0)
		protocol = protocol << 8 | cursor_uint(&w->at, 1);
	return cursor_ok(&w->at) ? row_find(ppp_protocols, protocol) : UNDECODED_SHORT;
}

unsigned link_ppp_directed(struct walk *w)
{
	cursor_take(&w->at, 1);
	return link_ppp(w);
}

/* The direction stands in the place of the address. */
unsigned link_pppd(struct walk *w)
{
	cursor_take(&w->at, 2);
	return link_ppp(w);
}

/* version and type 1, code 0, session 2, length 2; other codes are discovery. */
unsigned link_pppoe(struct walk *w)
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

unsigned link_mpls(struct walk *w)
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
