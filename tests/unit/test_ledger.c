/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"
#include "ledger/ledger.h"
#include "ledger_book.h"

enum { MOST_EVENTS = 600 };

/* All that a ledger said, taken after every fact. */
struct heard {
	struct ledger *l;
	struct event event[MOST_EVENTS];
	struct meeting meeting[MOST_EVENTS];
	size_t events, meetings;
};

static void hear(struct heard *h)
{
	while (h->events < MOST_EVENTS && ledger_take(h->l, &h->event[h->events]))
		h->events++;
	while (h->meetings < MOST_EVENTS && ledger_take_meeting(h->l, &h->meeting[h->meetings]))
		h->meetings++;
}

/* One of several facts of one instant. */
static void tell_with_others(struct heard *h, struct flow_fact f)
{
	ledger_fact(h->l, &f);
	hear(h);
}

/* The only fact of its instant: then the clock's turn comes. */
static void tell(struct heard *h, struct flow_fact f)
{
	tell_with_others(h, f);
	ledger_tick(h->l, f.at_us);
	hear(h);
}

static void tick(struct heard *h, uint64_t at_s)
{
	ledger_tick(h->l, at_s * SECOND);
	hear(h);
}

static struct heard *begin(size_t most)
{
	struct heard *h = calloc(1, sizeof *h);
	h->l = ledger_new(ledger_book(), most);
	return h;
}

static struct ledger_counters counters(const struct heard *h)
{
	struct ledger_counters c;
	ledger_counters(h->l, &c);
	return c;
}

static void done(struct heard *h)
{
	ledger_end(h->l);
	hear(h);
	ledger_free(h->l);
	free(h);
}

static struct flow_fact bad_key(uint64_t id, uint64_t at_s)
{
	struct flow_fact f = a_flow(id, ZOOM, ROLE_SIGNALLING | ROLE_KEY, at_s);
	violate(&f, KEYS_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	return f;
}

/* Behind a gap all flows are told to be quiet at once: the meeting ends when each has said what it did. */
static void test_quiet_together(void)
{
	struct heard *h = begin(8);
	struct flow_fact media = a_flow(1, ZOOM, ROLE_MEDIA, 100), probe = a_flow(2, ZOOM, ROLE_SIGNALLING, 101),
			 next = a_flow(3, ZOOM, ROLE_MEDIA, 5000);
	tell(h, media);
	tell(h, probe);
	tell_with_others(h, later(media, FACT_QUIET, 5000, 150, 40));
	tell_with_others(h, later(probe, FACT_QUIET, 5000, 140, 30));
	CHECK(h->meetings == 0, "nothing ends within the instant");
	tell_with_others(h, next);
	CHECK(h->meetings == 1 && h->meeting[0].flows == 2, "who speaks next is of another meeting: %zu", h->meetings);
	CHECK(h->meeting[0].packets[0] == 2 * 10 + 40 + 30, "both were counted: %llu",
	      (unsigned long long)h->meeting[0].packets[0]);
	done(h);
}

static void test_one_meeting(void)
{
	struct heard *h = begin(8);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), key = bad_key(2, 120),
			 media = a_flow(3, ZOOM, ROLE_MEDIA, 130);
	tell(h, web);
	CHECK(h->events == 0 && counters(h).meetings == 0, "web alone is no meeting");
	tell(h, key);
	CHECK(counters(h).meetings == 1, "a key flow starts one");
	CHECK(h->events == 1 && h->event[0].state == ALERT_OPENED && h->event[0].code == CODE_KEY_REGION,
	      "opened");
	CHECK(h->event[0].done == DONE_WOULD_BLOCK && h->event[0].severity == 90, "severity %u",
	      h->event[0].severity);
	CHECK(h->event[0].meeting.flows == 1 || h->event[0].meeting.flows == 2, "as far as known");
	tell(h, media);
	tell(h, later(key, FACT_ENDED, 140, 139, 5));
	tell(h, later(media, FACT_QUIET, 1120, 1000, 1000));
	CHECK(h->events == 2 && h->meetings == 1, "ends when the last one is quiet: %zu %zu", h->events,
	      h->meetings);
	const struct event *e = &h->event[1];
	const struct meeting *m = &h->meeting[0];
	CHECK(e->state == ALERT_CLOSED && e->update == 1 && e->alert_id == h->event[0].alert_id, "closed");
	CHECK(e->id != h->event[0].id, "ids differ");
	CHECK(e->meeting.id == m->id && m->flows == 3 && m->place_count == 3, "three flows: %u", m->flows);
	CHECK(m->first_us == 110 * SECOND && m->last_us == 1000 * SECOND,
	      "from its first key packet to its last media");
	CHECK(m->packets[0] == 10 + 15 + 1010 && m->bytes[1] == 2000 + 3000 + 202000, "sums %llu",
	      (unsigned long long)m->bytes[1]);
	CHECK(m->roles == (ROLE_WEB | ROLE_SIGNALLING | ROLE_KEY | ROLE_MEDIA), "roles");
	CHECK(e->violating_flows == 1 && e->violating_packets[0] == 15 && e->violating_bytes[1] == 3000,
	      "exact at close");
	CHECK(e->violating_count == 1 && e->violating[0] == IN_CN, "the country");
	CHECK(address_equal(&m->place[0].at, &key.key.hi), "the violating place comes first");
	CHECK(e->worst.packets[0] == 15 && e->worst.bytes[0] == 1500, "the worst place as of close");
	CHECK(e->at_us == 1120 * SECOND, "closed at two minutes");
	done(h);
}

static void test_two_minutes(void)
{
	struct heard *h = begin(8);
	struct flow_fact key = a_flow(1, ZOOM, ROLE_KEY, 100);
	tell(h, key);
	tell(h, later(key, FACT_ENDED, 101, 101, 0));
	tick(h, 220);
	CHECK(h->meetings == 0, "119 s");
	tell(h, a_flow(2, ZOOM, ROLE_WEB, 220));
	tick(h, 221);
	CHECK(h->meetings == 1 && h->meeting[0].flows == 2, "120 s; the web flow came before");
	CHECK(h->meeting[0].last_us == 101 * SECOND, "a web flow does not keep it open");
	tell(h, a_flow(3, ZOOM, ROLE_KEY, 231));
	done(h);
}

static void test_split_and_kept(void)
{
	struct heard *h = begin(8);
	struct flow_fact a = a_flow(1, ZOOM, ROLE_MEDIA, 100), b = a_flow(2, ZOOM, ROLE_MEDIA, 150);
	tell(h, a);
	tell(h, b);
	tell(h, later(a, FACT_QUIET, 230, 110, 1));
	tick(h, 400);
	CHECK(h->meetings == 0, "the other flow holds it");
	tell(h, later(a, FACT_RESUMED, 450, 450, 2));
	tell(h, later(b, FACT_ENDED, 460, 460, 1));
	tick(h, 1000);
	CHECK(h->meetings == 0, "the first one holds it again");
	tell(h, later(a, FACT_QUIET, 1120, 1000, 3));
	CHECK(h->meetings == 1 && h->meeting[0].flows == 2 && h->meeting[0].packets[0] == 13 + 11,
	      "once each");
	tell(h, later(a, FACT_RESUMED, 1300, 1300, 4));
	CHECK(counters(h).meetings == 2, "what resumes after its end is another meeting");
	tell(h, later(a, FACT_ENDED, 1400, 1399, 9));
	tick(h, 1519);
	CHECK(h->meetings == 2 && h->meeting[1].id != h->meeting[0].id, "with an id of its own");
	CHECK(h->meeting[1].first_us == 1300 * SECOND && h->meeting[1].packets[0] == 6, "%llu packets",
	      (unsigned long long)h->meeting[1].packets[0]);
	done(h);
}

static void test_starts(void)
{
	static const struct {
		const char *name;
		uint16_t service;
		uint8_t roles, stage;
		uint16_t flags;
		unsigned meetings;
	} rows[] = {
		{ "media", ZOOM, ROLE_MEDIA, STAGE_USED, 0, 1 },
		{ "key", ZOOM, ROLE_KEY, STAGE_PROBE, 0, 1 },
		{ "standing key", ZOOM, ROLE_KEY, STAGE_USED, FLOW_STANDING, 0 },
		{ "standing media", ZOOM, ROLE_KEY | ROLE_MEDIA, STAGE_USED, FLOW_STANDING, 1 },
		{ "web", ZOOM, ROLE_WEB, STAGE_USED, 0, 0 },
		{ "signalling", ZOOM, ROLE_SIGNALLING, STAGE_USED, 0, 0 },
		{ "an attempt", ZOOM, ROLE_KEY, STAGE_ATTEMPT, 0, 0 },
		{ "unknown", SERVICE_UNKNOWN, ROLE_MEDIA, STAGE_USED, 0, 1 },
		{ "not conferencing", SERVICE_NONE, 0, STAGE_USED, 0, 0 },
		{ "of no service of this book", 99, ROLE_MEDIA, STAGE_USED, 0, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct heard *h = begin(4);
		struct flow_fact f = a_flow(1, rows[i].service, rows[i].roles, 100);
		f.now.stage = rows[i].stage;
		f.flags = rows[i].flags;
		tell(h, f);
		CHECK(counters(h).meetings == rows[i].meetings, "%s", rows[i].name);
		ledger_end(h->l);
		hear(h);
		CHECK(h->meetings == rows[i].meetings, "%s", rows[i].name);
		done(h);
	}
}

static void test_stages(void)
{
	static const struct {
		const char *name;
		uint16_t rule;
		uint8_t stage;
		unsigned events;
	} rows[] = {
		{ "block at attempt", KEYS_NEVER, STAGE_ATTEMPT, 0 },
		{ "block at probe", KEYS_NEVER, STAGE_PROBE, 1 },
		{ "block when used", KEYS_NEVER, STAGE_USED, 1 },
		{ "alert at probe", NO_ZOOM, STAGE_PROBE, 0 },
		{ "alert when used", NO_ZOOM, STAGE_USED, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct heard *h = begin(4);
		struct flow_fact f = a_flow(1, ZOOM, ROLE_KEY, 100);
		violate(&f, rows[i].rule, located(IN_CN, 0, CERTAINTY_CONFIRMED));
		f.now.stage = rows[i].stage;
		tell(h, f);
		CHECK(h->events == rows[i].events, "%s: %zu", rows[i].name, h->events);
		done(h);
	}
}

static void test_updates(void)
{
	struct heard *h = begin(4);
	struct flow_fact a = bad_key(1, 100), b = bad_key(2, 110);
	tell(h, a);
	tell(h, b);
	CHECK(h->events == 1, "the same rule and country: folded");
	violate(&b, KEYS_NEVER, located(IN_CN, IN_HK, CERTAINTY_DISPUTED));
	tell(h, later(b, FACT_CHANGED, 120, 120, 1));
	CHECK(h->events == 2 && h->event[1].state == ALERT_UPDATED && h->event[1].update == 1,
	      "a new country");
	CHECK(h->event[1].violating_count == 2 && h->event[1].violating[1] == IN_HK, "both, in order");
	CHECK(h->event[1].severity == 90, "the worst so far is kept: %u", h->event[1].severity);
	violate(&b, SIGNALLING_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	tell(h, later(b, FACT_CHANGED, 130, 130, 2));
	CHECK(h->events == 3 && h->event[2].state == ALERT_OPENED && h->event[2].rule == SIGNALLING_NEVER,
	      "another rule");
	CHECK(h->event[2].code == CODE_SIGNALLING_REGION && h->event[2].alert_id != h->event[0].alert_id,
	      "its own alert");
	ledger_end(h->l);
	hear(h);
	CHECK(h->events == 5 && h->event[3].rule == KEYS_NEVER && h->event[3].update == 2, "both close");
	CHECK(h->event[3].violating_flows == 2 && h->event[4].violating_flows == 1, "flows of each");
	CHECK(h->event[3].violating_packets[0] == 21 && h->event[4].violating_packets[0] == 1,
	      "each packet once");
	done(h);
}

static void test_windows(void)
{
	struct heard *h = begin(4);
	struct flow_fact a = a_flow(1, ZOOM, ROLE_WEB, 100), b = a_flow(2, ZOOM, ROLE_WEB, 200),
			 c = a_flow(3, ZOOM, ROLE_WEB, 500);
	violate(&a, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&b, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&c, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	tell(h, a);
	CHECK(h->events == 1 && h->event[0].without_meeting == 1 && h->event[0].code == CODE_SERVICE_BANNED,
	      "opened");
	tell(h, b);
	tell(h, later(b, FACT_ENDED, 210, 210, 7));
	tick(h, 399);
	CHECK(h->events == 1, "one for each window");
	tick(h, 400);
	CHECK(h->events == 2 && h->event[1].state == ALERT_CLOSED && h->event[1].violating_flows == 2,
	      "window's end");
	CHECK(h->event[1].violating_packets[0] == 27 && h->event[1].at_us == 400 * SECOND, "exact");
	tell(h, later(a, FACT_CHANGED, 450, 450, 1));
	CHECK(h->events == 2, "a conclusion alerts once");
	tell(h, c);
	CHECK(h->events == 3 && h->event[2].alert_id != h->event[0].alert_id,
	      "another flow: the next window");
	violate(&a, NO_ZOOM, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	tell(h, later(a, FACT_CHANGED, 510, 510, 1));
	CHECK(h->events == 4 && h->event[3].state == ALERT_UPDATED, "again when the country changes");
	CHECK(h->meetings == 0 && counters(h).alerts == 2, "and there was no meeting");
	done(h);
}

static void test_taken_over(void)
{
	struct heard *h = begin(4);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), dead = a_flow(2, ZOOM, ROLE_WEB, 100),
			 media = a_flow(3, ZOOM, ROLE_MEDIA, 150);
	violate(&web, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&dead, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&media, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	tell(h, web);
	tell(h, dead);
	tell(h, later(dead, FACT_ENDED, 120, 120, 0));
	tell(h, media);
	CHECK(h->events == 1, "the meeting takes the alert over: %zu", h->events);
	tick(h, 1000);
	CHECK(h->events == 1, "and its window is no more");
	tell(h, later(media, FACT_ENDED, 1100, 1100, 10));
	tell(h, later(web, FACT_ENDED, 1101, 1101, 10));
	tick(h, 1220);
	CHECK(h->events == 2 && h->event[1].without_meeting == 0 &&
		      h->event[1].alert_id == h->event[0].alert_id,
	      "id stays");
	CHECK(h->event[1].violating_flows == 3 && h->event[1].meeting.flows == 3, "all three");
	CHECK(h->event[1].violating_packets[0] == 50 && h->event[1].meeting.packets[0] == 50, "once each");
	CHECK(h->meetings == 1 && h->meeting[0].id == h->event[1].meeting.id, "it is the meeting's");
	CHECK(h->meeting[0].first_us == 140 * SECOND, "which starts with the media");
	done(h);
}

static void test_not_taken_over(void)
{
	struct heard *h = begin(4);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), media = a_flow(3, ZOOM, ROLE_MEDIA, 150);
	violate(&web, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&media, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	tell(h, web);
	tell(h, later(web, FACT_ENDED, 120, 120, 0));
	tell(h, media);
	CHECK(h->events == 2 && h->event[1].without_meeting == 0 &&
		      h->event[0].alert_id != h->event[1].alert_id,
	      "its flow was dead");
	done(h);
}

static void test_other_service(void)
{
	struct heard *h = begin(4);
	struct flow_fact f = a_flow(1, SERVICE_UNKNOWN, ROLE_MEDIA, 100),
			 g = a_flow(2, TEAMS, ROLE_MEDIA, 100);
	tell(h, f);
	f.now.service = ZOOM;
	tell(h, later(f, FACT_CHANGED, 101, 101, 5));
	tell(h, g);
	CHECK(counters(h).meetings == 2, "zoom's and teams'; the unknown one has never been");
	ledger_end(h->l);
	hear(h);
	CHECK(h->meetings == 2 && h->meeting[0].packets[0] + h->meeting[1].packets[0] == 25, "nothing lost");
	done(h);
}

/* Two flows, of which one turns out to be another service: it takes its traffic along. */
static void test_taken_back(void)
{
	struct heard *h = begin(4);
	struct flow_fact f = a_flow(1, SERVICE_UNKNOWN, ROLE_MEDIA, 100),
			 g = a_flow(2, SERVICE_UNKNOWN, ROLE_MEDIA, 100);
	tell(h, f);
	tell(h, g);
	g.now.service = ZOOM;
	tell(h, later(g, FACT_CHANGED, 101, 101, 5));
	ledger_end(h->l);
	hear(h);
	CHECK(h->meetings == 2, "two");
	for (size_t i = 0; i < h->meetings; i++) {
		const struct meeting *m = &h->meeting[i];
		CHECK(m->flows == 1 && m->place_count == 1 && m->place[0].flows == 1, "one flow each");
		CHECK(m->packets[0] == (m->service == ZOOM ? 15 : 10) &&
			      m->place[0].packets[0] == m->packets[0],
		      "sums");
	}
	done(h);
}

static void test_places(void)
{
	struct heard *h = begin(4);
	struct flow_fact f = a_flow(1, ZOOM, ROLE_MEDIA, 100);
	tell(h, f);
	for (unsigned i = 2; i < 40; i++) {
		struct flow_fact probe = a_flow(i, ZOOM, ROLE_SIGNALLING, 100 + i);
		probe.now.stage = STAGE_PROBE;
		tell(h, probe);
	}
	struct flow_fact bad = bad_key(50, 200), same = bad_key(51, 201);
	same.key.hi = same.place[PLACE_SERVER].at = bad.key.hi;
	bad.place[PLACE_RELAY] = bad.place[PLACE_SERVER];
	bad.place[PLACE_RELAY].at = address_from_v4(0x08080808);
	tell(h, bad);
	tell(h, same);
	ledger_end(h->l);
	hear(h);
	const struct meeting *m = &h->meeting[0];
	CHECK(m->place_count == EVENT_PLACES && m->places_lost == 38 + 1 + 2 - EVENT_PLACES, "lost %u",
	      m->places_lost);
	CHECK(m->place[0].flows == 2 && m->place[0].packets[0] == 20, "merged: %u", m->place[0].flows);
	CHECK(m->place[1].place == PLACE_RELAY && address_equal(&m->place[1].via, &bad.key.hi),
	      "the relay's outer address");
	CHECK(m->place[2].stage == STAGE_USED && m->place[3].stage == STAGE_PROBE, "used before probed");
	CHECK(m->flows == 41 && m->packets[0] == 410, "what is lost is in the sums");
	done(h);
}

static void test_coverage(void)
{
	struct heard *h = begin(4);
	for (unsigned i = 1; i < 4; i++) {
		struct flow_fact f = a_flow(i, i == 3 ? TEAMS : ZOOM, ROLE_MEDIA, 100 + i);
		f.place[PLACE_SERVER].where = located(0, 0, CERTAINTY_NONE);
		f.verdict.coverage = f.place[PLACE_SERVER].verdict.coverage = 1;
		tell(h, f);
		tell(h, later(f, FACT_CHANGED, 105 + i, 105, 1));
	}
	CHECK(h->events == 2 && h->event[0].code == CODE_LOC_NONE && h->event[0].severity == 25,
	      "one for each service");
	CHECK(h->event[0].state == ALERT_CLOSED && h->event[0].id != h->event[1].id, "single events");
	CHECK(counters(h).unsure == 3, "each flow counts once");
	struct flow_fact next = a_flow(9, ZOOM, ROLE_MEDIA, 90000);
	next.verdict.coverage = next.place[PLACE_SERVER].verdict.coverage = 1;
	tell(h, next);
	CHECK(h->events == 3, "again the next day");
	done(h);
}

static void test_full(void)
{
	struct heard *h = begin(2);
	for (unsigned i = 1; i <= 200; i++) {
		struct flow_fact f = bad_key(i, 100 + i);
		f.key.lo = address_from_v4(0x0A000000 + i);
		tell(h, f);
	}
	CHECK(counters(h).meetings == 200 && counters(h).meetings_closed_early == 198,
	      "the quiet ones close");
	CHECK(counters(h).events_lost == 0 && counters(h).meetings_lost == 0, "nothing is lost");
	CHECK(h->meetings == 198 && h->meeting[0].client.bytes[15] == 1, "the quietest first");
	ledger_end(h->l);
	hear(h);
	CHECK(h->events == 400, "each opened and closed: %zu", h->events);
	done(h);
}

/* Nobody takes: bounded, and counted to the event. */
static void test_untaken(void)
{
	struct heard *h = begin(2);
	for (unsigned i = 1; i <= 200; i++) {
		struct flow_fact f = bad_key(i, 100 + i);
		f.key.lo = address_from_v4(0x0A000000 + i);
		ledger_fact(h->l, &f);
	}
	ledger_end(h->l);
	hear(h);
	struct ledger_counters c = counters(h);
	CHECK(c.events + c.events_lost == 400 && c.events == h->events, "%llu + %llu",
	      (unsigned long long)c.events, (unsigned long long)c.events_lost);
	CHECK(h->meetings + c.meetings_lost == 200, "%zu + %llu", h->meetings,
	      (unsigned long long)c.meetings_lost);
	done(h);
}

static void test_many_flows(void)
{
	struct heard *h = begin(2); /* room for 32 flows */
	for (unsigned i = 1; i <= 1000; i++)
		tell(h, bad_key(i, 100 + i));
	CHECK(counters(h).flows_lost == 1000 - 32, "pushed out: %llu",
	      (unsigned long long)counters(h).flows_lost);
	ledger_end(h->l);
	hear(h);
	CHECK(h->events == 2 && h->event[1].violating_flows == 1000, "folded into an exact count: %zu",
	      h->events);
	CHECK(h->event[1].violating_packets[1] == 20000, "to the packet");
	done(h);
}

static void check_same(const struct event *a, const struct event *b)
{
	static char a_json[EVENT_JSON_BYTES], b_json[EVENT_JSON_BYTES];
	struct text at = text_in(a_json, sizeof a_json), bt = text_in(b_json, sizeof b_json);
	event_json(ledger_book(), a, &at);
	event_json(ledger_book(), b, &bt);
	CHECK(at.len > 100 && strcmp(a_json, b_json) == 0, "%s\n%s", a_json, b_json);
}

/* Ticks between facts change nothing, and neither does a second run. */
static void test_determinism(void)
{
	struct heard *h[2] = { begin(3), begin(3) };
	for (unsigned i = 1; i <= 120; i++) {
		struct flow_fact f =
			i % 3 == 0 ? bad_key(i % 11, 100 + 20 * i)
				   : a_flow(i, i % 2 ? ZOOM : TEAMS, (uint8_t)(1u << i % 4), 100 + 20 * i);
		f.kind = (uint8_t)(i % 4);
		if (i % 5 == 0)
			violate(&f, NO_ZOOM, located(IN_CN, IN_DE, CERTAINTY_DISPUTED));
		f.key.lo = address_from_v4(0x0A000000 + i % 5);
		for (uint64_t t = 80 + 20 * i; t < 100 + 20 * i; t += 3)
			tick(h[1], t);
		tell(h[0], f);
		tell(h[1], f);
	}
	for (int i = 0; i < 2; i++) {
		ledger_end(h[i]->l);
		hear(h[i]);
	}
	CHECK(h[0]->events > 20 && h[0]->events == h[1]->events && h[0]->meetings == h[1]->meetings, "%zu",
	      h[0]->events);
	for (size_t i = 0; i < h[0]->events; i++)
		check_same(&h[0]->event[i], &h[1]->event[i]);
	for (size_t i = 1; i < h[0]->events; i++)
		CHECK(h[0]->event[i - 1].at_us <= h[0]->event[i].at_us, "time does not run back");
	done(h[0]);
	done(h[1]);
}

static void test_ids(void)
{
	struct heard *h = begin(4);
	tell(h, bad_key(1, 100));
	/* hash of "gw1", the client, "zoom" and 90 s; a change here changes what sites have stored */
	CHECK(h->event[0].meeting.id == 0x9d8e61da0f4c2cae, "id %016llx",
	      (unsigned long long)h->event[0].meeting.id);
	uint64_t first = h->event[0].meeting.id;
	ledger_end(h->l);
	hear(h);
	tell(h, bad_key(7, 100));
	CHECK(h->event[2].meeting.id == first, "client, service and time make the id");
	ledger_end(h->l);
	hear(h);
	tell(h, bad_key(7, 101));
	CHECK(h->event[4].meeting.id != first, "another time, another id");
	done(h);
}

/* ---- what must not be counted twice, or at all ---- */

static void test_lost_place_returns(void)
{
	struct heard *h = begin(4);
	tell(h, a_flow(1, ZOOM, ROLE_MEDIA, 100));
	struct flow_fact probe = a_flow(30, ZOOM, ROLE_SIGNALLING, 150);
	for (unsigned i = 2; i <= 30; i++) {
		probe = a_flow(i, ZOOM, ROLE_SIGNALLING, 100 + i);
		probe.now.stage = STAGE_PROBE;
		probe.bytes[0] = 1000 - i;
		tell(h, probe);
	}
	tell(h, later(probe, FACT_CHANGED, 140, 140, 1));
	violate(&probe, SIGNALLING_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	probe.now.stage = STAGE_USED;
	tell(h, later(probe, FACT_CHANGED, 150, 150, 2));
	ledger_end(h->l);
	hear(h);
	const struct meeting *m = &h->meeting[0];
	CHECK(m->places_lost == 30 - EVENT_PLACES, "one that speaks again is lost once: %u", m->places_lost);
	CHECK(m->place[0].packets[0] == 12 && m->place[0].flows == 1, "and comes back whole: %llu",
	      (unsigned long long)m->place[0].packets[0]);
	done(h);
}

/* The next packet of the capture comes years later, and only then is it told that the flows went quiet. */
static void test_gap(void)
{
	struct heard *h = begin(4);
	struct flow_fact a = bad_key(1, 100), b = bad_key(2, 90);
	b.key.lo = address_from_v4(0x0A000002);
	tell(h, a);
	tell(h, b);
	tell(h, later(a, FACT_QUIET, 90000000, 110, 1));
	tell(h, later(b, FACT_QUIET, 90000000, 95, 1));
	CHECK(h->events == 4 && h->event[2].at_us == 230 * SECOND, "closed when it ended");
	CHECK(h->event[3].at_us == 230 * SECOND, "and never before what was said already");
	done(h);
}

static void test_order_of_places(void)
{
	struct heard *h = begin(4);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), key = a_flow(2, ZOOM, ROLE_KEY, 101),
			 probe = a_flow(3, ZOOM, ROLE_WEB, 102);
	struct flow_fact alerts = a_flow(4, ZOOM, ROLE_WEB, 103), blocks = bad_key(5, 104);
	web.bytes[0] = probe.bytes[0] = 1000000;
	key.now.stage = probe.now.stage = blocks.now.stage = STAGE_PROBE;
	violate(&alerts, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	const struct flow_fact all[] = { probe, web, key, alerts, blocks };
	for (size_t i = 0; i < 5; i++)
		tell(h, all[i]);
	ledger_end(h->l);
	hear(h);
	for (size_t i = 0; i < 5; i++)
		CHECK(address_equal(&h->meeting[0].place[i].at, &all[4 - i].key.hi), "place %zu", i);
	done(h);
}

static void test_verdict_stays(void)
{
	struct heard *h = begin(4);
	struct flow_fact a = bad_key(1, 100), b = a_flow(2, ZOOM, ROLE_KEY, 110);
	b.key.hi = b.place[PLACE_SERVER].at = a.key.hi;
	tell(h, a);
	tell(h, b);
	ledger_end(h->l);
	hear(h);
	CHECK(h->meeting[0].place_count == 1 && h->meeting[0].place[0].verdict.action == ACTION_BLOCK,
	      "what was violated there stays violated");
	done(h);
}

static void test_two_windows(void)
{
	struct heard *h = begin(8);
	struct flow_fact a = a_flow(1, ZOOM, ROLE_WEB, 100), b = a_flow(2, ZOOM, ROLE_SIGNALLING, 110);
	b.key.hi = b.place[PLACE_SERVER].at = a.key.hi;
	violate(&a, NO_ZOOM, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	violate(&b, SIGNALLING_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	tell(h, a);
	tell(h, b);
	CHECK(h->events == 2, "a window for each rule");
	tell(h, a_flow(3, ZOOM, ROLE_MEDIA, 150));
	ledger_end(h->l);
	hear(h);
	const struct meeting *m = &h->meeting[0];
	CHECK(h->events == 4 && m->flows == 3 && m->place_count == 2, "both in one meeting: %zu", h->events);
	CHECK(m->place[0].flows == 2 && m->place[0].packets[0] == 20, "their common place");
	done(h);
}

static void test_order_of_ends(void)
{
	struct heard *h = begin(8);
	for (unsigned i = 1; i <= 4; i++) {
		struct flow_fact f = a_flow(i, ZOOM, ROLE_MEDIA, 105 - i);
		f.key.lo = address_from_v4(0x0A000000 + i);
		f.at_us = 110 * SECOND;
		tell(h, f);
		tell(h, later(f, FACT_ENDED, 110, i < 4 ? 110 : 120, 1));
	}
	tick(h, 230);
	CHECK(h->meetings == 3, "three at once: %zu", h->meetings);
	tick(h, 240);
	CHECK(h->meetings == 4, "the fourth without any fact between");
	for (size_t i = 1; i < 3; i++)
		CHECK(h->meeting[i - 1].first_us < h->meeting[i].first_us, "by their first packet");
	done(h);
}

static void test_taken_back_later(void)
{
	struct heard *h = begin(8);
	struct flow_fact f = a_flow(1, SERVICE_UNKNOWN, ROLE_MEDIA, 100),
			 g = a_flow(2, SERVICE_UNKNOWN, ROLE_MEDIA, 400);
	tell(h, f);
	tell(h, later(f, FACT_QUIET, 230, 110, 0));
	g.key.hi = g.place[PLACE_SERVER].at = f.key.hi;
	tell(h, g);
	tell(h, later(f, FACT_RESUMED, 410, 410, 7));
	f.now.service = ZOOM;
	tell(h, later(f, FACT_CHANGED, 411, 411, 9));
	ledger_end(h->l);
	hear(h);
	CHECK(h->meetings == 3 && h->meeting[0].packets[0] == 10, "the first meeting keeps its own");
	for (size_t i = 1; i < 3; i++) {
		const struct meeting *m = &h->meeting[i];
		uint64_t want = m->service == ZOOM ? 9 : 10;
		CHECK(m->flows == 1 && m->packets[0] == want && m->place[0].packets[0] == want,
		      "%llu of %llu", (unsigned long long)m->packets[0], (unsigned long long)want);
		CHECK(m->place[0].flows == 1, "one flow there");
	}
	done(h);
}

static void test_quiet_flows(void)
{
	struct heard *h = begin(8);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), key = a_flow(2, ZOOM, ROLE_KEY, 400);
	tell(h, web);
	tell(h, later(web, FACT_QUIET, 221, 101, 1));
	tell(h, key);
	tell(h, later(web, FACT_CHANGED, 410, 101, 1)); /* judged again, without a packet */
	tell(h, later(web, FACT_ENDED, 415, 101, 1));
	tell(h, later(key, FACT_QUIET, 525, 405, 1));
	CHECK(h->meetings == 1 && h->meeting[0].flows == 1, "a quiet flow does not belong to it: %u",
	      h->meeting[0].flows);
	tell(h, later(key, FACT_CHANGED, 600, 405, 1));
	tell(h, later(key, FACT_ENDED, 700, 405, 1));
	CHECK(counters(h).meetings == 1, "nor does one that has been quiet start one");
	done(h);
}

static void test_resumed_as_media(void)
{
	struct heard *h = begin(8);
	struct flow_fact f = a_flow(1, ZOOM, ROLE_WEB, 100);
	tell(h, f);
	tell(h, later(f, FACT_QUIET, 221, 101, 1));
	f.now.roles |= ROLE_MEDIA;
	tell(h, later(f, FACT_RESUMED, 1000, 1000, 2));
	tell(h, later(f, FACT_CHANGED, 1001, 1001, 3));
	ledger_end(h->l);
	hear(h);
	CHECK(h->meeting[0].first_us == 1000 * SECOND, "it starts when the flow resumes");
	done(h);
}

static void test_closed_early_and_again(void)
{
	struct heard *h = begin(1);
	struct flow_fact a = a_flow(1, ZOOM, ROLE_MEDIA, 100), b = a_flow(2, TEAMS, ROLE_MEDIA, 101);
	tell(h, a);
	tell(h, b);
	tell(h, later(a, FACT_CHANGED, 102, 102, 1));
	ledger_end(h->l);
	hear(h);
	CHECK(h->meetings == 3 && h->meeting[0].id != h->meeting[2].id, "what goes on is another meeting");
	CHECK(h->meeting[0].packets[0] == 10 && h->meeting[2].packets[0] == 1, "each packet once");
	done(h);
}

static void test_verdict_leaves_and_returns(void)
{
	struct heard *h = begin(4);
	struct flow_fact good = a_flow(1, ZOOM, ROLE_KEY, 100), bad = bad_key(1, 100);
	good.id = bad.id;
	tell(h, bad);
	tell(h, later(good, FACT_CHANGED, 110, 110, 10));
	tell(h, later(bad, FACT_CHANGED, 120, 120, 11));
	ledger_end(h->l);
	hear(h);
	CHECK(h->events == 2 && h->event[1].violating_flows == 1, "one alert, one flow");
	CHECK(h->event[1].violating_packets[0] == 11,
	      "what passed while it was permitted is no violation: %llu",
	      (unsigned long long)h->event[1].violating_packets[0]);
	done(h);
}

static void test_window_is_no_meeting(void)
{
	struct heard *h = begin(4);
	struct flow_fact web = a_flow(1, ZOOM, ROLE_WEB, 100), media = a_flow(2, ZOOM, ROLE_MEDIA, 110);
	violate(&web, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	violate(&media, NO_ZOOM, located(IN_US, 0, CERTAINTY_CONFIRMED));
	tell(h, web);
	tell(h, later(web, FACT_ENDED, 101, 101, 0));
	tell(h, media); /* its first packet is as old as the window */
	CHECK(h->events == 2 && h->event[0].meeting.id != h->event[1].meeting.id &&
		      h->event[0].alert_id != h->event[1].alert_id,
	      "ids tell them apart");
	done(h);
}

static void test_other_book(void)
{
	struct heard *h = begin(4);
	struct flow_fact f = bad_key(1, 100);
	f.verdict.rule = f.place[PLACE_SERVER].verdict.rule = 99;
	f.now.component = 99;
	tell(h, f);
	CHECK(h->events == 0 && counters(h).meetings == 1, "a rule that this book does not have");
	done(h);
}

int main(void)
{
	test_lost_place_returns();
	test_gap();
	test_order_of_places();
	test_verdict_stays();
	test_two_windows();
	test_order_of_ends();
	test_taken_back_later();
	test_quiet_flows();
	test_resumed_as_media();
	test_closed_early_and_again();
	test_verdict_leaves_and_returns();
	test_window_is_no_meeting();
	test_other_book();
	test_quiet_together();
	test_one_meeting();
	test_two_minutes();
	test_split_and_kept();
	test_starts();
	test_stages();
	test_updates();
	test_windows();
	test_taken_over();
	test_not_taken_over();
	test_other_service();
	test_taken_back();
	test_places();
	test_coverage();
	test_full();
	test_untaken();
	test_many_flows();
	test_determinism();
	test_ids();
	return check_done();
}
