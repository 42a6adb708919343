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

/* What a rule takes, as sets, so that thousands of rules are compared in no time. */
struct takes {
	uint64_t *services;     /* a bit a service */
	uint64_t operators[11]; /* as in struct book_region */
	bool excepted;          /* some exception takes it away */
};
struct hidden {
	struct load *l;
	struct takes *rules;
	size_t words; /* of services */
};

static void services_fill(struct hidden *h, const struct book_rule *r, uint64_t *bits)
{
	bool listed = (r->flags & RULE_SERVICE_ANY) == 0 && r->service_count > 0;
	bool except = (r->flags & RULE_SERVICE_EXCEPT) != 0;
	if (!listed || except)
		memset(bits, 255, h->words * sizeof *bits);
	if ((r->flags & RULE_SERVICE_ANY) != 0)
		bits[0] &= ~((uint64_t)1 << SERVICE_UNKNOWN);
	for (uint32_t i = 0; listed && i < r->service_count; i++) {
		const uint16_t *s = book_row(h->l->writer, BOOK_SERVICE_LIST, r->first_service + i);
		uint64_t bit = (uint64_t)1 << *s % 64;
		bits[*s / 64] = except ? bits[*s / 64] & ~bit : bits[*s / 64] | bit;
	}
}

static void operators_fill(struct hidden *h, const struct book_rule *r, uint64_t bits[11])
{
	if (r->operator_count == 0)
		memset(bits, 255, 11 * sizeof *bits);
	for (uint32_t i = 0; i < r->operator_count; i++) {
		country c =
			*(const country *)book_row(h->l->writer, BOOK_COUNTRY_LIST, r->first_operator + i);
		unsigned bit = ((unsigned)(c >> 8) - 'A') * 26u + ((unsigned)(c & 0xFF) - 'A');
		bits[bit / 64] |= (uint64_t)1 << bit % 64;
	}
}

static bool bits_within(const uint64_t *inner, const uint64_t *outer, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if ((inner[i] & ~outer[i]) != 0)
			return false;
	return true;
}

static bool hides(struct hidden *h, size_t before, size_t after)
{
	const struct book_rule *earlier = book_row(h->l->writer, BOOK_RULE, before);
	const struct book_rule *later = book_row(h->l->writer, BOOK_RULE, after);
	const struct takes *outer = &h->rules[before], *inner = &h->rules[after];
	return !outer->excepted && (earlier->group == 0 || earlier->group == later->group) &&
	       set_within(later->roles, earlier->roles) && set_within(later->basis, earlier->basis) &&
	       set_within(later->paths, earlier->paths) && place_within(h->l, later, earlier) &&
	       bits_within(inner->operators, outer->operators, 11) &&
	       bits_within(inner->services, outer->services, h->words);
}

static bool hidden_init(struct hidden *h, size_t rules)
{
	struct load *l = h->l;
	h->words = book_written(l->writer, BOOK_SERVICE) / 64 + 1;
	h->rules = arena_take(&l->arena, (rules + 1) * sizeof *h->rules);
	for (size_t i = 0; h->rules != NULL && i < rules; i++) {
		const struct book_rule *r = book_row(l->writer, BOOK_RULE, i);
		h->rules[i].services = arena_take(&l->arena, h->words * sizeof(uint64_t));
		if (h->rules[i].services == NULL)
			return false;
		services_fill(h, r, h->rules[i].services);
		operators_fill(h, r, h->rules[i].operators);
	}
	for (size_t i = 0; h->rules != NULL && i < book_written(l->writer, BOOK_EXCEPTION); i++)
		h->rules[((const struct book_exception *)book_row(l->writer, BOOK_EXCEPTION, i))->rule]
			.excepted = true;
	return h->rules != NULL;
}

static void warn_if_hidden(struct hidden *h, const struct node *at, size_t row)
{
	struct load *l = h->l;
	const struct book_rule *later = book_row(l->writer, BOOK_RULE, row);
	for (size_t i = 0; i < row; i++) {
		const struct book_rule *earlier = book_row(l->writer, BOOK_RULE, i);
		if (!hides(h, i, row))
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
	struct hidden h = { .l = l };
	size_t row = 0;
	if (config_mistakes(l->report) > 0 || !hidden_init(&h, book_written(l->writer, BOOK_RULE)))
		return; /* after mistakes, rows may lack conditions that could not be read */
	for (const struct node *i = rules != NULL ? rules->first : NULL; i != NULL; i = i->next)
		warn_if_hidden(&h, i, row++);
}
