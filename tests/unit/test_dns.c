/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two long messages were made by hand from RFC 1035, 6891 and 9460 and read the same by an independent
 * dissector. */
#include "check.h"
#include "wire/dns.h"

#define ANSWER "1a2b 8180 0001 0003 0000 0001 07 6558616d706c65 03 636f6d 00 0001 0001"
#define ALIAS "c00c 0005 0001 0000012c 0004 0161 c00c"
#define ADDRESS "c029 0001 0001 0000003c 0004 c0000207"
#define HTTPS "c029 0041 0001 0000003c 0012 0001 00 0001 0003 026833 0004 0004 c0000208"
#define OPT "00 0029 04d0 00000000 0000"
#define READ                                                                                                \
	"answer 1a2b rcode 0 type 1 eXample.com; example.com > a.example.com 300; a.example.com 192.0.2.7 " \
	"60"

/* An answer to `a.b` A, with one answer record. */
#define ONE "0001 8180 0001 0001 0000 0000 01 61 01 62 00 0001 0001"
#define ONE_READ "answer 0001 rcode 0 type 1 a.b; "
/* The same with an authority record. */
#define NS "0001 8180 0001 0000 0001 0000 01 61 01 62 00 0001 0001"

static const struct row {
	const char *name, *hex;
	enum wire_result want;
	const char *read;
} rows[] = {
	{ "query with EDNS", "1a2b 0100 0001 0000 0000 0001 07 6558616d706c65 03 636f6d 00 0001 0001" OPT,
	  WIRE_MATCH, "query 1a2b rcode 0 type 1 eXample.com" },
	{ "alias, address, HTTPS, OPT", ANSWER ALIAS ADDRESS HTTPS OPT, WIRE_MATCH, READ },
	{ "AD and CD set", "1a2b 81b0 0001 0000 0000 0000 01 61 00 0001 0001", WIRE_MATCH,
	  "answer 1a2b rcode 0 type 1 a" },
	{ "truncated", "1a2b 8380 0001 0000 0000 0000 01 61 00 0001 0001", WIRE_MATCH,
	  "answer 1a2b truncated rcode 0 type 1 a" },
	{ "no such name", "1a2b 8183 0001 0000 0000 0000 01 61 00 0001 0001", WIRE_MATCH,
	  "answer 1a2b rcode 3 type 1 a" },
	{ "the root", "1a2b 0100 0001 0000 0000 0000 00 0002 0001", WIRE_MATCH,
	  "query 1a2b rcode 0 type 2 " },
	{ "AAAA", ONE "c00c 001c 0001 00000001 0010 20010db8000000000000000000000001", WIRE_MATCH,
	  ONE_READ "a.b 2001:db8::1 1" },
	{ "DNAME", ONE "c00e 0027 0001 00000001 0003 01 63 00", WIRE_MATCH, ONE_READ "b > c 1" },
	{ "negative TTL is 0", ONE "c00c 0001 0001 80000001 0004 c0000207", WIRE_MATCH,
	  ONE_READ "a.b 192.0.2.7 0" },
	{ "owner spelled out in capitals", ONE "01 41 01 42 00 0001 0001 00000001 0004 c0000207", WIRE_MATCH,
	  ONE_READ "a.b 192.0.2.7 1" },
	{ "other class in the answer", ONE "c00c 0001 0003 00000001 0004 c0000207", WIRE_MATCH,
	  "answer 0001 rcode 0 type 1 a.b" },
	{ "authority is walked, not kept", NS "c00e 0001 0001 00000001 0004 c0000207", WIRE_MATCH,
	  "answer 0001 rcode 0 type 1 a.b" },
	{ "pointer to a pointer",
	  "0001 8180 0001 0002 0000 0000 01 61 01 62 00 0001 0001"
	  "c00e 0005 0001 00000001 0002 c00c"
	  "c021 0001 0001 00000001 0004 c0000207",
	  WIRE_MATCH, ONE_READ "b > a.b 1; a.b 192.0.2.7 1" },
	{ "a dot inside a label matches nothing", ONE "03 61 2e 62 00 0001 0001 00000001 0004 c0000207",
	  WIRE_MATCH, ONE_READ " 192.0.2.7 1" },
	{ "NUL inside the question", "1a2b 0100 0001 0000 0000 0000 04 7a6f0062 01 63 00 0001 0001",
	  WIRE_MATCH, "query 1a2b rcode 0 type 1 " },
	{ "underscores", "1a2b 0100 0001 0000 0000 0000 04 5f736970 01 2d 00 0021 0001", WIRE_MATCH,
	  "query 1a2b rcode 0 type 33 _sip.-" },

	{ "empty", "", WIRE_OTHER, NULL },
	{ "opcode 5", "1a2b 2800 0001 0000 0000 0000 01 61 00 0001 0001", WIRE_OTHER, NULL },
	{ "Z set", "1a2b 0140 0001 0000 0000 0000 01 61 00 0001 0001", WIRE_OTHER, NULL },
	{ "no question", "1a2b 8180 0000 0000 0000 0000", WIRE_OTHER, NULL },
	{ "two questions", "1a2b 0100 0002 0000 0000 0000 01 61 00 0001 0001 01 61 00 0001 0001", WIRE_OTHER,
	  NULL },
	{ "65 answers", "1a2b 8180 0001 0041 0000 0000 01 61 00 0001 0001", WIRE_OTHER, NULL },
	{ "CHAOS", "1a2b 0100 0001 0000 0000 0000 01 61 00 0010 0003", WIRE_OTHER, NULL },
	{ "mDNS, unicast wanted", "0000 0000 0001 0000 0000 0000 01 61 00 0001 8001", WIRE_OTHER, NULL },

	{ "points at itself", "1a2b 0100 0001 0000 0000 0000 c00c 0001 0001", WIRE_BROKEN, NULL },
	{ "points into the header", ONE "c000 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "a loop of two", ONE "c017 c015 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "a loop by a label before it", ONE "01 63 c015 0001 0001 00000001 0004 c0000207", WIRE_BROKEN,
	  NULL },
	{ "points past the end", ONE "ffff 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "label 40", ONE "40 61 00 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "forward, behind a pointer",
	  "0001 8180 0001 0002 0000 0000 01 61 01 62 00 0001 0001"
	  "c00c 0010 0001 00000001 0005 c023016100"
	  "c021 0001 0001 00000001 0004 c0000207",
	  WIRE_BROKEN, NULL },
	{ "a label of 64, all there",
	  ONE "40 78787878787878787878787878787878787878787878787878787878787878787878787878787878"
	      "787878787878787878787878787878787878787878787878 00 0001 0001 00000001 0004 c0000207",
	  WIRE_BROKEN, NULL },
	{ "label bf", ONE "bf 61 00 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "A of 5", ONE "c00c 0001 0001 00000001 0005 c000020700", WIRE_BROKEN, NULL },
	{ "A of 3", ONE "c00c 0001 0001 00000001 0003 c00002", WIRE_BROKEN, NULL },
	{ "AAAA of 4", ONE "c00c 001c 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
	{ "length one too long", ONE "c00c 0001 0001 00000001 0005 c0000207", WIRE_BROKEN, NULL },
	{ "alias with a byte behind", ONE "c00c 0005 0001 00000001 0003 c00e 00", WIRE_BROKEN, NULL },
	{ "alias longer than its length", ONE "c00c 0005 0001 00000001 0001 c00e", WIRE_BROKEN, NULL },
	{ "a byte after the end", "1a2b 0100 0001 0000 0000 0000 01 61 00 0001 0001 00", WIRE_BROKEN, NULL },
	{ "an answer too few", "1a2b 8180 0001 0001 0000 0000 01 61 00 0001 0001", WIRE_BROKEN, NULL },
	{ "OPT with an owner",
	  "1a2b 0100 0001 0000 0000 0001 01 61 00 0001 0001 c00c 0029 04d0 00000000 0000", WIRE_BROKEN,
	  NULL },
	{ "a bad name in the authority", NS "c017 0001 0001 00000001 0004 c0000207", WIRE_BROKEN, NULL },
};

/* What was read, in one line. */
static void say(const struct dns_message *m, char *to, size_t bytes)
{
	size_t n =
		(size_t)snprintf(to, bytes, "%s %04x%s rcode %u type %u %s", m->answer ? "answer" : "query",
				 m->id, m->truncated ? " truncated" : "", m->rcode, m->type, m->question);
	for (size_t i = 0; i < m->record_count && n < bytes; i++) {
		const struct dns_record *r = &m->record[i];
		char at[ADDRESS_TEXT_BYTES];
		bool alias = r->type == 5 || r->type == 39;
		n += (size_t)snprintf(to + n, bytes - n, "; %s%s %s %u", m->names + r->owner,
				      alias ? " >" : "",
				      alias ? m->names + r->target : address_text(&r->at, at), r->ttl_s);
	}
}

static void check_row(const struct row *r)
{
	static struct dns_message m;
	struct span whole = check_hex(r->hex);
	char text[600] = "";
	enum wire_result got = dns_parse(whole, &m);
	CHECK(got == r->want, "%s: %d", r->name, got);
	if (got == WIRE_MATCH)
		say(&m, text, sizeof text);
	CHECK(got != WIRE_MATCH || (r->read != NULL && strcmp(text, r->read) == 0), "%s: %s", r->name, text);
	CHECK(got != WIRE_MATCH || m.question_bytes == strlen(m.question), "%s", r->name);
	for (size_t n = 0; n < whole.len; n++) {
		struct span cut = check_cut(whole, n);
		got = dns_parse(cut, &m);
		CHECK(got == WIRE_OTHER || got == WIRE_BROKEN || r->want == WIRE_BROKEN, "%s cut to %zu: %d",
		      r->name, n, got);
		CHECK(got == WIRE_OTHER || n >= 12, "%s cut to %zu: %d", r->name, n, got);
		free((void *)cut.at);
	}
	free((void *)whole.at);
}

struct builder {
	uint8_t bytes[70000];
	size_t len;
};
static void put(struct builder *b, struct span more)
{
	memcpy(b->bytes + b->len, more.at, more.len);
	b->len += more.len;
}
static enum wire_result parse(const struct builder *b, struct dns_message *m)
{
	struct span exact = check_cut(span_of(b->bytes, b->len), b->len);
	enum wire_result got = dns_parse(exact, m);
	free((void *)exact.at);
	return got;
}
static void put_labels(struct builder *b, size_t labels, uint8_t bytes)
{
	for (size_t i = 0; i < labels; i++) {
		b->bytes[b->len++] = bytes;
		memset(b->bytes + b->len, 'x', bytes);
		b->len += bytes;
	}
}

static void check_long_names(void)
{
	static const struct {
		size_t labels;
		uint8_t bytes, last;
		enum wire_result want;
	} names[] = {
		{ 3, 63, 61, WIRE_MATCH },
		{ 3, 63, 62, WIRE_BROKEN },
		{ 126, 1, 1, WIRE_MATCH },
		{ 127, 1, 1, WIRE_BROKEN },
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		static struct builder b;
		static struct dns_message m;
		b.len = 0;
		put(&b, BYTES("\0\1\1\0\0\1\0\0\0\0\0\0"));
		put_labels(&b, names[i].labels, names[i].bytes);
		put_labels(&b, 1, names[i].last);
		put(&b, BYTES("\0\0\1\0\1"));
		enum wire_result got = parse(&b, &m);
		CHECK(got == names[i].want, "long name %zu: %d", i, got);
		CHECK(got != WIRE_MATCH || (m.question_bytes == 253 && strlen(m.question) == 253),
		      "long name %zu", i);
	}
}

/* Each record's owner points to the one before it, one label more each. */
static void check_hops(void)
{
	for (unsigned hops = 9; hops <= 11; hops++) {
		static struct builder b;
		static struct dns_message m;
		b.len = 0;
		put(&b, BYTES("\0\1\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"));
		size_t last = 12;
		for (unsigned i = 0; i < hops; i++) {
			size_t here = b.len;
			put(&b, BYTES("\1y\xC0"));
			b.bytes[b.len++] = (uint8_t)last;
			put(&b, BYTES("\0\x10\0\1\0\0\0\0\0\0"));
			last = here;
		}
		b.bytes[7] = (uint8_t)hops;
		enum wire_result got = parse(&b, &m);
		CHECK(got == (hops <= 10 ? WIRE_MATCH : WIRE_BROKEN), "%u hops: %d", hops, got);
	}
}

/* 64 answers of one owner are read; names beyond the storage are refused, and so is endless work. */
static void check_bounds(void)
{
	static struct builder b;
	static struct dns_message m;
	b.len = 0;
	put(&b, BYTES("\0\1\x81\x80\0\1\0\x40\0\0\0\0\1a\0\0\1\0\1"));
	for (int i = 0; i < 64; i++) {
		put(&b, BYTES("\xC0\x0C\0\1\0\1\0\0\0\1\0\4\1\2\3"));
		b.bytes[b.len++] = (uint8_t)i;
	}
	CHECK(parse(&b, &m) == WIRE_MATCH && m.record_count == 64 && m.names_bytes == 2,
	      "64 answers of one name");
	CHECK(address_v4(&m.record[63].at) == 0x0102033F && m.record[63].owner == 0, "the last of 64");

	/* 8 names of 253 bytes fit, with their NULs, and one of 15. */
	for (uint8_t more = 15; more <= 16; more++) {
		b.len = 0;
		put(&b, BYTES("\0\1\x81\x80\0\1\0\x09\0\0\0\0\1a\0\0\1\0\1"));
		for (int i = 0; i < 9; i++) {
			put_labels(&b, i < 8 ? 3 : 0, 63);
			put_labels(&b, 1, i < 8 ? 61 : more);
			b.bytes[b.len - 1] = (uint8_t)('a' + i);
			put(&b, BYTES("\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4"));
		}
		enum wire_result got = parse(&b, &m);
		CHECK(got == (more == 15 ? WIRE_MATCH : WIRE_BROKEN), "8 long names and one of %u: %d", more,
		      got);
	}

	b.len = 0; /* 40 authority records whose names are 120 labels each: more steps than any message needs
		    */
	put(&b, BYTES("\0\1\x81\x80\0\1\0\0\0\x28\0\0"));
	put_labels(&b, 120, 1);
	put(&b, BYTES("\0\0\1\0\1"));
	for (int i = 0; i < 40; i++)
		put(&b, BYTES("\xC0\x0C\0\2\0\1\0\0\0\1\0\0"));
	CHECK(parse(&b, &m) == WIRE_BROKEN, "endless work");
	b.bytes[9] = 20, b.len -= 20 * 12;
	CHECK(parse(&b, &m) == WIRE_MATCH, "half of it");
}

static void check_untouched(void)
{
	static struct dns_message m = { .id = 77 };
	struct span bad = check_hex(ONE "c00c 0001 0001 00000001 0005 c0000207");
	CHECK(dns_parse(bad, &m) == WIRE_BROKEN && m.id == 77 && m.record_count == 0,
	      "a failure writes nothing");
	free((void *)bad.at);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(&rows[i]);
	check_long_names();
	check_hops();
	check_bounds();
	check_untouched();
	return check_done();
}
