/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain: the records of the common form of pcap, read in large pieces and left where they lie: libpcap, which copies
 * each of them twice, takes as many instructions for one as the engine does. Only a regular file in this machine's byte
 * order, of version 2.4, and only records that are whole and within bounds: at the first that is not, and at the end,
 * the place where it stands is handed back, and libpcap goes on from there and says what it has to say. So there are
 * not two opinions of what a capture is. Source: draft-ietf-opsawg-pcap (file header, packet record). */
#ifndef KEYFENCE_DAEMON_CAPTURE_PLAIN_H
#define KEYFENCE_DAEMON_CAPTURE_PLAIN_H

#include <stdio.h>

#include "base/cursor.h"

struct plain {
	int fd;
	uint32_t most_bytes; /* of a frame */
	bool nanoseconds;
	uint8_t *room; /* the owner's */
	size_t room_bytes;
	uint64_t at;         /* position in the file of the first byte of the room */
	size_t filled, next; /* bytes in the room, and where the next record begins */
};

struct plain_record {
	int32_t seconds, microseconds; /* as libpcap has them: hostile ones are negative */
	uint32_t wire_bytes;
	struct span bytes;
};

/* file: which libpcap has just opened, and whose header it has read. room holds more than any frame. False: not of this
 * form. */
bool plain_open(struct plain *p, FILE *file, uint32_t most_bytes, uint8_t *room, size_t room_bytes);
/* Makes the next record whole in the room, if it can: what was taken before is gone. */
void plain_fill(struct plain *p);
/* Where in the file the next record stands. */
uint64_t plain_position(const struct plain *p);

/* As it stands in memory. */
struct plain_header {
	int32_t seconds, fraction;
	uint32_t bytes, wire_bytes;
};
_Static_assert(sizeof(struct plain_header) == 16, "no padding");

/* The next record, if it is whole in the room and within bounds. Borrows until plain_fill. */
static inline bool plain_take(struct plain *p, struct plain_record *ret)
{
	struct plain_header h;
	size_t left = p->filled - p->next;
	if (left < sizeof h)
		return false;
	memcpy(&h, p->room + p->next, sizeof h);
	if (h.bytes > left - sizeof h || h.bytes > p->most_bytes)
		return false;
	ret->seconds = h.seconds;
	ret->microseconds = p->nanoseconds ? h.fraction / 1000 : h.fraction;
	ret->wire_bytes = h.wire_bytes;
	ret->bytes = span_of(p->room + p->next + sizeof h, h.bytes);
	p->next += sizeof h + h.bytes;
	return true;
}

#endif
