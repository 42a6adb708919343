/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/storm.h"

enum { SOON_MS = 2000, MINUTE_MS = 60000, MILLI = 1000 };

/* ---- tokens ---- */

static bool take_token(struct bucket *b, uint64_t now_ms)
{
	const uint64_t most = (uint64_t)STORM_AT_ONCE * MILLI;
	uint64_t more = (now_ms - b->at_ms) * STORM_A_MINUTE * MILLI / MINUTE_MS;
	if (b->at_ms == 0 || b->milli + more > most)
		b->milli = most;
	else
		b->milli += more;
	if (b->at_ms == 0 || more > 0)
		b->at_ms = now_ms;
	if (b->milli < MILLI)
		return false;
	b->milli -= MILLI;
	return true;
}

/* ---- alerts that were folded and are open ---- */

static size_t place_of(const struct storm *s, uint64_t id)
{
	size_t i = (size_t)(id % STORM_ALERTS); /* ids are hashes */
	while (s->folded[i] != 0 && s->folded[i] != id)
		i = (i + 1) % STORM_ALERTS;
	return i;
}

/* A full table forgets the new one: then its end is told without its beginning. */
static void remember(struct storm *s, uint64_t id)
{
	if (id == 0 || s->folded_count >= STORM_ALERTS / 4 * 3)
		return;
	size_t i = place_of(s, id);
	s->folded_count += s->folded[i] == 0;
	s->folded[i] = id;
}

/* Those behind it move up, so that a search that ends at an empty row is right. */
static bool forget(struct storm *s, uint64_t id)
{
	size_t hole = place_of(s, id);
	if (id == 0 || s->folded[hole] == 0)
		return false;
	s->folded_count--;
	for (size_t i = (hole + 1) % STORM_ALERTS; s->folded[i] != 0; i = (i + 1) % STORM_ALERTS) {
		size_t home = (size_t)(s->folded[i] % STORM_ALERTS);
		if ((i + STORM_ALERTS - home) % STORM_ALERTS >= (i + STORM_ALERTS - hole) % STORM_ALERTS) {
			s->folded[hole] = s->folded[i];
			hole = i;
		}
	}
	s->folded[hole] = 0;
	return true;
}

static bool is_folded(const struct storm *s, uint64_t id)
{
	return id != 0 && s->folded[place_of(s, id)] == id;
}

/* ---- what passes ---- */

bool storm_folds(struct storm *s, const struct event *e, uint64_t now_ms)
{
	if (e->state == ALERT_OPENED) {
		if (is_folded(s, e->alert_id) || take_token(&s->alerts, now_ms))
			return is_folded(s, e->alert_id);
		remember(s, e->alert_id);
		s->untold.alerts++;
		s->in_all.alerts++;
		return true;
	}
	if (e->state != ALERT_CLOSED)
		return is_folded(s, e->alert_id);
	if (!forget(s, e->alert_id))
		return false;
	s->untold.flows += e->violating_flows;
	s->in_all.flows += e->violating_flows;
	return true;
}

bool storm_folds_refusal(struct storm *s, uint64_t now_ms)
{
	if (take_token(&s->refusals, now_ms))
		return false;
	s->untold.refusals++;
	s->in_all.refusals++;
	return true;
}

bool storm_due(struct storm *s, uint64_t now_ms, bool at_once, struct storm_counts *ret)
{
	bool any = s->untold.alerts + s->untold.flows + s->untold.refusals > 0;
	if (any && s->due_ms == 0)
		s->due_ms = now_ms + SOON_MS;
	if (s->due_ms == 0 || (now_ms < s->due_ms && !at_once))
		return false;
	s->due_ms = any ? now_ms + MINUTE_MS : 0;
	*ret = s->untold;
	s->untold = (struct storm_counts){ 0 };
	return any;
}
