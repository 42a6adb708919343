/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hellos: what one tells, and that nothing done to its segments and records gives another name. */
#include "tls_run.h"

/* ---- the first call on a client's front ---- */
static enum wire_result whole_once(struct span front, struct finding *ret)
{
	static uint8_t *last; /* a match's spans borrow from the copy: it stays until the next call */
	struct tls_memory m = { 0 };
	free(last);
	struct span exact = check_cut(front, front.len);
	last = (uint8_t *)exact.at;
	struct payload p = { .bytes = exact, .at_us = START_US };
	return tls_whole(&p, &m, ret);
}

static void check_prefixes(const char *name, struct span hello)
{
	struct finding f;
	for (size_t n = 0; n < hello.len; n++) {
		enum wire_result got = whole_once(span_of(hello.at, n), &f);
		CHECK(got == WIRE_MORE, "%s cut to %zu: %d", name, n, got);
	}
}

/* RFC 9001 A.2 behind a record header. */
#define RFC_HELLO                                                                                            \
	"010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c0" \
	"00000010000e00000b6578616d706c652e636f6d ff01000100 000a00080006001d00170018 001000070005 "         \
	"04616c706e"                                                                                         \
	"000500050100000000 003300260024 "                                                                   \
	"001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748"                           \
	"002b0003020304 000d0010000e0403050306030203080408050806 002d00020101 001c00024001 "                 \
	"003900320408ffffffffffffffff"                                                                       \
	"05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"

/* ---- extensions, by row: what the hello tells ---- */
static const struct row {
	const char *name, *extensions;
	enum wire_result want;
	const char *host, *alpn;
	unsigned tells; /* beside REQUEST */
} rows[] = {
	{ "no extensions", "", WIRE_MATCH, "", "", 0 },
	{ "a name", "0000 0006 0004 00 0001 61", WIRE_MATCH, "a", "", 0 },
	{ "two names: the first", "0000 000a 0008 00 0001 61 00 0001 62", WIRE_MATCH, "a", "", 0 },
	{ "two extensions: the first", "0000 0006 0004 00 0001 61 0000 0006 0004 00 0001 62", WIRE_MATCH, "a",
	  "", 0 },
	{ "another kind of name", "0000 0006 0004 01 0001 61", WIRE_MATCH, "", "", 0 },
	{ "an address for a name", "0000 000c 000a 00 0007 312e322e332e34", WIRE_MATCH, "", "", 0 },
	{ "NUL in the name", "0000 0008 0006 00 0003 610062", WIRE_MATCH, "", "", 0 },
	{ "blank in the name", "0000 0008 0006 00 0003 612062", WIRE_MATCH, "", "", 0 },
	{ "dot at the end", "0000 0007 0005 00 0002 612e", WIRE_MATCH, "", "", 0 },
	{ "empty name", "0000 0005 0003 00 0000", WIRE_MATCH, "", "", 0 },
	{ "ALPN", "0010 0005 0003 02 6832", WIRE_MATCH, "", "h2", 0 },
	{ "ALPN, GREASE first", "0010 0008 0006 02 1a1a 02 6832", WIRE_MATCH, "", "h2", 0 },
	{ "ALPN, GREASE only", "0010 0005 0003 02 fafa", WIRE_MATCH, "", "", 0 },
	{ "name list too long", "0000 0006 0005 00 0001 61", WIRE_BROKEN, "", "", 0 },
	{ "name too long", "0000 0006 0004 00 0002 61", WIRE_BROKEN, "", "", 0 },
	{ "bytes behind the names", "0000 0007 0004 00 0001 61 00", WIRE_BROKEN, "", "", 0 },
	{ "empty name list", "0000 0002 0000", WIRE_BROKEN, "", "", 0 },
	{ "ALPN too long", "0010 0005 0003 03 6832", WIRE_BROKEN, "", "", 0 },
	{ "ALPN, bytes behind", "0010 0006 0003 02 6832 00", WIRE_BROKEN, "", "", 0 },
	{ "extension too long", "0017 0001", WIRE_BROKEN, "", "", 0 },
	{ "half an extension", "0017 00", WIRE_BROKEN, "", "", 0 },
};

static void check_row(const struct row *r)
{
	struct finding f = { .tells = 0xFFFF };
	struct span extensions = check_hex(r->extensions);
	struct build hello = client_hello(extensions);
	enum wire_result got = whole_once(whole_of(&hello), &f);
	CHECK(got == r->want, "%s: %d", r->name, got);
	CHECK(got == WIRE_MATCH || f.tells == 0xFFFF, "%s: written", r->name);
	if (got == WIRE_MATCH) {
		bool named = r->host[0] != '\0';
		CHECK(f.tells == (TELLS_REQUEST | r->tells), "%s: tells %u", r->name, f.tells);
		CHECK(f.evidence == (named ? EV_SNI : EV_PAYLOAD), "%s: evidence %u", r->name, f.evidence);
		CHECK(f.name_count == named && (!named || span_equal(f.name[0], span_text(r->host))), "%s",
		      r->name);
		CHECK(span_equal(f.text[TEXT_ALPN], span_text(r->alpn)), "%s: ALPN", r->name);
	}
	free((void *)extensions.at);
}

/* As QUIC gives it: the message alone, which must end where it says. */
static void check_message(void)
{
	struct tls_hello hello = { .version = 7 };
	struct build e = { .len = 0 };
	put_name(&e, BYTES("a.example"));
	struct build m = client_message(whole_of(&e));
	CHECK(tls_parse_client_hello(whole_of(&m), &hello) == WIRE_MATCH && hello.version == 0x0303, "whole");
	CHECK(span_equal(hello.server_name, BYTES("a.example")) && !hello.ech, "its name");
	hello.version = 7;
	CHECK(tls_parse_server_hello(whole_of(&m), &hello) == WIRE_OTHER && hello.version == 7,
	      "no ServerHello");
	for (size_t n = 1; n < m.len; n++) {
		struct span cut = check_cut(whole_of(&m), n);
		CHECK(tls_parse_client_hello(cut, &hello) == WIRE_BROKEN && hello.version == 7, "cut to %zu",
		      n);
		free((void *)cut.at);
	}
	m.len++;
	CHECK(tls_parse_client_hello(whole_of(&m), &hello) == WIRE_BROKEN, "a byte behind");
}

static void check_cover(const char *name, bool ech, bool want)
{
	struct finding f = { 0 };
	struct build e = { .len = 0 };
	put_name(&e, span_text(name));
	if (ech)
		put_hex(&e, "fe0d 0004 00000000");
	struct build hello = client_hello(whole_of(&e));
	CHECK(whole_once(whole_of(&hello), &f) == WIRE_MATCH, "%s", name);
	CHECK((f.tells & TELLS_HIDDEN ? 1 : 0) == want, "%s %d", name, ech);
	CHECK(f.number_count == ech && (!ech || f.number[0] == TLS_ECH), "%s %d", name, ech);
	CHECK(f.name_count == 1, "%s: the name is told all the same", name);
}

/* ---- fronts, whole, in hexadecimal ---- */
static const struct front {
	const char *name, *hex;
	enum wire_result want;
} fronts[] = {
	{ "least hello", "16 0301 002d 01 000029 0301" RANDOM "00 0002 0018 01 00", WIRE_MATCH },
	{ "SSL 3.0", "16 0300 002d 01 000029 0300" RANDOM "00 0002 0018 01 00", WIRE_MATCH },
	{ "no suites", "16 0301 002b 01 000027 0301" RANDOM "00 0000 01 00", WIRE_BROKEN },
	{ "odd suites", "16 0301 002e 01 00002a 0301" RANDOM "00 0003 001800 01 00", WIRE_BROKEN },
	{ "no compression", "16 0301 002c 01 000028 0301" RANDOM "00 0002 0018 00", WIRE_BROKEN },
	{ "version 2", "16 0301 002d 01 000029 0201" RANDOM "00 0002 0018 01 00", WIRE_BROKEN },
	{ "session id of 33", "16 0301 004e 01 00004a 0301" RANDOM "21" RANDOM "00 0002 0018 01 00",
	  WIRE_BROKEN },
	{ "a byte behind", "16 0301 002e 01 00002a 0301" RANDOM "00 0002 0018 01 00 00", WIRE_BROKEN },
	{ "a byte behind the extensions", "16 0301 0030 01 00002c 0301" RANDOM "00 0002 0018 01 00 0000 00",
	  WIRE_BROKEN },
	{ "too short for its random", "16 0301 0006 01 000002 0301", WIRE_BROKEN },
	{ "another record inside", "16 0301 0004 01 000029 17 0303 0001 00", WIRE_BROKEN },
	{ "another record in the head", "16 0301 0003 01 0000 17 0303 0001 00", WIRE_BROKEN },
	{ "record of no bytes", "16 0301 0000 16 0301 002d 01 000029", WIRE_BROKEN },
	{ "record too long", "16 0301 4001 01 000029", WIRE_BROKEN },
	{ "hello too long", "16 0301 4000 01 004001", WIRE_BROKEN },
	{ "handshake broken later", "16 0301 0004 01 000029 16 0501 0029", WIRE_BROKEN },
	{ "SSLv2 hello", "80 46 01 03 01 00 2d 00 00 00 10", WIRE_OTHER },
	{ "data record", "17 0303 0020 00", WIRE_OTHER },
	{ "another major version", "16 02", WIRE_OTHER },
	{ "another minor version", "16 0305", WIRE_OTHER },
	{ "DTLS", "16 fefd 0000", WIRE_OTHER },
	{ "Finished in the middle of a flow", "16 0303 0010 14 00000c", WIRE_OTHER },
	{ "HTTP", "474554202f20485454502f312e310d0a", WIRE_OTHER },
	{ "nothing yet", "", WIRE_MORE },
	{ "ServerHello before any ClientHello", "16 0301 002a 02 000026 0301" RANDOM "00 0018 00",
	  WIRE_MORE },
};

static void check_front(const struct front *t)
{
	struct finding f;
	struct span front = check_hex(t->hex);
	enum wire_result got = whole_once(front, &f);
	CHECK(got == t->want, "%s: %d", t->name, got);
	if (t->want == WIRE_MATCH)
		check_prefixes(t->name, front);
	free((void *)front.at);
}

static void check_modern(void)
{
	struct finding f = { 0 };
	for (int last = 0; last < 2; last++) {
		struct build hello = modern_hello(last);
		CHECK(hello.len > 2000 && whole_once(whole_of(&hello), &f) == WIRE_MATCH, "modern");
		CHECK(f.name_count == 1 && span_equal(f.name[0], BYTES("modern.example")),
		      "the first of two");
		CHECK(span_equal(f.text[TEXT_ALPN], BYTES("h2")) && f.evidence == EV_SNI, "ALPN, evidence");
		CHECK(f.number_count == 1 && f.number[0] == TLS_ECH && f.tells == TELLS_REQUEST,
		      "GREASE ECH hides nothing");
		check_prefixes("modern", whole_of(&hello));
	}
	struct build rfc = { .len = 0 };
	put_hex(&rfc, "16 0301 00f1" RFC_HELLO);
	CHECK(rfc.len == 246 && whole_once(whole_of(&rfc), &f) == WIRE_MATCH, "RFC 9001 A.2");
	CHECK(f.name_count == 1 && span_equal(f.name[0], BYTES("example.com")), "its name");
	CHECK(span_equal(f.text[TEXT_ALPN], BYTES("alpn")), "its protocol");
	check_prefixes("RFC 9001 A.2", whole_of(&rfc));
}

/* ---- real hellos, mistreated: the same name or none, never another ---- */
static const struct real {
	const char *file, *host, *alpn;
	bool ech;
} reals[] = {
	{ "zoom-client", "zoomam105zc.zoom.us", "", false },
	{ "zoom-log", "log.zoom.us", "http/1.1", false },
	{ "chrome-old", "www.googletagmanager.com", "h2", false },
	{ "teams", "teams.microsoft.com", "h2", false },
	{ "teams-login", "login.microsoftonline.com", "h2", false },
	{ "teams-relay", "", "", false },
	{ "webex-app", "radcom.webex.com", "", false },
	{ "webex-probe", "", "", false },
	{ "chrome-ech", "performance.radar.cloudflare.com", "h2", true },
	{ "huge", "", "h2", false },
	{ "discord", "discord.com", "h2", false },
	{ "signal", "textsecure-service.whispersystems.org", "h2", false },
	{ "iphone", "gspe35-ssl.ls.apple.com", "h2", false },
	{ "dingtalk", "static.dingtalk.com", "h2", false },
	{ "wechat", "web.wechat.com", "h2", false },
	{ "firefox", "www.ntop.org", "h2", false },
	{ "doh", "", "h2", false },
	{ "apple-zeek", "xp.apple.com", "h2", false },
};
static struct {
	unsigned ways, same, undecided, other;
} figure;

enum must { MUST_DECIDE, MAY_DECIDE };

static void judge(const struct real *t, struct run *r, enum must must, const char *how, size_t at)
{
	bool decided = r->tells & TELLS_REQUEST;
	bool same = decided && strcmp(r->name, t->host) == 0 && strcmp(r->alpn, t->alpn) == 0;
	figure.ways++;
	figure.same += same;
	figure.undecided += !decided;
	figure.other += decided && !same;
	CHECK(!decided || same, "%s %s at %zu: %s", t->file, how, at, r->name);
	CHECK(decided || must == MAY_DECIDE, "%s %s at %zu: undecided", t->file, how, at);
	CHECK(r->matches <= 1, "%s %s: told once", t->file, how);
	CHECK(!decided || (r->number == TLS_ECH) == t->ech, "%s %s: ECH", t->file, how);
	run_end(r);
}

static void feed_part(struct run *r, struct span whole, size_t from, size_t to)
{
	if (to > from)
		run_segment(r, TO_SERVER, (uint32_t)from, part(whole, from, to));
}

/* Two segments; and with other bytes laid over the cut before, between and after them. */
static void cut_in_two(const struct real *t, struct streams *pool, struct span hello, size_t cut)
{
	uint8_t forged[64];
	size_t from = cut > 16 ? cut - 16 : 0, to = cut + 16 < hello.len ? cut + 16 : hello.len;
	for (size_t i = from; i < to; i++)
		forged[i - from] = hello.at[i] ^ 4;
	for (int forge = 0; forge < 4; forge++) {
		for (int swap = 0; swap < 2; swap++) {
			struct run r;
			struct span lie = span_of(forged, to - from);
			run_start(&r, pool);
			if (forge == 1)
				run_segment(&r, TO_SERVER, (uint32_t)from, lie);
			feed_part(&r, hello, swap ? cut : 0, swap ? hello.len : cut);
			if (forge == 2)
				run_segment(&r, TO_SERVER, (uint32_t)from, lie);
			feed_part(&r, hello, swap ? 0 : cut, swap ? cut : hello.len);
			if (forge == 3)
				run_segment(&r, TO_SERVER, (uint32_t)from, lie);
			judge(t, &r, forge == 0 || forge == 3 ? MUST_DECIDE : MAY_DECIDE, "cut", cut);
		}
	}
}

static void overlap_alike(const struct real *t, struct streams *pool, struct span hello, size_t cut)
{
	struct run r;
	run_start(&r, pool);
	feed_part(&r, hello, cut / 2, hello.len);
	feed_part(&r, hello, cut / 3, cut);
	feed_part(&r, hello, 0, cut);
	feed_part(&r, hello, 0, hello.len);
	judge(t, &r, MUST_DECIDE, "overlap", cut);
}

static void by_single_bytes(const struct real *t, struct streams *pool, struct span hello)
{
	for (size_t stride = 1; stride < 400;
	     stride = stride * 3 + 2) { /* 1: in order; else jumps over many holes */
		struct run r;
		run_start(&r, pool);
		for (int again = 0; again < 2; again++) /* a sender repeats what got lost */
			for (size_t start = 0; start < stride; start++)
				for (size_t i = start; i < hello.len; i += stride)
					feed_part(&r, hello, i, i + 1);
		judge(t, &r, stride == 1 ? MUST_DECIDE : MAY_DECIDE, "bytes by stride", stride);
	}
	struct run r;
	run_start(&r, pool);
	for (size_t i = hello.len; i > 0; i--)
		feed_part(&r, hello, i - 1, i);
	judge(t, &r, MUST_DECIDE, "bytes backwards", 0);
}

static void by_records(const struct real *t, struct streams *pool, struct span hello)
{
	struct span message = part(hello, 5, hello.len);
	for (size_t first = 1; first<message.len; first += hello.len> 2000 ? 37 : 1) {
		struct build two = in_records(message, first, 16384);
		struct run r;
		run_start(&r, pool);
		run_segment(&r, TO_SERVER, 0, whole_of(&two));
		judge(t, &r, MUST_DECIDE, "two records", first);
	}
	if (message.len * 6 > STREAM_BYTES)
		return;
	struct build ones = in_records(message, 0, 1);
	struct run r;
	run_start(&r, pool);
	run_segment(&r, TO_SERVER, 0, whole_of(&ones));
	judge(t, &r, MUST_DECIDE, "records of one byte", 0);
	run_start(&r, pool);
	for (size_t i = 0; i < ones.len; i++)
		feed_part(&r, whole_of(&ones), i, i + 1);
	judge(t, &r, MUST_DECIDE, "records of one byte, bytes", 0);
}

static void check_real(const struct real *t, struct streams *pool)
{
	struct span hello = vector_hex("tls", t->file);
	size_t step = hello.len > 2000 ? 13 : 1;
	check_prefixes(t->file, part(hello, 0, hello.len < 700 ? hello.len : 700));
	for (size_t cut = 1; cut < hello.len; cut += step) {
		cut_in_two(t, pool, hello, cut);
		overlap_alike(t, pool, hello, cut);
	}
	by_single_bytes(t, pool, hello);
	by_records(t, pool, hello);
	free((void *)hello.at);
}

int main(void)
{
	struct streams *pool = streams_new(2);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(&rows[i]);
	for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
		check_front(&fronts[i]);
	check_cover("cloudflare-ech.com", true, true);
	check_cover("Cloudflare-ECH.com", true, true);
	check_cover("cloudflare-ech.com", false, false);
	check_cover("cloudflare-ech.con", true, false);
	check_cover("cloudflare.com", true, false);
	check_modern();
	check_message();
	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
		check_real(&reals[i], pool);
	CHECK(streams_taken(pool) == 0, "every view was given back");
	streams_free(pool);
	printf("hellos mistreated in %u ways: %u the same name, %u undecided, %u another\n", figure.ways,
	       figure.same, figure.undecided, figure.other);
	return check_done();
}
