/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "scratch.h"

#include <dirent.h>
#include <errno.h>

#define NO_COUNTRY "is sound, but holds no country"
#define GEO TEST_SOURCE "/tests/unit/vectors/geo/"

/* Every file of MaxMind's own collection. at: an address that the file knows; country and asn: what it says of it. */
static const struct row {
	const char *file, *says; /* says: part of the sentence that refuses it; NULL: it is taken */
	const char *at, *country, *registered;
	uint32_t asn;
} rows[] = {
	{ "bad-unicode-in-map-key", "damaged: a record leads out of the data at node 2", 0, 0, 0, 0 },
	{ "cyclic-data-structure", "damaged: in its metadata, a value is cut off", 0, 0, 0, 0 },
	{ "invalid-bytes-length", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "invalid-data-record-offset", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "invalid-map-key-length", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "invalid-string-length", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "libmaxminddb-corrupt-search-tree",
	  "damaged: an unreached node, since no way leads to it, at node 1", 0, 0, 0, 0 },
	{ "libmaxminddb-deep-array-nesting", "damaged: values are nested too deep, or in a circle at node 7",
	  0, 0, 0, 0 },
	{ "libmaxminddb-deep-nesting", "damaged: values are nested too deep, or in a circle at node 7", 0, 0,
	  0, 0 },
	{ "libmaxminddb-empty-array-last-in-metadata", NO_COUNTRY, 0, 0, 0, 0 },
	{ "libmaxminddb-empty-map-last-in-metadata", NO_COUNTRY, 0, 0, 0, 0 },
	{ "libmaxminddb-metadata-marker-only", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "libmaxminddb-offset-integer-overflow", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "libmaxminddb-oversized-array", "damaged: a value is cut off at node 0", 0, 0, 0, 0 },
	{ "libmaxminddb-oversized-map", "damaged: a value is cut off at node 0", 0, 0, 0, 0 },
	{ "libmaxminddb-separator-record-max-left", "damaged: a record leads between tree and data at node 0",
	  0, 0, 0, 0 },
	{ "libmaxminddb-separator-record-min-left", "damaged: a record leads between tree and data at node 0",
	  0, 0, 0, 0 },
	{ "libmaxminddb-separator-record-min-right",
	  "damaged: a record leads between tree and data at node 0", 0, 0, 0, 0 },
	{ "libmaxminddb-uint64-max-epoch", NO_COUNTRY, 0, 0, 0, 0 },
	{ "metadata-is-an-uint128", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "unexpected-bytes", "damaged: in its metadata, ", 0, 0, 0, 0 },
	{ "GeoIP-Anonymous-Plus-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP-Residential-Proxy-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-Anonymous-IP-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-City-Shield-Test", NULL, "2001:218::1", "JP", "", 0 },
	{ "GeoIP2-City-Test-Broken-Double-Format",
	  "damaged: a value has a size that its type cannot have at node 147", 0, 0, 0, 0 },
	{ "GeoIP2-City-Test-Invalid-Node-Count", "damaged: in its metadata, a value that is needed", 0, 0, 0,
	  0 },
	{ "GeoIP2-City-Test", NULL, "81.2.69.160", "GB", "", 0 },
	{ "GeoIP2-Connection-Type-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-Country-Shield-Test", NULL, "2001:218::1", "JP", "", 0 },
	{ "GeoIP2-Country-Test", NULL, "81.2.69.160", "GB", "", 0 },
	{ "GeoIP2-DensityIncome-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-Domain-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-Enterprise-Shield-Test", NULL, "74.209.24.0", "US", "", 14671 },
	{ "GeoIP2-Enterprise-Test", NULL, "74.209.24.0", "US", "", 14671 },
	{ "GeoIP2-IP-Risk-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-ISP-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-Precision-Enterprise-Shield-Test", NULL, "81.2.69.160", "GB", "", 0 },
	{ "GeoIP2-Precision-Enterprise-Test", NULL, "81.2.69.160", "GB", "", 0 },
	{ "GeoIP2-Static-IP-Score-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoIP2-User-Count-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoLite2-ASN-Test", NO_COUNTRY, 0, 0, 0, 0 },
	{ "GeoLite2-City-Test", NULL, "81.2.69.160", "GB", "", 0 },
	{ "GeoLite2-Country-Test", NULL, "89.160.20.128", "SE", "", 0 },
	{ "MaxMind-DB-no-ipv4-search-tree", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-string-value-entries", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-broken-pointers-24", "damaged: a pointer leads out of the data at node 27", 0, 0,
	  0, 0 },
	{ "MaxMind-DB-test-broken-search-tree-24", "damaged: two ways, or a circle, meet at node 0", 0, 0, 0,
	  0 },
	{ "MaxMind-DB-test-decoder", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv4-24", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv4-28", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv4-32", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv6-24", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv6-28", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-ipv6-32", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-metadata-pointers", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-mixed-24", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-mixed-28", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-mixed-32", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-nested", NO_COUNTRY, 0, 0, 0, 0 },
	{ "MaxMind-DB-test-pointer-decoder", NO_COUNTRY, 0, 0, 0, 0 },
};
enum { ROWS = sizeof rows / sizeof *rows };

struct said {
	bool found;
	country says, registered;
	uint32_t asn;
};

/* By walking all of the ranges: slow and plain. */
static struct said ask(const struct book *b, const char *text)
{
	struct address a;
	struct said s = { 0 };
	CHECK(address_parse(span_text(text), &a), "%s", text);
	for (size_t i = 0; address_is_v4(&a) && i < b->count[BOOK_RANGE4]; i++) {
		const struct book_range4 *r = book_range4(b, i);
		if (r->first <= address_v4(&a) && r->last >= address_v4(&a))
			s = (struct said){ true, r->says, r->registered, r->asn };
	}
	for (size_t i = 0; !address_is_v4(&a) && i < b->count[BOOK_RANGE6]; i++) {
		const struct book_range6 *r = book_range6(b, i);
		if (address_compare(&r->first, &a) <= 0 && address_compare(&r->last, &a) >= 0)
			s = (struct said){ true, r->says, r->registered, r->asn };
	}
	return s;
}

static struct loaded load_database(const char *path, bool asn)
{
	return load_request(&(struct config_request){ .catalogue = scratch_path("services.d"),
						      .country_db = asn ? NULL : path,
						      .asn_db = asn ? path : NULL });
}

static void check_row(const struct row *r)
{
	char path[512];
	snprintf(path, sizeof path, GEO "%s.mmdb", r->file);
	struct loaded l = load_database(path, false);
	CHECK(l.result == (r->says != NULL ? -EBADMSG : 0), "%s: %d", r->file, l.result);
	CHECK(config_mistakes(l.report) == (r->says != NULL), "%s", r->file);
	if (r->says != NULL) {
		CHECK(report_has(l.report, r->says), "%s: %s", r->file, r->says);
		CHECK(report_has(l.report, path), "%s: names the file", r->file);
	}
	if (l.result == 0) {
		struct said s = ask(&l.book, r->at);
		CHECK(s.found && s.says == country_from(span_text(r->country)), "%s: %s", r->file, r->at);
		CHECK(s.registered == country_from(span_text(r->registered)) && s.asn == r->asn, "%s: %u",
		      r->file, s.asn);
	}
	loaded_done(&l);
}

static void check_folder(void)
{
	size_t files = 0;
	DIR *dir = opendir(GEO);
	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;)
		files += strstr(d->d_name, ".mmdb") != NULL;
	if (dir != NULL)
		closedir(dir);
	CHECK(files == ROWS, "every file of the folder has a row: %zu of %d", files, (int)ROWS);
}

static void check_asn(void)
{
	struct loaded l = load_database(GEO "GeoLite2-ASN-Test.mmdb", true);
	CHECK(l.result == 0, "an ASN database as such");
	if (l.result == 0) {
		CHECK(ask(&l.book, "1.128.0.0").asn == 1221, "Telstra");
		CHECK(book_source(&l.book, 0)->has == SOURCE_HAS_ASN, "only numbers");
		CHECK(strcmp(book_string(&l.book, book_source(&l.book, 0)->built), "2026") > 0, "has a date");
	}
	loaded_done(&l);
	l = load_database(GEO "GeoIP2-Domain-Test.mmdb", true);
	CHECK(l.result == -EBADMSG && report_has(l.report, "holds no AS number; one that does"), "neither");
	loaded_done(&l);
	scratch_text("policy.yaml",
		     "version: 1\ngeo: {databases: [{asn: " GEO "GeoIP2-Enterprise-Test.mmdb}]}\n");
	l = load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
	CHECK(l.result == 0 && report_has(l.report, "no database of countries"), "numbers tell no country");
	if (l.result == 0) {
		struct said s = ask(&l.book, "74.209.24.0");
		CHECK(s.asn == 14671 && s.says == COUNTRY_NONE && s.registered == COUNTRY_NONE,
		      "asked for numbers");
		CHECK(book_source(&l.book, 0)->has == SOURCE_HAS_ASN, "though it holds countries");
	}
	loaded_done(&l);
}

/* A database of our own, to ask what no file of the collection asks: an IPv4 tree of 24-bit records. */
struct bytes {
	uint8_t at[4096];
	size_t len;
};
static void put(struct bytes *b, const char *text, size_t n)
{
	memcpy(b->at + b->len, text, n);
	b->len += n;
}
static void put_text(struct bytes *b, const char *text)
{
	b->at[b->len++] = (uint8_t)(0x40 | strlen(text));
	put(b, text, strlen(text));
}
static void put_node(struct bytes *b, unsigned left, unsigned right)
{
	unsigned v[2] = { left, right };
	for (unsigned i = 0; i < 6; i++)
		b->at[b->len++] = (uint8_t)(v[i / 3] >> (16 - 8 * (i % 3)));
}
static void put_metadata(struct bytes *b, unsigned nodes, unsigned version)
{
	put(b,
	    "\xAB\xCD\xEF"
	    "MaxMind.com\xE9",
	    15);
	put_text(b, "node_count");
	put(b, (char[]){ (char)0xC1, (char)nodes }, 2);
	put_text(b, "record_size");
	put(b, "\xA1\x18", 2);
	put_text(b, "ip_version");
	put(b, (char[]){ (char)0xA1, (char)version }, 2);
	put_text(b, "database_type");
	put_text(b, "x");
	put_text(b, "binary_format_major_version");
	put(b, "\xA1\x02", 2);
	put_text(b, "binary_format_minor_version");
	put(b, "\xA0", 1);
	put_text(b, "languages");
	put(b, "\x00\x04", 2);
	put_text(b, "description");
	put(b, "\xE0", 1);
	put_text(b, "build_epoch");
	put(b, "\x04\x02\x65\x92\x00\x80", 6);
}

/* Two halves of the IPv4 space: 0/1 is record a, 128/1 is record b, at these offsets of the data. */
static struct bytes two_halves(const char *data, size_t data_bytes, unsigned a, unsigned b)
{
	struct bytes out = { .len = 0 };
	put_node(&out, 1 + 16 + a, 1 + 16 + b);
	out.len += 16;
	put(&out, data, data_bytes);
	put_metadata(&out, 1, 4);
	return out;
}

#define DATA(literal) (literal), sizeof(literal) - 1
static const struct own {
	const char *name, *data;
	size_t data_bytes;
	unsigned a, b;
	const char *says; /* as above */
	const char *first,
		*second; /* countries of the halves; "" : named, but no country; NULL: not told at all */
	const char *registered;
	uint32_t asn;
} own[] = {
	{ "country_code",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE1\x4C"
	       "country_code\x42JP"),
	  0, 17, NULL, "TW", "JP", "", 0 },
	{ "country as text",
	  DATA("\xE1\x47"
	       "country\x42TW\xE0"),
	  0, 12, NULL, "TW", NULL, "", 0 },
	{ "iso_code before country_code",
	  DATA("\xE2\x4C"
	       "country_code\x42US\x47"
	       "country\xE1\x48iso_code\x42TW\xE0"),
	  0, 38, NULL, "TW", NULL, "", 0 },
	{ "registrant as fallback", DATA("\xE1\x52registered_country\xE1\x48iso_code\x42US\xE0"), 0, 33, NULL,
	  "", NULL, "US", 0 },
	{ "asn as text",
	  DATA("\xE2\x43"
	       "asn\x47"
	       "AS15169\x4C"
	       "country_code\x42US\xE0"),
	  0, 29, NULL, "US", NULL, "", 15169 },
	{ "asn as number",
	  DATA("\xE2\x43"
	       "asn\xC2\x3B\x41\x4C"
	       "country_code\x42US\xE0"),
	  0, 24, NULL, "US", NULL, "", 15169 },
	{ "EU is no country",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE1\x4C"
	       "country_code\x42"
	       "EU"),
	  0, 17, NULL, "TW", "", "", 0 },
	{ "AP is no country",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE1\x4C"
	       "country_code\x42"
	       "AP"),
	  0, 17, NULL, "TW", "", "", 0 },
	{ "only EU",
	  DATA("\xE1\x4C"
	       "country_code\x42"
	       "EU\xE0"),
	  0, 17, NO_COUNTRY, 0, 0, 0, 0 },
	{ "key by pointer",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE1\x20\x01\x42JP"),
	  0, 17, NULL, "TW", "JP", "", 0 },
	{ "value by pointer",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE1\x4C"
	       "country_code\x20\x0E"),
	  0, 17, NULL, "TW", "TW", "", 0 },
	{ "record by pointer",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\x20\x00"),
	  0, 17, NULL, "TW", "TW", "", 0 },
	{ "pointer to a pointer",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\x20\x13\x20\x00"),
	  0, 17, "a pointer leads to a pointer at node 0", 0, 0, 0, 0 },
	{ "pointer out of the data",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\x20\x40"),
	  0, 17, "a pointer leads out of the data at node 0", 0, 0, 0, 0 },
	{ "a map that holds itself",
	  DATA("\xE1\x4C"
	       "country_code\x20\x00"),
	  0, 0, "in a circle at node 0", 0, 0, 0, 0 },
	{ "key is a number", DATA("\xE1\xC1\x01\x42TW"), 0, 0, "a key is no text at node 0", 0, 0, 0, 0 },
	{ "key points to a map", DATA("\xE1\x20\x00\x42TW"), 0, 0, "a key is no text at node 0", 0, 0, 0, 0 },
	{ "text is no UTF-8",
	  DATA("\xE1\x4C"
	       "country_code\x42\xC0\xAF"),
	  0, 0, "a text is no UTF-8 at node 0", 0, 0, 0, 0 },
	{ "unknown type", DATA("\x01\x05"), 0, 0, "a value is of no known type at node 0", 0, 0, 0, 0 },
	{ "record of the second half is damaged",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\x01\x05"),
	  0, 17, "no known type at node 0", 0, 0, 0, 0 },
	{ "record between tree and data",
	  DATA("\xE1\x4C"
	       "country_code\x42TW"),
	  0, (unsigned)-8, "between tree and data at node 0", 0, 0, 0, 0 },
	{ "record behind the data",
	  DATA("\xE1\x4C"
	       "country_code\x42TW"),
	  0, 17, "a record leads out of the data at node 0", 0, 0, 0, 0 },
	{ "map is cut off",
	  DATA("\xE1\x4C"
	       "country_code\x42TW\xE2"),
	  0, 17, "a value is cut off at node 0", 0, 0, 0, 0 },
};

static void check_half(const struct own *o, const struct book *b, const char *at, const char *says)
{
	struct said s = ask(b, at);
	CHECK(s.found == (says != NULL), "%s: %s is told", o->name, at);
	if (says != NULL)
		CHECK(s.says == country_from(span_text(says)), "%s: %s", o->name, at);
}

static void check_own(const struct own *o)
{
	struct bytes file = two_halves(o->data, o->data_bytes, o->a, o->b);
	scratch_write("own.mmdb", span_of(file.at, file.len));
	struct loaded l = load_database(scratch_path("own.mmdb"), false);
	CHECK(l.result == (o->says != NULL ? -EBADMSG : 0), "%s: %d", o->name, l.result);
	if (o->says != NULL || l.result != 0) {
		CHECK(report_has(l.report, o->says != NULL ? o->says : ""), "%s: %s", o->name, o->says);
	} else {
		check_half(o, &l.book, "1.2.3.4", o->first);
		check_half(o, &l.book, "200.2.3.4", o->second);
		struct said s = ask(&l.book, "1.2.3.4");
		CHECK(s.registered == country_from(span_text(o->registered)) && s.asn == o->asn, "%s: %u",
		      o->name, s.asn);
		CHECK(strcmp(book_string(&l.book, book_source(&l.book, 0)->built), "2024-01-01") == 0,
		      "%s: date", o->name);
	}
	loaded_done(&l);
}

/* An IPv6 tree: a chain of 96 left turns to IPv4; the right record of node 0 is an alias or something worse. */
static struct bytes chain(unsigned nodes, unsigned right_of_0, unsigned last_left)
{
	struct bytes out = { .len = 0 };
	for (unsigned i = 0; i < nodes; i++)
		put_node(&out, i + 1 < nodes ? i + 1 : last_left,
			 i == 0          ? right_of_0
			 : i + 1 < nodes ? nodes
					 : nodes + 16);
	out.len += 16;
	put(&out,
	    "\xE1\x4C"
	    "country_code\x42TW",
	    17);
	put_metadata(&out, nodes, 6);
	return out;
}

static void check_chain(const char *name, struct bytes file, const char *says, size_t ranges4, size_t ranges6)
{
	scratch_write("own.mmdb", span_of(file.at, file.len));
	struct loaded l = load_database(scratch_path("own.mmdb"), false);
	CHECK(l.result == (says != NULL ? -EBADMSG : 0), "%s: %d", name, l.result);
	if (says != NULL || l.result != 0)
		CHECK(report_has(l.report, says != NULL ? says : ""), "%s: %s", name, says);
	else
		CHECK(l.book.count[BOOK_RANGE4] == ranges4 && l.book.count[BOOK_RANGE6] == ranges6,
		      "%s: %zu %zu", name, l.book.count[BOOK_RANGE4], l.book.count[BOOK_RANGE6]);
	loaded_done(&l);
}

static void check_trees(void)
{
	check_chain("IPv4 under ::/96", chain(97, 97, 97), NULL, 1, 0);
	check_chain("an alias of IPv4 is told once", chain(97, 96, 97), NULL, 1, 0);
	check_chain("a record wider than ::/96", chain(64, 64, 64 + 16), NULL, 1, 1);
	check_chain("the root again", chain(97, 0, 97), "two ways, or a circle, meet at node 0", 0, 0);
	check_chain("a node that is no root of IPv4 twice", chain(97, 95, 97),
		    "two ways, or a circle, meet at node 95", 0, 0);
	check_chain("IPv4 leads back to its root", chain(97, 97, 96),
		    "two ways, or a circle, meet at node 96", 0, 0);
	check_chain("as deep as an address", chain(128, 128, 128), NULL, 1, 0);
	check_chain("deeper than an address", chain(129, 129, 129),
		    "the tree is deeper than an address at node 127", 0, 0);
	struct bytes unreached = chain(97, 97, 97);
	memcpy(unreached.at + 6 * 50, "\0\0\x61", 3); /* node 50 ends the chain */
	check_chain("an unreached node", unreached, "an unreached node, since no way leads to it, at node 51",
		    0, 0);
}

/* Arrays that hold the next array twice: 2^40 values, if each were followed. */
static void check_bomb(void)
{
	char data[512] = { 0 };
	size_t n = 0;
	for (unsigned i = 0; i < 40; i++, n += 6)
		memcpy(data + n, (char[]){ 0x02, 0x04, 0x20, (char)(n + 6), 0x20, (char)(n + 6) }, 6);
	memcpy(data + n,
	       "\xE1\x4C"
	       "country_code\x42TW",
	       17);
	struct bytes file = two_halves(data, n + 17, 0, (unsigned)n);
	scratch_write("own.mmdb", span_of(file.at, file.len));
	struct loaded l = load_database(scratch_path("own.mmdb"), false);
	CHECK(l.result == 0, "a bomb of pointers costs its bytes: %d", l.result);
	CHECK(l.result != 0 || ask(&l.book, "200.0.0.1").says == country_from(span_text("TW")),
	      "and the rest is read");
	loaded_done(&l);
	struct bytes other = { .len = 0 };
	put_node(&other, 1, 1);
	other.len += 16;
	put(&other,
	    "\xAB\xCD\xEF"
	    "MaxMind.com",
	    14);
	put(&other, data, n + 17);
	scratch_write("own.mmdb", span_of(other.at, other.len));
	l = load_database(scratch_path("own.mmdb"), false);
	CHECK(l.result == -EBADMSG && report_has(l.report, "in its metadata, values overlap"),
	      "a bomb in the metadata");
	loaded_done(&l);
}

static void check_cuts(void)
{
	struct bytes file = two_halves(own[0].data, own[0].data_bytes, own[0].a, own[0].b);
	for (size_t n = 0; n < file.len; n++) {
		scratch_write("own.mmdb", span_of(file.at, n));
		struct loaded l = load_database(scratch_path("own.mmdb"), false);
		CHECK(l.result == -EBADMSG, "cut to %zu: %d", n, l.result);
		loaded_done(&l);
	}
	struct loaded l = load_database(scratch_path("nothing.mmdb"), false);
	CHECK(l.result == -EIO && report_has(l.report, "cannot be read"), "no such file");
	loaded_done(&l);
	l = load_database(scratch_path("services.d"), false);
	CHECK(l.result == -EIO && report_has(l.report, "it is a directory"), "a directory");
	loaded_done(&l);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_text("services.d/zoom.yaml", "service: zoom\noperator: {name: Zoom, seat: US}\n");
	for (size_t i = 0; i < ROWS; i++)
		check_row(&rows[i]);
	check_folder();
	check_asn();
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		check_own(&own[i]);
	check_trees();
	check_bomb();
	check_cuts();
	scratch_done();
	return check_done();
}
