/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"
#include "flow/flow.h"

static const uint64_t hash_key[2] = { 1, 2 };

static struct flow_key key_of(uint32_t n)
{
	struct flow_key k = { .lo = address_from_v4(0x0A000000 + n),
			      .hi = address_from_v4(0xC6336401),
			      .lo_port = (uint16_t)n,
			      .hi_port = 443,
			      .proto = PROTO_TCP };
	return k;
}

static void check_touch(void)
{
	struct flows *t = flows_new(1024, hash_key);
	struct flow evicted = { 0 };
	bool is_new;
	for (uint32_t n = 0; n < 700; n++) {
		struct flow_key k = key_of(n);
		struct flow *f = flow_touch(t, &k, n, &is_new, &evicted);
		CHECK(is_new && f->first_us == n && memcmp(&f->key, &k, sizeof k) == 0, "flow %u is new", n);
		CHECK(flow_at(t, flow_number(t, f)) == f, "flow %u by number", n);
	}
	CHECK(evicted.key.proto == 0, "two thirds full evicts nobody");
	CHECK(flows_count(t) == 700, "count");
	for (uint32_t n = 0; n < 700; n++) {
		struct flow_key k = key_of(n);
		CHECK(flow_touch(t, &k, 5000, &is_new, &evicted) != NULL && !is_new, "flow %u is found again",
		      n);
	}
	flows_free(t);
}

static void check_forget(void)
{
	struct flows *t = flows_new(64, hash_key);
	struct flow evicted = { 0 };
	struct flow_key k = key_of(1), other = key_of(2);
	bool is_new;
	struct flow *f = flow_touch(t, &k, 1, &is_new, &evicted);
	f->way[0].packets = 7;
	f->now.service = 3;
	uint32_t number = flow_number(t, f);
	flow_forget(t, f);
	CHECK(flow_find(t, &k) == NULL && flow_at(t, number) == NULL, "forgotten");
	f = flow_touch(t, &other, 2, &is_new, &evicted);
	CHECK(is_new && flow_number(t, f) == number, "its place is taken again");
	CHECK(f->way[0].packets == 0 && f->now.service == 0 && f->detail == 0, "and is clean");
	flows_free(t);
}

/* A full table evicts one for each that comes, never the freshest, and loses none unsaid. */
static void check_evict(void)
{
	struct flows *t = flows_new(256, hash_key);
	bool is_new;
	uint64_t evictions = 0;
	for (uint32_t n = 0; n < 20000; n++) {
		struct flow evicted = { 0 };
		struct flow_key k = key_of(n);
		struct flow *f = flow_touch(t, &k, n, &is_new, &evicted);
		f->last_us = n;
		evictions += evicted.key.proto != 0;
		if (evicted.key.proto != 0 && evicted.last_us + 16 > n)
			CHECK(false, "the freshest went: %u", n);
		if (flows_count(t) + evictions != n + 1u)
			CHECK(false, "one was lost unsaid at %u", n);
	}
	CHECK(flows_count(t) <= 256 && flows_count(t) > 230, "full: %zu", flows_count(t));
	flows_free(t);
}

int main(void)
{
	check_touch();
	check_forget();
	check_evict();
	return check_done();
}
