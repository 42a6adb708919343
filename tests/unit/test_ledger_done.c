/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In enforce mode an alert says what was asked for, and then, once, what came of it. */
#include "check.h"
#include "ledger/ledger.h"
#include "ledger_book.h"

static struct flow_fact bad_key(uint8_t observe)
{
	struct flow_fact f = a_flow(1, ZOOM, ROLE_SIGNALLING | ROLE_KEY, 100);
	violate(&f, KEYS_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	f.verdict.observe = observe;
	return f;
}

/* The next event's `done`, -1: there is none. */
static int next(struct ledger *l, unsigned state)
{
	struct event e;
	if (!ledger_take(l, &e))
		return -1;
	CHECK(e.state == state, "state %u", e.state);
	return e.done;
}

static struct ledger *begin(bool acted, const struct flow_fact *f)
{
	struct ledger *l = ledger_new(ledger_book(), 8);
	ledger_acted(l, acted);
	ledger_fact(l, f);
	ledger_tick(l, f->at_us);
	return l;
}

static void test_acted(void)
{
	struct flow_fact f = bad_key(0);
	struct ledger *l = begin(true, &f);
	CHECK(next(l, ALERT_OPENED) == DONE_ASKED, "asked for");
	ledger_done(l, fact_client(&f), TEAMS, KEYS_NEVER, DONE_BLOCKED);
	ledger_done(l, fact_server(&f), ZOOM, KEYS_NEVER, DONE_BLOCKED);
	ledger_done(l, fact_client(&f), ZOOM, MEDIA_FRIENDS, DONE_BLOCKED);
	CHECK(next(l, 0) == -1, "of another service, client or rule: no news");
	ledger_done(l, fact_client(&f), ZOOM, KEYS_NEVER, DONE_FAILED);
	CHECK(next(l, ALERT_UPDATED) == DONE_FAILED, "it failed");
	ledger_done(l, fact_client(&f), ZOOM, KEYS_NEVER, DONE_BLOCKED);
	CHECK(next(l, ALERT_UPDATED) == DONE_BLOCKED, "and then did not");
	ledger_done(l, fact_client(&f), ZOOM, KEYS_NEVER, DONE_BLOCKED);
	ledger_done(l, fact_client(&f), ZOOM, KEYS_NEVER, DONE_FAILED);
	CHECK(next(l, 0) == -1, "told once");
	ledger_end(l);
	CHECK(next(l, ALERT_CLOSED) == DONE_BLOCKED, "as it closes, too");
	ledger_free(l);
}

static void test_observed(bool acted, uint8_t observe)
{
	struct flow_fact f = bad_key(observe);
	struct ledger *l = begin(acted, &f);
	CHECK(next(l, ALERT_OPENED) == DONE_WOULD_BLOCK, "it would be");
	ledger_done(l, fact_client(&f), ZOOM, KEYS_NEVER, DONE_BLOCKED);
	CHECK(next(l, 0) == -1, "nobody blocks for what only observes");
	ledger_free(l);
}

int main(void)
{
	test_acted();
	test_observed(true, 1);
	test_observed(false, 0);
	return check_done();
}
