/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun: what a message told lies within it, and a parse depends on nothing but the bytes. */
#include <stdlib.h>

#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool so)
{
	if (!so)
		abort();
}
static bool inside(struct span s, const uint8_t *data, size_t len)
{
	return s.len == 0 || (s.at >= data + STUN_HEADER_BYTES && s.len <= len - (size_t)(s.at - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct stun_message s = { .method = 0xEEEE }, again;
	enum wire_result how = stun_parse(span_of(data, len), &s);
	must(how == WIRE_MATCH || how == WIRE_OTHER || how == WIRE_BROKEN);
	must(how == WIRE_MATCH || s.method == 0xEEEE);
	if (how != WIRE_MATCH)
		return 0;
	must(s.method <= 0xFFF && s.class <= STUN_ERROR && s.number_count <= FINDING_NUMBERS);
	must(len >= STUN_HEADER_BYTES && len <= STUN_MOST_BYTES);
	must(inside(s.username, data, len) && inside(s.realm, data, len) && inside(s.software, data, len));
	must(inside(s.data, data, len) && inside(s.dtls, data, len) && inside(s.session, data, len));
	must(s.id.len == (s.classic ? 16u : 12u) && s.id.at + s.id.len == data + STUN_HEADER_BYTES);
	must(stun_parse(span_of(data, len), &again) == WIRE_MATCH && again.saw == s.saw &&
	     again.method == s.method);
	return 0;
}
