/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet: one captured frame down to its transport header, through a table of link layers and tunnels of
 * bounded depth. The only room that knows links and tunnels. Sources: LINKTYPE registry of tcpdump.org,
 * IEEE 802.1Q/ad, RFC 791, RFC 8200 (extension headers), RFC 768, RFC 9293.
 * Later fragments are DECODED_FRAGMENT; a first fragment, a truncated packet and one longer than the MTU are
 * used as far as they go. */
#ifndef KEYFENCE_PACKET_PACKET_H
#define KEYFENCE_PACKET_PACKET_H

#include "words/values.h"

enum { PACKET_DEPTH = 12 }; /* headers below the transport; more is UNDECODED_DEEP */

struct packet_options {
	bool by_vlan; /* the VLAN is part of the key */
};

/* DECODED: ret is whole. Anything else: ret is not to be read, and the result is the counter. */
enum decoded packet_decode(const struct frame *frame, const struct packet_options *options, struct packet *ret);

/* The outermost IP packet of a frame, from its version on, as far as captured (a trailer of the link may be behind it).
 * Empty: there is none. */
struct span packet_outermost(const struct frame *frame);

#endif
