/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lays pieces (at, length, byte) into a view and holds it against a plain array of what came first. */
#include "flow/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct model {
	uint8_t byte[STREAM_BYTES];
	bool there[STREAM_BYTES];
	bool conflict;
};

static bool model_put(struct model *m, uint32_t at, struct span piece)
{
	bool same = true;
	for (size_t i = 0; i < piece.len && at + i < STREAM_BYTES; i++)
		same &= !m->there[at + i] || m->byte[at + i] == piece.at[i];
	for (size_t i = 0; same && i < piece.len && at + i < STREAM_BYTES; i++) {
		m->there[at + i] = true;
		m->byte[at + i] = piece.at[i];
	}
	return same;
}

static size_t model_front(const struct model *m)
{
	size_t n = 0;
	while (!m->conflict && n < STREAM_BYTES && m->there[n])
		n++;
	return n;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct model m; /* of the test only: too large for a stack */
	struct streams *p = streams_new(2);
	uint32_t number = stream_open(p);
	struct cursor c = cursor_of(span_of(data, len));
	memset(&m, 0, sizeof m);
	for (unsigned n = 0; n < 200 && c.rest.len >= 4; n++) {
		uint32_t at = cursor_uint(&c, 2);
		struct span piece = cursor_vector(&c, 1);
		size_t before = model_front(&m);
		enum stream_put got = stream_put(p, number, at, piece);
		bool dropped = got == STREAM_FULL && at + piece.len <= STREAM_BYTES; /* a hole too many */
		if (!m.conflict && !dropped)
			m.conflict = !model_put(&m, at, piece);
		check(m.conflict == (got == STREAM_CONFLICT));
		check((got == STREAM_GREW) == (model_front(&m) > before && !m.conflict));
		struct span front = stream_front(p, number);
		check(front.len == model_front(&m) &&
		      (front.len == 0 || memcmp(front.at, m.byte, front.len) == 0));
	}
	check(streams_taken(p) == 0);
	streams_free(p);
	return 0;
}
