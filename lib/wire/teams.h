/* SPDX-License-Identifier: GPL-3.0-or-later */
/* teams: the encrypted UDP signalling of Microsoft Teams' native clients with the flight proxy, port 3478, no
 * STUN: messages 06 (client) and 07 (server) of 1 + 16n bytes, acknowledged by 03 and a GUID as text, 37
 * bytes in all. Source: observed: teams.pcap F1235 to F1539 (2020).
 *
 * Matches only once a message and an acknowledgement were seen on the flow, since each alone is weak. ANSWER
 * is an acknowledgement from the other side than the last message's. The content is sealed; what it is used
 * for (keys of calls between native clients) is the catalogue's to say. token: the 8 bytes after 06, equal
 * over the session. */
#ifndef KEYFENCE_WIRE_TEAMS_H
#define KEYFENCE_WIRE_TEAMS_H

#include "wire/wire.h"

enum { TEAMS_PORT = 3478 };

/* Zero at first. */
struct teams_memory {
	uint64_t session;   /* of the last 06 */
	uint8_t message;    /* 0: none; else the type of the last message, 06 or 07 */
	uint8_t message_hi; /* who sent it */
	uint8_t matched;    /* an acknowledgement followed a message */
} __attribute__((packed)); /* the last of a flow's memory: without padding all recognisers fit */
_Static_assert(sizeof(struct teams_memory) <= 24, "the flow keeps 24 bytes for teams");

/* memory is a struct teams_memory. WIRE_MORE: a message without acknowledgement so far. Never WIRE_BROKEN. */
enum wire_result teams_recognise(const struct payload *p, void *memory, struct finding *ret);

#endif
