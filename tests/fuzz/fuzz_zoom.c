/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input: datagrams of one flow, each behind a byte of its way (bit 0) and a byte of its length. */
#include <stdlib.h>

#include "wire/zoom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the flow has shown so far. */
struct seen {
	bool way[2];
};

static void must_hold(bool holds)
{
	if (!holds)
		abort();
}

static void feed(const struct payload *p, struct zoom_memory *m, struct seen *seen)
{
	struct zoom_memory twin = *m;
	struct finding f, again;
	enum wire_result r = zoom_recognise(p, m, &f);
	must_hold(r == WIRE_MATCH || r == WIRE_MORE || r == WIRE_OTHER);
	must_hold(zoom_recognise(p, &twin, &again) == r && memcmp(&twin, m, sizeof twin) == 0);
	if (r == WIRE_MATCH) {
		must_hold(f.tells != 0 && f.evidence == EV_PAYLOAD && f.name_count == 0 &&
			  f.number_count == 0);
		must_hold(((f.tells & TELLS_MEDIA) != 0) == (f.media != 0) && (f.media & ~7u) == 0);
		must_hold((f.tells & TELLS_MEDIA) == 0 ||
			  ((f.tells & TELLS_SETUP) == 0 && p->bytes.len >= 31));
		must_hold((f.tells & TELLS_ANSWER) == 0 ||
			  seen->way[p->from_hi == 0]); /* the other end asked */
		must_hold((f.tells & (TELLS_KEYS | TELLS_CLEAR_KEYS | TELLS_SESSION | TELLS_RELAY)) == 0);
		must_hold(f.told_as == TOLD_NOTHING || f.told_as == TOLD_CLIENT_OUTER ||
			  f.told_as == TOLD_PEER);
		must_hold(f.told_as != TOLD_PEER || (f.tells & TELLS_PEER) != 0);
	}
	seen->way[p->from_hi] = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct zoom_memory m = { 0 };
	struct seen seen = { 0 };
	struct cursor c = cursor_of(span_of(data, len));
	while (cursor_more(&c)) {
		uint8_t way = (uint8_t)cursor_uint(&c, 1);
		struct span bytes = cursor_vector(&c, 1);
		uint8_t *exact =
			malloc(bytes.len > 0 ? bytes.len : 1); /* so that ASan sees a read behind the end */
		must_hold(exact != NULL);
		if (bytes.len > 0)
			memcpy(exact, bytes.at, bytes.len);
		struct payload p = { .bytes = span_of(exact, bytes.len), .from_hi = way & 1 };
		p.from_port = 50000;
		p.to_port = 8801;
		feed(&p, &m, &seen);
		free(exact);
	}
	return 0;
}
