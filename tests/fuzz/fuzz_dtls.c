/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dtls: a run of datagrams, each preceded by a byte of its way and context and two of its length. Pieces lie within
 * their datagram and message; an answer comes from the end that did not ask; keys only after a hello. */
#include <stdlib.h>

#include "wire/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool so)
{
	if (!so)
		abort();
}
static bool inside(struct span s, struct span in)
{
	return s.len == 0 || (s.at >= in.at && s.at + s.len <= in.at + in.len);
}
static void check_finding(const struct finding *f, struct span in)
{
	must(f->piece_count <= FINDING_PIECES && f->name_count <= FINDING_NAMES &&
	     f->told_as == TOLD_NOTHING);
	for (unsigned i = 0; i < f->piece_count; i++) {
		must(inside(f->piece[i].bytes, in) && f->piece[i].bytes.len > 0);
		must(f->piece[i].at + f->piece[i].bytes.len <= 4 + DTLS_CERTIFICATE_BYTES);
	}
	for (unsigned i = 0; i < f->name_count; i++)
		must(inside(f->name[i], in) && f->name[i].len > 0);
	for (unsigned i = 0; i < FINDING_TEXTS; i++)
		must(inside(f->text[i], in));
	must((f->tells & (TELLS_MEDIA | TELLS_RELAY | TELLS_SESSION)) == 0);
	must(((f->tells & TELLS_ANSWER) != 0) == ((f->evidence & EV_ANSWER) != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct dtls_memory m = { .flow = 0 };
	bool asked[2] = { false, false };
	while (cursor_more(&c)) {
		uint32_t how_sent = cursor_uint(&c, 1);
		struct span bytes = cursor_vector(&c, 2);
		struct payload p = { .bytes = bytes,
				     .from_hi = how_sent & 1,
				     .context = (uint8_t)(how_sent & 0x18) };
		struct finding f;
		if (!cursor_ok(&c))
			break;
		bool is_whole = (how_sent & 2) != 0;
		enum wire_result how = is_whole ? dtls_whole(&p, &m, &f) : dtls_recognise(&p, &m, &f);
		must(how != WIRE_PIECES || (!is_whole && f.piece_count > 0));
		must(how != WIRE_MATCH || f.piece_count == 0);
		if (how != WIRE_MATCH && how != WIRE_PIECES)
			continue;
		check_finding(&f, bytes);
		must((f.tells & TELLS_ANSWER) == 0 || asked[~how_sent & 1]);
		asked[how_sent & 1] |= (f.tells & TELLS_REQUEST) != 0;
	}
	return 0;
}
