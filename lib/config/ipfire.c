/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipfire: the text form of IPFire's location database, as Tor's packages carry it: `geoip` (first,last as decimal
 * integers, country) and beside it `geoip6` (the same with IPv6 text); `#` begins a comment; sorted, without overlap.
 * Source: observed in Debian's tor-geoipdb; the header's `Generated:` line is IPFire's export header.
 * `??`, EU and AP name no country. Half a million lines: one pass over the bytes, nothing is copied. */
#include <errno.h>

#include "book/regions.h"
#include "config/file.h"
#include "config/schema.h"

enum { IPFIRE_FILE_BYTES = 256 << 20 };

struct ipfire {
	struct load *l;
	const char *path;
	uint32_t line;
	int64_t built_s; /* of the header; 0: not told */
	bool ok, begun;
	uint32_t above4; /* last address of the line above, where one has begun */
	struct address above6;
	struct ranges ranges;
};

static void tell(struct ipfire *f, struct span line, const char *what)
{
	report_mistake(f->l->report, (struct where){ f->path, f->line, 1 }, "`%s`: %s", SHOW(line), what);
	f->ok = false;
}

static bool take_decimal(struct span s, uint32_t *ret)
{
	uint64_t v = 0;
	if (s.len == 0 || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.at[i] - '0');
	}
	*ret = (uint32_t)v;
	return v <= UINT32_MAX;
}

/* Up to the next comma, which is taken, too. */
static struct span take_field(struct span *rest)
{
	const uint8_t *comma = rest->len > 0 ? memchr(rest->at, ',', rest->len) : NULL;
	size_t n = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
	struct span field = { rest->at, n };
	n += comma != NULL;
	*rest = span_of(rest->at + n, rest->len - n);
	return field;
}

static bool take_says(struct span s, country *ret)
{
	country c = country_from(s);
	bool letters = c != COUNTRY_NONE && s.at[0] <= 'Z' && s.at[1] <= 'Z';
	*ret = country_known(c) ? c : COUNTRY_NONE;
	return letters || (s.len == 2 && s.at[0] == '?' && s.at[1] == '?');
}

static void line4(struct ipfire *f, struct span line)
{
	struct span rest = line, first = take_field(&rest), last = take_field(&rest);
	struct book_range4 r = { 0 };
	if (!take_decimal(first, &r.first) || !take_decimal(last, &r.last) || !take_says(rest, &r.says))
		return tell(f, line, "first,last,country would be right, as 16777216,16777471,AU");
	if (r.first > r.last)
		return tell(f, line, "the range is reversed; the smaller address first would be right");
	if (f->begun && r.first <= f->above4)
		return tell(f, line,
			    "it begins before the end of the range above; sorted ranges without overlap "
			    "would be right");
	f->above4 = r.last, f->begun = true;
	ranges_add4(&f->ranges, &r);
}

static void line6(struct ipfire *f, struct span line)
{
	struct span rest = line, first = take_field(&rest), last = take_field(&rest);
	struct book_range6 r = { 0 };
	if (!address_parse(first, &r.first) || !address_parse(last, &r.last) || !take_says(rest, &r.says))
		return tell(f, line,
			    "first,last,country would be right, as "
			    "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP");
	if (address_compare(&r.first, &r.last) > 0)
		return tell(f, line, "the range is reversed; the smaller address first would be right");
	if (f->begun && address_compare(&r.first, &f->above6) <= 0)
		return tell(f, line,
			    "it begins before the end of the range above; sorted ranges without overlap "
			    "would be right");
	f->above6 = r.last, f->begun = true;
	ranges_add6(&f->ranges, &r);
}

/* "# Generated: Thu, 25 Jun 2026 04:33:59 GMT" */
static void comment(struct ipfire *f, struct span line)
{
	static const char head[] = "# Generated: ", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t at = sizeof head - 1 + 5;
	if (line.len < at + 11 || memcmp(line.at, head, sizeof head - 1) != 0 || f->built_s != 0)
		return;
	const uint8_t *day = line.at + at;
	for (unsigned month = 0; month < 12; month++) {
		char date[] = "2026-06-25";
		memcpy(date, day + 7, 4);
		date[5] = (char)('0' + (month + 1) / 10), date[6] = (char)('0' + (month + 1) % 10);
		memcpy(date + 8, day, 2);
		if (memcmp(day + 3, months + 3 * (size_t)month, 3) == 0 &&
		    date_parse(span_text(date), &f->built_s))
			return;
	}
}

static void lines(struct ipfire *f, struct span rest, bool six)
{
	f->begun = false;
	for (f->line = 1; rest.len > 0; f->line++) {
		const uint8_t *end = memchr(rest.at, '\n', rest.len);
		size_t n = end != NULL ? (size_t)(end - rest.at) : rest.len;
		struct span line = { rest.at, n > 0 && rest.at[n - 1] == '\r' ? n - 1 : n };
		if (line.len > 0 && line.at[0] == '#')
			comment(f, line);
		else if (line.len > 0 && six)
			line6(f, line);
		else if (line.len > 0)
			line4(f, line);
		n += end != NULL;
		rest = span_of(rest.at + n, rest.len - n);
	}
}

/* 0, or why the file could not be read. */
static int part(struct ipfire *f, const char *path, bool six, int64_t *ret_mtime_s)
{
	struct arena arena = { 0 }; /* of its own: the text is not needed any longer than this */
	struct span bytes;
	int r = file_read(&arena, path, IPFIRE_FILE_BYTES, &bytes, ret_mtime_s);
	f->path = path;
	if (r == 0)
		lines(f, bytes, six);
	arena_done(&arena);
	return r;
}

bool ipfire_load(struct load *l, const struct source_file *file, bool *ret_unread)
{
	struct ipfire f = { .l = l, .ok = true, .ranges = { .l = l } };
	int64_t mtime_s = 0, other_s = 0;
	struct book_source s = source_begin(l, KIND_DATABASE, "ipfire", file->shown);
	int r = part(&f, file->path, false, &mtime_s);
	*ret_unread = r < 0;
	if (r < 0) {
		report_mistake(l->report, file->named, "the database `%s` cannot be read: %s",
			       SHOW(span_text(file->path)), file_error(r));
		return false;
	}
	char *six = arena_take(&l->arena, strlen(file->path) + 2);
	if (six == NULL)
		return false;
	memcpy(six, file->path, strlen(file->path));
	six[strlen(file->path)] = '6';
	r = part(&f, six, true, &other_s);
	if (r < 0 && r != -ENOENT) {
		report_mistake(l->report, file->named, "the database `%s` cannot be read: %s",
			       SHOW(span_text(six)), file_error(r));
		f.ok = false;
	}
	ranges_flush(&f.ranges);
	source_date(l, file, f.built_s != 0 ? f.built_s : mtime_s, &s);
	s.has = SOURCE_HAS_COUNTRY;
	source_end(l, &s, f.ok);
	if (f.ok && s.count4 + s.count6 == 0)
		report_mistake(l->report, file->named, "the database `%s` is sound, but holds no range",
			       SHOW(span_text(file->path)));
	return f.ok && s.count4 + s.count6 > 0;
}
