/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frames: Ethernet frames made in memory, for tests of the engine. */
#ifndef KEYFENCE_TESTS_FRAMES_H
#define KEYFENCE_TESTS_FRAMES_H

#include "words/values.h"

enum { FRAME_BYTES = 2048 };

struct made_frame {
	uint8_t bytes[FRAME_BYTES];
	struct frame frame;
};

struct ends {
	uint32_t from, to; /* IPv4, host order */
	uint16_t from_port, to_port;
};

static inline struct ends turned(struct ends e) { return (struct ends){ e.to, e.from, e.to_port, e.from_port }; }

static inline void put_uint(uint8_t *at, uint32_t v, unsigned bytes)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static inline uint8_t *ip_head(struct made_frame *m, struct ends e, unsigned proto, size_t bytes, uint64_t at_us)
{
	memset(m, 0, sizeof *m);
	put_uint(m->bytes + 12, 0x0800, 2);
	uint8_t *ip = m->bytes + 14;
	ip[0] = 0x45;
	put_uint(ip + 2, (uint32_t)(20 + bytes), 2);
	ip[8] = 64;
	ip[9] = (uint8_t)proto;
	put_uint(ip + 12, e.from, 4);
	put_uint(ip + 16, e.to, 4);
	m->frame = (struct frame){ .bytes = span_of(m->bytes, 34 + bytes), .at_us = at_us, .wire_bytes = (uint32_t)(34 + bytes),
				   .linktype = 1 };
	return ip + 20;
}

static inline void make_udp(struct made_frame *m, struct ends e, struct span payload, uint64_t at_us)
{
	uint8_t *udp = ip_head(m, e, PROTO_UDP, 8 + payload.len, at_us);
	put_uint(udp, e.from_port, 2);
	put_uint(udp + 2, e.to_port, 2);
	put_uint(udp + 4, (uint32_t)(8 + payload.len), 2);
	if (payload.len > 0)
		memcpy(udp + 8, payload.at, payload.len);
}

static inline void make_tcp(struct made_frame *m, struct ends e, unsigned flags, uint32_t seq, uint32_t ack,
			    struct span payload, uint64_t at_us)
{
	uint8_t *tcp = ip_head(m, e, PROTO_TCP, 20 + payload.len, at_us);
	put_uint(tcp, e.from_port, 2);
	put_uint(tcp + 2, e.to_port, 2);
	put_uint(tcp + 4, seq, 4);
	put_uint(tcp + 8, ack, 4);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	put_uint(tcp + 14, 0xFFFF, 2);
	if (payload.len > 0)
		memcpy(tcp + 20, payload.at, payload.len);
}

#endif
