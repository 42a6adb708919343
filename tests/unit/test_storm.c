/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What report remembers to say little: a storm of alerts, a set of ids, the last minute and the last hour. */
#include "check.h"
#include "report/recent.h"
#include "report/storm.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

/* ---- ids ---- */

/* Against an array of all, with ids that fall on few places and one that runs over the end of the table. */
static void check_ids(void)
{
	enum { IDS = 400, STEPS = 20000 };
	static struct idset s;
	static bool in[IDS];
	uint32_t state = 7;
	size_t count = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		state = state * 1664525 + 1013904223;
		unsigned n = (state >> 8) % IDS;
		uint64_t id = (uint64_t)(n / 20 + 1) * IDSET_ROWS + IDSET_ROWS - 10 + n % 20;
		if ((state >> 30) < 2) {
			idset_add(&s, id);
			count += !in[n];
			in[n] = true;
		} else {
			CHECK(idset_remove(&s, id) == in[n], "step %u", i);
			count -= in[n];
			in[n] = false;
		}
		CHECK(idset_has(&s, id) == in[n] && s.count == count, "step %u", i);
	}
	for (unsigned n = 0; n < IDS; n++)
		CHECK(idset_has(&s, (uint64_t)(n / 20 + 1) * IDSET_ROWS + IDSET_ROWS - 10 + n % 20) == in[n],
		      "id %u", n);
}

static void check_full_set(void)
{
	static struct idset s;
	idset_add(&s, 0);
	CHECK(s.count == 0 && !idset_has(&s, 0) && !idset_remove(&s, 0), "0 is in none");
	for (uint64_t id = 1; id <= IDSET_ROWS * 2; id++)
		idset_add(&s, id * 7);
	CHECK(s.count == IDSET_MOST && idset_has(&s, 7) && !idset_has(&s, IDSET_ROWS * 14), "bounded");
	idset_add(&s, 7);
	CHECK(s.count == IDSET_MOST && idset_remove(&s, 7) && !idset_remove(&s, 7), "once");
}

/* ---- a storm ---- */

static struct event said(uint64_t alert, enum alert_state state)
{
	return (struct event){ .alert_id = alert, .state = (uint8_t)state, .violating_flows = 3 };
}

static bool folds(struct storm *s, uint64_t alert, enum alert_state state, uint64_t now_ms)
{
	struct event e = said(alert, state);
	return storm_folds(s, &e, now_ms);
}

static void check_storm(void)
{
	static struct storm s;
	struct storm_counts c;
	uint64_t now = 5 * MINUTE_MS;
	for (uint64_t id = 1; id <= STORM_AT_ONCE; id++)
		CHECK(!folds(&s, id, ALERT_OPENED, now), "%d passes", (int)id);
	CHECK(!storm_due(&s, now, false, &c), "no storm yet");
	CHECK(folds(&s, 1001, ALERT_OPENED, now) && folds(&s, 1002, ALERT_OPENED, now), "too many");
	CHECK(folds(&s, 1001, ALERT_OPENED, now), "the same again: folded, counted once");
	CHECK(folds(&s, 1001, ALERT_UPDATED, now) && !folds(&s, 1, ALERT_UPDATED, now),
	      "an update follows its alert");
	CHECK(!folds(&s, 1, ALERT_CLOSED, now) && folds(&s, 1001, ALERT_CLOSED, now), "so does the end");
	CHECK(!folds(&s, 1001, ALERT_CLOSED, now), "which is forgotten then");
	CHECK(!storm_due(&s, now, false, &c) && !storm_due(&s, now + SECOND_MS, false, &c), "soon");
	CHECK(storm_due(&s, now + 2 * SECOND_MS, false, &c) && c.alerts == 2 && c.flows == 3 &&
		      c.refusals == 0,
	      "%d %d", (int)c.alerts, (int)c.flows);
	CHECK(!storm_due(&s, now + 3 * SECOND_MS, true, &c), "nothing new");
	now += 10 * SECOND_MS;
	for (unsigned i = 0; i < STORM_A_MINUTE / 6; i++)
		CHECK(!folds(&s, 2000 + i, ALERT_OPENED, now), "ten seconds' worth");
	CHECK(folds(&s, 3000, ALERT_OPENED, now), "not more");
	CHECK(!storm_due(&s, now, false, &c), "once a minute");
	CHECK(storm_due(&s, now, true, &c) && c.alerts == 1 && c.flows == 0, "unless it ends");
	now += 10 * MINUTE_MS;
	CHECK(!storm_due(&s, now, false, &c) && s.due_ms == 0, "over");
	for (unsigned i = 0; i < STORM_AT_ONCE; i++)
		CHECK(!folds(&s, 4000 + i, ALERT_OPENED, now), "full again");
	CHECK(s.in_all.alerts == 3 && s.in_all.flows == 3, "in all");
}

static void check_slow_tokens(void)
{
	static struct storm s;
	unsigned passed = 0;
	for (uint64_t now = 1; now <= 2 * MINUTE_MS;
	     now++) /* one a millisecond: no fraction of a token may get lost */
		passed += !storm_folds_refusal(&s, now);
	CHECK(passed >= STORM_AT_ONCE + 2 * STORM_A_MINUTE - 1 &&
		      passed <= STORM_AT_ONCE + 2 * STORM_A_MINUTE,
	      "%u", passed);
	CHECK(s.in_all.refusals == 2 * MINUTE_MS - passed, "the others are counted");
}

/* ---- the last minute, the last hour ---- */

static struct accounting at(uint64_t delivered, uint64_t dropped)
{
	return (struct accounting){ .offered = delivered + dropped,
				    .delivered = delivered,
				    .dropped = dropped };
}

static void check_minute(void)
{
	static struct recent r;
	CHECK(recent_minute(&r, 1).offered == 0, "nothing yet");
	for (uint64_t i = 1; i <= 200; i++) {
		struct accounting a = at(100 * i, i <= 100 ? i : 100);
		recent_account(&r, 1000000 + i * SECOND_MS, &a);
		struct accounting m = recent_minute(&r, 1000000 + i * SECOND_MS);
		uint64_t seconds = i < 60 ? i : 60;
		CHECK(m.delivered == 100 * seconds, "after %d s: %d", (int)i, (int)m.delivered);
		CHECK(m.offered == m.delivered + m.dropped, "after %d s the sum is right", (int)i);
	}
	CHECK(recent_minute(&r, 1200000).dropped == 0, "what was dropped long ago");
	CHECK(recent_minute(&r, 1240000).delivered == 2000, "and then silence: %d",
	      (int)recent_minute(&r, 1240000).delivered);
	struct accounting anew = at(50, 1);
	recent_account(&r, 1241000, &anew);
	CHECK(recent_minute(&r, 1241000).offered == 51, "counters that began anew");
}

static void check_hour(void)
{
	static struct recent r;
	uint64_t sum[TROUBLES] = { 0 }, hour[TROUBLES];
	sum[TROUBLE_RESTARTS] = 2;
	for (uint64_t minute = 0; minute < 200; minute++) {
		uint64_t now = 777 + minute * MINUTE_MS;
		if (minute == 30)
			sum[TROUBLE_EVICTED] = 5;
		recent_count(&r, now, sum);
		recent_hour(&r, now, sum, hour);
		CHECK((hour[TROUBLE_RESTARTS] == 2) == (minute <= 60), "minute %d: %d", (int)minute,
		      (int)hour[TROUBLE_RESTARTS]);
		if (minute >= 85 && minute <= 90) /* kept every five minutes */
			continue;
		CHECK(hour[TROUBLE_EVICTED] == (minute >= 30 && minute < 85 ? 5 : 0), "minute %d",
		      (int)minute);
	}
	sum[TROUBLE_EVICTED] = 1;
	recent_hour(&r, 200 * MINUTE_MS, sum, hour);
	CHECK(hour[TROUBLE_EVICTED] == 1, "a counter that began anew");
}

int main(void)
{
	check_ids();
	check_full_set();
	check_storm();
	check_slow_tokens();
	check_minute();
	check_hour();
	return check_done();
}
