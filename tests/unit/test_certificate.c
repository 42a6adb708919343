/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/certificate.h"
#include "wire/host.h"

#include "check.h"
#include "vector.h"

enum { NAMES = 4 };

/* ---- certificates as OpenSSL writes them ---- */
static const struct leaf {
	const char *file, *common_name;
	unsigned count;
	const char *name[NAMES]; /* the first of them */
} leaves[] = {
	{ "san", "common.example", 3, { "a.example", "*.b.example", "c_d.example" } },
	{ "cn", "last.example", 1, { "last.example" } },
	{ "many",
	  "many.example",
	  FINDING_NAMES,
	  { "host0.many.example", "host1.many.example", "host2.many.example" } },
	{ "webrtc", "WebRTC peer", 0, { NULL } },
	{ "noname", "", 0, { NULL } },
	{ "critical", "", 1, { "only.san.example" } },
	{ "odd", "cn.example", 1, { "good.example" } },
};

static void check_names(const char *row, const struct certificate *c, unsigned count, const char *const *name)
{
	CHECK(c->name_count == count, "%s: %u names", row, c->name_count);
	for (size_t i = 0; i < NAMES && name[i] != NULL; i++)
		CHECK(span_equal(c->name[i], span_text(name[i])), "%s: %.*s", row, (int)c->name[i].len,
		      (const char *)c->name[i].at);
}

static void check_leaf(const struct leaf *l)
{
	struct span der = vector_hex("certificate", l->file);
	struct certificate c = { 0 };
	CHECK(certificate_parse(der, &c) == WIRE_MATCH, "%s", l->file);
	CHECK(span_equal(c.common_name, span_text(l->common_name)), "%s: CN %.*s", l->file,
	      (int)c.common_name.len, (const char *)c.common_name.at);
	check_names(l->file, &c, l->count, l->name);
	for (size_t n = 0; n < der.len; n++) {
		struct span cut = check_cut(der, n);
		enum wire_result want = n == 0 ? WIRE_OTHER : WIRE_BROKEN;
		CHECK(certificate_parse(cut, &c) == want, "%s cut to %zu", l->file, n);
		free((void *)cut.at);
	}
	uint8_t *longer = malloc(der.len + 1);
	memcpy(longer, der.at, der.len);
	longer[der.len] = 0;
	CHECK(certificate_parse(span_of(longer, der.len + 1), &c) == WIRE_BROKEN, "%s and a byte", l->file);
	free(longer);
	free((void *)der.at);
}

/* Every byte changed to what lengths and tags are most hurt by: no read outside, and spans stay inside. */
static void check_damage(const char *file)
{
	static const uint8_t harm[] = { 0x00, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x1F };
	struct span der = vector_hex("certificate", file);
	for (size_t i = 0; i < der.len; i++) {
		for (size_t h = 0; h < sizeof harm; h++) {
			struct certificate c = { 0 };
			struct span hurt = check_cut(der, der.len);
			((uint8_t *)hurt.at)[i] = harm[h];
			enum wire_result r = certificate_parse(hurt, &c);
			for (size_t n = 0; n < c.name_count; n++)
				CHECK(r == WIRE_MATCH && c.name[n].at >= hurt.at &&
					      c.name[n].at + c.name[n].len <= hurt.at + hurt.len,
				      "%s byte %zu as %02x", file, i, harm[h]);
			free((void *)hurt.at);
		}
	}
	free((void *)der.at);
}

/* ---- the smallest certificates, by hand ---- */
#define HEAD "020101 3000 3000 3000"      /* serial, algorithm, issuer, validity */
#define ALT "0603551d11 0405 3003 820161" /* subjectAltName: dNSName a */
#define SUBJECT_A "300c 310a 3008 0603550403 0c0161"
static const struct row {
	const char *name, *hex;
	enum wire_result want;
	unsigned count;
	const char *first, *common_name;
} rows[] = {
	{ "no extensions, no subject", "300f 300d" HEAD "3000 3000", WIRE_MATCH, 0, NULL, "" },
	{ "CN", "301b 3019" HEAD SUBJECT_A "3000", WIRE_MATCH, 1, "a", "a" },
	{ "CN as BMPString", "301c 301a" HEAD "300d 310b 3009 0603550403 1e020061 3000", WIRE_MATCH, 0, NULL,
	  "\0a" },
	{ "CN as INTEGER", "301b 3019" HEAD "300c 310a 3008 0603550403 020161 3000", WIRE_MATCH, 0, NULL,
	  "" },
	{ "another attribute", "301b 3019" HEAD "300c 310a 3008 060355040a 0c0161 3000", WIRE_MATCH, 0, NULL,
	  "" },
	{ "SAN", "3021 301f" HEAD "3000 3000 a310 300e 300c" ALT, WIRE_MATCH, 1, "a", "" },
	{ "SAN, critical", "3024 3022" HEAD "3000 3000 a313 3011 300f 0603551d11 0101ff 0405 3003 820161",
	  WIRE_MATCH, 1, "a", "" },
	{ "SAN without names hides the CN",
	  "302a 3028" HEAD SUBJECT_A "3000 a30d 300b 3009 0603551d11 0402 3000", WIRE_MATCH, 0, NULL, "a" },
	{ "version", "3014 3012 a003020102" HEAD "3000 3000", WIRE_MATCH, 0, NULL, "" },
	{ "unique identifier", "3013 3011" HEAD "3000 3000 81020000", WIRE_MATCH, 0, NULL, "" },
	{ "SAN twice", "302f 302d" HEAD "3000 3000 a31e 301c 300c" ALT "300c" ALT, WIRE_BROKEN, 0, NULL,
	  NULL },
	{ "long form for 27", "30811b 3019" HEAD SUBJECT_A "3000", WIRE_BROKEN, 0, NULL, NULL },
	{ "two octets for 27", "3082001b 3019" HEAD SUBJECT_A "3000", WIRE_BROKEN, 0, NULL, NULL },
	{ "three octets", "308300001b 3019" HEAD SUBJECT_A "3000", WIRE_BROKEN, 0, NULL, NULL },
	{ "indefinite", "3080 3019" HEAD SUBJECT_A "3000 0000", WIRE_BROKEN, 0, NULL, NULL },
	{ "child longer than parent", "301b 301a" HEAD SUBJECT_A "3000", WIRE_BROKEN, 0, NULL, NULL },
	{ "subject longer than the rest", "301b 3019" HEAD "300f 310a 3008 0603550403 0c0161 3000",
	  WIRE_BROKEN, 0, NULL, NULL },
	{ "set longer than subject", "301b 3019" HEAD "300c 310b 3008 0603550403 0c0161 3000", WIRE_BROKEN, 0,
	  NULL, NULL },
	{ "value longer than attribute", "301b 3019" HEAD "300c 310a 3008 0603550403 0c0261 3000",
	  WIRE_BROKEN, 0, NULL, NULL },
	{ "bytes behind the value", "301c 301a" HEAD "300d 310b 3009 0603550403 0c016100 3000", WIRE_BROKEN,
	  0, NULL, NULL },
	{ "SAN longer than its string",
	  "3021 301f" HEAD "3000 3000 a310 300e 300c 0603551d11 0405 3004 820161", WIRE_BROKEN, 0, NULL,
	  NULL },
	{ "name longer than SAN", "3021 301f" HEAD "3000 3000 a310 300e 300c 0603551d11 0405 3003 820261",
	  WIRE_BROKEN, 0, NULL, NULL },
	{ "bytes behind the SAN", "3022 3020" HEAD "3000 3000 a311 300f 300d 0603551d11 0406 3003 820161 00",
	  WIRE_BROKEN, 0, NULL, NULL },
	{ "bytes behind an extension's value", "301d 301b" HEAD "3000 3000 a30c 300a 3008 0603551d0e 0400 00",
	  WIRE_BROKEN, 0, NULL, NULL },
	{ "no serial", "300c 300a 3000 3000 3000 3000 3000", WIRE_BROKEN, 0, NULL, NULL },
	{ "tag of two bytes", "3013 3011" HEAD "3000 3000 9f020000", WIRE_BROKEN, 0, NULL, NULL },
	{ "a SET", "3100", WIRE_OTHER, 0, NULL, NULL },
	{ "nothing", "", WIRE_OTHER, 0, NULL, NULL },
	{ "empty SEQUENCE", "3000", WIRE_BROKEN, 0, NULL, NULL },
};

static void check_row(const struct row *r)
{
	struct certificate c = { .name_count = 99 };
	struct span der = check_hex(r->hex);
	enum wire_result got = certificate_parse(der, &c);
	CHECK(got == r->want, "%s: %d", r->name, got);
	CHECK(got == WIRE_MATCH || c.name_count == 99, "%s: written", r->name);
	if (got == WIRE_MATCH && r->want == WIRE_MATCH) {
		struct span cn = r->common_name[0] == '\0' && c.common_name.len == 2
					 ? span_of("\0a", 2)
					 : span_text(r->common_name);
		CHECK(span_equal(c.common_name, cn), "%s: CN", r->name);
		check_names(r->name, &c, r->count, (const char *const[NAMES]){ r->first });
	}
	free((void *)der.at);
}

/* More extensions than our bound; and a length with a zero octet in front. */
static void check_bounds(const char *outer, unsigned most, bool want)
{
	static char hex[20000];
	for (unsigned count = 32; count <= most; count++) {
		unsigned list = count * 9; /* 3007 0603551d0e 0400 */
		int at = snprintf(hex, sizeof hex, "%s%04x 3082%04x" HEAD "3000 3000 a382%04x 3082%04x",
				  outer, list + 25, list + 21, list + 4, list);
		for (unsigned i = 0; i < count; i++)
			at += snprintf(hex + at, sizeof hex - (size_t)at, "3007 0603551d0e 0400");
		struct span der = check_hex(hex);
		struct certificate c;
		CHECK(certificate_parse(der, &c) == (count == 32 && want ? WIRE_MATCH : WIRE_BROKEN),
		      "%u extensions", count);
		free((void *)der.at);
	}
}

/* ---- names of hosts ---- */
#define L63 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxyz"
static const struct host {
	const char *text;
	bool name, pattern;
} hosts[] = {
	{ "zoom.us", true, true },
	{ "ZOOM.us", true, true },
	{ "localhost", true, true },
	{ "a_b.example", true, true },
	{ "xn--bcher-kva.example", true, true },
	{ "1.example", true, true },
	{ "1.2.3", true, true },
	{ "*.zoom.us", false, true },
	{ "*", false, false },
	{ "*.", false, false },
	{ "*.*.us", false, false },
	{ "a.*.us", false, false },
	{ "*zoom.us", false, false },
	{ "", false, false },
	{ ".", false, false },
	{ "zoom.us.", false, false },
	{ ".zoom.us", false, false },
	{ "zoom..us", false, false },
	{ "zoom us", false, false },
	{ "zoom.us\n", false, false },
	{ "zoom.us\x7f", false, false },
	{ "z\xc3\xb6m.us", false, false },
	{ "zoom.us/", false, false },
	{ "zoom.us:443", false, false },
	{ "192.0.2.1", false, false },
	{ "2001:db8::1", false, false },
	{ "*.192.0.2.1", false, false },
	{ L63 L63 L63 "." L63, false, false },
};

static void check_host(const struct host *h)
{
	struct span text = check_cut(span_text(h->text), strlen(h->text));
	CHECK(host_is_name(text) == h->name, "%s", h->text);
	CHECK(host_is_pattern(text) == h->pattern, "%s", h->text);
	free((void *)text.at);
}

static void check_host_length(void)
{
	uint8_t text[HOST_NAME_BYTES + 1];
	memset(text, 'a', sizeof text);
	CHECK(host_is_name(span_of(text, HOST_NAME_BYTES)), "253");
	CHECK(!host_is_name(span_of(text, HOST_NAME_BYTES + 1)), "254");
	text[3] = '\0';
	CHECK(!host_is_name(span_of(text, 7)), "NUL inside");
}

int main(void)
{
	for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
		check_leaf(&leaves[i]);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(&rows[i]);
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
		check_host(&hosts[i]);
	check_damage("san");
	check_damage("cn");
	check_bounds("3082", 33, true);
	check_bounds("308300", 32, false);
	check_host_length();
	return check_done();
}
