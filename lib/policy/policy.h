/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy: rules and exceptions -> verdict (design section 7). For each place the first rule that matches decides;
 * the worst verdict counts and names its place. Pure; cannot fail. */
#ifndef KEYFENCE_POLICY_POLICY_H
#define KEYFENCE_POLICY_POLICY_H

#include "book/book.h"
#include "words/trace.h"

struct question {
	const struct conclusion *flow;
	const struct address *client;
	const struct location *place[PLACES]; /* NULL: there is no such place */
	uint64_t at_us;
};

/* The worst of all places. ret_each (may be NULL) gets the verdict of each place. An attempt has none. */
struct verdict policy_decide(const struct book *b, const struct question *q, struct verdict ret_each[PLACES],
			     struct trace *t);

#endif
