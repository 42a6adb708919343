/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections: what is told at which step, in whatever segments it comes. */
#include "tls_run.h"

/* ---- whole connections, step by step ---- */
enum { STEPS = 16 };
enum body {
	HEX,
	CLIENT_HELLO,
	FLIGHT_1_2,
	FLIGHT_NO_NAME,
	MODERN
}; /* what a step sends: its text, or something built */
struct step {
	uint8_t way;
	enum body body;
	const char *hex;
	uint64_t later_us; /* after the step before */
	unsigned tells;
};
#define SERVER_HELLO_1_2 "16 0303 002a 02 000026 0303" RANDOM "00 c02f 00"
#define SERVER_HELLO_1_3 "16 0303 0032 02 00002e 0303" RANDOM "00 1301 00 0006 002b 0002 0304"
#define RETRY_RANDOM "cf21ad74e59a6111be1d8c021e65b891 c2a211167abb8c5e079e09e2c8a8339c"
#define RETRY "16 0303 0032 02 00002e 0303" RETRY_RANDOM "00 1301 00 0006 002b 0002 0304"
#define CCS "14 0303 0001 01"
#define FINISHED "16 0303 0004 01020304" /* sealed: its bytes mean nothing */
#define DATA "17 0303 0003 aabbcc"
#define ALERT "15 0303 0002 0170"
static const struct session {
	const char *name;
	unsigned evidence, hosts; /* in all; hosts of the certificate */
	struct step step[STEPS];
} sessions[] = {
	{ "TLS 1.2",
	  EV_SNI | EV_ANSWER | EV_CERT,
	  3,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, FLIGHT_1_2, NULL, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, "16 0303 0004 10000000" CCS FINISHED, 0, 0 },
	    { TO_CLIENT, HEX, CCS, 0, 0 },
	    { TO_CLIENT, HEX, FINISHED, 0, TELLS_ENCRYPTED },
	    { TO_SERVER, HEX, DATA, 0, 0 },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_DATA },
	    { TO_SERVER, HEX, DATA, 1000000, 0 },
	    { TO_CLIENT, HEX, DATA, 0, 0 },
	    { TO_SERVER, HEX, DATA, 1, 0 },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_LASTING },
	    { TO_CLIENT, HEX, DATA, 9000000, 0 } } },
	{ "TLS 1.2, the client never goes on",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, FLIGHT_1_2, NULL, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, "16 0303 0004 10000000" CCS, 0, 0 },
	    { TO_CLIENT, HEX, CCS FINISHED, 0, 0 },
	    { TO_CLIENT, HEX, DATA, 2000000, 0 } } },
	{ "TLS 1.2, the server never goes on",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, FLIGHT_1_2, NULL, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS FINISHED DATA, 0, 0 },
	    { TO_CLIENT, HEX, ALERT, 0, 0 },
	    { TO_SERVER, HEX, DATA, 2000000, 0 } } },
	{ "TLS 1.2, client's end seen late",
	  EV_SNI | EV_ANSWER | EV_CERT,
	  3,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, FLIGHT_1_2, NULL, 0, TELLS_ANSWER },
	    { TO_CLIENT, HEX, CCS FINISHED, 0, 0 },
	    { TO_SERVER, HEX, CCS FINISHED, 0, TELLS_ENCRYPTED },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_ENCRYPTED } } }, /* once more, with the names */
	{ "TLS 1.2 resumed",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_2 CCS FINISHED, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS FINISHED DATA, 0, TELLS_ENCRYPTED },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_DATA } } },
	{ "TLS 1.2, a certificate without names",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, FLIGHT_NO_NAME, NULL, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS FINISHED, 0, 0 },
	    { TO_CLIENT, HEX, CCS FINISHED, 0, TELLS_ENCRYPTED } } },
	{ "a warning before the server's hello",
	  EV_SNI | EV_ANSWER | EV_CERT,
	  3,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, ALERT, 0, 0 },
	    { TO_CLIENT, FLIGHT_1_2, NULL, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS FINISHED, 0, 0 },
	    { TO_CLIENT, HEX, CCS FINISHED, 0, TELLS_ENCRYPTED } } },
	{ "TLS 1.3",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_3 CCS DATA DATA, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS DATA, 0, TELLS_ENCRYPTED }, /* Finished */
	    { TO_CLIENT, HEX, DATA, 0, 0 },                   /* tickets */
	    { TO_SERVER, HEX, DATA, 0, 0 },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_DATA },
	    { TO_SERVER, HEX, DATA, 1000001, 0 },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_LASTING } } },
	{ "TLS 1.3, no answer to the data",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_3 CCS DATA DATA, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS DATA DATA, 0, TELLS_ENCRYPTED },
	    { TO_SERVER, HEX, DATA, 2000000, 0 } } },
	{ "TLS 1.3, slow Finished and tickets only",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_3 CCS DATA, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS DATA, 2000000, TELLS_ENCRYPTED },
	    { TO_CLIENT, HEX, DATA, 0, 0 } } },
	{ "TLS 1.3 with early data, refused",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_SERVER, HEX, CCS DATA DATA DATA, 0, 0 },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_3 CCS DATA, 0, TELLS_ANSWER },
	    { TO_CLIENT, HEX, DATA, 0, 0 } } },
	{ "HelloRetryRequest",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, RETRY CCS, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, CCS, 0, 0 },
	    { TO_SERVER, MODERN, NULL, 0, 0 },
	    { TO_CLIENT, HEX, SERVER_HELLO_1_3 DATA, 0, 0 },
	    { TO_SERVER, HEX, DATA, 0, TELLS_ENCRYPTED },
	    { TO_SERVER, HEX, DATA, 0, 0 },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_DATA } } },
	{ "the server's hello seen first",
	  EV_SNI | EV_ANSWER,
	  0,
	  { { TO_CLIENT, HEX, SERVER_HELLO_1_3 CCS, 0, 0 },
	    { TO_SERVER, MODERN, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, DATA, 0, TELLS_ANSWER },
	    { TO_SERVER, HEX, DATA, 0, TELLS_ENCRYPTED } } },
	{ "hellos of two clients",
	  EV_SNI,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST }, { TO_CLIENT, MODERN, NULL, 0, 0 } } },
	{ "a broken answer",
	  EV_SNI,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, "16 0303 002b 02 000027 0303" RANDOM "00 c02f 00 00", 0, 0 } } },
	{ "something else after the hello",
	  EV_SNI,
	  0,
	  { { TO_SERVER, CLIENT_HELLO, NULL, 0, TELLS_REQUEST },
	    { TO_CLIENT, HEX, "485454502f312e31203430300d0a", 0, 0 } } },
};

/* ServerHello, Certificate and ServerHelloDone, in records of 100 bytes. */
static struct build flight_1_2(const char *certificate)
{
	static struct build m;
	struct span leaf = vector_hex("certificate", certificate);
	m.len = 0;
	put_hex(&m, "02 000026 0303" RANDOM "00 c02f 00");
	put_hex(&m, "0b"), put_uint(&m, 3, leaf.len + 6), put_uint(&m, 3, leaf.len + 3);
	put_uint(&m, 3, leaf.len), put(&m, leaf);
	put_hex(&m, "0e 000000");
	free((void *)leaf.at);
	return in_records(whole_of(&m), 0, 100);
}

static struct build build_step(const struct step *t)
{
	struct build b = { .len = 0 };
	if (t->body == CLIENT_HELLO)
		return named_hello("a.example");
	if (t->body == MODERN)
		return modern_hello(true);
	if (t->body == FLIGHT_1_2)
		return flight_1_2("san");
	if (t->body == FLIGHT_NO_NAME)
		return flight_1_2("webrtc");
	put_hex(&b, t->hex);
	return b;
}

static bool is_step(const struct step *t)
{
	return t->body != HEX || t->hex != NULL;
}

static void check_session(const struct session *t, struct streams *pool)
{
	struct run r;
	uint32_t at[2] = { 0, 0 };
	run_start(&r, pool);
	for (size_t i = 0; i < STEPS && is_step(&t->step[i]); i++) {
		const struct step *s = &t->step[i];
		struct build b = build_step(s);
		r.at_us += s->later_us;
		run_segment(&r, s->way, at[s->way], whole_of(&b));
		CHECK(r.last_tells == s->tells, "%s, step %zu: tells %u", t->name, i, r.last_tells);
		at[s->way] += (uint32_t)b.len;
	}
	CHECK(r.evidence == t->evidence, "%s: evidence %u", t->name, r.evidence);
	CHECK(r.hosts == t->hosts && (t->hosts == 0 || strcmp(r.leaf, "a.example") == 0), "%s: %u hosts",
	      t->name, r.hosts);
	run_end(&r);
}

/* The same connection in segments of n bytes, each sent twice, or in pairs that change places. */
static void check_segments(const struct session *t, struct streams *pool, size_t n, bool swap)
{
	struct run r;
	uint32_t at[2] = { 0, 0 };
	unsigned want = 0;
	run_start(&r, pool);
	for (size_t i = 0; i < STEPS && is_step(&t->step[i]); i++) {
		const struct step *s = &t->step[i];
		struct build b = build_step(s);
		r.at_us += s->later_us;
		want |= s->tells;
		for (size_t k = 0; k * n < b.len; k++) {
			size_t last = (b.len - 1) / n, which = swap && (k ^ 1) <= last ? k ^ 1 : k;
			size_t from = which * n, to = from + n < b.len ? from + n : b.len;
			for (int twice = 0; twice < 2; twice++)
				run_segment(&r, s->way, at[s->way] + (uint32_t)from,
					    part(whole_of(&b), from, to));
		}
		at[s->way] += (uint32_t)b.len;
	}
	const char *how = swap ? " swapped" : "";
	if (swap && n < 12) /* headers torn apart and out of order: less may be seen, never more */
		want &= r.tells;
	CHECK(r.tells == want, "%s by %zu%s: tells %u", t->name, n, how, r.tells);
	CHECK((r.evidence & ~t->evidence) == 0 && r.hosts <= t->hosts, "%s by %zu%s: too much", t->name, n,
	      how);
	CHECK(r.evidence == t->evidence || (swap && n < 12), "%s by %zu%s: evidence %u", t->name, n, how,
	      r.evidence);
	run_end(&r);
}

/* ---- following records far behind the views ---- */
static struct tls_memory answered(uint32_t next)
{
	struct tls_memory m = { .client = 1,
				.told = TELLS_REQUEST | TELLS_ANSWER | TELLS_ENCRYPTED | TELLS_DATA,
				.answered_us = START_US };
	for (size_t way = 0; way < 2; way++) {
		m.way[way].main.next = next;
		m.way[way].data = 1;
	}
	return m;
}

static bool lasts(struct tls_memory *m, uint8_t way, uint32_t at, struct span bytes)
{
	struct finding f;
	struct span exact = check_cut(bytes, bytes.len);
	struct payload p = { .bytes = exact, .at_us = START_US + 2000000, .offset = at, .from_hi = way };
	bool is = tls_recognise(&p, m, &f) == WIRE_MATCH && f.tells == TELLS_LASTING && f.evidence == 0;
	free((void *)exact.at);
	return is;
}

static void check_follow(uint32_t next)
{
	struct span record = BYTES("\x17\x03\x03\x00\x03\xaa\xbb\xcc"),
		    junk = BYTES("\xaa\xbb\xcc\xdd\xee\xff");
	struct tls_memory m = answered(next);
	CHECK(!lasts(&m, 0, next, record) && lasts(&m, 1, next, record), "one record each");
	CHECK(!lasts(&m, 0, next + 8, record), "told once");

	for (size_t cut = 1; cut < record.len; cut++) { /* the second way's header over two segments */
		m = answered(next);
		lasts(&m, 0, next, record);
		bool early = lasts(&m, 1, next, part(record, 0, cut));
		bool late = lasts(&m, 1, next + (uint32_t)cut, part(record, cut, record.len));
		CHECK(early == (cut >= 5) && late == (cut < 5), "cut at %zu", cut);
	}
	m = answered(next);
	lasts(&m, 0, next, record);
	CHECK(!lasts(&m, 1, next - 8, record), "what came before comes again");
	CHECK(!lasts(&m, 1, next - 3, junk) && !lasts(&m, 1, next + 3, record),
	      "no header where one should be");
	CHECK(!lasts(&m, 1, next + 3 + 8, junk), "still none");
	CHECK(lasts(&m, 1, next + 3 + 14, record), "a segment that begins with one");
	m = answered(next);
	lasts(&m, 0, next, record);
	CHECK(!lasts(&m, 1, next + 1000, junk), "a gap, then the middle of a record");
	CHECK(lasts(&m, 1, next + 5000, record), "a gap, then a record");
	m = answered(next);
	lasts(&m, 0, next, record);
	CHECK(!lasts(&m, 1, next + 8, BYTES("\x16\x03\x03\x00\x01\xaa")) && lasts(&m, 1, next, record),
	      "the gap is filled");
	struct span again = BYTES("\x17\x03\x03\x00\x03\xaa\xbb\xcc\x17\x03\x03\x00\x03\xaa\xbb\xcc");
	m = answered(next);
	lasts(&m, 1, next + 8, record), lasts(&m, 1, next, record), lasts(&m, 1, next, again);
	CHECK(m.way[1].data == 3, "both records counted once: %u", m.way[1].data - 1u);
	m = answered(next);
	lasts(&m, 0, next, record);
	CHECK(!lasts(&m, 1, next, BYTES("\x16\x03\x03\x48\x00\xaa")), "the longest record");
	CHECK(!lasts(&m, 1, next + 6, record) && !lasts(&m, 1, next + 5 + 0x4800 - 8, record),
	      "its inside is no record");
	CHECK(lasts(&m, 1, next + 5 + 0x4800, record), "what is behind it is");
}

/* A missing segment is waited for, but not for ever. */
static void check_hole(size_t records, bool waits)
{
	struct span record = BYTES("\x17\x03\x03\x00\x03\xaa\xbb\xcc"),
		    long_one = BYTES("\x16\x03\x03\x40\x00");
	struct tls_memory m = answered(100);
	uint32_t at = 108;
	for (size_t i = 0; i < records; i++, at += 5 + 0x4000)
		lasts(&m, 1, at, long_one);
	lasts(&m, 1, 100, record);
	CHECK(m.way[1].data == (waits ? 2 : 1), "after %zu records", records);
}

int main(void)
{
	struct streams *pool = streams_new(2);
	for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
		check_session(&sessions[i], pool);
		for (size_t n = 1; n < 200; n += n < 12 ? 1 : 37) {
			check_segments(&sessions[i], pool, n, false);
			check_segments(&sessions[i], pool, n, true);
		}
	}
	check_follow(0);
	check_follow(100000);
	check_follow(UINT32_MAX - 3);
	check_hole(2, true);
	check_hole(63, true);
	check_hole(65, false);
	streams_free(pool);
	return check_done();
}
