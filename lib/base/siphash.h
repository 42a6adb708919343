/* SPDX-License-Identifier: GPL-3.0-or-later */
/* siphash: SipHash-1-3, a keyed hash: with a secret key nobody on the wire can choose colliding flows.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with 1 and 3 rounds.
 * The key comes from the configuration: zero in replay, random live. */
#ifndef KEYFENCE_BASE_SIPHASH_H
#define KEYFENCE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t len);

/* The same in steps, for messages of whole words and without the block that tells the length: no message may be the
 * beginning of another one. Inline, since every packet is hashed. */
struct siphash {
	uint64_t a, b, c, d;
};

static inline uint64_t siphash_rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void siphash_round(struct siphash *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = siphash_rotate(s->b, 13) ^ s->a;
	s->d = siphash_rotate(s->d, 16) ^ s->c;
	s->a = siphash_rotate(s->a, 32) + s->d;
	s->c += s->b;
	s->d = siphash_rotate(s->d, 21) ^ s->a;
	s->b = siphash_rotate(s->b, 17) ^ s->c;
	s->c = siphash_rotate(s->c, 32);
}

static inline struct siphash siphash_begin(const uint64_t key[2])
{
	return (struct siphash){ key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
				 key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
}

static inline void siphash_take(struct siphash *s, uint64_t word)
{
	s->d ^= word;
	siphash_round(s);
	s->a ^= word;
}

static inline uint64_t siphash_end(struct siphash s)
{
	s.c ^= 0xFF;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

#endif
