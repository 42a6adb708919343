/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input: datagrams of one flow, each behind a byte of its way (bit 0: the server, on 9000) and a byte of its length. */
#include <stdlib.h>

#include "wire/webex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the flow has shown so far. */
struct seen {
	bool hello, answer;
};

static void must_hold(bool holds)
{
	if (!holds)
		abort();
}

static void feed(const struct payload *p, struct webex_memory *m, struct seen *seen)
{
	struct finding f;
	enum wire_result r = webex_recognise(p, m, &f);
	must_hold(r == WIRE_MATCH || r == WIRE_MORE || r == WIRE_OTHER);
	uint8_t type = p->bytes.len > 0 ? p->bytes.at[0] : 0;
	seen->hello |= p->from_hi == 0 && type == 1 && p->bytes.len == 8;
	seen->answer |= p->from_hi == 1 && type == 2 && p->bytes.len == 8 && seen->hello;
	if (r != WIRE_MATCH)
		return;
	must_hold(seen->hello && seen->answer && p->bytes.len <= 42);
	must_hold(f.tells == TELLS_CLOSE || (f.tells & TELLS_SETUP) != 0);
	must_hold((f.tells & TELLS_ANSWER) == 0 || (type == 2 && p->from_hi == 1));
	must_hold((f.tells & TELLS_MEDIA) == 0 && f.media == 0 && f.evidence == EV_PAYLOAD &&
		  f.told_as == TOLD_NOTHING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct webex_memory m = { 0 };
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
		p.from_port = (way & 1) != 0 ? WEBEX_PORT : 50000;
		p.to_port = (way & 1) != 0 ? 50000 : WEBEX_PORT;
		feed(&p, &m, &seen);
		free(exact);
	}
	return 0;
}
