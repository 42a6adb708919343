/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input: datagrams of one flow, each behind a byte of its way (bit 0: the server, on 3478) and a byte of its length. */
#include <stdlib.h>

#include "wire/teams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the flow has shown so far. */
struct seen {
	bool message, acknowledgement;
};

static void must_hold(bool holds)
{
	if (!holds)
		abort();
}

static void feed(const struct payload *p, struct teams_memory *m, struct seen *seen)
{
	struct finding f;
	enum wire_result r = teams_recognise(p, m, &f);
	must_hold(r == WIRE_MATCH || r == WIRE_MORE || r == WIRE_OTHER);
	uint8_t type = p->bytes.len > 0 ? p->bytes.at[0] : 0;
	seen->message |= r != WIRE_OTHER && (type == 6 || type == 7) && p->bytes.len % 16 == 1;
	seen->acknowledgement |= r != WIRE_OTHER && type == 3 && p->bytes.len == 37;
	if (r != WIRE_MATCH)
		return;
	must_hold(seen->message && seen->acknowledgement);
	must_hold((f.tells & TELLS_SETUP) != 0 &&
		  (f.tells & ~(unsigned)(TELLS_SETUP | TELLS_REQUEST | TELLS_ANSWER)) == 0);
	must_hold((f.tells & TELLS_ANSWER) == 0 || type == 3);
	must_hold((f.tells & TELLS_REQUEST) == 0 || (type == 6 && p->from_hi == 0));
	must_hold(f.evidence == EV_PAYLOAD && f.media == 0 && f.told_as == TOLD_NOTHING && f.name_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct teams_memory m = { 0 };
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
		p.from_port = (way & 1) != 0 ? TEAMS_PORT : 50000;
		p.to_port = (way & 1) != 0 ? 50000 : TEAMS_PORT;
		feed(&p, &m, &seen);
		free(exact);
	}
	return 0;
}
