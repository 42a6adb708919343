/* SPDX-License-Identifier: GPL-3.0-or-later */
/* turn: a run of datagrams, each preceded by a byte of its way and context and two of its length, shown to the rows
 * by first byte as the table does. What is told of an address, an answer or a relay must have had its cause. */
#include <stdlib.h>

#include "wire/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool so)
{
	if (!so)
		abort();
}

static enum wire_result see(const struct payload *p, struct turn_memory *m, struct finding *f)
{
	uint8_t first = p->bytes.at[0];
	if (first < 16)
		return stun_recognise(p, m, f);
	if (first < 64)
		return dtls_recognise(p, &m->dtls, f);
	if (first < 128)
		return turn_recognise(p, m, f);
	return first < 192 ? rtp_recognise(p, &m->rtp, f) : turn_multiplexed_recognise(p, m, f);
}

static void check_finding(const struct finding *f, const struct turn_memory *m, bool asked, uint8_t first)
{
	must(f->number_count <= FINDING_NUMBERS && f->piece_count <= FINDING_PIECES &&
	     f->told_as <= TOLD_OTHER_SERVER);
	must((f->evidence & EV_PAYLOAD) != 0);
	must(((f->tells & TELLS_ANSWER) != 0) == ((f->evidence & EV_ANSWER) != 0));
	must((f->tells & TELLS_ANSWER) == 0 || asked);
	must((f->tells & TELLS_RELAY) == 0 || first < 16 || (first >= 64 && first < 128) || first == 0xFF);
	must(first < 64 || first >= 128 || m->allocated);
	must(m->trial_hits <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct turn_memory m = { .trial = 0 };
	unsigned seen[2] = { 0, 0 }; /* an answer needs something from the other end before it */
	while (cursor_more(&c)) {
		uint32_t how_sent = cursor_uint(&c, 1);
		struct span bytes = cursor_vector(&c, 2);
		struct payload p = { .bytes = bytes,
				     .from_hi = how_sent & 1,
				     .context = (uint8_t)(how_sent & 0x18) };
		struct finding f = { .tells = 0x8000 };
		if (!cursor_ok(&c) || bytes.len == 0)
			break;
		enum wire_result how = see(&p, &m, &f);
		seen[how_sent & 1]++;
		if (how == WIRE_MATCH || how == WIRE_PIECES)
			check_finding(&f, &m, seen[~how_sent & 1] > 0, bytes.at[0]);
	}
	return 0;
}
