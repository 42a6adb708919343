/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/recent.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, PART_MS = HOUR_MS / RECENT_PARTS };

static struct accounting less(struct accounting a, const struct accounting *b)
{
	if (a.offered < b->offered || a.delivered < b->delivered || a.dropped < b->dropped)
		return a; /* inspect counts anew */
	a.offered -= b->offered;
	a.filtered -= b->filtered;
	a.dropped -= b->dropped;
	a.delivered -= b->delivered;
	a.undecoded -= b->undecoded;
	a.not_ip -= b->not_ip;
	return a;
}

void recent_account(struct recent *r, uint64_t now_ms, const struct accounting *sum)
{
	enum { ROWS = RECENT_SECONDS + 1 };
	if (r->seconds > 0 && sum->offered < r->second[(r->seconds - 1) % ROWS].sum.offered)
		r->seconds = 0;
	if (r->seconds == 0) { /* it began from nothing */
		r->second[0].at_ms = now_ms;
		r->second[0].sum = (struct accounting){ 0 };
		r->seconds = 1;
	}
	r->second[r->seconds % ROWS].at_ms = now_ms;
	r->second[r->seconds++ % ROWS].sum = *sum;
}

struct accounting recent_minute(const struct recent *r, uint64_t now_ms)
{
	enum { ROWS = RECENT_SECONDS + 1 };
	if (r->seconds == 0)
		return (struct accounting){ 0 };
	size_t last = r->seconds - 1, first = r->seconds > ROWS ? r->seconds - ROWS : 0;
	while (first < last && r->second[first % ROWS].at_ms + MINUTE_MS < now_ms)
		first++;
	return less(r->second[last % ROWS].sum, &r->second[first % ROWS].sum);
}

void recent_count(struct recent *r, uint64_t now_ms, const uint64_t sum[TROUBLES])
{
	enum { ROWS = RECENT_PARTS + 1 };
	if (r->parts > 0 && r->part[(r->parts - 1) % ROWS].at_ms + PART_MS > now_ms)
		return;
	for (unsigned i = 0; i < TROUBLES; i++)
		r->part[r->parts % ROWS].sum[i] = r->parts > 0 ? sum[i] : 0; /* it began from nothing */
	r->part[r->parts++ % ROWS].at_ms = now_ms;
}

void recent_hour(const struct recent *r, uint64_t now_ms, const uint64_t sum[TROUBLES],
		 uint64_t ret[TROUBLES])
{
	enum { ROWS = RECENT_PARTS + 1 };
	size_t first = r->parts > ROWS ? r->parts - ROWS : 0;
	while (first + 1 < r->parts && r->part[first % ROWS].at_ms + HOUR_MS < now_ms)
		first++;
	for (unsigned i = 0; i < TROUBLES; i++) {
		uint64_t before = r->parts > 0 ? r->part[first % ROWS].sum[i] : 0;
		ret[i] = sum[i] >= before ? sum[i] - before : sum[i]; /* less: its process counts anew */
	}
}
