/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nest: rows of the book that lie inside each other: PREFIX, RANGE4, RANGE6. Sorted by first address, wider
 * before narrower, any two rows are apart or one holds the other. Writer and reader work the parents out by
 * this one walk, so that book_open demands exactly what the writer fills in. */
#ifndef KEYFENCE_BOOK_NEST_H
#define KEYFENCE_BOOK_NEST_H

#include "book/layout.h"

enum nest_relation { NEST_APART, NEST_HOLDS, NEST_WRONG }; /* wrong: out of order, equal, or crossing */

struct nest {
	size_t element_bytes, parent_at;
	enum nest_relation (*relate)(const void *earlier, const void *later);
	int (*order)(const void *a, const void *b);
};
extern const struct nest nest_prefix, nest_range4, nest_range6;

/* The parent + 1 that `row` has among rows first .. row - 1, whose parents are right already. False: it does
 * not nest. */
bool nest_parent(const struct nest *n, const void *rows, size_t first, size_t row, uint32_t *ret_parent);

static inline uint32_t *nest_parent_of(const struct nest *n, void *rows, size_t row)
{
	return (uint32_t *)((uint8_t *)rows + row * n->element_bytes + n->parent_at);
}

/* Bytes in order, then the shorter first. */
static inline int span_order(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.at, b.at, n) : 0;
	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

#endif
