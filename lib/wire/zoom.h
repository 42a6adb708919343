/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zoom: Zoom's own framings over UDP.
 *  - NAT test: looks like RFC 3489, but answers with type 0002 and has no magic cookie; the answer tells the
 *    client's outer address, plain.
 *  - server flows: an outer header (01/02 hello, 03/04 ping, 05 data, 07 close), in data an inner header.
 *  - peer flows: 1f hello, then inner headers without an outer one.
 * Source: observed: zoom.pcap (2019, layout v2; 2023), zoom_test.pcap (2021, v3), zoom_p2p.pcapng (2022),
 * frames named beside the code; screen share: Princeton-Cabernet/zoom-analysis, src/lib/zoom.
 *
 * One byte tells a type, so nothing is believed on its own but the long fixed layouts (NAT test, the hellos).
 * Pings, data and inner headers count only on a flow that showed a hello; a flow joined in the middle must
 * show the same session in pings and in data, or a pong that echoes the other end's ping, or RTP of one
 * source in sequence over three packets. A payload cut short by the capture is used as far as it goes.
 *
 * ANSWER is told only where the sender repeats the other end's 16-byte id (NAT test, 02 after 01) or its ping
 * (04). token: the transaction or flow id, the ping, the hashed conference id of a bind, the SSRC of media. A
 * bind announces a kind of media, and is none. A peer hello tells where its sender believes the receiver to be:
 * TOLD_PEER from the end that sent the first one, TOLD_CLIENT_OUTER from the other. Bandwidth probes,
 * keep-alives and RTCP are SETUP, never MEDIA. */
#ifndef KEYFENCE_WIRE_ZOOM_H
#define KEYFENCE_WIRE_ZOOM_H

#include "wire/wire.h"

struct zoom_stream {
	uint16_t sequence, source_seen; /* of RTP; hash of source in 14 bits, packets in sequence in 2 */
};

/* Zero at first. */
struct zoom_memory {
	uint8_t asked_id[16];            /* of the last NAT test or client hello */
	uint32_t session;                /* of a server flow: given by 02, else the candidate */
	uint32_t ping[2];                /* the last ping of each way, hashed */
	struct zoom_stream stream[2][2]; /* by way, and audio or not: while the flow is not yet believed */
	uint8_t asked;                   /* enum asked: what, and by which way */
	uint8_t kinds;                   /* enum media seen while not yet believed */
	uint8_t state;                   /* enum zoom_state */
	uint8_t votes;                   /* packets that agreed on the candidate session */
};
_Static_assert(sizeof(struct zoom_memory) <= 48, "the flow keeps 48 bytes for zoom");

/* memory is a struct zoom_memory. WIRE_MORE: may be Zoom's, in the middle of a flow. Never WIRE_BROKEN. */
enum wire_result zoom_recognise(const struct payload *p, void *memory, struct finding *ret);

#endif
