/* SPDX-License-Identifier: GPL-3.0-or-later */
/* webex: the UDP framing of Cisco Webex's classic client, port 9000: hello 01, answer 02, frames 06, end 04.
 * Source: observed: webex.pcap F1016 to F1084 (2015); what the fields mean is not known.
 *
 * The framing is weak: it matches only from the answer on that follows a hello of the other side, and then
 * both hello and answer again, frames and the end. No media is told: nothing says what a frame holds. Today's
 * clients speak STUN, DTLS and SRTP instead. */
#ifndef KEYFENCE_WIRE_WEBEX_H
#define KEYFENCE_WIRE_WEBEX_H

#include "wire/wire.h"

enum { WEBEX_PORT = 9000 };

/* Zero at first. */
struct webex_memory {
	uint8_t hello;    /* a hello was sent to the port */
	uint8_t hello_hi; /* by whom */
	uint8_t matched;  /* and answered */
};
_Static_assert(sizeof(struct webex_memory) <= 16, "the flow keeps 16 bytes for webex");

/* memory is a struct webex_memory. WIRE_MORE: a hello without answer so far. Never WIRE_BROKEN. */
enum wire_result webex_recognise(const struct payload *p, void *memory, struct finding *ret);

#endif
