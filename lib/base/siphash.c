/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/siphash.h"

#include <string.h>

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

static inline void round_of(struct state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32) + s->d;
	s->c += s->b;
	s->d = rotate(s->d, 21) ^ s->a;
	s->b = rotate(s->b, 17) ^ s->c;
	s->c = rotate(s->c, 32);
}

static inline uint64_t word_at(const uint8_t *at) /* little-endian, as the paper has it */
{
	uint64_t v;
	memcpy(&v, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t len)
{
	struct state s = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			   key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	const uint8_t *at = bytes;
	uint8_t last[8] = { 0 };
	for (size_t left = len; left >= 8; left -= 8, at += 8) {
		uint64_t m = word_at(at);
		s.d ^= m;
		round_of(&s);
		s.a ^= m;
	}
	if (len % 8 > 0)
		memcpy(last, at, len % 8);
	last[7] = (uint8_t)len;
	uint64_t m = word_at(last);
	s.d ^= m;
	round_of(&s);
	s.a ^= m;
	s.c ^= 0xFF;
	round_of(&s);
	round_of(&s);
	round_of(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
