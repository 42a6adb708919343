/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun_tcp: STUN, TURN and what they carry over TCP, from the front of each way of the stream. Framings, told by
 * the first bytes and fixed for the way:
 *   none      STUN messages and ChannelData padded to 4, back to back (RFC 8489 s6.2.2, RFC 8656 s12.5)
 *   RFC 4571  length(2), then one packet: ICE over TCP (RFC 6544; observed: stun.pcap)
 *   relay     type(1) 00 length(2): 02 MS-TURN control, 03 a packet end to end (MS-TURN 2.1), after Microsoft's
 *             pseudo-TLS hello, whose random bytes are free and whose rest is fixed
 * The fixed pseudo-TLS hello of libjingle ("ssltcp": 72 bytes of the client, 79 of the server; Chromium
 * fake_ssl_client_socket.cc) may stand before the first two. A pseudo hello tells SETUP, and REQUEST or ANSWER: it is a
 * TLS hello by its form, so that this row must stand before tls. The first message must be STUN with its cookie.
 * Each call reads what became whole since the last one and returns WIRE_MATCH with all that it told; WIRE_MORE when
 * nothing did; WIRE_OTHER as soon as the first bytes exclude every framing; WIRE_BROKEN when a stream begun so loses
 * its framing. DTLS handshake messages in fragments are not joined here: of a hello cut in two the keys show with
 * the ServerHello (1.2). */
#ifndef KEYFENCE_WIRE_STUN_TCP_H
#define KEYFENCE_WIRE_STUN_TCP_H

#include "wire/turn.h"

struct stun_tcp_way {
	uint32_t taken;  /* bytes of the front that were read */
	uint8_t framing; /* 0: not told yet */
	uint8_t preface; /* the pseudo-TLS hello that came first */
};
struct stun_tcp_memory {
	struct turn_memory turn;
	struct stun_tcp_way way[2];
};
/* It holds what four recognisers of UDP keep. */
_Static_assert(sizeof(struct stun_tcp_memory) <= sizeof(struct turn_memory) + 16,
	       "the budget of stun-tcp on a flow");

/* A row for views, first byte 0 to 255; its `recognise` is NULL. memory: struct stun_tcp_memory. */
enum wire_result stun_tcp_whole(const struct payload *p, void *memory, struct finding *ret);

#endif
