/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readers of values that have a form of their own: countries, prefixes, numbers, durations, dates. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/regions.h"
#include "config/schema.h"

#define NAME_OF(node) node_name(node, &(struct shown){ { 0 } })

bool take_country(struct load *l, const struct node *n, country *ret)
{
	if (!node_is(l, n, NODE_TEXT, "a country"))
		return false;
	country c = country_from(n->text);
	char upper[3];
	if (c == COUNTRY_NONE || !country_known(c)) {
		report_mistake(l->report, node_where(n),
			       "`%s` is no country; two letters of ISO 3166-1 would be right, as TW or US",
			       SHOW(n->text));
		return false;
	}
	if (!span_equal(n->text, span_text(country_text(c, upper)))) {
		report_mistake(l->report, node_where(n),
			       "the country `%s` is not in upper case; `%s` would be right", SHOW(n->text),
			       upper);
		return false;
	}
	*ret = c;
	return true;
}

void read_country(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	take_country(l, value, into);
}

bool take_prefix(struct load *l, const struct node *n, struct prefix *ret)
{
	struct prefix p;
	bool host_bits;
	char text[PREFIX_TEXT_BYTES];
	if (!node_is(l, n, NODE_TEXT, "an address or a prefix"))
		return false;
	if (!prefix_parse(n->text, &p, &host_bits)) {
		report_mistake(l->report, node_where(n),
			       "`%s` is no prefix; an address or a prefix would be right, as 192.0.2.0/24 or "
			       "2001:db8::/32",
			       SHOW(n->text));
		return false;
	}
	if (host_bits) {
		report_mistake(l->report, node_where(n),
			       "`%s` has bits set behind the prefix; `%s` would be right", SHOW(n->text),
			       prefix_text(&p, text));
		return false;
	}
	*ret = p;
	return true;
}

void read_prefix(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	take_prefix(l, value, into);
}

void read_degrees(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	if (!node_is(l, value, NODE_TEXT, "a number of degrees"))
		return;
	const char *text = (const char *)value->text.at;
	bool plain = value->text.len > 0 && strspn(text, "0123456789+-.") == value->text.len;
	char *end = NULL;
	double d = plain ? strtod(text, &end) : NAN;
	if (plain && *end == '\0' && fabs(d) <= 180)
		*(double *)into = d;
	else
		report_mistake(l->report, node_where(value),
			       "`%s` is `%s`; degrees would be right, as 25.04 or -33.9", NAME_OF(value),
			       SHOW(value->text));
}

static bool take_digits(struct cursor *c, size_t least, size_t most, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;
	while (n < most && n < c->rest.len && c->rest.at[n] >= '0' && c->rest.at[n] <= '9')
		v = v * 10 + (uint64_t)(c->rest.at[n++] - '0');
	cursor_take(c, n);
	*ret = v;
	return n >= least;
}

/* A number with what stands behind it (or nothing), within the bounds of the key. */
static void read_number(struct load *l, const struct node *value, const struct key *key, const char *behind,
			uint32_t *into)
{
	uint64_t n;
	if (!node_is(l, value, NODE_TEXT, "a number"))
		return;
	struct cursor c = cursor_of(value->text);
	bool ok = take_digits(&c, 1, 9, &n) && span_equal(c.rest, span_text(behind));
	if (ok && n >= key->least && n <= key->most)
		*into = (uint32_t)n;
	else
		report_mistake(l->report, node_where(value),
			       "`%s` is `%s`; %" PRIu32 "%s to %" PRIu32 "%s would be right", NAME_OF(value),
			       SHOW(value->text), key->least, behind, key->most, behind);
}

void read_count(struct load *l, const struct node *value, const struct key *key, void *into)
{
	read_number(l, value, key, "", into);
}

void read_rate(struct load *l, const struct node *value, const struct key *key, void *into)
{
	read_number(l, value, key, "/m", into);
}

static void take_duration(struct load *l, const struct node *value, const struct key *key, uint32_t s,
			  uint32_t *into)
{
	if (key->most == 0 || (s >= key->least && s <= key->most))
		*into = s;
	else
		report_mistake(l->report, node_where(value),
			       "`%s` is `%s`; %" PRIu32 "s to %" PRIu32 "s would be right", NAME_OF(value),
			       SHOW(value->text), key->least, key->most);
}

void read_duration(struct load *l, const struct node *value, const struct key *key, void *into)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	if (!node_is(l, value, NODE_TEXT, "a duration"))
		return;
	struct cursor c = cursor_of(value->text);
	uint64_t n;
	bool digits = take_digits(&c, 1, 9, &n);
	for (size_t i = 0; digits && c.rest.len == 1 && i < sizeof units / sizeof *units; i++)
		if (c.rest.at[0] == (uint8_t)units[i].letter && n > 0 && n * units[i].seconds <= UINT32_MAX) {
			take_duration(l, value, key, (uint32_t)(n * units[i].seconds), into);
			return;
		}
	report_mistake(l->report, node_where(value),
		       "`%s` is `%s`; a number with a unit (s, m, h, d, w) would be right, as 45d",
		       NAME_OF(value), SHOW(value->text));
}

/* Days since 1970-01-01 of a day of the Gregorian calendar, by counting from March (the leap day comes last). */
static int64_t days_from(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
	return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

static bool is_day(uint64_t year, uint64_t month, uint64_t day)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (unsigned)(month == 2 && leap);
}

static bool take_char(struct cursor *c, const char *one_of)
{
	uint8_t got = (uint8_t)cursor_uint(c, 1);
	return cursor_ok(c) && got != 0 && strchr(one_of, got) != NULL;
}

static bool take_day(struct cursor *c, int64_t *ret_s)
{
	uint64_t y, m, d;
	if (!take_digits(c, 4, 4, &y) || !take_char(c, "-") || !take_digits(c, 2, 2, &m) ||
	    !take_char(c, "-") || !take_digits(c, 2, 2, &d) || !is_day(y, m, d))
		return false;
	*ret_s = days_from((int64_t)y, (int64_t)m, (int64_t)d) * 86400;
	return true;
}

bool date_parse(struct span text, int64_t *ret_s)
{
	struct cursor c = cursor_of(text);
	return take_day(&c, ret_s) && c.rest.len == 0;
}

void date_text(int64_t s, char ret[11])
{
	int64_t day = s / 86400, year = 1970;
	ret[0] = '\0';
	if (s < 0 || s >= days_from(10000, 1, 1) * 86400)
		return;
	for (year = 1970 + day / 366; days_from(year + 1, 1, 1) <= day; year++)
		;
	int64_t month = 1;
	while (month < 12 && days_from(year, month + 1, 1) <= day)
		month++;
	int64_t in_month = day - days_from(year, month, 1) + 1;
	snprintf(ret, 11, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
		 (unsigned)in_month % 100u);
}

/* RFC 3339 s5.6, without fractions: "2027-01-31T08:00:00Z" or with an offset. */
static bool take_time(struct cursor *c, int64_t *s)
{
	uint64_t hour, minute, second, off_hour = 0, off_minute = 0;
	if (!take_char(c, "Tt ") || !take_digits(c, 2, 2, &hour) || !take_char(c, ":") ||
	    !take_digits(c, 2, 2, &minute) || !take_char(c, ":") || !take_digits(c, 2, 2, &second) ||
	    c->rest.len == 0)
		return false;
	char zone = (char)cursor_uint(c, 1);
	bool offset = zone == '+' || zone == '-';
	if (offset &&
	    (!take_digits(c, 2, 2, &off_hour) || !take_char(c, ":") || !take_digits(c, 2, 2, &off_minute)))
		return false;
	if ((!offset && zone != 'Z' && zone != 'z') || hour > 23 || minute > 59 || second > 59 ||
	    off_hour > 23 || off_minute > 59)
		return false;
	int64_t off = (int64_t)(off_hour * 3600 + off_minute * 60);
	*s += (int64_t)(hour * 3600 + minute * 60 + second) - (zone == '-' ? -off : off);
	return true;
}

void read_date(struct load *l, const struct node *value, const struct key *key, void *into)
{
	int64_t s;
	(void)key;
	if (!node_is(l, value, NODE_TEXT, "a date"))
		return;
	if (date_parse(value->text, &s))
		*(struct span *)into = value->text;
	else
		report_mistake(l->report, node_where(value),
			       "`%s` is `%s`; a date would be right, as 2026-11-01", NAME_OF(value),
			       SHOW(value->text));
}

void read_instant(struct load *l, const struct node *value, const struct key *key, void *into)
{
	int64_t s;
	(void)key;
	if (!node_is(l, value, NODE_TEXT, "a date or a time"))
		return;
	struct cursor c = cursor_of(value->text);
	bool ok = take_day(&c, &s) && (c.rest.len == 0 || take_time(&c, &s)) && c.rest.len == 0 && s > 0;
	if (ok)
		*(uint64_t *)into = (uint64_t)s * 1000000;
	else
		report_mistake(l->report, node_where(value),
			       "`%s` is `%s`; a date (its first second, in UTC) or a time would be right, as "
			       "2027-01-31 or "
			       "2027-01-31T17:00:00+08:00",
			       NAME_OF(value), SHOW(value->text));
}
