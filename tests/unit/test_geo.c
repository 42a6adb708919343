/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"
#include "book/writer.h"
#include "check.h"
#include "geo/geo.h"

enum { ZOOM = 2, SEATLESS = 3 };
enum { MMDB, IPFIRE, AWS, AZURE, OWN, LATER, ASNS, SOURCES };

static const struct source_row {
	enum kind kind;
	uint8_t has;
} source_rows[SOURCES] = {
	[MMDB] = { KIND_DATABASE, SOURCE_HAS_COUNTRY | SOURCE_HAS_ASN | SOURCE_HAS_REGISTERED },
	[IPFIRE] = { KIND_DATABASE, SOURCE_HAS_COUNTRY },
	[AWS] = { KIND_PROVIDER, SOURCE_HAS_COUNTRY },
	[AZURE] = { KIND_PROVIDER, SOURCE_HAS_COUNTRY },
	[OWN] = { KIND_OVERRIDE, SOURCE_HAS_COUNTRY },
	[LATER] = { KIND_OVERRIDE, SOURCE_HAS_COUNTRY },
	[ASNS] = { KIND_DATABASE, SOURCE_HAS_ASN },
};

/* In the order of sources; within one as they come, since the writer sorts. */
static const struct range_row {
	unsigned source;
	const char *prefix, *says, *registered;
	uint32_t asn;
} range_rows[] = {
	/* clang-format off */
	{ MMDB, "52.81.0.0/16", "CN", "", 55960 },
	{ MMDB, "109.94.160.0/24", "NL", "", 0 },
	{ MMDB, "170.114.0.0/16", "US", "", 30103 },
	{ MMDB, "103.122.166.0/23", "AU", "", 0 },
	{ MMDB, "203.0.113.0/24", "JP", "", 64500 },
	{ MMDB, "198.51.100.0/24", "", "US", 64501 },
	{ MMDB, "3.7.35.0/24", "IN", "", 0 },
	{ MMDB, "5.5.5.0/24", "FR", "", 0 },
	{ MMDB, "6.6.6.0/24", "", "", 0 },
	{ MMDB, "10.1.0.0/16", "US", "", 0 },
	{ MMDB, "2001:db8:4::/48", "TW", "", 64502 },
	{ IPFIRE, "52.81.0.0/16", "CN", "", 0 },
	{ IPFIRE, "109.94.160.0/24", "NL", "", 0 },
	{ IPFIRE, "213.19.144.0/24", "GB", "", 0 },
	{ IPFIRE, "5.5.5.0/24", "BE", "", 0 },
	{ IPFIRE, "0.0.0.0/8", "ZZ", "", 0 },
	{ IPFIRE, "255.255.255.0/24", "ZZ", "", 0 },
	{ IPFIRE, "9.9.9.9/32", "CH", "", 0 },
	{ AWS, "52.80.0.0/15", "", "", 0 },
	{ AWS, "52.81.0.0/16", "CN", "", 0 },
	{ AWS, "52.81.128.0/17", "DE", "", 0 },
	{ AWS, "52.81.130.0/24", "FR", "", 0 },
	{ AWS, "3.0.0.0/8", "", "", 0 },
	{ AWS, "3.7.0.0/16", "IN", "", 0 },
	{ AWS, "2001:db8:5::/48", "DE", "", 16509 },
	{ AWS, "2001:db8:5:8000::/49", "IE", "", 0 },
	{ AZURE, "3.7.35.128/25", "SG", "", 0 },
	{ OWN, "203.0.113.0/24", "TW", "", 0 },
	{ OWN, "203.0.113.128/25", "HK", "", 0 },
	{ OWN, "10.1.0.0/16", "TW", "", 0 },
	{ OWN, "3.7.36.0/24", "", "", 0 },
	{ LATER, "203.0.113.0/24", "CN", "", 0 },
	{ LATER, "6.6.6.0/24", "MO", "", 0 },
	{ ASNS, "213.19.144.0/24", "", "", 3356 },
	{ ASNS, "52.81.0.0/16", "", "", 1 },
	/* clang-format on */
};

static struct book_range6 range6_of(const struct range_row *r)
{
	struct prefix p = { 0 };
	CHECK(prefix_parse(span_text(r->prefix), &p, NULL), "%s", r->prefix);
	return (struct book_range6){ .first = p.at,
				     .last = prefix_last(&p),
				     .asn = r->asn,
				     .says = country_from(span_text(r->says)),
				     .registered = country_from(span_text(r->registered)) };
}

static void write_ranges(struct book_writer *w, unsigned source, struct book_source *s)
{
	s->first4 = book_written(w, BOOK_RANGE4), s->first6 = book_written(w, BOOK_RANGE6);
	for (size_t i = 0; i < sizeof range_rows / sizeof range_rows[0]; i++) {
		if (range_rows[i].source != source)
			continue;
		struct book_range6 r = range6_of(&range_rows[i]);
		if (!address_is_v4(&r.first)) {
			book_write(w, BOOK_RANGE6, &r);
			continue;
		}
		struct book_range4 r4 = {
			address_v4(&r.first), address_v4(&r.last), 0, r.asn, r.says, r.registered, { 0, 0 }
		};
		book_write(w, BOOK_RANGE4, &r4);
	}
	s->count4 = book_written(w, BOOK_RANGE4) - s->first4,
	s->count6 = book_written(w, BOOK_RANGE6) - s->first6;
}

static uint8_t *book_make(struct book *ret)
{
	struct book_writer *w = book_writer_new();
	struct book_service zoom = { .name = book_write_text(w, BYTES("zoom")),
				     .seat = country_from(BYTES("US")) };
	struct book_service seatless = { .name = book_write_text(w, BYTES("seatless")) };
	book_write(w, BOOK_SERVICE, &zoom);
	book_write(w, BOOK_SERVICE, &seatless);
	for (unsigned i = 0; i < SOURCES; i++) {
		struct book_source s = { .kind = (uint8_t)source_rows[i].kind, .has = source_rows[i].has };
		write_ranges(w, i, &s);
		book_write(w, BOOK_SOURCE, &s);
	}
	uint8_t *image = NULL;
	size_t bytes = 0;
	const char *why = "";
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0, "the book is written");
	CHECK(book_open(span_of(image, bytes), ret, &why) == 0, "the book opens: %s", why);
	book_writer_free(w);
	return image;
}

/* ---- a location in words: certainty, candidates with their kinds, then each source ---- */

static void say_kinds(struct text *t, unsigned kinds)
{
	static const char letters[] = "opsd";
	for (unsigned i = 0; i < 4; i++)
		if ((kinds >> i & 1) != 0)
			text_printf(t, "%c", letters[i]);
}

static void say_location(struct text *t, const struct location *l)
{
	static const char *const whys[] = { "",        " provider", " registrant", " anycast", " overridden",
					    " unsure", " none" };
	char two[3];
	text_put(t, word_name(WORDS_CERTAINTY, l->certainty));
	for (unsigned i = 0; i < l->count; i++) {
		text_printf(t, " %s=", country_text(l->candidate[i], two));
		say_kinds(t, l->kinds[i]);
	}
	for (unsigned i = 0; i < l->source_count; i++) {
		const struct location_source *s = &l->source[i];
		text_printf(t, "%s%s%u", i == 0 ? "; " : ", ", s->counted ? "+" : "-", s->source);
		say_kinds(t, s->kind);
		text_printf(t, " %s%s", country_text(s->says, two), whys[s->why]);
	}
}

#define SITE(two, ...)                                                                        \
	{                                                                                     \
		.service = ZOOM, .site = (two)[0] << 8 | (two)[1], .site_row = 7, __VA_ARGS__ \
	}
#define WIDE .in_prefix = true, .prefix_place = PREFIX_VENDOR_WIDE
#define ANYCAST .in_prefix = true, .prefix_place = PREFIX_ANYCAST
#define UNSURE .site_unsure = true

static const struct row {
	const char *at, *want;
	uint32_t asn;
	struct match m;
} rows[] = {
	/* clang-format off */
	/* one kind, two kinds, several */
	{ "103.122.166.1", "plausible AU=d; +0d AU", 0, { 0 } },
	{ "109.94.160.99", "plausible NL=d; +0d NL, +1d NL", 0, { 0 } }, /* two databases are one kind */
	{ "5.5.5.5", "disputed FR=d BE=d; +0d FR, +1d BE", 0, { 0 } },
	{ "8.8.8.8", "none", 0, { 0 } },
	{ "9.9.9.9", "plausible CH=d; +1d CH", 0, { 0 } },
	{ "9.9.9.8", "none", 0, { 0 } },
	{ "9.9.9.10", "none", 0, { 0 } },
	/* a provider and databases: AWS cn-north-1 */
	{ "52.81.1.250", "confirmed CN=pd; +2p CN, +0d CN, +1d CN", 55960, { 0 } },
	{ "52.81.129.1", "plausible DE=p; +2p DE, -0d CN provider, -1d CN provider", 55960, { 0 } },
	{ "52.81.130.255", "plausible FR=p; +2p FR, -0d CN provider, -1d CN provider", 55960, { 0 } },
	{ "52.81.131.0", "plausible DE=p; +2p DE, -0d CN provider, -1d CN provider", 55960, { 0 } },
	{ "52.80.1.1", "none; -2p  none", 0, { 0 } },
	{ "3.7.35.1", "confirmed IN=pd; +2p IN, +0d IN", 0, { 0 } },
	{ "3.7.35.129", "disputed IN=pd SG=p; +2p IN, +3p SG, +0d IN", 0, { 0 } },
	{ "3.8.0.0", "none; -2p  none", 0, { 0 } }, /* behind 3.7.0.0/16: its parent speaks, and names none */
	/* site */
	{ "109.94.160.99", "disputed DE=s NL=d; +255s DE, +0d NL, +1d NL", 0, SITE("DE") },
	{ "109.94.160.99", "confirmed NL=sd; +255s NL, +0d NL, +1d NL", 0, SITE("NL") },
	{ "8.8.8.8", "plausible DE=s; +255s DE", 0, SITE("DE") },
	{ "52.81.1.1", "disputed CN=pd US=s; +2p CN, +255s US, +0d CN, +1d CN", 55960, SITE("US") },
	{ "52.81.129.1", "confirmed DE=ps; +2p DE, +255s DE, -0d CN provider, -1d CN provider", 55960, SITE("DE") },
	/* unsure sites */
	{ "8.8.8.8", "none; -255s DE unsure", 0, SITE("DE", UNSURE) },
	{ "103.122.166.1", "plausible AU=d; +0d AU, -255s AU unsure", 0, SITE("AU", UNSURE) },
	{ "103.122.166.1", "disputed AU=d US=s; +0d AU, +255s US", 0, SITE("US", UNSURE) },
	{ "52.81.129.1", "disputed DE=p US=s; +2p DE, -0d CN provider, -1d CN provider, +255s US", 55960, SITE("US", UNSURE) },
	{ "170.114.1.1", "none; -0d US registrant, -255s JP unsure", 30103, SITE("JP", UNSURE, WIDE) },
	/* vendor-wide and anycast */
	{ "170.114.1.1", "plausible US=d; +0d US", 30103, { .service = ZOOM } },
	{ "170.114.1.1", "none; -0d US registrant", 30103, { .service = ZOOM, WIDE } },
	{ "170.114.1.1", "plausible US=d; +0d US", 30103, { .service = SEATLESS, WIDE } },
	{ "170.114.1.1", "plausible US=d; +0d US", 30103, { .service = ZOOM, .prefix_place = PREFIX_VENDOR_WIDE } },
	{ "170.114.1.1", "plausible DE=s; +255s DE, -0d US registrant", 30103, SITE("DE", WIDE) },
	{ "170.114.1.1", "plausible US=s; +255s US, -0d US registrant", 30103, SITE("US", WIDE) },
	{ "103.122.166.1", "plausible AU=d; +0d AU", 0, { .service = ZOOM, WIDE } },
	{ "103.122.166.1", "none; -0d AU anycast", 0, { .service = ZOOM, ANYCAST } },
	{ "52.81.1.1", "plausible CN=p; +2p CN, -0d CN anycast, -1d CN anycast", 55960, { .service = ZOOM, ANYCAST } },
	{ "103.122.166.1", "plausible AU=d; +0d AU", 0, { .service = ZOOM, .in_prefix = true, .prefix_place = PREFIX_SHARED } },
	/* overrides: the first source that has one, its narrowest range, and nobody else */
	{ "203.0.113.1", "plausible TW=o; +4o TW, -5o CN overridden, -0d JP overridden", 64500, { 0 } },
	{ "203.0.113.129", "plausible HK=o; +4o HK, -5o CN overridden, -255s DE overridden, -0d JP overridden", 64500, SITE("DE") },
	{ "203.0.113.1", "plausible TW=o; +4o TW, -5o CN overridden, -0d JP overridden, -255s DE overridden", 64500, SITE("DE", UNSURE) },
	{ "6.6.6.6", "plausible MO=o; +5o MO, -0d  none", 0, { 0 } },
	{ "3.7.36.1", "plausible IN=p; -4o  none, +2p IN", 0, { 0 } },
	{ "10.1.2.3", "plausible TW=o; +4o TW", 0, { 0 } },
	/* a country of registration is a fallback */
	{ "198.51.100.1", "plausible US=d; +0d US registrant", 64501, { 0 } },
	{ "198.51.100.1", "none; -0d US registrant", 64501, { .service = ZOOM, WIDE } },
	/* an ASN from a source that knows no countries */
	{ "213.19.144.105", "plausible GB=d; +1d GB", 3356, { 0 } },
	/* IPv6 and IPv4 inside it */
	{ "2001:db8:4::1", "plausible TW=d; +0d TW", 64502, { 0 } },
	{ "2001:db8:4:ffff:ffff:ffff:ffff:ffff", "plausible TW=d; +0d TW", 64502, { 0 } },
	{ "2001:db8:5::1", "plausible DE=p; +2p DE", 16509, { 0 } },
	{ "2001:db8:5:8000::", "plausible IE=p; +2p IE", 0, { 0 } },
	{ "2001:db8:6::", "none", 0, { 0 } },
	{ "2001:db8:3:ffff::", "none", 0, { 0 } },
	{ "::ffff:109.94.160.99", "plausible NL=d; +0d NL, +1d NL", 0, { 0 } },
	{ "64:ff9b::109.94.160.99", "plausible NL=d; +0d NL, +1d NL", 0, { 0 } },
	{ "64:ff9b::10.1.2.3", "plausible TW=o; +4o TW", 0, { 0 } },
	{ "64:ff9b:0:1::109.94.160.99", "none", 0, { 0 } },
	/* space that no database knows */
	{ "10.2.0.1", "none", 0, SITE("DE") },
	{ "100.64.0.1", "none", 0, { 0 } },
	{ "0.1.2.3", "none", 0, { 0 } },
	{ "255.255.255.255", "none", 0, { 0 } },
	{ "255.255.255.1", "plausible ZZ=d; +1d ZZ", 0, { 0 } },
	{ "fe80::1", "none", 0, { 0 } },
	/* clang-format on */
};

static void check_row(const struct book *b, const struct row *r)
{
	struct address at;
	char storage[512];
	struct text said = text_in(storage, sizeof storage);
	struct trace t = { 0 };
	CHECK(address_parse(span_text(r->at), &at), "%s", r->at);
	struct location l = geo_locate(b, &at, &r->m, &t);
	say_location(&said, &l);
	CHECK(strcmp(storage, r->want) == 0, "%s: %s, not %s", r->at, storage, r->want);
	CHECK(l.asn == r->asn && l.site_row == r->m.site_row, "%s: AS%u", r->at, l.asn);
	CHECK(l.prefix_place == (r->m.in_prefix ? r->m.prefix_place : 0), "%s", r->at);
	CHECK(t.count == l.source_count + 1 && t.step[t.count - 1].what == TRACE_LOCATED, "%s: %u steps",
	      r->at, t.count);
	CHECK(t.step[t.count - 1].number == l.certainty && t.step[t.count - 1].says == l.candidate[0], "%s",
	      r->at);
	struct location dry = geo_locate(b, &at, &r->m, NULL);
	CHECK(memcmp(&dry, &l, sizeof l) == 0, "%s: the same without a trace", r->at);
	if (r->m.service == 0) {
		dry = geo_locate(b, &at, NULL, NULL);
		CHECK(memcmp(&dry, &l, sizeof l) == 0, "%s: the address alone", r->at);
	}
}

static void check_ask(const struct book *b)
{
	struct geo_answer a;
	struct address at = address_from_v4(0x34510001); /* 52.81.0.1 */
	CHECK(geo_ask(b, MMDB, &at, &a) && a.says == country_from(BYTES("CN")) && a.asn == 55960, "mmdb");
	CHECK(geo_ask(b, AWS, &at, &a) && a.says == country_from(BYTES("CN")), "aws");
	CHECK(!geo_ask(b, AZURE, &at, &a) && !geo_ask(b, OWN, &at, &a), "others have no range");
	at = address_from_v4(0xC6336401);
	CHECK(geo_ask(b, MMDB, &at, &a) && a.says == COUNTRY_NONE &&
		      a.registered == country_from(BYTES("US")),
	      "registered");
}

/* More countries and sources than a location holds: the first ones, and no more. */
static void check_bounds(void)
{
	struct book_writer *w = book_writer_new();
	for (unsigned i = 0; i < 9; i++) {
		struct book_range4 r = { .first = 0x08080808,
					 .last = 0x08080808,
					 .says = (country)('A' << 8 | ('A' + i)) };
		struct book_source s = { .kind = i < 6 ? KIND_PROVIDER : KIND_DATABASE,
					 .has = SOURCE_HAS_COUNTRY,
					 .first4 = i,
					 .count4 = 1 };
		book_write(w, BOOK_RANGE4, &r);
		book_write(w, BOOK_SOURCE, &s);
	}
	uint8_t *image = NULL;
	size_t bytes = 0;
	struct book b;
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0 && book_open(span_of(image, bytes), &b, NULL) == 0,
	      "nine sources");
	struct address at = address_from_v4(0x08080808);
	struct location l = geo_locate(&b, &at, NULL, NULL);
	char storage[512];
	struct text said = text_in(storage, sizeof storage);
	say_location(&said, &l);
	CHECK(strcmp(storage,
		     "disputed AA=p AB=p AC=p AD=p; +0p AA, +1p AB, +2p AC, +3p AD, -4p AE, -5p AF") == 0,
	      "%s", storage);
	book_writer_free(w);
	free(image);
}

int main(void)
{
	struct book b;
	uint8_t *image = book_make(&b);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(&b, &rows[i]);
	check_ask(&b);
	check_bounds();
	free(image);
	return check_done();
}
