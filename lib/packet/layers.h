/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layers: the steps of packet_decode. Each takes one header off the front of the walk and says what follows:
 * either another layer or a result. A new link, ethertype, protocol or tunnel is a row of one of the tables
 * and, where its header is new too, a step. Private to packet/. */
#ifndef KEYFENCE_PACKET_LAYERS_H
#define KEYFENCE_PACKET_LAYERS_H

#include "words/values.h"

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
	const struct row *protocols; /* those of the innermost IP header */
	const uint8_t *from, *to;    /* its addresses: 4 bytes each, or 16 */
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

/* link.c */
unsigned link_first(uint16_t linktype);
unsigned link_ethernet(struct walk *w);
unsigned link_vlan(struct walk *w);
unsigned link_llc(struct walk *w);
unsigned link_sll(struct walk *w);
unsigned link_sll2(struct walk *w);
unsigned link_null(struct walk *w);
unsigned link_cisco_hdlc(struct walk *w);
unsigned link_ppp_directed(struct walk *w);
unsigned link_pppd(struct walk *w);
unsigned link_ppp(struct walk *w);
unsigned link_pppoe(struct walk *w);
unsigned link_mpls(struct walk *w);

/* ip.c */
unsigned ip_any(struct walk *w);
unsigned ip_v4(struct walk *w);
unsigned ip_v6(struct walk *w);
unsigned ip_options(struct walk *w);
unsigned ip_fragment(struct walk *w);
unsigned ip_ah(struct walk *w);

#endif
