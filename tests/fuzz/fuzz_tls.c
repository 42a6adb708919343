/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow in pieces. Each: a byte (bit 7 the way, bits 0 to 1 what to do, bits 2 to 6 by how much), a length (2 bytes),
 * the bytes. They go on where the way stands, or repeat, or leave a gap; the fronts grow by those in order. Held:
 * spans are readable, names are names, each thing is told once, ret is written only on a match. */
#include "wire/host.h"
#include "wire/tls.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FRONT_BYTES = 16896 };
struct direction {
	uint8_t front[FRONT_BYTES];
	size_t len;
	uint32_t next;
	bool out;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static unsigned sum_of(struct span s) /* reads every byte, for the sanitizer */
{
	unsigned sum = 0;
	for (size_t i = 0; i < s.len; i++)
		sum += s.at[i];
	return sum;
}

static void check_finding(enum wire_result r, const struct finding *f, unsigned *told)
{
	if (r != WIRE_MATCH) {
		check(f->tells == 0xFFFF);
		return;
	}
	unsigned again = f->evidence & EV_CERT ? TELLS_ENCRYPTED : 0; /* may come once more, with the names */
	check(f->tells != 0 && (f->tells & *told & ~again) == 0 && f->name_count <= FINDING_NAMES);
	check(f->evidence != EV_CERT || f->name_count > 0);
	for (size_t i = 0; i < f->name_count; i++)
		check(host_is_pattern(f->name[i]));
	check(sum_of(f->text[TEXT_ALPN]) <= 255 * f->text[TEXT_ALPN].len);
	check(sum_of(f->text[TEXT_CERTIFICATE]) <= 255 * f->text[TEXT_CERTIFICATE].len);
	*told |= f->tells;
}

static void lay(struct direction *s, uint32_t at, struct span piece)
{
	size_t room = sizeof s->front - s->len;
	if (at != s->len || room == 0)
		return;
	size_t n = piece.len < room ? piece.len : room;
	memcpy(s->front + s->len, piece.at, n);
	s->len += n;
}

static void feed(struct direction *s, uint8_t way, uint32_t at, struct span piece, uint64_t at_us,
		 struct tls_memory *m, unsigned *told)
{
	size_t before = s->len;
	struct payload p = { .bytes = piece, .at_us = at_us, .offset = at, .from_hi = way };
	struct finding f = { .tells = 0xFFFF };
	if (piece.len > 0)
		lay(s, at, piece);
	if (s->len > before && !s->out) {
		struct payload whole = p;
		whole.bytes = span_of(s->front, s->len);
		whole.offset = 0;
		enum wire_result r = tls_whole(&whole, m, &f);
		check_finding(r, &f, told);
		s->out = r == WIRE_OTHER || r == WIRE_BROKEN;
	}
	f.tells = 0xFFFF;
	check_finding(tls_recognise(&p, m, &f), &f, told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct direction sides[2]; /* of the test only: too large for a stack */
	struct tls_memory m = { 0 };
	struct cursor c = cursor_of(span_of(data, len));
	unsigned told = 0;
	for (size_t i = 0; i < 2; i++)
		sides[i].len = 0, sides[i].next = 0, sides[i].out = false;
	for (uint64_t n = 0; n < 100 && c.rest.len >= 3; n++) {
		uint32_t what = cursor_uint(&c, 1), bytes = cursor_uint(&c, 2), by = what >> 2 & 31;
		struct span piece = cursor_take(&c, bytes < c.rest.len ? bytes : c.rest.len);
		struct direction *s = &sides[what >> 7];
		uint32_t at = (what & 3) == 1 ? s->next - by : (what & 3) == 2 ? s->next + by : s->next;
		feed(s, (uint8_t)(what >> 7), at, piece, 1 + n * ((what & 3) == 3 ? 400000 : 100000), &m,
		     &told);
		if ((int32_t)(at + (uint32_t)piece.len - s->next) > 0)
			s->next = at + (uint32_t)piece.len;
	}
	return 0;
}
