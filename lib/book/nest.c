/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "book/nest.h"

static enum nest_relation prefix_relate(const void *earlier, const void *later)
{
	const struct prefix *a = &((const struct book_prefix *)earlier)->prefix;
	const struct prefix *b = &((const struct book_prefix *)later)->prefix;
	if (prefix_holds(a, &b->at))
		return a->bits < b->bits ? NEST_HOLDS : NEST_WRONG;
	return address_compare(&a->at, &b->at) < 0 ? NEST_APART : NEST_WRONG;
}

static int prefix_order(const void *a, const void *b)
{
	const struct prefix *x = &((const struct book_prefix *)a)->prefix;
	const struct prefix *y = &((const struct book_prefix *)b)->prefix;
	int c = address_compare(&x->at, &y->at);
	return c != 0 ? c : (x->bits > y->bits) - (x->bits < y->bits);
}

static enum nest_relation range4_relate(const void *earlier, const void *later)
{
	const struct book_range4 *a = earlier, *b = later;
	if (a->last < b->first)
		return NEST_APART;
	bool equal = a->first == b->first && a->last == b->last;
	return !equal && a->first <= b->first && a->last >= b->last ? NEST_HOLDS : NEST_WRONG;
}

static int range4_order(const void *a, const void *b)
{
	const struct book_range4 *x = a, *y = b;
	int c = (x->first > y->first) - (x->first < y->first);
	return c != 0 ? c : (x->last < y->last) - (x->last > y->last);
}

static enum nest_relation range6_relate(const void *earlier, const void *later)
{
	const struct book_range6 *a = earlier, *b = later;
	if (address_compare(&a->last, &b->first) < 0)
		return NEST_APART;
	int first = address_compare(&a->first, &b->first), last = address_compare(&a->last, &b->last);
	return (first != 0 || last != 0) && first <= 0 && last >= 0 ? NEST_HOLDS : NEST_WRONG;
}

static int range6_order(const void *a, const void *b)
{
	const struct book_range6 *x = a, *y = b;
	int c = address_compare(&x->first, &y->first);
	return c != 0 ? c : address_compare(&y->last, &x->last);
}

const struct nest nest_prefix = { sizeof(struct book_prefix), offsetof(struct book_prefix, parent),
				  prefix_relate, prefix_order };
const struct nest nest_range4 = { sizeof(struct book_range4), offsetof(struct book_range4, parent),
				  range4_relate, range4_order };
const struct nest nest_range6 = { sizeof(struct book_range6), offsetof(struct book_range6, parent),
				  range6_relate, range6_order };

bool nest_parent(const struct nest *n, const void *rows, size_t first, size_t row, uint32_t *ret_parent)
{
	const uint8_t *base = rows, *mine = base + row * n->element_bytes;
	size_t above = row > first ? row : 0; /* + 1 */
	while (above != 0) {
		const uint8_t *theirs = base + (above - 1) * n->element_bytes;
		switch (n->relate(theirs, mine)) {
		case NEST_HOLDS: *ret_parent = (uint32_t)above; return true;
		case NEST_WRONG: return false;
		case NEST_APART: memcpy(ret_parent, theirs + n->parent_at, sizeof *ret_parent); break;
		}
		above = *ret_parent;
	}
	*ret_parent = 0;
	return true;
}
