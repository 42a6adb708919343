/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtp: media packets, SRTP included (its header is clear). RTP has no magic: one header passes for one random
 * payload in eleven, so a stream is believed only after packets in order.
 * Source: RFC 3550 s5.1, s6; RFC 3551 s6 (static types); RFC 5761 s4 (RTP or RTCP); RFC 5506 (reduced RTCP).
 * The rule, for each way and SSRC: the sequence number moved by 1 to 100 either way (32 before belief, so that
 * random numbers under a constant SSRC hardly pass), the timestamp by at most 10 s of a 90 kHz clock; 4 packets
 * so, or 2 where the flow showed an ICE check or a media handshake (payload.context). Only there SSRC 0 counts:
 * Google's servers probe with it (observed: stun_google_meet.pcapng). Once believed, the SSRC under a sound header
 * is enough, since a settled flow is looked at only now and then.
 * RTCP adds to RTP and never stands alone. Kinds: static payload types by their table; dynamic ones only where
 * sizes and clock steps agree for long. token: the SSRC.
 * WIRE_MORE: a sound header, not yet believed. Never WIRE_BROKEN: there is no magic to break. */
#ifndef KEYFENCE_WIRE_RTP_H
#define KEYFENCE_WIRE_RTP_H

#include "words/values.h"

enum { RTP_STREAMS = 4 };

struct rtp_stream {
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t hits;  /* packets in order, 0: the slot is free; once believed: packets at all */
	uint8_t state; /* enum rtp_state, and the media told */
};
enum rtp_state { RTP_BELIEVED = 0x40, RTP_SETTLED = 0x80 }; /* settled: its kind is looked for no longer */
/* What rtp keeps on a flow. */
struct rtp_memory {
	struct rtp_stream stream[2][RTP_STREAMS];
	int8_t leaning[2][RTP_STREAMS]; /* of each: above 0, steps like audio's; below, like video's */
};
_Static_assert(sizeof(struct rtp_memory) <= 104, "the budget of rtp on a flow");

/* A row: first byte 128 to 191. memory: struct rtp_memory. */
enum wire_result rtp_recognise(const struct payload *p, void *memory, struct finding *ret);

#endif
