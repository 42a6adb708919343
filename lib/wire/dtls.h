/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dtls: is this datagram a chain of DTLS records, and what does its handshake agree?
 * Source: RFC 6347 s4 (1.2; 1.0 alike), RFC 9147 s4, s5 (1.3), RFC 5764 s4.1 (use_srtp), RFC 9146 s4 (connection
 * ids), RFC 7983 s7. The records must end exactly with the datagram.
 *   REQUEST    a ClientHello; KEYS where it offers use_srtp: media keys are agreed. Without it DTLS is a VPN, a data
 *              channel or a thing's chatter, and tells nothing of a meeting but what an ICE check on the flow
 *              (context) makes of it: SETUP. name[0] and EV_SNI for a server_name, TEXT_ALPN its first protocol
 *   ANSWER     ServerHello, HelloRetryRequest or HelloVerifyRequest after a ClientHello of the other end
 *   ENCRYPTED  records behind ChangeCipherSpec or of a later epoch, from both ends: the handshake is finished
 *   DATA       application data from both ends
 * The handshake of such a flow goes on telling KEYS. A certificate (1.2 and older, of either end) on it gives
 * TEXT_CERTIFICATE, its CN, and its names; no EV_CERT: WebRTC ends sign their own, and either end may be the client.
 * A handshake message in fragments comes as WIRE_PIECES: hellos and certificates, message_seq 0 to 4. The message is
 * laid out as in TLS, its 4-byte head first, so that the front explains itself to dtls_whole; piece.message is
 * message_seq. Records in mid-flow (no hello seen) take two datagrams with growing numbers; the unified header of
 * 1.3, which has 3 bits of magic, only follows a hello. Declined: 1.3 records with a connection id.
 * WIRE_BROKEN: a DTLS record's head, and a chain or handshake that contradicts itself; ret is then cleared. */
#ifndef KEYFENCE_WIRE_DTLS_H
#define KEYFENCE_WIRE_DTLS_H

#include "words/values.h"

enum {
	DTLS_HELLO_BYTES = 4096,
	DTLS_CERTIFICATE_BYTES = 16384,
	DTLS_RECORDS = 32, /* of one datagram, and handshake messages of one record */
};

/* What dtls keeps on a flow. */
struct dtls_memory {
	uint32_t last[2]; /* of each way in mid-flow: epoch and low bits of the record number */
	uint8_t way[2];   /* seen from this end */
	uint8_t flow;     /* seen on the flow */
};
_Static_assert(sizeof(struct dtls_memory) <= 40, "the budget of dtls on a flow");

/* A row: first byte 20 to 63. memory: struct dtls_memory. */
enum wire_result dtls_recognise(const struct payload *p, void *memory, struct finding *ret);
enum wire_result dtls_whole(const struct payload *p, void *memory, struct finding *ret);

#endif
