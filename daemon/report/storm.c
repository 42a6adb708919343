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

/* ---- what passes ---- */

bool storm_folds(struct storm *s, const struct event *e, uint64_t now_ms)
{
	if (e->state == ALERT_OPENED) {
		bool known = idset_has(&s->folded, e->alert_id);
		if (known || take_token(&s->alerts, now_ms))
			return known;
		idset_add(&s->folded, e->alert_id); /* full: then its end is told without its beginning */
		s->untold.alerts++;
		s->in_all.alerts++;
		return true;
	}
	if (e->state != ALERT_CLOSED)
		return idset_has(&s->folded, e->alert_id);
	if (!idset_remove(&s->folded, e->alert_id))
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
