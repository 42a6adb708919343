/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun_tcp: the input is the two ways of a stream: two bytes of the length of the first, then both. Fed in growing
 * fronts and at once they must tell the same; nothing is read beyond a front, and what was taken stays taken. */
#include <stdlib.h>

#include "wire/stun_tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool so)
{
	if (!so)
		abort();
}

/* Gives all that was told of one way, and whether it was ruled out. */
static uint16_t feed(struct stun_tcp_memory *m, unsigned way, struct span all, size_t step, bool *ret_out)
{
	uint16_t tells = 0;
	uint32_t taken = m->way[way].taken;
	*ret_out = false;
	for (size_t n = 0; n <= all.len && !*ret_out;
	     n = n < all.len && n + step > all.len ? all.len : n + step) {
		uint8_t *front = malloc(n > 0 ? n : 1); /* exactly as long: ASan sees a byte read too far */
		must(front != NULL);
		if (n > 0)
			memcpy(front, all.at, n);
		struct payload p = { .bytes = span_of(front, n), .from_hi = (uint8_t)way };
		struct finding f = { .tells = 0x8000 };
		enum wire_result how = stun_tcp_whole(&p, m, &f);
		must(how != WIRE_PIECES && (how == WIRE_MATCH || f.tells == 0x8000));
		must(m->way[way].taken >= taken && m->way[way].taken <= n);
		taken = m->way[way].taken;
		tells |= how == WIRE_MATCH ? f.tells : 0;
		must(how != WIRE_MATCH || f.piece_count == 0);
		*ret_out = how == WIRE_OTHER || how == WIRE_BROKEN;
		free(front);
	}
	return tells;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct span way[2] = { cursor_vector(&c, 2), { NULL, 0 } };
	way[1] = cursor_rest(&c);
	if (!cursor_ok(&c) || len > 8192)
		return 0;
	struct stun_tcp_memory slow = { .way = { { 0, 0, 0 } } }, fast = slow;
	bool slow_out, fast_out;
	for (unsigned i = 0; i < 2; i++) {
		uint16_t tells = feed(&slow, i, way[i], 7, &slow_out);
		uint16_t at_once = feed(&fast, i, way[i], way[i].len > 0 ? way[i].len : 1, &fast_out);
		must(tells == at_once || slow_out || fast_out);
	}
	return 0;
}
