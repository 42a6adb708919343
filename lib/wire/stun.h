/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun: is this one whole STUN message, and what does it say? The parser alone; turn.h makes findings of it.
 * Source: RFC 8489 s5 (header), s14 (attributes), RFC 8656 s18 (TURN), RFC 8445 s16 (ICE), RFC 5389 s15.5
 * (FINGERPRINT). Met in the field, and taken:
 *   - MS-TURN 2.2.2 (first attribute 000F = 72c64bc6) pads nothing, swaps the numbers of REALM and NONCE, tells
 *     addresses plain, and sends Data (0115) without the magic cookie (observed: teams.pcap frames 1245, 1416);
 *   - the pad of the last attribute is left out (observed: whatsapp_login_call.pcap);
 *   - RFC 3489 without cookie, only if every attribute is one of that RFC's: about 2^-28 for random bytes, so that
 *     the caller should ask for an answer with the same id.
 * Spans borrow from the message; texts are hostile. Host order. MESSAGE-INTEGRITY is not checked, FINGERPRINT is.
 * The first of several equal attributes counts, and none behind MESSAGE-INTEGRITY (RFC 8489 s14.5). */
#ifndef KEYFENCE_WIRE_STUN_H
#define KEYFENCE_WIRE_STUN_H

#include "words/values.h"

enum { STUN_HEADER_BYTES = 20, STUN_MOST_BYTES = 2048, STUN_ATTRIBUTES = 64, STUN_COOKIE = 0x2112A442 };

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };
enum stun_method {
	STUN_BINDING = 1,
	STUN_ALLOCATE = 3,
	STUN_REFRESH = 4, /* MS-TURN: Send */
	STUN_MS_DATA = 5, /* MS-TURN: Data, whose class bits read "error" */
	STUN_SEND = 6,    /* MS-TURN: Set Active Destination */
	STUN_DATA = 7,
	STUN_PERMIT = 8,
	STUN_BIND_CHANNEL = 9,
	STUN_LAST_METHOD = 12, /* ConnectionAttempt, RFC 6062 */
	STUN_GOOG_PING = 0x80,
};
/* Which attributes without a value of interest were there: a set. */
enum stun_saw {
	STUN_SAW_USERNAME = 1,
	STUN_SAW_PRIORITY = 2,
	STUN_SAW_INTEGRITY = 4,
	STUN_SAW_FINGERPRINT = 8, /* and it is right */
	STUN_SAW_LIFETIME = 16,
};
struct stun_address {
	struct address at;
	uint16_t port;
	bool set;
};
struct stun_message {
	uint16_t method; /* 12 bits */
	uint8_t class;   /* enum stun_class */
	uint8_t saw;     /* enum stun_saw */
	bool classic;    /* no magic cookie */
	bool ms_turn;    /* MS-TURN dialect */
	uint8_t number_count;
	uint16_t number
		[FINDING_NUMBERS]; /* attributes outside the IETF's, first come; Microsoft's are not crowded out */
	uint16_t channel;          /* CHANNEL-NUMBER; 0: none */
	uint32_t lifetime_s;
	struct span id; /* 12 bytes, 16 where classic */
	struct span username, realm, software;
	struct span data;            /* DATA: what is relayed */
	struct span dtls;            /* META-DTLS-IN-STUN: one DTLS datagram */
	struct span session;         /* MULTIPLEXED-TURN-SESSION-ID, 8 bytes */
	struct stun_address mapped;  /* the receiver as the sender sees it */
	struct stun_address relayed; /* the relay's outer address */
	struct stun_address peer;    /* whom the relay speaks to */
	struct stun_address other;   /* ALTERNATE-SERVER */
};

/* All or nothing. WIRE_BROKEN: has the cookie (or MS-TURN's), breaks the framing, or has a wrong FINGERPRINT. */
enum wire_result stun_parse(struct span message, struct stun_message *ret);

/* An ICE connectivity check (RFC 8445 s7.1): its sender was given credentials by the other end. */
static inline bool stun_is_check(const struct stun_message *s)
{
	unsigned all = STUN_SAW_USERNAME | STUN_SAW_PRIORITY | STUN_SAW_INTEGRITY;
	return s->method == STUN_BINDING && s->class == STUN_REQUEST && (s->saw & all) == all;
}

#endif
