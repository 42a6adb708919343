/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"
#include "said.h"

/* ---- the figure: six forged answers change nothing but six counters ---- */

static const struct forged {
	const char *name;
	enum dns_doubt want;
	struct said said;
} forged[] = {
	{ "another id", DNS_WRONG_ID, SAYS(.id = 8, .records = "zoom.us 1 203.0.113.1 300") },
	{ "another port", DNS_WRONG_PORT, SAYS(.port = 40001, .records = "zoom.us 1 203.0.113.1 300") },
	{ "another server", DNS_WRONG_SERVER,
	  SAYS(.server = "192.0.2.54", .records = "zoom.us 1 203.0.113.1 300") },
	{ "nobody asked", DNS_UNASKED, SAYS(.client = "10.0.0.8", .records = "zoom.us 1 203.0.113.1 300") },
	{ "another name's address", DNS_BAILIWICK, SAYS(.records = "evil.example 1 203.0.113.1 300") },
	{ "another name", DNS_WRONG_NAME,
	  SAYS(.question = "us.zoom", .records = "us.zoom 1 203.0.113.1 300") },
	{ "another type", DNS_WRONG_NAME, SAYS(.type = AAAA, .records = "zoom.us 28 2001:db8::1 300") },
};

static void check_forged(void)
{
	struct places *t = fresh();
	CHECK(tell(t, (struct said){ ASKS }) == DNS_BELIEVED, "a question");
	now_us += 1000;
	uint64_t want[DNS_DOUBTS] = { 0 };
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		enum dns_doubt got = tell(t, forged[i].said);
		CHECK(got == forged[i].want, "%s: %d", forged[i].name, got);
		want[forged[i].want]++;
	}
	CHECK(memcmp(places_doubts(t), want, sizeof want) == 0, "each counted once, and nothing believed");
	NAMES(t, "203.0.113.1", "");
	NAMES(t, "2001:db8::1", "");
	now_us += 20000000;
	CHECK(tell(t, SAYS(.records = "zoom.us 1 203.0.113.1 300")) == DNS_LATE, "21 s later");
	want[DNS_LATE]++;
	CHECK(memcmp(places_doubts(t), want, sizeof want) == 0, "late");
	NAMES(t, "203.0.113.1", "");
	CHECK(places_resolvers_seen(t) == 0, "nobody was believed");

	tell(t, (struct said){ ASKS });
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++)
		tell(t, forged[i].said);
	CHECK(tell(t, SAYS(RIGHT)) == DNS_BELIEVED, "the right one, after all those");
	CHECK(places_doubts(t)[DNS_BELIEVED] == 1 && places_resolvers_seen(t) == 1, "counted");
	NAMES(t, "170.114.0.1", "zoom.us");
	NAMES(t, "203.0.113.1", "");
	places_free(t);
}

/* ---- one question, then one or two answers ---- */

static const struct row {
	const char *name;
	struct said ask, first, second; /* second: no client, then none */
	enum dns_doubt want_first, want_second;
	uint64_t believed; /* answers, in part or whole */
	const char *at, *names;
} rows[] = {
	{ "the same answer twice",
	  { ASKS },
	  SAYS(RIGHT),
	  SAYS(RIGHT),
	  DNS_BELIEVED,
	  DNS_BELIEVED,
	  2,
	  "170.114.0.1",
	  "zoom.us" },
	{ "the first answer wins",
	  { ASKS },
	  SAYS(RIGHT),
	  SAYS(.records = "zoom.us 1 203.0.113.1 300"),
	  DNS_BELIEVED,
	  DNS_CONFLICT,
	  1,
	  "203.0.113.1",
	  "" },
	{ "and stays",
	  { ASKS },
	  SAYS(RIGHT),
	  SAYS(.records = "zoom.us 1 203.0.113.1 300"),
	  DNS_BELIEVED,
	  DNS_CONFLICT,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "one address more is another answer",
	  { ASKS },
	  SAYS(RIGHT),
	  SAYS(.records = "zoom.us 1 170.114.0.1 300; zoom.us 1 203.0.113.1 300"),
	  DNS_BELIEVED,
	  DNS_CONFLICT,
	  1,
	  "203.0.113.1",
	  "" },
	{ "another order is not",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 170.114.0.1 300; zoom.us 1 170.114.0.2 300"),
	  SAYS(.records = "zoom.us 1 170.114.0.2 300; zoom.us 1 170.114.0.1 300"),
	  DNS_BELIEVED,
	  DNS_BELIEVED,
	  2,
	  "170.114.0.2",
	  "zoom.us" },
	{ "no address is an answer too",
	  { ASKS },
	  SAYS(.records = ""),
	  SAYS(RIGHT),
	  DNS_BELIEVED,
	  DNS_CONFLICT,
	  1,
	  "170.114.0.1",
	  "" },
	{ "only strangers is none",
	  { ASKS },
	  SAYS(.records = "evil.example 1 203.0.113.1 9"),
	  SAYS(RIGHT),
	  DNS_BAILIWICK,
	  DNS_BELIEVED,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "truncated says nothing",
	  { ASKS },
	  SAYS(RIGHT, .truncated = true),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "truncated leaves the question open",
	  { ASKS },
	  SAYS(.truncated = true),
	  SAYS(RIGHT),
	  DNS_BELIEVED,
	  DNS_BELIEVED,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "an error says nothing",
	  { ASKS },
	  SAYS(RIGHT, .rcode = 2),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "case as sent",
	  { ASKS, .question = "zOOm.uS" },
	  SAYS(RIGHT, .question = "zOOm.uS"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "case lost on the way",
	  { ASKS, .question = "zOOm.uS" },
	  SAYS(RIGHT),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "asked over TCP",
	  { ASKS, .proto = PROTO_TCP },
	  SAYS(RIGHT, .proto = PROTO_TCP),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "asked over TCP, answered over UDP",
	  { ASKS, .proto = PROTO_TCP },
	  SAYS(RIGHT),
	  { 0 },
	  DNS_UNASKED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "client with the higher address",
	  { ASKS, .client = "198.51.100.9" },
	  SAYS(RIGHT, .client = "198.51.100.9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "IPv6",
	  { ASKS, .client = "2001:db8::7", .server = "2001:db8::53", .type = AAAA },
	  SAYS(.client = "2001:db8::7", .server = "2001:db8::53", .type = AAAA,
	       .records = "zoom.us 28 2001:db8:1::1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "2001:db8:1::1",
	  "zoom.us" },
	{ "multicast DNS",
	  { ASKS, .server_port = 5353 },
	  SAYS(RIGHT, .server_port = 5353),
	  { 0 },
	  DNS_UNASKED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "a question to another port",
	  { ASKS, .server_port = 5355 },
	  SAYS(RIGHT),
	  { 0 },
	  DNS_UNASKED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },

	{ "aliases, the question first",
	  { ASKS },
	  SAYS(.records = "zoom.us 5 a.zoom.us 9; a.zoom.us 5 b.cdn.net 9; b.cdn.net 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us a.zoom.us b.cdn.net" },
	{ "aliases in any order",
	  { ASKS },
	  SAYS(.records = "b.cdn.net 1 170.114.0.1 9; a.zoom.us 5 b.cdn.net 9; zoom.us 5 a.zoom.us 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us a.zoom.us b.cdn.net" },
	{ "a stranger beside the answer",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 170.114.0.1 9; teams.example 1 203.0.113.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "is not believed",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 170.114.0.1 9; teams.example 1 203.0.113.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "203.0.113.1",
	  "" },
	{ "an alias of a stranger",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 170.114.0.1 9; evil.example 5 zoom.us 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us" },
	{ "a second alias of one name",
	  { ASKS },
	  SAYS(.records = "zoom.us 5 a 9; zoom.us 5 b 9; b 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "a second alias, and the first answered",
	  { ASKS },
	  SAYS(.records = "zoom.us 5 a 9; zoom.us 5 b 9; a 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us a" },
	{ "an alias that no host has",
	  { ASKS },
	  SAYS(.records = "zoom.us 5 - 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "" },
	{ "answered from another port of the server",
	  { ASKS },
	  SAYS(RIGHT, .server_port = 5353),
	  { 0 },
	  DNS_UNASKED,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "a loop of aliases",
	  { ASKS },
	  SAYS(.records = "zoom.us 5 a 9; a 5 zoom.us 9; a 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "170.114.0.1",
	  "zoom.us a" },
	{ "an AAAA that nobody asked for",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 170.114.0.1 9; zoom.us 28 2001:db8::1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "2001:db8::1",
	  "" },
	{ "ANY",
	  { ASKS, .type = ANY },
	  SAYS(.type = ANY, .records = "zoom.us 1 170.114.0.1 9; zoom.us 28 2001:db8::1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "2001:db8::1",
	  "zoom.us" },
	{ "DNAME with its alias",
	  { ASKS, .question = "w.zoom.us" },
	  SAYS(.question = "w.zoom.us",
	       .records = "zoom.us 39 z.net 9; w.zoom.us 5 w.z.net 9; w.z.net 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "w.zoom.us w.z.net" },
	{ "DNAME of half a label",
	  { ASKS, .question = "wzoom.us" },
	  SAYS(.question = "wzoom.us", .records = "zoom.us 39 z.net 9; wzoom.us 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  1,
	  "170.114.0.1",
	  "wzoom.us" },
	{ "names that no host has",
	  { ASKS, .question = "" },
	  SAYS(.question = "", .records = "- 1 203.0.113.1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "203.0.113.1",
	  "" },
	{ "ten aliases are followed, eight names kept",
	  { ASKS, .question = "n0" },
	  SAYS(.question = "n0", .records = "n0 5 n1 9; n1 5 n2 9; n2 5 n3 9; n3 5 n4 9; n4 5 n5 9; n5 5 n6 "
					    "9; n6 5 n7 9; n7 5 n8 9; "
					    "n8 5 n9 9; n9 5 n10 9; n10 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "170.114.0.1",
	  "n0 n1 n2 n3 n4 n5 n6 n7" },
	{ "eleven are not",
	  { ASKS, .question = "n0" },
	  SAYS(.question = "n0", .records = "n0 5 n1 9; n1 5 n2 9; n2 5 n3 9; n3 5 n4 9; n4 5 n5 9; n5 5 n6 "
					    "9; n6 5 n7 9; n7 5 n8 9; "
					    "n8 5 n9 9; n9 5 n10 9; n10 5 n11 9; n11 1 170.114.0.1 9"),
	  { 0 },
	  DNS_BAILIWICK,
	  0,
	  0,
	  "170.114.0.1",
	  "" },
	{ "nowhere",
	  { ASKS },
	  SAYS(.records = "zoom.us 1 0.0.0.0 9; zoom.us 1 127.0.0.1 9"),
	  { 0 },
	  DNS_BELIEVED,
	  0,
	  1,
	  "0.0.0.0",
	  "" },
};

static void check_row(const struct row *r)
{
	struct places *t = fresh();
	uint64_t want[DNS_DOUBTS] = { 0 };
	CHECK(tell(t, r->ask) == DNS_BELIEVED, "%s", r->name);
	const struct said *said[2] = { &r->first, &r->second };
	const enum dns_doubt doubts[2] = { r->want_first, r->want_second };
	for (size_t i = 0; i < 2 && said[i]->client != NULL; i++) {
		enum dns_doubt got = tell(t, *said[i]);
		CHECK(got == doubts[i], "%s, answer %zu: %d", r->name, i, got);
		want[got]++;
	}
	want[DNS_BELIEVED] = r->believed;
	CHECK(strcmp(names_of(t, r->at), r->names) == 0, "%s: %s", r->name, names_of(t, r->at));
	CHECK(memcmp(places_doubts(t), want, sizeof want) == 0, "%s: counters", r->name);
	places_free(t);
}

/* ---- time ---- */

static void check_time(void)
{
	struct places *t = fresh();
	tell(t, (struct said){ ASKS });
	now_us += 20000000;
	CHECK(tell(t, SAYS(RIGHT)) == DNS_BELIEVED, "20 s later");
	now_us += 1;
	CHECK(tell(t, SAYS(RIGHT)) == DNS_LATE, "and 1 us");
	CHECK(tell(t, SAYS(.id = 8)) == DNS_UNASKED, "the question is not open any more");
	CHECK(tell(t, SAYS(.port = 1)) == DNS_UNASKED, "nor by its id");
	CHECK(tell(t, SAYS(.question = "us.zoom")) == DNS_UNASKED, "nor for another name");
	CHECK(tell(t, SAYS(.server = "192.0.2.54")) == DNS_UNASKED, "nor for another server");
	tell(t, (struct said){ ASKS });
	CHECK(tell(t, SAYS(.records = "zoom.us 1 170.114.0.2 9")) == DNS_BELIEVED,
	      "asked again, another answer");
	places_free(t);

	static const struct {
		unsigned ttl_s, keep_s;
	} ttls[] = {
		{ 0, 60 },        { 59, 60 },       { 61, 61 },           { 3600, 3600 },
		{ 86400, 86400 }, { 86401, 86400 }, { INT32_MAX, 86400 },
	};
	for (size_t i = 0; i < sizeof ttls / sizeof ttls[0]; i++) {
		char records[64];
		snprintf(records, sizeof records, "zoom.us 1 170.114.0.1 %u", ttls[i].ttl_s);
		t = fresh();
		tell(t, (struct said){ ASKS });
		tell(t, SAYS(.records = records));
		now_us += ttls[i].keep_s * 1000000ull;
		CHECK(strcmp(names_of(t, "170.114.0.1"), "zoom.us") == 0, "TTL %u", ttls[i].ttl_s);
		now_us += 1000000;
		CHECK(strcmp(names_of(t, "170.114.0.1"), "") == 0, "TTL %u over", ttls[i].ttl_s);
		places_free(t);
	}
}

/* ---- names of one address ---- */

static void check_names(void)
{
	struct places *t = fresh();
	for (unsigned i = 1; i <= 9; i++) {
		char name[8];
		snprintf(name, sizeof name, "n%u", i);
		name_it(t, "10.0.0.7", name, "170.114.0.1", 300);
	}
	NAMES(t, "170.114.0.1", "n9 n8 n7 n6 n5 n4 n3 n2");
	name_it(t, "10.0.0.7", "n4", "170.114.0.1", 60);
	NAMES(t, "170.114.0.1", "n4 n9 n8 n7 n6 n5 n3 n2");
	now_us += 100000000;
	NAMES(t, "170.114.0.1", "n4 n9 n8 n7 n6 n5 n3 n2"); /* a shorter TTL takes nothing back */
	name_it(t, "10.0.0.8", "other", "170.114.0.1", 3600);
	for (unsigned i = 1; i <= 20; i++) {
		char name[8];
		snprintf(name, sizeof name, "f%u", i);
		name_it(t, "10.0.0.7", name, "170.114.0.1", 3600);
	}
	NAMES(t, "170.114.0.1", "f20 f19 f18 f17 f16 f15 f14 other"); /* nobody pushes out another's names */
	now_us += 400000000;
	name_it(t, "10.0.0.7", "f1", "170.114.0.1", 60);
	now_us += 61000000;
	NAMES(t, "170.114.0.1", "f20 f19 f18 f17 f16 f15 other"); /* an expired one is left out */
	places_free(t);
}

/* What has expired takes no room from what has not. */
static void check_expired_names(void)
{
	struct places *t = fresh();
	name_it(t, "10.0.0.7", "keep", "170.114.0.1", 3600);
	for (unsigned i = 1; i <= 7; i++) {
		char name[8];
		snprintf(name, sizeof name, "n%u", i);
		name_it(t, "10.0.0.7", name, "170.114.0.1", 60);
	}
	now_us += 61000000;
	name_it(t, "10.0.0.7", "new", "170.114.0.1", 60);
	NAMES(t, "170.114.0.1", "new keep");
	places_free(t);
}

static void check_long_name(void)
{
	struct places *t = fresh();
	for (size_t bytes = 40; bytes <= 253; bytes++) {
		char name[254] = "", at[32];
		for (size_t i = 0; i < bytes; i++)
			name[i] = i % 60 == 59 ? '.' : 'x';
		name[bytes - 1] = 'y';
		snprintf(at, sizeof at, "170.114.1.%zu", bytes);
		name_it(t, "10.0.0.7", name, at, 300);
		CHECK(strcmp(names_of(t, at), name) == 0, "a name of %zu", bytes);
	}
	places_free(t);
}

/* ---- resolvers, locations ---- */

static void check_resolvers(void)
{
	struct prefix only = { addr("192.0.2.53"), 128 };
	struct places *t = places_new(64, key, &only, 1);
	tell(t, (struct said){ ASKS });
	CHECK(tell(t, SAYS(RIGHT)) == DNS_BELIEVED, "a resolver");
	tell(t, (struct said){ ASKS, .server = "9.9.9.9" });
	CHECK(tell(t, SAYS(.server = "9.9.9.9", .records = "zoom.us 1 203.0.113.1 9")) == DNS_NO_RESOLVER,
	      "a stranger that was asked");
	CHECK(places_doubts(t)[DNS_NO_RESOLVER] == 1 && places_resolvers_seen(t) == 0, "counted");
	NAMES(t, "203.0.113.1", "");
	places_free(t);

	t = fresh();
	for (unsigned i = 0; i < 600; i++) {
		char server[32];
		snprintf(server, sizeof server, "192.1.%u.%u", i % 300 / 250, i % 300 % 250);
		tell(t, (struct said){ ASKS, .server = server });
		tell(t, SAYS(.server = server, RIGHT));
		if (i == 99)
			CHECK(places_resolvers_seen(t) == 100, "a hundred");
	}
	CHECK(places_resolvers_seen(t) == 256, "and no more than 256 are told apart");
	places_free(t);
}

static void check_locations(void)
{
	struct places *t = fresh();
	struct address a = addr("170.114.0.1"), b = addr("170.114.0.2");
	struct location de = { .candidate = { 'D' << 8 | 'E' }, .count = 1 },
			us = { .candidate = { 'U' << 8 | 'S' }, .count = 1 };
	CHECK(places_location(t, &a, 1, 0) == NULL, "not known yet");
	places_locate(t, &a, now_us, 1, 0, &de);
	places_locate(t, &a, now_us, 1, 5, &us);
	const struct location *got = places_location(t, &a, 1, 0);
	CHECK(got != NULL && memcmp(got, &de, sizeof de) == 0, "remembered");
	got = places_location(t, &a, 1, 5);
	CHECK(got != NULL && memcmp(got, &us, sizeof us) == 0, "by site as well");
	CHECK(places_location(t, &a, 1, 6) == NULL && places_location(t, &b, 1, 0) == NULL,
	      "another site, another address");
	CHECK(places_location(t, &a, 2, 0) == NULL, "another generation");
	places_locate(t, &a, now_us, 2, 0, &us);
	got = places_location(t, &a, 2, 0);
	CHECK(got != NULL && memcmp(got, &us, sizeof us) == 0, "of the new one");
	CHECK(places_location(t, &a, 1, 0) == NULL, "the old one is gone");
	for (unsigned i = 0; i < 5000; i++) {
		struct address c = address_from_v4(0x2D000000u + i);
		places_locate(t, &c, now_us, 2, 0, &de);
		CHECK(places_location(t, &c, 2, 0) != NULL, "the newest is always there");
	}
	CHECK(places_evicted(t) == 0, "no place was");
	places_free(t);
}

int main(void)
{
	check_forged();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(&rows[i]);
	check_time();
	check_names();
	check_long_name();
	check_expired_names();
	check_resolvers();
	check_locations();
	places_free(NULL);
	return check_done();
}
