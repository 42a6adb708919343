/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls: TLS over TCP: the hellos, the names of a certificate in the clear, and how far a connection has got.
 * Source: RFC 8446 s4, s5 (records, hellos, TLS 1.3), RFC 5246 s7 (TLS 1.2), RFC 6066 s3 (SNI), RFC 7301
 * (ALPN), RFC 8701 (GREASE), RFC 9849 (ECH). Nothing is decrypted.
 *
 * What it tells, each once a flow:
 *   REQUEST    a whole ClientHello; name[0] is its SNI where that is a host name (EV_SNI), else EV_PAYLOAD;
 *              TEXT_ALPN its first protocol; number 0xfe0d if it carries ECH; HIDDEN if the SNI is a known
 * cover ANSWER     the ServerHello (a HelloRetryRequest is one) on the other way ENCRYPTED  records behind
 * the handshake's end both ways; with a certificate in the clear (TLS 1.2 and older) its names come with it,
 * or a little later, as EV_CERT, and TEXT_CERTIFICATE is its CN DATA       application data both ways after
 * the handshake. TLS 1.3 hides where that ends: there it is the client's second record after the server's
 * hello (the first is Finished), and one of the server after LASTING    the same, both ways, later than 1 s
 * after the server's hello WIRE_OTHER says that this way (whole) or this flow (recognise) has nothing more to
 * tell.
 *
 * A hello over several records is joined in a buffer of the thread, which holds no state between calls: spans
 * of names and texts live until the next call of this file, like those that borrow from the payload. Bounds:
 * hello 16 KiB, 4096 records to a handshake (circumvention tools send records of one byte). */
#ifndef KEYFENCE_WIRE_TLS_H
#define KEYFENCE_WIRE_TLS_H

#include "wire/wire.h"

enum { TLS_ECH = 0xFE0D };

/* Follows records of one way over segments. */
struct tls_lane {
	uint32_t next; /* offset of the next record's header */
	uint8_t have;  /* bytes of that header seen so far */
	uint8_t part[5];
};
struct tls_way {
	struct tls_lane main, hole; /* hole: where a segment is missing, until it comes late */
	uint32_t hole_end;
	uint32_t changed_at, last_at; /* where ChangeCipherSpec stands, and the last record but that */
	uint8_t flags, data;          /* data: records of application data, saturating */
	bool holed;
};
/* Kept on the flow, for both ways; must be aligned to 8. */
struct tls_memory {
	uint64_t answered_us;
	struct tls_way way[2];
	uint16_t told;  /* enum tells told already */
	uint8_t client; /* way of the ClientHello + 1; 0: none yet */
	uint8_t flags;
};
_Static_assert(sizeof(struct tls_memory) <= 96, "budget of a flow");

struct tls_hello {
	uint16_t version; /* legacy version of a ClientHello; the chosen one of a ServerHello */
	bool ech;
	struct span server_name; /* first host_name as sent, usable or not */
	struct span alpn;        /* first protocol that is no GREASE */
};
/* One whole handshake message with its 4-byte head, as QUIC carries it too. WIRE_OTHER: another message.
 * ret is written only on WIRE_MATCH. */
enum wire_result tls_parse_client_hello(struct span message, struct tls_hello *ret);
enum wire_result tls_parse_server_hello(struct span message, struct tls_hello *ret);
/* The SNI is a name that stands for all sites of a provider of ECH. */
bool tls_is_cover(struct span server_name);

enum wire_result tls_whole(const struct payload *p, void *memory, struct finding *ret);
enum wire_result tls_recognise(const struct payload *p, void *memory, struct finding *ret);

#endif
