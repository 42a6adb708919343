/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/webex.h"

enum {
	HELLO = 0x01,
	ANSWER = 0x02,
	END = 0x04,
	FRAME = 0x06,
	HELLO_BYTES = 8,
	END_BYTES = 5,
	FRAME_BYTES = 42,
	FRAME_ZEROS = 7
};

static enum wire_result match(unsigned tells, struct finding *ret)
{
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = (uint16_t)tells;
	return WIRE_MATCH;
}

static bool all_zero(struct span s)
{
	uint8_t bits = 0;
	for (size_t i = 0; i < s.len; i++)
		bits |= s.at[i];
	return bits == 0;
}

/* 01 000000 00000001 (F1016) */
static enum wire_result see_hello(const struct payload *p, struct cursor *c, struct webex_memory *m,
				  struct finding *ret)
{
	if (p->to_port != WEBEX_PORT || p->bytes.len != HELLO_BYTES || cursor_uint64(c, 7) != 1)
		return WIRE_OTHER;
	m->hello = 1;
	m->hello_hi = p->from_hi;
	return m->matched != 0 ? match(TELLS_SETUP | TELLS_REQUEST, ret) : WIRE_MORE;
}

/* 02 000000 00 count16 01 (F1017: b89d, F1019: b89e) */
static enum wire_result see_answer(const struct payload *p, struct cursor *c, struct webex_memory *m,
				   struct finding *ret)
{
	bool zero = cursor_uint(c, 4) == 0, counted = cursor_uint(c, 2) != 0, one = cursor_uint(c, 1) == 1;
	if (p->from_port != WEBEX_PORT || p->bytes.len != HELLO_BYTES || !zero || !counted || !one)
		return WIRE_OTHER;
	if (m->hello == 0 || m->hello_hi == p->from_hi)
		return WIRE_OTHER;
	m->matched = 1;
	return match(TELLS_SETUP | TELLS_ANSWER, ret);
}

/* 06 0:56 ... (F1026) */
static enum wire_result see_frame(const struct payload *p, struct cursor *c, const struct webex_memory *m,
				  struct finding *ret)
{
	if (m->matched == 0 || p->bytes.len > FRAME_BYTES || !all_zero(cursor_take(c, FRAME_ZEROS)) ||
	    !cursor_ok(c))
		return WIRE_OTHER;
	return match(TELLS_SETUP, ret);
}

/* 04 00000000 (F1084) */
static enum wire_result see_end(const struct payload *p, struct cursor *c, const struct webex_memory *m,
				struct finding *ret)
{
	if (m->matched == 0 || p->bytes.len != END_BYTES || cursor_uint(c, 4) != 0)
		return WIRE_OTHER;
	return match(TELLS_CLOSE, ret);
}

enum wire_result webex_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct cursor c = cursor_of(p->bytes);
	switch (cursor_uint(&c, 1)) {
	case HELLO: return see_hello(p, &c, memory, ret);
	case ANSWER: return see_answer(p, &c, memory, ret);
	case END: return see_end(p, &c, memory, ret);
	case FRAME: return see_frame(p, &c, memory, ret);
	default: return WIRE_OTHER;
	}
}
