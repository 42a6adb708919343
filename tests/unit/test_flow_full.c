/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table that is nearly full forgets nobody and finds all, whichever way they are looked for; a full one keeps as many
 * as it has places for, nearly. */
#include "check.h"
#include "flow/flow.h"

enum { PLACES_MADE = 1 << 14 };

static const uint64_t hash_key[2] = { 7, 9 };

/* Every fifth is IPv6; ports, protocol and VLAN vary so that each word of a key tells some apart. */
static struct flow_key key_of(uint32_t n)
{
	struct flow_key k = { .lo_port = (uint16_t)(n % 3),
			      .hi_port = 443,
			      .proto = n % 2 ? PROTO_TCP : PROTO_UDP };
	uint8_t six[16] = {
		0x20, 1, 0x0D, 0xB8, [12] = (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 1
	};
	k.lo = n % 5 == 0 ? address_from(span_of(six, 16)) : address_from_v4(0x0A000000 + n / 6);
	k.hi = n % 5 == 0 ? k.lo : address_from_v4(0xC6336400 + n % 7);
	k.vlan = (uint16_t)(n / 6 % 2);
	return k;
}

static void check_found(struct flows *t, uint32_t count)
{
	uint32_t guessed = 0;
	for (uint32_t n = 0; n < count; n++) {
		struct flow_key k = key_of(n);
		uint64_t hash = flow_hash(t, &k);
		struct flow *f = flow_find(t, &k), *guess = flow_guess(t, hash);
		CHECK(f != NULL && f->first_us == n && flow_has(f, &k), "flow %u of %u", n, count);
		CHECK(f == flow_find_hashed(t, &k, hash), "flow %u by its hash", n);
		guessed += guess == f;
	}
	CHECK(guessed >= count - 1, "guessed: %u of %u", guessed, count); /* but for equal tags */
}

static uint32_t fill(struct flows *t, uint32_t from, uint32_t to)
{
	uint32_t evictions = 0;
	for (uint32_t n = from; n < to; n++) {
		struct flow evicted = { 0 };
		struct flow_key k = key_of(n);
		bool is_new;
		flow_touch(t, &k, n, &is_new, &evicted);
		CHECK(is_new, "flow %u is new", n);
		evictions += evicted.key.proto != 0;
	}
	return evictions;
}

static void check_differ(struct flows *t)
{
	struct flow_key k = key_of(1), other;
	uint64_t hash = flow_hash(t, &k);
	for (size_t i = 0; i + 1 < sizeof k; i++) { /* the last byte is always 0 */
		other = k;
		((uint8_t *)&other)[i] ^= 1;
		CHECK(flow_hash(t, &other) != hash, "byte %zu counts", i);
	}
}

int main(void)
{
	struct flows *t = flows_new(PLACES_MADE, hash_key);
	uint32_t most = PLACES_MADE * 15 / 16;
	check_differ(t);
	CHECK(fill(t, 0, most) == 0, "nobody went");
	CHECK(flows_count(t) == most, "all are there: %zu", flows_count(t));
	check_found(t, most);
	uint32_t gone = fill(t, most, 3 * PLACES_MADE);
	CHECK(flows_count(t) + gone == 3 * PLACES_MADE, "none was lost unsaid");
	CHECK(flows_count(t) > PLACES_MADE - PLACES_MADE / 40, "full: %zu", flows_count(t));
	flows_free(t);
	return check_done();
}
