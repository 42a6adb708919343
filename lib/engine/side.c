/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/siphash.h"
#include "engine/state.h"

enum { COPY_US = 1000, V4_BYTES = 20, V6_BYTES = 40 };

void take_sides(struct engine *e)
{
	static const uint8_t alone[] = {
		[SIDE_INSIDE] = TREAT_ALL, [SIDE_OUTSIDE] = TREAT_NAT, [SIDE_MIRROR] = TREAT_COPIES
	};
	size_t captures = e->options.captures == 0 ? 1 : e->options.captures;
	bool only_outside = true;
	for (size_t i = 0; i < captures && i < ENGINE_CAPTURES; i++)
		only_outside &= e->options.sides[i] == SIDE_OUTSIDE;
	for (size_t i = 0; i < ENGINE_CAPTURES; i++) {
		uint8_t side = e->options.sides[i];
		e->treatment[i] = side == SIDE_OUTSIDE && !only_outside ? TREAT_NONE : alone[side];
		e->sided |= e->treatment[i] != TREAT_ALL;
	}
}

static unsigned capture_of(unsigned source)
{
	return source < ENGINE_CAPTURES ? source : ENGINE_CAPTURES - 1;
}

enum treatment treatment_of(const struct engine *e, unsigned source)
{
	return (enum treatment)e->treatment[capture_of(source)];
}

/* What a mirror port does not change: a copy that was routed has another TTL and checksum, one may carry a VLAN tag and the
 * other not, and a switch may have marked its class. Padding behind the packet is left out. 0: no IP. */
static uint64_t print_of(const struct engine *e, const struct frame *frame)
{
	struct {
		uint8_t head[V6_BYTES];
		uint64_t rest;
	} what = { 0 };
	struct cursor at = cursor_of(packet_outermost(frame));
	bool v6 = cursor_more(&at) && at.rest.at[0] >> 4 == 6;
	struct span head = cursor_take(&at, v6 ? V6_BYTES : V4_BYTES);
	if (!cursor_ok(&at))
		return 0;
	memcpy(what.head, head.at, head.len);
	size_t told = (size_t)(v6 ? head.at[4] << 8 | head.at[5] : (head.at[2] << 8 | head.at[3]) - V4_BYTES);
	struct span rest = told > 0 && told < at.rest.len ? cursor_take(&at, told) : at.rest;
	if (v6) {
		what.head[7] = 0; /* hop limit */
	} else {
		memset(what.head, 0, 4);      /* before the identification */
		what.head[8] = 0;             /* TTL */
		memset(what.head + 10, 0, 2); /* its checksum */
	}
	what.rest = siphash13(e->options.hash_key, rest.at, rest.len);
	return siphash13(e->options.hash_key, &what, sizeof what) | 1;
}

static bool is_copy(struct engine *e, const struct frame *frame)
{
	struct copies *c = &e->copies[capture_of(frame->source)];
	uint64_t print = print_of(e, frame);
	bool copy = false;
	for (unsigned i = 0; i < COPIES && print != 0; i++) {
		uint64_t apart_us =
			frame->at_us > c->at_us[i] ? frame->at_us - c->at_us[i] : c->at_us[i] - frame->at_us;
		copy |= c->print[i] == print && apart_us <= COPY_US;
	}
	c->print[c->next] = print;
	c->at_us[c->next] = frame->at_us;
	c->next = (uint8_t)((c->next + 1) % COPIES);
	return copy;
}

bool drop_by_side(struct engine *e, const struct frame *frame)
{
	enum treatment how = treatment_of(e, frame->source);
	if (how == TREAT_NONE) {
		e->counters.outside_packets++;
		e->counters.outside_bytes += frame->wire_bytes;
		return true;
	}
	if (how != TREAT_COPIES || !is_copy(e, frame))
		return false;
	e->counters.duplicate_packets++;
	e->counters.duplicate_bytes += frame->wire_bytes;
	return true;
}
