/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/when.h"

#include <inttypes.h>

enum { SECOND_US = 1000000, DAY_S = 86400 };

struct civil {
	uint64_t year;
	unsigned month, day, hour, minute, second, us;
};

static bool is_leap(uint64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
static unsigned year_days(uint64_t year)
{
	return is_leap(year) ? 366 : 365;
}

/* The Gregorian calendar repeats after 400 years, which have 146097 days; the rest is counted off. */
static struct civil civil_of(uint64_t at_us)
{
	static const unsigned char month_days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t seconds = at_us / SECOND_US, days = seconds / DAY_S;
	unsigned of_day = (unsigned)(seconds % DAY_S);
	struct civil c = { .year = 1970 + days / 146097 * 400,
			   .month = 1,
			   .hour = of_day / 3600,
			   .minute = of_day / 60 % 60,
			   .second = of_day % 60,
			   .us = (unsigned)(at_us % SECOND_US) };
	unsigned left = (unsigned)(days % 146097);
	for (; left >= year_days(c.year); c.year++)
		left -= year_days(c.year);
	for (;; c.month++) {
		unsigned length = month_days[c.month - 1] + (c.month == 2 && is_leap(c.year) ? 1u : 0u);
		if (left < length)
			break;
		left -= length;
	}
	c.day = left + 1;
	return c;
}

void when_rfc3339(struct text *t, uint64_t at_us)
{
	struct civil c = civil_of(at_us);
	text_printf(t, "%04" PRIu64 "-%02u-%02uT%02u:%02u:%02u.%06uZ", c.year, c.month, c.day, c.hour,
		    c.minute, c.second, c.us);
}

void when_plain(struct text *t, uint64_t at_us)
{
	struct civil c = civil_of(at_us);
	text_printf(t, "%04" PRIu64 "-%02u-%02u %02u:%02u:%02u", c.year, c.month, c.day, c.hour, c.minute,
		    c.second);
}

void when_clock(struct text *t, uint64_t at_us)
{
	struct civil c = civil_of(at_us);
	text_printf(t, "%02u:%02u:%02u", c.hour, c.minute, c.second);
}

bool when_same_day(uint64_t a_us, uint64_t b_us)
{
	return a_us / SECOND_US / DAY_S == b_us / SECOND_US / DAY_S;
}

void when_lasting(struct text *t, uint64_t us)
{
	uint64_t s = us / SECOND_US;
	if (s < 10)
		text_printf(t, "%" PRIu64 ".%u s", s, (unsigned)(us / 100000 % 10));
	else if (s < 60)
		text_printf(t, "%" PRIu64 " s", s);
	else if (s < 3600)
		text_printf(t, "%" PRIu64 " min %02u s", s / 60, (unsigned)(s % 60));
	else
		text_printf(t, "%" PRIu64 " h %02u min", s / 3600, (unsigned)(s / 60 % 60));
}
