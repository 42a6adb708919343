/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rules can never decide because an earlier one always does. An earlier rule hides a later one when each of its
 * conditions takes all that the later one's takes, and it decides in every situation in which the later one would.
 * Careful: what it names is certainly hidden; it does not find every such rule. */
#include "config/schema.h"

/* What a place can be to a rule with a region: every candidate in, some, none known. */
enum situation { ALL_HOLD = 1, SOME_HOLD = 2, NONE_KNOWN = 4 };

static unsigned decides_in(const struct book_rule *r)
{
	if (r->inside == 0 && r->outside == 0)
		return ALL_HOLD | SOME_HOLD | NONE_KNOWN;
	if (r->unsure == UNSURE_NEXT)
		return ALL_HOLD;
	if (r->unsure == UNSURE_UNSET) /* only on `inside`: alert where one candidate lies inside */
		return ALL_HOLD | SOME_HOLD;
	return ALL_HOLD | SOME_HOLD | NONE_KNOWN;
}

static bool set_within(unsigned inner, unsigned outer)
{
	return outer == 0 || (inner != 0 && (inner & ~outer) == 0);
}

static bool region_within(struct load *l, uint16_t inner, uint16_t outer)
{
	const struct book_region *a = book_row(l->writer, BOOK_REGION, inner - 1u);
	const struct book_region *b = book_row(l->writer, BOOK_REGION, outer - 1u);
	for (size_t i = 0; i < sizeof a->bits / sizeof *a->bits; i++)
		if ((a->bits[i] & ~b->bits[i]) != 0)
			return false;
	return true;
}

static bool place_within(struct load *l, const struct book_rule *later, const struct book_rule *earlier)
{
	if (earlier->inside == 0 && earlier->outside == 0)
		return true;
	if (later->inside != 0 &&
	    later->outside != 0) /* two regions at once: only the same two, and unsure in all */
		return later->inside == earlier->inside && later->outside == earlier->outside &&
		       later->unsure == earlier->unsure;
	bool in = earlier->outside == 0 && later->inside != 0 &&
		  region_within(l, later->inside, earlier->inside);
	bool out = earlier->inside == 0 && later->outside != 0 &&
		   region_within(l, earlier->outside, later->outside);
	return (in || out) && (decides_in(later) & ~decides_in(earlier)) == 0;
}

static bool list_has(const uint16_t *list, size_t count, uint16_t value)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == value)
			return true;
	return false;
}

static bool takes_service(struct load *l, const struct book_rule *r, uint16_t service)
{
	if ((r->flags & RULE_SERVICE_ANY) != 0)
		return service != SERVICE_UNKNOWN;
	if (r->service_count == 0)
		return true;
	const uint16_t *list = book_row(l->writer, BOOK_SERVICE_LIST, r->first_service);
	return list_has(list, r->service_count, service) != ((r->flags & RULE_SERVICE_EXCEPT) != 0);
}

static bool services_within(struct load *l, const struct book_rule *later, const struct book_rule *earlier)
{
	if ((earlier->flags & RULE_SERVICE_ANY) == 0 && earlier->service_count == 0)
		return true;
	for (size_t s = SERVICE_UNKNOWN; s < book_written(l->writer, BOOK_SERVICE); s++)
		if (takes_service(l, later, (uint16_t)s) && !takes_service(l, earlier, (uint16_t)s))
			return false;
	return true;
}

static bool operators_within(struct load *l, const struct book_rule *later, const struct book_rule *earlier)
{
	if (earlier->operator_count == 0)
		return true;
	const country *outer = book_row(l->writer, BOOK_COUNTRY_LIST, earlier->first_operator);
	const country *inner = book_row(l->writer, BOOK_COUNTRY_LIST, later->first_operator);
	for (size_t i = 0; i < later->operator_count; i++)
		if (!list_has(outer, earlier->operator_count, inner[i]))
			return false;
	return later->operator_count > 0;
}

static bool has_exception(struct load *l, size_t rule)
{
	for (size_t i = 0; i < book_written(l->writer, BOOK_EXCEPTION); i++)
		if (((const struct book_exception *)book_row(l->writer, BOOK_EXCEPTION, i))->rule == rule)
			return true;
	return false;
}

static bool hides(struct load *l, const struct book_rule *earlier, const struct book_rule *later)
{
	return (earlier->group == 0 || earlier->group == later->group) &&
	       set_within(later->roles, earlier->roles) && set_within(later->basis, earlier->basis) &&
	       set_within(later->paths, earlier->paths) && place_within(l, later, earlier) &&
	       operators_within(l, later, earlier) && services_within(l, later, earlier);
}

static void warn_if_hidden(struct load *l, const struct node *at, size_t row)
{
	const struct book_rule *later = book_row(l->writer, BOOK_RULE, row);
	for (size_t i = 0; i < row; i++) {
		const struct book_rule *earlier = book_row(l->writer, BOOK_RULE, i);
		if (!hides(l, earlier, later) || has_exception(l, i))
			continue;
		report_warning(l->report, node_where(at),
			       "the rule `%s` never decides: the earlier rule `%s` takes all that it takes; "
			       "the other order, or one "
			       "of them, would be right",
			       SHOW(book_written_text(l->writer, later->name)),
			       SHOW(book_written_text(l->writer, earlier->name)));
		return;
	}
}

void rules_warn_hidden(struct load *l, const struct node *rules)
{
	size_t row = 0;
	if (config_mistakes(l->report) > 0)
		return; /* rows may lack conditions that could not be read */
	for (const struct node *i = rules != NULL ? rules->first : NULL; i != NULL; i = i->next)
		warn_if_hidden(l, i, row++);
}
