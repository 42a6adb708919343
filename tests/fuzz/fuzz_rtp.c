/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtp: a run of datagrams, each preceded by a byte of its way and context and one of its length. Media is never
 * told before two packets of one SSRC were seen from that end, nor of SSRC 0 without context. */
#include <stdlib.h>

#include "wire/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool so)
{
	if (!so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct rtp_memory m = { 0 };
	unsigned seen = 0;
	while (cursor_more(&c)) {
		uint32_t how_sent = cursor_uint(&c, 1);
		struct span bytes = cursor_vector(&c, 1);
		struct payload p = { .bytes = bytes,
				     .from_hi = how_sent & 1,
				     .context = (uint8_t)(how_sent & 0xFE) };
		struct finding f = { .tells = 0x8000 };
		if (!cursor_ok(&c))
			break;
		enum wire_result how = rtp_recognise(&p, &m, &f);
		must(how == WIRE_OTHER || how == WIRE_MORE || how == WIRE_MATCH);
		must(how == WIRE_MATCH || f.tells == 0x8000);
		if (how == WIRE_MATCH)
			must(f.tells == TELLS_MEDIA && seen > 0 && f.token <= UINT32_MAX &&
			     f.piece_count == 0);
		seen++;
		for (unsigned i = 0; i < RTP_STREAMS; i++) /* settled is believed */
			must((m.stream[0][i].state & (RTP_SETTLED | RTP_BELIEVED)) != RTP_SETTLED);
	}
	return 0;
}
