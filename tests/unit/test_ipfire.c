/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "scratch.h"

#include <errno.h>
#include <time.h>

#define HEADER                                                                                            \
	"# Location Database Export\n#\n# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n# Vendor:    IPFire " \
	"Project\n#\n"

static struct loaded load_text(const char *v4, const char *v6)
{
	scratch_text("policy.yaml", "version: 1\ngeo: {databases: [{ipfire: geoip}]}\n");
	scratch_text("geoip", v4);
	unlink(scratch_path("geoip6"));
	if (v6 != NULL)
		scratch_text("geoip6", v6);
	return load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
}

static void check_good(void)
{
	struct loaded l = load_text(
		HEADER "15726992,15726999,??\n16777216,16777471,AU\n16777472,16778239,CN\n"
		       "16778240,16779263,CN\r\n16781312,16785407,CN\n\n4294967040,4294967295,EU\n",
		"# no date\n2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"
		"2001:201::,2001:201::ffff,JP\n2001:201::1:0,2001:201::2:0,TW\nffff::,ffff:ffff:ffff:ffff:"
		"ffff:ffff:ffff:ffff,AP");
	CHECK(l.result == 0, "good files: %d", l.result);
	static const struct {
		uint32_t first, last;
		const char *says;
	} want[] = {
		{ 15726992, 15726999, "" },   { 16777216, 16777471, "AU" },     { 16777472, 16779263, "CN" },
		{ 16781312, 16785407, "CN" }, { 4294967040u, 4294967295u, "" },
	};
	CHECK(l.result == 0 && l.book.count[BOOK_RANGE4] == 5, "neighbours that say the same are one");
	for (size_t i = 0; l.result == 0 && i < l.book.count[BOOK_RANGE4]; i++) {
		const struct book_range4 *r = book_range4(&l.book, i);
		CHECK(r->first == want[i].first && r->last == want[i].last, "range %zu", i);
		CHECK(r->says == country_from(span_text(want[i].says)), "country of range %zu", i);
	}
	if (l.result == 0) {
		char text[ADDRESS_TEXT_BYTES];
		CHECK(l.book.count[BOOK_RANGE6] == 3, "IPv6: %zu", l.book.count[BOOK_RANGE6]);
		CHECK(strcmp(address_text(&book_range6(&l.book, 0)->last, text), "2001:201::ffff") == 0,
		      "joined: %s", text);
		CHECK(book_range6(&l.book, 2)->says == COUNTRY_NONE, "AP is no country");
		const struct book_source *s = book_source(&l.book, 0);
		CHECK(strcmp(book_string(&l.book, s->built), "2026-06-25") == 0, "%s",
		      book_string(&l.book, s->built));
		CHECK(strcmp(book_string(&l.book, s->label), "ipfire") == 0, "label");
		CHECK(strcmp(book_string(&l.book, s->file), "geoip") == 0, "the file as it is named");
		CHECK(s->kind == KIND_DATABASE && s->has == SOURCE_HAS_COUNTRY, "kind");
	}
	loaded_done(&l);
}

static const struct row {
	const char *name, *v4, *v6, *says;
} rows[] = {
	{ "unsorted", "20,30,AU\n1,2,AU\n", NULL,
	  "geoip:2:1: `1,2,AU`: it begins before the end of the range above" },
	{ "overlapping", "20,30,AU\n30,31,AU\n", NULL, "geoip:2:1: `30,31,AU`: it begins before" },
	{ "twice", "20,30,AU\n20,30,AU\n", NULL, "geoip:2:1: " },
	{ "reversed", "# x\n30,20,AU\n", NULL, "geoip:2:1: `30,20,AU`: the range is reversed" },
	{ "no country", "1,2\n", NULL, "geoip:1:1: `1,2`: first,last,country would be right" },
	{ "lower case", "1,2,au\n", NULL, "geoip:1:1: " },
	{ "three letters", "1,2,AUS\n", NULL, "geoip:1:1: " },
	{ "a fourth field", "1,2,AU,x\n", NULL, "geoip:1:1: " },
	{ "one question mark", "1,2,?\n", NULL, "geoip:1:1: " },
	{ "negative", "-1,2,AU\n", NULL, "geoip:1:1: " },
	{ "too large", "1,4294967296,AU\n", NULL, "geoip:1:1: " },
	{ "far too large", "1,18446744073709551617,AU\n", NULL, "geoip:1:1: " },
	{ "blank", " 1,2,AU\n", NULL, "geoip:1:1: " },
	{ "empty number", ",2,AU\n", NULL, "geoip:1:1: " },
	{ "hostile text", "\x1B[2J\xE2\x80\xAE\n", NULL, "geoip:1:1: `\\x1b[2J\\xe2\\x80\\xae`" },
	{ "all wrong lines are told", "x\n1,2,AU\ny\n", NULL, "geoip:3:1: `y`" },
	{ "nothing in it", "# x\n", NULL, "is sound, but holds no range" },
	{ "IPv6 unsorted", "1,2,AU\n", "2::,3::,AU\n1::,1::1,AU\n",
	  "geoip6:2:1: `1::,1::1,AU`: it begins before" },
	{ "IPv6 reversed", "1,2,AU\n", "3::,2::,AU\n", "geoip6:1:1: `3::,2::,AU`: the range is reversed" },
	{ "IPv6 malformed", "1,2,AU\n", "2::x,3::,AU\n", "geoip6:1:1: `2::x,3::,AU`: first,last,country" },
	{ "IPv6 with a zone", "1,2,AU\n", "fe80::1%eth0,fe80::2,AU\n", "geoip6:1:1: " },
};

static void check_row(const struct row *r)
{
	struct loaded l = load_text(r->v4, r->v6);
	CHECK(l.result == -EINVAL, "%s: %d", r->name, l.result);
	CHECK(report_has(l.report, r->says), "%s: %s", r->name, r->says);
	loaded_done(&l);
}

static void check_dates(void)
{
	struct loaded l = load_text("# Generated: Thu, 31 Feb 2026 04:33:59 GMT\n1,2,AU\n", NULL);
	struct loaded late = load_text("# Generated: Fri, 31 Oct 2025 04:33:59 GMT\n1,2,AU\n", NULL);
	CHECK(late.result == 0 &&
		      strcmp(book_string(&late.book, book_source(&late.book, 0)->built), "2025-10-31") == 0,
	      "October");
	loaded_done(&late);
	char today[11];
	time_t now = time(NULL);
	struct tm tm;
	strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &tm));
	CHECK(l.result == 0 && strcmp(book_string(&l.book, book_source(&l.book, 0)->built), today) >= 0,
	      "no such day: the file's own date stands");
	loaded_done(&l);
	scratch_text("policy.yaml", "version: 1\ngeo: {databases: [{ipfire: geoip, max_age: 45d}]}\n");
	scratch_text("geoip", HEADER "1,2,AU\n");
	struct config_request q = { .policy = scratch_path("policy.yaml"),
				    .now_us = UINT64_C(1786147200) * 1000000 };
	l = load_request(&q); /* 2026-08-08: 44 days after the 25th of June */
	CHECK(l.result == 0 && config_warnings(l.report) == 3, "not yet too old: %zu",
	      config_warnings(l.report));
	loaded_done(&l);
	q.now_us += UINT64_C(2) * 86400 * 1000000;
	l = load_request(&q);
	CHECK(l.result == 0 &&
		      report_has(l.report,
				 "policy.yaml:2:28: `geoip` is of 2026-06-25, older than its max_age"),
	      "too old");
	loaded_done(&l);
}

static void check_files(void)
{
	scratch_text("policy.yaml", "version: 1\ngeo: {databases: [{ipfire: nothing}]}\n");
	struct loaded l = load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
	CHECK(l.result == -EINVAL, "a database that is not there: %d", l.result);
	CHECK(report_has(l.report, "nothing` cannot be read: there is no such file"), "is told");
	loaded_done(&l);
	unlink(scratch_path("geoip6"));
	mkdir(scratch_path("geoip6"), 0700);
	scratch_text("policy.yaml", "version: 1\ngeo: {databases: [{ipfire: geoip}]}\n");
	l = load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
	CHECK(l.result == -EINVAL && report_has(l.report, "geoip6` cannot be read: it is a directory"),
	      "geoip6");
	loaded_done(&l);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_text("services.d/zoom.yaml", "service: zoom\noperator: {name: Zoom, seat: US}\n");
	check_good();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	check_dates();
	check_files();
	scratch_done();
	return check_done();
}
