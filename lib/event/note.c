/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The narrowest range of one source that holds an address, for what is noted with it. */
#include "event/say.h"

/* Rows first .. first + count - 1 are sorted by their first address: how many begin at or before it. */
static uint64_t begun4(const struct book *b, const struct book_source *s, uint32_t at)
{
	uint64_t lo = 0, hi = s->count4;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (book_range4(b, s->first4 + mid)->first <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint64_t begun6(const struct book *b, const struct book_source *s, const struct address *at)
{
	uint64_t lo = 0, hi = s->count6;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (address_compare(&book_range6(b, s->first6 + mid)->first, at) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct span note4(const struct book *b, const struct book_source *s, uint32_t at)
{
	uint64_t n = begun4(b, s, at), row = n > 0 ? s->first4 + n : 0; /* + 1 */
	while (row > 0 && book_range4(b, row - 1)->last < at)
		row = book_range4(b, row - 1)->parent;
	return row > 0 ? say_book_text(b, book_range4(b, row - 1)->note) : span_text("");
}

static struct span note6(const struct book *b, const struct book_source *s, const struct address *at)
{
	uint64_t n = begun6(b, s, at), row = n > 0 ? s->first6 + n : 0;
	while (row > 0 && address_compare(&book_range6(b, row - 1)->last, at) < 0)
		row = book_range6(b, row - 1)->parent;
	return row > 0 ? say_book_text(b, book_range6(b, row - 1)->note) : span_text("");
}

struct span say_note(const struct book *b, unsigned source, const struct address *a)
{
	if (source >= b->count[BOOK_SOURCE])
		return span_text("");
	const struct book_source *s = book_source(b, source);
	return address_is_v4(a) ? note4(b, s, address_v4(a)) : note6(b, s, a);
}
