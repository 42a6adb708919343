/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/policy.h"

/* How a place lies to a rule's regions. */
enum standing { STANDS, STANDS_NOT, STANDS_UNSURE };

/* One place being judged. */
struct judging {
	const struct book *b;
	const struct question *q;
	struct trace *t;
	enum place_of place;
	struct verdict verdict;
};

/* ---- conditions ---- */

static bool group_holds(const struct book *b, size_t group, const struct address *client)
{
	const struct book_group *g = book_group(b, group);
	for (size_t i = 0; i < g->member_count; i++)
		if (prefix_holds(&book_member(b, g->first_member + i)->prefix, client))
			return true;
	return false;
}

static bool from_holds(const struct judging *j, uint16_t group) /* + 1; 0: everybody */
{
	return group == 0 || group_holds(j->b, group - 1u, j->q->client);
}

static bool service_listed(const struct book *b, const struct book_rule *r, uint16_t service)
{
	for (size_t i = 0; i < r->service_count; i++)
		if (book_service_list(b)[r->first_service + i] == service)
			return true;
	return false;
}

static bool service_holds(const struct book *b, const struct book_rule *r, uint16_t service)
{
	if ((r->flags & RULE_SERVICE_ANY) != 0 && service == SERVICE_UNKNOWN)
		return false;
	if ((r->flags & RULE_SERVICE_EXCEPT) != 0)
		return !service_listed(b, r, service);
	return r->service_count == 0 || service_listed(b, r, service);
}

static bool path_holds(const struct book_rule *r, uint8_t path)
{
	return r->paths == 0 || (r->paths >> (path == PATH_NONE ? PATH_SERVER : path) & 1) != 0;
}

static bool operator_holds(const struct book *b, const struct book_rule *r, uint16_t service)
{
	country seat = book_service(b, service)->seat; /* none, of `unknown` too, is in no list */
	for (size_t i = 0; i < r->operator_count; i++)
		if (book_country_list(b)[r->first_operator + i] == seat)
			return true;
	return r->operator_count == 0;
}

/* The first condition that fails; RULE_MATCHED: none, as far as the flow goes. */
static enum trace_rule flow_fails(const struct judging *j, const struct book_rule *r)
{
	const struct conclusion *f = j->q->flow;
	if (!from_holds(j, r->group))
		return RULE_NOT_FROM;
	if (!service_holds(j->b, r, f->service))
		return RULE_NOT_SERVICE;
	if (r->roles != 0 && (r->roles & f->roles) == 0)
		return RULE_NOT_ROLE;
	if (r->basis != 0 && (r->basis & f->basis) == 0)
		return RULE_NOT_BASIS;
	if (!path_holds(r, f->path))
		return RULE_NOT_PATH;
	return operator_holds(j->b, r, f->service) ? RULE_MATCHED : RULE_NOT_OPERATOR;
}

static bool excepted(const struct judging *j, size_t rule)
{
	for (size_t i = 0; i < j->b->count[BOOK_EXCEPTION]; i++) {
		const struct book_exception *e = book_exception(j->b, i);
		if (e->rule == rule && j->q->at_us < e->until_us && from_holds(j, e->group))
			return true;
	}
	return false;
}

/* ---- regions ---- */

static unsigned candidates_in(const struct book *b, uint16_t region, const struct location *w)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w->count; i++)
		n += region_holds(book_region(b, region - 1u), w->candidate[i]);
	return n;
}

/* `inside` when every candidate lies inside; `outside` is the same with the sides changed. */
static enum standing region_stands(const struct book *b, uint16_t region, bool inside,
				   const struct location *w)
{
	if (region == 0)
		return STANDS;
	if (w->count == 0 || w->certainty == CERTAINTY_CONTRADICTED)
		return STANDS_UNSURE;
	unsigned in = candidates_in(b, region, w), good = inside ? in : w->count - in;
	return good == w->count ? STANDS : good == 0 ? STANDS_NOT : STANDS_UNSURE;
}

/* What a rule that does not say it does with a place of which it is not sure. */
static enum unsure unsure_of(const struct judging *j, const struct book_rule *r, const struct location *w)
{
	if (r->unsure != UNSURE_UNSET)
		return (enum unsure)r->unsure;
	return r->inside != 0 && candidates_in(j->b, r->inside, w) > 0 ? UNSURE_ALERT : UNSURE_NEXT;
}

/* ---- rules ---- */

static void decide(struct judging *j, size_t row, enum action action)
{
	const struct book_rule *r = book_rule(j->b, row);
	j->verdict.rule = (uint16_t)(row + 1);
	j->verdict.action = (uint8_t)action;
	j->verdict.observe = r->mode == MODE_OBSERVE || book_settings(j->b)->mode == MODE_OBSERVE;
}

static enum trace_rule decide_unsure(struct judging *j, size_t row, const struct location *w)
{
	j->verdict.coverage = 1;
	switch (unsure_of(j, book_rule(j->b, row), w)) {
	case UNSURE_PERMIT: decide(j, row, ACTION_PERMIT); break;
	case UNSURE_ALERT: decide(j, row, ACTION_ALERT); break;
	case UNSURE_BLOCK: decide(j, row, ACTION_BLOCK); break;
	case UNSURE_UNSET:
	case UNSURE_NEXT: return RULE_UNSURE_NEXT;
	}
	j->verdict.unsure = 1;
	return RULE_MATCHED_UNSURE;
}

static enum trace_rule rule_try(struct judging *j, size_t row)
{
	const struct book_rule *r = book_rule(j->b, row);
	const struct location *w = j->q->place[j->place];
	enum trace_rule fails = flow_fails(j, r);
	if (fails != RULE_MATCHED)
		return fails;
	enum standing in = region_stands(j->b, r->inside, true, w);
	enum standing out = region_stands(j->b, r->outside, false, w);
	if (in == STANDS_NOT)
		return RULE_INSIDE_FAILS;
	if (out == STANDS_NOT)
		return RULE_OUTSIDE_FAILS;
	if (excepted(j, row))
		return RULE_EXCEPTED;
	if (in == STANDS_UNSURE || out == STANDS_UNSURE)
		return decide_unsure(j, row, w);
	decide(j, row, (enum action)r->action);
	return RULE_MATCHED;
}

static void place_judge(struct judging *j)
{
	for (size_t row = 0; row < j->b->count[BOOK_RULE] && j->verdict.rule == 0; row++) {
		enum trace_rule why = rule_try(j, row);
		trace_add(j->t,
			  (struct trace_step){ .what = TRACE_RULE,
					       .row = (uint16_t)row,
					       .number = why,
					       .place = (uint8_t)j->place },
			  (struct span){ NULL, 0 });
	}
}

/* A block that is only observed must not hide one that is meant. A rule that permits is told before none at all. */
static unsigned rank_of(const struct verdict *v)
{
	return v->rule == 0 ? 0u : 1u + v->action + (v->action == ACTION_BLOCK && !v->observe);
}

/* Told even where the rules that were tried fill the trace. */
static void trace_verdict(struct trace *t, const struct verdict *v)
{
	struct trace_step step = {
		.what = TRACE_VERDICT, .row = v->rule, .number = v->action, .place = v->place
	};
	if (t != NULL && t->count == TRACE_STEPS)
		t->count--, t->lost++;
	trace_add(t, step, (struct span){ NULL, 0 });
}

struct verdict policy_decide(const struct book *b, const struct question *q, struct verdict ret_each[PLACES],
			     struct trace *t)
{
	struct verdict worst = { 0 };
	uint8_t coverage = 0;
	bool judged = q->flow->stage != STAGE_ATTEMPT && q->flow->service != SERVICE_NONE;
	for (unsigned i = 0; i < PLACES; i++) {
		struct judging j = { b, q, t, (enum place_of)i, { .place = (uint8_t)i } };
		if (judged && q->place[i] != NULL)
			place_judge(&j);
		if (rank_of(&j.verdict) > rank_of(&worst))
			worst = j.verdict;
		coverage |= j.verdict.coverage;
		if (ret_each != NULL)
			ret_each[i] = j.verdict;
	}
	worst.coverage = coverage;
	trace_verdict(t, &worst);
	return worst;
}
