/* SPDX-License-Identifier: GPL-3.0-or-later */
/* turn: what STUN and TURN traffic tells of a flow, and what lies inside it. Three rows of the table share one
 * memory, since each needs to know what the others saw; rtp and dtls keep theirs within it, because the same streams
 * come bare and wrapped on one flow (MS-TURN 3.1.9: after Set Active Destination packets pass without a header).
 * So the rows' memory_at are B for stun, turn and ms-multiplexed, B + offsetof(struct turn_memory, dtls) for dtls and
 * B + offsetof(struct turn_memory, rtp) for rtp.
 * Source: RFC 8489, RFC 8656 (TURN, s12 ChannelData), RFC 8445 s7 (checks), MS-TURN 2.2.3 (multiplexed, ff 10),
 * WebRTC api/transport/stun.h (C070: DTLS in STUN).
 *
 * stun   REQUEST, and ANSWER (EV_ANSWER) where the id is that of a request of the other end; SETUP always; SESSION
 *        for an ICE check and its success; RELAY where a relay serves: Allocate, Refresh, CreatePermission and
 *        ChannelBind successes, Data indications, anything sent through; CLOSE for a Refresh to 0 s.
 *        told: the relayed address, else a peer whose inner bytes are media or keys (or that MS-TURN made the active
 *        destination), else an alternate server, else the outer address of the message's *receiver* (it is the
 *        client's only if the server sent it). numbers: attributes outside the IETF's. token: of the transaction.
 *        TEXT_USERNAME for Binding alone: the user name of an allocation is private. A classic request (RFC 3489)
 *        is WIRE_MORE, its answer with the same id a match.
 * turn   ChannelData: RELAY and what the inner bytes tell; on a flow without allocation only once inner bytes were
 *        recognised three times on one channel.
 * ms-multiplexed   the same for ff 10 frames: inner bytes recognised, or a session id known on the flow.
 * Inner requests are not told as REQUEST: the relay, which sends them on, is not the client.
 * At most two wrappings are opened. WIRE_PIECES come from inner DTLS; `whole` of each row is turn_whole. */
#ifndef KEYFENCE_WIRE_TURN_H
#define KEYFENCE_WIRE_TURN_H

#include "wire/dtls.h"
#include "wire/rtp.h"
#include "wire/stun.h"

enum { TURN_ASKED = 6, TURN_CHANNELS = 3 };

/* A channel and its peer; asked for by the transaction `by`, then bound. Channel 0: MS-TURN's active destination. */
struct turn_channel {
	struct address peer;
	uint32_t by;
	uint16_t channel, port;
};
/* What these rows keep on a flow. */
struct turn_memory {
	struct turn_channel bound[TURN_CHANNELS];
	uint32_t asked[2][TURN_ASKED]; /* marks of the last requests of each way */
	uint32_t session;              /* mark of the multiplexed session; 0: none known */
	uint16_t trial; /* channel whose inner bytes were recognised before an allocation was seen */
	uint8_t trial_hits;
	uint8_t next_asked[2], next_bound;
	bool allocated;
	uint8_t bound_set; /* bits: which of `bound` were confirmed */
	struct dtls_memory dtls;
	struct rtp_memory rtp;
};
_Static_assert(sizeof(struct turn_memory) <= 64 + 96 + 40 + 120,
	       "the budget of stun, turn, dtls and rtp on a flow");

/* Rows; memory: struct turn_memory. First bytes 0 to 15 (RFC 7983 has 0 to 3; WhatsApp sends types from 0800), 64 to
 * 127, and 255. */
enum wire_result stun_recognise(const struct payload *p, void *memory, struct finding *ret);
enum wire_result turn_recognise(const struct payload *p, void *memory, struct finding *ret);
enum wire_result turn_multiplexed_recognise(const struct payload *p, void *memory, struct finding *ret);
enum wire_result turn_whole(const struct payload *p, void *memory, struct finding *ret);

/* Whatever of STUN, ChannelData, DTLS and RTP the bytes are, as after a length over TCP. */
enum wire_result turn_any(const struct payload *p, void *memory, struct finding *ret);
/* Adds what `from` tells to `into`: sets are joined, single values and lists fill what is free. */
void turn_merge(struct finding *into, const struct finding *from);

#endif
