/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of recognisers, in the order in which a payload is shown to them: what has a magic first, then the vendors'
 * framings, then RTP, which has none. A pseudo-TLS hello that opens STUN is a valid ClientHello, too: stun-tcp comes first. */
#include "wire/dtls.h"
#include "wire/rtp.h"
#include "wire/stun_tcp.h"
#include "wire/teams.h"
#include "wire/tls.h"
#include "wire/turn.h"
#include "wire/webex.h"
#include "wire/wire.h"
#include "wire/zoom.h"

/* stun, turn, dtls and rtp share turn's (turn.h). */
struct udp_memory {
	struct turn_memory turn;
	struct zoom_memory zoom;
	struct teams_memory teams;
	struct webex_memory webex;
};
_Static_assert(sizeof(struct udp_memory) <= WIRE_MEMORY_BYTES, "all recognisers of datagrams fit");
_Static_assert(sizeof(struct tls_memory) <= WIRE_MEMORY_BYTES && sizeof(struct stun_tcp_memory) <= WIRE_MEMORY_BYTES,
	       "and each of those of streams");

enum {
	AT_TURN = offsetof(struct udp_memory, turn),
	AT_DTLS = AT_TURN + offsetof(struct turn_memory, dtls),
	AT_RTP = AT_TURN + offsetof(struct turn_memory, rtp),
	AT_ZOOM = offsetof(struct udp_memory, zoom),
	AT_TEAMS = offsetof(struct udp_memory, teams),
	AT_WEBEX = offsetof(struct udp_memory, webex),
};

const struct recogniser wire_table[] = {
	{ "stun-tcp", PROTO_TCP, 0, 255, 0, NULL, stun_tcp_whole },
	{ "tls", PROTO_TCP, 0, 255, 0, tls_recognise, tls_whole },
	{ "stun", PROTO_UDP, 0, 15, AT_TURN, stun_recognise, turn_whole },
	{ "turn", PROTO_UDP, 64, 127, AT_TURN, turn_recognise, turn_whole },
	{ "ms-multiplexed", PROTO_UDP, 255, 255, AT_TURN, turn_multiplexed_recognise, turn_whole },
	{ "dtls", PROTO_UDP, 20, 63, AT_DTLS, dtls_recognise, dtls_whole },
	{ "zoom", PROTO_UDP, 0, 255, AT_ZOOM, zoom_recognise, NULL },
	{ "teams", PROTO_UDP, 0, 15, AT_TEAMS, teams_recognise, NULL },
	{ "webex", PROTO_UDP, 0, 15, AT_WEBEX, webex_recognise, NULL },
	{ "rtp", PROTO_UDP, 128, 191, AT_RTP, rtp_recognise, NULL },
};
const size_t wire_count = sizeof wire_table / sizeof *wire_table;
