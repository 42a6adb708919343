/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/load.h"

static bool says_same(const struct book_range4 *a, const struct book_range4 *b)
{
	return a->asn == b->asn && a->says == b->says && a->registered == b->registered;
}

static bool follows(const struct address *last, const struct address *first)
{
	struct address next = *last;
	for (size_t i = 16; i-- > 0 && ++next.bytes[i] == 0;)
		;
	return address_equal(&next, first);
}

void ranges_add4(struct ranges *r, const struct book_range4 *add)
{
	if (r->begun4 && says_same(&r->last4, add) && r->last4.last + 1 == add->first) {
		r->last4.last = add->last;
		return;
	}
	if (r->begun4)
		book_write(r->l->writer, BOOK_RANGE4, &r->last4);
	r->last4 = *add, r->begun4 = true;
}

void ranges_add6(struct ranges *r, const struct book_range6 *add)
{
	const struct book_range6 *last = &r->last6;
	bool same = last->asn == add->asn && last->says == add->says && last->registered == add->registered;
	if (r->begun6 && same && follows(&last->last, &add->first)) {
		r->last6.last = add->last;
		return;
	}
	if (r->begun6)
		book_write(r->l->writer, BOOK_RANGE6, &r->last6);
	r->last6 = *add, r->begun6 = true;
}

void ranges_flush(struct ranges *r)
{
	if (r->begun4)
		book_write(r->l->writer, BOOK_RANGE4, &r->last4);
	if (r->begun6)
		book_write(r->l->writer, BOOK_RANGE6, &r->last6);
	r->begun4 = r->begun6 = false;
}
