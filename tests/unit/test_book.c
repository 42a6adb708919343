/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>

#include "base/siphash.h"
#include "book/writer.h"
#include "check.h"

static struct book_text text(struct book_writer *w, const char *t)
{
	return book_write_text(w, span_text(t));
}

/* One row of everything, and more where order matters. */
static struct book_writer *full_writer(void)
{
	struct book_writer *w = book_writer_new();
	book_write(w, BOOK_SETTINGS,
		   &(struct book_settings){ .site_name = text(w, "gw1"),
					    .latitude = 25,
					    .longitude = 121,
					    .site_country = country_from(BYTES("TW")),
					    .size = SIZE_SMALL });
	book_write(w, BOOK_SERVICE,
		   &(struct book_service){ .name = text(w, "zoom"), .seat = country_from(BYTES("US")) });
	book_write(w, BOOK_COMPONENT, &(struct book_component){ text(w, "phone") });
	static const struct {
		const char *tail, *pattern;
	} names[] = {
		{ "zoom.us", "zoom.us" },         { "zoom.us", "zoom<site><n>mmr.zoom.us" },
		{ "log.zoom.us", "log.zoom.us" }, { "zoom.us", "zoom<site><n>zc.zoom.us" },
		{ "zoom.com", "zoom.com" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		book_write(w, BOOK_NAME,
			   &(struct book_name){ .tail = text(w, names[i].tail),
						.pattern = text(w, names[i].pattern),
						.source = text(w, "x"),
						.service = 2,
						.component = 1,
						.roles = ROLE_KEY,
						.flags = strcmp(names[i].tail, names[i].pattern) != 0
								 ? NAME_PATTERN
								 : 0 });
	static const char *const codes[] = { "sjc", "fra", "fr" };
	for (size_t i = 0; i < 3; i++)
		book_write(w, BOOK_SITE,
			   &(struct book_site){ .code = text(w, codes[i]),
						.service = 2,
						.place = country_from(BYTES("US")) });
	static const char *const prefixes[] = { "2001:db8::/32", "10.1.2.0/24", "10.0.0.0/8", "10.1.0.0/16",
						"10.2.0.0/16" };
	for (size_t i = 0; i < 5; i++) {
		struct book_prefix p = { .service = 2, .place = PREFIX_VENDOR_WIDE };
		prefix_parse(span_text(prefixes[i]), &p.prefix, NULL);
		book_write(w, BOOK_PREFIX, &p);
	}
	book_write(w, BOOK_PORTS, &(struct book_ports){ 8801, 8810, PROTO_UDP, { 0 } });
	book_write(w, BOOK_FRAMING,
		   &(struct book_framing){
			   .pattern = text(w, "zoom"), .port_count = 1, .service = 2, .roles = ROLE_MEDIA });
	static const uint32_t ranges[][2] = { { 50, 60 }, { 10, 100 }, { 20, 30 },
					      { 55, 56 }, { 20, 25 },  { 200, 300 } };
	for (size_t i = 0; i < 6; i++)
		book_write(w, BOOK_RANGE4,
			   &(struct book_range4){
				   .first = ranges[i][0], .last = ranges[i][1], .note = text(w, "note") });
	struct book_range6 r6 = { .last = { { 255 } } };
	book_write(w, BOOK_RANGE6, &r6);
	book_write(w, BOOK_SOURCE,
		   &(struct book_source){ .label = text(w, "aws"),
					  .first4 = 0,
					  .count4 = 5,
					  .count6 = 1,
					  .kind = KIND_PROVIDER,
					  .has = SOURCE_HAS_COUNTRY });
	book_write(w, BOOK_SOURCE,
		   &(struct book_source){ .label = text(w, "mmdb"),
					  .first4 = 5,
					  .count4 = 1,
					  .first6 = 1,
					  .kind = KIND_DATABASE,
					  .has = SOURCE_HAS_ASN });
	book_write(w, BOOK_REGION, &(struct book_region){ .name = text(w, "home"), .bits = { 1 } });
	struct book_member m = { 0 };
	prefix_parse(BYTES("10.8.0.0/14"), &m.prefix, NULL);
	book_write(w, BOOK_MEMBER, &m);
	book_write(w, BOOK_GROUP, &(struct book_group){ .name = text(w, "pupils"), .member_count = 1 });
	uint16_t zoom = 2;
	country tw = country_from(BYTES("TW"));
	book_write(w, BOOK_SERVICE_LIST, &zoom);
	book_write(w, BOOK_COUNTRY_LIST, &tw);
	book_write(w, BOOK_RULE,
		   &(struct book_rule){ .name = text(w, "r"),
					.service_count = 1,
					.operator_count = 1,
					.group = 1,
					.inside = 1,
					.outside = 1,
					.unsure = UNSURE_NEXT,
					.action = ACTION_BLOCK });
	for (uint64_t i = 3; i > 0; i--)
		book_write(
			w, BOOK_EXCEPTION,
			&(struct book_exception){ .owner = text(w, "me"), .until_us = i * 100, .group = 1 });
	book_write(w, BOOK_LOCAL, &m.prefix);
	book_write(w, BOOK_RESOLVER, &m.prefix);
	book_write(w, BOOK_CAPTURE,
		   &(struct book_capture){ .interface = text(w, "br-lan"), .side = SIDE_MIRROR });
	book_write(w, BOOK_OUTPUT,
		   &(struct book_output){ .target = text(w, "/dev/log"), .kind = OUTPUT_SYSLOG });
	book_write(w, BOOK_PROTECT, &m.prefix);
	book_write(w, BOOK_ENFORCE,
		   &(struct book_enforce){ .timeout_s = 600, .max_blocks = 16384, .reject = 1 });
	return w;
}

struct made {
	uint8_t *image;
	size_t bytes;
	struct book book;
};

static struct made make(void)
{
	struct book_writer *w = full_writer();
	struct made m = { 0 };
	const char *why = "";
	CHECK(book_writer_image(w, 7, &m.image, &m.bytes) == 0, "laid out");
	CHECK(book_open(span_of(m.image, m.bytes), &m.book, &why) == 0, "opened: %s", why);
	book_writer_free(w);
	return m;
}

static void check_order(const struct book *b)
{
	static const char *const names[] = { "log.zoom.us", "zoom.com", "zoom<site><n>mmr.zoom.us",
					     "zoom<site><n>zc.zoom.us", "zoom.us" };
	static const char *const sites[] = { "fr", "fra", "sjc" };
	static const struct {
		const char *prefix;
		uint32_t parent;
	} prefixes[] = { { "10.0.0.0/8", 0 },
			 { "10.1.0.0/16", 1 },
			 { "10.1.2.0/24", 2 },
			 { "10.2.0.0/16", 1 },
			 { "2001:db8::/32", 0 } };
	static const uint32_t ranges[][3] = { { 10, 100, 0 }, { 20, 30, 1 }, { 20, 25, 2 },
					      { 50, 60, 1 },  { 55, 56, 4 }, { 200, 300, 0 } };
	for (size_t i = 0; i < 5; i++)
		CHECK(strcmp(book_string(b, book_name(b, i)->pattern), names[i]) == 0, "name %zu", i);
	for (size_t i = 0; i < 3; i++)
		CHECK(strcmp(book_string(b, book_site(b, i)->code), sites[i]) == 0, "site %zu", i);
	for (size_t i = 0; i < 5; i++) {
		char t[PREFIX_TEXT_BYTES];
		CHECK(strcmp(prefix_text(&book_prefix(b, i)->prefix, t), prefixes[i].prefix) == 0,
		      "prefix %zu: %s", i, t);
		CHECK(book_prefix(b, i)->parent == prefixes[i].parent, "parent of prefix %zu", i);
	}
	for (size_t i = 0; i < 6; i++) {
		const struct book_range4 *r = book_range4(b, i);
		CHECK(r->first == ranges[i][0] && r->last == ranges[i][1], "range %zu", i);
		CHECK(r->parent == ranges[i][2], "parent of range %zu: %u", i, r->parent);
	}
}

static void check_readers(const struct book *b)
{
	struct address in, out, private;
	address_parse(BYTES("10.9.1.1"), &in);
	address_parse(BYTES("8.8.8.8"), &out);
	address_parse(BYTES("192.168.1.1"), &private);
	CHECK(b->header->generation == 7, "generation");
	CHECK(book_is_local(b, &in) && !book_is_local(b, &out) && !book_is_local(b, &private),
	      "local as told");
	CHECK(book_next_change(b, 0) == 100 && book_next_change(b, 100) == 200 &&
		      book_next_change(b, 299) == 300,
	      "next change");
	CHECK(book_next_change(b, 300) == UINT64_MAX, "no further change");
	CHECK(span_equal(book_span(b, book_service(b, 1)->name), BYTES("unknown")), "row 1 is unknown");
	CHECK(book_service(b, 0)->name.bytes == 0 && book_string(b, book_service(b, 0)->name)[0] == '\0',
	      "row 0 is none");
}

static void check_empty(void)
{
	struct book_writer *w = book_writer_new();
	struct made m = { 0 };
	struct address private, global;
	address_parse(BYTES("192.168.1.1"), &private);
	address_parse(BYTES("8.8.8.8"), &global);
	CHECK(text(w, "zoom").at == text(w, "zoom").at && text(w, "").bytes == 0, "equal texts share bytes");
	for (unsigned i = 0; i < 3000; i++) {
		char t[16];
		snprintf(t, sizeof t, "t%u", i);
		CHECK(span_equal(book_written_text(w, text(w, t)), span_text(t)), "%s", t);
	}
	CHECK(text(w, "t1").at == text(w, "t1").at, "still");
	CHECK(book_row(w, BOOK_RULE, 0) == NULL, "no such row");
	CHECK(book_writer_image(w, 1, &m.image, &m.bytes) == 0, "an empty book");
	CHECK(book_open(span_of(m.image, m.bytes), &m.book, NULL) == 0, "opens");
	CHECK(book_settings(&m.book)->has_policy == 0 && isnan(book_settings(&m.book)->latitude),
	      "has default settings");
	CHECK(book_is_local(&m.book, &private) && !book_is_local(&m.book, &global), "private space is local");
	free(m.image);
	book_writer_free(w);
}

static void check_refused_by_writer(void)
{
	struct book_writer *w = full_writer();
	struct made m = { 0 };
	((struct book_range4 *)book_row(w, BOOK_RANGE4, 0))->first = 95; /* 95-60 */
	((struct book_range4 *)book_row(w, BOOK_RANGE4, 0))->last = 105; /* crosses 10-100 */
	CHECK(book_writer_image(w, 1, &m.image, &m.bytes) == -EINVAL, "ranges that cross");
	book_writer_free(w);
	w = full_writer();
	*(struct book_range4 *)book_row(w, BOOK_RANGE4, 0) =
		*(struct book_range4 *)book_row(w, BOOK_RANGE4, 1);
	CHECK(book_writer_image(w, 1, &m.image, &m.bytes) == -EINVAL, "a range that stands twice");
	book_writer_free(w);
	w = full_writer();
	*(struct book_prefix *)book_row(w, BOOK_PREFIX, 0) =
		*(struct book_prefix *)book_row(w, BOOK_PREFIX, 1);
	CHECK(book_writer_image(w, 1, &m.image, &m.bytes) == -EINVAL, "a prefix that stands twice");
	book_writer_free(w);
}

static void rehash(uint8_t *image, size_t bytes)
{
	struct book_header *h = (struct book_header *)(void *)image;
	h->hash = siphash13((const uint64_t[2]){ 0, 0 }, image + sizeof *h, bytes - sizeof *h);
}

/* One field of one row is broken, and the hash made good again: the row's own check must find it. */
#define BREAK(section, row, type, field, bad)                                       \
	{                                                                           \
#type "." #field " = " #bad, section,                               \
			(row) * sizeof(struct type) + offsetof(struct type, field), \
			sizeof(((struct type *)NULL)->field), (uint64_t)(bad)       \
	}
static const struct broken {
	const char *name;
	enum book_section_id section;
	size_t at, bytes;
	uint64_t value;
} broken[] = {
	BREAK(BOOK_SETTINGS, 0, book_settings, site_name.at, 1u << 20),
	BREAK(BOOK_SETTINGS, 0, book_settings, site_name.bytes, 2), /* no NUL behind it */
	BREAK(BOOK_SETTINGS, 0, book_settings, site_name.bytes, UINT32_MAX),
	BREAK(BOOK_SETTINGS, 0, book_settings, mode, 2),
	BREAK(BOOK_SETTINGS, 0, book_settings, size, 3),
	BREAK(BOOK_SETTINGS, 0, book_settings, by_vlan, 2),
	BREAK(BOOK_SETTINGS, 0, book_settings, site_country, 0x4100),
	BREAK(BOOK_SETTINGS, 0, book_settings, latitude, 0x4077000000000000), /* 368 */
	BREAK(BOOK_SERVICE, 2, book_service, seat, 0x6161),
	BREAK(BOOK_SERVICE, 2, book_service, name.at, UINT32_MAX),
	BREAK(BOOK_COMPONENT, 1, book_component, name.at, UINT32_MAX),
	BREAK(BOOK_NAME, 0, book_name, service, 3),
	BREAK(BOOK_NAME, 0, book_name, component, 2),
	BREAK(BOOK_NAME, 0, book_name, roles, 16),
	BREAK(BOOK_NAME, 0, book_name, may, 16),
	BREAK(BOOK_NAME, 0, book_name, path, 4),
	BREAK(BOOK_NAME, 0, book_name, flags, 8),
	BREAK(BOOK_NAME, 0, book_name, tail.bytes, 0),
	BREAK(BOOK_NAME, 2, book_name, flags, 0), /* a pattern that is called a suffix */
	BREAK(BOOK_SITE, 0, book_site, service, 3),
	BREAK(BOOK_SITE, 2, book_site, service, 1), /* out of order */
	BREAK(BOOK_SITE, 0, book_site, unsure, 2),
	BREAK(BOOK_PREFIX, 0, book_prefix, place, 4),
	BREAK(BOOK_PREFIX, 0, book_prefix, service, 3),
	BREAK(BOOK_PREFIX, 0, book_prefix, prefix.bits, 129),
	BREAK(BOOK_PREFIX, 1, book_prefix, parent, 2), /* itself */
	BREAK(BOOK_PREFIX, 1, book_prefix, parent, 0),
	BREAK(BOOK_PREFIX, 0, book_prefix, parent, 5),
	BREAK(BOOK_FRAMING, 0, book_framing, port_count, 2),
	BREAK(BOOK_FRAMING, 0, book_framing, first_port, 2),
	BREAK(BOOK_FRAMING, 0, book_framing, is, 6),
	BREAK(BOOK_FRAMING, 0, book_framing, basis, 8),
	BREAK(BOOK_FRAMING, 0, book_framing, media, 8),
	BREAK(BOOK_PORTS, 0, book_ports, hi, 8800),
	BREAK(BOOK_PORTS, 0, book_ports, proto, 1),
	BREAK(BOOK_SOURCE, 0, book_source, count4, 7),
	BREAK(BOOK_SOURCE, 0, book_source, first4, UINT64_MAX),
	BREAK(BOOK_SOURCE, 0, book_source, count6, 2),
	BREAK(BOOK_SOURCE, 0, book_source, kind, 3),
	BREAK(BOOK_SOURCE, 0, book_source, has, 8),
	BREAK(BOOK_RANGE4, 1, book_range4, parent, 0),
	BREAK(BOOK_RANGE4, 1, book_range4, parent, 2),
	BREAK(BOOK_RANGE4, 1, book_range4, last, 101),
	BREAK(BOOK_RANGE4, 1, book_range4, first, 31),
	BREAK(BOOK_RANGE4, 1, book_range4, says, 1),
	BREAK(BOOK_RANGE4, 1, book_range4, note.bytes, 3),
	BREAK(BOOK_RANGE6, 0, book_range6, parent, 1),
	BREAK(BOOK_RANGE6, 0, book_range6, registered, 1),
	BREAK(BOOK_REGION, 0, book_region, name.at, UINT32_MAX),
	BREAK(BOOK_GROUP, 0, book_group, member_count, 2),
	BREAK(BOOK_GROUP, 0, book_group, shared, 2),
	BREAK(BOOK_MEMBER, 0, book_member, prefix.bits, 0), /* bits behind it are set */
	BREAK(BOOK_RULE, 0, book_rule, service_count, 2),
	BREAK(BOOK_RULE, 0, book_rule, first_operator, 1),
	BREAK(BOOK_RULE, 0, book_rule, group, 2),
	BREAK(BOOK_RULE, 0, book_rule, inside, 2),
	BREAK(BOOK_RULE, 0, book_rule, outside, 2),
	BREAK(BOOK_RULE, 0, book_rule, roles, 16),
	BREAK(BOOK_RULE, 0, book_rule, paths, 1),
	BREAK(BOOK_RULE, 0, book_rule, unsure, 5),
	BREAK(BOOK_RULE, 0, book_rule, action, 3),
	BREAK(BOOK_RULE, 0, book_rule, mode, 2),
	BREAK(BOOK_RULE, 0, book_rule, flags, 4),
	{ "service list", BOOK_SERVICE_LIST, 0, 2, 3 },
	{ "country list", BOOK_COUNTRY_LIST, 0, 2, 0 },
	BREAK(BOOK_EXCEPTION, 0, book_exception, rule, 1),
	BREAK(BOOK_EXCEPTION, 0, book_exception, group, 2),
	BREAK(BOOK_EXCEPTION, 0, book_exception, until_us, 0),
	BREAK(BOOK_CAPTURE, 0, book_capture, interface.bytes, 0),
	BREAK(BOOK_CAPTURE, 0, book_capture, side, 3),
	BREAK(BOOK_OUTPUT, 0, book_output, target.at, UINT32_MAX),
	BREAK(BOOK_OUTPUT, 0, book_output, kind, OUTPUT_KINDS),
	BREAK(BOOK_OUTPUT, 0, book_output, transport, TRANSPORTS),
	BREAK(BOOK_OUTPUT, 0, book_output, format, FORMATS),
	BREAK(BOOK_ENFORCE, 0, book_enforce, timeout_s, 0),
	BREAK(BOOK_ENFORCE, 0, book_enforce, max_blocks, 0),
	BREAK(BOOK_ENFORCE, 0, book_enforce, reject, 2),
	{ "protect", BOOK_PROTECT, 16, 1, 129 },
	{ "local", BOOK_LOCAL, 16, 1, 129 },
	{ "resolver", BOOK_RESOLVER, 15, 1, 1 },
};

static void check_broken(const struct made *m)
{
	uint8_t *copy = malloc(m->bytes);
	struct book b;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		memcpy(copy, m->image, m->bytes);
		memcpy(copy + m->book.header->section[broken[i].section].at + broken[i].at, &broken[i].value,
		       broken[i].bytes);
		CHECK(memcmp(copy, m->image, m->bytes) != 0, "%s changes something", broken[i].name);
		const char *why = NULL;
		CHECK(book_open(span_of(copy, m->bytes), &b, &why) == -EINVAL && why != NULL,
		      "%s: without hash", broken[i].name);
		rehash(copy, m->bytes);
		CHECK(book_open(span_of(copy, m->bytes), &b, &why) == -EINVAL, "%s", broken[i].name);
	}
	free(copy);
}

/* The longest text that could still be believed: its NUL would lie just behind the section. */
static void check_last_text(const struct made *m)
{
	uint8_t *copy = malloc(m->bytes);
	struct book b;
	memcpy(copy, m->image, m->bytes);
	struct book_text all = { 0, (uint32_t)m->book.count[BOOK_TEXT] };
	memcpy(copy + m->book.header->section[BOOK_SETTINGS].at, &all, sizeof all);
	copy[m->book.header->section[BOOK_TEXT].at + all.bytes] = '\0';
	rehash(copy, m->bytes);
	CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == -EINVAL, "a text that ends behind the texts");
	free(copy);
}

static void check_header(const struct made *m)
{
	uint8_t *copy = malloc(m->bytes + 8);
	struct book b;
	struct book_header *h = (struct book_header *)(void *)copy;
	memcpy(copy, m->image, m->bytes);
	h->magic++;
	CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == -EINVAL, "magic");
	h->magic--, h->version++;
	CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == -EINVAL, "version");
	h->version--;
	CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == 0, "and back");
	CHECK(book_open(span_of(copy, m->bytes + 8), &b, NULL) == -EINVAL, "more behind its end");
	for (size_t id = 0; id < BOOK_SECTIONS; id++) {
		struct book_section s = h->section[id];
		const struct book_section bad[] = { { m->bytes + 8, 0 },
						    { s.at + 1, s.count },
						    { 0, 0 },
						    { s.at, UINT64_MAX },
						    { UINT64_MAX - 7, s.count } };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			h->section[id] = bad[i];
			CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == -EINVAL, "section %zu, %zu", id,
			      i);
		}
		h->section[id] = s;
	}
	h->section[BOOK_SETTINGS].count = 0;
	CHECK(book_open(span_of(copy, m->bytes), &b, NULL) == -EINVAL, "no settings");
	memmove(copy + 4, m->image, m->bytes);
	CHECK(book_open(span_of(copy + 4, m->bytes), &b, NULL) == -EINVAL, "not aligned");
	free(copy);
	for (size_t n = 0; n < m->bytes; n++) {
		struct span cut = check_cut(span_of(m->image, m->bytes), n);
		CHECK(book_open(cut, &b, NULL) == -EINVAL, "cut to %zu", n);
		free((void *)(uintptr_t)cut.at);
	}
}

/* The fuzzer's seed is this very book: after a change of the layout, `test_book FILE` writes it anew. */
static void check_seed(const struct made *m, const char *write_to)
{
	const char *path = write_to != NULL ? write_to : TEST_SOURCE "/tests/fuzz/corpus/book/full";
	FILE *f = fopen(path, write_to != NULL ? "wb" : "rb");
	uint8_t *read = malloc(m->bytes);
	CHECK(f != NULL, "%s", path);
	if (f != NULL && write_to != NULL)
		CHECK(fwrite(m->image, 1, m->bytes, f) == m->bytes, "written");
	else if (f != NULL)
		CHECK(fread(read, 1, m->bytes, f) == m->bytes && memcmp(read, m->image, m->bytes) == 0,
		      "%s is of another layout: run test_book with its path", path);
	if (f != NULL)
		fclose(f);
	free(read);
}

int main(int argc, char **argv)
{
	struct made m = make(), again = make();
	check_seed(&m, argc > 1 ? argv[1] : NULL);
	CHECK(m.bytes == again.bytes && memcmp(m.image, again.image, m.bytes) == 0,
	      "the same rows make the same bytes");
	check_order(&m.book);
	check_readers(&m.book);
	check_empty();
	check_refused_by_writer();
	check_broken(&m);
	check_last_text(&m);
	check_header(&m);
	free(m.image);
	free(again.image);
	return check_done();
}
