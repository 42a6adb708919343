/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/siphash.h"

#include <string.h>

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
	struct siphash s = siphash_begin(key);
	const uint8_t *at = bytes;
	uint8_t last[8] = { 0 };
	for (size_t left = len; left >= 8; left -= 8, at += 8)
		siphash_take(&s, word_at(at));
	if (len % 8 > 0)
		memcpy(last, at, len % 8);
	last[7] = (uint8_t)len;
	siphash_take(&s, word_at(last));
	return siphash_end(s);
}
