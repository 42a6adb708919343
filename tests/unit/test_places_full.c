/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A place table that is full, or flooded. */
#include "check.h"
#include "said.h"

/* Names of one length in the smallest table: the last of its slots ends where its memory does. */
static void check_slot_ends(void)
{
	for (int bytes = 42; bytes <= 45; bytes++) {
		struct places *t = places_new(8, key, NULL, 0);
		for (int i = 0; i < 8; i++) {
			char name[64], at[32];
			snprintf(name, sizeof name, "%0*d", bytes, i);
			snprintf(at, sizeof at, "170.114.0.%d", i);
			name_it(t, "10.0.0.7", name, at, 300);
			CHECK(strcmp(names_of(t, at), name) == 0, "%s", name);
		}
		places_free(t);
	}
}

/* Many questions that differ in one thing, and as many answers that nobody asked for: whatever shares a bucket or a
 * hint, each is held against the question itself. */
static void check_crowd(void)
{
	struct places *t = fresh();
	for (uint16_t i = 0; i < 200; i++)
		tell(t, (struct said){ ASKS, .port = (uint16_t)(1000 + i) });
	for (uint16_t i = 0; i < 500; i++) {
		CHECK(tell(t, SAYS(RIGHT, .port = (uint16_t)(2000 + i))) == DNS_WRONG_PORT, "port %u", i);
		CHECK(tell(t, SAYS(RIGHT, .port = (uint16_t)(2000 + i), .id = (uint16_t)(9 + i))) ==
			      DNS_UNASKED,
		      "port and id %u", i);
		CHECK(tell(t, SAYS(RIGHT, .server = "192.0.2.54", .port = (uint16_t)(2000 + i))) ==
			      DNS_UNASKED,
		      "server %u", i);
		CHECK(tell(t, SAYS(RIGHT, .client = "10.0.0.8", .port = (uint16_t)(2000 + i))) == DNS_UNASKED,
		      "client %u", i);
	}
	CHECK(places_doubts(t)[DNS_BELIEVED] == 0 && places_doubts(t)[DNS_UNASKED] == 1500,
	      "nobody was believed");
	places_free(t);
}

static void flood(struct places *t, const char *client, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char name[40], at[ADDRESS_TEXT_BYTES];
		snprintf(name, sizeof name, "f%u.evil.example", i);
		struct address a = address_from_v4(0x2D000000u + i);
		name_it(t, client, name, address_text(&a, at), 86400);
	}
}

/* A hundred clients, ten names each. */
static unsigned each_name(struct places *t, const char *client_of_all)
{
	unsigned there = 0;
	for (unsigned i = 0; i < 1000; i++) {
		char client[32], name[32], at[32];
		snprintf(client, sizeof client, "10.0.1.%u", i / 10);
		snprintf(name, sizeof name, "h%u.example", i);
		snprintf(at, sizeof at, "170.114.%u.%u", i / 250, i % 250);
		there += strcmp(names_of(t, at), name) == 0;
		if (client_of_all != NULL)
			name_it(t, client_of_all[0] != '\0' ? client_of_all : client, name, at, 86400);
	}
	return there;
}

/* `first`: who asks for the thousand names before their owners do. `least`: how many of them outlast the flood. */
static void check_flood(const char *first, unsigned least)
{
	struct places *t = places_new(4096, key, NULL, 0);
	each_name(t, first);
	each_name(t, "");
	CHECK(places_evicted(t) == 0, "room for all");
	tell(t, (struct said){ ASKS });
	flood(t, "10.0.9.9", 50000);
	unsigned there = each_name(t, NULL);
	CHECK(there >= least, "others' names after a flood: %u", there);
	CHECK(places_evicted(t) > 40000, "evictions are counted: %llu",
	      (unsigned long long)places_evicted(t));
	CHECK(tell(t, SAYS(RIGHT)) == DNS_BELIEVED, "another client's open question survives as well");
	places_free(t);
}

/* One client may fill the table; then what was quiet longest goes first. */
static void check_eviction(void)
{
	struct places *t = places_new(8, key, NULL, 0);
	flood(t, "10.0.0.7", 8);
	CHECK(places_evicted(t) == 0, "eight fit");
	struct address first = address_from_v4(0x2D000000u);
	struct location where = { .count = 1 };
	places_locate(t, &first, now_us, 1, 0, &where); /* used, so not quiet */
	name_it(t, "10.0.0.7", "one.more", "170.114.0.1", 300);
	CHECK(places_evicted(t) == 1, "one goes");
	NAMES(t, "45.0.0.0", "f0.evil.example");
	NAMES(t, "45.0.0.1", "");
	NAMES(t, "45.0.0.2", "f2.evil.example");
	NAMES(t, "170.114.0.1", "one.more");
	places_free(t);

	t = places_new(8, key, NULL, 0); /* what has expired goes before what is quiet, and is no loss */
	flood(t, "10.0.0.7", 7);
	name_it(t, "10.0.0.7", "short", "170.114.0.1", 60);
	now_us += 61000000;
	name_it(t, "10.0.0.7", "one.more", "170.114.0.2", 300);
	CHECK(places_evicted(t) == 0, "an expired one goes");
	NAMES(t, "45.0.0.0", "f0.evil.example");
	places_free(t);
}

/* Same calls, same table; and a name whose text was forgotten is gone, not another one. */
static void check_same(void)
{
	struct places *t[2] = { places_new(64, key, NULL, 0), places_new(64, key, NULL, 0) };
	for (size_t i = 0; i < 2; i++) {
		now_us = 1800000000u * 1000000ull;
		flood(t[i], "10.0.0.7", 500);
		flood(t[i], "10.0.0.8", 700);
	}
	unsigned kept = 0;
	for (unsigned i = 0; i < 700; i++) {
		static char got[PLACE_NAMES * 256];
		char at[ADDRESS_TEXT_BYTES], want[40];
		struct address a = address_from_v4(0x2D000000u + i);
		address_text(&a, at);
		snprintf(want, sizeof want, "f%u.evil.example", i);
		strcpy(got, names_of(t[0], at));
		CHECK(strcmp(got, names_of(t[1], at)) == 0, "%s", at);
		CHECK(got[0] == '\0' || strcmp(got, want) == 0, "%s: %s", at, got);
		kept += got[0] != '\0';
	}
	CHECK(kept >= 32 && kept <= 64, "%u kept", kept);
	CHECK(places_evicted(t[0]) == places_evicted(t[1]), "evictions");
	places_free(t[0]);
	places_free(t[1]);
}

int main(void)
{
	check_slot_ends();
	check_crowd();
	check_flood(NULL, 1000);
	check_flood("10.0.9.9", 980); /* what others use does not become the flood's own */
	check_eviction();
	check_same();
	return check_done();
}
